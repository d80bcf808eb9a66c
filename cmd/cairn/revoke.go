package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/records"
)

type revokeCmd struct {
	Agent string `arg:"" optional:"" name:"name|id" help:"Name, ID or DID of an agent whose certificate lies under the data directory."`
	Cert  string `placeholder:"FILE" help:"The revocation certificate, or the groups of its printed sheet, or - for standard input; nothing else is needed, and any daemon will do."`
	Seed  string `placeholder:"FILE" help:"The revocation seed of the agent's parent, or the groups of its printed sheet, or - for standard input, in place of the agent's own certificate."`
	Yes   bool   `short:"y" help:"Do not ask on a terminal."`
}

func (revokeCmd) Help() string {
	return `Ends an agent, everywhere and for good. The revocation certificate reveals a secret that only the agent's maker knew; each node checks it by itself, refuses the agent from then on, and passes it on. Nothing undoes it: no later record, no replay, no key. A lost or stolen key cannot stop it. Rotation keys are never touched.

    cairn revoke translator
    cairn revoke --cert /media/usb/translator.cert --yes
    cairn revoke helper --seed /media/usb/translator.seed --yes

From paper, type the groups of the sheet and then Ctrl-D; what is mistyped is named by its group:

    cairn revoke --cert - --yes

Exit code 6 means that too few nodes stored it yet; this node refuses the agent already, and tells every node that it meets.`
}

// Run reveals the secret.
func (c *revokeCmd) Run(s *session) error {
	t, err := c.tombstone(s)
	if err != nil {
		return err
	}
	if err := c.confirm(s, t.ID()); err != nil {
		return err
	}
	return s.withDaemon(func(ctx context.Context, client *api.Client) error {
		res, err := client.Revoke(ctx, t)
		if err != nil {
			return s.unrevoked(err)
		}
		if err := s.print(revokeView{res}); err != nil {
			return err
		}
		return s.partial(res.Partial, res.Acks, res.Targets, res.Reason)
	})
}

// unrevoked is the error of a daemon that could not write the tombstone down. It sends none
// before it is on its disk, so that no other node refuses the agent yet.
func (s *session) unrevoked(err error) error {
	var p *api.Problem
	if errors.As(err, &p) && p.Name() == "not-ready" && strings.Contains(p.Detail, store.ErrFull.Error()) {
		return &failure{exitUnverified, err, "make room on the daemon's disk, and it goes out by itself; until then no other node knows it, and a restart of this one forgets it. At once: revoke at another node, with --cert and its --dir or --api"}
	}
	return err
}

// tombstone makes the tombstone of whom the arguments name.
func (c *revokeCmd) tombstone(s *session) (*records.Tombstone, error) {
	switch {
	case c.Cert != "" && c.Seed != "":
		return nil, badInput("one of them is enough", "both a certificate and a seed were named")
	case c.Cert != "":
		return c.fromFile(s)
	case c.Agent == "":
		return nil, badInput("run: cairn revoke NAME, or cairn revoke --cert FILE", "nobody to revoke was named")
	}
	if _, err := records.ParseAgentID(c.Agent); err != nil && looksLikeID(c.Agent) {
		return nil, usage(err, "an ID has 59 characters and starts with bafyrei; a DID starts with did:cairn:bafyrei")
	}
	keys, err := s.keys()
	if err != nil {
		return nil, err
	}
	if c.Seed != "" {
		return c.fromSeed(s, keys)
	}
	t, err := keys.Certificate(c.Agent)
	if errors.Is(err, keyring.ErrNoSecret) {
		return nil, &failure{exitNotFound, err, "fetch the certificate from where you keep it: cairn revoke --cert FILE"}
	}
	return t, s.suggest(keys, c.Agent, err, "its certificate is not here; with the file any daemon will do: cairn revoke --cert FILE")
}

// fromSeed makes the tombstone of an agent with its parent's revocation seed. Where the agent
// is not here its header comes from its record.
func (c *revokeCmd) fromSeed(s *session, keys *keyring.Keyring) (*records.Tombstone, error) {
	seed, err := s.readSeed(c.Seed)
	if err != nil {
		return nil, usage(err, "want the file that \"cairn agent spawn\" wrote for the parent, or the groups of its sheet, all of them in their order")
	}
	var header records.Header
	if a, err := keys.Lookup(c.Agent); err == nil {
		header = a.Identity.Header()
	} else if id, parseErr := records.ParseAgentID(c.Agent); parseErr != nil {
		return nil, s.suggest(keys, c.Agent, err, "name an agent that is not here by its ID")
	} else if header, err = s.headerOf(id); err != nil {
		return nil, err
	}
	t, err := header.RevealDerived(seed)
	if errors.Is(err, records.ErrWrongSecret) {
		return nil, usage(err, "the agent was not spawned with this seed; take its own certificate: --cert FILE")
	}
	return t, err
}

func (s *session) readSeed(name string) ([]byte, error) {
	if name != "-" {
		return keyring.ReadSeed(name)
	}
	b, err := s.readInput(name, maxEvidence)
	if err != nil {
		return nil, err
	}
	return keyring.ParseSeed(b)
}

// headerOf finds the header of an agent in its record.
func (s *session) headerOf(id records.AgentID) (header records.Header, err error) {
	err = s.withDaemon(func(ctx context.Context, client *api.Client) error {
		policy, err := api.ParsePolicy(api.MostRecent)
		if err != nil {
			return err
		}
		res, err := client.Resolve(ctx, id, policy)
		switch {
		case err != nil:
			return err
		case res.Record == nil:
			return &failure{exitNotFound, fmt.Errorf("no record of %s is found, which would tell its header", id), "take its own certificate: --cert FILE"}
		}
		header = res.Record.Identity().Header()
		return nil
	})
	return header, err
}

// fromFile reads the certificate, and holds it against an agent named besides.
func (c *revokeCmd) fromFile(s *session) (*records.Tombstone, error) {
	t, err := s.readCertificate(c.Cert)
	if err != nil {
		return nil, usage(err, "want the file that \"cairn agent new\" wrote as certificate, or the groups of its sheet, all of them in their order")
	}
	if c.Agent == "" {
		return t, nil
	}
	id, err := s.subject(c.Agent)
	if err != nil {
		return nil, err
	}
	if id != t.ID() {
		return nil, badInput("leave the name out, or take the certificate of that agent", "the certificate is of %s, not of %s", t.ID(), id)
	}
	return t, nil
}

func (s *session) readCertificate(name string) (*records.Tombstone, error) {
	if name != "-" {
		return keyring.ReadCertificate(name)
	}
	b, err := s.readInput(name, maxEvidence)
	if err != nil {
		return nil, err
	}
	return keyring.ParseCertificate(b)
}

// confirm asks a person; a script has said what it wants.
func (c *revokeCmd) confirm(s *session, id records.AgentID) error {
	if c.Yes || !isTerminal(s.env.stdin) {
		return nil
	}
	fmt.Fprintf(s.env.stderr, "cairn: revoke %s everywhere and for good? type yes: ", id)
	line, err := bufio.NewReader(s.env.stdin).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "yes" {
		return &failure{exitFailed, errors.New("nothing was revoked"), ""}
	}
	return nil
}

type revokeView struct{ api.RevokeResult }

func (v revokeView) show(t *text) {
	t.line("revoked, for good")
	t.field("id", "%s", v.ID)
	t.field("told", "%s on the fact topic", count(v.GossipPeers, "peer"))
	if v.Targets == 0 {
		t.field("seen", "at no other node yet: none is known")
		return
	}
	t.field("seen", "at %d of %s asked near its key", v.ReadBack, count(v.Targets, "node"))
}
