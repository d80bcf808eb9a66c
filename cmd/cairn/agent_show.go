package main

import (
	"encoding/hex"
	"os"

	"github.com/cairn-overlay/cairn/node/keyring"
)

type agentShowCmd struct {
	Agent string `arg:"" name:"name|id" help:"Name, ID or DID of an agent whose key is here."`
}

func (agentShowCmd) Help() string {
	return `Shows the public part of an agent, and where its secret files were put. With -o raw it prints the ID alone.

    cairn agent show translator
    ID=$(cairn agent show translator -o raw)`
}

func (agentShowCmd) rawDoc() string { return "the ID" }

type agentDetail struct {
	agentInfo
	Keys            []string `json:"keys"`
	NextDigests     []string `json:"next_rotation_digests"`
	Locks           int      `json:"locks"`
	Sealed          bool     `json:"sealed"` // the signing key is encrypted
	CertificateHere bool     `json:"certificate_here"`
	RotationKeyHere bool     `json:"rotation_key_here"`
}

// Run shows the agent.
func (c *agentShowCmd) Run(s *session) error {
	a, err := s.agent(c.Agent)
	if err != nil {
		return err
	}
	return s.print(newAgentDetail(a))
}

func newAgentDetail(a keyring.Agent) agentDetail {
	d := agentDetail{
		agentInfo: newAgentInfo(a), Locks: len(a.Identity.Header().Locks), Sealed: a.Sealed(),
		CertificateHere: exists(a.CertificatePath), RotationKeyHere: exists(a.RotationKeyPath),
	}
	for _, k := range a.Proof.Own().Keys() {
		d.Keys = append(d.Keys, k.String())
	}
	for _, n := range a.Proof.Own().Next() {
		d.NextDigests = append(d.NextDigests, hex.EncodeToString(n[:]))
	}
	return d
}

func exists(path string) bool {
	if path == "" {
		return false
	}
	_, err := os.Stat(path)
	return err == nil
}

func (d agentDetail) raw() []byte { return []byte(d.ID.String() + "\n") }

func (d agentDetail) show(t *text) {
	t.line("%s", d.Name)
	t.field("id", "%s", d.ID)
	t.field("did", "%s", d.DID)
	t.field("made", "%s", showTime(d.Created))
	t.field("lives until", "%s", showTime(d.End))
	if d.Parent != "" {
		t.field("parent", "%s", d.Parent)
	}
	if d.Rotations > 0 {
		t.field("rotations", "%d", d.Rotations)
	}
	for _, k := range d.Keys {
		t.field("signing key", "%s", k)
	}
	if d.Sealed {
		t.field("keys", "sealed: --key-file or $CAIRN_KEY_FILE opens them")
	} else {
		t.field("keys", "not sealed: cairn agent seal %s", d.Name)
	}
	t.field("certificate", "%s", place(d.Certificate, d.CertificateHere))
	t.field("rotation key", "%s", place(d.RotationKey, d.RotationKeyHere))
	if d.Seed != "" {
		t.field("seed", "%s", place(d.Seed, exists(d.Seed)))
	}
}

// place says where a secret file is.
func place(path string, here bool) string {
	switch {
	case path == "":
		return "not known here"
	case here:
		return path
	}
	return "moved away from " + path
}
