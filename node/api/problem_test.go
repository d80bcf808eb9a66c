package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/cairn-overlay/cairn/records"
)

// TestErrorsCrossTheWire: what a Controller returns is what errors.Is finds in the
// client, for every sentinel.
func TestErrorsCrossTheWire(t *testing.T) {
	for _, row := range []struct {
		err    error
		name   string
		status int
	}{
		{records.ErrMalformed, "malformed", 400},
		{records.ErrTooLarge, "too-large", 413},
		{records.ErrUnsupported, "unsupported", 422},
		{records.ErrInvalidSignature, "signature", 422},
		{records.ErrWrongSubject, "wrong-subject", 422},
		{records.ErrWrongSecret, "wrong-secret", 422},
		{records.ErrNotYetValid, "not-yet-valid", 422},
		{records.ErrExpired, "expired-record", 422},
		{records.ErrRevoked, "revoked", 410},
		{records.ErrStale, "stale", 409},
		{ErrNotReady, "not-ready", 503},
		{ErrNotFound, "not-found", 404},
		{ErrConflict, "conflict", 409},
		{ErrInvalid, "invalid", 422},
		{ErrPrivate, "private", 422},
		{ErrTooFew, "too-few", 503},
	} {
		sent := problemOf(fmt.Errorf("put: %w: detail", row.err), false)
		if sent.Name() != row.name || sent.Status != row.status {
			t.Errorf("%v: %s %d", row.err, sent.Name(), sent.Status)
		}
		b, err := json.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		if got := parseProblem(b); !errors.Is(got, row.err) || errors.Is(got, records.ErrWrongSecret) && row.err != records.ErrWrongSecret {
			t.Errorf("%v came back as %v", row.err, got)
		}
	}
}

// TestProblemOf covers what has no sentinel.
func TestProblemOf(t *testing.T) {
	for _, row := range []struct {
		err  error
		name string
	}{
		{fmt.Errorf("x: %w", context.DeadlineExceeded), "timeout"},
		{context.Canceled, "stopping"},
		{errors.New("odd"), "internal"},
		{fmt.Errorf("wrapped: %w", problem("busy", "")), "busy"},
		{errors.Join(records.ErrMalformed, records.ErrRevoked), "revoked"},
		{problem("no-such-kind", ""), "no-such-kind"},
	} {
		if p := problemOf(row.err, true); p.Name() != row.name {
			t.Errorf("%v: %s", row.err, p.Name())
		}
	}
	if p := (&Problem{Type: "about:blank", Title: "t"}); p.Error() != "t" || errors.Is(p, records.ErrRevoked) {
		t.Error(p)
	}
	if p := problem("too-large", "%d", 7); p.Error() != "too large: 7" || p.Next == "" {
		t.Error(p)
	}
}

// TestKindNames are all different, or a client could not tell them apart.
func TestKindNames(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range kinds {
		if seen[k.name] {
			t.Errorf("%q twice", k.name)
		}
		seen[k.name] = true
	}
}
