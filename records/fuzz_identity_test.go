package records

import (
	"bytes"
	"testing"
)

// The forms are fuzzed without their signatures, which no mutation would pass.

// sameBytes fails where what was read does not write the bytes that it was read from.
func sameBytes(t *testing.T, b, again []byte) {
	t.Helper()
	if !bytes.Equal(b, again) {
		t.Fatalf("%x\nis written as\n%x", b, again)
	}
}

func FuzzReadChain(f *testing.F) {
	f.Add(testRotated(f, 1, 2).Bytes())
	f.Add(widest(f, 1).Bytes())
	for _, row := range badChains(f) {
		f.Add(row.b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := readChain(b)
		if err != nil {
			_ = className(t, err)
			return
		}
		sameBytes(t, b, c.Bytes())
		if c.Size() != len(b) {
			t.Fatalf("Size says %d of %d bytes", c.Size(), len(b))
		}
		for _, r := range c.events {
			sealed := Rotation{number: r.number, prev: r.prev, revealed: r.revealed, keys: r.keys, next: r.next}
			sealed.seal()
			if sealed.digest != r.digest || sealed.payload != r.payload {
				t.Fatal("the payload is not what its fields come to")
			}
		}
	})
}

func FuzzReadDuplicity(f *testing.F) {
	f.Add(fork(testRotated(f, 1, 3), mustRotate(f, testRotated(f, 1, 1), 1, 2, 'x')).Bytes())
	for _, row := range badDuplicities(f) {
		f.Add(row.b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := readDuplicity(b)
		if err != nil {
			_ = className(t, err)
			return
		}
		sameBytes(t, b, d.Bytes())
		if d.Size() != len(b) {
			t.Fatalf("Size says %d of %d bytes", d.Size(), len(b))
		}
	})
}

func FuzzReadProof(f *testing.F) {
	f.Add(mustSpawn(f, testProof(f, 1, 1), testHot(f, 1, 1), 5).Bytes())
	for _, row := range badProofs(f) {
		f.Add(row.b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := readProof(string(b), 0)
		if err != nil {
			_ = className(t, err)
			return
		}
		sameBytes(t, b, p.Bytes())
		if err := p.Standing(func(AgentID) AnyFact { return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzOpenNews(f *testing.F) {
	one := testRotated(f, 1, 1)
	f.Add(one.Bytes())
	f.Add(testRotated(f, 1, 3).Bytes())
	f.Add(fork(one, testRotated(f, 1, 1, 'x')).Bytes())
	f.Add(mustReveal(f, mustHeader(f, testSecrets[:1]...), testSecrets[0]).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		fresh, err := OpenAnyFact(b)
		if err == nil {
			sameBytes(t, b, fresh.Bytes())
		} else {
			_ = className(t, err)
		}
		now, err := OpenNews(b, func(id AgentID) AnyFact {
			if id == one.ID() {
				return one
			}
			return nil
		})
		if fresh != nil && (err != nil || now == nil || now.ID() == one.ID() && Join(one, fresh).Item() != now.Item()) {
			t.Fatalf("%v, %v where %v was to be joined", now, err, fresh)
		}
	})
}
