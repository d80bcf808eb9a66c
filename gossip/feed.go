package gossip

import (
	"context"
	"errors"

	"github.com/cairn-overlay/cairn/internal/riblt"
	"github.com/cairn-overlay/cairn/records"
)

// fitting is how many of the facts fit into one turn.
func fitting(facts []records.Fact) uint64 {
	total := 0
	for i, f := range facts {
		if total += f.Size(); total > factsBudget {
			return uint64(i)
		}
	}
	return uint64(len(facts))
}

// feed is the server's part where it tells what it got since the client last heard,
// without knowing what the client has: the client answers with what it got, less that.
func (s *session) feed(ctx context.Context) error {
	told := s.told()
	next := told + s.w.count
	facts := s.snap.facts(int(told), int(next))
	if uint64(len(facts)) != s.w.count {
		return errChanged
	}
	if _, err := s.send(facts); err != nil {
		return err
	}
	theirs, err := s.collect(nil)
	if err != nil {
		return err
	}
	if s.sum() != theirs.sum && (next < s.w.size || !theirs.whole) {
		err = errPartial
	}
	own, err := s.finished(ctx, err)
	if own.reach = next; next == s.w.size {
		own.reach = uint64(s.marks.reach(int(next)))
	}
	if s.arrived > 0 { // or else the client has gone
		if werr := s.write(frameDone, own.append(nil)); err == nil {
			err = werr
		}
		if werr := s.flush(); err == nil {
			err = werr
		}
	}
	return s.agree(err, own, theirs)
}

// follow is the client's part of a feed.
func (s *session) follow(ctx context.Context) error {
	s.marks.from = int(s.w.holds)
	for left := int(s.w.count); left > 0; {
		kind, payload, err := s.read()
		if err != nil {
			return unexpected(err)
		}
		if kind != frameFacts {
			return junkf("frame %d in place of facts", kind)
		}
		n, err := s.take(payload, nil)
		if err != nil {
			return err
		}
		if left -= n; left < 0 {
			return junkf("%d facts more than were announced", -left)
		}
	}
	return s.answer(ctx)
}

// answer sends what the server may lack after a feed, and ends the session.
func (s *session) answer(ctx context.Context) error {
	extra, reach := s.unmarked(int(s.w.holds))
	sent, err := s.send(extra)
	if err != nil {
		return err
	}
	told := s.told() + s.w.count
	if told < s.w.size || sent < len(extra) {
		err = errPartial
	}
	own, err := s.finished(ctx, err)
	if own.reach = reach; sent < len(extra) {
		own.reach = uint64(max(s.snap.of.place(extra[sent].ID()), 0))
	}
	if werr := errors.Join(s.write(frameDone, own.append(nil)), s.flush()); werr != nil {
		return werr
	}
	theirs := done{whole: true, sum: s.w.sum, reach: told}
	if sent > 0 {
		var rerr error
		if theirs, rerr = s.collect(map[riblt.Item]bool{}); rerr != nil {
			return rerr
		}
	}
	return s.agree(err, own, theirs)
}

// unmarked returns the facts of the snapshot from a place on that did not come from
// the peer in this session, and how many of our first facts the peer holds with them.
func (s *session) unmarked(from int) (facts []records.Fact, reach uint64) {
	for i, f := range s.snap.facts(from, s.snap.log.size) {
		if !s.marks.has(from + i) {
			facts = append(facts, f)
		}
	}
	return facts, uint64(s.marks.reach(s.snap.log.size))
}
