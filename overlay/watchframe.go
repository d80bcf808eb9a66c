package overlay

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// The frames of docs/spec/010-watch.md, whose numbers these are.
const (
	watchSuffix = "/watch/1"

	watchAsk   = 1 // question: tell me of this agent for so long
	watchValue = 2 // question: here is its new value

	watchFull  = 0 // answer: no
	watchTaken = 1 // answer: yes

	// maxWatchLease is the longest registration, in seconds.
	maxWatchLease = 600

	agentIDSize      = 36
	maxWatchQuestion = 1 + agentIDSize + records.MaxValueSize
	maxWatchAnswer   = 1 + 2 + records.MaxValueSize
)

var errWatchFrame = errors.New("malformed frame of a watch")

// watchQuestion is what either side sends.
type watchQuestion struct {
	kind byte
	id   records.AgentID

	lease time.Duration // of an ask, in whole seconds; 0 ends the registration
	have  uint64        // of an ask: the beginning of the hash of the value held, 0 for none

	value []byte // of a value
}

func (q watchQuestion) encode() []byte {
	b := append([]byte{q.kind}, q.id.Bytes()...)
	if q.kind == watchValue {
		return append(b, q.value...)
	}
	b = binary.AppendUvarint(b, uint64(q.lease/time.Second))
	return binary.BigEndian.AppendUint64(b, q.have)
}

func decodeWatchQuestion(b []byte) (q watchQuestion, err error) {
	r := frameReader{b: b}
	q.kind = r.byte()
	id := r.bytes(agentIDSize)
	switch q.kind {
	case watchAsk:
		q.lease = time.Duration(r.uvarint(maxWatchLease)) * time.Second
		q.have = r.uint64()
	case watchValue:
		q.value = r.bytes(len(r.b))
		r.bad = r.bad || len(q.value) == 0
	default:
		r.bad = true
	}
	if r.end() != nil {
		return watchQuestion{}, errWatchFrame
	}
	if q.id, err = records.AgentIDFromBytes(id); err != nil {
		return watchQuestion{}, errWatchFrame
	}
	return q, nil
}

// watchAnswer is the answer to either.
type watchAnswer struct {
	taken bool
	lease time.Duration // granted, to an ask that was taken
	value []byte        // what the asker lacks, nil where nothing; to an ask that was taken
}

func (a watchAnswer) encode() []byte {
	if !a.taken {
		return []byte{watchFull}
	}
	b := binary.AppendUvarint([]byte{watchTaken}, uint64(a.lease/time.Second))
	return append(b, a.value...)
}

func decodeWatchAnswer(b []byte) (a watchAnswer, err error) {
	r := frameReader{b: b}
	switch r.byte() {
	case watchFull:
	case watchTaken:
		a.taken = true
		a.lease = time.Duration(r.uvarint(maxWatchLease)) * time.Second
		if len(r.b) > 0 {
			a.value = r.bytes(len(r.b))
		}
	default:
		r.bad = true
	}
	if r.end() != nil {
		return watchAnswer{}, errWatchFrame
	}
	return a, nil
}
