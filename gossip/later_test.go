package gossip

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"

	"github.com/cairn-overlay/cairn/records"
)

// translated is a pipe that sends other bytes in the place of some.
type translated struct {
	untimed
	from, to []byte
}

func (t translated) Write(b []byte) (int, error) {
	_, err := t.untimed.Write(bytes.ReplaceAll(b, t.from, t.to))
	return len(b), err
}

// A peer of a later version has a fact of a kind that nobody knows here. It is honest: who
// asked for the fact is not whole, and holds nothing against it.
func TestFactOfALaterKind(t *testing.T) {
	client, server := side(records.NewFactSet()), side(records.NewFactSet())
	for n := range 40 {
		f := fact(t, n)
		client.facts.Add(f)
		server.facts.Add(f)
	}
	unread := fact(t, 99)
	server.facts.Add(unread)
	later := append([]byte("\x82\x6dcairn/later/1\x58\x3d"), make([]byte, 61)...)
	if len(later) != unread.Size() {
		t.Fatalf("%d bytes, want %d", len(later), unread.Size())
	}
	if _, err := records.OpenFact(later); !errors.Is(err, records.ErrUnsupported) {
		t.Fatalf("such a fact: %v, want %v", err, records.ErrUnsupported)
	}
	pc, ps := net.Pipe()
	c, s := untimed{pc}, translated{untimed{ps}, unread.Bytes(), later}
	cs := &session{wire: newWire(c), r: client, peer: name(server)}
	ss := &session{wire: newWire(s), r: server, peer: name(client)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = s.Close() }()
		_ = ss.respond(context.Background())
	}()
	_, err := cs.initiate(context.Background())
	_ = c.Close()
	<-done
	if !errors.Is(err, records.ErrUnsupported) || errors.Is(err, ErrJunk) {
		t.Errorf("%v, want %v and no accusation", err, records.ErrUnsupported)
	}
	if client.facts.Len() != 40 {
		t.Errorf("%d facts, want 40", client.facts.Len())
	}
}
