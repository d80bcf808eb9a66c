package gateway

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLabel bounds a title or an alias, in bytes.
const maxLabel = 256

// invisible reports characters that a reader cannot see or that move what he
// sees: control, format (zero-width, bidi), private use, and what Unicode says to
// leave out of sight.
func invisible(r rune) bool {
	if r < 0x80 {
		return r < ' ' || r == 0x7f
	}
	return r == utf8.RuneError ||
		unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// tidy strips what is invisible, folds white space to single blanks, and cuts at
// limit bytes. The second result says whether anything but blanks was lost.
func tidy(s string, limit int) (string, bool) {
	var b strings.Builder
	lost, blank := false, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			blank = b.Len() > 0
			continue
		case invisible(r):
			lost = true
			continue
		}
		if b.Len()+utf8.RuneLen(r)+1 > limit {
			return b.String(), true
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		b.WriteRune(r)
	}
	return b.String(), lost
}

// show quotes a stranger's text for a message: short, escaped, visible.
func show(s string) string {
	if len(s) > 96 {
		s = strings.ToValidUTF8(s[:96], "") + "..."
	}
	if q := strconv.Quote(s); !strings.ContainsFunc(q, invisible) {
		return q
	}
	return strconv.QuoteToASCII(s)
}

// pointer escapes a member name for a JSON Pointer, and tidies it for people.
func pointer(name string) string {
	if len(name) <= 32 && strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r > '}' || r == '/' }) < 0 {
		return name
	}
	clean, _ := tidy(name, 64)
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(clean)
}

// isTemplate reports placeholders that a publisher forgot to fill in.
func isTemplate(s string) bool {
	lower := strings.ToLower(s)
	for _, mark := range []string{"<", ">", "{", "}", "%3c", "%3e", "%7b", "%7d", "$("} {
		if strings.Contains(lower, mark) {
			return true
		}
	}
	return strings.ContainsAny(literalOut(s), "[]")
}

// literalOut removes the one legitimate pair of brackets of a URL: an IP literal
// right after "//".
func literalOut(s string) string {
	before, after, _ := strings.Cut(s, "//[")
	literal, rest, ok := strings.Cut(after, "]")
	if _, err := netip.ParseAddr(strings.Replace(literal, "%25", "%", 1)); !ok || err != nil {
		return s
	}
	return before + "//" + rest
}
