package chaos

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Verb is something that the nemesis does.
type Verb string

// What the nemesis does to the wire, to processes and to disks.
const (
	DoPartition Verb = "partition" // Groups, and one more of those that none names; replaces the last one
	DoCut       Verb = "cut"       // what Nodes send to anybody vanishes
	DoHeal      Verb = "heal"      // the wire
	DoKill      Verb = "kill"
	DoRestart   Verb = "restart"
	DoFreeze    Verb = "freeze"
	DoThaw      Verb = "thaw"
	DoFill      Verb = "fill"
	DoFree      Verb = "free"
	DoBreak     Verb = "break"
	DoMend      Verb = "mend" // which ends the process: a restart follows
)

// Act is one step of a schedule.
type Act struct {
	At     time.Duration // since the schedule began
	Verb   Verb
	Nodes  []int
	Groups [][]int
}

// String shows the act as a line of the story does.
func (a Act) String() string {
	switch {
	case len(a.Groups) > 0:
		return fmt.Sprintf("%s %v", a.Verb, a.Groups)
	case len(a.Nodes) > 0:
		return fmt.Sprintf("%s %v", a.Verb, a.Nodes)
	}
	return string(a.Verb)
}

// The lengths of a schedule's parts, as shares of a minute in a long one. A short
// schedule has them all shorter.
const (
	wireMin, wireMax   = 15 * time.Second, 35 * time.Second
	awayMin, awayMax   = 4 * time.Second, 20 * time.Second
	flapEvery          = time.Second
	freezeLong         = 30 * time.Second
	stepMin, stepMax   = 2 * time.Second, 5 * time.Second
	pauseMin, pauseMax = 5 * time.Second, 12 * time.Second
	// calmMin and calmMax let the wire rest for long enough that everybody must be on a
	// level with everybody again, and the auditor excuses nobody.
	calmMin, calmMax = 30 * time.Second, 70 * time.Second
	// fullLength is from when on a schedule has these lengths.
	fullLength = 4 * time.Minute
)

// Plan is what a schedule is made from.
type Plan struct {
	Seed  uint64
	Nodes int
	For   time.Duration
	// ReadOnly: disks can go read-only here.
	ReadOnly bool
}

// Schedule makes the acts of a plan, in the order of their times. The same plan gives
// the same acts. Two tracks run beside each other: one breaks the wire, one processes
// and disks. What was broken is made whole again before the end.
func Schedule(p Plan) []Act {
	scale := min(1, float64(p.For)/float64(fullLength))
	s := &scheduler{plan: p, rng: rand.New(rand.NewPCG(p.Seed, 1)), scale: scale}
	s.track(calmMin, calmMax, s.partition, s.swizzle, s.oneWay, s.flap)
	s.rng = rand.New(rand.NewPCG(p.Seed, 2))
	episodes := []func(at time.Duration) time.Duration{s.kill, s.freeze, s.fill, s.restartAll}
	if p.ReadOnly {
		episodes = append(episodes, s.readOnly)
	}
	s.track(pauseMin, pauseMax, episodes...)
	slices.SortStableFunc(s.acts, func(a, b Act) int { return cmp.Compare(a.At, b.At) })
	return s.acts
}

// scheduler makes one schedule.
type scheduler struct {
	plan  Plan
	rng   *rand.Rand
	scale float64
	acts  []Act
}

// track puts episodes one behind the other until the time is over: each once, in a
// random order, then the same again. An episode returns when it is over; one that
// would be so too late is dropped, and with it the track ends. Between low and high is
// the pause after each.
func (s *scheduler) track(low, high time.Duration, episodes ...func(at time.Duration) time.Duration) {
	at := s.between(pauseMin, pauseMax)
	for {
		for _, i := range s.rng.Perm(len(episodes)) {
			before := len(s.acts)
			end := episodes[i](at)
			if end > s.plan.For {
				s.acts = s.acts[:before]
				return
			}
			at = end + s.between(low, high)
		}
	}
}

// between is a random time, scaled.
func (s *scheduler) between(low, high time.Duration) time.Duration {
	return time.Duration(s.scale * float64(low+time.Duration(s.rng.Int64N(int64(high-low)+1)))).Round(time.Millisecond)
}

// some picks count nodes at random.
func (s *scheduler) some(count int) []int {
	nodes := make([]int, 0, count)
	for _, i := range s.rng.Perm(s.plan.Nodes)[:min(count, s.plan.Nodes)] {
		nodes = append(nodes, i+1)
	}
	return nodes
}

// share is a number of nodes: at least one, at most a share of all.
func (s *scheduler) share(most float64) int {
	return 1 + s.rng.IntN(max(1, int(most*float64(s.plan.Nodes))))
}

func (s *scheduler) add(at time.Duration, v Verb, nodes ...int) {
	s.acts = append(s.acts, Act{At: at, Verb: v, Nodes: nodes})
}

// partition splits the network in two.
func (s *scheduler) partition(at time.Duration) time.Duration {
	side := s.some(s.share(0.5))
	slices.Sort(side)
	s.acts = append(s.acts, Act{At: at, Verb: DoPartition, Groups: [][]int{side}})
	end := at + s.between(wireMin, wireMax)
	s.add(end, DoHeal)
	return end
}

// swizzle cuts nodes off one by one, and lets them back in another order.
func (s *scheduler) swizzle(at time.Duration) time.Duration {
	nodes := s.some(s.share(0.4))
	var alone [][]int
	split := func() {
		s.acts = append(s.acts, Act{At: at, Verb: DoPartition, Groups: slices.Clone(alone)})
		at += s.between(stepMin, stepMax)
	}
	for _, n := range nodes {
		alone = append(alone, []int{n})
		split()
	}
	at += s.between(wireMin, wireMax) / 2
	s.rng.Shuffle(len(alone), func(i, j int) { alone[i], alone[j] = alone[j], alone[i] })
	for alone = alone[1:]; len(alone) > 0; alone = alone[1:] {
		split()
	}
	s.add(at, DoHeal)
	return at
}

// oneWay lets what some nodes send vanish, while they still hear everybody.
func (s *scheduler) oneWay(at time.Duration) time.Duration {
	s.add(at, DoCut, s.some(s.share(0.2))...)
	end := at + s.between(wireMin, wireMax)
	s.add(end, DoHeal)
	return end
}

// flap parts two sides and joins them again, once a second.
func (s *scheduler) flap(at time.Duration) time.Duration {
	side := s.some(s.share(0.5))
	slices.Sort(side)
	// Not scaled to nothing: in some of these halves of a second somebody must speak.
	for end := at + max(s.between(wireMin, wireMax)/2, 8*flapEvery); at < end; at += flapEvery {
		s.acts = append(s.acts, Act{At: at, Verb: DoPartition, Groups: [][]int{side}})
		s.add(at+flapEvery/2, DoHeal)
	}
	return at
}

// kill ends some processes at once, and brings them back.
func (s *scheduler) kill(at time.Duration) time.Duration {
	nodes := s.some(s.share(0.3))
	s.add(at, DoKill, nodes...)
	end := at + s.between(awayMin, awayMax)
	s.add(end, DoRestart, nodes...)
	return end
}

// restartAll ends every process at once, and starts all at once.
func (s *scheduler) restartAll(at time.Duration) time.Duration {
	nodes := s.some(s.plan.Nodes)
	s.add(at, DoKill, nodes...)
	end := at + s.between(awayMin, awayMin+time.Second)
	s.add(end, DoRestart, nodes...)
	return end + s.between(awayMax, awayMax)
}

// freeze stops processes for longer than their links bear.
func (s *scheduler) freeze(at time.Duration) time.Duration {
	nodes := s.some(s.share(0.2))
	s.add(at, DoFreeze, nodes...)
	end := at + s.between(freezeLong, freezeLong)
	s.add(end, DoThaw, nodes...)
	return end
}

// fill fills disks, and makes room again.
func (s *scheduler) fill(at time.Duration) time.Duration {
	nodes := s.some(s.share(0.2))
	s.add(at, DoFill, nodes...)
	end := at + s.between(awayMin, awayMax)
	s.add(end, DoFree, nodes...)
	return end
}

// readOnly breaks disks, and replaces them.
func (s *scheduler) readOnly(at time.Duration) time.Duration {
	nodes := s.some(s.share(0.1))
	s.add(at, DoBreak, nodes...)
	end := at + s.between(awayMin, awayMax)
	s.add(end, DoMend, nodes...)
	s.add(end, DoRestart, nodes...)
	return end
}
