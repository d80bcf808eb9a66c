package overlay

import (
	"context"
	"net/netip"
	"sync"
)

// sourceKey is where a context has the group of addresses that a put comes from.
type sourceKey struct{}

// WithSource returns a context that says from which group of addresses, a /24 or a /48, a
// value comes: the context of [Values].Put.
func WithSource(ctx context.Context, group netip.Prefix) context.Context {
	return context.WithValue(ctx, sourceKey{}, group)
}

// Source returns the group of addresses that a value comes from which is being put. It is
// invalid where that is not known, such as of a peer behind a relay, or of what is our own.
func Source(ctx context.Context) netip.Prefix {
	group, _ := ctx.Value(sourceKey{}).(netip.Prefix)
	return group
}

// maxSources bounds the puts of which it is known where they come from.
const maxSources = 1024

// sources are the groups that puts come from, from when their request is read until kad-dht
// hands over its value, which knows of no peer. Where one key is put by two at once the
// one may count as the other's.
type sources struct {
	mu sync.Mutex
	by map[string]netip.Prefix
}

// note says where a put of a key comes from.
func (s *sources) note(key string, group netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil || len(s.by) >= maxSources { // most came to nothing
		s.by = make(map[string]netip.Prefix)
	}
	s.by[key] = group
}

// take returns what was noted last, and forgets it.
func (s *sources) take(key string) netip.Prefix {
	s.mu.Lock()
	defer s.mu.Unlock()
	group := s.by[key]
	delete(s.by, key)
	return group
}
