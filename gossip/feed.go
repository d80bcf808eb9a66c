package gossip

import (
	"context"
	"errors"

	"github.com/cairn-overlay/cairn/internal/riblt"
	"github.com/cairn-overlay/cairn/records"
)

// feed is the server's part where it tells what it got since the client last heard,
// without knowing what the client has: the client answers with what it got, less that.
func (s *session) feed(ctx context.Context) error {
	since, err := s.snap.since(int(s.told()))
	if err != nil {
		return err
	}
	facts := factsOf(since)
	sent, err := s.send(facts)
	if err != nil {
		return err
	}
	said := done{whole: sent == len(facts), sum: s.w.sum, reach: s.w.next}
	if !said.whole {
		said.reach = uint64(since[sent].n)
	}
	if err := s.write(frameDone, said.append(nil)); err != nil {
		return err
	}
	theirs, err := s.collect(nil)
	if err != nil {
		return err
	}
	if s.sum() != theirs.sum && !(said.whole && theirs.whole) {
		err = errPartial
	}
	own, err := s.finished(ctx, err)
	if own.reach = said.reach; said.whole {
		own.reach = uint64(s.marks.reach(s.snap.next))
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

// follow is the client's part of a feed: it sends what the server may lack.
func (s *session) follow(ctx context.Context) error {
	s.marks.from = int(s.w.holds)
	theirs, err := s.collect(nil)
	if err != nil {
		return err
	}
	since, err := s.snap.since(int(s.w.holds))
	if err != nil {
		return err
	}
	extra := s.unmarked(since)
	sent, err := s.send(factsOf(extra))
	if err != nil {
		return err
	}
	if !theirs.whole || sent < len(extra) {
		err = errPartial
	}
	own, err := s.finished(ctx, err)
	if own.reach = uint64(s.marks.reach(s.snap.next)); sent < len(extra) {
		own.reach = uint64(extra[sent].n)
	}
	if werr := errors.Join(s.write(frameDone, own.append(nil)), s.flush()); werr != nil {
		return werr
	}
	if sent > 0 {
		said, rerr := s.collect(map[riblt.Item]bool{})
		if rerr != nil {
			return rerr
		}
		theirs = said
	}
	return s.agree(err, own, theirs)
}

// unmarked are those of our facts that did not come from the peer in this session.
func (s *session) unmarked(facts []numbered) (left []numbered) {
	for _, f := range facts {
		if !s.marks.has(f.n) {
			left = append(left, f)
		}
	}
	return left
}

// factsOf are the facts without their numbers.
func factsOf(some []numbered) (facts []records.Fact) {
	facts = make([]records.Fact, len(some))
	for i, f := range some {
		facts[i] = f.fact
	}
	return facts
}
