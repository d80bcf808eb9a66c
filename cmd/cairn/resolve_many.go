package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/cairn-overlay/cairn/node/api"
)

// resolveAhead is how many agents are asked for at a time.
const resolveAhead = 8

// question is one of many agents, and where its answer comes.
type question struct {
	text   string
	answer chan answered
}

type answered struct {
	res api.Resolution
	err error
}

// resolveMany answers in the order of the questions. A question that has no answer
// gets a line too; the exit code is that of the first agent that is not active.
func (c *resolveCmd) resolveMany(s *session, policy api.Policy) error {
	if s.global.Output == asJSON {
		s.global.Output = jsonl
	}
	return s.withStream(func(ctx context.Context, client *api.Client) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		first, asked := exitOK, 0
		for q := range c.ask(ctx, s, client, policy) {
			code, err := c.tell(s, q.text, <-q.answer)
			if err != nil {
				return err
			}
			if first == exitOK {
				first = code
			}
			asked++
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if asked == 0 {
			return badInput("give one ID per line", "standard input names no agent")
		}
		return first.asError()
	})
}

// ask sends the questions out, a few at a time, until ctx ends.
func (c *resolveCmd) ask(ctx context.Context, s *session, client *api.Client, policy api.Policy) <-chan question {
	questions := make(chan question, resolveAhead)
	go func() {
		defer close(questions)
		for text, err := range c.texts(s) {
			q := question{text, make(chan answered, 1)}
			select {
			case questions <- q:
			case <-ctx.Done():
				return
			}
			if err != nil {
				q.answer <- answered{err: err}
				continue
			}
			go func() { q.answer <- s.resolveOne(ctx, client, policy, q.text) }()
		}
	}()
	return questions
}

func (s *session) resolveOne(ctx context.Context, client *api.Client, policy api.Policy, text string) answered {
	id, err := s.subject(text)
	if err != nil {
		return answered{err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, s.global.Timeout)
	defer cancel()
	res, err := client.Resolve(ctx, id, policy)
	return answered{res, err}
}

// texts are the IDs of the arguments, and of standard input in the place of "-".
func (c *resolveCmd) texts(s *session) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, arg := range c.IDs {
			if arg != "-" {
				if !yield(arg, nil) {
					return
				}
				continue
			}
			lines := bufio.NewScanner(s.env.stdin)
			for lines.Scan() {
				if text := strings.TrimSpace(lines.Text()); text != "" && !yield(text, nil) {
					return
				}
			}
			err := lines.Err()
			if errors.Is(err, bufio.ErrTooLong) {
				err = fmt.Errorf("a line has more than %d bytes", bufio.MaxScanTokenSize)
			}
			if err != nil && !yield("-", usage(err, "give one ID per line")) {
				return
			}
		}
	}
}

// tell prints one answer and returns its exit code.
func (c *resolveCmd) tell(s *session, text string, a answered) (exitCode, error) {
	if a.err == nil {
		return codeOfStatus(a.res.Status), s.print(resolutionView{a.res, c.Trace})
	}
	if s.ctx.Err() != nil {
		return exitFailed, s.ctx.Err()
	}
	if slices.Contains([]format{jsonl, asJSON}, s.global.Output) {
		return codeOf(a.err), s.print(unanswered{text, a.err.Error()})
	}
	s.say("%s", fmt.Errorf("%.80s: %w", text, a.err))
	return codeOf(a.err), nil
}

// unanswered is the line of a question that could not be worked on.
type unanswered struct {
	ID    string `json:"id"`
	Error string `json:"error"`
}

func (u unanswered) show(t *text) { t.line("%s  %s", u.ID, u.Error) }
