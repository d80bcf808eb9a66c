package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/records"
)

func TestCodeOf(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("somewhere: %w", err) }
	for _, tt := range []struct {
		name string
		err  error
		want exitCode
	}{
		{"nothing", nil, exitOK},
		{"anything", errors.New("disk on fire"), exitFailed},
		{"time is up", context.DeadlineExceeded, exitFailed},
		{"not running", wrap(api.ErrNotRunning), exitFailed},
		{"a code alone", exitPartial, exitPartial},
		{"a failure", wrap(&failure{exitNotFound, errors.New("x"), ""}), exitNotFound},
		{"malformed", wrap(records.ErrMalformed), exitUsage},
		{"too large", wrap(records.ErrTooLarge), exitUsage},
		{"future", wrap(records.ErrNotYetValid), exitUnverified},
		{"revoked", wrap(records.ErrRevoked), exitRevoked},
		{"expired", wrap(records.ErrExpired), exitExpired},
		{"in conflict", wrap(records.ErrConflict), exitConflict},
		{"widened", wrap(records.ErrWidened), exitUsage},
		{"old sequence", wrap(records.ErrStale), exitConflict},
		{"open key file", wrap(keyring.ErrPermissions), exitUsage},
		{"name taken", wrap(keyring.ErrExists), exitUsage},
		{"older than here", wrap(keyring.ErrOlder), exitUsage},
		{"no agent", wrap(keyring.ErrNotFound), exitNotFound},
		{"too few", wrap(api.ErrTooFew), exitPartial},
		{"not ready", wrap(api.ErrNotReady), exitUnverified},
		{"private endpoint", wrap(api.ErrPrivate), exitUsage},
		{"problem 400", &api.Problem{Status: 400}, exitUsage},
		{"problem 401", &api.Problem{Status: 401}, exitFailed},
		{"problem 404", &api.Problem{Status: 404}, exitNotFound},
		{"problem 409", &api.Problem{Status: 409}, exitConflict},
		{"problem 410", &api.Problem{Status: 410}, exitRevoked},
		{"problem 413", &api.Problem{Status: 413}, exitUsage},
		{"problem 500", &api.Problem{Status: 500}, exitFailed},
		{"problem 503", &api.Problem{Status: 503}, exitUnverified},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := codeOf(tt.err); got != tt.want {
				t.Errorf("codeOf(%v) = %d, want %d", tt.err, got, tt.want)
			}
		})
	}
}

func TestCodeOfStatus(t *testing.T) {
	for status, want := range map[records.Status]exitCode{
		records.StatusActive: 0, records.StatusUnknown: 3, records.StatusRevoked: 4, records.StatusExpired: 5,
		records.StatusUnverified: 7, records.StatusStale: 7, records.StatusConflict: 8, "of tomorrow": 7,
	} {
		if got := codeOfStatus(status); got != want {
			t.Errorf("codeOfStatus(%s) = %d, want %d", status, got, want)
		}
	}
}

func TestTally(t *testing.T) {
	full, some, none := api.PublishOutcome{Result: &api.PublishResult{}}, api.PublishOutcome{Result: &api.PublishResult{Partial: true}}, api.PublishOutcome{Error: "no endpoint"}
	for _, tt := range []struct {
		name     string
		outcomes []api.PublishOutcome
		want     exitCode
	}{
		{"all went out", []api.PublishOutcome{full, full}, exitOK},
		{"some were refused", []api.PublishOutcome{none, full}, exitOK},
		{"one in part", []api.PublishOutcome{full, some, none}, exitPartial},
		{"all refused", []api.PublishOutcome{none}, exitFailed},
		{"nothing there", nil, exitFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var n tally
			for _, o := range tt.outcomes {
				n.add(o)
			}
			if got := n.code(); got != tt.want {
				t.Errorf("code %d, want %d", got, tt.want)
			}
		})
	}
}

// What stops a node at its start says what to do now.
func TestStoreFailuresTeach(t *testing.T) {
	s := &session{env: env{getenv: func(string) string { return "" }}, global: &global{Dir: "a b"}}
	for name, tt := range map[string]struct {
		err  error
		next string
		code exitCode
	}{
		"full":    {store.ErrFull, "make room on that disk", exitFailed},
		"in use":  {store.ErrInUse, "stop it with cairn stop --dir 'a b'", exitFailed},
		"newer":   {store.ErrNewerFormat, "run the newer version that wrote it", exitUsage},
		"damaged": {store.ErrCorrupt, "cairn store import FILE --dir 'a b'", exitFailed},
	} {
		err := fmt.Errorf("node: %w", tt.err)
		if next := s.nextStep(err); !strings.Contains(next, tt.next) || codeOf(err) != tt.code {
			t.Errorf("%s: %q, exit code %d", name, next, codeOf(err))
		}
	}
}
