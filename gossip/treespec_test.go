package gossip

import (
	"encoding/binary"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip/tree"
	"github.com/cairn-overlay/cairn/records"
)

// TestTreeSpecVectors computes the vectors of docs/spec/004-trees.md, and looks for them
// in the page.
func TestTreeSpecVectors(t *testing.T) {
	page, err := os.ReadFile("../docs/spec/004-trees.md")
	if err != nil {
		t.Fatal(err)
	}
	id := []byte("\x00\x24\x08\x01\x12\x20")
	for i := range 32 {
		id = append(id, byte(i))
	}
	tag, b := tagOf(peer.ID(id)), fact(t, 1).Bytes()
	name := nameOf(b)
	first := sampleHello().nonce
	key := [16]byte(append(append([]byte(nil), first[:]...), first[:]...))
	key[8] = 0xff
	s := ledgerOf(setOf(facts(t, 1, 3))).take()
	for _, row := range []struct {
		name string
		got  []byte
	}{
		{"tag", binary.BigEndian.AppendUint32(nil, uint32(tag))},
		{"name", name[:]},
		{"push", appendPush(nil, tag, b)},
		{"names", appendFrame(nil, treeName, name[:])},
		{"fetch", appendFrame(nil, treeFetch, name[:])},
		{"words", appendWords(nil, []tree.Word{
			{Tag: tag, Role: tree.Parent, Route: tree.Route{Seq: 258, Dist: 12_340}},
			{Tag: 1, Role: tree.Ask, Route: tree.Route{Dist: tree.Unreachable}},
		})},
		{"ping", appendFrame(nil, treePing, first[:])},
		{"more", appendMore(nil, tree.Helping)},
		{"pulse", appendPulse(nil, pulse{everReady: true, size: s.size(), sum: pulseSum(key, s)})},
		{"ranged pulse", appendPulse(nil, pulse{echo: true, own: scope{records.RangeAround(records.Position{0x40}, 3), 20_803}})},
	} {
		if !strings.Contains(string(page), "\n"+row.name+strings.Repeat(" ", 14-len(row.name))+hex.EncodeToString(row.got)+"\n") {
			t.Errorf("the page lacks\n%-14s%x", row.name, row.got)
		}
	}
}
