package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/records"
)

// exitCode is what the program says to a script.
type exitCode int

// The exit codes. They are a contract: docs and the top-level help list them.
const (
	exitOK         exitCode = 0
	exitFailed     exitCode = 1
	exitUsage      exitCode = 2 // usage or bad input
	exitNotFound   exitCode = 3
	exitRevoked    exitCode = 4
	exitExpired    exitCode = 5
	exitPartial    exitCode = 6 // stored by too few peers
	exitUnverified exitCode = 7 // unverified, stale, or not ready
	exitConflict   exitCode = 8
)

// Error makes a bare code an error: the answer stands on stdout, and nothing is
// left to say.
func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// failure is an error with its exit code and the next step.
type failure struct {
	code exitCode
	err  error
	next string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usage marks err as the caller's mistake, with the next step.
func usage(err error, next string, args ...any) error {
	return &failure{exitUsage, err, fmt.Sprintf(next, args...)}
}

// badInput is a mistake of the caller in words, with the next step.
func badInput(next, format string, args ...any) error {
	return &failure{exitUsage, fmt.Errorf(format, args...), next}
}

// codeOf returns the exit code of an error.
func codeOf(err error) exitCode {
	var code exitCode
	var f *failure
	var p *api.Problem
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return code
	case errors.As(err, &f):
		return f.code
	}
	for _, known := range errorCodes() {
		if errors.Is(err, known.err) {
			return known.code
		}
	}
	if errors.As(err, &p) {
		return codeOfHTTP(p.Status)
	}
	return exitFailed
}

type errorCode struct {
	err  error
	code exitCode
}

// errorCodes maps the sentinels of the packages below; the first match counts.
func errorCodes() []errorCode {
	return []errorCode{
		{records.ErrRevoked, exitRevoked},
		{records.ErrExpired, exitExpired},
		{records.ErrStale, exitConflict},
		{records.ErrConflict, exitConflict},
		{records.ErrWidened, exitUsage},
		{records.ErrNotYetValid, exitUnverified},
		{records.ErrMalformed, exitUsage},
		{records.ErrTooLarge, exitUsage},
		{records.ErrUnsupported, exitUsage},
		{records.ErrInvalidSignature, exitUsage},
		{records.ErrWrongSubject, exitUsage},
		{records.ErrWrongSecret, exitUsage},
		{keyring.ErrNotFound, exitNotFound},
		{keyring.ErrNoSecret, exitNotFound},
		{keyring.ErrExists, exitUsage},
		{keyring.ErrOlder, exitUsage},
		{keyring.ErrName, exitUsage},
		{keyring.ErrPermissions, exitUsage},
		{keyring.ErrUnreadable, exitUsage},
		{keyring.ErrMalformed, exitUsage},
		{keyring.ErrWrongKey, exitUsage},
		{keyring.ErrLocked, exitUsage},
		{api.ErrTooFew, exitPartial},
		{api.ErrNotReady, exitUnverified},
		{api.ErrNotFound, exitNotFound},
		{api.ErrConflict, exitConflict},
		{api.ErrInvalid, exitUsage},
		{api.ErrPrivate, exitUsage},
		{api.ErrKey, exitUsage},
		{api.ErrToken, exitUsage},
		{api.ErrExposed, exitUsage},
		{node.ErrUsage, exitUsage},
		{store.ErrNewerFormat, exitUsage},
		{store.ErrOlderFormat, exitUsage},
	}
}

func codeOfHTTP(status int) exitCode {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return exitUsage
	case http.StatusNotFound:
		return exitNotFound
	case http.StatusConflict:
		return exitConflict
	case http.StatusGone:
		return exitRevoked
	case http.StatusServiceUnavailable:
		return exitUnverified
	}
	return exitFailed
}

// codeOfStatus is the exit code of an answer about an agent.
func codeOfStatus(s records.Status) exitCode {
	switch s {
	case records.StatusActive:
		return exitOK
	case records.StatusRevoked:
		return exitRevoked
	case records.StatusExpired:
		return exitExpired
	case records.StatusUnknown:
		return exitNotFound
	case records.StatusConflict:
		return exitConflict
	}
	return exitUnverified
}

// asError makes an exit code the error that carries it, nil for exitOK.
func (c exitCode) asError() error {
	if c == exitOK {
		return nil
	}
	return c
}

// nextStep is what the reader of an error can do now, or "".
func (s *session) nextStep(err error) string {
	var f *failure
	var p *api.Problem
	switch {
	case errors.As(err, &f):
		return f.next
	case errors.As(err, &p):
		return s.nextOfProblem(p)
	case errors.Is(err, store.ErrNewerFormat):
		return "run the newer version that wrote it, or go back: move the store away and import a backup of this version, or join again and let peers bring the facts"
	case errors.Is(err, store.ErrOlderFormat):
		return "to keep a way back make a backup with the older version first; then start the daemon, which brings it up to date"
	case errors.Is(err, store.ErrFull):
		return "make room on that disk, or move the data directory to a larger one; what was acknowledged is safe"
	case errors.Is(err, store.ErrInUse):
		return "stop it with cairn stop" + s.dirFlag() + "; a backup needs no stop: cairn store export FILE" + s.dirFlag()
	case errors.Is(err, store.ErrCorrupt):
		return "bring a backup back: cairn store import FILE" + s.dirFlag() + "; or start the daemon, which keeps the store aside and gets the facts from peers"
	case errors.Is(err, keyring.ErrLocked) && strings.Contains(err.Error(), "passphrase"):
		return "type that of the key file, or set $" + passphraseEnv
	case errors.Is(err, keyring.ErrLocked):
		return "name it with --key-file or in $CAIRN_KEY_FILE"
	case errors.Is(err, api.ErrExposed):
		return "to open it to others add --api-expose, and a token of your own with --token-file or in $CAIRN_TOKEN"
	case errors.Is(err, api.ErrNotRunning) && s.global.target(s.env) != "":
		return "look at the address in --api or $CAIRN_API: is the daemon there?"
	case errors.Is(err, fs.ErrPermission) && !errors.Is(err, keyring.ErrUnreadable):
		return "run it as the user whom the path belongs to, or name another directory with --dir"
	case errors.Is(err, context.DeadlineExceeded):
		return "give it more time with --timeout; the daemon's own messages say what holds it up"
	}
	return ""
}

// nextOfProblem is the next step at a command line; what the daemon suggests is for
// those who speak HTTP to it.
func (s *session) nextOfProblem(p *api.Problem) string {
	switch p.Name() {
	case "unauthorized":
		return "give the daemon's token in $CAIRN_TOKEN or with --token-file"
	case "not-found":
		return "list the agents: cairn agent list" + s.dirFlag()
	case "private":
		return "name public https endpoints, or add --allow-private"
	case "too-few":
		return "look at: cairn peers" + s.dirFlag()
	case "not-ready", "unverified":
		if strings.Contains(p.Detail, store.ErrFull.Error()) {
			return "make room on the daemon's disk: writes go on by themselves then; what was acknowledged is safe"
		}
		return "look at: cairn status" + s.dirFlag()
	case "internal":
		return "the daemon's own messages have the reason"
	case "key":
		if strings.Contains(p.Detail, keyring.ErrLocked.Error()) {
			return "it is the daemon that signs: start it with --key-file or $CAIRN_KEY_FILE"
		}
		return ""
	case "invalid", "parameter", "malformed":
		return "" // the message has it
	}
	return p.Next
}
