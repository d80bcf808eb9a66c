package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/metrics"
)

type topCmd struct {
	Every time.Duration `default:"2s" placeholder:"2s" help:"The time between two pictures."`
	Count int           `short:"n" placeholder:"N" help:"End after N pictures. Default: at Ctrl-C."`
}

func (topCmd) Help() string {
	return `Shows the daemon at work: state, peers, what it answered, published, passed on, reconciled and dropped since the picture before, by the second, how long answers took, and the nearest peers. On a terminal each picture takes the place of the one before; elsewhere they come one after the other.

    cairn top
    cairn top -n 1
    cairn top --every 10s -o jsonl`
}

// picture is one look at the daemon.
type picture struct {
	At    time.Time          `json:"at"`
	State string             `json:"state"`
	Peers int                `json:"peers"`
	Facts int                `json:"facts"`
	Held  int                `json:"records"`
	Rates map[string]float64 `json:"rates"` // by the second, since the picture before
	// Half and Slow are the times within which half and 99 of 100 answers came that were
	// not out of memory, since the start, in milliseconds; 0 where there were none.
	Half   float64    `json:"resolve_p50_ms"`
	Slow   float64    `json:"resolve_p99_ms"`
	Near   []api.Peer `json:"near"` // the first few peers
	status api.Status
	sums   map[string]float64
}

// Run draws until it is interrupted, or has drawn enough.
func (c *topCmd) Run(s *session) error {
	if c.Every < 100*time.Millisecond || c.Count < 0 {
		return badInput("such as --every 2s", "--every is 100ms at least, and -n not negative")
	}
	err := s.withStream(func(ctx context.Context, client *api.Client) error { return c.draw(ctx, s, client) })
	if s.ctx.Err() != nil {
		return nil // Ctrl-C is how it ends
	}
	return err
}

func (c *topCmd) draw(ctx context.Context, s *session, client *api.Client) error {
	tick := time.NewTicker(c.Every)
	defer tick.Stop()
	var last picture
	for n := 1; ; n++ {
		now, err := look(ctx, client, last)
		if err != nil {
			return err
		}
		if s.global.Output == human && isTerminal(s.env.stdout) {
			if _, err := io.WriteString(s.env.stdout, "\x1b[H\x1b[2J"); err != nil {
				return err
			}
		}
		if err := s.print(now); err != nil {
			return err
		}
		if n == c.Count {
			return nil
		}
		last = now
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// rate is a row of a picture: the sum of some metrics, by the second.
type rate struct {
	name string
	of   []string
}

// rates are the rows of a picture.
func rates() []rate {
	return []rate{
		{"resolves", []string{"cairn_resolves_total"}},
		{"publishes", []string{"cairn_publishes_total"}},
		{"renewals", []string{"cairn_renewals_total"}},
		{"revocations new here", []string{"cairn_facts_new_total"}},
		{"revocations passed on", []string{"cairn_gossip_tree_facts_total", "cairn_gossip_routed_total"}},
		{"reconciliations", []string{"cairn_gossip_sync_rounds_total", "cairn_gossip_sync_served_total"}},
		{"reconciled bytes", []string{"cairn_gossip_sync_bytes_total"}},
		{"questions asked", []string{"cairn_overlay_requests_total"}},
		{"questions answered", []string{"cairn_overlay_served_total"}},
		{"dropped", []string{"cairn_gossip_dropped_total"}},
		{"rejected", []string{"cairn_gossip_rejected_total", "cairn_overlay_puts_refused_total", "cairn_overlay_liars_total", "cairn_api_refused_total"}},
	}
}

// topPeers is how many peers a picture has.
const topPeers = 8

// look takes a picture; last is the one before, or empty.
func look(ctx context.Context, client *api.Client, last picture) (picture, error) {
	st, err := client.Status(ctx)
	if err != nil {
		return picture{}, err
	}
	peers, err := client.Peers(ctx)
	if err != nil {
		return picture{}, err
	}
	var text bytes.Buffer
	if err := client.Metrics(ctx, &text); err != nil {
		return picture{}, err
	}
	all, err := metrics.Parse(&text)
	if err != nil {
		return picture{}, err
	}
	p := picture{At: time.Now(), State: st.State, Peers: st.Peers, Facts: st.Facts, Held: st.Records, Rates: map[string]float64{},
		Half: 1000 * all.Quantile("cairn_resolve_seconds", .5), Slow: 1000 * all.Quantile("cairn_resolve_seconds", .99),
		Near: peers[:min(len(peers), topPeers)], status: st, sums: map[string]float64{}}
	for _, r := range rates() {
		for _, name := range r.of {
			sum, _ := all.Sum(name)
			p.sums[r.name] += sum
		}
		if took := p.At.Sub(last.At).Seconds(); last.sums != nil && took > 0 {
			p.Rates[r.name] = max(0, p.sums[r.name]-last.sums[r.name]) / took
		}
	}
	return p, nil
}

func (p picture) show(t *text) {
	v := statusView{Status: p.status}
	t.line("%s  %s, up %s", p.status.Peer, p.State, showSpan(span(p.status.UptimeMS)))
	t.field("because", "%s", p.status.Reason)
	t.field("peers", "%d connected, %d in the table, %d on the fact topic", p.Peers, p.status.TablePeers, p.status.GossipPeers)
	t.field("revocations", "%d held, %s", p.Facts, v.completeness())
	t.field("records", "%d held, %d kept alive here", p.Held, p.status.Published)
	t.field("disk", "%s", v.disk())
	t.field("clock", "%s", v.clock())
	if p.Half > 0 {
		t.field("answers", "half within %.1f ms, 99 of 100 within %.1f ms", p.Half, p.Slow)
	}
	t.line("")
	rows := [][]string{{"PER SECOND", "NOW", "SINCE THE START"}}
	for _, r := range rates() {
		now := "-"
		if rate, ok := p.Rates[r.name]; ok {
			now = fmt.Sprintf("%.1f", rate)
		}
		rows = append(rows, []string{r.name, now, fmt.Sprintf("%.0f", p.sums[r.name])})
	}
	t.table(rows)
	if len(p.Near) > 0 {
		t.line("")
		rows = [][]string{{"PEER", "ROLE", "DIRECTION", "RTT", "SINCE", "VERSION"}}
		for _, one := range p.Near {
			rows = append(rows, []string{one.ID, showRole(one), one.Direction, showRTT(one.RTTMS), showSpan(span(one.SinceMS)), strings.TrimPrefix(one.Agent, "cairn/")})
		}
		t.table(rows)
	}
}
