package overlay

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

// remembered bounds the verified values kept, each of records.MaxValueSize at most.
const remembered = 128

// verifier opens values, each once where it can help it: k holders return the
// same bytes, and kad-dht asks up to five times about one put. What verified once
// verifies always, since verification asks no clock. It is a validator for
// kad-dht, with the answers of records.Validator.
type verifier struct {
	stats *counters

	mu    sync.Mutex
	known map[[32]byte]records.Value // by hash of key and value
	ring  [remembered][32]byte       // what to forget next
	turn  int
}

// open is records.OpenFor.
func (v *verifier) open(key string, b []byte) (records.Value, error) {
	if len(b) > records.MaxValueSize {
		return nil, fmt.Errorf("value: %w: %d bytes, at most %d", records.ErrTooLarge, len(b), records.MaxValueSize)
	}
	h := sha256.New()
	h.Write([]byte{byte(len(key))})
	h.Write([]byte(key))
	h.Write(b)
	sum := [32]byte(h.Sum(nil))
	if val := v.recall(sum); val != nil {
		return val, nil
	}
	if weak.Off(weak.Verify) {
		return records.Open(b)
	}
	val, err := records.OpenFor(key, b)
	if err != nil {
		return nil, err
	}
	v.remember(sum, val)
	return val, nil
}

func (v *verifier) recall(sum [32]byte) records.Value {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.known[sum]
}

func (v *verifier) remember(sum [32]byte, val records.Value) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil {
		v.known = make(map[[32]byte]records.Value, remembered)
	}
	if _, ok := v.known[sum]; ok {
		return
	}
	delete(v.known, v.ring[v.turn])
	v.ring[v.turn] = sum
	v.turn = (v.turn + 1) % remembered
	v.known[sum] = val
}

// Validate reports why value may not stand at key. kad-dht asks it of every put.
func (v *verifier) Validate(key string, value []byte) error {
	_, err := v.open(key, value)
	if err != nil {
		v.stats.refused.add(putReason(err))
	}
	return err
}

// Select returns the index of the winning value, the first among equals. kad-dht
// asks it with a put's value first and the held one second.
func (v *verifier) Select(key string, values [][]byte) (int, error) {
	var best records.Value
	index := -1
	for i, b := range values {
		val, err := v.open(key, b)
		if err != nil {
			continue
		}
		if best == nil || records.Compare(val, best) > 0 {
			best, index = val, i
		}
	}
	if index < 0 {
		return 0, fmt.Errorf("select: %w: none of %d values verifies", records.ErrMalformed, len(values))
	}
	if index > 0 {
		v.stats.refused.add(refusal(best))
	}
	return index, nil
}

// refusal names why a put loses against held.
func refusal(held records.Value) string {
	switch held.(type) {
	case *records.Tombstone:
		return "revoked"
	case *records.Duplicity:
		return "conflict"
	}
	return "stale"
}
