package api

import (
	"fmt"

	"github.com/cairn-overlay/cairn/records"
)

// getFacts streams the held facts after a cursor, and with follow the new ones.
func (s *server) getFacts(c *call) error {
	st, after, follow, err := s.openFacts(c)
	if err != nil {
		return err
	}
	defer st.close()
	for ev, err := range s.node.Facts(st.ctx, after, follow) {
		if err != nil {
			return st.fail(err)
		}
		ev.Kind, ev.Bytes = kindOf(ev.Fact), ev.Fact.Bytes()
		if !st.send(frame{id: ev.Cursor, event: "fact", data: ev}) {
			return nil
		}
	}
	return st.end()
}

// openFacts opens a stream of facts: after which cursor, and whether it goes on.
func (s *server) openFacts(c *call) (st *stream, after uint64, follow bool, err error) {
	if after, err = parseCursor(c.params.Get("after")); err != nil {
		return nil, 0, false, err
	}
	if follow, err = c.flag("follow"); err != nil {
		return nil, 0, false, err
	}
	st, err = s.openStream(c, streamMode{media: typeNDJSON, live: follow, beat: follow, from: after, cursors: true})
	return st, after, follow, err
}

// postFacts takes facts that somebody carried here: canonical bytes, one behind the
// other. What does not verify is counted, and the rest is taken.
func (s *server) postFacts(c *call) error {
	facts, refused, why, err := cutFacts(c.body)
	if err != nil {
		return err
	}
	ctx, cancel := s.context(c)
	defer cancel()
	res, err := s.node.Import(ctx, facts)
	if err != nil {
		return err
	}
	res.Refused = refused
	if why != nil {
		res.Reason = why.Error()
	}
	return s.sendJSON(c, 200, res)
}

// cutFacts verifies the items of a body; why is what was wrong with the first that was
// refused.
func cutFacts(b []byte) (facts []records.Fact, refused int, why, err error) {
	for len(b) > 0 {
		item, ok := records.CutItem(b)
		if !ok {
			return nil, 0, nil, fmt.Errorf("%w: no item of CBOR behind %d facts", records.ErrMalformed, len(facts)+refused)
		}
		b = b[len(item):]
		f, err := records.OpenFact(item)
		if err != nil {
			refused++
			if why == nil {
				why = err
			}
			continue
		}
		facts = append(facts, f)
	}
	return facts, refused, why, nil
}
