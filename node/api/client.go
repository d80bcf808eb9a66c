package api

import (
	"context"
	"errors"
	"iter"

	"github.com/cairn-overlay/cairn/records"
)

// Client speaks to a daemon. Its methods mirror Controller; a refusal is a
// *Problem, and ErrNotRunning says that nothing listens. What the daemon sends
// of records and tombstones is verified before it becomes a value. It is safe
// for concurrent use.
type Client struct{}

// Dial returns a client of the unix socket at a path ("/x/cairn.sock" or
// "unix:x/cairn.sock"), or of an http or https URL with a token. It does not
// connect yet.
func Dial(target, token string) (*Client, error) { return nil, errors.ErrUnsupported }

// DialDir returns a client of the daemon that runs on the data directory dir.
func DialDir(dir string) (*Client, error) { return nil, errors.ErrUnsupported }

// Close lets go of idle connections.
func (c *Client) Close() error { return nil }

// Resolve mirrors Controller.Resolve: revoked, expired, unverified and unknown
// agents are resolutions, not errors.
func (c *Client) Resolve(ctx context.Context, id records.AgentID, policy Policy) (Resolution, error) {
	return Resolution{}, errors.ErrUnsupported
}

// Put mirrors Controller.Put.
func (c *Client) Put(ctx context.Context, rec *records.Record) (PublishResult, error) {
	return PublishResult{}, errors.ErrUnsupported
}

// Publish mirrors Controller.Publish.
func (c *Client) Publish(ctx context.Context, req PublishRequest) (PublishResult, error) {
	return PublishResult{}, errors.ErrUnsupported
}

// PublishAll mirrors Controller.PublishAll.
func (c *Client) PublishAll(ctx context.Context, req PublishRequest) iter.Seq2[PublishOutcome, error] {
	return func(yield func(PublishOutcome, error) bool) { yield(PublishOutcome{}, errors.ErrUnsupported) }
}

// Withdraw mirrors Controller.Withdraw.
func (c *Client) Withdraw(ctx context.Context, id records.AgentID) (WithdrawResult, error) {
	return WithdrawResult{}, errors.ErrUnsupported
}

// Revoke mirrors Controller.Revoke.
func (c *Client) Revoke(ctx context.Context, t *records.Tombstone) (RevokeResult, error) {
	return RevokeResult{}, errors.ErrUnsupported
}

// Tombstones mirrors Controller.Tombstones: with the cursor of the last event it
// goes on where it ended.
func (c *Client) Tombstones(ctx context.Context, after uint64, follow bool) iter.Seq2[TombstoneEvent, error] {
	return func(yield func(TombstoneEvent, error) bool) { yield(TombstoneEvent{}, errors.ErrUnsupported) }
}

// Watch mirrors Controller.Watch.
func (c *Client) Watch(ctx context.Context, id records.AgentID) iter.Seq2[Resolution, error] {
	return func(yield func(Resolution, error) bool) { yield(Resolution{}, errors.ErrUnsupported) }
}

// Status mirrors Controller.Status.
func (c *Client) Status(ctx context.Context) (Status, error) { return Status{}, errors.ErrUnsupported }

// Ready returns nil where the node is ready, and the reason why not otherwise.
func (c *Client) Ready(ctx context.Context) error { return errors.ErrUnsupported }

// Peers mirrors Controller.Peers.
func (c *Client) Peers(ctx context.Context) ([]Peer, error) { return nil, errors.ErrUnsupported }

// Stop mirrors Controller.Stop.
func (c *Client) Stop(ctx context.Context) error { return errors.ErrUnsupported }
