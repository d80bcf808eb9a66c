package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

type grantVerifyCmd struct {
	File    string  `arg:"" help:"A grant; - is standard input."`
	Command string  `arg:"" optional:"" name:"path" help:"The capability path that is to be called. Default: the grant's own."`
	By      string  `placeholder:"ID" help:"Who calls. Default: the agent that the grant is for."`
	Of      string  `placeholder:"ID" help:"The agent whose authority is needed. Default: the one where the grants begin, whoever that is."`
	Args    string  `placeholder:"JSON" help:"The arguments of the call, a JSON object. Default: none."`
	At      instant `placeholder:"TIME" help:"Judge it at this time, such as 2026-05-01T12:00:00Z. Default: now."`
	Offline bool    `help:"Ask no daemon, and do without knowing what was revoked: the best finding is covered."`
}

func (grantVerifyCmd) Help() string {
	return `Says whether a grant covers a call: its signatures, that no link of its chain gives more than the one before, path, time and rules, and, by the facts that the daemon holds, that no link, no issuer and no caller was revoked. That the caller is who it says is proven otherwise.

    cairn grant verify part.grant
    cairn grant verify part.grant /translate/en-es --by bafyreig... --of bafyreih... \
        --args '{"size": 100}'

With --offline the grant is judged by its bytes alone, and the finding says so: covered, and not valid.

Exit code by finding: 0 valid, or with --offline covered; 1 not covered, or forged; 2 bytes that are no grant; 4 revoked; 5 ended; 7 not yet begun, or unverified: the daemon is not ready; 8 made by keys that were rotated since, or whose rotations contradict each other.`
}

// Run judges the grant.
func (c *grantVerifyCmd) Run(s *session) error {
	v, err := c.judge(s)
	if err != nil {
		return err
	}
	if err := s.print(v); err != nil {
		return err
	}
	return v.code.asError()
}

// unasked is the reason of a finding that was to be made offline.
const unasked = "by what was presented alone: no daemon was asked what was revoked"

// grantVerdict is the finding about a grant and a call.
type grantVerdict struct {
	Finding string           `json:"finding"`
	Reason  string           `json:"reason,omitempty"`
	Ended   *records.AgentID `json:"ended_by,omitempty"` // the link, the issuer or the caller that was revoked
	Grant   *grantInfo       `json:"grant,omitempty"`
	At      *time.Time       `json:"at,omitempty"`
	code    exitCode
}

func (v grantVerdict) show(t *text) {
	t.line("%s", v.Finding)
	t.field("because", "%s", v.Reason)
	if v.Grant != nil {
		v.Grant.show(t)
	}
	if v.At != nil {
		t.field("judged at", "%s", v.At.Format(time.RFC3339))
	}
}

func (c *grantVerifyCmd) judge(s *session) (grantVerdict, error) {
	g, err := s.readGrant(c.File)
	switch {
	case errors.Is(err, records.ErrInvalidSignature), errors.Is(err, records.ErrWrongSubject), errors.Is(err, records.ErrWidened):
		return grantVerdict{Finding: "forged", Reason: err.Error(), code: exitFailed}, nil
	case errors.Is(err, records.ErrMalformed), errors.Is(err, records.ErrTooLarge), errors.Is(err, records.ErrUnsupported):
		return grantVerdict{Finding: "malformed", Reason: err.Error(), code: exitUsage}, nil
	case err != nil:
		return grantVerdict{}, err
	}
	call, err := c.call(s, g)
	if err != nil {
		return grantVerdict{}, err
	}
	info := newGrantInfo(g)
	v := grantVerdict{Finding: "valid", Grant: &info, At: &call.At}
	if c.Offline {
		v.settle(g.Allows(call, func(records.AgentID) records.Fact { return nil }))
		if v.code == exitOK {
			v.Finding, v.Reason = "covered", unasked
		}
		return v, nil
	}
	err = s.withDaemon(func(ctx context.Context, client *api.Client) error {
		facts := &factsOf{ctx: ctx, client: client}
		err := g.Allows(call, facts.known)
		if facts.err != nil {
			return facts.err
		}
		v.settle(err)
		if facts.unsure != "" {
			v.unsure(facts.unsure)
		} else if err := client.Ready(ctx); err != nil {
			v.unsure("the daemon is not ready: it may not know yet what was revoked")
		}
		return nil
	})
	return v, err
}

// call is what the flags ask about.
func (c *grantVerifyCmd) call(s *session, g *records.Grant) (records.Call, error) {
	call := records.Call{By: g.Audience(), Subject: g.Subject(), Command: g.Command(), At: time.Time(c.At)}
	if c.Command != "" {
		call.Command = c.Command
	}
	if call.At.IsZero() {
		call.At = time.Now()
	}
	call.At = call.At.UTC().Truncate(time.Second)
	for _, named := range []struct {
		who string
		id  *records.AgentID
	}{{c.By, &call.By}, {c.Of, &call.Subject}} {
		if named.who != "" {
			var err error
			if *named.id, err = s.subject(named.who); err != nil {
				return call, err
			}
		}
	}
	if c.Args != "" {
		if err := json.Unmarshal([]byte(c.Args), &call.Args); err != nil {
			return call, usage(err, `such as --args '{"size": 100}'`)
		}
	}
	return call, nil
}

// settle enters what the grant says of the call.
func (v *grantVerdict) settle(err error) {
	var ended *records.StandingError
	if errors.As(err, &ended) {
		v.Ended = &ended.Subject
	}
	switch {
	case err == nil:
		return
	case errors.Is(err, records.ErrRevoked):
		v.Finding, v.code = "revoked", exitRevoked
	case errors.Is(err, records.ErrExpired):
		v.Finding, v.code = "expired", exitExpired
	case errors.Is(err, records.ErrNotYetValid):
		v.Finding, v.code = "not yet valid", exitUnverified
	case errors.Is(err, records.ErrStale):
		v.Finding, v.code = "outdated", exitConflict
	case errors.Is(err, records.ErrConflict):
		v.Finding, v.code = "conflict", exitConflict
	default:
		v.Finding, v.code = "not covered", exitFailed
	}
	v.Reason = err.Error()
	if ended != nil && v.Grant != nil {
		v.Reason += "; that is " + v.Grant.part(ended.Subject)
	}
	if errors.Is(err, records.ErrStale) {
		v.Reason += "; its keys were rotated: ask for the grant that was made anew"
	}
}

// part says what a subject is in a grant.
func (g *grantInfo) part(id records.AgentID) string {
	switch id {
	case g.ID:
		return "the grant itself"
	case g.Audience:
		return "the agent that the grant is for"
	case g.Issuer:
		return "the grant's issuer"
	}
	return "a grant or an agent that this one stands on"
}

// unsure makes a good finding an unverified one.
func (v *grantVerdict) unsure(reason string) {
	if v.code == exitOK {
		v.Finding, v.Reason, v.code = "unverified", reason, exitUnverified
	}
}
