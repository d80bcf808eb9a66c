package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// streamLines yields the values of an NDJSON answer. Heartbeats are passed over;
// a problem in the stream is its last error. Breaking off ends the request.
func streamLines[T any](ctx context.Context, c *Client, q request) iter.Seq2[T, error] {
	q.accept = typeNDJSON
	return streamOf(ctx, c, q, func(r io.Reader) iter.Seq2[T, error] { return decodeLines[T](r) })
}

// streamEvents yields the values of server-sent events.
func streamEvents[T any](ctx context.Context, c *Client, q request) iter.Seq2[T, error] {
	q.accept = typeSSE
	return streamOf(ctx, c, q, func(r io.Reader) iter.Seq2[T, error] { return decodeEvents[T](r) })
}

// streamOf opens an answer, yields what decode finds in it, and closes it.
func streamOf[T any](ctx context.Context, c *Client, q request, decode func(io.Reader) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		resp, err := c.do(ctx, q)
		if err != nil {
			yield(none, err)
			return
		}
		defer resp.Body.Close()
		for v, err := range decode(resp.Body) {
			var p *Problem
			if err != nil && ctx.Err() != nil && !errors.As(err, &p) {
				err = context.Cause(ctx)
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// decodeLines reads NDJSON until its end or the first error.
func decodeLines[T any](r io.Reader) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for b, err := range textLines(r) {
			if err != nil {
				yield(none, err)
				return
			}
			if len(b) == 0 {
				continue
			}
			var extra struct {
				Problem   json.RawMessage `json:"problem"`
				Heartbeat bool            `json:"heartbeat"`
			}
			var v T
			if err = json.Unmarshal(b, &extra); err == nil && extra.Problem != nil {
				err = parseProblem(extra.Problem)
			} else if err == nil && extra.Heartbeat {
				continue
			} else if err == nil {
				err = json.Unmarshal(b, &v)
			}
			if err != nil {
				yield(none, err)
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

// decodeEvents reads server-sent events as this server writes them: one data line
// each; comments and ids are passed over.
func decodeEvents[T any](r io.Reader) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none, v T
		var event, data []byte
		for b, err := range textLines(r) {
			if err != nil {
				yield(none, err)
				return
			}
			field, value, _ := bytes.Cut(b, []byte(":"))
			value = bytes.TrimPrefix(value, []byte(" "))
			switch {
			case string(field) == "event":
				event = bytes.Clone(value)
			case string(field) == "data":
				data = bytes.Clone(value)
			case len(b) > 0 || data == nil:
			case string(event) == "problem":
				yield(none, parseProblem(data))
				return
			default:
				v = none
				if err := json.Unmarshal(data, &v); err != nil {
					yield(none, err)
					return
				}
				event, data = nil, nil
				if !yield(v, nil) {
					return
				}
			}
		}
	}
}

// textLines yields lines without their ends; each holds until the next. A stream
// that breaks off, even between two lines, ends with an error.
func textLines(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		sc := bufio.NewScanner(r)
		sc.Buffer(make([]byte, 0, 4096), maxLine)
		for sc.Scan() {
			if !yield(sc.Bytes(), nil) {
				return
			}
		}
		err := sc.Err()
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("%w: a line of more than %d bytes", ErrInvalid, maxLine)
		}
		if err != nil {
			yield(nil, fmt.Errorf("the stream broke: %w", err))
		}
	}
}
