package api

import "github.com/cairn-overlay/cairn/records"

// watch streams server-sent events: what becomes known of one agent, or, without
// one, every tombstone; those go on after the cursor in Last-Event-ID.
func (s *server) watch(c *call) error {
	if c.params.Has("agent") {
		if c.params.Has("after") {
			return problem("parameter", "after: only tombstones have a cursor; it does not go with agent")
		}
		id, err := records.ParseAgentID(c.params.Get("agent"))
		if err != nil {
			return err
		}
		return s.watchAgent(c, id)
	}
	cursor := c.params.Get("after")
	if id := c.r.Header.Get("Last-Event-ID"); id != "" {
		cursor = id // what a browser adds by itself when it comes back
	}
	after, err := parseCursor(cursor)
	if err != nil {
		return err
	}
	st, err := s.openStream(c, streamMode{media: typeSSE, live: true, beat: true, from: after, cursors: true})
	if err != nil {
		return err
	}
	defer st.close()
	return s.sendTombstones(st, after, true)
}

// watchAgent numbers the events of one connection. They are not resumed: the node
// begins with how the agent stands, so that who comes back has missed nothing
// that still holds. After a revocation there is nothing more to come.
func (s *server) watchAgent(c *call, id records.AgentID) error {
	st, err := s.openStream(c, streamMode{media: typeSSE, live: true, beat: true})
	if err != nil {
		return err
	}
	defer st.close()
	var n uint64
	var last records.Status
	for res, err := range s.node.Watch(st.ctx, id) {
		if err != nil {
			return st.fail(err)
		}
		n, last = n+1, res.Status
		if !st.send(frame{id: n, event: "resolution", data: complete(res)}) {
			return nil
		}
	}
	if last == records.StatusRevoked && !st.stopping() {
		return nil
	}
	return st.end()
}
