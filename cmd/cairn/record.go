package main

import (
	"bytes"
	"encoding/hex"
	"encoding/pem"
	"errors"
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
	return `A record, a tombstone, rotations of keys, the proof of a conflict or a revocation certificate proves itself: these verbs need the bytes and nothing else, no daemon and no network.

    cairn resolve ID -o raw > agent.cbor
    cairn record inspect agent.cbor
    cairn record verify agent.cbor`
}

// evidenceFile is a value read from a file.
type evidenceFile struct {
	value       records.Value
	certificate bool // the value is a tombstone that was never published
}

// openEvidence reads and verifies any value, or a certificate in PEM.
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
		if verb := statementIn(b); verb != "" {
			return evidenceFile{}, badInput("see: cairn "+verb+" --help", "%s has a statement of another kind: it is for cairn %s", file, verb)
		}
		return evidenceFile{}, fmt.Errorf("%s: %w", file, err)
	}
	if _, dead := v.(*records.Tombstone); certificate && !dead {
		return evidenceFile{}, badInput("a record, rotations or a proof are bytes without PEM", "%s is no revocation certificate", file)
	}
	return evidenceFile{v, certificate}, nil
}

// statementIn names the verb for a signed statement of another kind, good or forged, or is "".
func statementIn(b []byte) string {
	_, grant := records.OpenGrant(b)
	_, claim := records.OpenClaim(b)
	_, obituary := records.OpenObituary(b)
	for _, one := range []struct {
		verb string
		err  error
	}{{"grant verify", grant}, {"claim verify", claim}, {"obituary show", obituary}} {
		if one.err == nil || errors.Is(one.err, records.ErrInvalidSignature) {
			return one.verb
		}
	}
	return ""
}

// maxEvidence bounds a file with signed bytes, PEM armour included.
const maxEvidence = 2 * records.MaxValueSize

// dissection is all that signed bytes say.
type dissection struct {
	Type      string             `json:"type"` // record, tombstone, certificate, rotations, duplicity
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
	Rotated   []rotationSeen     `json:"rotations,omitempty"`
	Conflict  *conflictSeen      `json:"conflict,omitempty"`
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
		d.Locks = locksOf(ident)
		for _, k := range ident.Genesis().Keys {
			d.Keys = append(d.Keys, k.String())
		}
		for _, n := range ident.Genesis().Next {
			d.Next = append(d.Next, hex.EncodeToString(n[:]))
		}
	case *records.Chain:
		d.Type, d.Kind, d.End, d.Locks = "rotations", records.KindAgent.String(), v.End(), locksOf(v.Identity())
		d.Rotated = newRotationsSeen(v)
	case *records.Duplicity:
		d.Type, d.Kind, d.End, d.Locks = "duplicity", records.KindAgent.String(), v.End(), locksOf(v.Identity())
		d.Conflict = newConflictSeen(v)
	}
	return d
}

func locksOf(ident *records.Identity) (all []string) {
	for _, l := range ident.Header().Locks {
		all = append(all, hex.EncodeToString(l[:]))
	}
	return all
}
