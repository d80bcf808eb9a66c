package main

import (
	"crypto/rand"
	"encoding/json"
	"time"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
)

type grantIssueCmd struct {
	Agent     string    `arg:"" name:"name|id" help:"Name, ID or DID of the issuing agent, whose key is here."`
	Command   string    `arg:"" name:"path" help:"The capability path that may be called, with everything below it, such as /translate."`
	To        string    `required:"" placeholder:"ID" help:"ID or DID of the agent that may call it, or the name of one whose key is here."`
	Life      life      `default:"24h" placeholder:"24h" help:"How long, such as 90d or 12h; never longer than the issuer lives. Default: 24h."`
	NotBefore time.Time `placeholder:"TIME" help:"When it begins, such as 2026-12-24T18:00:00Z; its life counts from then. Default: at once."`
	Policy    string    `placeholder:"JSON" help:"Rules that the arguments must keep, as UCAN writes them, such as [[\"<=\", \".size\", 4096]]."`
	Under     string    `placeholder:"FILE" help:"The grant of which a part is handed on, where it is not the issuer's own authority."`
}

func (grantIssueCmd) Help() string {
	return `Signs a grant with the issuer's key, and keeps it with its revocation certificate in the issuer's folder. Give the grant's file to the agent that it is for; keep the certificate. Where the daemon knows that the issuer, the agent that it is for, an ancestor of either, or a grant above was revoked, nothing is signed: exit code 4. With -o raw it prints the grant's bytes.

    cairn grant issue planner /translate --to bafyreig...
    cairn grant issue planner /files/read --to helper --life 1h \
        --policy '[["like", ".path", "/tmp/*"]]'
    cairn grant issue helper /files/read/small --to bafyreih... --under planner.grant \
        -o raw > part.grant`
}

func (grantIssueCmd) rawDoc() string { return "the grant's bytes" }

// Run issues the grant.
func (c *grantIssueCmd) Run(s *session) error {
	a, err := s.agent(c.Agent)
	if err != nil {
		return err
	}
	keys, err := s.keys()
	if err != nil {
		return err
	}
	asked := c.Life.from(c.NotBefore)
	draft, err := c.draft(s, earlier(asked, a.Identity.End()))
	if err != nil {
		return err
	}
	if err := mustBegin(draft.NotBefore, draft.End); err != nil {
		return err
	}
	also := []judged{s.alive(draft.Audience)}
	if draft.Under != nil {
		also = append(also, draft.Under.Standing)
	}
	if err := s.mustStand(a, also...); err != nil {
		return err
	}
	key, err := keys.Signer(a.Name)
	if err != nil {
		return err
	}
	kept, err := issueGrant(keys, a, key, draft)
	if err != nil {
		return err
	}
	s.shortened(asked, kept.Grant.End())
	return s.print(issuedGrant{newKeptGrant(kept), kept.Grant.Bytes(), s.dirFlag()})
}

// issueGrant signs a grant, and keeps it with the certificate that ends it.
func issueGrant(keys *keyring.Keyring, a keyring.Agent, key records.Signer, draft records.GrantDraft) (keyring.Kept, error) {
	var secret records.Secret
	_, _ = rand.Read(secret[:]) // never fails, by its contract
	_, _ = rand.Read(draft.Nonce[:])
	g, err := a.Proof.Grant(draft, nil, key, secret)
	if err != nil {
		return keyring.Kept{}, err
	}
	cert, err := g.Header().Reveal(secret)
	if err != nil {
		return keyring.Kept{}, err
	}
	return keys.KeepGrant(a.Name, g, cert)
}

// draft is what the flags ask for, until end at most.
func (c *grantIssueCmd) draft(s *session, end time.Time) (records.GrantDraft, error) {
	d := records.GrantDraft{Command: c.Command, NotBefore: c.NotBefore, End: end}
	var err error
	if d.Audience, err = s.subject(c.To); err != nil {
		return d, err
	}
	if c.Policy != "" {
		if err := json.Unmarshal([]byte(c.Policy), &d.Policy); err != nil {
			return d, usage(err, `such as --policy '[["<=", ".size", 4096], ["like", ".path", "/tmp/*"]]'`)
		}
	}
	if c.Under != "" {
		if d.Under, err = s.readGrant(c.Under); err != nil {
			return d, err
		}
		d.End = earlier(end, d.Under.End())
	}
	return d, nil
}

// keptGrantInfo is a grant that was issued here.
type keptGrantInfo struct {
	grantInfo
	Agent       string `json:"agent"`           // the issuer's name
	State       string `json:"state,omitempty"` // in a list: how it stands
	File        string `json:"file"`
	Certificate string `json:"certificate"`
}

func newKeptGrant(kept keyring.Kept) keptGrantInfo {
	return keptGrantInfo{grantInfo: newGrantInfo(kept.Grant), Agent: kept.Agent, File: kept.Path, Certificate: kept.CertificatePath}
}

type issuedGrant struct {
	keptGrantInfo
	bytes []byte
	dir   string
}

func (g issuedGrant) raw() []byte { return g.bytes }

func (g issuedGrant) show(t *text) {
	t.line("issued a grant")
	g.grantInfo.show(t)
	t.field("file", "%s", g.File)
	t.field("certificate", "%s", g.Certificate)
	t.field("next", "give the file to the agent that it is for; to end it: cairn grant revoke %s%s", g.ID, g.dir)
}
