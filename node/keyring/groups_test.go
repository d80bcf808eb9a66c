package keyring

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-overlay/cairn/records"
)

// testDead is a certificate of an agent with two locks, as of one that was spawned.
func testDead(t testing.TB) *records.Tombstone {
	t.Helper()
	h, err := records.NewHeader(records.KindAgent, 2_000_000_000, [32]byte{7}, records.Secret{1}, records.Secret{2})
	if err != nil {
		t.Fatal(err)
	}
	dead, err := h.Reveal(records.Secret{1})
	if err != nil {
		t.Fatal(err)
	}
	return dead
}

// TestGroups: what is printed is read again, however carelessly it is typed, and what is
// mistyped is named by its group.
func TestGroups(t *testing.T) {
	dead := testDead(t)
	groups := CertificateGroups(dead)
	typed := func(edit func(g []string)) string {
		g := slices.Clone(groups)
		if edit != nil {
			edit(g)
		}
		return strings.Join(g, "\n")
	}
	other := "Z"
	if groups[2][4] == 'Z' {
		other = "Y"
	}
	numbered := ""
	for i, g := range groups {
		numbered += string(rune('0'+i/10)) + string(rune('0'+i%10)) + ") " + g + "  "
	}
	for _, row := range []struct {
		name, text, want string // want is part of the error, empty where there is none
	}{
		{"as printed", typed(nil), ""},
		{"in lower case", strings.ToLower(typed(nil)), ""},
		{"with numbers", numbered, ""},
		{"with a space for the dash", strings.ReplaceAll(typed(nil), "-", " "), ""},
		{"without dashes", strings.ReplaceAll(typed(nil), "-", ""), ""},
		{"with letters that look like digits", strings.NewReplacer("0", "o", "1", "l").Replace(typed(nil)), ""},
		{"another letter", typed(func(g []string) { g[2] = g[2][:4] + other + g[2][5:] }), "group 3: "},
		{"a letter too few", typed(func(g []string) { g[4] = g[4][1:] }), "group 5: "},
		{"a sign", typed(func(g []string) { g[0] = "*" + g[0][1:] }), "group 1: "},
		{"two swapped", typed(func(g []string) { g[5], g[6] = g[6], g[5] }), "group 6: "},
		{"one left out", strings.Join(slices.Delete(slices.Clone(groups), 3, 4), " "), "group 4: "},
		{"the last left out", strings.Join(groups[:len(groups)-1], " "), "missing"},
		{"one too many", typed(nil) + " " + CertificateGroups(dead)[0], "group"},
		{"of a seed", strings.Join(SeedGroups(bytes.Repeat([]byte{9}, seedSize)), " "), "a revocation seed, want a revocation certificate"},
		{"far too many", strings.Repeat("0123456789 ", maxGroups+1), "at most"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := ParseCertificate([]byte(row.text))
			switch {
			case row.want == "" && err != nil:
				t.Fatal(err)
			case row.want == "" && got.ID() != dead.ID():
				t.Fatal("it revokes another")
			case row.want != "" && (!errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), row.want)):
				t.Fatalf("%v, want %q", err, row.want)
			}
		})
	}
}

// FuzzGroups: no text makes trouble, and what is read is printed the same.
func FuzzGroups(f *testing.F) {
	f.Add(strings.Join(CertificateGroups(testDead(f)), " "))
	f.Add("1) ABCDE-FGHJK")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := readGroups(kindSeed, []byte(text))
		if err != nil {
			return
		}
		again, err := readGroups(kindSeed, []byte(strings.Join(groupsOf(kindSeed, b), " ")))
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x, %v", again, err)
		}
	})
}
