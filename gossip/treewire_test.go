package gossip

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/cairn-overlay/cairn/gossip/tree"
)

// What is written is read back, frame by frame.
func TestTreeFrames(t *testing.T) {
	words := []tree.Word{
		{Tag: 1, Route: tree.Route{Seq: 65535, Dist: 0}, Role: tree.Parent},
		{Tag: 0xffffffff, Route: tree.Route{Dist: 12_340}, Role: tree.Backup | tree.Ask},
		{Tag: 7, Route: tree.Route{Dist: tree.Unreachable}},
	}
	names := []byte("namename" + "NAMENAME")
	var b []byte
	b = appendPush(b, 9, []byte("fact"))
	b = appendWords(b, words)
	b = appendFrame(b, treeName, names)
	b = appendMore(b, 16)
	b = appendMore(b, 1000)
	b = appendFrame(b, treePing)

	in, buf := bufio.NewReader(bytes.NewReader(b)), []byte(nil)
	next := func(want byte) []byte {
		kind, payload, err := readTreeFrame(in, &buf)
		if err != nil || kind != want {
			t.Fatalf("frame %d, %v, want %d", kind, err, want)
		}
		return payload
	}
	if tag, f, err := parsePush(next(treePush)); tag != 9 || string(f) != "fact" || err != nil {
		t.Errorf("push: %d, %q, %v", tag, f, err)
	}
	if got, err := parseWords(next(treeWords)); !slices.Equal(got, words) || err != nil {
		t.Errorf("words: %v, %v", got, err)
	}
	if got, err := parseNames(next(treeName)); len(got) != 2 || string(got[1][:]) != "NAMENAME" || err != nil {
		t.Errorf("names: %q, %v", got, err)
	}
	for _, want := range []int{16, 1000} {
		if got, err := parseMoreFacts(next(treeMore)); got != want || err != nil {
			t.Errorf("more: %d, %v, want %d", got, err, want)
		}
	}
	if got := next(treePing); len(got) != 0 {
		t.Errorf("ping: %q", got)
	}
	if _, _, err := readTreeFrame(in, &buf); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestBadTreeFrames(t *testing.T) {
	word := appendWords(nil, []tree.Word{{Tag: 1}})[2:]
	for _, row := range []struct {
		name string
		err  error
	}{
		{"empty frame", readAll([]byte{0})},
		{"frame too long", readAll([]byte{0xff, 0xff, 0x03})},
		{"length not in its shortest form", readAll([]byte{0x81, 0x00, 1})},
		{"push without a fact", parsed(parsePushOf([]byte{1, 2, 3, 4}))},
		{"no names", parsed(parseNames(nil))},
		{"a name and a half", parsed(parseNames(make([]byte, 12)))},
		{"half a word", parsed(parseWords(word[:5]))},
		{"word without its distance", parsed(parseWords(word[:7]))},
		{"distance not in its shortest form", parsed(parseWords(append(slices.Clone(word[:7]), 0x80, 0)))},
		{"pulse without its sum", parsed(parsePulse([]byte{0, 1, 1, 2, 3, 4, 5, 6, 7}))},
		{"pulse with too much", parsed(parsePulse(make([]byte, 11)))},
		{"pulse with an unknown flag", parsed(parsePulse(append([]byte{8}, make([]byte, 9)...)))},
		{"pulse without its range", parsed(parsePulse(append([]byte{4}, make([]byte, 9)...)))},
		{"pulse of the range everything", parsed(parsePulse(append([]byte{4}, make([]byte, 10)...)))},
		{"pulse whose number is not in its shortest form", parsed(parsePulse(append([]byte{0, 0x80, 0}, make([]byte, 8)...)))},
		{"more without a number", parsed(parseMoreFacts(nil))},
		{"more with too much", parsed(parseMoreFacts([]byte{1, 0}))},
		{"more with a number not in its shortest form", parsed(parseMoreFacts([]byte{0x81, 0}))},
		{"unknown role", parsed(parseWords(append([]byte{0, 0, 0, 1, 8}, word[5:]...)))},
	} {
		if !errors.Is(row.err, ErrJunk) {
			t.Errorf("%s: %v", row.name, row.err)
		}
	}
	if err := readAll([]byte{5, treePing, 1}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut short: %v", err)
	}
}

func parsePushOf(b []byte) ([]byte, error) {
	_, f, err := parsePush(b)
	return f, err
}

func parsed[T any](_ T, err error) error { return err }

// readAll reads frames until it fails.
func readAll(b []byte) error {
	in, buf := bufio.NewReader(bytes.NewReader(b)), []byte(nil)
	for {
		if _, _, err := readTreeFrame(in, &buf); err != nil {
			return err
		}
	}
}

// Whatever comes, a reader neither panics nor takes more memory than a frame may; and
// words that are read are written back as they were.
func FuzzTreeFrames(f *testing.F) {
	f.Add(appendPush(nil, 1, []byte("fact")))
	f.Add(appendWords(nil, []tree.Word{{Tag: 1, Route: tree.Route{Seq: 2, Dist: 70}, Role: tree.Parent}}))
	f.Add(appendPulse(nil, pulse{everReady: true, size: 300, sum: 1 << 40}))
	f.Add(appendPulse(nil, pulse{echo: true, own: scope{within: low}}))
	f.Add(appendMore(nil, 16))
	f.Add(appendFrame(nil, treeFetch, make([]byte, 16)))
	f.Fuzz(func(t *testing.T, b []byte) {
		in, buf := bufio.NewReader(bytes.NewReader(b)), []byte(nil)
		for {
			kind, payload, err := readTreeFrame(in, &buf)
			if err != nil {
				break
			}
			switch kind {
			case treePush:
				_, _, _ = parsePush(payload)
			case treeName, treeFetch:
				_, _ = parseNames(payload)
			case treeMore:
				if n, err := parseMoreFacts(payload); err == nil && n < math.MaxInt32 && !bytes.Equal(appendMore(nil, n)[2:], payload) {
					t.Fatalf("%x became %d", payload, n)
				}
			case treePulse:
				p, err := parsePulse(payload)
				if again := appendPulse(nil, p)[2:]; err == nil && !bytes.Equal(again, payload) {
					t.Fatalf("%x became %x", payload, again)
				}
			case treeWords:
				words, err := parseWords(payload)
				if err != nil {
					continue
				}
				again, err := parseWords(appendWords(nil, words)[headOf(words):])
				if err != nil || !slices.Equal(again, words) {
					t.Fatalf("%v became %v, %v", words, again, err)
				}
			}
		}
		if cap(buf) > maxTreeFrame {
			t.Fatalf("%d bytes", cap(buf))
		}
	})
}

// headOf is how long the head of a frame of these words is.
func headOf(words []tree.Word) int {
	b := appendWords(nil, words)
	i := 0
	for b[i] >= 0x80 {
		i++
	}
	return i + 2
}

// serveFetch answers the first fetch on a stream with a fact.
func serveFetch(s io.ReadWriter, name tree.Name, fact []byte) error {
	in, buf := bufio.NewReader(s), []byte(nil)
	for {
		kind, payload, err := readTreeFrame(in, &buf)
		if err != nil {
			return err
		}
		if kind == treeFetch && bytes.Equal(payload, name[:]) {
			_, err := s.Write(appendPush(nil, 1, fact))
			return err
		}
	}
}
