package main

import (
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
)

// obituaryCmd are the verbs for the reason of an agent's end.
type obituaryCmd struct {
	Write obituaryWriteCmd `cmd:"" help:"Sign why one of your agents was ended, and who takes its place."`
	Show  obituaryShowCmd  `cmd:"" help:"Say what obituaries of an agent are worth, and show what they say."`
}

func (obituaryCmd) Help() string {
	return `An obituary says why an agent was ended, when, and which agent takes its place. It informs and ends nothing: that is for "cairn revoke". The rotation key signs it, so that a thief of the signing key names no successor. No node carries it: give the file to whom it concerns, or lay it where they look.

    cairn obituary write translator --reason superseded --successor bafyreih...
    cairn revoke translator
    cairn obituary show translator.obituary`
}

// obituaryInfo is an obituary as the obituary verbs print it.
type obituaryInfo struct {
	ID        records.AgentID  `json:"id"`
	Reason    records.Reason   `json:"reason"`
	At        time.Time        `json:"at"`
	Successor *records.AgentID `json:"successor,omitempty"`
}

func newObituaryInfo(o *records.Obituary) obituaryInfo {
	return obituaryInfo{ID: o.ID(), Reason: o.Reason(), At: o.Time(), Successor: o.Successor()}
}

func (i obituaryInfo) show(t *text) {
	t.field("of", "%s", i.ID)
	t.field("reason", "%s", i.Reason)
	t.field("at", "%s", showTime(i.At))
	if i.Successor != nil {
		t.field("successor", "%s", *i.Successor)
	}
}

type obituaryWriteCmd struct {
	Agent     string  `arg:"" name:"name|id" help:"Name, ID or DID of an agent whose rotation key is at hand."`
	Reason    string  `required:"" enum:"unspecified,keyCompromise,affiliationChanged,superseded,cessationOfOperation,privilegeWithdrawn" placeholder:"WORD" help:"Why, in a word of RFC 5280: unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation or privilegeWithdrawn."`
	Successor string  `placeholder:"ID" help:"ID or DID of the agent that takes its place, or the name of one whose key is here. Default: none does."`
	At        instant `placeholder:"TIME" help:"When it was ended, such as 2026-05-01T12:00:00Z. Default: now."`
	ColdKey   string  `placeholder:"PATH" help:"Where the rotation key is now. Default: where it was put."`
}

func (obituaryWriteCmd) Help() string {
	return `Signs an obituary with the agent's rotation key, and keeps it in the agent's folder. It ends nothing: run "cairn revoke" besides, before or after. An agent gets one obituary: of two that differ none is followed, by anybody. One is worth nothing any more once the keys are rotated after it; where the daemon knows that they were rotated elsewhere, or contradict themselves, nothing is signed: exit code 8. With -o raw it prints the obituary's bytes.

    cairn obituary write translator --reason superseded --successor bafyreih...
    cairn obituary write translator --reason keyCompromise --cold-key /usb/translator.key \
        -o raw > translator.obituary`
}

func (obituaryWriteCmd) rawDoc() string { return "the obituary's bytes" }

type writtenObituary struct {
	obituaryInfo
	Agent string `json:"agent"`
	File  string `json:"file"`
	bytes []byte
	dir   string
}

func (o writtenObituary) raw() []byte { return o.bytes }

func (o writtenObituary) show(t *text) {
	t.line("signed the obituary of %s", o.Agent)
	o.obituaryInfo.show(t)
	t.field("file", "%s", o.File)
	t.field("next", "end the agent, where that is still to be done: cairn revoke %s%s; then destroy its rotation key", o.Agent, o.dir)
}

// Run signs the obituary.
func (c *obituaryWriteCmd) Run(s *session) error {
	a, err := s.agent(c.Agent)
	if err != nil {
		return err
	}
	keys, err := s.keys()
	if err != nil {
		return err
	}
	opts := keyring.ObituaryOptions{Reason: records.Reason(c.Reason), At: time.Time(c.At), ColdKey: c.ColdKey}
	if c.Successor != "" {
		id, err := s.subject(c.Successor)
		if err != nil {
			return err
		}
		opts.Successor = &id
	}
	if err := s.mustAll(a, ownKeys(a)); err != nil {
		return err
	}
	o, path, err := keys.Obituary(a.Name, opts)
	if err != nil {
		return err
	}
	return s.print(writtenObituary{newObituaryInfo(o), a.Name, path, o.Bytes(), s.dirFlag()})
}

// readObituary reads an obituary from a file, or from standard input where name is "-".
func (s *session) readObituary(name string) (*records.Obituary, error) {
	b, err := s.readInput(name, records.MaxFactSize)
	if err != nil {
		return nil, err
	}
	o, err := records.OpenObituary(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return o, nil
}
