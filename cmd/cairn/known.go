package main

import (
	"context"
	"fmt"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

// facts returns what the daemon knows of subjects, and whether that is enough to call those
// unrevoked of which it knows nothing; without a daemon it is not. The caller calls done.
func (s *session) facts() (known func(records.AgentID) records.Fact, enough func() bool, done func()) {
	client, err := s.dial()
	if err != nil {
		return func(records.AgentID) records.Fact { return nil }, func() bool { return false }, func() {}
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.global.Timeout)
	facts, ready := &factsOf{ctx: ctx, client: client}, client.Ready(ctx) == nil
	enough = func() bool { return ready && facts.err == nil && facts.unsure == "" }
	return facts.known, enough, func() { cancel(); _ = client.Close() }
}

// factsOf asks a daemon what it knows of subjects, each once.
type factsOf struct {
	ctx    context.Context
	client *api.Client
	asked  map[records.AgentID]records.Fact
	unsure string // why the answers are no proof
	err    error
}

func (f *factsOf) known(id records.AgentID) records.Fact {
	if fact, ok := f.asked[id]; ok || f.err != nil {
		return fact
	}
	if f.asked == nil {
		f.asked = map[records.AgentID]records.Fact{}
	}
	policy, err := api.ParsePolicy("cache-only")
	if err != nil {
		f.err = err
		return nil
	}
	res, err := f.client.Resolve(f.ctx, id, policy)
	switch {
	case err != nil:
		f.err = fmt.Errorf("ask what is known of %s: %w", id, err)
	case res.Tombstone != nil:
		f.asked[id] = res.Tombstone
		return res.Tombstone
	case res.Conflict != nil:
		f.asked[id] = res.Conflict
		return res.Conflict
	case res.Rotations != nil:
		f.asked[id] = res.Rotations
		return res.Rotations
	case res.Status == records.StatusUnverified:
		f.unsure = fmt.Sprintf("the daemon's facts are not complete for %s", id)
	case res.Status == records.StatusConflict:
		f.unsure = fmt.Sprintf("the keys of %s contradict themselves", id)
	}
	f.asked[id] = nil
	return nil
}
