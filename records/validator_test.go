package records

import "testing"

func TestValidator(t *testing.T) {
	ident, key, secret := testAgent(t, 1)
	stranger, strangersKey, strangersSecret := testAgent(t, 2)
	d := Draft{Sequence: 1, Issued: testTime, Location: testLocation()}
	one := mustSign(t, ident, key, d).Bytes()
	theirs := mustSign(t, stranger, strangersKey, d).Bytes()
	d.Sequence = 2
	two := mustSign(t, ident, key, d).Bytes()
	dead := mustReveal(t, ident.Header(), secret).Bytes()
	theirDeath := mustReveal(t, stranger.Header(), strangersSecret).Bytes()
	id := ident.ID()
	junk := append([]byte{0x82}, make([]byte, 77)...)

	for _, row := range []struct {
		name  string
		key   string
		value []byte
		class error
	}{
		{"a record", id.Key(), one, nil},
		{"a tombstone", id.Key(), dead, nil},
		{"a stranger's record", id.Key(), theirs, ErrWrongSubject},
		{"a stranger's tombstone", id.Key(), theirDeath, ErrWrongSubject},
		{"nothing", id.Key(), nil, ErrMalformed},
		{"junk", id.Key(), junk, ErrMalformed},
		{"a key in text", "/cairn/" + id.String(), one, ErrMalformed},
		{"a key of another namespace", "/pk/" + string(id.Bytes()), one, ErrMalformed},
		{"no key", "", one, ErrMalformed},
	} {
		t.Run("Validate/"+row.name, func(t *testing.T) { wantErr(t, Validator{}.Validate(row.key, row.value), row.class) })
	}

	for _, row := range []struct {
		name   string
		key    string
		values [][]byte
		want   int
		class  error
	}{
		{"none", id.Key(), nil, 0, ErrMalformed},
		{"only what does not verify", id.Key(), [][]byte{nil, junk, theirs, theirDeath}, 0, ErrMalformed},
		{"one among what does not verify", id.Key(), [][]byte{nil, junk, theirDeath, one}, 3, nil},
		{"equal bytes", id.Key(), [][]byte{two, two}, 0, nil},
		{"the higher sequence", id.Key(), [][]byte{one, two, one}, 1, nil},
		{"a tombstone", id.Key(), [][]byte{two, theirDeath, dead, one}, 2, nil},
		{"two tombstones: the first", id.Key(), [][]byte{two, dead, dead}, 1, nil},
		{"a bad key", "/cairn/", [][]byte{one}, 0, ErrMalformed},
	} {
		t.Run("Select/"+row.name, func(t *testing.T) {
			got, err := Validator{}.Select(row.key, row.values)
			wantErr(t, err, row.class)
			if got != row.want {
				t.Errorf("%d, want %d", got, row.want)
			}
		})
	}
}
