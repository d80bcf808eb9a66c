package records

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The targets share one property: nothing panics, and whatever opens has these
// bytes and no others. What the codec takes, another library's strict DAG-CBOR
// takes as well.

func FuzzParseAgentID(f *testing.F) {
	ident, _, _ := testAgent(f, 1)
	f.Add(ident.ID().String())
	f.Add(ident.ID().DID())
	for _, row := range idTextRows(f) {
		if len(row.text) < 512 {
			f.Add(row.text)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseAgentID(s)
		if err != nil {
			return
		}
		if id.String() != s && id.DID() != s {
			t.Fatalf("%q reads as %s", s, id)
		}
		if again, err := ParseKey(id.Key()); err != nil || again != id || id.CID().String() != id.String() {
			t.Fatalf("%s: %v", id, err)
		}
	})
}

func FuzzAgentIDFromBytes(f *testing.F) {
	ident, _, _ := testAgent(f, 1)
	f.Add(ident.ID().Bytes())
	f.Add(ident.ID().Bytes()[4:])
	f.Add(cLink(ident.ID()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if id, err := AgentIDFromBytes(b); err == nil && !bytes.Equal(id.Bytes(), b) {
			t.Fatalf("%x reads as %s", b, id)
		}
		var id AgentID
		if err := id.UnmarshalCBOR(b); err == nil {
			if again, err := id.MarshalCBOR(); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("link %x reads as %s", b, id)
			}
		}
	})
}

func FuzzParseKey(f *testing.F) {
	ident, _, _ := testAgent(f, 1)
	f.Add(ident.ID().Key())
	f.Add("/cairn/" + ident.ID().String())
	f.Add("/pk/x")
	f.Fuzz(func(t *testing.T, key string) {
		if id, err := ParseKey(key); err == nil && id.Key() != key {
			t.Fatalf("%q reads as %s", key, id)
		}
	})
}

func FuzzParsePublicKey(f *testing.F) {
	f.Add(testSigner(f, 1).Public().Bytes())
	for _, b := range weakKeys(f) {
		f.Add(append([]byte{0xed, 0x01}, b...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		key, err := ParsePublicKey(b)
		if err != nil {
			return
		}
		if !bytes.Equal(key.Bytes(), b) || key.String() == "" {
			t.Fatalf("%x reads as %s", b, key)
		}
		forged := make([]byte, 64) // needs no private key under a weak one
		forged[0] = 1
		for i := range 32 {
			if key.Verify([]byte{byte(i)}, forged) {
				t.Fatalf("%x is weak", b)
			}
		}
	})
}

func FuzzOpenHeader(f *testing.F) {
	for n := 1; n <= 3; n++ {
		f.Add(mustHeader(f, testSecrets[:n]...).Bytes())
	}
	for _, row := range badHeaders(f) {
		f.Add(row.b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := OpenHeader(b)
		if err != nil {
			return
		}
		if !bytes.Equal(h.Bytes(), b) {
			t.Fatalf("%x encodes as %x", b, h.Bytes())
		}
		oracle(t, "header", b)
		if dead, err := h.Reveal(Secret{1}); err == nil && dead.ID() != h.ID() {
			t.Fatal("a tombstone of another")
		}
	})
}

func FuzzOpenGenesis(f *testing.F) {
	good, err := testGenesis(f, 1).Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	for _, row := range badGeneses(f) {
		f.Add(row.b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := OpenGenesis(b)
		if slow, slowErr := slowOpenGenesis(b); class(err) != class(slowErr) || err == nil && !reflect.DeepEqual(g, slow) {
			t.Fatalf("%+v, %v; the slow way gives %+v, %v", g, err, slow, slowErr)
		}
		if err != nil {
			return
		}
		if again, err := g.Bytes(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x encodes as %x, %v", b, again, err)
		}
		oracle(t, "genesis", b)
	})
}

func FuzzOpenTombstone(f *testing.F) {
	for n := 1; n <= 3; n++ {
		for _, s := range testSecrets[:n] {
			f.Add(mustReveal(f, mustHeader(f, testSecrets[:n]...), s).Bytes())
		}
	}
	for _, row := range badTombstones(f) {
		f.Add(row.b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		dead, err := OpenTombstone(b)
		if err != nil {
			return
		}
		if !bytes.Equal(dead.Bytes(), b) {
			t.Fatalf("%x holds %x", b, dead.Bytes())
		}
		oracle(t, "tombstone", b)
		// The slow way to the same subject: read it as a header, close the lock, open, reveal.
		h, rest, err := parseHeader(string(b[1:]), nil)
		if err != nil || len(rest) != 1 {
			t.Fatalf("no header inside: %v", err)
		}
		secret := Secret(h.Locks[rest[0]])
		h.Locks[rest[0]] = h.lock(secret)
		closed, err := OpenHeader(h.Bytes())
		if err != nil || closed.ID() != dead.ID() || closed.Kind != dead.Kind() || !closed.EndTime().Equal(dead.End()) {
			t.Fatalf("the header's way gives %s, %v", closed.ID(), err)
		}
		again, err := closed.Reveal(secret)
		if err != nil || !same(again, dead) {
			t.Fatalf("revealed again: %v", err)
		}
	})
}

func addRecords(f *testing.F) {
	a := newRawAgent(f, 1)
	f.Add(a.record(f, a.payload().encode()))
	f.Add(mustSign(f, a.ident, a.key, Draft{Sequence: 1, Issued: testTime, Location: testLocation()}).Bytes())
	for _, row := range badRecords(f) {
		if len(row.b) < 2<<10 {
			f.Add(row.b)
		}
	}
}

func FuzzOpenRecord(f *testing.F) {
	addRecords(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		checkSlow(t, b)
		if rec, err := OpenRecord(b); err == nil {
			checkOpened(t, rec, b)
		}
	})
}

func FuzzOpen(f *testing.F) {
	addRecords(f)
	f.Add(mustReveal(f, mustHeader(f, testSecrets...), Secret{1}).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Open(b)
		if (v == nil) != (err != nil) {
			t.Fatalf("%v, %v", v, err)
		}
		if err == nil {
			checkOpened(t, v, b)
		}
	})
}

// FuzzSignedPayload gets past the signature: the agent signs whatever it is given.
func FuzzSignedPayload(f *testing.F) {
	a := newRawAgent(f, 1)
	f.Add(a.payload().encode())
	rec := mustSign(f, a.ident, a.key, Draft{Sequence: 1, Issued: testTime, Location: testLocation()})
	payload, err := codec.marshal(rec.payload)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	for _, row := range badRecords(f) {
		var w recordWire
		if loose.Unmarshal(row.b, &w) == nil {
			f.Add([]byte(w.Payload))
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		b := a.record(t, payload)
		checkSlow(t, b)
		if rec, err := OpenRecord(b); err == nil {
			checkOpened(t, rec, b)
		}
	})
}

// FuzzProof gets past the envelope: the proof is whatever it is given.
func FuzzProof(f *testing.F) {
	a := newRawAgent(f, 1)
	f.Add(cArray(a.link()))
	f.Add(cArray(a.link(), newRawAgent(f, 2).link()))
	for _, row := range badRecords(f) {
		var w recordWire
		if loose.Unmarshal(row.b, &w) == nil {
			if proof, err := codec.marshal(w.Proof); err == nil {
				f.Add(proof)
			}
		}
	}
	tags := bytes.Repeat([]byte{0xcb}, 13) // the array of the record is the level that makes it 17
	f.Add(slices.Concat([]byte{0x81, 0x84, 0x30, 0x85, 0x30}, tags, []byte("\x810000\x80\x83000")))
	payload := a.payload().encode()
	good := a.record(f, payload)
	envelope := good[:len(good)-len(cArray(a.link()))]
	f.Fuzz(func(t *testing.T, proof []byte) {
		b := append(bytes.Clone(envelope), proof...)
		checkSlow(t, b)
		if rec, err := OpenRecord(b); err == nil && !bytes.Equal(rec.Bytes(), good) {
			t.Fatalf("a second proof: %x", proof)
		}
	})
}

// checkSlow holds OpenRecord against the slow and obvious way: the same bytes are
// taken and read as the same, and the others refused for the same reason.
func checkSlow(t *testing.T, b []byte) {
	t.Helper()
	slow, slowErr := slowOpenRecord(b)
	rec, err := OpenRecord(b)
	if slowErr != nil && err != nil && strings.Contains(slowErr.Error(), "tag number") {
		return // it looks into tags where nobody should: both refuse, for reasons of their own
	}
	if class(err) != class(slowErr) {
		t.Fatalf("%x: %v; the slow way says %v", b, err, slowErr)
	}
	if err == nil && (!reflect.DeepEqual(rec.payload, slow.payload) || !reflect.DeepEqual(rec.ident.Genesis(), slow.ident.Genesis()) ||
		!reflect.DeepEqual(rec.ident.Header(), slow.ident.Header()) || rec.ident.ID() != slow.ident.ID()) {
		t.Fatalf("%x reads as\n%+v\nthe slow way as\n%+v", b, rec.payload, slow.payload)
	}
}

// class is the error class behind err.
func class(err error) error {
	for _, c := range classes {
		if errors.Is(err, c) {
			return c
		}
	}
	return err
}

// checkOpened holds a value against the bytes that it was opened from.
func checkOpened(t *testing.T, v Value, b []byte) {
	t.Helper()
	if !bytes.Equal(v.Bytes(), b) || v.Size() != len(b) {
		t.Fatalf("%x holds %x", b, v.Bytes())
	}
	oracle(t, "value", b)
	if err := (Validator{}).Validate(v.ID().Key(), b); err != nil {
		t.Fatalf("Open takes it, Validate says %v", err)
	}
	if _, err := json.Marshal(v); err != nil {
		t.Fatalf("JSON: %v", err)
	}
	rec, ok := v.(*Record)
	if !ok {
		return
	}
	if rec.NotAfter().Before(rec.Issued()) || rec.NotAfter().After(rec.Identity().End()) || rec.Mark().IsZero() {
		t.Fatal("an impossible record")
	}
	if rec.ValidAt(rec.Issued()) != nil || rec.ValidAt(rec.NotAfter()) != nil {
		t.Fatal("not valid within its own lease")
	}
	for _, e := range rec.Location().Endpoints {
		checkURLPromise(t, e.URL)
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, s := range goodURLs() {
		f.Add(s)
	}
	for _, row := range badURLs() {
		f.Add(row.url)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if CheckURL(s) != nil {
			return
		}
		for i := range len(s) {
			if s[i] <= ' ' || s[i] > '~' {
				t.Fatalf("%q is taken", s)
			}
		}
		if len(s) > MaxURL {
			t.Fatalf("%d bytes are taken", len(s))
		}
		checkURLPromise(t, s)
	})
}

func FuzzCheckCapability(f *testing.F) {
	for _, s := range []string{"/a", "/translate-en-es", "/a/b", "/", "//", "/a/..", "/A", "a", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := CheckCapability(s) == nil, capabilityPattern.MatchString(s) && len(s) <= MaxCapability; got != want {
			t.Fatalf("%q: taken %v, by the pattern %v", s, got, want)
		}
	})
}

func FuzzLocationJSON(f *testing.F) {
	js, err := json.Marshal(testLocation())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(js)
	f.Add([]byte(`{"card":{"sha256":"00"}}`))
	f.Fuzz(func(t *testing.T, js []byte) {
		var l, again Location
		if json.Unmarshal(js, &l) != nil {
			return
		}
		once, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(once, &again); err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		if twice, err := json.Marshal(again); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s, then %s, %v", once, twice, err)
		}
	})
}
