//go:build soak

package soak

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/gateway"
)

const (
	// shelf holds real documents of public projects; it is not part of the repository.
	shelf        = "../../../shared/data/agents"
	shelfNodes   = 10
	shelfLimit   = 10 * time.Minute
	shelfWriters = 2
	// reads is how many holders must at least give back what they acknowledged.
	reads = 3
	// attempts is how often an agent is published until all daemons hold it, and
	// maxRepeated how many publications in all may be repetitions.
	attempts    = 3
	maxRepeated = 12
)

// Every real document is offered; whatever says where something is, is held by
// every daemon and found from every daemon; whatever does not is refused by name.
func TestSoakShelf(t *testing.T) {
	files := shelfFiles(t)
	ctx, cancel := context.WithTimeout(t.Context(), shelfLimit)
	defer cancel()
	r := &shelfRun{t: t, fleet: newFleet(t, shelfNodes), refused: make(map[string]int)}
	work := make(chan func())
	var group sync.WaitGroup
	for range shelfWriters {
		group.Go(func() {
			for job := range work {
				job()
			}
		})
	}
	for i, file := range files {
		home := r.fleet.nodes[i%shelfNodes]
		work <- func() { r.offer(ctx, home, file) }
	}
	close(work)
	group.Wait()
	r.report(len(files))
}

// shelfFiles lists the documents.
func shelfFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shelf, "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(f string) bool { return filepath.Base(f) == "INDEX.json" })
	if len(files) == 0 {
		t.Skip("the real documents are not here: " + shelf)
	}
	return files
}

// shelfRun counts what becomes of the documents.
type shelfRun struct {
	t     *testing.T
	fleet *fleet

	mu        sync.Mutex
	offered   int             // owned by mu
	published int             // owned by mu
	repeated  int             // publications that left a daemon out; owned by mu
	refused   map[string]int  // by reason; owned by mu
	publishes []time.Duration // owned by mu
	slowest   string          // whose publish took longest; owned by mu
	resolves  []time.Duration // owned by mu
}

// offer publishes one file through a daemon: as one agent, or as the list that it is.
func (r *shelfRun) offer(ctx context.Context, home *node, file string) {
	doc, err := os.ReadFile(file)
	if err != nil {
		r.t.Error(err)
		return
	}
	name := filepath.Base(file)
	e, err := cairn(ctx, "publish", file, "--dir", home.dir, "-o", "json", "--timeout", "1m")
	if err != nil {
		r.t.Error(home.says("publish %s: %v", name, err))
		return
	}
	if e.code != exitOK && strings.Contains(e.notes, gateway.ErrList.Error()) {
		r.offerAll(ctx, home, file, doc)
		return
	}
	r.tally(name, e.took)
	var p api.PublishResult
	if e.code != exitOK && e.code != exitPartial {
		r.refuse(home, name, e.notes)
	} else if err := e.written(&p); err != nil {
		r.t.Error(home.says("publish %s: %v", name, err))
	} else {
		r.everywhere(ctx, home, name, doc, p)
	}
}

// offerAll publishes each entry of a list.
func (r *shelfRun) offerAll(ctx context.Context, home *node, file string, doc []byte) {
	name := filepath.Base(file)
	e, err := cairn(ctx, "publish", "--all", file, "--dir", home.dir, "-o", "jsonl", "--timeout", "5m")
	if err != nil {
		r.t.Error(home.says("publish --all %s: %v", name, err))
		return
	}
	entries, err := gateway.Split(doc)
	if err != nil { // an empty list
		r.tally(name, e.took)
		r.refuse(home, name, e.notes)
		return
	}
	if len(e.lines) != len(entries) {
		r.t.Error(home.says("publish --all %s: %d outcomes of %d entries: %s", name, len(e.lines), len(entries), e.notes))
	}
	before := time.Duration(0)
	for i := range e.lines {
		title := fmt.Sprintf("%s, entry %d", name, i+1)
		r.tally(title, e.after[i]-before)
		before = e.after[i]
		r.enter(ctx, home, title, entries, e.lines[i])
	}
}

// tally counts a document, and how long it took to publish or to refuse it.
func (r *shelfRun) tally(name string, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.offered++
	if len(r.publishes) == 0 || took > slices.Max(r.publishes) {
		r.slowest = name
	}
	r.publishes = append(r.publishes, took)
	if r.offered%50 == 0 {
		r.t.Logf("%d offered, %d published, %d resolves", r.offered, r.published, len(r.resolves))
	}
}

// everywhere asks every daemon for a published agent and compares.
func (r *shelfRun) everywhere(ctx context.Context, home *node, name string, doc []byte, p api.PublishResult) {
	p = r.complete(ctx, home, name, doc, p)
	want, err := home.ask(ctx, p.ID.String())
	if err != nil || want.code != http.StatusOK || want.Sequence != p.Sequence || len(want.URLs) == 0 {
		r.t.Error(home.says("published %s with sequence %d and answers %s (%v)", name, p.Sequence, want, err))
		return
	}
	for _, d := range r.fleet.others(home) {
		got, err := d.ask(ctx, p.ID.String())
		if err != nil || got.code != http.StatusOK || got.Sequence != want.Sequence || !slices.Equal(got.URLs, want.URLs) {
			r.t.Error(d.says("resolves %s (%s) to %s, published on %s: %s (%v)", name, p.ID, got, home.name, want, err))
		}
		r.mu.Lock()
		r.resolves = append(r.resolves, got.took)
		r.mu.Unlock()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.published++
}
