package traces

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
)

type (
	traceID [16]byte
	spanID  [8]byte
)

// newTraceID and newSpanID draw IDs; all zeros would be none.
func newTraceID() (id traceID) {
	binary.BigEndian.PutUint64(id[:], rand.Uint64()|1)
	binary.BigEndian.PutUint64(id[8:], rand.Uint64())
	return id
}

func newSpanID() (id spanID) {
	binary.BigEndian.PutUint64(id[:], rand.Uint64()|1)
	return id
}

// scope is what a context carries: the span that a call within it belongs to.
type scope struct {
	trace    traceID
	span     spanID
	remote   bool // of another process
	recorded bool
}

type scopeKey struct{}

func scopeOf(ctx context.Context) *scope {
	sc, _ := ctx.Value(scopeKey{}).(*scope)
	return sc
}

// Incoming lets the calls of a handler belong to the trace that a request names.
func Incoming(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if values := r.Header.Values("Traceparent"); len(values) == 1 {
			if sc, ok := parseParent(values[0]); ok {
				r = r.WithContext(context.WithValue(r.Context(), scopeKey{}, &sc))
			}
		}
		h.ServeHTTP(w, r)
	})
}

// parseParent reads a traceparent header, section 3.2 of W3C Trace Context: what is not one
// is as if it were not there, and of a later version the beginning is read.
func parseParent(text string) (sc scope, ok bool) {
	// version-trace-span-flags: 2, 32, 16 and 2 digits
	if len(text) < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return scope{}, false
	}
	var version, flags [1]byte
	for _, part := range []struct {
		into []byte
		text string
	}{{version[:], text[:2]}, {sc.trace[:], text[3:35]}, {sc.span[:], text[36:52]}, {flags[:], text[53:55]}} {
		for _, c := range []byte(part.text) {
			if c >= 'A' && c <= 'F' {
				return scope{}, false
			}
		}
		if _, err := hex.Decode(part.into, []byte(part.text)); err != nil {
			return scope{}, false
		}
	}
	switch {
	case version[0] == 0xff, sc.trace == traceID{}, sc.span == spanID{}:
		return scope{}, false
	case len(text) > 55 && (version[0] == 0 || text[55] != '-'):
		return scope{}, false
	}
	sc.remote, sc.recorded = true, flags[0]&1 == 1
	return sc, true
}
