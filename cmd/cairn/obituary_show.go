package main

import (
	"github.com/cairn-overlay/cairn/records"
)

type obituaryShowCmd struct {
	Files []string `arg:"" name:"file" help:"Obituaries of one agent, all that were heard of; - is standard input."`
	Cert  string   `placeholder:"FILE" help:"The agent's tombstone or revocation certificate, which shows that it was ended; no daemon is asked then."`
}

func (obituaryShowCmd) Help() string {
	return `Verifies obituaries of an agent and says whether anything in them may be believed: its rotation key signed, no two differ, its keys were not rotated since nor contradict themselves, and it was ended indeed. The last two the daemon knows; a tombstone shows the last one, too.

    cairn obituary show translator.obituary
    cairn obituary show translator.obituary --cert translator.cert

Exit code by finding: 0 it may be followed; 2 bytes that are no genuine obituary; 7 unverified: nothing that is known here shows that the agent was ended; 8 two differ, or the keys were rotated since or contradict themselves: none is followed.`
}

// epitaphView is the finding about the obituaries of an agent.
type epitaphView struct {
	Finding  string          `json:"finding"`
	Because  string          `json:"reason,omitempty"`
	ID       records.AgentID `json:"id"`
	Obituary *obituaryInfo   `json:"obituary,omitempty"` // none where none is followed
	code     exitCode
}

func (v epitaphView) show(t *text) {
	t.line("%s", v.Finding)
	t.field("because", "%s", v.Because)
	if v.Obituary == nil {
		t.field("of", "%s", v.ID)
		return
	}
	v.Obituary.show(t)
}

// Run judges the obituaries.
func (c *obituaryShowCmd) Run(s *session) error {
	var epitaph records.Epitaph
	var id records.AgentID
	for _, name := range c.Files {
		o, err := s.readObituary(name)
		if err != nil {
			return err
		}
		if !id.IsZero() && id != o.ID() {
			return badInput("name those of one agent", "%s is an obituary of another agent, %s", name, o.ID())
		}
		id, epitaph = o.ID(), epitaph.Hear(o)
	}
	fact, err := c.fact(s, id)
	if err != nil {
		return err
	}
	v := judgeEpitaph(id, epitaph, fact)
	if err := s.print(v); err != nil {
		return err
	}
	return v.code.asError()
}

// fact is what is known of the agent, nil where nothing is.
func (c *obituaryShowCmd) fact(s *session, id records.AgentID) (records.Fact, error) {
	if c.Cert == "" {
		known, _, done := s.facts()
		defer done()
		return known(id), nil
	}
	t, err := s.readCertificate(c.Cert)
	if err != nil {
		return nil, usage(err, "name the agent's tombstone or revocation certificate")
	}
	if t.ID() != id {
		return nil, badInput("name the agent's own", "%s ends another agent, %s", c.Cert, t.ID())
	}
	return t, nil
}

func judgeEpitaph(id records.AgentID, epitaph records.Epitaph, fact records.Fact) epitaphView {
	v := epitaphView{ID: id}
	_, dead := fact.(*records.Tombstone)
	o := epitaph.Follow(fact)
	switch {
	case epitaph.Disputed:
		v.Finding, v.Because, v.code = "disputed", "two obituaries differ, and none is followed", exitConflict
		return v
	case o == nil:
		v.Finding, v.Because, v.code = "conflict", "the agent's keys were rotated since, or contradict themselves", exitConflict
		return v
	case dead:
		v.Finding = "followed"
	default:
		v.Finding, v.Because, v.code = "unverified", "nothing that is known here shows that the agent was ended, and an obituary ends nothing", exitUnverified
	}
	info := newObituaryInfo(o)
	v.Obituary = &info
	return v
}
