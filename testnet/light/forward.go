package light

// Forwarder is a rule by which nodes hand a message on: whom to send it to, decided
// by one node with what it knows. The tag travels with the message; what it means is
// the rule's own business, such as the tree that a message runs along.
//
// Both methods append the peers to out and return it. They are called in the order
// of events, by one goroutine; the same calls get the same answers.
type Forwarder interface {
	// Publish says whom a node sends its own message to.
	Publish(out []uint32, node uint32) (peers []uint32, tag uint32)
	// Forward says whom a node sends a message to that it got, for the first time,
	// from another.
	Forward(out []uint32, node, from, tag uint32) []uint32
}

// Relay is the rule of GossipSub with flood publishing: who publishes sends to every
// peer on the topic, and everybody else on to the peers of a mesh, but for who sent
// it. Copies that come later go nowhere.
type Relay struct{ topic, mesh *graph }

var _ Forwarder = (*Relay)(nil)

// Publish floods.
func (r *Relay) Publish(out []uint32, node uint32) (peers []uint32, tag uint32) {
	return append(out, r.topic.of(node)...), 0
}

// Forward follows the mesh.
func (r *Relay) Forward(out []uint32, node, from, _ uint32) []uint32 {
	for _, p := range r.mesh.of(node) {
		if p != from {
			out = append(out, p)
		}
	}
	return out
}

// Flood sends every message over every link. Nothing on the same links is faster, and
// nothing sends more copies.
func Flood(w *World) Forwarder { return &Relay{topic: w.links, mesh: w.links} }

// Stock is GossipSub as it comes, over all links of the world: what nodes do where no
// tree stands.
func Stock(w *World) Forwarder { return &Relay{topic: w.links, mesh: newMesh(w.links, w.cfg.Seed)} }
