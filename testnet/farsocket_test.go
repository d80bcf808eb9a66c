package testnet

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/testnet/wan"
)

// sent is a socket that notes what is written to it, and when.
type sent struct {
	net.PacketConn
	begin time.Time
	got   chan string
}

func (s *sent) WriteTo(b []byte, to net.Addr) (int, error) {
	s.got <- time.Since(s.begin).String() + " " + string(b)
	return len(b), nil
}

func (s *sent) Close() error { return nil }

// Each packet is late by what its destination asks for, whatever else is on its way.
func TestFarSocketIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := &sent{begin: time.Now(), got: make(chan string, 2*farRoom)}
		s := newFarSocket(wire, func(to net.Addr) time.Duration { return time.Duration(to.(*net.UDPAddr).Port) * time.Millisecond })
		send := func(word string, port int) {
			if n, err := s.WriteTo([]byte(word), &net.UDPAddr{Port: port}); n != len(word) || err != nil {
				t.Fatalf("sent %d bytes, %v", n, err)
			}
		}
		send("far", 300)
		send("near", 20)
		send("here", 0)
		send("near again", 20)
		time.Sleep(10 * time.Millisecond)
		send("nearer", 5)
		for _, want := range []string{"0s here", "15ms nearer", "20ms near", "20ms near again", "300ms far"} {
			if got := <-wire.got; got != want {
				t.Errorf("arrived: %s, want %s", got, want)
			}
		}
		for range farRoom + 10 {
			send("flood", 1000)
		}
		time.Sleep(time.Hour)
		if len(wire.got) != farRoom {
			t.Errorf("%d packets of a flood arrived, want %d", len(wire.got), farRoom)
		}
		send("lost", 1000)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("closed twice: %v", err)
		}
		if _, err := s.WriteTo([]byte("late"), &net.UDPAddr{Port: 1}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("written after the close: %v", err)
		}
	})
}

// Nodes are as far apart as their places; strangers are near.
func TestDistances(t *testing.T) {
	model := wan.Cities(1)
	d := newDistances(model)
	c, err := d.listen(3, "udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := d.between(5, c.LocalAddr()); got != model.OneWay(5, 3) {
		t.Errorf("%s, want %s", got, model.OneWay(5, 3))
	}
	if got := d.between(5, &net.UDPAddr{Port: 1}); got != 0 {
		t.Errorf("a stranger is %s away", got)
	}
	if newDistances(nil) != nil {
		t.Error("without a model somebody is far")
	}
}
