package riblt

import "testing"

// The published vector for 16 bytes: key 00..0f, message 00..0f (vectors.h of
// the SipHash reference code, row 16 of SipHash-2-4-64, read as little endian).
func TestSeedIsSipHash(t *testing.T) {
	var key Key
	var it Item
	for i := range it {
		key[i], it[i] = byte(i), byte(i)
	}
	if got, want := key.seed(&it), uint64(0x3f2acc7f57c29bdb); got != want {
		t.Errorf("seed = %#x, want %#x", got, want)
	}
}
