package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/node/keyring"
)

type agentNewCmd struct {
	Name        string `arg:"" help:"Name of the agent, for you alone: it is not published."`
	Certificate string `placeholder:"PATH" help:"Where the revocation certificate goes, such as a removable disk. Default: the agent's folder in the data directory."`
	RotationKey string `placeholder:"PATH" help:"Where the rotation key goes. Default: the agent's folder in the data directory."`
	Life        life   `placeholder:"365d" help:"How long the agent may live, such as 90d or 12h. Default: 365d."`
	Work        int    `placeholder:"16" default:"16" help:"Bits of work in the ID, 0 to 40: each one more doubles the time that making it takes, and of facts in a flood those of IDs with more work go first. Default: 16, a tenth of a second."`
}

func (agentNewCmd) Help() string {
	return `Makes an agent with three secrets, a file of mode 0600 each: the signing key stays here and says where the agent is; the rotation key is for the day when the signing key must be replaced; whoever has the revocation certificate can end the agent, and do nothing else. Keep the last two away from this disk. With -o raw it prints the ID alone.

    cairn agent new translator
    cairn agent new translator --certificate /usb/translator.cert --rotation-key /usb/translator.key
    ID=$(cairn agent new translator -o raw)`
}

func (agentNewCmd) rawDoc() string { return "the ID" }

// Run makes the agent.
func (c *agentNewCmd) Run(s *session) error {
	dir, err := s.dir()
	if err != nil {
		return err
	}
	keys, err := s.keys()
	if err != nil {
		return err
	}
	a, err := keys.New(c.Name, keyring.NewOptions{
		Life: time.Duration(c.Life), CertificatePath: c.Certificate, RotationKeyPath: c.RotationKey,
		Work: c.Work, Tried: s.grinding(c.Work),
	})
	if err != nil {
		return err
	}
	info := newAgentInfo(a)
	if err := s.print(newAgentResult{info, "cairn publish CARD.json --agent " + a.Name + s.dirFlag()}); err != nil {
		return err
	}
	warnOfPlace(s, dir, "revocation certificate", info.Certificate)
	warnOfPlace(s, dir, "rotation key", info.RotationKey)
	return nil
}

// grinding tells now and then how far the search for an ID with so much work is, and ends
// it with the command.
func (s *session) grinding(work int) func(uint64) error {
	told := time.Now()
	return func(tried uint64) error {
		if time.Since(told) >= progressRound {
			told = time.Now()
			s.say("%d tries; one of %d has %d bits of work", tried, uint64(1)<<work, work)
		}
		return s.ctx.Err()
	}
}

// warnOfPlace says so where a secret that belongs elsewhere lies under dir.
func warnOfPlace(s *session, dir, what, path string) {
	if liesUnder(dir, path) {
		s.warn("the %s lies on this disk, next to the signing key; move it to another one: %s", what, path)
	}
}

// liesUnder reports whether path is inside dir.
func liesUnder(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return path != "" && err == nil && filepath.IsLocal(rel)
}

type newAgentResult struct {
	agentInfo
	next string
}

func (r newAgentResult) raw() []byte { return []byte(r.ID.String() + "\n") }

func (r newAgentResult) show(t *text) {
	t.line("made the agent %s", r.Name)
	t.field("id", "%s", r.ID)
	t.field("did", "%s", r.DID)
	t.field("lives until", "%s", showTime(r.End))
	if r.Parent != "" {
		t.field("parent", "%s", r.Parent)
	}
	t.field("certificate", "%s", r.Certificate)
	t.field("rotation key", "%s", r.RotationKey)
	t.field("next", "%s", r.next)
}

// life is a duration that also knows days.
type life time.Duration

// from is when a life ends that begins at a time, or now where that is none.
func (l life) from(begin time.Time) time.Time {
	if begin.IsZero() {
		begin = time.Now()
	}
	return begin.Add(time.Duration(l))
}

// UnmarshalText reads "90d", or what time.ParseDuration reads.
func (l *life) UnmarshalText(b []byte) error {
	text := string(b)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil || n == 0 {
			return fmt.Errorf("%q is not a number of days", text)
		}
		*l = life(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is not a duration such as 90d or 12h", text)
	}
	*l = life(d)
	return nil
}
