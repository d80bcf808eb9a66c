package gossip

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip/tree"
	"github.com/cairn-overlay/cairn/records"
)

// nameOf is the short name of a fact.
func nameOf(fact []byte) tree.Name {
	sum := sha256.Sum256(fact)
	return tree.Name(sum[:nameSize])
}

// originate sends a fact that did not come along a tree, and returns to how many
// neighbours it was handed.
func (r *trees) originate(fact []byte) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	tag, push := r.relay.Originate(nameOf(fact), fact)
	for s := range push.All {
		r.links[s].push(tag, fact)
	}
	return push.Len()
}

// missed notes a fact that reconciliation brought, and so no tree did.
func (r *trees) missed(fact []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := nameOf(fact)
	r.relay.Learned(name, fact)
	r.relay.Missed(name, r.now())
	r.fetchSoon()
}

// ask asks neighbours for the next facts, where one was missed; owned by mu.
func (r *trees) ask() {
	for s := range r.relay.Ask(r.now()).All {
		r.t.counters.treeAsked.Add(1)
		r.links[s].askMore()
	}
}

// askMore asks a neighbour for the next facts, and names it the latest; owned by trees.mu.
func (l *link) askMore() {
	if l.send(appendMore(nil, tree.Helping)) {
		l.recall()
	}
}

// recall names the latest facts to a neighbour; owned by trees.mu.
func (l *link) recall() {
	names := l.r.relay.Recent(l.slot)
	if len(names) == 0 {
		return
	}
	l.r.t.counters.treeNamed.Add(uint64(len(names)))
	var payload []byte
	for _, n := range names {
		payload = append(payload, n[:]...)
	}
	l.send(appendFrame(nil, treeName, payload))
}

func (l *link) gotMore(payload []byte) error {
	facts, err := parseMoreFacts(payload)
	if err != nil {
		return err
	}
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	if !l.ended {
		l.r.relay.Asked(l.slot, facts, l.r.now())
		l.recall()
	}
	return nil
}

// learned notes a fact that came by other ways.
func (r *trees) learned(fact []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.relay.Learned(nameOf(fact), fact)
}

// passed reports whether a fact was passed on from here.
func (r *trees) passed(fact []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.relay.Passed(nameOf(fact))
}

// gotPush takes a fact from a neighbour: known ones end here, others are verified,
// taken in, and passed on before anything waits for a disk.
func (l *link) gotPush(payload []byte) error {
	tag, data, err := parsePush(payload)
	if err != nil {
		return err
	}
	t, name := l.r.t, nameOf(data)
	t.counters.received.Add(1)
	fresh, held := l.pushed(name)
	if !fresh {
		t.counters.duplicate.Add(1)
		return nil
	}
	f, err := openFact(data, t.cfg.Lookup)
	switch {

	case errors.Is(err, records.ErrUnsupported):
		t.counters.ignoredUnknown.Add(1)
		return nil
	case err != nil:
		t.counters.rejectedMalformed.Add(1)
		return junkf("a fact: %w", err)
	}
	if fact := bytes.Clone(data); l.take(f, fact, held) {
		l.pass(tag, name, fact)
		l.r.tellWay(tag)
		l.r.bridge(fact)
	}
	return nil
}

// pushed notes that the neighbour has a fact.
func (l *link) pushed(name tree.Name) (fresh, held bool) {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	if l.ended {
		return l.r.relay.Pushed(tree.None, name)
	}
	return l.r.relay.Pushed(l.slot, name)
}

// take gives a fact, nil where it adds nothing, to the node. It is not taken, and so not passed on, where it was
// known long ago, is past our cut-off or over the strangers' cap, or cannot be kept.
func (l *link) take(f records.Fact, raw []byte, held bool) bool {
	t := l.r.t
	known := f == nil || t.cfg.Held(f)
	switch {
	case known && held:
		t.counters.duplicate.Add(1)
		return true
	case known:
		t.counters.duplicate.Add(1)
		l.r.mu.Lock()
		l.r.relay.Skip(nameOf(raw), raw)
		l.r.mu.Unlock()
		return false
	case t.past(f) || !t.pass(f, l.peer):
		l.r.mu.Lock()
		l.r.relay.Decline(nameOf(raw), l.r.now())
		l.r.mu.Unlock()
		return false
	}
	isNew, err := t.cfg.Ingest(f, l.peer, ViaGossip)
	switch {
	case err != nil:
		t.counters.ingestErrors.Add(1)
		t.cfg.Logger.Error("a fact was not taken", "subject", f.ID(), "err", err)
		t.sched.drop(l.peer, "drop: ingest failed")
		return false
	case isNew:
		t.counters.fresh.Add(1)
		t.sched.learned()
	default:
		t.counters.duplicate.Add(1)
	}
	return true
}

// pass sends a fact on along its tree, and its name to those who keep this node as
// their second way.
func (l *link) pass(tag tree.Tag, name tree.Name, fact []byte) {
	r := l.r
	r.mu.Lock()
	defer r.mu.Unlock()
	from := l.slot
	if l.ended {
		from = tree.None // somebody else may be there now
	}
	push, named := r.relay.Accept(from, tag, name, fact, r.now())
	for s := range push.All {
		r.links[s].push(tag, fact)
	}
	for s := range named.All {
		r.t.counters.treeNamed.Add(1)
		r.links[s].send(appendFrame(nil, treeName, name[:]))
	}
	r.fetchSoon()
	r.tellSoon() // a neighbour may have been blamed
}

// tellWay says how long the way is that a fact with that tag took; of one whose root is
// this node, nothing.
func (r *trees) tellWay(tag tree.Tag) {
	if tag == r.tag {
		return
	}
	r.mu.Lock()
	d := r.relay.Path(tag, tree.None)
	r.mu.Unlock()
	if d < tree.Unreachable {
		r.t.cfg.OnWay(time.Duration(d) * time.Microsecond)
	}
}

func (l *link) gotNames(payload []byte) error {
	names, err := parseNames(payload)
	if err != nil {
		return err
	}
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	if l.ended {
		return nil
	}
	for _, n := range names {
		l.r.relay.Named(l.slot, n, l.r.now())
	}
	l.r.fetchSoon()
	return nil
}

func (l *link) gotFetch(payload []byte) error {
	names, err := parseNames(payload)
	if err != nil {
		return err
	}
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	for _, n := range names {
		if l.ended {
			return nil
		}
		if tag, fact, ok := l.r.relay.Fetched(l.slot, n); ok {
			l.push(tag, fact)
		}
	}
	return nil
}

// bridge gives a fact to those on the topic whom no tree reaches.
func (r *trees) bridge(fact []byte) {
	if !slices.ContainsFunc(r.present(), func(p peer.ID) bool { return !r.covers(p) }) {
		return
	}
	h := &handover{delivered: make(chan struct{})}
	if err := r.t.topic.Publish(r.t.ctx, fact, pubsub.WithValidatorData(h)); err != nil {
		r.t.cfg.Logger.Debug("a fact was not handed to the router", "err", err)
	}
}

// present are the peers on the topic.
func (r *trees) present() []peer.ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.onTopic))
}

// joined and left follow who is on the topic.
func (r *trees) joined(p peer.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onTopic[p] = true
}

func (r *trees) left(p peer.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.onTopic, p)
}
