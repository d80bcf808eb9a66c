package scenario_test

import (
	"os"
	"strings"
	"testing"

	"github.com/cairn-overlay/cairn/testnet/scenario"
)

// head begins every file of these tests; what follows is at line 4.
const head = "# A promise.\n\nnodes 4\n"

// What cannot be read is refused with the file, the line, and the form that was
// expected there.
func TestParseRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		text string
		want []string
	}{
		"nothing":                {"", []string{"x.txt:1: no commands: want nodes 20 or so"}},
		"prose alone":            {"# A promise.\n", []string{"x.txt:1: no commands"}},
		"no promise":             {"nodes 4\n", []string{`x.txt:1: want a line such as "# A revoked agent stays revoked." first`}},
		"not nodes first":        {"# A promise.\n\nsettle\n", []string{"x.txt:3: want nodes as the first command, and once"}},
		"nodes twice":            {head + "nodes 5\n", []string{"x.txt:4: want nodes as the first command, and once"}},
		"unknown verb":           {head + "fly 3\n", []string{"x.txt:4: fly: want one of nodes, add, "}},
		"rule without commands":  {head + "\n----\n", []string{"x.txt:5: a rule line without commands before it"}},
		"two faults":             {head + "kill x\nkill y\n", []string{"x.txt:4: kill: want kill 5: ", "x.txt:5: kill: want kill 5: "}},
		"too much":               {head + "heal now please\n", []string{`x.txt:4: heal: want heal: "now please" is too much`}},
		"partition":              {head + "partition 1-2 | x\n", []string{`x.txt:4: partition: want groups such as partition 1-20 | 21-40: "x" is no set of nodes`}},
		"partition of all":       {head + "partition all\n", []string{"all nodes are no group"}},
		"no agent":               {head + "revoke a1 on 2\n", []string{`x.txt:4: revoke: want revoke a1 on 7 [anyhow]: there is no agent "a1"; agent a1 makes one`}},
		"agent twice":            {head + "agent a1 a1\n", []string{`there is an agent "a1" already`}},
		"agent's name":           {head + "agent A1\n", []string{`"A1" is no name such as a1`}},
		"too many agents":        {head + "agent a of 10001\n", []string{"10001 are too many agents"}},
		"node 0":                 {head + "agent a1\nrevoke a1 on 0\n", []string{`"0" is no node such as 7`}},
		"backwards":              {head + "kill 3-1\n", []string{`"3-1" is no set of nodes`}},
		"a set without end":      {head + "kill 1-999999\n", []string{`"1-999999" is no set of nodes`}},
		"no time":                {head + "wait soon\n", []string{`x.txt:4: wait: want wait 10m: the time "soon" is no time such as 250ms, 10m or 24h`}},
		"no skew":                {head + "skew 3 24h\n", []string{`"24h" is no time such as +24h, -10m or 0`}},
		"no share":               {head + "loss 5\n", []string{`the loss "5" is no percentage such as 5%`}},
		"no rate":                {head + "churn 5%/d for 1h\n", []string{`"5%/d" is none such as 30%/h or 10%/m`}},
		"no policy":              {head + "agent a1\nresolve a1 on 2 policy=best\n", []string{`policy "best"`}},
		"no state":               {head + "agent a1\nexpect happy a1 on 2\n", []string{`"happy" is none of found, gone, `}},
		"no role":                {head + "cast 2 as saint\n", []string{`"saint" is none of echo-liar, `}},
		"all cast":               {head + "cast all as refuser\n", []string{"somebody has to stay honest"}},
		"an option of no kind":   {"# A promise.\n\nnodes 4 color=red\n", []string{`x.txt:3: nodes: want nodes 40 [k=20]`, `"color=red" is no option`}},
		"a sequence of no kind":  {head + "agent a1\npublish a1 on 2 seq=x\n", []string{`the sequence "x" is no number`}},
		"too large":              {strings.Repeat("#\n", 1<<20), []string{"want at most 1048576"}},
		"white space of no kind": {head + "\u00a0\n\v\nfly\n", []string{"x.txt:6: fly"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := scenario.Parse("x.txt", []byte(row.text))
			for _, want := range row.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %s", err, want)
				}
			}
		})
	}
}

// The promise is the first sentence, however many lines it takes, and every spec line
// counts.
func TestPromiseAndSpec(t *testing.T) {
	f, err := scenario.Parse("x.txt", []byte("# A promise that\n# takes v1.2 of two lines. Then more.\n# spec: a\n#\n# spec: b\n# No promise.\n\nnodes 4\n"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Promise != "A promise that takes v1.2 of two lines." || strings.Join(f.Spec, ",") != "a,b" {
		t.Errorf("%q, %q", f.Promise, f.Spec)
	}
}

// Options of the nodes command can be changed from outside.
func TestSet(t *testing.T) {
	f, err := scenario.Parse("x.txt", []byte(head+"wait 10s\n"))
	if err != nil {
		t.Fatal(err)
	}
	for option, want := range map[string]string{
		"nodes=40": "", "k=5": "", "seed=7": "", "loss=5%": "", "jitter=10ms": "", "disk": "", "matrix=x.csv": "",
		"nodes=0": "no number", "nodes": "no option", "k=x": "no number", "color=red": "no option", "disk=1": "no value",
	} {
		err := f.Set(option)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", option, err, want)
		}
	}
	if f.Seed() != 7 || f.Cost() < 40*10 {
		t.Errorf("seed %d, cost %.0f", f.Seed(), f.Cost())
	}
}

// Whatever is read, nothing panics; what a run of no blocks would write is what was
// read; and that can be read again.
func FuzzParse(f *testing.F) {
	for _, path := range files(f) {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(head + "\u00a0\npartition |\nexpect\n----\n\n----"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := scenario.Parse("x.txt", b)
		if err != nil {
			return
		}
		if cost := s.Cost(); !(cost > 0) {
			t.Errorf("a cost of %g", cost)
		}
		again := s.Rewritten(&scenario.Report{})
		if want := strings.TrimSuffix(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n") + "\n"; string(again) != want {
			t.Errorf("rewritten: %q, was %q", again, want)
		}
		if _, err := scenario.Parse("x.txt", again); err != nil {
			t.Errorf("cannot be read again: %v", err)
		}
	})
}
