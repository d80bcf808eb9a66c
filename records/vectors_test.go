package records

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata/vectors anew")

// maxVector leaves out of the files what is only long.
const maxVector = 8 << 10

// vectorFile is one file of testdata/vectors.
type vectorFile struct {
	About   string   `json:"about"`
	Valid   []vector `json:"valid"`
	Invalid []vector `json:"invalid"`
}

// vector is one row: bytes, or several things given, and what they come to.
type vector struct {
	Name  string         `json:"name"`
	Hex   *string        `json:"hex,omitempty"`   // the bytes
	Text  string         `json:"text,omitempty"`  // the same bytes, where they are printable
	Given map[string]any `json:"given,omitempty"` // in place of bytes
	Want  map[string]any `json:"want,omitempty"`
	Error string         `json:"error,omitempty"`
}

// classes are the error classes by the names of the spec.
var classes = map[string]error{
	"malformed":         ErrMalformed,
	"too_large":         ErrTooLarge,
	"unsupported":       ErrUnsupported,
	"invalid_signature": ErrInvalidSignature,
	"wrong_subject":     ErrWrongSubject,
	"wrong_secret":      ErrWrongSecret,
	"not_yet_valid":     ErrNotYetValid,
	"expired":           ErrExpired,
	"revoked":           ErrRevoked,
	"conflict":          ErrConflict,
	"stale":             ErrStale,
	"widened":           ErrWidened,
	"not_granted":       ErrNotGranted,
}

// className wants err in exactly one class.
func className(t testing.TB, err error) string {
	t.Helper()
	found := ""
	for name, class := range classes {
		if errors.Is(err, class) {
			if found != "" {
				t.Fatalf("%v is %s and %s", err, found, name)
			}
			found = name
		}
	}
	if found == "" {
		t.Fatalf("%v is of no class", err)
	}
	return found
}

// bytesVector is a row with bytes.
func bytesVector(name string, b []byte) vector {
	v := vector{Name: name}
	h := hex.EncodeToString(b)
	v.Hex = &h
	if len(b) > 0 && !bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' || r > '~' }) {
		v.Text = string(b)
	}
	return v
}

// opener gives the fields of a row, or the error.
type opener func(t testing.TB, v vector) (map[string]any, error)

// onBytes is the opener of rows with bytes.
func onBytes(open func([]byte) (map[string]any, error)) opener {
	return func(t testing.TB, v vector) (map[string]any, error) { return open(unhex(t, *v.Hex)) }
}

// TestVectors generates every file again, holds it against the one on disk, and
// then does what a second implementation would: reads the file, and opens each row.
func TestVectors(t *testing.T) {
	invalid := 0
	for name, make := range vectorMakers() {
		t.Run(name, func(t *testing.T) {
			file, open := make(t)
			invalid += len(file.Invalid)
			file = sealed(t, file, open)
			path := filepath.Join("testdata", "vectors", name+".json")
			var fresh bytes.Buffer
			enc := json.NewEncoder(&fresh)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			wantErr(t, enc.Encode(file), nil)
			if *update {
				wantErr(t, os.WriteFile(path, fresh.Bytes(), 0o644), nil)
			}
			disk, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v (go test -run TestVectors -update writes it)", err)
			}
			if !bytes.Equal(disk, fresh.Bytes()) {
				t.Errorf("%s is not what this code generates: a format has changed, or the vectors are old (-update)", path)
			}
			checkVectors(t, disk, open)
		})
	}
	if invalid < 40 {
		t.Errorf("%d invalid rows", invalid)
	}
}

// sealed fills in what each row comes to.
func sealed(t *testing.T, file vectorFile, open opener) vectorFile {
	t.Helper()
	for i := range file.Valid {
		want, err := open(t, file.Valid[i])
		if err != nil {
			t.Fatalf("%s: %v", file.Valid[i].Name, err)
		}
		file.Valid[i].Want = want
	}
	var kept []vector
	for _, row := range file.Invalid {
		if row.Hex != nil && len(*row.Hex) > 2*maxVector {
			continue
		}
		_, err := open(t, row)
		if err == nil {
			t.Fatalf("%s: opens", row.Name)
		}
		row.Error = className(t, err)
		kept = append(kept, row)
	}
	file.Invalid = kept
	return file
}

func checkVectors(t *testing.T, disk []byte, open opener) {
	var file vectorFile
	dec := json.NewDecoder(bytes.NewReader(disk))
	dec.DisallowUnknownFields()
	dec.UseNumber()
	wantErr(t, dec.Decode(&file), nil)
	seen := map[string]bool{}
	for _, row := range append(file.Valid, file.Invalid...) {
		if seen[row.Name] {
			t.Errorf("two rows are called %q", row.Name)
		}
		seen[row.Name] = true
		t.Run(row.Name, func(t *testing.T) {
			got, err := open(t, row)
			if row.Error != "" {
				wantErr(t, err, classes[row.Error])
				return
			}
			wantErr(t, err, nil)
			if got, want := sameJSON(t, got), sameJSON(t, row.Want); got != want {
				t.Errorf("%.2000s\nwant %.2000s", got, want)
			}
		})
	}
}

// sameJSON writes v with all keys sorted.
func sameJSON(t testing.TB, v any) string {
	t.Helper()
	var tree any
	once, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(once))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return string(sorted)
}

func hexOf[B ~[]byte](b B) string { return hex.EncodeToString(b) }

func hexList(of [][32]byte) []string {
	var list []string
	for _, b := range of {
		list = append(list, hexOf(b[:]))
	}
	return list
}

func openIDVector(b []byte) (map[string]any, error) {
	id, err := ParseAgentID(string(b))
	if err != nil {
		return nil, err
	}
	sum := id.Digest()
	return map[string]any{"text": id.String(), "did": id.DID(), "cid": hexOf(id.Bytes()), "digest": hexOf(sum[:]), "dht_key": hexOf([]byte(id.Key()))}, nil
}

func openKeyVector(b []byte) (map[string]any, error) {
	id, err := ParseKey(string(b))
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": id.String()}, nil
}

func openPublicKeyVector(b []byte) (map[string]any, error) {
	key, err := ParsePublicKey(b)
	if err != nil {
		return nil, err
	}
	sum := key.RotationDigest()
	return map[string]any{"multibase": key.String(), "rotation_digest": hexOf(sum[:])}, nil
}

func openHeaderVector(b []byte) (map[string]any, error) {
	h, err := OpenHeader(b)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": h.ID().String(), "kind": int(h.Kind), "end": h.End, "body": hexOf(h.Body[:]), "locks": hexList(h.Locks)}, nil
}

func openGenesisVector(b []byte) (map[string]any, error) {
	g, err := OpenGenesis(b)
	if err != nil {
		return nil, err
	}
	sum, err := g.Digest()
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, k := range g.Keys {
		keys = append(keys, k.String())
	}
	return map[string]any{"keys": keys, "next": hexList(g.Next), "parent": g.Parent, "nonce": hexOf(g.Nonce[:]), "digest": hexOf(sum[:])}, nil
}

func openTombstoneVector(b []byte) (map[string]any, error) {
	dead, err := OpenTombstone(b)
	if err != nil {
		return nil, err
	}
	item := (dead).Item()
	return map[string]any{"id": dead.ID().String(), "kind": int(dead.Kind()), "end": dead.End().Unix(), "index": int(b[len(b)-1]), "fact_item": hexOf(item[:])}, nil
}

func openRecordVector(b []byte) (map[string]any, error) {
	rec, err := OpenRecord(b)
	if err != nil {
		return nil, err
	}
	var w recordWire
	if err := strictly(b, &w); err != nil {
		return nil, err
	}
	mark := rec.Mark()
	return map[string]any{
		"id": rec.ID().String(), "rotation": rec.Rotation(), "sequence": rec.Sequence(),
		"issued": rec.Issued().Unix(), "not_after": rec.NotAfter().Unix(), "location": rec.Location(),
		"signing_key": w.Key, "digest": hexOf(mark.Digest[:]),
	}, nil
}

// asText is for what is only checked.
func asText(check func(string) error) opener {
	return onBytes(func(b []byte) (map[string]any, error) { return nil, check(string(b)) })
}

// given reads a field of a row: as it was made, or out of JSON.
func given(t testing.TB, v vector, key string) string {
	t.Helper()
	x, ok := v.Given[key]
	if !ok {
		t.Fatalf("%s: no %s", v.Name, key)
	}
	return fmt.Sprint(x)
}

func givenInt(t testing.TB, v vector, key string) int64 {
	t.Helper()
	n, err := json.Number(given(t, v, key)).Int64()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// openLockVector goes from a seed or a secret to a lock, and on to the tombstone
// of the header that has this one lock.
func openLockVector(t testing.TB, v vector) (map[string]any, error) {
	kind, end, body := Kind(givenInt(t, v, "kind")), uint32(givenInt(t, v, "end")), [32]byte(unhex(t, given(t, v, "body")))
	var secret Secret
	if _, ok := v.Given["seed"]; ok {
		derived, err := DeriveSecret(unhex(t, given(t, v, "seed")), kind, end, body)
		if err != nil {
			return nil, err
		}
		secret = derived
	} else {
		secret = Secret(unhex(t, given(t, v, "secret")))
	}
	h, err := NewHeader(kind, end, body, secret)
	if err != nil {
		return nil, err
	}
	if _, ok := v.Given["reveal"]; ok {
		secret = Secret(unhex(t, given(t, v, "reveal")))
	}
	dead, err := h.Reveal(secret)
	if err != nil {
		return nil, err
	}
	return map[string]any{"secret": hexOf(secret[:]), "lock": hexOf(h.Locks[0][:]), "header": hexOf(h.Bytes()), "id": h.ID().String(), "tombstone": hexOf(dead.Bytes())}, nil
}

// openOrderVector picks the winner at a DHT key.
func openOrderVector(t testing.TB, v vector) (map[string]any, error) {
	id, err := ParseAgentID(given(t, v, "id"))
	if err != nil {
		return nil, err
	}
	var values [][]byte
	for h := range strings.SplitSeq(given(t, v, "values"), " ") {
		values = append(values, unhex(t, h))
	}
	i, err := Validator{}.Select(id.Key(), values)
	if err != nil {
		return nil, err
	}
	return map[string]any{"winner": i}, nil
}

// openTimeVector asks whether a record holds at a time.
func openTimeVector(t testing.TB, v vector) (map[string]any, error) {
	rec, err := OpenRecord(unhex(t, given(t, v, "record")))
	if err != nil {
		return nil, err
	}
	return nil, rec.ValidAt(time.UnixMilli(givenInt(t, v, "at_ms")))
}
