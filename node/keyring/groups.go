package keyring

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cairn-overlay/cairn/records"
)

// Groups are the form of a secret on paper: 10 letters and digits each, typed in again when all
// else is lost. A group holds 5 bytes and ten bits of a hash of these, of its place and of what
// is printed, so that whoever mistypes one, or leaves one out, is told which. docs/spec/007 has
// the rules.
const (
	groupBytes = 5
	groupSize  = 10 // 8 digits and 2 of the check
	sumSize    = 4
	maxGroups  = 64

	kindCertificate = 1
	kindSeed        = 2

	// groupDigits are those of base 32 that look like no other one.
	groupDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	groupDomain = "cairn-sheet/1"
)

// CertificateGroups are a revocation certificate as it is printed.
func CertificateGroups(t *records.Tombstone) []string { return groupsOf(kindCertificate, t.Bytes()) }

// SeedGroups are a revocation seed as it is printed.
func SeedGroups(seed []byte) []string { return groupsOf(kindSeed, seed) }

// groupsOf writes kind, length, bytes, and a sum of these, with zeros up to a whole group.
func groupsOf(kind byte, secret []byte) []string {
	b := append([]byte{kind, byte(len(secret))}, secret...)
	sum := sha256.Sum256(append([]byte(groupDomain), b...))
	b = append(b, sum[:sumSize]...)
	for len(b)%groupBytes != 0 {
		b = append(b, 0)
	}
	var groups []string
	for part := range slices.Chunk(b, groupBytes) {
		s := groupBase().EncodeToString(part) + groupCheck(len(groups), part)
		groups = append(groups, s[:groupSize/2]+"-"+s[groupSize/2:])
	}
	return groups
}

func groupBase() *base32.Encoding {
	return base32.NewEncoding(groupDigits).WithPadding(base32.NoPadding)
}

// groupCheck are the two digits that end a group, counted from 0.
func groupCheck(place int, part []byte) string {
	sum := sha256.Sum256(append([]byte(groupDomain+"/group"), append([]byte{byte(place)}, part...)...))
	return string([]byte{groupDigits[sum[0]>>3], groupDigits[sum[1]>>3]})
}

// isGroups reports whether a text may be groups, rather than anything else: a word of it has
// the length of one.
func isGroups(b []byte) bool {
	return slices.ContainsFunc(groupWords(b), func(w string) bool {
		return len(w) == groupSize && strings.Trim(w, groupDigits+"OIL") == ""
	})
}

// groupWords are the groups of a text as they were typed, without their numbers. A group may be
// typed in two halves, with a space between.
func groupWords(b []byte) []string {
	var words []string
	half := ""
	for _, w := range strings.Fields(strings.ToUpper(string(b))) {
		w = strings.ReplaceAll(w, "-", "")
		if number := strings.TrimRight(w, ".:)"); half == "" && len(number) <= 2 && strings.Trim(number, "0123456789") == "" {
			continue
		}
		switch {
		case half != "":
			words, half = append(words, half+w), ""
		case len(w) == groupSize/2:
			half = w
		default:
			words = append(words, w)
		}
	}
	if half != "" {
		words = append(words, half)
	}
	return words
}

// readGroups reads groups of one kind: ErrMalformed with the number of each group that is
// mistyped.
func readGroups(kind byte, text []byte) ([]byte, error) {
	words := groupWords(text)
	if len(words) > maxGroups {
		return nil, fmt.Errorf("%w: %d groups, at most %d", ErrMalformed, len(words), maxGroups)
	}
	var b []byte
	var wrong []error
	for i, w := range words {
		part, err := readGroup(i, w)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("group %d: %w", i+1, err))
		}
		b = append(b, part...)
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, errors.Join(wrong...))
	}
	return openGroups(kind, b)
}

// readGroup reads the group at a place.
func readGroup(place int, w string) ([]byte, error) {
	w = strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(w)
	if len(w) != groupSize {
		return nil, fmt.Errorf("it has %d letters and digits, want %d", len(w), groupSize)
	}
	part, err := groupBase().DecodeString(w[:groupSize-2])
	switch {
	case err != nil || strings.Trim(w, groupDigits) != "":
		return nil, errors.New("it has a letter or a sign that no group has")
	case groupCheck(place, part) != w[groupSize-2:]:
		return nil, errors.New("it is mistyped, or out of its place")
	}
	return part, nil
}

// openGroups takes a secret out of the bytes of all groups.
func openGroups(kind byte, b []byte) ([]byte, error) {
	if len(b) < 2+sumSize || len(b) < 2+int(b[1])+sumSize {
		return nil, fmt.Errorf("%w: the last groups are missing", ErrMalformed)
	}
	end := 2 + int(b[1])
	sum := sha256.Sum256(append([]byte(groupDomain), b[:end]...))
	rest := b[end+sumSize:]
	switch {
	case !bytes.Equal(sum[:sumSize], b[end:end+sumSize]):
		return nil, fmt.Errorf("%w: the groups do not belong together", ErrMalformed)
	case len(rest) >= groupBytes || len(bytes.Trim(rest, "\x00")) > 0:
		return nil, fmt.Errorf("%w: more groups than the sheet has", ErrMalformed)
	case b[0] != kind:
		return nil, fmt.Errorf("%w: the sheet has %s, want %s", ErrMalformed, kindName(b[0]), kindName(kind))
	}
	return b[2:end], nil
}

func kindName(kind byte) string {
	switch kind {
	case kindCertificate:
		return "a revocation certificate"
	case kindSeed:
		return "a revocation seed"
	}
	return "what a later version prints"
}
