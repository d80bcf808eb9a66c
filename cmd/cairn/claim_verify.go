package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

type claimVerifyCmd struct {
	Capability string   `arg:"" name:"path" help:"The capability path that is to be shown."`
	Files      []string `arg:"" optional:"" name:"file" help:"Claims that were presented; - is standard input. Those that the agent's record carries count as well."`
	About      string   `required:"" placeholder:"ID" help:"The agent that is to have it."`
	Trust      string   `required:"" placeholder:"FILE" help:"The trust policy: whose claims count, a JSON file."`
	Caller     string   `placeholder:"ID" help:"Who asks, where the policy has rules for single callers."`
	Realm      string   `placeholder:"NAME" help:"The realm, where the policy has rules for realms."`
	At         instant  `placeholder:"TIME" help:"Judge it at this time, such as 2026-05-01T12:00:00Z. Default: now."`
	Offline    bool     `help:"Ask no daemon, and do without knowing what was revoked: the best finding is attested."`
}

func (claimVerifyCmd) Help() string {
	return `Says whether issuers of your choice attest that an agent has a capability now: which claims verify, whose count, and, by the facts that the daemon holds, that none was revoked, nor its issuer or subject. The trust policy is a file such as

    {"default": {"issuers": [{"id": "did:cairn:bafyreig...", "for": ["/translate"]}], "need": 1},
     "realms": {"acme": {"issuers": [{"id": "bafyreih..."}, {"id": "bafyreij..."}], "need": 2}},
     "callers": {"bafyreik...": {"issuers": []}}}

with the rule of the caller before that of the realm, before the default. "for" are paths with all below them; without it an issuer's word counts for everything.

    cairn claim verify /translate/en-es the.claim --about bafyreig... --trust trust.json
    cairn claim verify /translate/en-es --about bafyreig... --trust trust.json --realm acme

With --offline the claims are judged by their bytes alone, and the finding says so: attested, and not vouched for.

Exit code by finding: 0 vouched for, or with --offline attested; 1 not by enough issuers that count; 4 a claim that counted was revoked; 7 unverified: the daemon is not ready.`
}

// claimVerdict is the finding about a capability.
type claimVerdict struct {
	Finding    string          `json:"finding"`
	Reason     string          `json:"reason,omitempty"`
	Subject    records.AgentID `json:"subject"`
	Capability string          `json:"capability"`
	By         []claimInfo     `json:"by"`
	NotTrusted []claimInfo     `json:"not_trusted,omitempty"` // of issuers that do not count
	code       exitCode
}

func (v claimVerdict) show(t *text) {
	t.line("%s", v.Finding)
	t.field("because", "%s", v.Reason)
	t.field("agent", "%s", v.Subject)
	t.field("can", "%s", v.Capability)
	for _, c := range v.By {
		t.field("attested by", "%s, until %s", c.Issuer, showTime(c.End))
	}
	for _, c := range v.NotTrusted {
		t.field("not counted", "%s, which the trust policy does not name for this", c.Issuer)
	}
}

// Run judges the claims.
func (c *claimVerifyCmd) Run(s *session) error {
	v := claimVerdict{Capability: c.Capability, By: []claimInfo{}}
	var err error
	if v.Subject, err = s.subject(c.About); err != nil {
		return err
	}
	if err := records.CheckCapability(c.Capability); err != nil {
		return usage(err, "a path such as /translate/en-es")
	}
	trust, err := c.trust(s)
	if err != nil {
		return err
	}
	var claims []*records.Claim
	for _, name := range c.Files {
		one, err := s.readClaim(name)
		if err != nil {
			return err
		}
		claims = append(claims, one)
	}
	if c.Offline {
		c.judge(&v, trust, claims, func(records.AgentID) records.Fact { return nil })
		if v.code == exitOK {
			v.Finding, v.Reason = "attested", unasked
		}
	} else if err := s.withDaemon(func(ctx context.Context, client *api.Client) error { return c.ask(ctx, client, &v, trust, claims) }); err != nil {
		return err
	}
	if err := s.print(v); err != nil {
		return err
	}
	return v.code.asError()
}

// ask judges by what the daemon knows, and with the claims that the agent's record carries.
func (c *claimVerifyCmd) ask(ctx context.Context, client *api.Client, v *claimVerdict, trust records.Trust, claims []*records.Claim) error {
	res, err := client.Resolve(ctx, v.Subject, api.Policy{})
	if err != nil {
		return err
	}
	if res.Record != nil {
		claims = append(claims, res.Record.Claims()...)
	}
	facts := &factsOf{ctx: ctx, client: client}
	c.judge(v, trust, claims, facts.known)
	switch {
	case facts.err != nil:
		return facts.err
	case facts.unsure != "":
		v.unsure(facts.unsure)
	case client.Ready(ctx) != nil:
		v.unsure("the daemon is not ready: it may not know yet what was revoked")
	}
	return nil
}

func (c *claimVerifyCmd) judge(v *claimVerdict, trust records.Trust, claims []*records.Claim, known func(records.AgentID) records.Fact) {
	at := time.Time(c.At)
	if at.IsZero() {
		at = time.Now()
	}
	by, err := trust.Vouch(claims, v.Subject, c.Capability, at, known)
	for _, claim := range by {
		v.By = append(v.By, newClaimInfo(claim))
	}
	for _, claim := range claims {
		if claim.Subject() == v.Subject && claim.Capability() == c.Capability && !trust.Counts(claim.Issuer().ID(), c.Capability) {
			v.NotTrusted = append(v.NotTrusted, newClaimInfo(claim))
		}
	}
	switch {
	case err == nil:
		v.Finding = "vouched for"
		return
	case errors.Is(err, records.ErrRevoked):
		v.Finding, v.code = "revoked", exitRevoked
	default:
		v.Finding, v.code = "not vouched for", exitFailed
	}
	v.Reason = err.Error()
}

// unsure makes a good finding an unverified one.
func (v *claimVerdict) unsure(reason string) {
	if v.code == exitOK {
		v.Finding, v.Reason, v.code = "unverified", reason, exitUnverified
	}
}

// trust reads the rule that applies.
func (c *claimVerifyCmd) trust(s *session) (records.Trust, error) {
	b, err := s.readInput(c.Trust, records.MaxTrustSize)
	if err != nil {
		return records.Trust{}, err
	}
	policy, err := records.ParseTrustPolicy(b)
	if err != nil {
		return records.Trust{}, usage(fmt.Errorf("%s: %w", c.Trust, err), "cairn claim verify --help shows one")
	}
	var caller records.AgentID
	if c.Caller != "" {
		if caller, err = s.subject(c.Caller); err != nil {
			return records.Trust{}, err
		}
	}
	return policy.For(caller, c.Realm), nil
}
