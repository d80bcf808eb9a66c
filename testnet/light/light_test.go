package light

import (
	"bytes"
	library "container/heap"
	"encoding/json"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/gossip/tree"
	"github.com/cairn-overlay/cairn/node/links"
	"github.com/cairn-overlay/cairn/overlay/lookup"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

func newTestWorld(t testing.TB, cfg Config) *World {
	t.Helper()
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The same question gets the same bytes, on one processor or on all, and another
// seed gets others.
func TestSameBytes(t *testing.T) {
	run := func(seed uint64, processors int) []byte {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		var out bytes.Buffer
		w := newTestWorld(t, Config{Nodes: 1000, Seed: seed, Charge: 100 * time.Microsecond})
		if _, err := w.Run(5, 300).WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	first := run(1, runtime.NumCPU())
	for _, processors := range []int{1, 4, runtime.NumCPU()} {
		if again := run(1, processors); !bytes.Equal(first, again) {
			t.Errorf("with %d processors:\n%s\nbefore:\n%s", processors, again, first)
		}
	}
	if bytes.Equal(first, run(2, 1)) {
		t.Error("another seed makes no difference")
	}
	var r Result
	if err := json.Unmarshal(first, &r); err != nil || r.Spread.Pairs != 5*999 || r.Resolves.Count != 300 {
		t.Errorf("read back: %+v, %v", r, err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, row := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"nobody", Config{}, "0 nodes"},
		{"alone", Config{Nodes: 1}, "1 nodes"},
		{"too many", Config{Nodes: MaxNodes + 1}, "want 2 to"},
		{"a charge that earns", Config{Nodes: 2, Charge: -1}, "charge"},
		{"replication", Config{Nodes: 2, Replication: 21}, "replication 21"},
		{"questions", Config{Nodes: 2, Parallel: -1}, "questions"},
		{"no room for the own links", Config{Nodes: 2, Links: links.Policy{Near: 8, Random: 6, Cap: 10}}, "room"},
		{"more links than there is room for", Config{Nodes: MaxNodes, Links: links.Policy{Near: 1, Cap: 1000}}, "ends of links"},
		{"no places", Config{Nodes: maxUnplaced + 1, Model: flat(time.Millisecond)}, "tells no places"},
	} {
		if _, err := New(row.cfg); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q in it", row.name, err, row.want)
		}
	}
	for _, row := range []struct {
		name              string
		published, passed [][]int
	}{
		{"itself", [][]int{{0}, {0}}, [][]int{{1}, {0}}},
		{"nobody of that number", [][]int{{1}, {0}}, [][]int{{2}, {0}}},
		{"a short list", [][]int{{1}, {0}}, [][]int{{1}}},
	} {
		if _, err := FromGraph(Config{}, row.published, row.passed); err == nil {
			t.Errorf("%s: taken", row.name)
		}
	}
}

// flat is a model in which any two nodes are equally far apart, and no places.
type flat time.Duration

func (flat) Place(int) string { return "somewhere" }

func (d flat) OneWay(i, j int) time.Duration {
	if i == j {
		return 0
	}
	return time.Duration(d)
}

// Three nodes in a row: when each has the message can be told by hand.
func TestSpreadByHand(t *testing.T) {
	w, err := FromGraph(Config{Model: flat(10 * time.Millisecond), Charge: time.Millisecond}, [][]int{{1}, {0, 2}, {1}, {}}, [][]int{{1}, {0, 2}, {1}, {}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := w.Arrivals(0), []time.Duration{0, 11 * time.Millisecond, 22 * time.Millisecond, -1}; !slices.Equal(got, want) {
		t.Errorf("arrives at %v, want %v", got, want)
	}
	sender := w.Sender()
	sender.SendFrom(0)
	sender.SendFrom(1)
	s := sender.Result()
	want := Spread{
		Nodes: 4, Messages: 2, Degree: 1, Pairs: 6, Missing: 2,
		Latency: Quantiles{11_000, 11_000, 22_000}, Floor: Quantiles{11_000, 11_000, 11_000},
		Ratio: Ratios{1, 1, 2}, LastP50: 1, LastWorst: 2, Copies: 1, Load: Load{Events: 4, Waiting: 1},
	}
	if s != want {
		t.Errorf("%+v\nwant %+v", s, want)
	}
}

// A flood over all links is the shortest path in the graph of the links, and no rule
// is ahead of it, nor it of the floor.
func TestFloodIsTheShortestPath(t *testing.T) {
	const nodes, charge = 400, 300
	cfg := Config{Nodes: nodes, Seed: 3, Charge: charge * time.Microsecond, Rule: Flood}
	flood := newTestWorld(t, cfg)
	cfg.Rule = Stock
	stock := newTestWorld(t, cfg)
	for _, from := range []uint32{0, 17, 399} {
		want := dijkstra(flood, from, charge)
		slow := stock.Arrivals(int(from))
		for i, got := range flood.Arrivals(int(from)) {
			if micros(got) != want[i] {
				t.Fatalf("%d to %d: %s, want %d microseconds", from, i, got, want[i])
			}
			if slow[i] < got || i != int(from) && micros(got) < flood.floor.least(from, uint32(i)) {
				t.Fatalf("%d to %d: flood %s, stock %s, floor %d microseconds", from, i, got, slow[i], flood.floor.least(from, uint32(i)))
			}
		}
	}
}

func dijkstra(w *World, from, charge uint32) []uint32 {
	dist, done := make([]uint32, w.Nodes()), make([]bool, w.Nodes())
	for i := range dist {
		dist[i] = never
	}
	dist[from] = 0
	for range dist {
		best := -1
		for i, d := range dist {
			if !done[i] && d != never && (best < 0 || d < dist[best]) {
				best = i
			}
		}
		done[best] = true
		for _, j := range w.Peers(uint32(best)) {
			dist[j] = min(dist[j], dist[best]+w.places.oneWay(uint32(best), j)+charge)
		}
	}
	return dist
}

func TestSpread(t *testing.T) {
	w := newTestWorld(t, Config{Nodes: 2000, Seed: 2, Charge: 100 * time.Microsecond, Rule: Stock})
	s := w.Spread(10)
	if s.Missing != 0 || s.Ratio.P50 < 1 || s.Ratio.P99 < 1 || s.Ratio.Max < 1 || s.Copies < 5 || s.Copies > 9 {
		t.Errorf("%+v", s)
	}
	t.Logf("%+v", s)
}

// Along trees every message arrives, in hardly more than one copy, and about as
// early as any rule could over the same links.
func TestTrees(t *testing.T) {
	for _, nodes := range []int{10, 300, 2000} {
		cfg := Config{Nodes: nodes, Seed: 2, Charge: 100 * time.Microsecond}
		w := newTestWorld(t, cfg)
		cfg.Rule = Flood
		s, flood := w.Spread(10), newTestWorld(t, cfg).Spread(10)
		forest := w.rule.(*Forest)
		if s.Missing != 0 || s.Copies > 1.2+float64(100)/float64(nodes) || float64(s.Latency.P50) > 1.15*float64(flood.Latency.P50) || s.Latency.P50 < flood.Latency.P50 {
			t.Errorf("%d nodes: %+v\nflood %+v", nodes, s, flood)
		}
		if r := forest.Roots(); nodes <= tree.FewRoots && r != nodes || r > tree.MaxRoots {
			t.Errorf("%d roots of %d nodes", r, nodes)
		}
		t.Logf("%d nodes, %d roots: %.3f, copies %.2f, flood %.3f", nodes, forest.Roots(), s.Ratio, s.Copies, flood.Ratio)
	}
}

// The forest is what the tables of nodes come to, told by each other: run here as the
// nodes run them, over the same links, they send the same message at most a little later.
func TestForestIsWhatTablesComeTo(t *testing.T) {
	const nodes = 60
	w := newTestWorld(t, Config{Nodes: nodes, Seed: 4, Links: links.Policy{Near: 4, Random: 3, Cap: 20}})
	tables := tablesOf(w)
	for _, publisher := range []int{0, 17, 59} {
		got, want := arrivals(w, tables, uint32(publisher)), w.Arrivals(publisher)
		late := time.Duration(0)
		for i := range want {
			if got[i] < 0 {
				t.Fatalf("%d to %d: never, by the tables", publisher, i)
			}
			late += got[i] - want[i]
		}
		if late /= nodes; late < -5*time.Millisecond || late > 5*time.Millisecond {
			t.Errorf("from %d: by the tables facts come %s later on average", publisher, late)
		}
		t.Logf("from %d: by the tables facts come %s later on average", publisher, late)
	}
}

// tablesOf lets every node keep its own table, until nobody has anything to tell.
func tablesOf(w *World) []*tree.Table {
	tables := make([]*tree.Table, w.Nodes())
	for i := range tables {
		tables[i] = tree.New(tree.Tag(i+1), treeCharge)
		for s, p := range w.Peers(uint32(i)) {
			tables[i].Link(tree.Slot(s), tree.Dist(w.places.oneWay(uint32(i), p)))
		}
		tables[i].Tick(0)
	}
	for told := true; told; {
		told = false
		for i, t := range tables {
			for s := range t.Stale().All {
				to := w.Peers(uint32(i))[s]
				back := tree.Slot(slices.Index(w.Peers(to), uint32(i)))
				for _, word := range t.Tell(s, 1<<20) {
					told = true
					tables[to].Hear(back, word)
				}
			}
		}
	}
	return tables
}

// arrivals sends one message by what the tables say.
func arrivals(w *World, tables []*tree.Table, publisher uint32) []time.Duration {
	got := make([]time.Duration, w.Nodes())
	for i := range got {
		got[i] = -1
	}
	got[publisher] = 0
	var q queue
	send := func(from uint32, now uint32, tag tree.Tag, to tree.Set) {
		for s := range to.All {
			p := w.Peers(from)[s]
			q.push(event{key: at(now+w.places.oneWay(from, p), p), from: from, tag: uint32(tag)})
		}
	}
	tag, push := tables[publisher].Publish()
	send(publisher, 0, tag, push)
	for !q.empty() {
		e := q.pop()
		if got[e.node()] >= 0 {
			continue
		}
		got[e.node()] = duration(e.time())
		from := tree.Slot(slices.Index(w.Peers(e.node()), e.from))
		push, _ := tables[e.node()].Forward(tree.Tag(e.tag), tree.Of(from))
		send(e.node(), e.time(), tree.Tag(e.tag), push)
	}
	return got
}

// A lookup finds what is there, no sooner than light could, and not by asking everybody.
func TestResolve(t *testing.T) {
	for _, nodes := range []int{15, 21, 200, 2000} {
		w := newTestWorld(t, Config{Nodes: nodes, Seed: 5, Charge: 100 * time.Microsecond})
		r := w.Resolve(200)
		switch {
		case nodes <= 20 && r.Found == 0: // everybody holds everything
		case nodes > 20 && r.Found == 200 && r.Ratio.P50 >= 1 && r.Requests.Max <= 100 && r.Hops.P50 >= 1 && r.Hops.Max <= 10:
		default:
			t.Errorf("%d nodes: %+v", nodes, r)
		}
		t.Logf("%d nodes: %+v", nodes, r)
	}
}

// Events come out in their order, whatever went in between.
func TestQueue(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	q, bare := new(queue), new(ordered)
	for round := range 3 {
		now := uint32(0)
		for range 20_000 {
			if bare.Len() == 0 || random.IntN(5) < 3 {
				e := event{key: at(now+uint32(random.IntN(1<<(4+random.IntN(17)))), uint32(random.IntN(50))), from: uint32(random.IntN(3)), tag: uint32(random.IntN(2))}
				q.push(e)
				library.Push(bare, e)
				continue
			}
			got, want := q.pop(), library.Pop(bare).(event)
			if got != want {
				t.Fatalf("round %d: %+v, want %+v", round, got, want)
			}
			now = got.time()
		}
		if q.empty() != (bare.Len() == 0) {
			t.Fatal("empty or not")
		}
		q.rewind()
		*bare = nil
	}
}

// ordered is the library's heap, to hold ours against.
type ordered []event

func (o ordered) Len() int           { return len(o) }
func (o ordered) Less(i, j int) bool { return o[i].before(o[j]) }
func (o ordered) Swap(i, j int)      { o[i], o[j] = o[j], o[i] }
func (o *ordered) Push(e any)        { *o = append(*o, e.(event)) }
func (o *ordered) Pop() any {
	all := *o
	e := all[len(all)-1]
	*o = all[:len(all)-1]
	return e
}

func TestLoad(t *testing.T) {
	if (Load{}).Turn(1) != 0 {
		t.Error("no load takes time")
	}
	a, b := Load{Events: 1000, Waiting: 30}.Turn(1), Load{Events: 1000, Waiting: 30}.Turn(2)
	if a == 0 || b == 0 || a == b {
		t.Errorf("last events at %d and %d", a, b)
	}
}

// A routing table has of each distance what there is, up to twenty, and the same each
// time; what is nearest in it is what a search of all of it finds.
func TestTables(t *testing.T) {
	const nodes = 3000
	s := newSpace(4, nodes)
	tab := &tables{space: s}
	for _, node := range []uint32{0, 1, 1499, 2999} {
		all := tab.of(nil, node)
		if again := tab.of(nil, node); !slices.Equal(all, again) {
			t.Fatal("another table each time")
		}
		var have, there [257]int
		seen := make(map[uint32]bool)
		for _, p := range all {
			if p == node || seen[p] {
				t.Fatalf("node %d has %d in its table, or twice", node, p)
			}
			seen[p] = true
			have[s.where(node).To(s.where(p)).Bits()]++
		}
		for p := range uint32(nodes) {
			there[s.where(node).To(s.where(p)).Bits()]++
		}
		for d := 1; d <= 256; d++ {
			if have[d] != min(there[d], bucketSize) {
				t.Errorf("node %d: %d peers at distance %d, there are %d", node, have[d], d, there[d])
			}
		}
		for i := range uint64(50) {
			target := s.position(draw(i), i)
			if i%2 == 0 {
				target = s.where(uint32(i) * 50)
			}
			got := tab.nearest(nil, node, target, bucketSize)
			want := byDistance(s, all, target)[:bucketSize]
			if farthest(s, got, target).Compare(farthest(s, want, target)) > 0 && !slices.Equal(got, want) {
				t.Errorf("node %d: %v, nearest are %v", node, got, want)
			}
		}
	}
}

func TestClosest(t *testing.T) {
	for _, nodes := range []int{2, 20, 3000} {
		s := newSpace(4, nodes)
		var all []uint32
		for p := range uint32(nodes) {
			all = append(all, p)
		}
		for i := range uint64(50) {
			target := s.position(draw(i), i)
			if got, want := s.closest(target, 20), byDistance(s, all, target)[:min(20, nodes)]; !slices.Equal(got, want) {
				t.Fatalf("%v, want %v", got, want)
			}
		}
	}
}

func byDistance(s *space, all []uint32, target lookup.Position) []uint32 {
	return slices.SortedFunc(slices.Values(all), func(a, b uint32) int {
		return target.To(s.where(a)).Compare(target.To(s.where(b)))
	})
}

func farthest(s *space, all []uint32, target lookup.Position) lookup.Position {
	return target.To(s.where(all[len(all)-1]))
}

// Links follow the policy: everybody has its own, nobody more than it bears, the near
// ones are near, and all together are one network.
func TestLinks(t *testing.T) {
	w := newTestWorld(t, Config{Nodes: 2000, Seed: 6})
	policy := links.DefaultPolicy()
	linkSum, anySum := 0.0, 0.0
	for i := range uint32(w.Nodes()) {
		peers := w.Peers(i)
		if len(peers) < policy.Links() || len(peers) > policy.Cap || slices.Contains(peers, i) {
			t.Fatalf("node %d has %d links", i, len(peers))
		}
		for _, j := range peers {
			if !w.links.linked(j, i) {
				t.Fatalf("%d is linked to %d, and not back", i, j)
			}
			linkSum += float64(w.places.oneWay(i, j)) / float64(len(peers))
		}
		if j := (i + 1) % uint32(w.Nodes()); j != i {
			anySum += float64(w.places.oneWay(i, j))
		}
	}
	if linkSum > anySum*2/3 {
		t.Errorf("links are %.0f microseconds long on average, any two nodes %.0f apart", linkSum/2000, anySum/2000)
	}
	if s := newTestWorld(t, Config{Nodes: 2000, Seed: 6, Rule: Flood}).Spread(1); s.Missing > 0 {
		t.Errorf("%d nodes are cut off", s.Missing)
	}
}

// Near links are what makes a flood fast, and random ones alone do not: the model
// shows what was measured before it.
func TestNearLinksAreFast(t *testing.T) {
	for _, row := range []struct {
		near, random int
		least, most  float64 // of the median over the floor
	}{{0, 4, 1.7, 3}, {1, 3, 1, 1.5}, {2, 2, 1, 1.4}, {3, 1, 1, 1.4}, {4, 0, 1, 5}} {
		w := newTestWorld(t, Config{Nodes: 3000, Seed: 8, Charge: 500 * time.Microsecond, Rule: Flood, Links: links.Policy{Near: row.near, Random: row.random, Cap: 100}})
		s := w.Spread(5)
		if s.Ratio.P50 < row.least || s.Ratio.P50 > row.most {
			t.Errorf("%d near and %d random: %+v, want a median of %.1f to %.1f", row.near, row.random, s.Ratio, row.least, row.most)
		}
		t.Logf("%d near and %d random: %+v, %d missing", row.near, row.random, s.Ratio, s.Missing)
	}
}

// A mesh keeps GossipSub's bounds and runs over links only.
func TestMesh(t *testing.T) {
	w := newTestWorld(t, Config{Nodes: 2000, Seed: 7, Rule: Stock})
	mesh := w.rule.(*Relay).mesh
	for i := range uint32(w.Nodes()) {
		peers := mesh.of(i)
		if len(peers) < meshLeast || len(peers) > meshMost {
			t.Errorf("node %d has %d peers in its mesh", i, len(peers))
		}
		for _, j := range peers {
			if !w.links.linked(i, j) || !mesh.linked(j, i) {
				t.Errorf("%d and %d are in a mesh without a link, or one of them is", i, j)
			}
		}
	}
	t.Logf("%.2f peers in a mesh", mesh.degree())
}

// The floor here is the floor of package wan.
func TestFloor(t *testing.T) {
	const nodes = 200
	for name, m := range map[string]wan.Model{"cities": wan.Cities(2), "flat": flat(7 * time.Millisecond)} {
		p, err := newPlaces(m, nodes)
		if err != nil {
			t.Fatal(err)
		}
		var all []int
		for i := range nodes {
			all = append(all, i)
		}
		f, paths := p.floor(time.Millisecond), wan.Floor(p, all, time.Millisecond)
		for i := range uint32(nodes) {
			for j := range uint32(nodes) {
				if d, _ := paths.Between(int(i), int(j)); i != j && f.least(i, j) != micros(d) {
					t.Fatalf("%s: %d to %d: %d, want %s", name, i, j, f.least(i, j), d)
				}
			}
		}
	}
}
