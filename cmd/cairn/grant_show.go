package main

import "github.com/cairn-overlay/cairn/records"

type grantShowCmd struct {
	File string `arg:"" help:"A grant; - is standard input."`
}

func (grantShowCmd) Help() string {
	return `Verifies a grant's signatures and shows it, and every grant that it was made under, up to the agent whose authority it is. It asks no daemon: whether any of it was revoked, "cairn grant verify" tells. With -o raw it prints the canonical bytes.

    cairn grant show part.grant
    cairn grant issue planner /translate --to helper -o raw | cairn grant show -`
}

func (grantShowCmd) rawDoc() string { return "the canonical bytes" }

// grantChain is a grant with all that it was made under.
type grantChain struct {
	Size  int         `json:"size"`
	Chain []grantInfo `json:"chain"` // itself first
	bytes []byte
}

// Run shows the grant.
func (c *grantShowCmd) Run(s *session) error {
	g, err := s.readGrant(c.File)
	if err != nil {
		return err
	}
	return s.print(newGrantChain(g))
}

func newGrantChain(g *records.Grant) grantChain {
	b := g.Bytes()
	v := grantChain{Size: len(b), bytes: b}
	for _, link := range g.Chain() {
		v.Chain = append(v.Chain, newGrantInfo(link))
	}
	return v
}

func (v grantChain) raw() []byte { return v.bytes }

func (v grantChain) show(t *text) {
	for i, g := range v.Chain {
		if i == 0 {
			t.line("a grant, %d bytes", v.Size)
		} else {
			t.line("made under")
		}
		g.show(t)
	}
}
