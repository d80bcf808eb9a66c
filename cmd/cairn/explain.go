package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

type explainCmd struct {
	ID string `arg:"" name:"id" help:"ID or DID, or the name of an agent whose keys are here."`
}

func (explainCmd) Help() string {
	return `Says why the answer about an agent is what it is: what this node knew before it asked, who was asked and what each said, who holds the record and who confirms it, the tombstone that ended it and where that came from, its rotations and who signed each, the two that contradict each other where it is in conflict, how well this node knows that it was not revoked, the grants that it gave or was given as far as they are here, and what would change the answer.

    cairn explain translator
    cairn explain did:cairn:bafyreig... -o json | jq .changes

Exit codes are those of cairn resolve.`
}

// explanation is what the verb prints.
type explanation struct {
	ID       records.AgentID `json:"id"`
	Status   records.Status  `json:"status"`
	Because  string          `json:"because"`
	Before   api.Resolution  `json:"before"` // what was known here
	Answer   api.Resolution  `json:"answer"`
	Asked    int             `json:"asked"` // questions that were answered, or not
	Holders  []string        `json:"holders"`
	Ended    []string        `json:"ended"` // who answered with a tombstone
	Silent   int             `json:"silent"`
	Rotated  []rotationSeen  `json:"rotations"`
	Conflict *conflictSeen   `json:"conflict,omitempty"`
	Known    string          `json:"known"` // how well this node knows revocations
	Grants   []grantedHere   `json:"grants"`
	Changes  []string        `json:"changes"`
	hopsView resolutionView
}

// grantedHere is a grant that the keyring has and the agent takes part in.
type grantedHere struct {
	ID    records.AgentID `json:"id"`
	Part  string          `json:"part"` // issuer, audience
	Path  string          `json:"path"`
	End   time.Time       `json:"end"`
	State string          `json:"state"` // as "cairn grant list" has it
}

// Run asks the daemon twice: what it knows, and what the network says.
func (c *explainCmd) Run(s *session) error {
	id, err := s.subject(c.ID)
	if err != nil {
		return err
	}
	return s.withDaemon(func(ctx context.Context, client *api.Client) error {
		st, err := client.Status(ctx)
		if err != nil {
			return err
		}
		before, err := client.Resolve(ctx, id, api.Policy{Mode: api.CacheOnly})
		if err != nil {
			return err
		}
		answer, err := client.Resolve(ctx, id, api.Policy{Mode: api.MostRecent})
		if err != nil {
			return err
		}
		if err := s.print(newExplanation(st, before, answer, s.grantsOf(id))); err != nil {
			return err
		}
		return codeOfStatus(answer.Status).asError()
	})
}

func newExplanation(st api.Status, before, answer api.Resolution, grants []grantedHere) explanation {
	x := explanation{
		ID: answer.ID, Status: answer.Status, Before: before, Answer: answer, Asked: len(answer.Path), Holders: []string{}, Ended: []string{},
		Known: knows(st), Grants: grants, Changes: changes(st, answer), hopsView: resolutionView{Resolution: answer},
	}
	x.Rotated, x.Conflict = rotationsOf(answer)
	if x.Because = x.hopsView.because(); x.Because == "" {
		x.Because = "a record was found whose lease holds, and it is known that its owner did not end the agent"
	}
	for _, h := range answer.Path {
		switch h.Answer {
		case "record":
			x.Holders = append(x.Holders, h.Peer)
		case "tombstone":
			x.Ended = append(x.Ended, h.Peer)
		case "error":
			x.Silent++
		}
	}
	return x
}

// knows says how well a node knows who was revoked.
func knows(st api.Status) string {
	v := statusView{Status: st}
	if st.State != api.StateReady {
		return fmt.Sprintf("not well enough to call anybody active: this node is %s (%s)", st.State, st.Reason)
	}
	return fmt.Sprintf("%d revocations of %s, %s: whoever is not among them is not revoked", st.Facts, st.Range, v.completeness())
}

// changes are the events after which the answer would be another one.
func changes(st api.Status, r api.Resolution) (all []string) {
	switch r.Status {
	case records.StatusRevoked:
		return []string{"nothing: a tombstone is final"}
	case records.StatusConflict:
		return []string{"only its owner's revocation: two rotations of one number were signed, and neither wins"}
	case records.StatusUnknown:
		all = append(all, "its publisher publishes it")
	case records.StatusExpired:
		all = append(all, "its publisher renews the lease or publishes it anew")
	case records.StatusStale:
		all = append(all, "the newer record that is known to exist is found, or published again")
	case records.StatusUnverified:
		if st.State != api.StateReady {
			all = append(all, "this node becomes ready: see cairn status")
		} else {
			all = append(all, "more of the nodes near its key state that it was not revoked")
		}
	case records.StatusActive:
		if r.Record != nil {
			all = append(all, "its lease ends, "+showTime(r.Record.NotAfter())+", unless it is renewed")
			all = append(all, fmt.Sprintf("its publisher signs a record of a sequence above %d", r.Record.Sequence()))
		}
		all = append(all, "this node hears for five minutes from nobody whom it can rely on: then it says unverified")
	}
	return append(all, "its owner revokes it: at once, everywhere and for good")
}

// grantsOf lists the grants in the data directory that an agent gave or was given.
func (s *session) grantsOf(id records.AgentID) []grantedHere {
	found := []grantedHere{}
	keys, err := s.keys()
	if err != nil {
		return found // the keys may be elsewhere: with --api they are
	}
	agents, _ := keys.List()
	known, enough, done := s.facts()
	defer done()
	for _, a := range agents {
		kept, _ := keys.Grants(a.Name)
		for _, k := range kept {
			g := newKeptGrant(k)
			g.State = stateOf(standingOf(k.Grant, known), enough)
			switch id {
			case a.Identity.ID():
				found = append(found, grantedHere{g.ID, "issuer", g.Command, g.End, g.State})
			case g.Audience:
				found = append(found, grantedHere{g.ID, "audience", g.Command, g.End, g.State})
			}
		}
	}
	slices.SortFunc(found, func(a, b grantedHere) int { return a.End.Compare(b.End) })
	return found
}

func (x explanation) show(t *text) {
	t.line("%s  %s", x.ID, x.Status)
	t.field("because", "%s", x.Because)
	t.field("before", "%s", x.before())
	t.field("asked", "%s: %d gave a record, %d a tombstone, %d did not answer", count(x.Asked, "node"), len(x.Holders), len(x.Ended), x.Silent)
	for _, p := range x.Holders {
		t.field("holder", "%s", p)
	}
	for _, p := range x.Ended {
		t.field("ended by", "%s", p)
	}
	if x.Answer.Record != nil {
		t.field("lease", "until %s, sequence %d", showTime(x.Answer.Record.NotAfter()), x.Answer.Record.Sequence())
	}
	if x.Answer.Tombstone != nil {
		t.field("tombstone", "%d bytes, known from %s; it proves itself: cairn resolve %s -o raw | cairn record verify -", len(x.Answer.Tombstone.Bytes()), x.Answer.Source, x.ID)
	}
	for _, r := range x.Rotated {
		t.field("rotation", "%s", r)
	}
	if c := x.Conflict; c != nil {
		t.field("conflict", "two rotations of number %d of %s contradict each other; the proof has %d bytes, and proves itself: cairn resolve %s -o raw | cairn record verify -", c.Two[0].Number, c.ID, c.Bytes, x.ID)
		t.field("one", "%s", c.Two[0])
		t.field("other", "%s", c.Two[1])
	}
	t.field("answer", "%s", x.hopsView.provenance())
	t.field("revocations", "%s", x.Known)
	for _, g := range x.Grants {
		t.field("grant", "%s of %s, %s, until %s, as its %s", g.ID, g.Path, g.State, showTime(g.End), g.Part)
	}
	for _, c := range x.Changes {
		t.field("changes if", "%s", c)
	}
}

// before says what this node knew without asking.
func (x explanation) before() string {
	if x.Before.Record == nil && x.Before.Tombstone == nil && x.Before.Conflict == nil {
		return "nothing was known here"
	}
	return fmt.Sprintf("%s was known here, %s", x.Before.Status, resolutionView{Resolution: x.Before}.provenance())
}
