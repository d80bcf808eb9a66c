package main

import (
	"context"
	"io"
	"os"
)

// readInput reads a file, or stdin where name is "-", of at most limit bytes.
func (s *session) readInput(name string, limit int64) ([]byte, error) {
	var r io.Reader = s.env.stdin
	if name == "-" {
		if isTerminal(s.env.stdin) {
			s.say("reading from the terminal, end with Ctrl-D")
		}
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, usage(err, "name a file, or - for standard input")
		}
		defer f.Close()
		r = f
	}
	b, err := readAll(s.ctx, r, limit+1)
	if err != nil {
		return nil, usage(err, "name a file, or - for standard input")
	}
	if int64(len(b)) > limit {
		return nil, badInput("", "%s is too large: more than %d bytes", name, limit)
	}
	return b, nil
}

// copyInput copies a file of any size, or stdin where name is "-".
func (s *session) copyInput(name string, to io.Writer) error {
	r := s.env.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return usage(err, "name a file, or - for standard input")
		}
		defer f.Close()
		r = f
	}
	if _, err := io.Copy(to, r); err != nil {
		return usage(err, "name a file, or - for standard input")
	}
	return nil
}

// readAll reads at most limit bytes, or until ctx ends: a reader that never
// answers does not hold up an interrupt.
func readAll(ctx context.Context, r io.Reader, limit int64) ([]byte, error) {
	type result struct {
		b   []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		b, err := io.ReadAll(io.LimitReader(r, limit))
		done <- result{b, err}
	}()
	select {
	case res := <-done:
		return res.b, res.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
