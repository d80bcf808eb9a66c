package gossip

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"sync"
	"testing"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-varint"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

const testTopic = "/cairn/test/facts/1"

// stock is a plain GossipSub peer on the topic, with nothing of ours: the message
// ID is what the specification asks for, and there is no validator.
type stock struct {
	host  host.Host
	topic *pubsub.Topic
	sub   *pubsub.Subscription
}

func newStock(t testing.TB) *stock {
	t.Helper()
	h := newHost(t)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	ps, err := pubsub.NewGossipSub(ctx, h,
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor(),
		pubsub.WithFloodPublish(true), pubsub.WithPeerOutboundQueueSize(4096),
		pubsub.WithMessageIdFn(func(m *pb.Message) string {
			sum := sha256.Sum256(m.GetData())
			return string(sum[:])
		}))
	if err != nil {
		t.Fatal(err)
	}
	topic, err := ps.Join(testTopic)
	if err != nil {
		t.Fatal(err)
	}
	sub, err := topic.Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	return &stock{host: h, topic: topic, sub: sub}
}

// meets waits until the stock peer and the node are on the topic together.
func (s *stock) meets(t testing.TB, n *node) {
	t.Helper()
	connect(t, s.host, n.host)
	eventually(t, "meet the stock peer", func() bool { return len(n.Peers()) > 0 && len(s.topic.ListPeers()) > 0 })
}

func (s *stock) publish(t testing.TB, data []byte) {
	t.Helper()
	if err := s.topic.Publish(t.Context(), data); err != nil {
		t.Fatal(err)
	}
}

// newMute is a host that takes a router's streams and says nothing; heard closes with the
// first word on one, from when on the router listens to it.
func newMute(t testing.TB) (h host.Host, heard <-chan struct{}) {
	t.Helper()
	h = newHost(t)
	first, once := make(chan struct{}), sync.Once{}
	h.SetStreamHandler(pubsub.GossipSubID_v11, func(s network.Stream) {
		defer s.Reset()
		if _, err := s.Read(make([]byte, 1)); err == nil {
			once.Do(func() { close(first) })
			_, _ = io.Copy(io.Discard, s) // until somebody hangs up
		}
	})
	return h, first
}

// raw sends RPCs as they stand, on one stream.
func raw(t testing.TB, from host.Host, to peer.ID, rpcs ...*pb.RPC) {
	t.Helper()
	s, err := from.NewStream(t.Context(), to, pubsub.GossipSubID_v11)
	if err != nil {
		t.Fatal(err)
	}
	for _, rpc := range rpcs {
		b, err := proto.Marshal(rpc)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write(append(varint.ToUvarint(uint64(len(b))), b...)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStockPeer(t *testing.T) {
	n, s := join(t, newHost(t), nil), newStock(t)
	s.meets(t, n)

	f := fact(t, 1)
	s.publish(t, f.Bytes())
	n.has(t, f)

	f = fact(t, 2)
	if got := n.publish(t, f); got != 1 {
		t.Errorf("handed to %d peers, want 1", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	for {
		m, err := s.sub.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if string(m.GetData()) == string(f.Bytes()) {
			return
		}
	}
}

// TestForgeryDoesNotBlock is attack A35: what looks like the genuine message and
// comes first must not make the router drop the genuine one as seen.
func TestForgeryDoesNotBlock(t *testing.T) {
	f := fact(t, 1, 3)
	topic := testTopic
	for _, row := range []struct {
		name  string
		forge func() *pb.Message
	}{
		{"same subject, another index", func() *pb.Message {
			b := f.Bytes()
			b[len(b)-1] ^= 3
			return &pb.Message{Data: b, Topic: &topic}
		}},
		{"a byte too many", func() *pb.Message { return &pb.Message{Data: append(f.Bytes(), 0), Topic: &topic} }},
		{"foreign fields beside the genuine bytes", func() *pb.Message {
			m := &pb.Message{Data: f.Bytes(), Topic: &topic}
			m.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1))
			return m
		}},
		{"signed", func() *pb.Message { return &pb.Message{Data: f.Bytes(), Topic: &topic, Signature: []byte("s")} }},
		{"authored", func() *pb.Message { return &pb.Message{Data: f.Bytes(), Topic: &topic, Seqno: []byte("1")} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			n, s := join(t, newHost(t), nil), newStock(t)
			forger, heard := newMute(t)
			connect(t, forger, n.host)
			<-heard
			s.meets(t, n)
			raw(t, forger, n.host.ID(), &pb.RPC{Publish: []*pb.Message{row.forge()}})
			eventually(t, "refuse the forgery", func() bool {
				st := n.Stats()
				return st.RejectedMalformed+st.RejectedOther == 1
			})
			if n.facts.Len() != 0 {
				t.Fatal("a forgery was ingested")
			}
			s.publish(t, f.Bytes())
			n.has(t, f)
		})
	}
}

func TestJunkIsRejectedAndItsSenderShutOut(t *testing.T) {
	n, junk, honest := join(t, newHost(t), nil), newStock(t), newStock(t)
	junk.meets(t, n)
	connect(t, honest.host, n.host)
	eventually(t, "meet both", func() bool { return len(n.Peers()) == 2 })

	junk.publish(t, make([]byte, maxFactSize+1))
	eventually(t, "reject what is too long", func() bool { return n.Stats().RejectedSize == 1 })
	for i := range uint64(10) { // one after the other: messages on their way are judged by the old score
		junk.publish(t, random(t, 78))
		eventually(t, "reject junk", func() bool { return n.Stats().RejectedMalformed == i+1 })
	}
	const later = 10 // what the one says then has long come when the last of the other has
	for i := range later {
		junk.publish(t, fact(t, i).Bytes())
		g := fact(t, 100+i)
		honest.publish(t, g.Bytes())
		n.has(t, g)
	}
	if got := n.facts.Len(); got != later {
		t.Errorf("%d facts, want %d: a peer that sent 11 invalid messages is still listened to", got, later)
	}
}

// TestOwnFaultPunishesNobody is attack A24.
func TestOwnFaultPunishesNobody(t *testing.T) {
	a := join(t, newHost(t), nil)
	b := join(t, newHost(t), nil)
	connect(t, a.host, b.host)
	meet(t, a, b)
	b.mu.Lock()
	b.fail = errors.New("disk is gone")
	b.mu.Unlock()
	lost := facts(t, 0, 30)
	for _, f := range lost {
		a.publish(t, f)
	}
	eventually(t, "count own faults", func() bool { return b.Stats().IngestErrors >= 30 })
	b.mu.Lock()
	if b.facts.Len() != 0 {
		t.Errorf("%d facts in spite of the fault", b.facts.Len())
	}
	b.fail = nil
	b.mu.Unlock()
	// The router would not show these messages again for two minutes, nor does anybody
	// send them: reconciliation brings them.
	b.has(t, lost...)
	f := fact(t, 100)
	a.publish(t, f)
	b.has(t, f)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.vias[lost[0].ID()] != ViaSync || b.vias[f.ID()] != ViaGossip {
		t.Errorf("lost facts came by %q, the one after by %q", b.vias[lost[0].ID()], b.vias[f.ID()])
	}
	if st := b.Stats(); st.RejectedMalformed+st.RejectedOther+st.RejectedSize+st.SyncJunk != 0 {
		t.Errorf("somebody was blamed: %+v", st)
	}
}

// The same for a peer that speaks GossipSub alone: it is listened to afterwards.
func TestOwnFaultPunishesNoStockPeer(t *testing.T) {
	n, s := join(t, newHost(t), nil), newStock(t)
	s.meets(t, n)
	n.mu.Lock()
	n.fail = errors.New("disk is gone")
	n.mu.Unlock()
	for _, f := range facts(t, 0, 30) {
		s.publish(t, f.Bytes())
	}
	eventually(t, "count own faults", func() bool { return n.Stats().IngestErrors >= 30 })
	n.mu.Lock()
	n.fail = nil
	n.mu.Unlock()
	f := fact(t, 100)
	s.publish(t, f.Bytes())
	n.has(t, f)
}
