package keyring

import (
	"bytes"
	"errors"
	"testing"

	"github.com/cairn-overlay/cairn/records"
)

// TestUpdate brings a copy of an agent up to date that lives on another disk.
func TestUpdate(t *testing.T) {
	home, away := ring(t), ring(t)
	newAgent(t, home, "boss", NewOptions{})
	if _, err := home.Spawn("boss", "hand", "", NewOptions{}); err != nil {
		t.Fatal(err)
	}
	export := func(k *Keyring, opts ExportOptions) []byte {
		t.Helper()
		var out bytes.Buffer
		if err := k.Export("hand", &out, opts); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	rotate := func(k *Keyring, name string) {
		t.Helper()
		if _, _, err := k.Rotate(name, RotateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	take := func(what string, b []byte, want error, rotations, ofParent uint64) {
		t.Helper()
		if _, _, err := away.Import("hand", bytes.NewReader(b)); !errors.Is(err, want) {
			t.Fatalf("%s: %v, want %v", what, err, want)
		}
		a, err := away.Get("hand")
		if err != nil {
			t.Fatal(err)
		}
		if own, parent := a.Proof.Own().Number(), a.Proof.Ancestors()[0].Number(); own != rotations || parent != ofParent {
			t.Errorf("%s: rotations %d and %d, want %d and %d", what, own, parent, rotations, ofParent)
		}
		if _, err := records.OpenProof(a.Proof.Bytes()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := away.Signer("hand"); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	first := export(home, ExportOptions{RotationKey: true})
	take("anew", first, nil, 0, 0)
	rotate(home, "boss")
	take("a consent", export(home, ExportOptions{WithoutKey: true}), nil, 0, 1)
	take("an older one", first, ErrOlder, 0, 1)

	rotate(away, "hand") // where it runs; at home its parent goes on
	take("a consent without the keys of now", export(home, ExportOptions{}), ErrOlder, 1, 1)
	rotate(home, "boss")
	take("a newer consent with older keys", export(home, ExportOptions{}), nil, 1, 2)

	rotate(home, "hand")
	take("rotated in two places", export(home, ExportOptions{RotationKey: true}), records.ErrConflict, 1, 2)
}
