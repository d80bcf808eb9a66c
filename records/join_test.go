package records

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// TestForks: whatever two chains tell different stories of one number, whichever is longer.
func TestForks(t *testing.T) {
	base := testRotated(t, 1, 2)
	more := mustRotate(t, mustRotate(t, base, 1, 3), 1, 4)
	late := mustRotate(t, testRotated(t, 1, 1), 1, 2, 'x') // A26: a fork with a key that was used before
	same := testRotated(t, 1, 2)
	same.events = slices.Clone(same.events)
	resigned := *same.events[1]
	resigned.raw += "another signature of it"
	same.events[1] = &resigned
	for _, row := range []struct {
		name   string
		a, b   *Chain
		number uint64 // of the fork, 0 where there is none
	}{
		{"equal", base, base, 0},
		{"equal but for signatures", base, same, 0},
		{"longer", base, more, 0},
		{"none", NewChain(base.ident), base, 0},
		{"a fork of the last", base, late, 2},
		{"a shorter fork", more, late, 2},
		{"a longer fork", mustRotate(t, late, 1, 3, 'x'), base, 2},
		{"a fork of the first", more, testRotated(t, 1, 1, 'x'), 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			d, back := fork(row.a, row.b), fork(row.b, row.a)
			if (d != nil) != (row.number > 0) || (back != nil) != (row.number > 0) {
				t.Fatalf("%v, %v", d, back)
			}
			if d == nil {
				return
			}
			if d.Number() != row.number || !bytes.Equal(d.Bytes(), back.Bytes()) {
				t.Fatalf("number %d", d.Number())
			}
			again, err := OpenDuplicity(d.Bytes())
			wantNil(t, err)
			if again.Item() != d.Item() || !bytes.Equal(again.Bytes(), d.Bytes()) {
				t.Fatal("it opens as another")
			}
			f, err := OpenFact(d.Bytes())
			wantNil(t, err)
			if f.Item() != d.Item() {
				t.Fatal("it opens as another fact")
			}
		})
	}
}

// badDuplicities are almost proofs of two rotations of agent 1.
func badDuplicities(t testing.TB) []badRow {
	a, b := testRotated(t, 1, 1), testRotated(t, 1, 1, 'x')
	good := fork(a, b)
	low, high := []byte(good.two[0].raw), []byte(good.two[1].raw)
	ident := a.ident
	proof := func(parts ...[]byte) []byte {
		return cArray(append([][]byte{cText(DuplicityType), ident.HeaderBytes(), ident.GenesisBytes()}, parts...)...)
	}
	// The thief of a hot key can sign, but reveals nothing that was committed to.
	byHot := rawEvent(t, NewChain(ident), testSigner(t, 1), testHot(t, 1, 1).Public(), [32]byte{7})
	unsigned := rawEvent(t, NewChain(ident), testCold(t, 1, 0), testHot(t, 1, 9).Public(), [32]byte{7}, func(r *rawRotation) { r.sigs = [][]byte{cBytes(make([]byte, 64))} })
	ordered := func(x, y []byte) [][]byte {
		one, err := readRotation(string(x))
		wantNil(t, err)
		other, err := readRotation(string(y))
		wantNil(t, err)
		if bytes.Compare(one.digest[:], other.digest[:]) > 0 {
			x, y = y, x
		}
		return [][]byte{cEmptyArray, x, y}
	}
	stranger := testRotated(t, 2, 1)
	return []badRow{
		{"one rotation twice", proof(cEmptyArray, low, low), ErrMalformed},
		{"the higher digest first", proof(cEmptyArray, high, low), ErrMalformed},
		{"one rotation", proof(cEmptyArray, low), ErrMalformed},
		{"a rotation and the next", proof(cEmptyArray, low, []byte(mustRotate(t, a, 1, 2).events[1].raw)), ErrMalformed},
		{"null for the rotations before", proof(cNull, low, high), ErrMalformed},
		{"a byte after", append(proof(cEmptyArray, low, high), 0), ErrMalformed},
		{"the fork before itself", proof(cArray(low), low, high), ErrMalformed},
		{"a stranger's rotation", proof(ordered(low, []byte(stranger.events[0].raw))...), ErrWrongSubject},
		{"A25: by the hot key", proof(ordered(low, byHot)...), ErrInvalidSignature},
		{"one that nobody signed", proof(ordered(low, unsigned)...), ErrInvalidSignature},
		{"the type of a rotation", cArray(cText(RotationType), ident.HeaderBytes(), ident.GenesisBytes(), cEmptyArray, low, high), ErrUnsupported},
	}
}

func TestOpenDuplicityRefuses(t *testing.T) {
	for _, row := range badDuplicities(t) {
		t.Run(row.name, func(t *testing.T) {
			d, err := OpenDuplicity(row.b)
			wantErr(t, err, row.class)
			if d != nil {
				t.Fatal("a proof beside an error")
			}
			if f, err := OpenFact(row.b); f != nil || err == nil {
				t.Fatalf("as a fact: %v, %v", f, err)
			}
		})
	}
}

// TestOpenNewsSpendsNothing: what adds nothing is not verified, so that false bytes are the
// same as true ones; what adds something is.
func TestOpenNewsSpendsNothing(t *testing.T) {
	_, _, secret := testAgent(t, 1)
	one, two, other := testRotated(t, 1, 1), testRotated(t, 1, 2), testRotated(t, 1, 1, 'x')
	dead := mustReveal(t, one.ident.header, secret)
	broken := func(c *Chain) []byte {
		b := c.Bytes()
		b[len(b)-1] ^= 1 // of the last signature
		return b
	}
	conflict := fork(one, other)
	for _, row := range []struct {
		name  string
		known Fact
		b     []byte
		class error
		want  Fact
	}{
		{"nothing known", nil, one.Bytes(), nil, one},
		{"nothing known, a false one", nil, broken(one), ErrInvalidSignature, nil},
		{"dead", dead, one.Bytes(), nil, dead},
		{"dead, a false one", dead, broken(one), nil, dead},
		{"dead, a proof", dead, conflict.Bytes(), nil, dead},
		{"in conflict, a false one", conflict, broken(two), nil, conflict},
		{"the same", one, one.Bytes(), nil, one},
		{"the same, a false one", one, broken(one), nil, one},
		{"a shorter, false one", two, broken(one), nil, two},
		{"a longer one", one, two.Bytes(), nil, two},
		{"a longer, false one", one, broken(two), ErrInvalidSignature, nil},
		{"a fork", one, other.Bytes(), nil, conflict},
		{"a false fork", one, broken(other), ErrInvalidSignature, nil},
		{"a tombstone", conflict, dead.Bytes(), nil, dead},
		{"longer than any fact", nil, append(one.Bytes(), make([]byte, MaxFactSize)...), ErrTooLarge, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := OpenNews(row.b, func(AgentID) Fact { return row.known })
			wantErr(t, err, row.class)
			if err == nil {
				got = Join(row.known, got)
			}
			if (got == nil) != (row.want == nil) || got != nil && got.Item() != row.want.Item() {
				t.Fatalf("got %v, want %v", got, row.want)
			}
		})
	}
}

// event is something that may happen to a network, in any order.
type event struct {
	name  string
	value Value
}

// observer is a model of what one node knows of three subjects, and what it would answer. The
// third one is a grant, which somebody shows it.
type observer struct {
	ids   *[3]AgentID
	grant *Grant
	known [3]Known
}

func (o *observer) fact(id AgentID) Fact { return o.known[slices.Index(o.ids[:], id)].Fact }

// apply does what a node does with what arrives.
func (o *observer) apply(v Value) {
	if r, ok := v.(*Record); ok {
		for _, c := range r.Proof().Rotated() {
			if c.ID() != r.ID() { // its own are known by Known itself
				o.applyTo(c)
			}
		}
	}
	o.applyTo(v)
}

func (o *observer) applyTo(v Value) {
	k := &o.known[slices.Index(o.ids[:], v.ID())]
	*k = k.Apply(v)
}

// answer is all that can be told apart of one subject.
type answer struct {
	item     [32]byte
	mark     Mark
	standing error
}

func (o *observer) answers() (all [3]answer) {
	for i, k := range o.known {
		if k.Fact != nil {
			all[i].item = k.Fact.Item()
		}
		if k.Record != nil {
			all[i].mark = k.Record.Mark()
			if err := k.Record.Proof().Standing(o.fact); err != nil {
				all[i].standing = errors.Unwrap(err)
			}
		}
	}
	all[2].standing = o.granted()
	return all
}

// granted is why the grant's holder may not call what it lets it call, or nil.
func (o *observer) granted() error {
	err := o.grant.links[0].standing(o.fact)
	if err == nil {
		err = dead(o.grant.Audience(), o.fact)
	}
	return errors.Unwrap(err)
}

// orderEvents are what happens to a parent, its child and a grant of the one to the other.
func orderEvents(t testing.TB) ([]event, *[3]AgentID, *Grant) {
	parentSeed := bytes.Repeat([]byte{7}, 32)
	_, _, secret := testAgent(t, 1)
	zero := NewChain(testRotated(t, 1, 0).ident)
	one, two := testRotated(t, 1, 1), testRotated(t, 1, 2)
	forked, lateFork := testRotated(t, 1, 1, 'x'), mustRotate(t, one, 1, 2, 'x')
	proof := func(c *Chain) *Proof {
		p, err := NewProof(c)
		wantNil(t, err)
		return p
	}
	sign := func(p *Proof, key Signer, seq uint64) *Record {
		d := vectorDraft()
		d.Sequence = seq
		r, err := p.Sign(key, d)
		wantNil(t, err)
		return r
	}
	child, err := proof(zero).Spawn(testGenesis(t, 5), testTime.Add(DefaultLife/2), parentSeed, testHot(t, 1, 0))
	wantNil(t, err)
	again, err := proof(one).Adopt(child.Own(), testHot(t, 1, 1))
	wantNil(t, err)
	draft := GrantDraft{Audience: child.ID(), Command: "/a", End: testTime.Add(DefaultLife / 2)}
	grant, err := proof(one).Grant(draft, nil, testHot(t, 1, 1), Secret{4})
	wantNil(t, err)
	deadChild, err := child.Own().ident.header.RevealDerived(parentSeed)
	wantNil(t, err)
	return []event{
		{"record 0", sign(proof(zero), testHot(t, 1, 0), 9)},
		{"record 1", sign(proof(one), testHot(t, 1, 1), 2)},
		{"record 1, later", sign(proof(one), testHot(t, 1, 1), 3)},
		{"record 1 of the fork", sign(proof(forked), wideSigner(t, 1, 'x', 1), 8)},
		{"rotation 1", one},
		{"rotation 2", two},
		{"fork of 1", forked},
		{"fork of 2", lateFork},
		{"proof of the fork", fork(two, forked)},
		{"tombstone", mustReveal(t, one.ident.header, secret)},
		{"child's record", sign(child, testSigner(t, 5), 1)},
		{"child's record after consent anew", sign(again, testSigner(t, 5), 1)},
		{"child's tombstone", deadChild},
		{"grant's tombstone", mustReveal(t, grant.Header(), Secret{4})},
	}, &[3]AgentID{one.ID(), child.ID(), grant.ID()}, grant
}

// TestEveryOrder: whichever of these events happen, up to 6 of them, every order ends with
// the same answers.
func TestEveryOrder(t *testing.T) {
	events, ids, grant := orderEvents(t)
	most := 6
	if testing.Short() {
		most = 4
	}
	type end struct {
		answers [3]answer
		order   []int
	}
	ends, orders := map[uint]end{}, 0 // by which events happened
	names := func(order []int) (s string) {
		for _, i := range order {
			s += events[i].name + ", "
		}
		return s
	}
	var next func(o observer, happened uint, order []int)
	next = func(o observer, happened uint, order []int) {
		orders++
		got := o.answers()
		if first, ok := ends[happened]; !ok {
			ends[happened] = end{got, slices.Clone(order)}
		} else if got != first.answers {
			t.Fatalf("%s\nends with\n%v\n%s\nwith\n%v", names(first.order), first.answers, names(order), got)
		}
		if len(order) == most {
			return
		}
		for i, e := range events {
			if happened>>i&1 == 0 {
				after := o
				after.apply(e.value)
				next(after, happened|1<<i, append(order, i))
			}
		}
	}
	next(observer{ids: ids, grant: grant}, 0, nil)
	t.Logf("%d choices of %d events, %d orders", len(ends), len(events), orders)
}
