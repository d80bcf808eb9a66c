package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"syscall"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/gateway"
	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
)

// control is the node as the API sees it.
type control struct{ n *Node }

// Resolve answers where an agent is.
func (c control) Resolve(ctx context.Context, id records.AgentID, p api.Policy) (api.Resolution, error) {
	policy := Policy{Mode: PolicyMode(p.Mode), Quorum: p.Quorum, Paths: p.Paths}
	if p.Mode == api.CacheFirst {
		policy.Mode = PolicyCacheFirst
	}
	res, err := c.n.Resolve(ctx, id, policy)
	if err != nil {
		return api.Resolution{}, outward(err)
	}
	return resolutionDTO(res), nil
}

func resolutionDTO(r Resolution) api.Resolution {
	out := api.Resolution{
		ID: r.ID, Status: r.Status, Source: r.Source, AgeMS: r.Age.Milliseconds(), Confirmations: r.Confirmations,
		ElapsedMS: milliseconds(r.Elapsed), Path: []api.Hop{}, Reason: r.Reason, Record: r.Record, Tombstone: r.Tombstone, Conflict: r.Conflict,
	}
	out.Rotations = r.Rotations
	if r.Lineage != nil {
		out.LineageBytes = r.Lineage.Bytes()
	}
	for _, h := range r.Path {
		hop := api.Hop{Peer: h.Peer.String(), Path: h.Path, Distance: h.Distance, Answer: h.Answer, RTTMS: milliseconds(h.RTT)}
		if h.Via != "" {
			hop.Via = h.Via.String()
		}
		out.Path = append(out.Path, hop)
	}
	for _, p := range r.Paths {
		out.Paths = append(out.Paths, api.PathAnswer(p))
	}
	return out
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Put publishes a record that its agent signed elsewhere.
func (c control) Put(ctx context.Context, rec *records.Record) (api.PublishResult, error) {
	receipt, err := c.n.Publish(ctx, rec)
	return publishDTO(rec, "", receipt, err)
}

// publishDTO turns a partial write into a result that says so; other errors stay
// errors.
func publishDTO(rec *records.Record, name string, receipt Receipt, err error) (api.PublishResult, error) {
	reason, err := partial(err)
	if err != nil {
		return api.PublishResult{}, outward(err)
	}
	return api.PublishResult{
		ID: rec.ID(), Name: name, Sequence: rec.Sequence(), NotAfter: rec.NotAfter(),
		Targets: receipt.Targets, Acks: receipt.Acks, ReadBack: receipt.ReadBack, Partial: reason != "", Reason: reason,
	}, nil
}

// partial splits off the errors that mean: stored here, but by too few others.
func partial(err error) (reason string, rest error) {
	var few *overlay.PartialError
	if errors.As(err, &few) || errors.Is(err, overlay.ErrNoPeers) {
		return err.Error(), nil
	}
	return "", err
}

// outward names an error in the API's own words, so that it becomes the right
// status there.
func outward(err error) error {
	for _, m := range []struct{ inner, outer error }{
		{gateway.ErrPrivate, api.ErrPrivate},
		{gateway.ErrNotJSON, api.ErrInvalid}, {gateway.ErrTooLarge, api.ErrInvalid}, {gateway.ErrUnrecognised, api.ErrInvalid},
		{gateway.ErrNoLocation, api.ErrInvalid}, {gateway.ErrInvalid, api.ErrInvalid}, {gateway.ErrRevoked, api.ErrInvalid},
		{gateway.ErrTemplate, api.ErrInvalid}, {gateway.ErrList, api.ErrInvalid}, {ErrUsage, api.ErrInvalid},
		{keyring.ErrNoSecret, api.ErrKey}, {keyring.ErrPermissions, api.ErrKey}, {keyring.ErrUnreadable, api.ErrKey},
		{keyring.ErrMalformed, api.ErrKey}, {keyring.ErrWrongKey, api.ErrKey}, {keyring.ErrLocked, api.ErrKey},
		{keyring.ErrNotFound, api.ErrNotFound}, {ErrNotFound, api.ErrNotFound}, {ErrNotReady, api.ErrNotReady}, {keyring.ErrName, api.ErrInvalid},
		{store.ErrFull, api.ErrNotReady}, {store.ErrBroken, api.ErrNotReady},
		{syscall.ENOSPC, api.ErrNotReady},
	} {
		if errors.Is(err, m.inner) {
			return named{err, m.outer}
		}
	}
	return err
}

// named is an error that also is another one, and reads as before.
type named struct {
	error
	also error
}

// Unwrap gives both to errors.Is and errors.As.
func (e named) Unwrap() []error { return []error{e.error, e.also} }

// Publish imports a document and publishes it as one of this node's agents.
func (c control) Publish(ctx context.Context, req api.PublishRequest) (api.PublishResult, error) {
	doc, err := gateway.Import(req.Document, c.importOptions(req))
	if err != nil {
		return api.PublishResult{}, outward(err)
	}
	return c.publish(ctx, req, doc)
}

// importOptions accepts private endpoints where the node itself is only there.
func (c control) importOptions(req api.PublishRequest) gateway.Options {
	return gateway.Options{AllowPrivate: req.AllowPrivate || c.n.cfg.preset.Private}
}

func (c control) publish(ctx context.Context, req api.PublishRequest, doc gateway.Imported) (api.PublishResult, error) {
	doc.Location.Code = append(doc.Location.Code, req.Code...)
	if len(req.Claims) > 0 {
		var err error
		if doc.Location, err = doc.Location.WithClaims(req.Claims...); err != nil {
			return api.PublishResult{}, err
		}
	}
	agent, err := c.publisher(req.Agent, doc.Title)
	if err != nil {
		return api.PublishResult{}, outward(err)
	}
	done, err := c.n.PublishAgent(ctx, agent.Name, doc.Location, req.Lease)
	if err != nil && done.Record == nil && req.Agent == "" {
		err = errors.Join(err, c.n.keys.Remove(agent.Name)) // nobody has heard of it
	}
	out, err := publishDTO(done.Record, agent.Name, done.Receipt, err)
	if err != nil {
		return out, err
	}
	out.Shape = doc.Shape
	for _, f := range doc.Findings {
		if f.Severity == gateway.Note {
			continue
		}
		out.Warnings = append(out.Warnings, f.String())
	}
	return out, nil
}

// publisher is the agent of that name, ID or DID, or a new one where none is named.
func (c control) publisher(nameOrID, title string) (keyring.Agent, error) {
	switch {
	case c.n.keys == nil:
		return keyring.Agent{}, fmt.Errorf("without a data directory there are no agents: %w", ErrUsage)
	case nameOrID == "":
		return c.newAgent(title)
	}
	return c.n.keys.Lookup(nameOrID)
}

// newAgent makes keys under a name that follows from the document's title.
func (c control) newAgent(title string) (keyring.Agent, error) {
	base := agentName(title)
	for i := 1; ; i++ {
		name := base
		if i > 1 {
			name = fmt.Sprintf("%s-%d", base, i)
		}
		agent, err := c.n.keys.New(name, keyring.NewOptions{Now: c.n.clock.Now(), Work: records.DefaultWork})
		if !errors.Is(err, keyring.ErrExists) {
			return agent, err
		}
	}
}

// PublishAll publishes every entry of an array or catalog under a new agent each.
func (c control) PublishAll(ctx context.Context, req api.PublishRequest) iter.Seq2[api.PublishOutcome, error] {
	return func(yield func(api.PublishOutcome, error) bool) {
		entries, err := gateway.Split(req.Document)
		if err != nil {
			yield(api.PublishOutcome{}, outward(err))
			return
		}
		for i, e := range entries {
			out := api.PublishOutcome{Index: i, Total: len(entries), Title: e.Title}
			one := req
			one.Agent, one.Document = "", e.Document
			res, err := c.Publish(ctx, one)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				out.Error = err.Error()
			} else {
				out.Result = &res
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}

// Withdraw stops renewing the agent's lease.
func (c control) Withdraw(ctx context.Context, id records.AgentID) (api.WithdrawResult, error) {
	end, err := c.n.Withdraw(ctx, id)
	return api.WithdrawResult{ID: id, NotAfter: end}, outward(err)
}

// Revoke stores, spreads and publishes a tombstone.
func (c control) Revoke(ctx context.Context, t *records.Tombstone) (api.RevokeResult, error) {
	receipt, err := c.n.Revoke(ctx, t)
	reason, err := partial(err)
	if err != nil {
		return api.RevokeResult{}, outward(err)
	}
	return api.RevokeResult{
		ID: t.ID(), Targets: receipt.Targets, Acks: receipt.Acks, ReadBack: receipt.ReadBack,
		GossipPeers: receipt.GossipPeers, Partial: reason != "", Reason: reason,
	}, nil
}

// Rotate stores, spreads and publishes rotations.
func (c control) Rotate(ctx context.Context, chain *records.Chain) (api.RevokeResult, error) {
	receipt, err := c.n.Rotate(ctx, chain)
	reason, err := partial(err)
	if err != nil {
		return api.RevokeResult{}, outward(err)
	}
	return api.RevokeResult{
		ID: chain.ID(), Targets: receipt.Targets, Acks: receipt.Acks, ReadBack: receipt.ReadBack,
		GossipPeers: receipt.GossipPeers, Partial: reason != "", Reason: reason,
	}, nil
}

// Import takes facts that somebody carried here.
func (c control) Import(ctx context.Context, facts []records.Fact) (api.ImportResult, error) {
	res, err := c.n.importFacts(ctx, facts)
	return res, outward(err)
}

// Backup writes the node's store as it is now.
func (c control) Backup(ctx context.Context, w io.Writer) error { return outward(c.n.Backup(ctx, w)) }

// Facts yields the facts in order of arrival.
func (c control) Facts(ctx context.Context, after uint64, follow bool) iter.Seq2[api.FactEvent, error] {
	return func(yield func(api.FactEvent, error) bool) {
		for f, err := range c.n.Facts(ctx, after, follow) {
			if err != nil {
				yield(api.FactEvent{}, outward(err))
				return
			}
			if !yield(api.FactEvent{Cursor: f.Cursor, ID: f.Fact.ID(), At: f.At, Source: f.Source, Fact: f.Fact}, nil) {
				return
			}
		}
	}
}

// Watch yields what becomes known of one agent.
func (c control) Watch(ctx context.Context, id records.AgentID) iter.Seq2[api.Resolution, error] {
	return func(yield func(api.Resolution, error) bool) {
		for r, err := range c.n.Watch(ctx, id) {
			if !yield(resolutionDTO(r), err) {
				return
			}
		}
	}
}

// Status says how the node stands.
func (c control) Status(context.Context) api.Status { return c.n.Status() }

// Peers lists the connected peers.
func (c control) Peers(context.Context) []api.Peer { return c.n.Peers() }

// Stop asks the daemon to shut down.
func (c control) Stop(context.Context) error { c.n.AskStop(); return nil }

// agentName turns a document's title into a name for the keyring.
func agentName(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 48 {
			break
		}
	}
	if name := strings.Trim(b.String(), "-"); name != "" {
		return name
	}
	return "agent"
}

// peerSet makes a list of peers one can ask.
func peerSet(ps []peer.ID) map[peer.ID]bool {
	set := make(map[peer.ID]bool, len(ps))
	for _, p := range ps {
		set[p] = true
	}
	return set
}
