package main

import (
	"bytes"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// recordCmd are the verbs that look into signed bytes, without a daemon.
type recordCmd struct {
	Inspect recordInspectCmd `cmd:"" help:"Show all that signed bytes say."`
	Verify  recordVerifyCmd  `cmd:"" help:"Say whether signed bytes are good, and at what time."`
}

func (recordCmd) Help() string {
	return `A record, a tombstone or a revocation certificate proves itself: these verbs need the bytes and nothing else, no daemon and no network.

    cairn resolve ID -o raw > agent.cbor
    cairn record inspect agent.cbor
    cairn record verify agent.cbor`
}

// evidenceFile is a value read from a file.
type evidenceFile struct {
	value       records.Value
	certificate bool // the value is a tombstone that was never published
}

// openEvidence reads and verifies a record, a tombstone, or a certificate in PEM.
func (s *session) openEvidence(file string) (evidenceFile, error) {
	b, err := s.readInput(file, maxEvidence)
	if err != nil {
		return evidenceFile{}, err
	}
	if text := bytes.TrimSpace(b); len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		return evidenceFile{}, badInput("get the bytes with: cairn resolve ID -o raw", "%s is JSON, not signed bytes", file)
	}
	certificate := false
	if block, _ := pem.Decode(b); block != nil {
		if strings.Contains(block.Type, "PRIVATE KEY") {
			return evidenceFile{}, badInput("keys are not for showing; see: cairn agent show", "%s holds a private key", file)
		}
		b, certificate = block.Bytes, true
	}
	v, err := records.Open(b)
	if err != nil {
		return evidenceFile{}, fmt.Errorf("%s: %w", file, err)
	}
	return evidenceFile{v, certificate}, nil
}

// maxEvidence bounds a file with signed bytes, PEM armour included.
const maxEvidence = 2 * records.MaxValueSize

// dissection is all that signed bytes say.
type dissection struct {
	Type      string             `json:"type"` // record, tombstone, certificate
	ID        records.AgentID    `json:"id"`
	DID       string             `json:"did"`
	Kind      string             `json:"kind"`
	Size      int                `json:"size"`
	End       time.Time          `json:"end"` // of the agent itself
	Locks     []string           `json:"locks,omitempty"`
	Keys      []string           `json:"keys,omitempty"`
	Next      []string           `json:"next_rotation_digests,omitempty"`
	Digest    string             `json:"sha256,omitempty"`
	Record    *records.Record    `json:"record,omitempty"`
	Tombstone *records.Tombstone `json:"tombstone,omitempty"`
	bytes     []byte
}

func dissect(e evidenceFile) dissection {
	d := dissection{ID: e.value.ID(), DID: e.value.ID().DID(), Size: e.value.Size(), bytes: e.value.Bytes()}
	switch v := e.value.(type) {
	case *records.Tombstone:
		d.Type, d.Kind, d.End = "tombstone", v.Kind().String(), v.End()
		if e.certificate {
			d.Type, d.bytes = "certificate", nil // the secret stays where it is
			break
		}
		d.Tombstone = v
	case *records.Record:
		ident := v.Identity()
		d.Type, d.Kind, d.End, d.Record = "record", records.KindAgent.String(), ident.End(), v
		mark := v.Mark()
		d.Digest = hex.EncodeToString(mark.Digest[:])
		for _, l := range ident.Header().Locks {
			d.Locks = append(d.Locks, hex.EncodeToString(l[:]))
		}
		for _, k := range ident.Genesis().Keys {
			d.Keys = append(d.Keys, k.String())
		}
		for _, n := range ident.Genesis().Next {
			d.Next = append(d.Next, hex.EncodeToString(n[:]))
		}
	}
	return d
}
