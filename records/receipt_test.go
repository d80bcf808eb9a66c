package records

import (
	"bytes"
	"testing"
	"time"
)

func testReceipt(t testing.TB, key Signer, rec *Record, at time.Time) []byte {
	t.Helper()
	r, err := Attest(key, Attestation{Agent: rec.ID(), Record: rec.Mark().Digest, Facts: 3, Set: [32]byte{1}, At: at})
	wantNil(t, err)
	return r.Bytes()
}

func TestReceipts(t *testing.T) {
	ident, key, _ := testAgent(t, 1)
	rec, other := mustSign(t, ident, key, vectorDraft()), mustSign(t, ident, key, Draft{Sequence: 8, Issued: testTime, Location: vectorDraft().Location})
	a, b, stranger := testSigner(t, 11), testSigner(t, 12), testSigner(t, 13)
	pinned := []PublicKey{a.Public(), b.Public()}
	broken := testReceipt(t, a, rec, testTime)
	broken[len(broken)-1] ^= 1
	for _, row := range []struct {
		name     string
		who      Witnesses
		receipts [][]byte
		want     int
		class    error
	}{
		{"one", Witnesses{Keys: pinned}, [][]byte{testReceipt(t, a, rec, testTime)}, 1, nil},
		{"none", Witnesses{Keys: pinned}, nil, 0, ErrUnconfirmed},
		{"two", Witnesses{Keys: pinned, Need: 2}, [][]byte{testReceipt(t, a, rec, testTime), testReceipt(t, b, rec, testTime)}, 2, nil},
		{"one twice", Witnesses{Keys: pinned, Need: 2}, [][]byte{testReceipt(t, a, rec, testTime), testReceipt(t, a, rec, testTime.Add(time.Second))}, 1, ErrUnconfirmed},
		{"one of two, and a stranger", Witnesses{Keys: pinned, Need: 2}, [][]byte{testReceipt(t, a, rec, testTime), testReceipt(t, stranger, rec, testTime)}, 1, ErrUnconfirmed},
		{"of another record", Witnesses{Keys: pinned}, [][]byte{testReceipt(t, a, other, testTime)}, 0, ErrUnconfirmed},
		{"5 minutes old", Witnesses{Keys: pinned}, [][]byte{testReceipt(t, a, rec, testTime.Add(-5*time.Minute))}, 1, nil},
		{"a second older", Witnesses{Keys: pinned}, [][]byte{testReceipt(t, a, rec, testTime.Add(-5*time.Minute-time.Second))}, 0, ErrUnconfirmed},
		{"older than the reader likes", Witnesses{Keys: pinned, MaxAge: time.Minute}, [][]byte{testReceipt(t, a, rec, testTime.Add(-2*time.Minute))}, 0, ErrUnconfirmed},
		{"a clock 30 s ahead", Witnesses{Keys: pinned}, [][]byte{testReceipt(t, a, rec, testTime.Add(MaxAhead))}, 1, nil},
		{"of the future", Witnesses{Keys: pinned}, [][]byte{testReceipt(t, a, rec, testTime.Add(MaxAhead+time.Second))}, 0, ErrUnconfirmed},
		{"false", Witnesses{Keys: pinned}, [][]byte{broken}, 0, ErrUnconfirmed},
		{"a false one before", Witnesses{Keys: pinned}, [][]byte{broken, nil, testReceipt(t, a, rec, testTime)}, 1, nil},
		{"no witness is trusted", Witnesses{}, [][]byte{testReceipt(t, a, rec, testTime)}, 0, ErrUnconfirmed},
	} {
		t.Run(row.name, func(t *testing.T) {
			by, _, err := row.who.Confirm(rec, testTime, row.receipts)
			wantErr(t, err, row.class)
			if len(by) != row.want {
				t.Fatalf("by %v", by)
			}
		})
	}
}

// badReceipts are almost receipts.
func badReceipts(t testing.TB) []badRow {
	ident, key, _ := testAgent(t, 1)
	zero := cBytes(make([]byte, 32))
	least := fields{"n": cUint(0), "at": cUint(1_800_000_000), "rec": zero, "set": zero, "agent": cLink(ident.ID())}
	receipt := func(payload []byte, domain string) []byte {
		return cArray(cText(ReceiptType), payload, cBytes(key.Public().Bytes()), cBytes(signed(t, key, cArray(cText(domain), payload))))
	}
	with := func(k string, v []byte) []byte { return receipt(least.with(k, v).encode(), ReceiptType) }
	good := receipt(least.encode(), ReceiptType)
	if _, err := OpenReceipt(good); err != nil {
		t.Fatal(err)
	}
	return []badRow{
		{"empty", nil, ErrMalformed},
		{"a byte after", append(bytes.Clone(good), 0), ErrMalformed},
		{"signed as a possession", receipt(least.encode(), PossessionType), ErrInvalidSignature},
		{"no record", receipt(least.without("rec").encode(), ReceiptType), ErrMalformed},
		{"a field that is not known", with("ok", cUint(1)), ErrMalformed},
		{"fields out of order", receipt(least.inOrder("at", "n", "rec", "set", "agent"), ReceiptType), ErrMalformed},
		{"2^53 facts", with("n", cUint(1<<53)), ErrMalformed},
		{"a time of 2^32", with("at", cUint(1<<32)), ErrMalformed},
		{"the zero ID", with("agent", cLink(AgentID{})), ErrMalformed},
		{"a signer of another algorithm", cArray(cText(ReceiptType), least.encode(), cBytes([]byte{0xec, 1}), cBytes(make([]byte, 64))), ErrUnsupported},
		{"of another type", cArray(cText("cairn/receipt/2"), least.encode(), cBytes(key.Public().Bytes()), cBytes(make([]byte, 64))), ErrUnsupported},
		{"longer than a receipt", append(bytes.Clone(good), make([]byte, MaxReceiptSize)...), ErrTooLarge},
	}
}

func TestOpenReceiptRefuses(t *testing.T) {
	for _, row := range badReceipts(t) {
		t.Run(row.name, func(t *testing.T) {
			r, err := OpenReceipt(row.b)
			wantErr(t, err, row.class)
			if r != nil {
				t.Fatal("a receipt beside an error")
			}
		})
	}
}

func BenchmarkConfirmReceipt(b *testing.B) {
	ident, key, _ := testAgent(b, 1)
	rec := mustSign(b, ident, key, vectorDraft())
	witness := testSigner(b, 11)
	raw := [][]byte{testReceipt(b, witness, rec, testTime)}
	who := Witnesses{Keys: []PublicKey{witness.Public()}}
	b.ReportMetric(float64(len(raw[0])), "bytes")
	for b.Loop() {
		if _, _, err := who.Confirm(rec, testTime, raw); err != nil {
			b.Fatal(err)
		}
	}
}
