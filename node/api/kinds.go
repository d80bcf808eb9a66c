package api

import "github.com/cairn-overlay/cairn/records"

// kind is one kind of problem. Names and status codes are part of the API.
type kind struct {
	name   string
	status int
	err    error // the sentinel on both sides of the wire, or nil
	told   bool  // err is for clients alone: a Controller's error of that sentinel is another kind
	title  string
	next   string
}

// kinds is the constant table of problems; where an error wraps several
// sentinels, the first row that matches names it.
var kinds = [...]kind{
	// What the doors refuse.
	{name: "path", status: 400, title: "the path is not in its plain form", next: "use the paths of /openapi.json as they stand there"},
	{name: "host", status: 403, title: "the Host header names no host of this API", next: "use 127.0.0.1 or localhost with the API's own port, or let the node know the name (cairn daemon --api-host)"},
	{name: "origin", status: 403, title: "web pages of this origin may not call this API", next: "if its pages are to be trusted, let the node know it (cairn daemon --api-origin)"},
	{name: "no-route", status: 404, title: "there is nothing at this path", next: "see /openapi.json"},
	{name: "method", status: 405, title: "this path does not know the method", next: "see the Allow header and /openapi.json"},
	{name: "unauthorized", status: 401, err: ErrToken, told: true, title: "the token is missing or wrong", next: "send Authorization: Bearer with what the file \"token\" in the node's data directory holds, or use its unix socket"},
	{name: "content-type", status: 415, title: "the body's content type is not the one of this path", next: "set the Content-Type of /openapi.json; no Content-Encoding is known"},
	{name: "too-large", status: 413, err: records.ErrTooLarge, title: "too large", next: "send less; the limits stand in /openapi.json"},
	{name: "slow", status: 408, title: "the body did not arrive in time", next: "send it again, faster"},
	{name: "too-slow", status: 408, title: "the stream was not read in time", next: "go on after the cursor, and read faster"},
	{name: "parameter", status: 400, title: "a query parameter is unknown, repeated or malformed", next: "see /openapi.json"},
	{name: "busy", status: 503, title: "too many streams are open", next: "close one, or try again later"},
	{name: "stopping", status: 503, title: "the node is stopping", next: "try again when it runs"},

	// How an agent stands.
	{name: "revoked", status: 410, err: records.ErrRevoked, title: "the agent is revoked", next: "nothing undoes this; the tombstone is the proof"},
	{name: "conflict", status: 409, err: ErrConflict, title: "two different rotations of the agent with one number are known", next: "its owner can only revoke it and begin anew"},
	{name: "stale", status: 409, err: records.ErrStale, title: "a newer statement of the agent is known", next: "sign again with a higher sequence than the known one; where keys were rotated since, with the new key, or under the new consent of its parent"},
	{name: "unknown", status: 404, err: ErrNotFound, told: true, title: "nobody asked knows the agent", next: "check the ID; ask again later, or with policy=most-recent"},
	{name: "expired", status: 404, err: records.ErrExpired, told: true, title: "the agent's lease has ended", next: "it stopped renewing; ask again later"},
	{name: "unverified", status: 503, err: ErrNotReady, told: true, title: "not known to be unrevoked", next: "ask again soon; /readyz says what the node waits for"},

	// What a node says to a request.
	{name: "not-ready", status: 503, err: ErrNotReady, title: "the node is not ready for this", next: "ask again soon; /readyz says what it waits for"},
	{name: "not-found", status: 404, err: ErrNotFound, title: "this node keeps no such agent", next: "see the agents of its data directory"},
	{name: "key", status: 422, err: ErrKey, title: "the agent's key cannot be used", next: "see the detail"},
	{name: "too-few", status: 503, err: ErrTooFew, title: "too few peers stored it", next: "see /v1/peers; try again when there are more"},
	{name: "private", status: 422, err: ErrPrivate, title: "private, loopback or plain http endpoints", next: "name public https endpoints, or allow private ones (allow_private=true)"},
	{name: "expired-record", status: 422, err: records.ErrExpired, title: "the lease is already over", next: "sign a new record; check the clock"},
	{name: "not-yet-valid", status: 422, err: records.ErrNotYetValid, title: "issued in the future", next: "check the clocks of both machines"},
	{name: "signature", status: 422, err: records.ErrInvalidSignature, title: "no listed key made the signature", next: "sign with one of the agent's signing keys"},
	{name: "wrong-subject", status: 422, err: records.ErrWrongSubject, title: "it is about another agent", next: "put it at its own agent's path"},
	{name: "wrong-secret", status: 422, err: records.ErrWrongSecret, title: "the secret opens no lock", next: "use a secret of this very agent"},
	{name: "unsupported", status: 422, err: records.ErrUnsupported, title: "of a version or feature that this node does not know", next: "update the node"},
	{name: "malformed", status: 400, err: records.ErrMalformed, title: "not of the required form", next: "see docs/spec and /openapi.json"},
	{name: "invalid", status: 422, err: ErrInvalid, title: "it does not say what is needed", next: "see the detail"},
	{name: "timeout", status: 504, title: "it took too long", next: "it may have happened all the same: look before you repeat it"},
	{name: "internal", status: 500, title: "internal error", next: "see the node's log"},
}

// findKind returns the first kind that fits.
func findKind(fits func(kind) bool) (kind, bool) {
	for _, k := range kinds {
		if fits(k) {
			return k, true
		}
	}
	return kind{}, false
}
