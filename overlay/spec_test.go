package overlay

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/cairn-overlay/cairn/records"
)

// The hexadecimal of docs/spec/006-overlay.md is what this package makes of the same.
func TestSpecVectors(t *testing.T) {
	page, err := os.ReadFile("../docs/spec/006-overlay.md")
	if err != nil {
		t.Fatal(err)
	}
	var count [32]byte
	for i := range count {
		count[i] = byte(i)
	}
	id, err := records.AgentIDFromBytes(append([]byte{0x01, 0x71, 0x12, 0x20}, count[:]...))
	if err != nil {
		t.Fatal(err)
	}
	position, far := positionOfKey(id.Key()), positionOfPeer(memberKey(count).peer())
	get, err := encodeFrame(getValue(id.Key()))
	if err != nil {
		t.Fatal(err)
	}
	backed, err := encodeFrame(askingCover(getValue(id.Key())))
	if err != nil {
		t.Fatal(err)
	}
	put, err := encodeFrame(putValue(id.Key(), []byte{0xc0, 0xff, 0xee}))
	if err != nil {
		t.Fatal(err)
	}
	find, err := encodeFrame(findNode(id.Key()))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"key", []byte(id.Key())},
		{"its position", position[:]},
		{"the peer's position", far[:]},
		{"GET_VALUE, with its length", get},
		{"the same, asking for `covers`", backed},
		{"FIND_NODE of the key", find},
		{"PUT_VALUE of the bytes `c0ffee`", put},
	} {
		t.Run(c.name, func(t *testing.T) {
			if row := "| " + c.name + " | `" + hex.EncodeToString(c.b) + "` |"; !strings.Contains(string(page), row) {
				t.Errorf("the page lacks the row\n%s", row)
			}
		})
	}
}
