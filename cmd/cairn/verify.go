package main

import (
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/gateway/intoto"
	"github.com/cairn-overlay/cairn/records"
)

type verifyCmd struct {
	ID        string   `arg:"" name:"id" help:"ID or DID of an agent, or the name of one whose key is here."`
	Artifact  string   `required:"" placeholder:"FILE" help:"The code: an image, an archive, an SBOM; - is standard input."`
	Statement string   `placeholder:"FILE" help:"An in-toto statement about it, such as SLSA provenance, bare or in an envelope of DSSE."`
	Key       []string `sep:"none" placeholder:"FILE" help:"Public key in PEM that must have signed the statement's envelope; of several, one; repeats."`
	Builder   string   `placeholder:"URI" help:"The builder that the provenance must name."`
}

func (verifyCmd) Help() string {
	return `Says whether a file is what an agent says that it runs: its record binds the file's SHA-256, as "cairn publish --code" puts it there. With --statement the record must bind the statement, and the statement must name the file; with --key it must be signed with that key. Without a key the statement is the agent's own word.

    cairn verify bafyreig... --artifact app.tar
    cairn verify bafyreig... --artifact app.tar --statement app.intoto.json --key builder.pem \
        --builder https://builder.example

What runs at the agent's endpoints no digest can show; it shows what the agent stands for. Exit code: 0 bound; 1 not; else by the agent's status, as "cairn resolve" has them.`
}

// verifyVerdict is the finding about an artifact.
type verifyVerdict struct {
	ID      records.AgentID `json:"id"`
	Status  records.Status  `json:"status"`
	Finding string          `json:"finding"`
	Reason  string          `json:"reason,omitempty"`
	Sum     string          `json:"sha256"`
	As      string          `json:"as,omitempty"`        // the type under which the record binds it, or the statement
	Says    string          `json:"predicate,omitempty"` // what the statement says of it
	Builder string          `json:"builder,omitempty"`
	Signed  bool            `json:"signed"` // by one of the keys that were given
	code    exitCode
}

func (v verifyVerdict) show(t *text) {
	t.line("%s", v.Finding)
	t.field("because", "%s", v.Reason)
	t.field("agent", "%s  %s", v.ID, v.Status)
	t.field("sha256", "%s", v.Sum)
	t.field("bound as", "%s", v.As)
	t.field("statement", "%s", v.Says)
	t.field("built by", "%s", v.Builder)
	if v.Says != "" {
		t.field("signed", "%s", map[bool]string{true: "with a key that was given", false: "nobody asked by whom: it is the agent's own word"}[v.Signed])
	}
}

// Run compares the file with the agent's record.
func (c *verifyCmd) Run(s *session) error {
	if c.Statement == "" && (len(c.Key) > 0 || c.Builder != "") {
		return badInput("name it with --statement", "--key and --builder are about a statement")
	}
	id, err := s.subject(c.ID)
	if err != nil {
		return err
	}
	sum, err := s.digestOf(c.Artifact)
	if err != nil {
		return err
	}
	v := verifyVerdict{ID: id, Sum: fmt.Sprintf("%x", sum)}
	err = s.withDaemon(func(ctx context.Context, client *api.Client) error {
		res, err := client.Resolve(ctx, id, api.Policy{})
		if err != nil {
			return err
		}
		v.Status = res.Status
		if res.Status != records.StatusActive {
			v.Finding, v.Reason, v.code = string(res.Status), resolutionView{res, false}.because(), max(codeOfStatus(res.Status), exitFailed)
			return nil
		}
		return c.judge(s, &v, sum, res.Record.Location().Code)
	})
	if err != nil {
		return err
	}
	if err := s.print(v); err != nil {
		return err
	}
	return v.code.asError()
}

// judge holds the file, and the statement about it, against what the record binds.
func (c *verifyCmd) judge(s *session, v *verifyVerdict, sum [32]byte, bound []records.CodeDigest) error {
	no := func(format string, args ...any) error {
		v.Finding, v.Reason, v.code = "not bound", fmt.Sprintf(format, args...), exitFailed
		return nil
	}
	find := func(sum [32]byte) string {
		if i := slices.IndexFunc(bound, func(d records.CodeDigest) bool { return d.Digest == sum }); i >= 0 {
			return bound[i].Type
		}
		return ""
	}
	v.As = find(sum)
	if c.Statement == "" {
		if v.As == "" {
			return no("the agent's record has %s, none of this file", count(len(bound), "digest"))
		}
		v.Finding = "bound"
		return nil
	}
	b, err := s.readInput(c.Statement, intoto.MaxSize)
	if err != nil {
		return err
	}
	if v.As = find(sha256.Sum256(b)); v.As == "" {
		return no("the agent's record does not have the statement's digest")
	}
	keys, err := c.keys(s)
	if err != nil {
		return err
	}
	said, err := intoto.Open(b, keys...)
	switch {
	case errors.Is(err, intoto.ErrSignature):
		return no("%v", err)
	case err != nil:
		return usage(fmt.Errorf("%s: %w", c.Statement, err), "an in-toto statement, or an envelope of DSSE with one")
	}
	v.Says, v.Builder, v.Signed = said.PredicateType, said.Builder, len(keys) > 0
	switch {
	case !said.About(sum):
		return no("the statement is about other artifacts")
	case c.Builder != "" && said.Builder != c.Builder:
		return no("the statement names another builder")
	}
	v.Finding = "bound"
	return nil
}

func (c *verifyCmd) keys(s *session) ([]crypto.PublicKey, error) {
	var keys []crypto.PublicKey
	for _, name := range c.Key {
		b, err := s.readInput(name, 64<<10)
		if err != nil {
			return nil, err
		}
		key, err := intoto.ParseKey(b)
		if err != nil {
			return nil, usage(fmt.Errorf("%s: %w", name, err), "an Ed25519 or ECDSA key, PEM, as openssl pkey -pubout writes it")
		}
		keys = append(keys, key)
	}
	return keys, nil
}
