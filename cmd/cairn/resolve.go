package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

type resolveCmd struct {
	IDs    []string `arg:"" name:"id" help:"IDs or DIDs, or names of agents whose keys are here; - reads them from standard input, one per line."`
	Policy string   `placeholder:"POLICY" help:"cache-only, cache-first (default), first, quorum=N, most-recent or paths=N."`
	Paths  int      `placeholder:"N" help:"Short for --policy paths=N: N lookups that share no peer, 2 to 8."`
	Trace  bool     `help:"Show whom the node asked, and what each answered."`
}

func (resolveCmd) Help() string {
	return `Finds out where an agent is. The answer says how good it is: its status, where it comes from, how old it is, and how many nodes confirmed it. Only "active" means: found, its lease holds, and known to be unrevoked.

    cairn resolve bafyreig...
    cairn resolve did:cairn:bafyreig... --policy most-recent --trace
    cairn resolve - -o jsonl < ids.txt
    cairn resolve bafyreig... -o raw | cairn record verify -

Policies: cache-only asks nobody; cache-first asks where nothing fresh is known here; first takes the first valid answer; quorum=N waits until N nodes agree; most-recent hears all holders; paths=N does so by N lookups that share no peer, so that whoever misleads one misleads no other, and says what each found. Exit code by status: 0 active, 3 unknown, 4 revoked, 5 expired, 7 unverified or stale, 8 conflict; of several agents, that of the first one that is not active. With -o raw it prints the record's own bytes, the tombstone's, or in a conflict those of the proof: the two rotations that contradict each other.`
}

func (resolveCmd) rawDoc() string {
	return "the bytes of the record, the tombstone, or the proof of a conflict"
}

// Run resolves one agent, or many.
func (c *resolveCmd) Run(s *session) error {
	if c.Paths != 0 {
		if c.Policy != "" {
			return badInput("give one of them", "--paths is a policy, and so is --policy")
		}
		c.Policy = api.Policy{Mode: api.Paths, Paths: c.Paths}.String()
	}
	policy, err := api.ParsePolicy(c.Policy)
	if err != nil {
		return usage(err, "such as --policy most-recent, or --policy quorum=3")
	}
	if len(c.IDs) > 1 || c.IDs[0] == "-" {
		return c.resolveMany(s, policy)
	}
	id, err := s.subject(c.IDs[0])
	if err != nil {
		return err
	}
	return s.withDaemon(func(ctx context.Context, client *api.Client) error {
		res, err := client.Resolve(ctx, id, policy)
		if err != nil {
			return err
		}
		if err := s.print(resolutionView{res, c.Trace}); err != nil {
			return err
		}
		return codeOfStatus(res.Status).asError()
	})
}

type resolutionView struct {
	api.Resolution
	trace bool
}

func (v resolutionView) raw() []byte {
	switch {
	case v.Tombstone != nil:
		return v.Tombstone.Bytes()
	case v.Conflict != nil:
		return v.Conflict.Bytes()
	case v.Record != nil:
		return v.Record.Bytes()
	}
	return nil
}

func (v resolutionView) show(t *text) {
	t.line("%s  %s", v.ID, v.Status)
	t.field("because", "%s", v.because())
	if v.Record != nil {
		showLocation(t, v.Record.Location())
		t.field("lease", "until %s, sequence %d", showTime(v.Record.NotAfter()), v.Record.Sequence())
	}
	t.field("answer", "%s", v.provenance())
	for i, p := range v.Paths {
		t.field("path "+itoa(i+1), "%s", pathWords(p))
	}
	if v.trace {
		v.showPath(t)
	}
}

// because says in words why the agent is not active.
func (v resolutionView) because() string {
	switch {
	case v.Reason != "":
		return v.Reason
	case v.Status == records.StatusRevoked:
		return "its owner ended it; nothing undoes that"
	case v.Conflict != nil:
		return contradiction(v.Conflict)
	case v.Status == records.StatusUnknown:
		return "nobody who was asked knows of it"
	}
	return ""
}

func (v resolutionView) provenance() string {
	text := fmt.Sprintf("from %s in %.1f ms", v.Source, v.ElapsedMS)
	if v.Confirmations > 0 {
		text += fmt.Sprintf(", confirmed by %d", v.Confirmations)
	}
	if age := time.Duration(v.AgeMS) * time.Millisecond; age >= time.Second {
		text += ", " + showSpan(age) + " old"
	}
	return text
}

// pathWords says what one path found, and that it is something else than all together did.
func pathWords(p api.PathAnswer) string {
	found := p.Answer
	if p.Sequence > 0 {
		found = fmt.Sprintf("%s, sequence %d", p.Answer, p.Sequence)
	}
	text := fmt.Sprintf("%s, from %d of %s", found, p.Answered, count(p.Asked, "peer"))
	if !p.Agrees {
		text += "; does not agree"
	}
	return text
}

func (v resolutionView) showPath(t *text) {
	if len(v.Path) == 0 {
		t.field("path", "nobody was asked")
	}
	for i, h := range v.Path {
		way := ""
		if h.Path > 0 {
			way = "  on path " + itoa(h.Path)
		}
		if h.Via != "" {
			way += "  by way of " + h.Via
		}
		t.field("hop "+itoa(i+1), "%s  distance %d  %s  %.1f ms%s", h.Peer, h.Distance, h.Answer, h.RTTMS, way)
	}
}

// showLocation writes where an agent is and what it offers.
func showLocation(t *text, l records.Location) {
	for _, e := range l.Endpoints {
		t.field("endpoint", "%s  %s", e.URL, e.Protocol)
	}
	for _, c := range l.Capabilities {
		t.field("offers", "%s", c)
	}
	if l.Card != nil {
		t.field("card", "%s", words(l.Card.URL, l.Card.MediaType, fmt.Sprintf("sha256 %x", l.Card.Digest)))
	}
	for _, c := range l.Code {
		t.field("code", "%s", words(c.Type, fmt.Sprintf("sha256 %x", c.Digest), c.URL))
	}
	t.field("region", "%s", l.Region)
	for _, name := range slices.Sorted(maps.Keys(l.Extensions)) {
		t.field("extension", "%s, %s", name, count(len(l.Extensions[name]), "byte"))
	}
}
