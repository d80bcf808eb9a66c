package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

type recordVerifyCmd struct {
	File string  `arg:"" help:"A record, a tombstone, or a revocation certificate; - is standard input."`
	At   instant `placeholder:"TIME" help:"Judge the lease at this time, such as 2026-05-01T12:00:00Z. Default: now."`
}

func (recordVerifyCmd) Help() string {
	return `Checks signed bytes: their form, the ID, the signature or the revealed secret, and whether the lease holds. It cannot know what came later: whether a record is still the newest, or its agent revoked, only the network tells ("cairn resolve").

    cairn resolve ID -o raw | cairn record verify -
    cairn record verify agent.cbor --at 2026-05-01T12:00:00Z

Exit code by finding: 0 a record whose lease holds, or a certificate; 4 a genuine tombstone; 5 a lease that has ended; 7 a record from the future; 1 a wrong signature; 2 bytes that are no such thing.`
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
	rec, ok := e.value.(*records.Record)
	switch {
	case e.certificate:
		return verdict{Finding: "valid", Reason: "it would end the agent", Type: "certificate", ID: &id}
	case !ok:
		return verdict{Finding: "revoked", Reason: "the secret opens the agent's lock", Type: "tombstone", ID: &id, code: exitRevoked}
	}
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
