package api

import (
	"strconv"

	"github.com/cairn-overlay/cairn/records"
)

// postTombstone revokes. By the time it runs, the token has been checked and the
// body read within its limit.
func (s *server) postTombstone(c *call) error {
	t, err := records.OpenTombstone(c.body)
	if err != nil {
		return err
	}
	ctx, cancel := s.context(c)
	defer cancel()
	res, err := s.node.Revoke(ctx, t)
	if err != nil {
		return err
	}
	return s.sendJSON(c, storedCode(res.Partial), res)
}

// postRotations hands an agent over to new keys. By the time it runs, the token has been
// checked and the body read within its limit.
func (s *server) postRotations(c *call) error {
	chain, err := records.OpenChain(c.body)
	if err != nil {
		return err
	}
	ctx, cancel := s.context(c)
	defer cancel()
	res, err := s.node.Rotate(ctx, chain)
	if err != nil {
		return s.provenDead(c, chain.ID(), err)
	}
	return s.sendJSON(c, storedCode(res.Partial), res)
}

// getTombstones streams the held tombstones after a cursor, and with follow the new ones.
func (s *server) getTombstones(c *call) error {
	st, after, follow, err := s.openFacts(c)
	if err != nil {
		return err
	}
	defer st.close()
	return s.sendTombstones(st, after, follow)
}

// sendTombstones moves events from the node to the stream.
func (s *server) sendTombstones(st *stream, after uint64, follow bool) error {
	for ev, err := range s.node.Facts(st.ctx, after, follow) {
		if err != nil {
			return st.fail(err)
		}
		t, ok := ev.Fact.(*records.Tombstone)
		if !ok {
			continue
		}
		out := TombstoneEvent{Cursor: ev.Cursor, ID: ev.ID, At: ev.At, Source: ev.Source, Tombstone: t, Bytes: t.Bytes()}
		if !st.send(frame{id: ev.Cursor, event: "tombstone", data: out}) {
			return nil
		}
	}
	return st.end()
}

// parseCursor reads a cursor; the empty string is the start.
func parseCursor(v string) (uint64, error) {
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != v {
		return 0, problem("parameter", "after %.32q: want the cursor of an earlier event", v)
	}
	return n, nil
}
