package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// sendJSON answers with v.
func (s *server) sendJSON(c *call, code int, v any) error {
	b, err := encode(v)
	if err != nil {
		return err
	}
	s.send(c, code, typeJSON, b)
	return nil
}

// sendProblem answers with p.
func (s *server) sendProblem(c *call, p *Problem) {
	if p.Status == http.StatusServiceUnavailable {
		c.w.Header().Set("Retry-After", "2")
	}
	b, err := encode(p)
	if err != nil {
		b = []byte(`{"type":"` + ProblemPrefix + `internal","title":"internal error","status":500}`)
	}
	s.send(c, p.Status, typeProblem, b)
}

// send answers with bytes of a type.
func (s *server) send(c *call, code int, media string, b []byte) {
	setHeader(c, "Content-Type", media)
	setHeader(c, "Content-Length", strconv.Itoa(len(b)))
	c.header(code)
	_, _ = c.w.Write(b) // a client that left is no fault
}

// setHeader sets a header whose name is in its canonical form.
func setHeader(c *call, name, value string) {
	if len(c.values) == cap(c.values) {
		c.values = make([]string, 0, headersAtOnce)
	}
	c.values = append(c.values, value)
	n := len(c.values)
	c.w.Header()[name] = c.values[n-1 : n : n]
}

// headersAtOnce is how many headers of an answer share a piece of memory.
const headersAtOnce = 8

// encode gives v as one line of JSON that is safe to put into a page or onto a
// terminal: what strangers wrote in it cannot end a script, move a cursor, or
// turn the direction of text.
func encode(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return escape(b), nil
}

// escape writes control, format, private and unassigned characters as \u escapes.
// encoding/json has done so with U+0000 to U+001F, U+2028, U+2029, <, > and &.
// Such characters stand in valid JSON only inside strings.
func escape(b []byte) []byte {
	first := bytes.IndexFunc(b, hidden)
	if first < 0 {
		return b
	}
	out := append(make([]byte, 0, len(b)+64), b[:first]...)
	for i := first; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if hidden(r) {
			out = appendEscape(out, r)
		} else {
			out = append(out, b[i:i+size]...)
		}
		i += size
	}
	return out
}

// hidden reports whether r shows nothing of its own, yet changes what others show.
func hidden(r rune) bool {
	return r > '~' && !unicode.IsPrint(r)
}

func appendEscape(b []byte, r rune) []byte {
	if r1, r2 := utf16.EncodeRune(r); r1 != unicode.ReplacementChar {
		return appendEscape(appendEscape(b, r1), r2)
	}
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}
