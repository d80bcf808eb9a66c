package records

import (
	"crypto/rand"
	"crypto/sha512"
	"fmt"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/curve/scalar"
)

const (
	// minBatch and maxBatch are how many signatures are judged together: with fewer
	// it is as quick to judge each alone, with more one false signature costs more.
	minBatch = 128
	maxBatch = 1024
	// torsionRounds is how often a batch is asked whether its points have a part of
	// small order. A false signature stays unseen in a round with a chance of one half.
	torsionRounds = 64
	// torsionBlock is how many points share one table of sums.
	torsionBlock = 5
)

// OpenRecords is OpenRecord for many records at once, in about half the time: of each
// record it says exactly what OpenRecord says.
func OpenRecords(raw [][]byte) ([]*Record, []error) {
	opened, errs := make([]*Record, len(raw)), make([]error, len(raw))
	signatures, of := make([]signature, 0, len(raw)), make([]int, 0, len(raw))
	for i, b := range raw {
		var sig signature
		if opened[i], sig, errs[i] = readRecord(b); errs[i] == nil {
			signatures, of = append(signatures, sig), append(of, i)
		}
	}
	for i, good := range verifyAll(signatures) {
		if !good {
			opened[of[i]], errs[of[i]] = nil, fmt.Errorf("record: %w", ErrInvalidSignature)
		}
	}
	return opened, errs
}

// verifyAll says of each signature what PublicKey.Verify says of it.
func verifyAll(signatures []signature) []bool {
	good := make([]bool, len(signatures))
	for at := 0; at < len(signatures); at += maxBatch {
		end := min(at+maxBatch, len(signatures))
		verifyBatch(signatures[at:end], good[at:end])
	}
	return good
}

// verifyBatch fills in good. Where the batch does not hold, one of its halves may;
// where neither does, there is more than one false signature, and each is judged
// alone: nobody makes us halve for ever.
func verifyBatch(signatures []signature, good []bool) {
	for len(signatures) >= minBatch {
		if batchHolds(signatures) {
			fill(good)
			return
		}
		half := len(signatures) / 2
		switch {
		case half < minBatch:
		case batchHolds(signatures[:half]):
			fill(good[:half])
			signatures, good = signatures[half:], good[half:]
			continue
		case batchHolds(signatures[half:]):
			fill(good[half:])
			signatures, good = signatures[:half], good[:half]
			continue
		}
		break
	}
	for i, c := range signatures {
		good[i] = c.verify()
	}
}

func fill(good []bool) {
	for i := range good {
		good[i] = true
	}
}

// batch is what the equations of many signatures are made of.
type batch struct {
	scalars []scalar.Scalar      // of the points
	points  []curve.EdwardsPoint // the base point, all R, all A
	low     []byte               // the low bits of each k
}

// batchHolds reports whether all signatures verify, by the same equation as one by
// one: S*B - k*A = R for each. Where all do, it says yes; where any does not it says
// no, but for a chance of 2^-64 over coins that are thrown here, and now.
//
// A sum of all equations with random factors shows that each of them holds but for a
// point whose order divides 8 (the equation with the cofactor). Such a point can only
// be there where R + k*A has one in it, and random sums of these show whether any has.
func batchHolds(signatures []signature) bool {
	b := newBatch(len(signatures))
	coins := make([]byte, len(signatures)*(16+torsionRounds/8))
	_, _ = rand.Read(coins) // never fails, by its contract
	for i, c := range signatures {
		if !b.set(i, c, coins[:16]) {
			return false
		}
		coins = coins[16:]
	}
	return b.equation() && b.torsionFree(coins)
}

func newBatch(n int) *batch {
	b := &batch{scalars: make([]scalar.Scalar, 1+2*n), points: make([]curve.EdwardsPoint, 1+2*n), low: make([]byte, n)}
	b.points[0].Set(curve.ED25519_BASEPOINT_POINT)
	return b
}

func (b *batch) size() int { return len(b.low) }

// set enters the i-th signature with a factor; false says that it is none.
func (b *batch) set(i int, c signature, factor []byte) bool {
	if len(c.sig) != 64 || len(c.key.multikey) != 34 {
		return false
	}
	r, a := &b.points[1+i], &b.points[1+b.size()+i]
	var s, k scalar.Scalar
	if !readPoint(r, c.sig[:32]) || !readPoint(a, []byte(c.key.multikey[2:])) {
		return false
	}
	if _, err := s.SetCanonicalBytes(c.sig[32:]); err != nil {
		return false
	}
	h := sha512.New()
	_, _ = h.Write(c.sig[:32])
	_, _ = h.Write([]byte(c.key.multikey[2:]))
	_, _ = h.Write([]byte(c.head))
	_, _ = h.Write(c.msg)
	var room [64]byte
	if _, err := k.SetBytesModOrderWide(h.Sum(room[:0])); err != nil {
		return false
	}
	var bytes [32]byte
	if err := k.ToBytes(bytes[:]); err != nil {
		return false
	}
	b.low[i] = bytes[0] & 7
	// z*R + z*k*A - z*s*B
	z, zk := &b.scalars[1+i], &b.scalars[1+b.size()+i]
	var wide [32]byte
	copy(wide[:], factor)
	if _, err := z.SetBytesModOrder(wide[:]); err != nil {
		return false
	}
	zk.Mul(z, &k)
	s.Mul(z, &s)
	b.scalars[0].Sub(&b.scalars[0], &s)
	return true
}

// readPoint reads the canonical encoding of a point.
func readPoint(p *curve.EdwardsPoint, s []byte) bool {
	var y curve.CompressedEdwardsY
	if _, err := y.SetBytes(s); err != nil || !y.IsCanonicalVartime() {
		return false
	}
	_, err := p.SetCompressedY(&y)
	return err == nil
}

// equation reports whether the sum of all equations holds, with the cofactor.
func (b *batch) equation() bool {
	scalars, points := make([]*scalar.Scalar, len(b.scalars)), make([]*curve.EdwardsPoint, len(b.points))
	for i := range scalars {
		scalars[i], points[i] = &b.scalars[i], &b.points[i]
	}
	return new(curve.EdwardsPoint).MultiscalarMulVartime(scalars, points).IsSmallOrder()
}

// torsionFree reports whether no R + k*A has a part of small order. Each round sums
// a random choice of them, and looks whether the order of the base point brings the
// sum to nothing.
func (b *batch) torsionFree(coins []byte) bool {
	var sums [torsionRounds]curve.EdwardsPoint
	for j := range sums {
		sums[j].Identity()
	}
	var table [1 << torsionBlock]curve.EdwardsPoint
	table[0].Identity()
	for at := 0; at < b.size(); at += torsionBlock {
		n := min(torsionBlock, b.size()-at)
		for i := range n {
			q := b.residue(at + i)
			for j := range 1 << i {
				table[1<<i+j].Add(&table[j], q)
			}
		}
		for j := range sums {
			pick := 0
			for i := range n {
				pick |= int(coins[(at+i)*(torsionRounds/8)+j/8]>>(j%8)&1) << i
			}
			if pick != 0 {
				sums[j].Add(&sums[j], &table[pick])
			}
		}
	}
	var zero, last scalar.Scalar // the order less one
	last.One()
	last.Sub(&zero, &last)
	for j := range sums {
		var p curve.EdwardsPoint
		p.DoubleScalarMulBasepointVartime(&last, &sums[j], &zero)
		if !p.Add(&p, &sums[j]).IsIdentity() {
			return false
		}
	}
	return true
}

// residue is a point with the part of small order of R + k*A: of k only what counts
// there.
func (b *batch) residue(i int) *curve.EdwardsPoint {
	q, a := new(curve.EdwardsPoint).Identity(), &b.points[1+b.size()+i]
	for bit := 2; bit >= 0; bit-- {
		q.Add(q, q)
		if b.low[i]>>bit&1 == 1 {
			q.Add(q, a)
		}
	}
	return q.Add(q, &b.points[1+i])
}
