package node

import (
	"context"
	"time"

	"github.com/cairn-overlay/cairn/node/traces"
	"github.com/cairn-overlay/cairn/records"
)

// openTraces begins to send spans, where somebody collects them.
func (n *Node) openTraces() (err error) {
	if n.cfg.Traces == "" {
		return nil
	}
	n.traces, err = traces.New(traces.Config{
		Endpoint: n.cfg.Traces, Logger: n.log,
		Resource: []traces.Attribute{
			{Key: "service.name", Value: "cairn"}, {Key: "service.version", Value: n.cfg.Version},
			{Key: "service.instance.id", Value: n.host.ID().String()}, {Key: "service.namespace", Value: n.cfg.Network},
		},
	})
	if err == nil {
		n.onClose(n.traces.Close)
	}
	return err
}

// traceWarm records an answer out of memory, which took less than there is a clock for, where
// it is a part of something else.
func (n *Node) traceWarm(ctx context.Context, res *Resolution) {
	if n.traces == nil {
		return
	}
	endResolve(n.traces.Within(ctx, "cairn.resolve"), res.ID, Policy{}, res, nil)
}

// endResolve ends the span of an answer; each question of its lookup is a part.
func endResolve(call *traces.Call, id records.AgentID, policy Policy, res *Resolution, err error) {
	if !call.Recorded() {
		return
	}
	about := []traces.Attribute{{Key: "cairn.agent", Value: id.String()}}
	if policy.Mode != PolicyCacheFirst {
		about = append(about, traces.Attribute{Key: "cairn.policy", Value: string(policy.Mode)})
	}
	if err == nil {
		about = append(about, traces.Attribute{Key: "cairn.status", Value: string(res.Status)}, traces.Attribute{Key: "cairn.source", Value: res.Source},
			traces.Attribute{Key: "cairn.confirmations", Value: res.Confirmations})
	}
	var hops []traces.Span
	for _, h := range res.Path {
		hop := traces.Span{Name: "cairn.ask", Begin: h.At.Add(-h.RTT), End: h.At, Attributes: []traces.Attribute{
			{Key: "cairn.peer", Value: h.Peer.String()}, {Key: "cairn.distance", Value: h.Distance}, {Key: "cairn.answer", Value: h.Answer},
		}}
		if h.Via != "" {
			hop.Attributes = append(hop.Attributes, traces.Attribute{Key: "cairn.via", Value: h.Via.String()})
		}
		hops = append(hops, hop)
	}
	call.End(err, about, hops)
}

// endAnnouncement ends the span of a publish that this node signed.
func endAnnouncement(call *traces.Call, done Announcement, err error) {
	if done.Record == nil {
		call.End(err, nil, nil)
		return
	}
	endWrite(call, done.Record.ID(), done.Receipt, err, traces.Attribute{Key: "cairn.sequence", Value: int(done.Record.Sequence())})
}

// endWrite ends the span of a write, with what became of it.
func endWrite(call *traces.Call, id records.AgentID, r Receipt, err error, more ...traces.Attribute) {
	if !call.Recorded() {
		return
	}
	call.End(err, append(more, append(counts(r), traces.Attribute{Key: "cairn.agent", Value: id.String()})...), nil)
}

// endEvidence ends the span of a receipt that was begun at a time; each peer that was asked is
// a part.
func endEvidence(call *traces.Call, begin time.Time, r Receipt, err error) {
	if !call.Recorded() {
		return
	}
	var peers []traces.Span
	for _, p := range r.Peers {
		end := begin.Add(p.AckedAt)
		if !p.Acked {
			end = begin.Add(r.Elapsed)
		}
		span := traces.Span{Name: "cairn.store", Begin: end.Add(-p.RTT), End: end, Attributes: []traces.Attribute{
			{Key: "cairn.peer", Value: p.Peer.String()}, {Key: "cairn.distance", Value: p.Distance},
			{Key: "cairn.acked", Value: p.Acked}, {Key: "cairn.read_back", Value: p.ReadBack}, {Key: "cairn.replaced", Value: p.Replaced},
		}}
		if !p.Acked {
			span.Err = p.Err
		}
		peers = append(peers, span)
	}
	call.End(err, counts(r), peers)
}

func counts(r Receipt) []traces.Attribute {
	return []traces.Attribute{
		{Key: "cairn.targets", Value: r.Targets}, {Key: "cairn.acks", Value: r.Acks}, {Key: "cairn.read_backs", Value: r.ReadBack},
	}
}
