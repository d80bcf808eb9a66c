package overlay

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/overlay/view"
)

// An address that a member may have comes out as it went in, and no other is one.
func TestDoor(t *testing.T) {
	for _, test := range []struct {
		addr string
		ok   bool
	}{
		{"/ip4/203.0.113.7/udp/7474/quic-v1", true},
		{"/ip4/203.0.113.7/tcp/1", true},
		{"/ip6/2001:db8::7/udp/65535/quic-v1", true},
		{"/ip6/2001:db8::7/tcp/7474", true},
		{"/ip4/203.0.113.7/udp/7474", false},
		{"/ip4/203.0.113.7/udp/0/quic-v1", false},
		{"/ip4/0.0.0.0/tcp/7474", false},
		{"/ip6/::/tcp/7474", false},
		{"/ip6/::ffff:203.0.113.7/tcp/7474", false},
		{"/ip4/203.0.113.7/tcp/7474/ws", false},
		{"/ip4/203.0.113.7/udp/7474/quic-v1/webtransport", false},
		{"/dns4/example.org/tcp/7474", false},
		{"/ip4/203.0.113.7", false},
		{"/ip4/203.0.113.7/udp/7474/quic-v1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN/p2p-circuit", false},
	} {
		d, ok := doorOf(multiaddr.StringCast(test.addr))
		if ok != test.ok || ok && d.multiaddr().String() != test.addr {
			t.Errorf("%s: %v, %v", test.addr, ok, d)
		}
	}
}

// Round trips survive as steps to a fortieth.
func TestSteps(t *testing.T) {
	for _, d := range []time.Duration{time.Microsecond, stepLeast, time.Millisecond, 17 * time.Millisecond, time.Second, 50 * time.Second} {
		back, want := roundTripOf(stepsOf(d)), max(d, stepLeast)
		if off := back - want; off.Abs() > want/39 {
			t.Errorf("%v became %v", d, back)
		}
	}
	if stepsOf(0) != 0 || roundTripOf(0) != 0 || stepsOf(time.Hour) != 255 {
		t.Error("what is not known, or too far, is something else")
	}
}

// The keys of peers come out as they went in; a peer with another kind of key has none.
func TestMemberKey(t *testing.T) {
	_, id := hostKey(t, 1)
	k, ok := keyOfPeer(id)
	if !ok || k.peer() != id || k.position() != positionOfPeer(id) {
		t.Errorf("%v: %v %v", id, ok, k.peer())
	}
	if _, ok := keyOfPeer(modelPeer(5)); ok {
		t.Error("a hash is a key")
	}
}

func someMembers(t testing.TB) (out []member) {
	for i, addr := range []string{"/ip4/203.0.113.7/udp/7474/quic-v1", "/ip6/2001:db8::7/tcp/7474"} {
		_, id := hostKey(t, uint64(i))
		p := member{}
		p.ID, _ = keyOfPeer(id)
		p.Addr, _ = doorOf(multiaddr.StringCast(addr))
		out = append(out, p)
	}
	return out
}

func FuzzMemberAsk(f *testing.F) {
	filter := view.NewFilter(10, 5)
	filter.Add(7)
	for _, a := range []memberAsk{
		{kind: memberPage, limit: 256, target: positionOfKey("x"), from: 9},
		{kind: memberPage, limit: 256, known: filter},
		{kind: memberNews, limit: 1, since: 3600, known: filter},
	} {
		f.Add(a.encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := decodeMemberAsk(b)
		if err == nil && (!bytes.Equal(a.encode(), b) || a.limit > maxPage || a.since > maxNewsSince || len(b) > maxMemberAsk) {
			t.Errorf("%x became %x", b, a.encode())
		}
	})
}

func FuzzMemberReply(f *testing.F) {
	f.Add(memberReply{}.encode())
	f.Add(memberReply{members: someMembers(f), next: 1 << 60, gone: []uint64{1, 1 << 63}}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeMemberReply(b)
		if err != nil {
			return
		}
		if !bytes.Equal(m.encode(), b) || len(b) > maxMemberReply {
			t.Errorf("%x became %x", b, m.encode())
		}
		for _, p := range m.members {
			if d, ok := doorOf(p.Addr.multiaddr()); !ok || d != p.Addr {
				t.Errorf("%v is no door", p.Addr)
			}
		}
	})
}

// The vectors of the specification.
func TestMemberVectors(t *testing.T) {
	page, err := os.ReadFile("../docs/spec/005-members.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), " ", "")
	filter := view.Filter{Salt: 5, Bits: make([]byte, 1)}
	filter.Add(7)
	key := [32]byte{}
	for i := range key {
		key[i] = byte(i)
	}
	where, _ := doorOf(multiaddr.StringCast("/ip4/203.0.113.7/udp/7474/quic-v1"))
	for name, body := range map[string][]byte{
		"page":  memberAsk{kind: memberPage, limit: 256, target: key, from: 1}.encode(),
		"news":  memberAsk{kind: memberNews, limit: 16, since: 90, known: filter}.encode(),
		"reply": memberReply{members: []member{{ID: key, Addr: where, RTT: 2}}, gone: []uint64{9}}.encode(),
	} {
		if want := fmt.Sprintf("`%x`", body); !strings.Contains(text, want) {
			t.Errorf("the page lacks the vector %s: %s", name, want)
		}
	}
}
