package main

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/node/gateway/vc"
	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
)

// claimCmd are the verbs for what one agent attests of another.
type claimCmd struct {
	Issue  claimIssueCmd  `cmd:"" help:"Attest that an agent has a capability."`
	List   claimListCmd   `cmd:"" help:"List the claims that your agents issued."`
	Show   claimShowCmd   `cmd:"" help:"Show all that a claim says."`
	Verify claimVerifyCmd `cmd:"" help:"Say whether claims by issuers of your choice show a capability."`
	VC     claimVCCmd     `cmd:"" name:"vc" help:"Give a claim the form of a W3C Verifiable Credential."`
}

func (claimCmd) Help() string {
	return `A claim is a proof of capability: one agent attests that another can do something, until a time, by evidence that it names. Anybody can claim anything; whose word counts is for the reader to say, in a trust policy. A claim is revoked by its certificate, as an agent is: cairn revoke --cert FILE

    cairn claim issue examiner /translate/en-es --about bafyreig... --evidence report.pdf
    cairn claim list
    cairn claim verify /translate/en-es the.claim --about bafyreig... --trust trust.json
    cairn claim vc the.claim > credential.json`
}

// claimInfo is a claim as the claim verbs print it.
type claimInfo struct {
	ID         records.AgentID      `json:"id"`
	Issuer     records.AgentID      `json:"issuer"`
	Subject    records.AgentID      `json:"subject"`
	Capability string               `json:"capability"`
	Evidence   []records.CodeDigest `json:"evidence,omitempty"`
	NotBefore  *time.Time           `json:"not_before,omitempty"`
	End        time.Time            `json:"end"`
}

func newClaimInfo(c *records.Claim) claimInfo {
	info := claimInfo{ID: c.ID(), Issuer: c.Issuer().ID(), Subject: c.Subject(), Capability: c.Capability(), Evidence: c.Evidence(), End: c.End()}
	if from := c.NotBefore(); !from.IsZero() {
		info.NotBefore = &from
	}
	return info
}

func (i claimInfo) show(t *text) {
	t.field("claim", "%s", i.ID)
	t.field("issued by", "%s", i.Issuer)
	t.field("about", "%s", i.Subject)
	t.field("can", "%s", i.Capability)
	for _, e := range i.Evidence {
		t.field("evidence", "%s", words(e.Type, fmt.Sprintf("sha256 %x", e.Digest), e.URL))
	}
	if i.NotBefore != nil {
		t.field("from", "%s", showTime(*i.NotBefore))
	}
	t.field("until", "%s", showTime(i.End))
}

// readClaim reads a claim from a file, or from standard input where name is "-".
func (s *session) readClaim(name string) (*records.Claim, error) {
	b, err := s.readInput(name, records.MaxValueSize)
	if err != nil {
		return nil, err
	}
	c, err := records.OpenClaim(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

type claimIssueCmd struct {
	Agent      string    `arg:"" name:"name|id" help:"Name, ID or DID of the issuing agent, whose key is here."`
	Capability string    `arg:"" name:"path" help:"The capability path that is attested, such as /translate/en-es."`
	About      string    `required:"" placeholder:"ID" help:"ID or DID of the agent that has it, or the name of one whose key is here."`
	Life       life      `default:"90d" placeholder:"90d" help:"How long, such as 90d or 12h; never longer than the issuer lives. Default: 90d."`
	NotBefore  time.Time `placeholder:"TIME" help:"When it begins, such as 2026-12-24T18:00:00Z; its life counts from then. Default: at once."`
	Evidence   []string  `sep:"none" placeholder:"[TYPE=]FILE" help:"A file that the issuer went by; its digest becomes part of the claim. Without a type: report. Repeats."`
}

func (claimIssueCmd) Help() string {
	return `Signs a claim with the issuer's key, and keeps it with its revocation certificate in the issuer's folder. Give the claim's file to the agent that it is about; keep the certificate. Where the daemon knows that the issuer, that agent, or an ancestor of either was revoked, nothing is signed: exit code 4. With -o raw it prints the claim's bytes.

    cairn claim issue examiner /translate/en-es --about bafyreig...
    cairn claim issue examiner /translate/en-es --about bafyreig... --life 30d \
        --evidence report.pdf -o raw > the.claim`
}

func (claimIssueCmd) rawDoc() string { return "the claim's bytes" }

// keptClaimInfo is a claim that was issued here.
type keptClaimInfo struct {
	claimInfo
	Agent       string `json:"agent"`           // the issuer's name
	State       string `json:"state,omitempty"` // in a list: how it stands
	File        string `json:"file"`
	Certificate string `json:"certificate"`
}

func newKeptClaim(kept keyring.KeptClaim) keptClaimInfo {
	return keptClaimInfo{claimInfo: newClaimInfo(kept.Claim), Agent: kept.Agent, File: kept.Path, Certificate: kept.CertificatePath}
}

type issuedClaim struct {
	keptClaimInfo
	bytes []byte
	dir   string
}

func (c issuedClaim) raw() []byte { return c.bytes }

func (c issuedClaim) show(t *text) {
	t.line("issued a claim")
	c.claimInfo.show(t)
	t.field("file", "%s", c.File)
	t.field("certificate", "%s", c.Certificate)
	t.field("next", "give the file to the agent that it is about; to end it: cairn revoke --cert %s%s", c.Certificate, c.dir)
}

// Run issues the claim.
func (c *claimIssueCmd) Run(s *session) error {
	a, err := s.agent(c.Agent)
	if err != nil {
		return err
	}
	keys, err := s.keys()
	if err != nil {
		return err
	}
	asked := c.Life.from(c.NotBefore)
	draft := records.ClaimDraft{Capability: c.Capability, NotBefore: c.NotBefore, End: earlier(asked, a.Identity.End())}
	if err := mustBegin(draft.NotBefore, draft.End); err != nil {
		return err
	}
	if draft.Subject, err = s.subject(c.About); err != nil {
		return err
	}
	if draft.Evidence, err = s.digests(c.Evidence, "report"); err != nil {
		return err
	}
	if err := s.mustStand(a, s.alive(draft.Subject)); err != nil {
		return err
	}
	key, err := keys.Signer(a.Name)
	if err != nil {
		return err
	}
	kept, err := issueClaim(keys, a, key, draft)
	if err != nil {
		return err
	}
	s.shortened(asked, kept.Claim.End())
	return s.print(issuedClaim{newKeptClaim(kept), kept.Claim.Bytes(), s.dirFlag()})
}

// issueClaim signs a claim, and keeps it with the certificate that ends it.
func issueClaim(keys *keyring.Keyring, a keyring.Agent, key records.Signer, draft records.ClaimDraft) (keyring.KeptClaim, error) {
	var secret records.Secret
	_, _ = rand.Read(secret[:]) // never fails, by its contract
	_, _ = rand.Read(draft.Nonce[:])
	claim, err := a.Proof.Claim(draft, nil, key, secret)
	if err != nil {
		return keyring.KeptClaim{}, err
	}
	cert, err := claim.Header().Reveal(secret)
	if err != nil {
		return keyring.KeptClaim{}, err
	}
	return keys.KeepClaim(a.Name, claim, cert)
}

// digests reads files named [TYPE=]FILE.
func (s *session) digests(names []string, otherwise string) ([]records.CodeDigest, error) {
	var all []records.CodeDigest
	for _, name := range names {
		kind, file, ok := strings.Cut(name, "=")
		if !ok {
			kind, file = otherwise, name
		}
		sum, err := s.digestOf(file)
		if err != nil {
			return nil, err
		}
		all = append(all, records.CodeDigest{Type: kind, Digest: sum})
	}
	return all, nil
}

type claimShowCmd struct {
	File string `arg:"" help:"A claim; - is standard input."`
}

func (claimShowCmd) Help() string {
	return `Verifies a claim's signatures and shows it. It asks no daemon, and not whose word counts: that "cairn claim verify" tells. With -o raw it prints the canonical bytes.

    cairn claim show the.claim
    cairn claim issue examiner /translate --about helper -o raw | cairn claim show -`
}

func (claimShowCmd) rawDoc() string { return "the canonical bytes" }

type claimView struct {
	claimInfo
	Size  int `json:"size"`
	bytes []byte
}

func (v claimView) raw() []byte { return v.bytes }

func (v claimView) show(t *text) {
	t.line("a claim, %d bytes", v.Size)
	v.claimInfo.show(t)
}

// Run shows the claim.
func (c *claimShowCmd) Run(s *session) error {
	claim, err := s.readClaim(c.File)
	if err != nil {
		return err
	}
	b := claim.Bytes()
	return s.print(claimView{newClaimInfo(claim), len(b), b})
}

type claimVCCmd struct {
	File string `arg:"" help:"A claim whose issuer's key is here; - is standard input."`
}

func (claimVCCmd) Help() string {
	return `Prints a claim as a W3C Verifiable Credential 2.0, signed anew with the issuer's key by the suite eddsa-jcs-2022, for whoever knows W3C's formats and not Cairn's. The credential is as good as the claim: its status is the claim's ID, which a tombstone ends.

    cairn claim vc the.claim > credential.json`
}

func (claimVCCmd) rawDoc() string { return "the credential" }

type credentialView struct{ doc []byte }

func (v credentialView) raw() []byte { return v.doc }

// MarshalJSON is the credential itself.
func (v credentialView) MarshalJSON() ([]byte, error) { return v.doc, nil }

func (v credentialView) show(t *text) { t.line("%s", v.doc) }

// Run prints the credential.
func (c *claimVCCmd) Run(s *session) error {
	claim, err := s.readClaim(c.File)
	if err != nil {
		return err
	}
	keys, err := s.keys()
	if err != nil {
		return err
	}
	a, err := keys.Find(claim.Issuer().ID())
	if err != nil {
		return err
	}
	key, err := keys.Signer(a.Name)
	if err != nil {
		return err
	}
	doc, err := vc.FromClaim(claim, time.Now(), key)
	if err != nil {
		return err
	}
	return s.print(credentialView{doc})
}

// digestOf hashes a file of any size.
func (s *session) digestOf(name string) (sum [32]byte, err error) {
	h := sha256.New()
	if err := s.copyInput(name, h); err != nil {
		return sum, err
	}
	h.Sum(sum[:0])
	return sum, nil
}
