package gossip

import (
	"fmt"
	"testing"

	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"google.golang.org/protobuf/proto"
)

// abuses are what the router's own protocol lets a peer send without end (A12).
func abuses(t testing.TB) map[string][]*pb.RPC {
	topic := testTopic
	control := func(times int, c func() *pb.ControlMessage) (all []*pb.RPC) {
		for range times {
			all = append(all, &pb.RPC{Control: c()})
		}
		return all
	}
	ids := func(n int) (all []string) {
		for range n {
			all = append(all, string(random(t, 32)))
		}
		return all
	}
	var topics []*pb.RPC
	for i := range 100 {
		rpc := new(pb.RPC)
		for j := range maxSubscriptions {
			rpc.Subscriptions = append(rpc.Subscriptions, &pb.RPC_SubOpts{Subscribe: proto.Bool(true), Topicid: proto.String(fmt.Sprint("junk ", i*maxSubscriptions+j))})
		}
		topics = append(topics, rpc)
	}
	return map[string][]*pb.RPC{
		"topics": topics,
		"offers of nothing": control(10, func() *pb.ControlMessage {
			return &pb.ControlMessage{Ihave: []*pb.ControlIHave{{TopicID: &topic, MessageIDs: ids(2000)}}}
		}),
		"wants": control(10, func() *pb.ControlMessage {
			return &pb.ControlMessage{Iwant: []*pb.ControlIWant{{MessageIDs: ids(2000)}}}
		}),
		"unwants": control(10, func() *pb.ControlMessage {
			return &pb.ControlMessage{Idontwant: []*pb.ControlIDontWant{{MessageIDs: ids(2000)}}}
		}),
		"grafts": control(200, func() *pb.ControlMessage {
			return &pb.ControlMessage{Graft: []*pb.ControlGraft{{TopicID: &topic}}}
		}),
		"too much": {{Publish: []*pb.Message{{Data: random(t, maxRPC-100), Topic: &topic}}}},
	}
}

// TestProtocolAbuse (A12): whatever a peer sends of the router's own protocol, as often as
// it likes, the facts of others arrive, and its topics are not remembered.
func TestProtocolAbuse(t *testing.T) {
	for name, rpcs := range abuses(t) {
		t.Run(name, func(t *testing.T) {
			n, honest := join(t, newHost(t), nil), newStock(t)
			abuser, heard := newMute(t)
			connect(t, abuser, n.host)
			<-heard
			honest.meets(t, n)
			begun := n.Stats()
			topic := testTopic
			raw(t, abuser, n.host.ID(), append(rpcs, &pb.RPC{Subscriptions: []*pb.RPC_SubOpts{{Subscribe: proto.Bool(true), Topicid: &topic}}})...)
			eventually(t, "have read it all", func() bool { return len(n.Peers()) == 2 })
			f := fact(t, 1)
			honest.publish(t, f.Bytes())
			n.has(t, f)
			if peers := n.router.ListPeers("junk 1"); len(peers) > 0 {
				t.Error("a topic that is not ours is remembered")
			}
			if name == "too much" {
				eventually(t, "reject what is too long", func() bool { return n.Stats().RejectedSize > begun.RejectedSize })
			}
		})
	}
}

// TestUnscoredPeersAreNotHeard (A12): who takes no stream of the router's, so that it keeps
// no score, does not get around it: nothing of what it publishes is taken, and it blocks
// nothing that others bring.
func TestUnscoredPeersAreNotHeard(t *testing.T) {
	n, unscored, honest := join(t, newHost(t), nil), newHost(t), newStock(t)
	connect(t, unscored, n.host)
	honest.meets(t, n)
	topic := testTopic
	f, g := fact(t, 1), fact(t, 2)
	raw(t, unscored, n.host.ID(), &pb.RPC{Publish: []*pb.Message{{Data: f.Bytes(), Topic: &topic}, {Data: g.Bytes(), Topic: &topic}}})
	eventually(t, "hear it", func() bool { st := n.Stats(); return st.DroppedUnscored+st.New > 1 })
	if n.facts.Len() > 0 {
		t.Error("it is listened to")
	}
	honest.publish(t, f.Bytes())
	n.has(t, f)
}
