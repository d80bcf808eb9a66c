package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

type recordVerifyCmd struct {
	File string  `arg:"" help:"A record, a tombstone, rotations, the proof of a conflict, or a revocation certificate; - is standard input."`
	At   instant `placeholder:"TIME" help:"Judge the lease at this time, such as 2026-05-01T12:00:00Z. Default: now."`
}

func (recordVerifyCmd) Help() string {
	return `Checks signed bytes: their form, the ID, the signature or the revealed secret, whether the lease holds, and of the proof of a conflict that one agent's rotation keys signed two rotations of one number. It cannot know what came later: whether a record is still the newest, or its agent revoked, only the network tells ("cairn resolve").

    cairn resolve ID -o raw | cairn record verify -
    cairn record verify agent.cbor --at 2026-05-01T12:00:00Z

Exit code by finding: 0 a record whose lease holds, rotations, or a certificate; 4 a genuine tombstone; 5 a lease that has ended; 7 a record from the future; 8 a genuine proof that rotations contradict each other; 1 a wrong signature; 2 bytes that are no such thing.`
}

// verdict is the finding about signed bytes.
type verdict struct {
	Finding string           `json:"finding"`
	Reason  string           `json:"reason,omitempty"`
	Type    string           `json:"type,omitempty"`
	ID      *records.AgentID `json:"id,omitempty"`
	At      *time.Time       `json:"at,omitempty"` // the time that the lease was judged at
	code    exitCode
}

// Run checks the value.
func (c *recordVerifyCmd) Run(s *session) error {
	e, err := s.openEvidence(c.File)
	var v verdict
	switch {
	case err == nil:
		v = c.judge(e)
	case errors.Is(err, records.ErrInvalidSignature), errors.Is(err, records.ErrWrongSubject):
		v = verdict{Finding: "forged", Reason: err.Error(), code: exitFailed}
	case errors.Is(err, records.ErrMalformed), errors.Is(err, records.ErrTooLarge), errors.Is(err, records.ErrUnsupported):
		v = verdict{Finding: "malformed", Reason: err.Error(), code: exitUsage}
	default:
		return err
	}
	if err := s.print(v); err != nil {
		return err
	}
	return v.code.asError()
}

// judge says what a verified value is worth at the time asked for.
func (c *recordVerifyCmd) judge(e evidenceFile) verdict {
	id := e.value.ID()
	switch v := e.value.(type) {
	case *records.Tombstone:
		if e.certificate {
			return verdict{Finding: "valid", Reason: "it would end the agent", Type: "certificate", ID: &id}
		}
		return verdict{Finding: "revoked", Reason: "the secret opens the agent's lock", Type: "tombstone", ID: &id, code: exitRevoked}
	case *records.Duplicity:
		return verdict{Finding: "conflict", Reason: contradiction(v), Type: "duplicity", ID: &id, code: exitConflict}
	case *records.Record:
		return c.judgeRecord(v)
	}
	return verdict{Finding: "valid", Reason: "its rotation keys replaced its keys; it says nothing of a place", Type: "rotations", ID: &id}
}

// judgeRecord says whether the lease of a record holds at the time asked for.
func (c *recordVerifyCmd) judgeRecord(rec *records.Record) verdict {
	id := rec.ID()
	at := time.Time(c.At)
	if at.IsZero() {
		at = time.Now()
	}
	at = at.UTC().Truncate(time.Second)
	v := verdict{Finding: "valid", Type: "record", ID: &id, At: &at}
	err := rec.ValidAt(at)
	switch {
	case errors.Is(err, records.ErrExpired):
		v.Finding, v.Reason, v.code = "expired", err.Error(), exitExpired
	case err != nil:
		v.Finding, v.Reason, v.code = "not yet valid", err.Error(), exitUnverified
	}
	return v
}

func (v verdict) show(t *text) {
	t.line("%s", v.Finding)
	t.field("because", "%s", v.Reason)
	if v.ID != nil {
		t.field(v.Type, "%s", *v.ID)
	}
	if v.At != nil {
		t.field("judged at", "%s", v.At.Format(time.RFC3339))
	}
}

// instant is a time on the command line.
type instant time.Time

// UnmarshalText reads RFC 3339.
func (i *instant) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.RFC3339, string(b))
	if err != nil {
		return fmt.Errorf("%q is not a time such as 2026-05-01T12:00:00Z", b)
	}
	*i = instant(t)
	return nil
}
