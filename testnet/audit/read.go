package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// MaxLine bounds a line of a log, in bytes: the largest value in base64, and room.
const MaxLine = 128 << 10

// MaxNode bounds the numbers of nodes in a log.
const MaxNode = 1 << 20

// ErrMalformed: what was read is no operations log.
var ErrMalformed = errors.New("not an operations log")

// Read reads a whole log, strictly: every line is one event of a known kind, with no
// unknown fields, not before the line above, and every end has its begin. An
// operation without an end is fine, since a run can be cut off. Errors are
// ErrMalformed with the number of the line, or those of r.
func Read(r io.Reader) ([]Event, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, MaxLine)
	var events []Event
	open := make(map[uint64]Event)
	for lines.Scan() {
		e, err := readLine(lines.Bytes())
		if err == nil {
			err = follows(e, events, open)
		}
		if err != nil {
			return nil, fmt.Errorf("audit: line %d: %w: %w", len(events)+1, ErrMalformed, err)
		}
		events = append(events, e)
	}
	err := lines.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		err = fmt.Errorf("%w: a line of more than %d bytes", ErrMalformed, MaxLine)
	}
	if err == nil && len(events) == 0 {
		err = fmt.Errorf("%w: it is empty", ErrMalformed)
	}
	if err != nil {
		return nil, fmt.Errorf("audit: line %d: %w", len(events)+1, err)
	}
	return events, nil
}

// readLine reads one event.
func readLine(line []byte) (Event, error) {
	var e Event
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return e, err
	}
	if dec.More() {
		return e, errors.New("more than one value on a line")
	}
	return e, e.check()
}

// check reports what is wrong with an event by itself.
func (e Event) check() error {
	want, ok := shapes[e.Kind]
	switch {
	case !ok:
		return fmt.Errorf("unknown kind %q", e.Kind)
	case want.op != (e.Phase != Moment) || want.op != (e.Op != 0):
		return fmt.Errorf("a %s with phase %q and operation %d", e.Kind, e.Phase, e.Op)
	case e.Phase != Moment && e.Phase != Begin && e.Phase != End:
		return fmt.Errorf("unknown phase %q", e.Phase)
	case want.node && e.Node == 0:
		return fmt.Errorf("a %s without a node", e.Kind)
	case want.agent && e.Agent.IsZero():
		return fmt.Errorf("a %s without an agent", e.Kind)
	case e.Wall.IsZero():
		return errors.New("no wall time")
	case (e.Run != nil) != (e.Kind == Began):
		return errors.New("the first line, and no other, says what is run")
	}
	for _, n := range slices.Concat([]int{e.Node, e.To}, slices.Concat(e.Groups...)) {
		if n < 0 || n > MaxNode {
			return fmt.Errorf("node %d: want 0 to %d", n, MaxNode)
		}
	}
	return nil
}

// shape says what an event of a kind must have.
type shape struct{ op, node, agent bool }

var shapes = map[Kind]shape{
	Publish: {true, true, true}, Revoke: {true, true, true}, Rotate: {true, true, true}, Resolve: {true, true, true},
	Join: {op: true, node: true}, Kill: {op: true, node: true}, Stop: {op: true, node: true}, Restart: {op: true, node: true},
	Freeze: {node: true}, Thaw: {node: true},
	Ready: {node: true}, Learn: {node: true, agent: true},
	NewAgent: {agent: true}, Skew: {node: true}, Cut: {node: true},
	Began: {}, Partition: {}, Heal: {}, Cast: {}, Other: {},
}

// follows reports why e cannot stand after the events before it; open are the begins
// that have no end yet.
func follows(e Event, before []Event, open map[uint64]Event) error {
	if (len(before) == 0) != (e.Kind == Began) {
		return errors.New("the first line, and no other, is of kind \"run\"")
	}
	if len(before) > 0 && e.At < before[len(before)-1].At {
		return errors.New("before the line above")
	}
	switch e.Phase {
	case Begin:
		if _, ok := open[e.Op]; ok {
			return fmt.Errorf("operation %d begins twice", e.Op)
		}
		open[e.Op] = e
	case End:
		b, ok := open[e.Op]
		if !ok || b.Kind != e.Kind || b.Node != e.Node || b.Agent != e.Agent {
			return fmt.Errorf("the end of operation %d, which is not the %s that began", e.Op, e.Kind)
		}
		delete(open, e.Op)
	}
	return nil
}
