//go:build soak

package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/gateway"
)

// reasons are the names that a refusal can have. A private endpoint is none of
// them here: on the loopback interface it is accepted.
var reasons = []error{gateway.ErrNoLocation, gateway.ErrList, gateway.ErrTemplate, gateway.ErrInvalid, gateway.ErrRevoked}

// enter takes one line of publish --all.
func (r *shelfRun) enter(ctx context.Context, home *node, title string, entries []gateway.Entry, line []byte) {
	var o api.PublishOutcome
	if err := json.Unmarshal(line, &o); err != nil {
		r.t.Error(home.says("publish --all, %s: %v", title, err))
		return
	}
	if o.Result == nil {
		r.refuse(home, title, o.Error)
		return
	}
	if o.Index >= len(entries) {
		r.t.Error(home.says("publish --all, %s: an outcome of entry %d of %d", title, o.Index+1, len(entries)))
		return
	}
	r.everywhere(ctx, home, title, entries[o.Index].Document, *o.Result)
}

// refuse counts a refusal under the name of its reason; one without a name, and one
// that does not know what the document is, are faults.
func (r *shelfRun) refuse(home *node, name, text string) {
	i := slices.IndexFunc(reasons, func(e error) bool { return strings.Contains(text, e.Error()) })
	if i < 0 {
		r.t.Error(home.says("refuses %s without a good reason: %q", name, text))
		text = "(no good reason)"
	} else {
		text = reasons[i].Error()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused[text]++
}

// report prints what became of everything, and fails where something is missing.
func (r *shelfRun) report(files int) {
	refused := 0
	rows := [][]any{
		{"files", files}, {"documents offered", r.offered},
		{"published, held and found everywhere", r.published}, {"... publications repeated, since a daemon was left out", r.repeated},
	}
	for _, reason := range slices.Sorted(maps.Keys(r.refused)) {
		refused += r.refused[reason]
		rows = append(rows, []any{"refused: " + reason, r.refused[reason]})
	}
	rows = append(rows,
		[]any{"resolves from other daemons", len(r.resolves)}, []any{"resolve", spread(r.resolves)}, []any{"publish", spread(r.publishes)},
		[]any{"slowest publish", fmt.Sprintf("%s (%s)", ms(quantile(r.publishes, 1)), r.slowest)})
	r.t.Log(table(rows...))
	if r.repeated > maxRepeated {
		r.t.Errorf("%d publications were repeated, since a daemon was left out; at most %d may be", r.repeated, maxRepeated)
	}
	if r.offered != r.published+refused {
		r.t.Errorf("%d documents, %d published and %d refused: some are neither", r.offered, r.published, refused)
	}
	if want := r.published * (shelfNodes - 1); len(r.resolves) != want || r.published == 0 {
		r.t.Errorf("%d resolves of %d published agents, want %d", len(r.resolves), r.published, want)
	}
}
