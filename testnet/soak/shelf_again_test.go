//go:build soak

package soak

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cairn-overlay/cairn/node/api"
)

// held reports whether every other daemon acknowledged, and enough gave it back.
func held(p api.PublishResult) bool {
	const all = shelfNodes - 1
	return !p.Partial && p.Targets == all && p.Acks == all && p.ReadBack >= reads
}

// complete publishes an agent again where a daemon was left out. A publisher counts
// a peer that does not answer for a quarter of a second as silent, which a machine
// with more to do than this test can bring about; so there are some attempts, and
// report says how many publications were repeated.
func (r *shelfRun) complete(ctx context.Context, home *node, name string, doc []byte, p api.PublishResult) api.PublishResult {
	for attempt := 1; !held(p); attempt++ {
		text := fmt.Sprintf("published %s: %d targets, %d acknowledged, %d gave it back %s", name, p.Targets, p.Acks, p.ReadBack, p.Reason)
		if attempt == attempts {
			r.t.Error(home.says("%s, in attempt %d", text, attempts))
			return p
		}
		r.t.Logf("%s: %s; once more", home.name, text)
		var err error
		if p, err = r.again(ctx, home, doc, p); err != nil {
			r.t.Error(home.says("publish %s once more: %v", name, err))
			return p
		}
	}
	return p
}

// again publishes a document once more as the agent that it is already.
func (r *shelfRun) again(ctx context.Context, home *node, doc []byte, p api.PublishResult) (api.PublishResult, error) {
	r.mu.Lock()
	r.repeated++
	r.mu.Unlock()
	file := filepath.Join(r.fleet.root, home.name+"-"+p.Name+".json")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		return p, err
	}
	e, err := cairn(ctx, "publish", file, "--agent", p.Name, "--dir", home.dir, "-o", "json", "--timeout", "1m")
	if err != nil {
		return p, err
	}
	var res api.PublishResult
	return res, e.written(&res)
}
