package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

type watchCmd struct {
	Agent      string  `arg:"" optional:"" name:"name|id" help:"Name, ID or DID of the agent to follow."`
	Tombstones bool    `help:"Follow all revocations."`
	After      *uint64 `placeholder:"CURSOR" help:"With --tombstones: begin after this cursor, so that nothing is missed; 0 begins with all that are held. Default: from now on."`
}

func (watchCmd) Help() string {
	return `Prints what is known of an agent now, and again whenever that changes, until it is revoked. With --tombstones it prints each revocation as it arrives at this node, until Ctrl-C. Each one has a cursor; give the last one you saw with --after to go on where you were.

    cairn watch translator
    cairn watch --tombstones -o jsonl
    cairn watch --tombstones --after 1041 -o jsonl

With -o raw, --tombstones prints the IDs alone.`
}

func (watchCmd) rawDoc() string { return "the IDs" }

// Run follows one agent or all revocations until ctx ends.
func (c *watchCmd) Run(s *session) error {
	if c.Tombstones == (c.Agent != "") {
		return badInput("run: cairn watch ID, or cairn watch --tombstones", "watch one agent, or all revocations")
	}
	if c.After != nil && !c.Tombstones {
		return badInput("add --tombstones", "--after belongs to --tombstones")
	}
	follow := func(ctx context.Context, client *api.Client) error { return c.followTombstones(ctx, s, client) }
	if c.Agent != "" {
		if s.global.Output == raw {
			return badInput("use -o human, json or jsonl", "an agent's story has no raw form")
		}
		id, err := s.subject(c.Agent)
		if err != nil {
			return err
		}
		follow = func(ctx context.Context, client *api.Client) error { return followAgent(ctx, s, client, id) }
	}
	err := s.withStream(follow)
	if s.ctx.Err() != nil {
		return nil // Ctrl-C is how a watch ends
	}
	return err
}

func followAgent(ctx context.Context, s *session, client *api.Client, id records.AgentID) error {
	for res, err := range client.Watch(ctx, id) {
		if err != nil {
			return err
		}
		if err := s.print(resolutionView{res, false}); err != nil {
			return err
		}
		if res.Status == records.StatusRevoked {
			return nil // nothing comes after that
		}
	}
	if ctx.Err() == nil {
		return errors.New("the daemon ended the watch")
	}
	return nil
}

func (c *watchCmd) followTombstones(ctx context.Context, s *session, client *api.Client) error {
	after, err := c.begin(ctx, client)
	if err != nil {
		return err
	}
	if s.global.Output == human {
		s.say("watching for revocations after cursor %d, Ctrl-C ends it", after)
	}
	for ev, err := range client.Tombstones(ctx, after, true) {
		if err != nil {
			return resumable(ctx, err, after)
		}
		after = ev.Cursor
		if err := s.print(tombstoneView{ev}); err != nil {
			return err
		}
	}
	return resumable(ctx, errors.New("the daemon ended the watch"), after)
}

// resumable is the end of a watch that was to go on, with the cursor to go on from.
func resumable(ctx context.Context, err error, after uint64) error {
	if ctx.Err() != nil || errors.Is(err, api.ErrNotRunning) {
		return err
	}
	if errors.Is(err, api.ErrInvalid) {
		return usage(err, "begin with all that are held: add --after 0")
	}
	return &failure{exitFailed, err, "go on where it ended: add --after " + utoa(after)}
}

// begin is the cursor to begin after: without --after that of the last tombstone
// that is held now.
func (c *watchCmd) begin(ctx context.Context, client *api.Client) (uint64, error) {
	if c.After != nil {
		return *c.After, nil
	}
	var last uint64
	for ev, err := range client.Tombstones(ctx, 0, false) {
		if err != nil {
			return 0, err
		}
		last = ev.Cursor
	}
	return last, nil
}

type tombstoneView struct{ api.TombstoneEvent }

// MarshalJSON leaves the bytes out: a line says who, when, whence and the cursor.
func (v tombstoneView) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ID     records.AgentID `json:"id"`
		At     time.Time       `json:"at"`
		Source string          `json:"source"`
		Cursor uint64          `json:"cursor"`
	}{v.ID, v.At.UTC(), v.Source, v.Cursor})
}

func (v tombstoneView) raw() []byte { return []byte(v.ID.String() + "\n") }

func (v tombstoneView) show(t *text) {
	t.line("%s  %s  revoked, by %s, cursor %d", v.At.UTC().Format(time.RFC3339), v.ID, v.Source, v.Cursor)
}
