package records

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRecordRoundTrip(t *testing.T) {
	ident, key, _ := testAgent(t, 1)
	l := testLocation()
	rec := mustSign(t, ident, key, Draft{Sequence: MaxSequence, Issued: testTime, Location: l})
	back, err := OpenRecord(rec.Bytes())
	wantErr(t, err, nil)
	if back.ID() != ident.ID() || back.Identity().ID() != ident.ID() || back.Sequence() != MaxSequence || back.Rotation() != 0 ||
		!back.Issued().Equal(testTime) || !back.NotAfter().Equal(testTime.Add(DefaultLease)) ||
		back.Mark() != rec.Mark() || back.Size() != len(rec.Bytes()) || !bytes.Equal(back.Bytes(), rec.Bytes()) {
		t.Fatal("another record")
	}
	got := back.Location()
	if len(got.Endpoints) != 3 || got.Endpoints[1] != l.Endpoints[1] || *got.Card != *l.Card || got.Code[1] != l.Code[1] ||
		got.Region != l.Region || !bytes.Equal(got.Extensions["example.org/load"], []byte{1, 2}) {
		t.Fatalf("another location: %+v", got)
	}
}

// TestSignWindows holds Sign and Open to every rule about times and counters.
func TestSignWindows(t *testing.T) {
	const start, end = 1_800_000_000, 1_800_000_000 + 365*86400
	u := func(s int64) time.Time { return time.Unix(s, 0) }
	for _, row := range []struct {
		name  string
		draft Draft
		class error
	}{
		{"a lease of 24 h", Draft{Issued: u(start), NotAfter: u(start + 86400)}, nil},
		{"a lease of 24 h and 1 s", Draft{Issued: u(start), NotAfter: u(start + 86401)}, ErrMalformed},
		{"a lease of no time", Draft{Issued: u(start), NotAfter: u(start)}, nil},
		{"a lease that ends before it begins", Draft{Issued: u(start), NotAfter: u(start - 1)}, ErrMalformed},
		{"up to the agent's end", Draft{Issued: u(end - 60), NotAfter: u(end)}, nil},
		{"past the agent's end", Draft{Issued: u(end - 60), NotAfter: u(end + 1)}, ErrMalformed},
		{"default lease, cut at the agent's end", Draft{Issued: u(end - 60)}, nil},
		{"issued in the agent's last second", Draft{Issued: u(end)}, nil},
		{"issued after the agent's end", Draft{Issued: u(end + 1)}, ErrExpired},
		{"issued ten years before the agent's end", Draft{Issued: u(end - 3650*86400)}, nil},
		{"issued ten years and a second before", Draft{Issued: u(end - 3650*86400 - 1)}, ErrMalformed},
		{"issued in 1970", Draft{Issued: u(0)}, ErrMalformed},
		{"issued before 1970", Draft{Issued: u(-1)}, ErrMalformed},
		{"the zero time", Draft{}, ErrMalformed},
		{"not-after before 1970", Draft{Issued: u(start), NotAfter: u(-1)}, ErrMalformed},
		{"a time past all numbers", Draft{Issued: u(1 << 62)}, ErrExpired},
		{"not-after past all numbers", Draft{Issued: u(start), NotAfter: u(1 << 62)}, ErrMalformed},
		{"sequence 0", Draft{Issued: u(start), Sequence: 0}, nil},
		{"sequence 2^53-1", Draft{Issued: u(start), Sequence: 1<<53 - 1}, nil},
		{"sequence 2^53", Draft{Issued: u(start), Sequence: 1 << 53}, ErrMalformed},
		{"sequence 2^64-1", Draft{Issued: u(start), Sequence: 1<<64 - 1}, ErrMalformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			ident, key, _ := testAgent(t, 1)
			row.draft.Location = testLocation()
			signer := &countingSigner{Signer: key}
			rec, err := Sign(ident, signer, row.draft)
			wantErr(t, err, row.class)
			if err != nil && (signer.used > 0 || rec != nil) {
				t.Fatal("refused only after the key was used")
			}
			if err == nil && (rec.NotAfter().After(ident.End()) || rec.NotAfter().Before(rec.Issued())) {
				t.Fatal("an impossible lease")
			}
		})
	}
}

func TestSignRefuses(t *testing.T) {
	ident, key, _ := testAgent(t, 1)
	_, other, _ := testAgent(t, 2)
	g := testGenesis(t, 1)
	parent := ident.ID()
	g.Parent = &parent
	child, err := NewIdentity(g, testTime.Add(DefaultLife), Secret{1})
	wantErr(t, err, nil)
	d := Draft{Issued: testTime, Location: testLocation()}
	broken := errors.New("the device is away")
	for _, row := range []struct {
		name  string
		ident *Identity
		key   Signer
		class error
	}{
		{"no identity", nil, key, ErrMalformed},
		{"no key", ident, nil, ErrMalformed},
		{"a stranger's key", ident, other, ErrInvalidSignature},
		{"a rotation key", ident, testSigner(t, 1^0x80), ErrInvalidSignature},
		{"an agent with a parent", child, key, ErrUnsupported},
		{"a device that fails", ident, oddSigner{key, nil, broken}, broken},
		{"a device that signs something else", ident, oddSigner{key, make([]byte, 64), nil}, ErrInvalidSignature},
		{"a device that signs nothing", ident, oddSigner{key, nil, nil}, ErrInvalidSignature},
	} {
		t.Run(row.name, func(t *testing.T) {
			rec, err := Sign(row.ident, row.key, d)
			wantErr(t, err, row.class)
			if rec != nil {
				t.Fatal("a record beside an error")
			}
		})
	}
}

// oddSigner answers whatever it is told to.
type oddSigner struct {
	Signer
	sig []byte
	err error
}

func (s oddSigner) Sign([]byte) ([]byte, error) { return s.sig, s.err }

// TestSignAnyKey: every listed signing key signs, and its index is in the record.
func TestSignAnyKey(t *testing.T) {
	g := testGenesis(t, 1)
	g.Keys = append(g.Keys, testSigner(t, 2).Public(), testSigner(t, 3).Public())
	ident, err := NewIdentity(g, testTime.Add(DefaultLife), Secret{1})
	wantErr(t, err, nil)
	for n := byte(1); n <= 3; n++ {
		rec := mustSign(t, ident, testSigner(t, n), Draft{Issued: testTime, Location: testLocation()})
		// The index stands in front of the signature; another index is another key.
		at := bytes.Index(rec.Bytes(), []byte{n - 1, 0x58, 0x40})
		if at < 0 {
			t.Fatalf("key %d: no index", n)
		}
		for _, wrong := range []byte{0, 1, 2, 3, 23} {
			b := rec.Bytes()
			if b[at] == wrong {
				continue
			}
			b[at] = wrong
			_, err := OpenRecord(b)
			wantErr(t, err, ErrInvalidSignature)
		}
	}
}

// badRecord is a byte sequence that is no record; the vectors publish the rows.
type badRecord struct {
	name  string
	b     []byte
	class error
	lax   laxness
}

// laxness says what a codec without the strict rules makes of a bad record: the
// defence that each row is for.
type laxness int

const (
	anyway   laxness = iota // every CBOR decoder refuses it
	recoded                 // decodes: only the comparison with the one encoding refuses it
	reasoned                // decodes to the same bytes: a rule, a hash or the signature refuses it
)

func badRecords(t testing.TB) []badRecord {
	a, b := newRawAgent(t, 1), newRawAgent(t, 2)
	p := a.payload()
	good := a.record(t, p.encode())
	payload := func(f fields) []byte { return a.record(t, f.encode()) }
	raw := func(payload []byte) []byte { return a.record(t, payload) }
	edit := func(f func(*rawRecord)) []byte { return a.record(t, p.encode(), f) }
	proof := func(items ...[]byte) []byte { return edit(func(r *rawRecord) { r.proof = cArray(items...) }) }
	typed := func(signed, typ string) []byte {
		return edit(func(r *rawRecord) { r.signedType, r.typ = cText(signed), cText(typ) })
	}
	endpoint := func(f fields) []byte { return payload(p.with("ep", cArray(f.encode()))) }
	ep := fields{"url": cText("https://a.example/"), "proto": cText("a2a")}
	swap := func(old, with []byte) []byte {
		if bytes.Count(good, old) != 1 {
			t.Fatalf("%x is %d times in the record", old, bytes.Count(good, old))
		}
		return bytes.Replace(good, old, with, 1)
	}
	keys := p.keys()
	reversed := slices.Clone(keys)
	slices.Reverse(reversed)
	bytewise := slices.Sorted(slices.Values(keys))
	twice := append(slices.Clone(keys), "seq")
	indefinite := func(b []byte) []byte { return slices.Concat([]byte{b[0] | 0x1f}, b[1:], []byte{0xff}) }
	nested := bytes.Repeat([]byte{0x81}, 200)

	// A parent that never consented (A32), and what a later version will carry.
	g := testGenesis(t, 1)
	parent := b.ident.ID()
	g.Parent = &parent
	orphan, err := NewIdentity(g, testTime.Add(DefaultLife), Secret{1})
	if err != nil {
		t.Fatal(err)
	}
	child := rawAgent{orphan, a.key}
	childWith := func(consent []byte, ancestors ...[]byte) []byte {
		return child.record(t, child.payload().encode(), func(r *rawRecord) {
			own := cArray(orphan.HeaderBytes(), orphan.GenesisBytes(), cEmptyArray, consent)
			r.proof = cArray(append([][]byte{own}, ancestors...)...)
		})
	}
	consent := cArray(cUint(0), cUint(0), cBytes(make([]byte, 64))) // in a form of some later version
	grant, err := NewHeader(KindGrant, uint32(a.ident.End().Unix()), a.ident.header.Body, Secret{1, 1})
	if err != nil {
		t.Fatal(err)
	}
	twin, err := NewIdentity(a.ident.Genesis(), a.ident.End(), Secret{99})
	if err != nil {
		t.Fatal(err)
	}
	long := p.with("ep", cArray(fields{"url": cText("https://a.example/" + strings.Repeat("x", 1000)), "proto": cText("a2a")}.encode(),
		fields{"url": cText("https://b.example/" + strings.Repeat("x", 1000)), "proto": cText("a2a")}.encode(),
		fields{"url": cText("https://c.example/" + strings.Repeat("x", 1000)), "proto": cText("a2a")}.encode(),
		fields{"url": cText("https://d.example/" + strings.Repeat("x", 1000)), "proto": cText("a2a")}.encode()))

	return []badRecord{
		{"empty", nil, ErrMalformed, anyway},
		{"a byte short", good[:len(good)-1], ErrMalformed, anyway},
		{"trailing byte", append(slices.Clone(good), 0), ErrMalformed, anyway},
		{"trailing record", slices.Concat(good, good), ErrMalformed, anyway},
		{"too large", append(slices.Clone(good), make([]byte, MaxValueSize)...), ErrTooLarge, anyway},
		{"signed part too large", payload(long), ErrTooLarge, reasoned},
		{"null", cNull, ErrMalformed, recoded},
		{"a map", p.encode(), ErrMalformed, anyway},
		{"array of four", append([]byte{0x84}, good[1:]...), ErrMalformed, anyway},
		{"array of six", append(append([]byte{0x86}, good[1:]...), 0xf6), ErrMalformed, anyway},
		{"array with its length in two bytes", append([]byte{0x98, 5}, good[1:]...), ErrMalformed, recoded},
		{"array in indefinite length", indefinite(good), ErrMalformed, anyway},
		{"self-described CBOR", append([]byte{0xd9, 0xd9, 0xf7}, good...), ErrMalformed, recoded},

		// The type and the signature.
		{"type of a later version", typed("cairn/record/2", "cairn/record/2"), ErrUnsupported, reasoned},
		{"type of a grant", typed("cairn/grant/1", "cairn/grant/1"), ErrUnsupported, reasoned},
		{"empty type", typed("", ""), ErrUnsupported, reasoned},
		{"signed as a grant", typed("cairn/grant/1", RecordType), ErrInvalidSignature, reasoned},
		{"signed as a later version", typed("cairn/record/2", RecordType), ErrInvalidSignature, reasoned},
		{"signed without a type", edit(func(r *rawRecord) { r.sig = cBytes(signed(t, a.key, r.payload)) }), ErrInvalidSignature, reasoned},
		{"signed over the type and payload side by side", edit(func(r *rawRecord) { r.sig = cBytes(signed(t, a.key, slices.Concat(r.typ, r.payload))) }), ErrInvalidSignature, reasoned},
		{"type as bytes", edit(func(r *rawRecord) { r.typ = cBytes([]byte(RecordType)) }), ErrMalformed, anyway},
		{"signed by a stranger", edit(func(r *rawRecord) { r.sig = cBytes(signed(t, b.key, cArray(r.signedType, r.payload))) }), ErrInvalidSignature, reasoned},
		{"signed by the rotation key", edit(func(r *rawRecord) {
			r.sig = cBytes(signed(t, testSigner(t, 1^0x80), cArray(r.signedType, r.payload)))
		}), ErrInvalidSignature, reasoned},
		{"signature of another payload", edit(func(r *rawRecord) {
			r.sig = cBytes(signed(t, a.key, cArray(r.signedType, p.with("seq", cUint(8)).encode())))
		}), ErrInvalidSignature, reasoned},
		{"signature all zero", edit(func(r *rawRecord) { r.sig = cBytes(make([]byte, 64)) }), ErrInvalidSignature, reasoned},
		{"signature empty", edit(func(r *rawRecord) { r.sig = cBytes(nil) }), ErrInvalidSignature, reasoned},
		{"signature null", edit(func(r *rawRecord) { r.sig = cNull }), ErrMalformed, recoded},
		{"signature of 65 bytes", edit(func(r *rawRecord) {
			r.sig = cBytes(append(signed(t, a.key, cArray(r.signedType, r.payload)), 0))
		}), ErrInvalidSignature, reasoned},
		{"signature with S plus L", edit(func(r *rawRecord) { r.sig = cBytes(plusOrder(t, signed(t, a.key, cArray(r.signedType, r.payload)))) }), ErrInvalidSignature, reasoned},
		{"signature as an array of integers", edit(func(r *rawRecord) {
			sig := cHead(4, 64)
			for _, b := range signed(t, a.key, cArray(r.signedType, r.payload)) {
				sig = append(sig, cUint(uint64(b))...)
			}
			r.sig = sig
		}), ErrMalformed, recoded},
		{"key 1 of one", edit(func(r *rawRecord) { r.key = cUint(1) }), ErrInvalidSignature, reasoned},
		{"key 2^64-1", edit(func(r *rawRecord) { r.key = cUint(1<<64 - 1) }), ErrInvalidSignature, reasoned},
		{"key -1", edit(func(r *rawRecord) { r.key = []byte{0x20} }), ErrMalformed, anyway},
		{"key in two bytes", edit(func(r *rawRecord) { r.key = []byte{0x18, 0} }), ErrMalformed, recoded},
		{"key as a float", edit(func(r *rawRecord) { r.key = []byte{0xf9, 0, 0} }), ErrMalformed, anyway},

		// The payload's form: signed by the right key, so that only the form is wrong.
		{"payload with keys in reverse", raw(p.inOrder(reversed...)), ErrMalformed, recoded},
		{"payload with keys in bytewise order", raw(p.inOrder(bytewise...)), ErrMalformed, recoded},
		{"payload with one key twice", raw(p.inOrder(twice...)), ErrMalformed, anyway},
		{"payload with an unknown key", payload(p.with("x", cUint(1))), ErrMalformed, anyway},
		{"payload with a key in upper case", payload(p.without("seq").with("SEQ", cUint(1))), ErrMalformed, anyway},
		{"payload in indefinite length", raw(indefinite(p.encode())), ErrMalformed, anyway},
		{"payload as an array", raw(cArray(cUint(1))), ErrMalformed, anyway},
		{"payload null", raw(cNull), ErrMalformed, recoded},
		{"payload undefined", raw([]byte{0xf7}), ErrMalformed, recoded},
		{"payload empty", raw(cHead(5, 0)), ErrMalformed, recoded},
		{"payload as bytes", raw(cBytes(p.encode())), ErrMalformed, anyway},
		{"payload tagged", raw(append([]byte{0xd8, 0x18}, p.encode()...)), ErrMalformed, recoded},
		{"payload with an integer as key", raw(slices.Concat([]byte{0xa1, 0x01, 0x01})), ErrMalformed, anyway},
		{"agent missing", payload(p.without("agent")), ErrMalformed, recoded},
		{"agent as text", payload(p.with("agent", cText(a.ident.ID().String()))), ErrMalformed, anyway},
		{"agent as bytes", payload(p.with("agent", cBytes(a.ident.ID().Bytes()))), ErrMalformed, anyway},
		{"sequence missing", payload(p.without("seq")), ErrMalformed, recoded},
		{"sequence in three bytes", payload(p.with("seq", []byte{0x19, 0, 7})), ErrMalformed, recoded},
		{"sequence as a float", payload(p.with("seq", []byte{0xfb, 0x40, 0x1c, 0, 0, 0, 0, 0, 0})), ErrMalformed, anyway},
		{"sequence as a bignum", payload(p.with("seq", []byte{0xc2, 0x41, 7})), ErrMalformed, recoded},
		{"sequence negative", payload(p.with("seq", []byte{0x26})), ErrMalformed, anyway},
		{"sequence null", payload(p.with("seq", cNull)), ErrMalformed, recoded},
		{"sequence as text", payload(p.with("seq", cText("7"))), ErrMalformed, anyway},
		{"sequence 2^53", payload(p.with("seq", cUint(1<<53))), ErrMalformed, reasoned},
		{"sequence 2^64-1", payload(p.with("seq", cUint(1<<64-1))), ErrMalformed, reasoned},
		{"rotation 1 without its chain", payload(p.with("rot", cUint(1))), ErrMalformed, reasoned},
		{"rotation 2^64-1", payload(p.with("rot", cUint(1<<64-1))), ErrMalformed, reasoned},
		{"not-after before issued", payload(p.with("exp", cUint(1_799_999_999))), ErrMalformed, reasoned},
		{"a lease of 24 h and 1 s", payload(p.with("exp", cUint(1_800_086_401))), ErrMalformed, reasoned},
		{"issued 2^64-1, not-after 0", payload(p.with("iat", cUint(1<<64-1)).with("exp", cUint(0))), ErrMalformed, reasoned},
		{"issued and not-after 2^64-1", payload(p.with("iat", cUint(1<<64-1)).with("exp", cUint(1<<64-1))), ErrMalformed, reasoned},
		{"issued 2^63, past the agent's end", payload(p.with("iat", cUint(1<<63)).with("exp", cUint(1<<63+1))), ErrMalformed, reasoned},
		{"not-after a second past the agent's end", payload(p.with("iat", cUint(1_831_536_000)).with("exp", cUint(1_831_536_001))), ErrMalformed, reasoned},
		{"issued more than ten years before the agent's end", payload(p.with("iat", cUint(1_516_175_999)).with("exp", cUint(1_516_176_000))), ErrMalformed, reasoned},
		{"issued 0", payload(p.with("iat", cUint(0)).with("exp", cUint(1))), ErrMalformed, reasoned},

		// The location's form.
		{"no endpoints", payload(p.without("ep")), ErrMalformed, recoded},
		{"endpoints empty", payload(p.with("ep", cEmptyArray)), ErrMalformed, reasoned},
		{"endpoints null", payload(p.with("ep", cNull)), ErrMalformed, recoded},
		{"17 endpoints", payload(p.with("ep", cArray(slices.Repeat([][]byte{ep.encode()}, 17)...))), ErrTooLarge, reasoned},
		{"endpoint null", payload(p.with("ep", cArray(cNull))), ErrMalformed, recoded},
		{"endpoint with an unknown key", endpoint(ep.with("x", cUint(1))), ErrMalformed, anyway},
		{"endpoint without a protocol", endpoint(ep.without("proto")), ErrMalformed, recoded},
		{"endpoint with an empty protocol", endpoint(ep.with("proto", cText(""))), ErrMalformed, reasoned},
		{"endpoint with a protocol in upper case", endpoint(ep.with("proto", cText("A2A"))), ErrMalformed, reasoned},
		{"endpoint with a user in its URL", endpoint(ep.with("url", cText("https://u@a.example/"))), ErrMalformed, reasoned},
		{"endpoint with a script", endpoint(ep.with("url", cText("javascript:alert(1)"))), ErrMalformed, reasoned},
		{"endpoint with a URL of 1025", endpoint(ep.with("url", cText("https://a.example/"+strings.Repeat("x", 1007)))), ErrTooLarge, reasoned},
		{"endpoint with a URL that is not UTF-8", endpoint(ep.with("url", cText("https://a.example/\xff"))), ErrMalformed, anyway},
		{"endpoint with a URL as bytes", endpoint(ep.with("url", cBytes([]byte("https://a.example/")))), ErrMalformed, anyway},
		{"endpoint with priority 0 written out", endpoint(ep.with("prio", cUint(0))), ErrMalformed, recoded},
		{"endpoint with priority 65536", endpoint(ep.with("prio", cUint(65536))), ErrMalformed, anyway},
		{"endpoint with a weight below 0", endpoint(ep.with("weight", []byte{0x20})), ErrMalformed, anyway},
		{"capabilities empty", payload(p.with("cap", cEmptyArray)), ErrMalformed, recoded},
		{"capabilities null", payload(p.with("cap", cNull)), ErrMalformed, recoded},
		{"capabilities out of order", payload(p.with("cap", cArray(cText("/b"), cText("/a")))), ErrMalformed, reasoned},
		{"one capability twice", payload(p.with("cap", cArray(cText("/a"), cText("/a")))), ErrMalformed, reasoned},
		{"capability in upper case", payload(p.with("cap", cArray(cText("/A")))), ErrMalformed, reasoned},
		{"capability with dots", payload(p.with("cap", cArray(cText("/a/../b")))), ErrMalformed, reasoned},
		{"card null", payload(p.with("card", cNull)), ErrMalformed, recoded},
		{"card empty", payload(p.with("card", cHead(5, 0))), ErrMalformed, recoded},
		{"card with a digest of 31 bytes", payload(p.with("card", fields{"type": cText("a/b"), "sha256": cBytes(make([]byte, 31))}.encode())), ErrMalformed, recoded},
		{"card with a digest of 33 bytes", payload(p.with("card", fields{"type": cText("a/b"), "sha256": cBytes(make([]byte, 33))}.encode())), ErrMalformed, recoded},
		{"card with an empty URL written out", payload(p.with("card", fields{"url": cText(""), "type": cText("a/b"), "sha256": cBytes(make([]byte, 32))}.encode())), ErrMalformed, recoded},
		{"code digests empty", payload(p.with("code", cEmptyArray)), ErrMalformed, recoded},
		{"region empty, written out", payload(p.with("reg", cText(""))), ErrMalformed, recoded},
		{"region with a terminal escape", payload(p.with("reg", cText("\x1b[2J"))), ErrMalformed, reasoned},
		{"extensions empty", payload(p.with("ext", cHead(5, 0))), ErrMalformed, recoded},
		{"extensions null", payload(p.with("ext", cNull)), ErrMalformed, recoded},
		{"extension null", payload(p.with("ext", fields{"x": cNull}.encode())), ErrMalformed, recoded},
		{"extension as text", payload(p.with("ext", fields{"x": cText("y")}.encode())), ErrMalformed, anyway},
		{"extensions out of order", payload(p.with("ext", fields{"a": cBytes(nil), "b": cBytes(nil)}.inOrder("b", "a"))), ErrMalformed, recoded},
		{"one extension twice", payload(p.with("ext", fields{"a": cBytes(nil)}.inOrder("a", "a"))), ErrMalformed, anyway},
		{"extension in indefinite length", payload(p.with("ext", fields{"a": {0x5f, 0x41, 0x01, 0xff}}.encode())), ErrMalformed, anyway},
		{"nested 200 deep", raw(append(nested, 0x00)), ErrMalformed, anyway},

		// The proof.
		{"proof empty", edit(func(r *rawRecord) { r.proof = cEmptyArray }), ErrMalformed, reasoned},
		{"proof null", edit(func(r *rawRecord) { r.proof = cNull }), ErrMalformed, recoded},
		{"proof of another agent", proof(b.link()), ErrWrongSubject, reasoned},
		{"A36: proof with a stranger's genesis", proof(cArray(a.ident.HeaderBytes(), b.ident.GenesisBytes(), cEmptyArray, cNull)), ErrWrongSubject, reasoned},
		{"A36: proof with a stranger's header", proof(cArray(b.ident.HeaderBytes(), a.ident.GenesisBytes(), cEmptyArray, cNull)), ErrWrongSubject, reasoned},
		{"A36: proof of a twin, the same genesis under other locks", proof(cArray(twin.HeaderBytes(), twin.GenesisBytes(), cEmptyArray, cNull)), ErrWrongSubject, reasoned},
		{"proof with the header of a grant", proof(cArray(grant.Bytes(), a.ident.GenesisBytes(), cEmptyArray, cNull)), ErrMalformed, reasoned},
		{"proof with a tombstone for a header", proof(cArray(mustReveal(t, a.ident.Header(), Secret{1, 1}).Bytes(), a.ident.GenesisBytes(), cEmptyArray, cNull)), ErrMalformed, reasoned},
		{"proof with null for a header", proof(cArray(cNull, a.ident.GenesisBytes(), cEmptyArray, cNull)), ErrMalformed, reasoned},
		{"proof with null for a genesis", proof(cArray(a.ident.HeaderBytes(), cNull, cEmptyArray, cNull)), ErrWrongSubject, reasoned},
		{"proof with the header as bytes", proof(cArray(cBytes(a.ident.HeaderBytes()), a.ident.GenesisBytes(), cEmptyArray, cNull)), ErrMalformed, reasoned},
		{"proof of three fields", proof(cArray(a.ident.HeaderBytes(), a.ident.GenesisBytes(), cEmptyArray)), ErrMalformed, anyway},
		{"proof with null for rotations", proof(cArray(a.ident.HeaderBytes(), a.ident.GenesisBytes(), cNull, cNull)), ErrMalformed, reasoned},
		{"proof with undefined for consent", proof(cArray(a.ident.HeaderBytes(), a.ident.GenesisBytes(), cEmptyArray, []byte{0xf7})), ErrMalformed, reasoned},
		{"A25, A26: a rotation, which this version cannot judge", proof(cArray(a.ident.HeaderBytes(), a.ident.GenesisBytes(), cArray(cEmptyArray), cNull)), ErrUnsupported, reasoned},
		{"A28: rotation 1 with a chain that this version cannot judge", a.record(t, p.with("rot", cUint(1)).encode(), func(r *rawRecord) {
			r.proof = cArray(cArray(a.ident.HeaderBytes(), a.ident.GenesisBytes(), cArray(cEmptyArray), cNull))
		}), ErrUnsupported, reasoned},
		{"proof with an empty consent", proof(cArray(a.ident.HeaderBytes(), a.ident.GenesisBytes(), cEmptyArray, cEmptyArray)), ErrMalformed, reasoned},
		{"proof with bytes for consent", proof(cArray(a.ident.HeaderBytes(), a.ident.GenesisBytes(), cEmptyArray, cBytes(nil))), ErrMalformed, reasoned},
		{"proof with 17 rotations", proof(cArray(a.ident.HeaderBytes(), a.ident.GenesisBytes(), cArray(slices.Repeat([][]byte{cEmptyArray}, 17)...), cNull)), ErrMalformed, reasoned},
		{"proof with 7 links", proof(slices.Repeat([][]byte{a.link()}, 7)...), ErrMalformed, reasoned},
		{"proof with a map for links", edit(func(r *rawRecord) { r.proof = cHead(5, 0) }), ErrMalformed, anyway},
		{"a consent without a parent", proof(cArray(a.ident.HeaderBytes(), a.ident.GenesisBytes(), cEmptyArray, consent)), ErrUnsupported, reasoned},
		{"a second link", proof(a.link(), b.link()), ErrUnsupported, reasoned},
		{"A32: a parent that never consented", childWith(cNull), ErrMalformed, reasoned},
		{"A32: a consent, which this version cannot judge", childWith(consent, b.link()), ErrUnsupported, reasoned},
		{"an array that claims 2^32 links", slices.Concat(swap(cArray(a.link()), nil), []byte{0x9a, 0xff, 0xff, 0xff, 0xff}), ErrMalformed, anyway},
		{"a tombstone", mustReveal(t, a.ident.Header(), Secret{1, 1}).Bytes(), ErrMalformed, anyway},
	}
}

func signed(t testing.TB, key Signer, msg []byte) []byte {
	t.Helper()
	sig, err := key.Sign(msg)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// plusOrder adds the order of the base point to S: the same scalar, spelt anew.
func plusOrder(t testing.TB, sig []byte) []byte {
	sig = slices.Clone(sig)
	carry := 0
	for i, o := range unhex(t, "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010") {
		carry += int(sig[32+i]) + int(o)
		sig[32+i], carry = byte(carry), carry>>8
	}
	return sig
}

func TestOpenRecordRefuses(t *testing.T) {
	for _, row := range badRecords(t) {
		t.Run(row.name, func(t *testing.T) {
			rec, err := OpenRecord(row.b)
			wantErr(t, err, row.class)
			if rec != nil {
				t.Fatal("a record beside an error")
			}
			if v, err := Open(row.b); v != nil && row.name != "a tombstone" {
				t.Fatalf("Open: %v, %v", v, err)
			}
			checkSlow(t, row.b)
			if got := laxDecode(row.b); got != row.lax {
				t.Fatalf("a decode alone makes %d of it, want %d", got, row.lax)
			}
		})
	}
}

// laxDecode reads a record as a codec does that only decodes.
func laxDecode(b []byte) laxness {
	var w recordWire
	if loose.Unmarshal(b, &w) != nil {
		return anyway
	}
	var p payloadWire
	if len(w.Payload) > 0 && loose.Unmarshal(w.Payload, &p) != nil {
		return anyway
	}
	var links []linkWire
	if len(w.Proof) > 0 && loose.Unmarshal(w.Proof, &links) != nil {
		return anyway
	}
	for _, row := range []struct {
		v any
		b []byte
	}{{w, b}, {p, w.Payload}, {links, w.Proof}} {
		if again, err := codec.marshal(row.v); err != nil || !bytes.Equal(again, row.b) {
			return recoded
		}
	}
	return reasoned
}

// TestBadRecordsAreNearMisses: the record that every row starts from is good.
func TestBadRecordsAreNearMisses(t *testing.T) {
	a := newRawAgent(t, 1)
	rec, err := OpenRecord(a.record(t, a.payload().encode()))
	wantErr(t, err, nil)
	if rec.ID() != a.ident.ID() || rec.Sequence() != 7 {
		t.Fatal("another record")
	}
}

// TestCrossTypeDefence: with a signature over the payload alone, what an agent
// signed as a grant would stand as its record.
func TestCrossTypeDefence(t *testing.T) {
	a := newRawAgent(t, 1)
	payload := a.payload().encode()
	bare := signed(t, a.key, payload)
	if !a.key.Public().Verify(payload, bare) {
		t.Fatal("this test has lost its point")
	}
	_, err := OpenRecord(a.record(t, payload, func(r *rawRecord) { r.sig = cBytes(bare) }))
	wantErr(t, err, ErrInvalidSignature)
}

// TestRecordFlippedBits: no bit of a record may be either.
func TestRecordFlippedBits(t *testing.T) {
	a := newRawAgent(t, 1)
	good := a.record(t, a.payload().encode())
	for bit := range len(good) * 8 {
		b := slices.Clone(good)
		b[bit/8] ^= 1 << (bit % 8)
		if v, err := Open(b); err == nil {
			t.Fatalf("bit %d of byte %d may be either: %s", bit%8, bit/8, v.ID())
		}
	}
}

// TestRecordIsClosed: no slice or map that goes in or comes out reaches the verified value.
func TestRecordIsClosed(t *testing.T) {
	ident, key, _ := testAgent(t, 1)
	l := testLocation()
	rec := mustSign(t, ident, key, Draft{Sequence: 1, Issued: testTime, Location: l})
	b := rec.Bytes()
	opened, err := OpenRecord(b)
	wantErr(t, err, nil)
	clear(b)
	clear(rec.Bytes())
	for _, l := range []Location{l, rec.Location(), opened.Location()} {
		clear(l.Endpoints)
		clear(l.Capabilities)
		clear(l.Code)
		*l.Card = Card{}
		clear(l.Extensions["example.org/load"])
		clear(l.Extensions)
	}
	want := testLocation()
	for _, r := range []*Record{rec, opened} {
		payload := r.payload
		payload.Location = want
		fresh, err := codec.marshal(payload)
		wantErr(t, err, nil)
		held, err := codec.marshal(r.payload)
		wantErr(t, err, nil)
		if !bytes.Equal(fresh, held) || !bytes.Contains(r.Bytes(), held) {
			t.Fatalf("changed: %s", hex.EncodeToString(held))
		}
	}
}

func TestValidAt(t *testing.T) {
	ident, key, _ := testAgent(t, 1)
	rec := mustSign(t, ident, key, Draft{Issued: testTime, Location: testLocation()})
	for _, row := range []struct {
		name  string
		after time.Duration // of the reader's clock, after the issue
		class error
	}{
		{"at the issue", 0, nil},
		{"a reader 30 s behind", -MaxAhead, nil},
		{"a reader more than 30 s behind", -MaxAhead - 1, ErrNotYetValid},
		{"a reader a year behind", -365 * 24 * time.Hour, ErrNotYetValid},
		{"in the last second", DefaultLease, nil},
		{"after it", DefaultLease + 1, ErrExpired},
		{"a year later", 365 * 24 * time.Hour, ErrExpired},
	} {
		t.Run(row.name, func(t *testing.T) { wantErr(t, rec.ValidAt(testTime.Add(row.after)), row.class) })
	}
	wantErr(t, rec.ValidAt(time.Time{}), ErrNotYetValid)
}
