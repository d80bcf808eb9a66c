package gossip

import (
	"context"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// Sizes of the router. Its defaults are 32 each, and each drops in silence.
const (
	outboundQueue     = 8192
	validationQueue   = 8192
	subscriptionQueue = 8192
	maxSubscriptions  = 16 // topics that one RPC may announce
	maxRPC            = 1 << 20
)

// Peer scoring knows one thing: invalid messages (P4). The score is invalidWeight
// times the square of a counter that halves every ten seconds.
//
// Everything else is off. Deliveries within the mesh (P3) would punish everybody on
// a topic that is silent for hours; nodes on one machine or behind one address are
// legal here (P6); time in the mesh and first deliveries (P1, P2) would only let a
// peer earn the right to send junk. What scoring otherwise defends, delivery, is
// the part of reconciliation.
const (
	invalidWeight = -10
	invalidDecay  = 0.5
	scoreDecay    = 10 * time.Second
	scoreRetain   = 10 * time.Minute

	// Three invalid messages within ten seconds end gossip with a peer, five end
	// publishing to it, and from ten on nothing of it is read.
	gossipThreshold   = invalidWeight * 3 * 3
	publishThreshold  = invalidWeight * 5 * 5
	graylistThreshold = invalidWeight * 10 * 10

	// A peer that the trees reach is below publishing, and so out of the mesh as well,
	// while what it sends is still read: the router serves the others.
	coveredScore = publishThreshold - 1
)

// newRouter starts a GossipSub router for one topic. It ends with ctx; nobody can
// wait for it.
func newRouter(ctx context.Context, cfg Config, topic string, t tracer, covers func(peer.ID) bool) (*pubsub.PubSub, error) {
	filter := pubsub.WrapLimitSubscriptionFilter(pubsub.NewAllowlistSubscriptionFilter(topic), maxSubscriptions)
	params, thresholds := scoring(topic, covers)
	options := []pubsub.Option{
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
		pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(messageID),
		pubsub.WithFloodPublish(!weak.Off(weak.FloodPublish)),
		pubsub.WithPeerOutboundQueueSize(outboundQueue),
		pubsub.WithValidateQueueSize(validationQueue),
		// An RPC carries many messages, and a stock peer fills it up to 1 MiB: a lower
		// limit would cut the stream. The validator caps the message.
		pubsub.WithMaxMessageSize(maxRPC),
		pubsub.WithRawTracer(t),
		pubsub.WithAppSpecificRpcInspector(t.inspect),
		pubsub.WithPeerScore(params, thresholds),
	}
	if !weak.Off(weak.TopicFilter) {
		options = append(options, pubsub.WithSubscriptionFilter(filter))
	}
	return pubsub.NewGossipSub(ctx, routerHost{cfg.Host}, options...)
}

// scoring is the parameters of the comment above. pubsub refuses them if they are
// not sane, so a score that could not work ends Join.
func scoring(topic string, covers func(peer.ID) bool) (*pubsub.PeerScoreParams, *pubsub.PeerScoreThresholds) {
	params := &pubsub.PeerScoreParams{
		Topics: map[string]*pubsub.TopicScoreParams{topic: {
			SkipAtomicValidation:           true,
			TopicWeight:                    1,
			TimeInMeshQuantum:              time.Second, // weighs nothing, but pubsub divides by it
			InvalidMessageDeliveriesWeight: invalidWeight,
			InvalidMessageDeliveriesDecay:  invalidDecay,
		}},
		SkipAtomicValidation: true,
		AppSpecificScore: func(p peer.ID) float64 {
			if covers(p) {
				return coveredScore
			}
			return 0
		},
		AppSpecificWeight: 1,
		DecayInterval:     scoreDecay,
		DecayToZero:       0.01,
		RetainScore:       scoreRetain,
	}
	if weak.Off(weak.Score) {
		params.Topics[topic].InvalidMessageDeliveriesWeight = 0
	}
	return params, &pubsub.PeerScoreThresholds{
		GossipThreshold:   gossipThreshold,
		PublishThreshold:  publishThreshold,
		GraylistThreshold: graylistThreshold,
	}
}
