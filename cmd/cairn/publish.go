package main

import (
	"context"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
)

const (
	// maxDocument bounds a document to publish, maxCatalog a whole catalog; the
	// daemon has limits of its own.
	maxDocument = 1 << 20
	maxCatalog  = 64 << 20
)

type publishCmd struct {
	File         string        `arg:"" help:"The agent's description, or - for standard input."`
	Agent        string        `placeholder:"NAME|ID" help:"Publish as this agent. Default: a new one is made."`
	Lease        time.Duration `placeholder:"1h" help:"How long the record holds before it must be renewed, 10s to 24h; the daemon renews it. Default: 1h."`
	AllowPrivate bool          `help:"Accept private and loopback endpoints, and plain http, although the node is public."`
	Code         []string      `sep:"none" placeholder:"TYPE=FILE" help:"Bind the digest of a file to the record: image=app.tar, sbom=sbom.json, slsa=provenance.json; repeats. cairn verify compares."`
	Claim        []string      `sep:"none" placeholder:"FILE" help:"Let the record carry this claim about the agent; repeats. cairn claim verify finds it there."`
	All          bool          `help:"The file is a JSON array or a catalog: publish each entry as a new agent."`
}

func (publishCmd) Help() string {
	return `Says where an agent is. The file is the agent's own description: an A2A agent card, an MCP server.json, an OASF record, NANDA AgentFacts or an AI Catalog entry; which one it is, cairn sees by itself. The daemon signs its endpoints as a record, stores the record with the nodes closest to the agent's ID, reads it back, and renews it until "cairn withdraw". Publish the same agent again to move it.

    cairn publish card.json --agent translator
    cairn publish card.json --agent translator --lease 10m -o json
    curl -s https://agent.example/.well-known/agent-card.json | cairn publish -
    cairn publish --all registry.json -o jsonl

Exit code 6 means that too few nodes stored it; it goes out again by itself when peers come. With --all: 0 where whatever was acceptable went out, 6 where something did so only in part, 1 where nothing did. With -o raw it prints the ID alone.`
}

func (publishCmd) rawDoc() string { return "the ID" }

// Run publishes one document, or all of a catalog.
func (c *publishCmd) Run(s *session) error {
	if c.All && len(c.Code)+len(c.Claim) > 0 {
		return badInput("publish them one by one", "--code and --claim are about one agent")
	}
	if c.All && c.Agent != "" {
		return badInput("leave --agent out", "--all makes a new agent for each entry")
	}
	if c.Lease < 0 {
		return badInput("give a duration such as --lease 1h", "--lease %s is not positive", c.Lease)
	}
	limit := int64(maxDocument)
	if c.All {
		limit = maxCatalog
	}
	doc, err := s.readInput(c.File, limit)
	if err != nil {
		return err
	}
	req := api.PublishRequest{Agent: c.Agent, Document: doc, Lease: c.Lease, AllowPrivate: c.AllowPrivate}
	if c.All {
		return c.publishAll(s, req)
	}
	if req.Code, err = s.digests(c.Code, "code"); err != nil {
		return err
	}
	for _, name := range c.Claim {
		claim, err := s.readClaim(name)
		if err != nil {
			return err
		}
		req.Claims = append(req.Claims, claim)
	}
	if req.Agent, err = s.publisher(c.Agent); err != nil {
		return err
	}
	return s.withDaemon(func(ctx context.Context, client *api.Client) error {
		res, err := client.Publish(ctx, req)
		if err != nil {
			return s.outranked(req.Agent, err)
		}
		if err := s.print(publishView{res}); err != nil {
			return err
		}
		for _, w := range res.Warnings {
			s.say("%s", w) // each begins with its own severity
		}
		return s.partial(res.Partial, res.Acks, res.Targets, res.Reason)
	})
}

// publisher is the name of an agent whose key is here. What a daemon behind --api
// has, it knows itself.
func (s *session) publisher(nameOrID string) (string, error) {
	if nameOrID == "" || s.global.target(s.env) != "" {
		return nameOrID, nil
	}
	a, err := s.agent(nameOrID)
	return a.Name, err
}

// partial is the end of a write that reached too few.
func (s *session) partial(partial bool, acks, targets int, reason string) error {
	if !partial {
		return nil
	}
	if targets == 0 {
		s.say("no other node has it yet: %s", reason)
	} else {
		s.say("stored by too few: %d of %d acknowledged: %s", acks, targets, reason)
	}
	s.say("it is kept here and goes out again when peers come; look at: cairn peers%s", s.dirFlag())
	return exitPartial
}

type publishView struct{ api.PublishResult }

func (v publishView) raw() []byte { return []byte(v.ID.String() + "\n") }

func (v publishView) show(t *text) {
	if v.Partial {
		t.line("%s is kept here, and goes out again: too few nodes have it", v.Name)
	} else {
		t.line("published %s", v.Name)
	}
	t.field("id", "%s", v.ID)
	t.field("did", "%s", v.ID.DID())
	t.field("read as", "%s", v.Shape)
	t.field("lease", "until %s, sequence %d", showTime(v.NotAfter), v.Sequence)
	t.field("stored", "%s", evidence(v.Targets, v.Acks, v.ReadBack))
}

// evidence says who stored a value.
func evidence(targets, acks, readBack int) string {
	return fmt.Sprintf("%d of %s acknowledged, %d gave it back", acks, count(targets, "node"), readBack)
}
