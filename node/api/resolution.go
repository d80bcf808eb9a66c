package api

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/cairn-overlay/cairn/records"
)

// usable takes away what must not be used: endpoints of an agent that is revoked or
// in conflict.
func usable(r Resolution) Resolution {
	if r.Path == nil {
		r.Path = []Hop{}
	}
	if r.Status == records.StatusRevoked || r.Status == records.StatusConflict {
		r.Record, r.RecordBytes = nil, nil
	}
	if r.Conflict != nil {
		r.ConflictBytes = r.Conflict.Bytes()
	}
	if r.Rotations != nil {
		r.RotationBytes = r.Rotations.Bytes()
	}
	return r
}

// complete is usable, with the canonical bytes of the record.
func complete(r Resolution) Resolution {
	r = usable(r)
	if r.Record != nil && len(r.RecordBytes) == 0 {
		r.RecordBytes = r.Record.Bytes()
	}
	return r
}

// UnmarshalJSON reads what the API sends. The record and the tombstone come from
// their canonical bytes, verified, and must be the agent's own; the JSON form of
// a record is for people.
func (r *Resolution) UnmarshalJSON(b []byte) error {
	type plain Resolution
	var w struct {
		plain
		Record    json.RawMessage `json:"record"`
		Tombstone *struct {
			Bytes []byte `json:"tombstone"`
		} `json:"tombstone"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	res := Resolution(w.plain)
	var err error
	if len(res.RecordBytes) > 0 {
		if res.Record, err = records.OpenWhole(res.RecordBytes); err != nil {
			return err
		}
		if res.Record.ID() != res.ID {
			return fmt.Errorf("resolution of %s: %w: the record", res.ID, records.ErrWrongSubject)
		}
	}
	if w.Tombstone != nil {
		if res.Tombstone, err = records.OpenTombstone(w.Tombstone.Bytes); err == nil {
			err = res.concerned(res.Tombstone.ID())
		}
	}
	if err == nil && len(res.RotationBytes) > 0 {
		if res.Rotations, err = records.OpenChain(res.RotationBytes); err == nil && res.Rotations.ID() != res.ID {
			err = fmt.Errorf("%w: rotations of %s", records.ErrWrongSubject, res.Rotations.ID())
		}
	}
	if err == nil && len(res.ConflictBytes) > 0 {
		if res.Conflict, err = records.OpenDuplicity(res.ConflictBytes); err == nil {
			err = res.concerned(res.Conflict.ID())
		}
	}
	if err != nil {
		return fmt.Errorf("resolution of %s: %w", res.ID, err)
	}
	*r = res
	return nil
}

// concerned says ErrWrongSubject where a subject is neither the agent nor, by the record that
// comes along, an ancestor.
func (r *Resolution) concerned(subject records.AgentID) error {
	if subject == r.ID {
		return nil
	}
	if len(r.LineageBytes) > 0 {
		rec, err := records.OpenWhole(r.LineageBytes)
		if err != nil {
			return err
		}
		if rec.ID() == r.ID && slices.Contains(rec.Ancestors(), subject) {
			return nil
		}
	}
	return fmt.Errorf("%w: it is about %s", records.ErrWrongSubject, subject)
}

// UnmarshalJSON reads what the API sends; the fact is verified and must be of the event's
// subject.
func (e *FactEvent) UnmarshalJSON(b []byte) error {
	type plain FactEvent
	var w plain
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	f, err := records.OpenFact(w.Bytes)
	if err == nil && f.ID() != w.ID {
		err = fmt.Errorf("%w: a fact about %s", records.ErrWrongSubject, f.ID())
	}
	if err != nil {
		return fmt.Errorf("event %d: %w", w.Cursor, err)
	}
	*e = FactEvent(w)
	e.Fact = f
	return nil
}

// UnmarshalJSON reads what the API sends; the tombstone is verified and must be
// of the event's subject.
func (e *TombstoneEvent) UnmarshalJSON(b []byte) error {
	type plain TombstoneEvent
	var w plain
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	ev := TombstoneEvent(w)
	var err error
	if ev.Tombstone, err = openOwn(ev.Bytes, ev.ID); err != nil {
		return fmt.Errorf("event %d: %w", ev.Cursor, err)
	}
	*e = ev
	return nil
}

// openOwn verifies a tombstone of one subject.
func openOwn(b []byte, id records.AgentID) (*records.Tombstone, error) {
	t, err := records.OpenTombstone(b)
	if err != nil {
		return nil, err
	}
	if t.ID() != id {
		return nil, fmt.Errorf("%w: a tombstone of %s", records.ErrWrongSubject, t.ID())
	}
	return t, nil
}
