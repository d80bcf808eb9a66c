package light

import "math/rand/v2"

// GossipSub's bounds of a mesh, as they come with the library and as nodes use them.
const (
	meshWant  = 6  // D: how many a node brings its mesh to
	meshLeast = 5  // Dlo: below this many it does
	meshMost  = 12 // Dhi: above this many nobody is let in
	// meshRounds bounds the heartbeats until all have what they want.
	meshRounds = 20
)

// mesher grows a mesh as heartbeats do.
type mesher struct {
	topic  *graph
	random *rand.Rand
	size   []uint8
	peers  []uint32 // of each node, meshMost at most
	others []uint32 // room that is used again
}

// newMesh grows a mesh over the links of a topic: each node in turn, in an order that
// is drawn, invites random peers when it has too few; who is invited accepts unless
// it has too many. What the mesh of a network looks like after it came up follows
// from the order in which its nodes and links did, which no model knows.
func newMesh(topic *graph, seed uint64) *graph {
	nodes := len(topic.start) - 1
	m := &mesher{topic: topic, random: rand.New(rand.NewPCG(seed, forMesh)),
		size: make([]uint8, nodes), peers: make([]uint32, nodes*meshMost)}
	order := make([]uint32, nodes)
	for i := range order {
		order[i] = uint32(i)
	}
	m.random.Shuffle(nodes, func(i, j int) { order[i], order[j] = order[j], order[i] })
	for range meshRounds {
		invited := false
		for _, i := range order {
			invited = m.heartbeat(i) || invited
		}
		if !invited {
			break
		}
	}
	return newGraph(nodes, func(link func(a, b uint32)) {
		for i := range uint32(nodes) {
			for _, j := range m.of(i) {
				if i < j {
					link(i, j)
				}
			}
		}
	})
}

func (m *mesher) of(node uint32) []uint32 {
	return m.peers[node*meshMost : node*meshMost+uint32(m.size[node])]
}

// heartbeat reports whether node i invited anybody.
func (m *mesher) heartbeat(i uint32) bool {
	if m.size[i] >= meshLeast {
		return false
	}
	m.others = m.others[:0]
	for _, j := range m.topic.of(i) {
		if !contains(m.of(i), j) {
			m.others = append(m.others, j)
		}
	}
	m.random.Shuffle(len(m.others), func(a, b int) { m.others[a], m.others[b] = m.others[b], m.others[a] })
	want := min(meshWant-int(m.size[i]), len(m.others))
	for _, j := range m.others[:want] {
		if m.size[j] < meshMost {
			m.add(i, j)
			m.add(j, i)
		}
	}
	return want > 0
}

func (m *mesher) add(i, j uint32) {
	m.peers[i*meshMost+uint32(m.size[i])] = j
	m.size[i]++
}
