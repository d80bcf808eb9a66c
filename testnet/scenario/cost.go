package scenario

import "time"

const (
	// startTime is what a network takes to find itself, about.
	startTime = 5 * time.Second
	// writeTime is what a write takes until its receipt is final, about.
	writeTime = 1500 * time.Millisecond
)

// Cost estimates what a run costs in node-seconds: how many nodes, for how long.
func (f *File) Cost() float64 {
	nodes, long := 0, startTime
	crowd := make(map[string]int)
	for _, b := range f.blocks {
		for _, c := range b.commands {
			switch v := c.do.(type) {
			case *nodesVerb:
				nodes += v.spec.Nodes
			case addVerb:
				nodes += v.count
			case agentVerb:
				for _, name := range v.names {
					crowd[name] = v.each
				}
			case spawnVerb:
				crowd[v.name] = v.each
			case *publishVerb:
				long += writeTime * time.Duration(crowd[v.agent])
			case revokeVerb:
				long += writeTime * time.Duration(crowd[v.agent])
			case waitVerb:
				long += v.time
			case expectVerb:
				long += v.hold
			case churnVerb:
				long += v.long + v.down
			case sendVerb, replayVerb, forgeVerb:
				long += 2 * relayTime
			}
		}
	}
	return float64(nodes) * long.Seconds()
}
