//go:build soak

package soak

import (
	"context"
	"net/http"
	"time"
)

// joinLate starts a daemon that heard of no revocation and asks it for the revoked
// agents from its first moment: it must never call one active, and must refuse all
// once it is ready. It returns how long before the ready line the first one was refused.
func (r *revokeRun) joinLate(d *node) time.Duration {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	r.fleet.launch(d)
	w := watchAll(ctx, []*node{d}, r.agents[0].id)[0]
	r.fleet.mustReady(d)
	r.stillRefused([]*node{d})
	<-w.done
	if alive := w.alive.Load(); alive > 0 || w.refused.IsZero() {
		r.t.Error(d.says("came late and called a revoked agent active %d times", alive))
	}
	at, _ := d.Ready()
	return max(0, at.Sub(w.refused))
}

// stillRefused asks daemons once for every revoked agent.
func (r *revokeRun) stillRefused(nodes []*node) {
	r.t.Helper()
	for _, d := range nodes {
		for _, a := range r.agents {
			if got, err := d.ask(r.t.Context(), a.id.String()); err != nil || got.code != http.StatusGone {
				r.t.Error(d.says("answers %s for the revoked %s (%v)", got, a.id, err))
			}
		}
	}
}
