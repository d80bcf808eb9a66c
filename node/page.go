package node

import "github.com/cairn-overlay/cairn/node/web"

// PageAnswer is an answer as the live page draws it; nameOf says what a peer is called
// there.
func PageAnswer(r Resolution, nameOf func(peer string) string) web.Answer {
	out := web.Answer{
		ID: r.ID.String(), Turn: web.Turn([]byte(r.ID.Key())), Status: string(r.Status), Source: r.Source, Reason: r.Reason,
		Elapsed: milliseconds(r.Elapsed), Path: []web.Hop{},
	}
	if r.Record != nil && r.Tombstone == nil {
		for _, e := range r.Record.Location().Endpoints {
			out.URLs = append(out.URLs, e.URL)
		}
	}
	for _, h := range r.Path {
		hop := web.Hop{Node: nameOf(h.Peer.String()), Distance: h.Distance, Answer: h.Answer, RTT: milliseconds(h.RTT)}
		if h.Via != "" {
			hop.Via = nameOf(h.Via.String())
		}
		out.Path = append(out.Path, hop)
	}
	return out
}
