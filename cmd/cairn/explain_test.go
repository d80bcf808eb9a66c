package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

// An answer of conflict says what contradicts what, and its raw form is what proves it.
func TestConflictIsTold(t *testing.T) {
	_, proof := sampleRotations(t)
	answer := api.Resolution{ID: proof.ID(), Status: records.StatusConflict, Conflict: proof}
	if got := (resolutionView{Resolution: answer}).raw(); !bytes.Equal(got, proof.Bytes()) {
		t.Errorf("raw: %d bytes, want the proof's %d", len(got), proof.Size())
	}
	x := newExplanation(api.Status{}, answer, answer, nil)
	if !strings.Contains(x.Because, "two rotations of number 1 contradict each other") {
		t.Errorf("because %s", x.Because)
	}
	if got := x.before(); !strings.HasPrefix(got, "conflict was known here") {
		t.Errorf("before: %s", got)
	}
}
