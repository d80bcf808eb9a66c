package scenario_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/scenario"
)

// paper is a world that writes down what is done to its nodes.
type paper struct {
	up    []int
	lines []string
}

var errPaper = errors.New("there is nothing but paper here")

func (w *paper) note(format string, args ...any) error {
	w.lines = append(w.lines, fmt.Sprintf(format, args...))
	return nil
}

func (w *paper) Grow(context.Context, int) error { return errPaper }
func (w *paper) Up() []int                       { return w.up }
func (w *paper) Settle(context.Context) error    { return nil }
func (w *paper) Now() time.Time                  { return time.Now() }
func (w *paper) Close() error                    { return nil }
func (w *paper) Publish(context.Context, int, *records.Record) (scenario.Receipt, error) {
	return scenario.Receipt{}, errPaper
}
func (w *paper) Revoke(context.Context, int, *records.Tombstone) (scenario.Receipt, error) {
	return scenario.Receipt{}, errPaper
}
func (w *paper) Resolve(context.Context, int, records.AgentID, string) (scenario.Answer, error) {
	return scenario.Answer{}, errPaper
}

// brittle is paper that can be broken in every way.
type brittle struct{ paper }

func (w *brittle) Freeze(n int) error { return w.note("freeze %d", n) }
func (w *brittle) Thaw(n int) error   { return w.note("thaw %d", n) }
func (w *brittle) Fill(n int) error   { return w.note("fill %d", n) }
func (w *brittle) Free(n int) error   { return w.note("free %d", n) }
func (w *brittle) Break(n int) error  { return w.note("break %d", n) }
func (w *brittle) Mend(n int) error   { return w.note("mend %d", n) }

// write makes a scenario of one command.
func write(t *testing.T, command string) *scenario.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "one.txt")
	if err := os.WriteFile(path, []byte("# It breaks.\n\nnodes 4\n"+command+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := scenario.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Nodes stand still and disks fail where a world can do that; where it cannot, the
// scenario is refused before it begins.
func TestStillnessAndDisks(t *testing.T) {
	for command, want := range map[string]string{
		"freeze 2": "freeze 2", "thaw 2,3": "thaw 2, thaw 3", "fill 1-2": "fill 1, fill 2",
		"free all": "free 1, free 2, free 3, free 4", "break 4": "break 4", "mend 4": "mend 4",
	} {
		f := write(t, command)
		synctest.Test(t, func(t *testing.T) {
			able, unable := &brittle{paper{up: []int{1, 2, 3, 4}}}, &paper{up: []int{1, 2, 3, 4}}
			rep, err := f.Play(t.Context(), scenario.Options{Make: func(context.Context, scenario.Spec) (scenario.World, error) { return able, nil }})
			if got := strings.Join(able.lines, ", "); err != nil || !rep.Held || got != want {
				t.Errorf("%s did %q, want %q: %v %v", command, got, want, err, rep.Failures)
			}
			rep, err = f.Play(t.Context(), scenario.Options{Make: func(context.Context, scenario.Spec) (scenario.World, error) { return unable, nil }})
			if err != nil || rep.Held || !strings.Contains(fmt.Sprint(rep.Failures), "play it with cairn-testnet chaos") {
				t.Errorf("%s in a world that cannot: %v %v", command, err, rep.Failures)
			}
		})
	}
}
