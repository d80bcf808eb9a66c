package records

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// snapshotOf is a snapshot of facts.
func snapshotOf(t testing.TB, facts ...Fact) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewSnapshotWriter(&b)
	for _, f := range facts {
		if err := w.Write(f.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(); err != nil || w.Len() != len(facts) {
		t.Fatal(w.Len(), err)
	}
	return b.Bytes()
}

// readSnapshot reads all of one.
func readSnapshot(r io.Reader) (facts [][]byte, err error) {
	s, err := NewSnapshotReader(r)
	for err == nil {
		var b []byte
		if b, err = s.Next(); err == nil {
			facts = append(facts, b)
		}
	}
	return facts, err
}

// TestSnapshot writes and reads, and tells a whole snapshot from any other bytes.
func TestSnapshot(t *testing.T) {
	var facts []Fact
	for locks := 1; locks <= MaxLocks; locks++ {
		facts = append(facts, mustReveal(t, mustHeader(t, testSecrets[:locks]...), testSecrets[0]))
	}
	whole := snapshotOf(t, facts...)
	if got := hex.EncodeToString(whole[:15]); got != "6d636169726e2f66616374732f3182" || whole[len(whole)-1] != 3 || len(whole) != 14+78+112+146+1 {
		t.Errorf("%x", whole)
	}
	for name, r := range map[string]io.Reader{"at once": bytes.NewReader(whole), "byte by byte": iotest.OneByteReader(bytes.NewReader(whole))} {
		got, err := readSnapshot(r)
		if err != io.EOF || len(got) != 3 {
			t.Fatalf("%s: %d facts, %v", name, len(got), err)
		}
		for i, b := range got {
			if f, err := OpenFact(b); err != nil || !same(f, facts[i]) {
				t.Errorf("%s: fact %d: %v", name, i, err)
			}
		}
	}
	if got, err := readSnapshot(bytes.NewReader(snapshotOf(t))); err != io.EOF || len(got) != 0 {
		t.Errorf("an empty one: %d, %v", len(got), err)
	}
	for n := range whole {
		if _, err := readSnapshot(bytes.NewReader(whole[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	for name, b := range map[string][]byte{
		"another head":    append([]byte("\x6dcairn/facts/2"), whole[14:]...),
		"no head":         whole[14:],
		"too few":         append(bytes.Clone(whole[:len(whole)-1]), 4),
		"a longer number": append(bytes.Clone(whole[:len(whole)-1]), 24, 3),
		"more behind":     append(bytes.Clone(whole), 0),
		"a text":          append(bytes.Clone(whole[:14]), 0x61, 'a'),
		"no CBOR":         append(bytes.Clone(whole[:14]), bytes.Repeat([]byte{0xff}, 9000)...),
		"too long":        append(bytes.Clone(whole[:14]), append([]byte{0x81, 0x59, 0x20, 0x01}, make([]byte, 9000)...)...),
	} {
		if _, err := readSnapshot(bytes.NewReader(b)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzSnapshot reads whatever bytes; a whole snapshot is written again as it was.
func FuzzSnapshot(f *testing.F) {
	h, err := NewHeader(KindGrant, 1<<20, [32]byte{}, Secret{1})
	if err != nil {
		f.Fatal(err)
	}
	fact, err := h.Reveal(Secret{1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(snapshotOf(f, fact, fact))
	f.Fuzz(func(t *testing.T, raw []byte) {
		facts, err := readSnapshot(bytes.NewReader(raw))
		if err != io.EOF {
			return
		}
		var b bytes.Buffer
		w := NewSnapshotWriter(&b)
		for _, f := range facts {
			if err := w.Write(f); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.End(); err != nil || !bytes.Equal(b.Bytes(), raw) {
			t.Fatalf("read %x, written %x, %v", raw, b.Bytes(), err)
		}
	})
}

// TestSnapshotVectors holds the bytes of docs/spec/011-snapshot.md to the code.
func TestSnapshotVectors(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "spec", "011-snapshot.md"))
	wantErr(t, err, nil)
	_, vectors, _ := strings.Cut(string(page), "## 4. Vectors")
	_, vectors, _ = strings.Cut(vectors, "```\n")
	vectors, _, _ = strings.Cut(vectors, "```")
	found := strings.Split(vectors, "\n\n")
	raw, err := hex.DecodeString(*readVectors(t, "tombstone").Valid[0].Hex)
	wantErr(t, err, nil)
	f, err := OpenFact(raw)
	wantErr(t, err, nil)
	for i, want := range [][]byte{snapshotOf(t), snapshotOf(t, f)} {
		if got := strings.Join(strings.Fields(found[i]), ""); got != hex.EncodeToString(want) {
			t.Errorf("the page has\n%s, the code writes\n%x", got, want)
		}
	}
}
