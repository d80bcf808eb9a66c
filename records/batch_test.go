package records

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/curve/scalar"
)

// crafty is a key whose owner does with curve points as it likes: A and R get a part
// of small order.
type crafty struct {
	secret scalar.Scalar
	public PublicKey
}

// newCrafty makes a key that follows from n, with the torsion-th point of small
// order in it.
func newCrafty(t testing.TB, n byte, torsion int) crafty {
	t.Helper()
	c := crafty{secret: scalarOf(t, "key", n)}
	public, err := Ed25519Key(encoded(t, pointOf(&c.secret, torsion)))
	if err != nil {
		t.Fatal(err)
	}
	c.public = public
	return c
}

// sign makes S = r + k*a over R = r*B with the torsion-th point of small order in R.
func (c crafty) sign(t testing.TB, msg []byte, torsion int) signature {
	t.Helper()
	r := scalarOf(t, "nonce", msg...)
	return c.finish(t, msg, &r, encoded(t, pointOf(&r, torsion)))
}

// finish makes S for an R that is written in any way.
func (c crafty) finish(t testing.TB, msg []byte, r *scalar.Scalar, written []byte) signature {
	t.Helper()
	h := sha512.New()
	for _, part := range [][]byte{written, c.public.Bytes()[2:], msg} {
		_, _ = h.Write(part)
	}
	var k scalar.Scalar
	if _, err := k.SetBytesModOrderWide(h.Sum(nil)); err != nil {
		t.Fatal(err)
	}
	k.Mul(&k, &c.secret)
	k.Add(&k, r)
	s := make([]byte, 32)
	if err := k.ToBytes(s); err != nil {
		t.Fatal(err)
	}
	return signature{c.public, "", msg, slices.Concat(written, s)}
}

func scalarOf(t testing.TB, domain string, seed ...byte) (s scalar.Scalar) {
	t.Helper()
	sum := sha256.Sum256(append([]byte(domain), seed...))
	if _, err := s.SetBytesModOrder(sum[:]); err != nil {
		t.Fatal(err)
	}
	return s
}

func pointOf(s *scalar.Scalar, torsion int) *curve.EdwardsPoint {
	p := new(curve.EdwardsPoint).MulBasepoint(curve.ED25519_BASEPOINT_TABLE, s)
	return p.Add(p, curve.EIGHT_TORSION[torsion])
}

func encoded(t testing.TB, p *curve.EdwardsPoint) []byte {
	t.Helper()
	b, err := p.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// honest are n good signatures of as many keys.
func honest(t testing.TB, n int) []signature {
	t.Helper()
	signatures := make([]signature, n)
	for i := range signatures {
		key := testSigner(t, byte(i))
		msg := fmt.Append(nil, "message ", i)
		signatures[i] = signature{key.Public(), "", msg, signed(t, key, msg)}
	}
	return signatures
}

// cofactored reports whether the equation with the cofactor holds of the signatures.
func cofactored(signatures ...signature) bool {
	b := newBatch(len(signatures))
	for i, c := range signatures {
		if !b.set(i, c, []byte{byte(3 + i)}) {
			return false
		}
	}
	return b.equation()
}

// batchRow is what is put among good signatures.
type batchRow struct {
	name       string
	signatures []signature
	cofactor   bool // the equation with the cofactor alone would take them
}

func batchRows(t testing.TB) []batchRow {
	plain := newCrafty(t, 1, 0)
	good := plain.sign(t, []byte("good"), 0)
	edit := func(f func(*signature)) []signature {
		c := signature{good.key, "", good.msg, slices.Clone(good.sig)}
		f(&c)
		return []signature{c}
	}
	rows := []batchRow{
		{"nothing", nil, true},
		{"made by hand", []signature{good}, true},
		{"another message", edit(func(c *signature) { c.msg = []byte("other") }), false},
		{"another key", edit(func(c *signature) { c.key = testSigner(t, 9).Public() }), false},
		{"S plus L", edit(func(c *signature) { c.sig = plusOrder(t, c.sig) }), false},
		{"a byte short", edit(func(c *signature) { c.sig = c.sig[:63] }), false},
		{"the empty key", edit(func(c *signature) { c.key = PublicKey{} }), false},
		{"all zero", edit(func(c *signature) { clear(c.sig) }), false},
		{"R is no point", edit(func(c *signature) { copy(c.sig, offCurve(t)) }), false},
		{"the key is no point", edit(func(c *signature) { c.key = PublicKey{multikeyEd25519 + string(offCurve(t))} }), false},
	}
	for i := 1; i < 8; i++ {
		rows = append(rows,
			batchRow{fmt.Sprintf("R with torsion %d", i), []signature{plain.sign(t, []byte("torsion"), i)}, true},
			batchRow{fmt.Sprintf("R with torsion %d, and one with its opposite", i), []signature{plain.sign(t, []byte("one"), i), plain.sign(t, []byte("two"), 8-i)}, true},
			batchRow{fmt.Sprintf("R with torsion %d eight times", i), slices.Repeat([]signature{plain.sign(t, []byte("many"), i)}, 8), true})
	}
	// Under a key with torsion the factor k decides: over some messages the single
	// equation holds, over others not; with torsion in R as well, over others again.
	for i := 1; i < 8; i++ {
		mixed := newCrafty(t, 2, i)
		for r := range 8 {
			for n := range 12 {
				rows = append(rows, batchRow{fmt.Sprintf("key with torsion %d, R with %d, message %d", i, r, n),
					[]signature{mixed.sign(t, []byte{byte(n)}, r)}, true})
			}
		}
	}
	// R is a point of small order, written the one way and the other.
	var zero scalar.Scalar
	one := append([]byte{1}, make([]byte, 31)...)
	signSet := slices.Clone(one)
	signSet[31] = 0x80
	return append(rows,
		batchRow{"R is the identity", []signature{plain.finish(t, []byte("m"), &zero, one)}, true},
		batchRow{"R is the identity, with a sign", []signature{plain.finish(t, []byte("m"), &zero, signSet)}, false},
		batchRow{"R is the identity, spelt as p+1", []signature{plain.finish(t, []byte("m"), &zero, unhex(t, "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"))}, false},
	)
}

// offCurve is a y to which there is no x.
func offCurve(t testing.TB) []byte {
	t.Helper()
	b := append([]byte{2}, make([]byte, 31)...)
	if new(batch).readable(b) {
		t.Fatal("this is a point")
	}
	return b
}

func (*batch) readable(b []byte) bool { return readPoint(new(curve.EdwardsPoint), b) }

// TestBatchIsTheSingleRule: of each signature a batch says what Verify says, whatever
// stands in it; and many rows are such that a simpler batch would not.
func TestBatchIsTheSingleRule(t *testing.T) {
	good := honest(t, minBatch)
	taken, refused := 0, 0
	for i, row := range batchRows(t) {
		if got := cofactored(row.signatures...); got != row.cofactor {
			t.Errorf("%s: the equation with the cofactor says %v", row.name, got)
		}
		all := true
		for _, c := range row.signatures {
			all = all && c.verify()
		}
		if got := batchHolds(row.signatures); got != all {
			t.Errorf("%s: the batch holds: %v, want %v", row.name, got, all)
		}
		switch {
		case all:
			taken++
		case row.cofactor:
			refused++
		}
		if i%20 > 0 && i > 20 {
			continue // the rows differ in numbers only
		}
		for j, got := range verifyAll(slices.Concat(good, row.signatures)) {
			want := j < len(good) || row.signatures[j-len(good)].verify()
			if got != want {
				t.Errorf("%s: signature %d: %v in a batch, %v alone", row.name, j, got, want)
			}
		}
	}
	if taken < 50 || refused < 50 {
		t.Errorf("%d rows are good, %d would pass with the cofactor and are not: this test has lost its point", taken, refused)
	}
}

// TestVerifyAllNames: wherever false signatures stand and however many there are, they and
// no others are named.
func TestVerifyAllNames(t *testing.T) {
	good := honest(t, 3*minBatch)
	for _, row := range []struct {
		name  string
		n     int
		false []int
	}{
		{"none", 0, nil},
		{"one", 1, nil},
		{"one false", 1, []int{0}},
		{"too few for a batch", minBatch - 1, []int{3}},
		{"a batch", minBatch, nil},
		{"first of a batch", minBatch, []int{0}},
		{"last of two halves", 2 * minBatch, []int{2*minBatch - 1}},
		{"first of two halves", 2 * minBatch, []int{0}},
		{"in both halves", 2 * minBatch, []int{1, minBatch + 1}},
		{"many", 3 * minBatch, []int{0, 1, 5, 99, 200, 201, 383}},
		{"more than a batch", maxBatch + minBatch + 3, []int{7, maxBatch, maxBatch + minBatch + 2}},
	} {
		t.Run(row.name, func(t *testing.T) {
			signatures := make([]signature, row.n)
			for i := range signatures {
				signatures[i] = good[i%len(good)]
			}
			for _, i := range row.false {
				signatures[i].msg = []byte("forged")
			}
			for i, got := range verifyAll(signatures) {
				if want := !slices.Contains(row.false, i); got != want {
					t.Errorf("signature %d: %v", i, got)
				}
			}
		})
	}
}

// FuzzVerifyAll mixes crafted signatures as the bytes say.
func FuzzVerifyAll(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 250})
	f.Add([]byte{8, 8, 8, 16, 24, 77})
	good := honest(f, minBatch)
	f.Fuzz(func(t *testing.T, kinds []byte) {
		signatures := slices.Clone(good)
		for i, kind := range kinds[:min(len(kinds), 32)] {
			key := newCrafty(t, kind, int(kind%8))
			signatures = append(signatures, key.sign(t, []byte{byte(i), kind}, int(kind/8%8)))
		}
		for i, got := range verifyAll(signatures) {
			if want := signatures[i].verify(); got != want {
				t.Fatalf("signature %d: %v in a batch, %v alone", i, got, want)
			}
		}
	})
}

// manyRecords are the records of n agents with a key each.
func manyRecords(t testing.TB, n int) [][]byte {
	t.Helper()
	raw := make([][]byte, n)
	for i := range raw {
		seed := sha256.Sum256(fmt.Append(nil, "agent ", i))
		key, err := NewEd25519Signer(ed25519.NewKeyFromSeed(seed[:]))
		if err != nil {
			t.Fatal(err)
		}
		g := testGenesis(t, 1)
		g.Keys = []PublicKey{key.Public()}
		ident, err := NewIdentity(g, testTime.Add(DefaultLife), Secret{1})
		if err != nil {
			t.Fatal(err)
		}
		raw[i] = mustSign(t, ident, key, Draft{Sequence: 1, Issued: testTime, Location: Location{Endpoints: []Endpoint{{URL: "https://a.example/", Protocol: "a2a"}}}}).Bytes()
	}
	return raw
}

// TestOpenRecords: of each record it says what OpenRecord says.
func TestOpenRecords(t *testing.T) {
	raw := manyRecords(t, minBatch+10)
	for _, row := range badRecords(t) {
		raw = append(raw, row.b)
	}
	opened, errs := OpenRecords(raw)
	for i, b := range raw {
		want, wantErr := OpenRecord(b)
		if class(errs[i]) != class(wantErr) || (opened[i] == nil) != (want == nil) {
			t.Fatalf("record %d: %v, %v; alone %v, %v", i, opened[i], errs[i], want, wantErr)
		}
		if want != nil && (opened[i].Mark() != want.Mark() || opened[i].ID() != want.ID()) {
			t.Fatalf("record %d is another one", i)
		}
	}
	if opened, errs := OpenRecords(nil); len(opened) != 0 || len(errs) != 0 {
		t.Error("something of nothing")
	}
	// One flipped bit in one signature of many.
	raw = manyRecords(t, 2*minBatch)
	bad := slices.Clone(raw[40])
	at := slices.Index(bad, 0x40) // the signature's length
	bad[at+5] ^= 1
	raw[40] = bad
	for i, err := range second(OpenRecords(raw)) {
		if (err != nil) != (i == 40) || i == 40 && !errors.Is(err, ErrInvalidSignature) {
			t.Errorf("record %d: %v", i, err)
		}
	}
}

func second[A, B any](_ A, b B) B { return b }

// BenchmarkOpenRecords is the price of one record among so many.
func BenchmarkOpenRecords(b *testing.B) {
	for _, n := range []int{minBatch, 512, maxBatch} {
		raw := manyRecords(b, n)
		for _, row := range []struct {
			name string
			bad  int
		}{{"good", 0}, {"one-bad", 1}, {"all-bad", n}} {
			raw := slices.Clone(raw)
			for i := range row.bad {
				raw[i] = slices.Clone(raw[i])
				raw[i][slices.Index(raw[i], 0x40)+5] ^= 1
			}
			b.Run(fmt.Sprintf("%d/%s", n, row.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, errs := OpenRecords(raw); (errs[0] == nil) != (row.bad == 0) {
						b.Fatal(errs[0])
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/record")
			})
		}
	}
}
