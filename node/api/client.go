package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/cairn-overlay/cairn/records"
)

// Client speaks to a daemon. Its methods mirror Controller; a refusal is a
// *Problem, and ErrNotRunning says that nothing listens. What the daemon sends
// of records and tombstones is verified before it becomes a value. It follows no
// redirect and uses no proxy, so that the token goes nowhere else. It is safe for
// concurrent use.
type Client struct {
	http   *http.Client
	base   string // scheme://host
	token  string
	target string // what Dial got, for messages
	dir    string // the data directory, where known
}

// Resolve mirrors Controller.Resolve: revoked, expired, unverified and unknown
// agents are resolutions, not errors.
func (c *Client) Resolve(ctx context.Context, id records.AgentID, policy Policy) (Resolution, error) {
	var res Resolution
	err := c.call(ctx, request{method: "GET", path: agentPath(id), query: url.Values{"policy": {policy.String()}}}, &res)
	var p *Problem
	if errors.As(err, &p) && p.Resolution != nil {
		res, err = *p.Resolution, nil
	}
	if err != nil {
		return Resolution{}, err
	}
	return res, c.about(id, res)
}

// about reports why a resolution is not a whole answer about the agent: the
// daemon is believed, but not where it should have brought a proof.
func (c *Client) about(id records.AgentID, res Resolution) error {
	switch {
	case res.ID != id:
		return fmt.Errorf("%s: %w: an answer about %s", c.target, records.ErrWrongSubject, res.ID)
	case res.Status == records.StatusActive && res.Record == nil:
		return fmt.Errorf("%s: %w: active, without a record", c.target, records.ErrMalformed)
	}
	return nil
}

// Put mirrors Controller.Put. A record that too few stored is a partial result,
// not an error.
func (c *Client) Put(ctx context.Context, rec *records.Record) (PublishResult, error) {
	var res PublishResult
	return res, c.call(ctx, request{method: "PUT", path: agentPath(rec.ID()), media: typeCBOR, body: rec.Bytes()}, &res)
}

// Publish mirrors Controller.Publish. A record that too few stored is a partial
// result, not an error.
func (c *Client) Publish(ctx context.Context, req PublishRequest) (PublishResult, error) {
	var res PublishResult
	return res, c.call(ctx, publishCall("/v1/publish", req), &res)
}

// PublishAll mirrors Controller.PublishAll.
func (c *Client) PublishAll(ctx context.Context, req PublishRequest) iter.Seq2[PublishOutcome, error] {
	return streamLines[PublishOutcome](ctx, c, publishCall("/v1/publish-all", req))
}

func publishCall(path string, req PublishRequest) request {
	q := url.Values{}
	if req.Agent != "" {
		q.Set("agent", req.Agent)
	}
	if req.Lease != 0 {
		q.Set("lease", req.Lease.String())
	}
	if len(req.Code) > 0 {
		q.Set("code", formatCode(req.Code))
	}
	if len(req.Claims) > 0 {
		q.Set("claims", formatClaims(req.Claims))
	}
	if req.AllowPrivate {
		q.Set("allow_private", "true")
	}
	return request{method: "POST", path: path, query: q, media: typeJSON, body: req.Document}
}

// Withdraw mirrors Controller.Withdraw.
func (c *Client) Withdraw(ctx context.Context, id records.AgentID) (WithdrawResult, error) {
	var res WithdrawResult
	return res, c.call(ctx, request{method: "POST", path: agentPath(id) + "/withdraw"}, &res)
}

// Revoke mirrors Controller.Revoke. A tombstone that too few stored is a partial
// result, not an error: it is final all the same, and goes out again by itself.
func (c *Client) Revoke(ctx context.Context, t *records.Tombstone) (RevokeResult, error) {
	var res RevokeResult
	return res, c.call(ctx, request{method: "POST", path: "/v1/tombstones", media: typeCBOR, body: t.Bytes()}, &res)
}

// Rotate stores and spreads the rotations of an agent.
func (c *Client) Rotate(ctx context.Context, chain *records.Chain) (RevokeResult, error) {
	var res RevokeResult
	return res, c.call(ctx, request{method: "POST", path: "/v1/rotations", media: typeCBOR, body: chain.Bytes()}, &res)
}

// Import sends facts, as canonical bytes one behind the other, of at most a megabyte. They
// are on disk when it returns nil.
func (c *Client) Import(ctx context.Context, facts []byte) (ImportResult, error) {
	var res ImportResult
	return res, c.call(ctx, request{method: "POST", path: "/v1/facts", media: typeCBORSeq, body: facts}, &res)
}

// Facts mirrors Controller.Facts, as Tombstones does.
func (c *Client) Facts(ctx context.Context, after uint64, follow bool) iter.Seq2[FactEvent, error] {
	q := url.Values{"after": {strconv.FormatUint(after, 10)}}
	if follow {
		q.Set("follow", "true")
	}
	return streamLines[FactEvent](ctx, c, request{method: "GET", path: "/v1/facts", query: q})
}

// Tombstones yields the tombstones among the facts, as Controller.Facts does. A stream that breaks ends with an
// error; with the cursor of the last event the next call goes on where it ended.
func (c *Client) Tombstones(ctx context.Context, after uint64, follow bool) iter.Seq2[TombstoneEvent, error] {
	q := url.Values{"after": {strconv.FormatUint(after, 10)}}
	if follow {
		q.Set("follow", "true")
	}
	return streamLines[TombstoneEvent](ctx, c, request{method: "GET", path: "/v1/tombstones", query: q})
}

// Watch mirrors Controller.Watch: how the agent stands now, then each change, until
// ctx ends or the agent is revoked. A stream that breaks ends with an error.
func (c *Client) Watch(ctx context.Context, id records.AgentID) iter.Seq2[Resolution, error] {
	return func(yield func(Resolution, error) bool) {
		for res, err := range streamEvents[Resolution](ctx, c, request{method: "GET", path: "/v1/watch", query: url.Values{"agent": {id.String()}}}) {
			if err == nil {
				err = c.about(id, res)
			}
			if !yield(res, err) || err != nil {
				return
			}
		}
	}
}

// Status mirrors Controller.Status.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var st Status
	return st, c.call(ctx, request{method: "GET", path: "/v1/status"}, &st)
}

// Ready returns nil where the node is ready, and otherwise a *Problem that is
// ErrNotReady and says why.
func (c *Client) Ready(ctx context.Context) error {
	return c.call(ctx, request{method: "GET", path: "/readyz"}, &stateAnswer{})
}

// Peers mirrors Controller.Peers.
func (c *Client) Peers(ctx context.Context) ([]Peer, error) {
	var peers []Peer
	return peers, c.call(ctx, request{method: "GET", path: "/v1/peers"}, &peers)
}

// Metrics copies the node's metrics in the Prometheus text format.
func (c *Client) Metrics(ctx context.Context, w io.Writer) error {
	resp, err := c.do(ctx, request{method: "GET", path: "/metrics", accept: "text/plain"})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(w, io.LimitReader(resp.Body, maxAnswer))
	return err
}

// Backup mirrors Controller.Backup. Whether the backup is whole, its reader finds out.
func (c *Client) Backup(ctx context.Context, w io.Writer) error {
	resp, err := c.do(ctx, request{method: "GET", path: "/v1/backup", accept: typeTar})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(w, resp.Body)
	return err
}

// Stop mirrors Controller.Stop: it returns when the daemon has begun to stop.
func (c *Client) Stop(ctx context.Context) error {
	return c.call(ctx, request{method: "POST", path: "/v1/stop"}, &stateAnswer{})
}

// Close lets go of idle connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

func agentPath(id records.AgentID) string { return agentsPath + id.String() }
