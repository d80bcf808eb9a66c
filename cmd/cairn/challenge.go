package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/presence"
	"github.com/cairn-overlay/cairn/records"
)

type challengeCmd struct {
	ID           string   `arg:"" name:"id" help:"ID or DID of an agent, or the name of one whose key is here."`
	At           []string `sep:"none" placeholder:"PLACE" help:"Ask at this place, an https URL or a multiaddr with /p2p/, and not at the endpoints of the agent's record; repeats."`
	Command      string   `placeholder:"PATH" help:"Ask for a grant that covers this capability path, too; its rules about arguments are not judged."`
	Of           string   `placeholder:"ID" help:"The agent whose authority the path needs; with --command."`
	AllowPrivate bool     `help:"Connect to private and loopback addresses, too."`
}

func (challengeCmd) Help() string {
	return `Connects to each endpoint of an agent and has whoever answers there prove that it holds the agent's key now, over that very connection: a card that was copied to another place fails, an answer that was recorded fails, and so does one that somebody in between has from the real agent. Over HTTPS it asks at ` + presence.Path + `, with TLS 1.3; over libp2p by the protocol ` + string(presence.Protocol) + `. Plain http has nothing to bind an answer to, and is not asked.

    cairn challenge bafyreig...
    cairn challenge bafyreig... --at https://agents.example
    cairn challenge bafyreig... --command /translate/en-es --of bafyreih...

Of the grant that --command asks for the path is judged, with time, chain and revocations, and not its rules about arguments, since nothing is called: those are for "cairn grant verify --args".

A daemon answers over libp2p for the agents that it publishes. A program answers with a dozen lines of Go: package node/presence.

Exit code: 0 where all that could be asked hold the key; 1 where one does not; 7 where nobody could be asked, or the daemon does not know what was revoked; 3, 4, 5 and 8 as "cairn resolve" has them.`
}

// Findings about a place.
const (
	held     = "held"      // who answers there holds the key
	notHeld  = "not held"  // somebody is there, and gave no good answer
	notAsked = "not asked" // nobody could be reached, or there is no way to ask
)

// challengeView is what came of a challenge.
type challengeView struct {
	ID      records.AgentID `json:"id"`
	Status  records.Status  `json:"status"`
	Finding string          `json:"finding"`
	Reason  string          `json:"reason,omitempty"`
	Places  []placeView     `json:"places"`
}

type placeView struct {
	Place   string           `json:"place"`
	Finding string           `json:"finding"`
	Reason  string           `json:"reason,omitempty"`
	Grant   *records.AgentID `json:"grant,omitempty"` // the one that was shown
}

func (v challengeView) show(t *text) {
	t.line("%s  %s", v.ID, v.Finding)
	t.field("because", "%s", v.Reason)
	for _, p := range v.Places {
		t.field(p.Finding, "%s", words(p.Place, p.Reason))
		if p.Grant != nil {
			t.field("grant", "%s", *p.Grant)
		}
	}
}

// Run challenges whoever answers at the agent's places.
func (c *challengeCmd) Run(s *session) error {
	id, err := s.subject(c.ID)
	if err != nil {
		return err
	}
	asker := presence.Asker{Agent: id, Command: c.Command}
	switch {
	case (c.Command == "") != (c.Of == ""):
		return badInput("such as --command /translate --of bafyreig...", "--command and --of belong together")
	case c.Of != "":
		if asker.Subject, err = s.subject(c.Of); err != nil {
			return err
		}
		if err := records.CheckCapability(c.Command); err != nil {
			return usage(err, "a path such as /translate/en-es")
		}
	}
	return s.withStream(func(ctx context.Context, client *api.Client) error {
		v, code, err := c.challenge(ctx, s, client, asker)
		if err != nil {
			return err
		}
		if err := s.print(v); err != nil {
			return err
		}
		return code.asError()
	})
}

func (c *challengeCmd) challenge(ctx context.Context, s *session, client *api.Client, asker presence.Asker) (challengeView, exitCode, error) {
	v := challengeView{ID: asker.Agent, Places: []placeView{}}
	asked, cancel := context.WithTimeout(ctx, s.global.Timeout)
	defer cancel()
	res, err := client.Resolve(asked, asker.Agent, api.Policy{})
	if err != nil {
		return v, exitFailed, err
	}
	v.Status = res.Status
	places := c.At
	if len(places) == 0 && res.Record != nil {
		for _, e := range res.Record.Location().Endpoints {
			places = append(places, e.URL)
		}
	}
	switch res.Status {
	case records.StatusActive, records.StatusStale, records.StatusUnverified:
	case records.StatusRevoked, records.StatusConflict:
		places = nil // whoever holds the key, it is worth nothing
	default:
		places = c.At
	}
	if len(places) == 0 {
		v.Finding, v.Reason = string(res.Status), resolutionView{res, false}.because()
		return v, max(codeOfStatus(res.Status), exitFailed), nil
	}
	d := &placeDialer{private: c.AllowPrivate}
	defer d.close()
	facts := &factsOf{ctx: ctx, client: client}
	asker.Known = facts.beside(res.Record)
	for _, place := range places {
		v.Places = append(v.Places, askPlace(ctx, s, d, asker, place))
		if facts.err != nil {
			return v, exitFailed, facts.err
		}
	}
	code := v.settle()
	if code == exitOK && res.Status == records.StatusUnverified {
		facts.unsure = res.Reason
	}
	if code == exitOK && facts.unsure != "" {
		v.Finding, v.Reason, code = "unverified", facts.unsure, exitUnverified
	}
	return v, code, nil
}

// beside is known, and the rotations in a record that was found.
func (f *factsOf) beside(rec *records.Record) func(records.AgentID) records.Fact {
	return func(id records.AgentID) records.Fact {
		fact := f.known(id)
		if rec != nil && rec.ID() == id && rec.Rotation() > 0 {
			fact = records.Join(fact, rec.Proof().Own())
		}
		return fact
	}
}

// askPlace says what came of one place.
func askPlace(ctx context.Context, s *session, d *placeDialer, asker presence.Asker, place string) placeView {
	ctx, cancel := context.WithTimeout(ctx, s.global.Timeout)
	defer cancel()
	v := placeView{Place: place, Finding: held}
	p, err := d.ask(ctx, asker, place)
	switch {
	case errors.Is(err, errNotAsked):
		v.Finding, v.Reason = notAsked, strings.TrimPrefix(err.Error(), notAsked+": ")
	case err != nil:
		v.Finding, v.Reason = notHeld, err.Error()
	case p.Grant() != nil && asker.Command != "":
		id := p.Grant().ID()
		v.Grant = &id
	}
	return v
}

// settle draws the finding from those about the places.
func (v *challengeView) settle() exitCode {
	counts := map[string]int{}
	for _, p := range v.Places {
		counts[p.Finding]++
	}
	switch {
	case counts[notHeld] > 0:
		v.Finding, v.Reason = notHeld, fmt.Sprintf("%d of %s gave no proof", counts[notHeld], count(len(v.Places), "place"))
		return exitFailed
	case counts[held] == 0:
		v.Finding, v.Reason = "unverified", "nobody could be asked"
		return exitUnverified
	}
	v.Finding = held
	return exitOK
}
