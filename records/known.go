package records

// Known is what is known of one subject: at most one fact, and the record of an agent
// that stands beside it. It is a value; the zero Known knows nothing. Whatever is applied,
// in whatever order, the end is the same (which of two tombstones or proofs it holds
// may differ; they say the same).
//
// It judges a record by its own agent alone. Whether an ancestor still stands is asked
// when the record is read, of Proof.Standing: an ancestor's death then needs to reach
// nobody below it.
type Known struct {
	Fact   Fact    // nil where nothing is known
	Record *Record // nil where there is none that may be followed
}

// Apply returns what is known once v is, too. The rotations in a record's proof are known
// from then on, those of its agent; its ancestors' are for their subjects: Proof.Rotated.
// A record is dropped where a fact ends it, and refused after that, whenever it comes.
func (k Known) Apply(v Value) Known {
	switch v := v.(type) {
	case Fact:
		k.Fact = Join(k.Fact, v)
	case *Record:
		if own := v.Proof().Own(); own.Number() > 0 {
			k.Fact = Join(k.Fact, own)
		}
		if Compare(v, k.record()) > 0 {
			k.Record = v
		}
	}
	if k.Record != nil && k.Record.Proof().Own().standing(k.Fact) != nil {
		k.Record = nil
	}
	return k
}

// record is k.Record as a Value that is nil where there is none.
func (k Known) record() Value {
	if k.Record == nil {
		return nil
	}
	return k.Record
}
