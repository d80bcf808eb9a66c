package main

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

// rotationSeen is one rotation of an agent. It bears no time: rotations are in order by
// their numbers and digests alone.
type rotationSeen struct {
	Number uint64   `json:"number"`
	Digest string   `json:"digest"`
	By     []string `json:"by"`   // the rotation keys that signed it, and are used up
	Keys   []string `json:"keys"` // the signing keys from then on
}

// conflictSeen is what proves that an agent, or an ancestor, contradicts itself.
type conflictSeen struct {
	ID    records.AgentID `json:"id"`
	Bytes int             `json:"bytes"`
	Two   [2]rotationSeen `json:"two"`
}

func newRotationSeen(r *records.Rotation) rotationSeen {
	digest := r.Digest()
	return rotationSeen{Number: r.Number(), Digest: hex.EncodeToString(digest[:]), By: keyTexts(r.Revealed()), Keys: keyTexts(r.Keys())}
}

func keyTexts(keys []records.PublicKey) []string {
	all := []string{}
	for _, k := range keys {
		all = append(all, k.String())
	}
	return all
}

func (r rotationSeen) String() string {
	return fmt.Sprintf("%d, %s...: %s gave way, and %s signs", r.Number, r.Digest[:16], strings.Join(r.By, " and "), strings.Join(r.Keys, " or "))
}

// rotationsOf are the rotations behind an answer, and the conflict that it tells of.
func rotationsOf(r api.Resolution) (chain []rotationSeen, conflict *conflictSeen) {
	chain = []rotationSeen{}
	if r.Rotations != nil {
		chain = newRotationsSeen(r.Rotations)
	}
	if r.Conflict != nil {
		conflict = newConflictSeen(r.Conflict)
	}
	return chain, conflict
}

func newRotationsSeen(c *records.Chain) []rotationSeen {
	chain := []rotationSeen{}
	for _, one := range c.Rotations() {
		chain = append(chain, newRotationSeen(one))
	}
	return chain
}

func newConflictSeen(d *records.Duplicity) *conflictSeen {
	two := d.Rotations()
	return &conflictSeen{d.ID(), d.Size(), [2]rotationSeen{newRotationSeen(two[0]), newRotationSeen(two[1])}}
}

// contradiction is why an agent is in conflict.
func contradiction(d *records.Duplicity) string {
	return fmt.Sprintf("two rotations of number %d contradict each other: neither is followed, and only the owner's revocation settles it", d.Number())
}
