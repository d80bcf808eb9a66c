package wan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/testnet/wan"
)

const three = "place,A,B,C\nA,0,10,80\nB,10,0,20.5\nC,80,20.5,0\n"

func read(t *testing.T, csv string) *wan.Matrix {
	t.Helper()
	m, err := wan.ReadMatrix(strings.NewReader(csv))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// of returns a node in a place.
func of(t *testing.T, m wan.Model, place string) int {
	t.Helper()
	for i := range 1000 {
		if m.Place(i) == place {
			return i
		}
	}
	t.Fatalf("no node of 1000 is in %s", place)
	return 0
}

func TestMatrixDelays(t *testing.T) {
	m := read(t, "place,A,B,C,D\nA,0,10,80,0.1\nB,11,0,20.5,7\nC,80,20.5,0,7\nD,0.1,7,7,3\n").Model(1)
	for _, row := range []struct {
		from, to string
		want     time.Duration
	}{
		{"A", "B", 5 * time.Millisecond}, {"B", "A", 5500 * time.Microsecond}, {"B", "C", 10250 * time.Microsecond},
		{"A", "D", wan.MinOneWay},
	} {
		if got := m.OneWay(of(t, m, row.from), of(t, m, row.to)); got != row.want {
			t.Errorf("%s to %s: %s, want %s", row.from, row.to, got, row.want)
		}
	}
	i := of(t, m, "D")
	if got := m.OneWay(i, i); got != 0 {
		t.Errorf("a node to itself: %s", got)
	}
	for j := i + 1; ; j++ {
		if m.Place(j) != "D" {
			continue
		}
		if got := m.OneWay(i, j); got != wan.MinOneWay {
			t.Errorf("two nodes in one place: %s, want %s", got, wan.MinOneWay)
		}
		break
	}
}

func TestPlacementFollowsTheSeed(t *testing.T) {
	m := read(t, three)
	const nodes = 3000
	same, count := 0, make(map[string]int)
	a, again, b := m.Model(1), m.Model(1), m.Model(2)
	for i := range nodes {
		if a.Place(i) != again.Place(i) {
			t.Fatalf("node %d: two places for one seed", i)
		}
		if a.Place(i) == b.Place(i) {
			same++
		}
		count[a.Place(i)]++
	}
	if same > nodes/2 {
		t.Errorf("%d of %d nodes are where another seed puts them", same, nodes)
	}
	for p, n := range count {
		if n < nodes/4 || n > nodes/2 {
			t.Errorf("%d of %d nodes are in %s, want about a third", n, nodes, p)
		}
	}
}

func TestBadMatrices(t *testing.T) {
	for name, row := range map[string]struct{ csv, want string }{
		"empty":         {"", "want a header row"},
		"no place":      {"place\n", "0 places"},
		"unnamed":       {"place,A,\nA,0,1\n,1,0\n", "column 3 of the header"},
		"twice":         {"place,A,A\n", `"A" twice`},
		"zero":          {"place,A,B\nA,0,0\nB,1,0\n", "(A, B), row 2, column 3"},
		"almost zero":   {"place,A,B\nA,0,0.0000001\nB,1,0\n", "(A, B), row 2, column 3"},
		"negative":      {"place,A,B\nA,0,1\nB,-1,0\n", "(B, A), row 3, column 2"},
		"gap":           {"place,A,B\nA,0,1\nB,,0\n", "(B, A), row 3, column 2"},
		"no number":     {"place,A,B\nA,0,1\nB,NaN,0\n", "(B, A), row 3, column 2"},
		"word":          {"place,A,B\nA,0,far\nB,1,0\n", `(A, B), row 2, column 3: "far"`},
		"too much":      {"place,A,B\nA,0,1e30\nB,1,0\n", "more than 1m0s"},
		"infinite":      {"place,A,B\nA,0,+Inf\nB,1,0\n", "more than 1m0s"},
		"short row":     {"place,A,B\nA,0,1\nB,1\n", `the row of "B" has 1 cells, want 2`},
		"long row":      {"place,A,B\nA,0,1,2\nB,1,0\n", `the row of "A" has 3 cells, want 2`},
		"row missing":   {"place,A,B\nA,0,1\n", "the row of B is missing"},
		"row too much":  {"place,A\nA,0\nB,1\n", "more than 1 rows"},
		"other order":   {"place,A,B\nB,0,1\nA,1,0\n", `row 2 is of "B": want "A"`},
		"quote left":    {"place,A,B\nA,0,\"1\nB,1,0\n", "quote"},
		"quoted header": {"\"place", "quote"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wan.ReadMatrix(strings.NewReader(row.csv))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want something with %q", err, row.want)
			}
		})
	}
}

func TestLoadMatrix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "three.csv")
	if _, err := wan.LoadMatrix(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no such file: %v", err)
	}
	for content, ok := range map[string]bool{three: true, "place,A,B\nA,0,0\nB,1,0\n": false} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := wan.LoadMatrix(path)
		if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", content, err)
		}
		if ok && m.Places() != 3 {
			t.Errorf("%d places, want 3", m.Places())
		}
	}
}

// The measured matrices, where the shelf is at hand.
func TestMeasuredMatrices(t *testing.T) {
	for name, places := range map[string]int{"aws21.csv": 21, "cities.csv": 211} {
		path := filepath.Join("..", "..", "..", "shared", "data", "wan", name)
		if _, err := os.Stat(path); err != nil {
			t.Skip(err)
		}
		m, err := wan.LoadMatrix(path)
		if err != nil {
			t.Fatal(err)
		}
		if m.Places() != places {
			t.Errorf("%s: %d places, want %d", name, m.Places(), places)
		}
	}
}

// What is read keeps the promises of a model; all else is an error, never a panic.
func FuzzReadMatrix(f *testing.F) {
	f.Add(three)
	f.Add("place,A\nA,\n")
	f.Add("place,A,B\nA,0,0\nB,1,0\n")
	f.Add("place,A,B\nA,,1e-3\nB,\"1\",x\n")
	f.Fuzz(func(t *testing.T, csv string) {
		m, err := wan.ReadMatrix(strings.NewReader(csv))
		if err != nil {
			return
		}
		model := m.Model(1)
		for i := range min(m.Places(), 8) {
			for j := range 8 {
				d := model.OneWay(i, j)
				if i == j && d != 0 || i != j && (d < wan.MinOneWay || d > wan.MaxRTT/2) {
					t.Errorf("from %d to %d: %s", i, j, d)
				}
			}
			if model.Place(i) == "" {
				t.Errorf("node %d is nowhere", i)
			}
		}
	})
}
