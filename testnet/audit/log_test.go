package audit_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/audit"
)

// What many write at once is read back whole, in the order of its times.
func TestLogRoundTrip(t *testing.T) {
	var b bytes.Buffer
	l := audit.NewLog(&b, audit.Run{Name: "trip", World: "sim", Seed: 7, Disk: true}, nil)
	id := records.AgentIDFromDigest([32]byte{1})
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			for range 50 {
				op := l.Begin(audit.Event{Kind: audit.Resolve, Node: n + 1, Agent: id, Policy: "first"})
				l.Note(audit.Event{Kind: audit.Heal})
				op.End(audit.Event{Status: records.StatusActive, Proof: []byte{1, 2, 3}, Asked: 4})
			}
		})
	}
	group.Wait()
	if err := l.Err(); err != nil {
		t.Fatal(err)
	}
	events, err := audit.Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + 8*50*3; len(events) != want {
		t.Fatalf("%d events, want %d", len(events), want)
	}
	if diff := cmp.Diff(&audit.Run{Name: "trip", World: "sim", Seed: 7, Disk: true}, events[0].Run); diff != "" {
		t.Error(diff)
	}
	last := events[len(events)-1]
	if last.Kind != audit.Resolve || last.Phase != audit.End || last.Policy != "first" || last.Agent != id || !bytes.Equal(last.Proof, []byte{1, 2, 3}) {
		t.Errorf("the last event is %+v", last)
	}
}

// A nil log takes everything and says nothing; one that cannot write says so once.
func TestLogNilAndBroken(t *testing.T) {
	var none *audit.Log
	none.Note(audit.Event{Kind: audit.Heal})
	none.Begin(audit.Event{Kind: audit.Kill, Node: 1}).End(audit.Event{})
	if err := none.Err(); err != nil {
		t.Error(err)
	}
	l := audit.NewLog(broken{}, audit.Run{}, nil)
	l.Note(audit.Event{Kind: audit.Heal})
	if err := l.Err(); !errors.Is(err, errBroken) {
		t.Errorf("a broken writer gives %v", err)
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

const firstLine = `{"t":0,"wall":"2000-01-01T00:00:00Z","kind":"run","run":{"world":"sim"}}` + "\n"

// What is no log is refused, with the line.
func TestReadRefuses(t *testing.T) {
	const id = "bafyreiabaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	for name, row := range map[string]struct{ log, want string }{
		"empty":            {"", "it is empty"},
		"no first line":    {`{"t":0,"wall":"2000-01-01T00:00:00Z","kind":"heal"}`, "line 1"},
		"two first lines":  {firstLine + firstLine, "line 2"},
		"run without run":  {`{"t":0,"wall":"2000-01-01T00:00:00Z","kind":"run"}`, "line 1"},
		"no JSON":          {firstLine + "heal", "line 2"},
		"two values":       {firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"heal"} {}`, "more than one"},
		"unknown kind":     {firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"dance"}`, `"dance"`},
		"unknown field":    {firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"heal","hue":3}`, "hue"},
		"unknown phase":    {firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"kill","phase":"middle","op":1,"node":1}`, "middle"},
		"no wall time":     {firstLine + `{"t":1,"kind":"heal"}`, "wall"},
		"no node":          {firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"ready"}`, "without a node"},
		"node below":       {firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"ready","node":-2}`, "node -2"},
		"node in a group":  {firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"partition","groups":[[1,-3]]}`, "node -3"},
		"no agent":         {firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"learn","node":1}`, "without an agent"},
		"bad agent":        {firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"learn","node":1,"agent":"bafy"}`, "line 2"},
		"a moment with op": {firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"heal","op":4}`, "operation 4"},
		"no op":            {firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"kill","phase":"begin","node":1}`, "operation 0"},
		"back in time":     {firstLine + `{"t":-1,"wall":"2000-01-01T00:00:00Z","kind":"heal"}`, "before the line above"},
		"end alone":        {firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"kill","phase":"end","op":1,"node":1}`, "end of operation 1"},
		"end of another": {firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"kill","phase":"begin","op":1,"node":1}
{"t":2,"wall":"2000-01-01T00:00:00Z","kind":"stop","phase":"end","op":1,"node":1}`, "line 3"},
		"begins twice": {firstLine + strings.Repeat(`{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"kill","phase":"begin","op":1,"node":1}`+"\n", 2), "twice"},
		"endless line": {firstLine + strings.Repeat(" ", audit.MaxLine+1), "a line of more"},
		"empty line":   {firstLine + "\n" + firstLine, "line 2"},
		"not base64":   {firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"learn","node":1,"proof":"?","agent":"` + id + `"}`, "base64"},
	} {
		_, err := audit.Read(strings.NewReader(row.log))
		if !errors.Is(err, audit.ErrMalformed) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q in it", name, err, row.want)
		}
	}
	if _, err := audit.Read(strings.NewReader(firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"kill","phase":"begin","op":1,"node":1}`)); err != nil {
		t.Errorf("a run that was cut off: %v", err)
	}
}

// Times are of the log: what a caller says of them does not count.
func TestLogStamps(t *testing.T) {
	var b bytes.Buffer
	wall := time.Date(2031, 2, 3, 4, 5, 6, 7, time.UTC)
	l := audit.NewLog(&b, audit.Run{}, func() time.Time { return wall })
	l.Note(audit.Event{Kind: audit.Heal, At: -5, Op: 3, Phase: audit.End})
	events, err := audit.Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if e := events[1]; e.At < 0 || !e.Wall.Equal(wall) || e.Op != 0 {
		t.Errorf("%+v", e)
	}
}

// Whatever is read is written and read again to the same; nothing panics, neither
// the reader nor the check.
func FuzzRead(f *testing.F) {
	f.Add([]byte(firstLine))
	f.Add([]byte(firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"kill","phase":"begin","op":1,"node":1}`))
	f.Add([]byte(firstLine + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"resolve","phase":"begin","op":1,"node":1,"agent":"bafyreiabaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
{"t":2,"wall":"2000-01-01T00:00:00Z","kind":"resolve","phase":"end","op":1,"node":1,"agent":"bafyreiabaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","status":"active","proof":"AAAA"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		events, err := audit.Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		audit.Check(events)
		again, err := audit.Read(bytes.NewReader(write(t, events)))
		if err != nil {
			t.Fatal(err)
		}
		if len(again) != len(events) {
			t.Fatalf("%d events, then %d", len(events), len(again))
		}
	})
}
