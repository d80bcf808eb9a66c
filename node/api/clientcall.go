package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// maxAnswer bounds an answer that is read as a whole, maxLine one line of a stream.
const (
	maxAnswer = 16 << 20
	maxLine   = 1 << 20
)

// request is one call of the client.
type request struct {
	method, path string
	query        url.Values
	accept       string // JSON where empty
	media        string // of the body; empty is no body
	body         []byte
}

// call sends a request and reads a JSON answer.
func (c *Client) call(ctx context.Context, q request, into any) error {
	resp, err := c.do(ctx, q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := readAll(resp.Body, maxAnswer)
	if err != nil {
		return fmt.Errorf("%s %s: %w", q.method, q.path, err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s %s: %w", q.method, q.path, err)
	}
	return nil
}

// do sends a request; whatever is not a success of the expected type is an error.
func (c *Client) do(ctx context.Context, q request) (*http.Response, error) {
	if q.accept == "" {
		q.accept = typeJSON
	}
	target := c.base + q.path
	if len(q.query) > 0 {
		target += "?" + q.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, q.method, target, bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", q.accept)
	if q.media != "" {
		req.Header.Set("Content-Type", q.media)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.transportError(ctx, err)
	}
	got := mediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode >= 200 && resp.StatusCode < 300 && got == q.accept {
		return resp, nil
	}
	defer resp.Body.Close()
	if got == typeProblem {
		return nil, readProblem(resp.Body)
	}
	return nil, fmt.Errorf("%s %s: %w: status %d with content type %.64q: no Cairn API answers at %s", q.method, q.path, ErrInvalid, resp.StatusCode, got, c.target)
}

// transportError tells a daemon that is not there from one that failed.
func (c *Client) transportError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" && nobodyListens(err) {
		return notRunning(c.dir, "nothing listens at "+c.target)
	}
	return err
}

// readProblem reads problem details; what is none is told as it came.
func readProblem(r io.Reader) error {
	b, err := readAll(r, maxAnswer)
	if err != nil {
		return err
	}
	return parseProblem(b)
}

func parseProblem(b []byte) error {
	var p Problem
	if err := json.Unmarshal(b, &p); err != nil {
		return fmt.Errorf("%w: a problem that cannot be read: %w", ErrInvalid, err)
	}
	return &p
}

// readAll reads at most limit bytes; more is an error.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: an answer of more than %d bytes", ErrInvalid, limit)
	}
	return b, nil
}
