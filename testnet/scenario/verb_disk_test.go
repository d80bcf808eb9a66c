package scenario_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/cairn-overlay/cairn/testnet/scenario"
)

// brittle is paper that can be broken, and writes down how.
type brittle struct {
	paper
	lines []string
}

func (w *brittle) note(format string, args ...any) error {
	w.lines = append(w.lines, fmt.Sprintf(format, args...))
	return nil
}

func (w *brittle) Freeze(n int) error { return w.note("freeze %d", n) }
func (w *brittle) Thaw(n int) error   { return w.note("thaw %d", n) }
func (w *brittle) Fill(n int) error   { return w.note("fill %d", n) }
func (w *brittle) Free(n int) error   { return w.note("free %d", n) }
func (w *brittle) Break(n int) error  { return w.note("break %d", n) }
func (w *brittle) Mend(n int) error   { return w.note("mend %d", n) }

// Nodes stand still and disks fail where a world can do that; where it cannot, the
// scenario is refused before it begins.
func TestStillnessAndDisks(t *testing.T) {
	for command, want := range map[string]string{
		"freeze 2": "freeze 2", "thaw 2,3": "thaw 2, thaw 3", "fill 1-2": "fill 1, fill 2",
		"free all": "free 1, free 2, free 3, free 4", "break 4": "break 4", "mend 4": "mend 4",
	} {
		f, err := scenario.Parse("one.txt", []byte("# It breaks.\n\nnodes 4\n"+command+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			able := new(brittle)
			rep, err := f.Play(t.Context(), scenario.Options{Make: func(ctx context.Context, want scenario.Spec) (scenario.World, error) {
				_, err := able.on(ctx, want)
				return able, err
			}})
			if got := strings.Join(able.lines, ", "); err != nil || !rep.Held || got != want {
				t.Errorf("%s did %q, want %q: %v %v", command, got, want, err, rep.Failures)
			}
			rep, err = f.Play(t.Context(), scenario.Options{Make: new(paper).on})
			if err != nil || rep.Held || !strings.Contains(fmt.Sprint(rep.Failures), "play it with cairn-testnet chaos") {
				t.Errorf("%s in a world that cannot: %v %v", command, err, rep.Failures)
			}
		})
	}
}
