package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip"
	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/node/links"
	"github.com/cairn-overlay/cairn/node/metrics"
	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/node/traces"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
)

// The store's meta keys that node owns.
const (
	metaEverReady = "ever-ready"
	metaClock     = "clock" // the highest reading, see StoredClock
	metaRebuilt   = "rebuilt"
	metaSync      = "sync"  // gossip's Memory
	metaRange     = "range" // how many bits of it are the node's own
	metaCutOff    = "cut-off"
)

const (
	// firstSweep is how long after its start a node first drops what ended long ago.
	firstSweep = time.Minute
	// sweepRound is the pause between two sweeps.
	sweepRound = 10 * time.Minute
)

// Node is a running Cairn node. Its methods are safe for concurrent use.
type Node struct {
	cfg        Config
	log        *slog.Logger
	clock      *clock
	offsets    *offsets
	cut        atomic.Uint32 // the cut-off, see compact
	cutShort   bool          // an earlier run has not dropped all that is past it
	started    time.Time
	store      *store.Store
	keys       *keyring.Keyring // nil without a data directory
	host       host.Host
	running    atomic.Pointer[host.Host] // host, for those who ask while it is being made
	facts      *records.FactSet
	extent     *extent
	strangers  *strangers
	arrivals   *arrivals
	cache      *cache
	watchers   *watchers
	ready      *readiness
	leases     *leases
	custody    *custody
	crowding   crowding
	insistence insistence
	dht        *overlay.DHT
	links      *links.Keeper
	topic      *gossip.Topic
	count      *counters
	metrics    *metrics.Metrics
	traces     *traces.Sender // nil where nobody collects
	apiURL     string

	joined     chan struct{} // closed once overlay and topic are there: peers may put from then on
	met        chan struct{} // holds a token whenever a peer has connected since it was last emptied
	everReady  chan struct{} // closed once the node was ever ready, in this run or an earlier one
	markReady  sync.Once
	stopAsked  chan struct{} // closed when somebody asks the daemon to stop
	stopOnce   sync.Once
	closeOnce  sync.Once
	closeErr   error
	ctx        context.Context // ends when Close begins; bounds background work only
	cancel     context.CancelFunc
	mu         sync.Mutex
	closing    bool           // owned by mu
	work       sync.WaitGroup // background work; Add only under mu while not closing
	onCloseFns []func() error // run in reverse; written by New only
}

// New builds a node and starts it. On error nothing is left running and nothing
// is left locked.
func New(cfg Config) (*Node, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("node: %w", err)
	}
	n := &Node{
		cfg: cfg, log: cfg.Logger, started: time.Now(),
		arrivals: newArrivals(), watchers: newWatchers(), count: newCounters(),
		joined: make(chan struct{}), met: make(chan struct{}, 1), everReady: make(chan struct{}), stopAsked: make(chan struct{}),
	}
	n.cache = newCache(n.standing)
	n.metrics = metrics.New(cfg.Version, n.readings)
	n.ctx, n.cancel = context.WithCancel(context.Background())
	if err := n.build(); err != nil {
		return nil, errors.Join(fmt.Errorf("node: %w", err), n.Close())
	}
	return n, nil
}

// build brings the parts up, ground first; what it starts, Close ends.
func (n *Node) build() error {
	for _, step := range []func() error{
		n.openDir, n.openGround, n.openTraces, n.claimRange, n.recallReady, n.joinOverlay, n.joinTopic, n.startMDNS, n.start, n.servePresence, n.serveAPI,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// onClose queues fn to run at Close, last queued first.
func (n *Node) onClose(fn func() error) { n.onCloseFns = append(n.onCloseFns, fn) }

func (n *Node) openDir() error {
	if n.cfg.Dir == "" {
		return nil
	}
	dir, err := filepath.Abs(n.cfg.Dir)
	if err != nil {
		return err
	}
	n.cfg.Dir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if n.keys, err = keyring.Open(dir); err != nil || n.cfg.KeyFile == "" {
		return err
	}
	n.keys.Unlock(n.cfg.KeyFile, n.cfg.Passphrase)
	return n.keys.CheckKeyFile()
}

// openStore opens what survives a restart and fills memory from it.
func (n *Node) openStore() error {
	opts := store.Options{Logger: n.log, MaxRecordBytes: n.cfg.Limits.RecordBytes(), OnFatal: func(err error) {
		n.log.Error("the store failed; the node stops", "err", err)
		n.AskStop()
	}}
	var err error
	if n.cfg.Dir == "" {
		n.store, err = store.Memory(opts)
	} else {
		n.store, err = n.openStoreDir(filepath.Join(n.cfg.Dir, "store"), opts)
	}
	if err != nil {
		return err
	}
	n.onClose(n.store.Close)
	n.facts = n.store.FactSet()
	n.facts.OnLoss(n.lostFact)
	stored, err := StoredClock(n.store)
	if err != nil {
		return err
	}
	reached, err := n.loadCutOff()
	if err != nil {
		return err
	}
	if stored.Before(reached) {
		stored = reached
	}
	n.clock = newClock(n.cfg.Now, n.started, stored)
	n.offsets = newOffsets(n.clock.now().Sub(n.started.Round(0)))
	if behind := n.clock.Behind(); behind > time.Minute {
		n.log.Warn("the clock is behind its own last reading; leases are judged by that reading", "behind", behind.Round(time.Second))
	}
	n.custody = newCustody()
	n.insistence.again = make(chan struct{}, 1)
	if n.leases, err = loadLeases(n.store, n.keys); err != nil {
		return err
	}
	n.leases.note(n.log)
	return nil
}

// recallReady notes that an earlier run was ready, for the range that this one has.
func (n *Node) recallReady() error {
	was, err := n.store.Meta(metaEverReady)
	if len(was) > 0 {
		n.noteEverReady()
	}
	return err
}

// openGround opens the store and the host. The one waits for the disk and the other
// computes, so that they do it side by side; but a first start, which makes the node's
// key, comes after the store's lock.
func (n *Node) openGround() error {
	if n.cfg.Host != nil || !hasNodeKey(n.cfg.Dir) {
		if err := n.openStore(); err != nil {
			return err
		}
		return n.adoptHost(n.makeHost())
	}
	type made struct {
		host.Host
		err error
	}
	done := make(chan made, 1)
	go func() {
		h, err := n.makeHost()
		done <- made{h, err}
	}()
	err := n.openStore()
	m := <-done
	hostErr := n.adoptHost(m.Host, m.err)
	if err != nil {
		return err // such as that another process is here; the host's error may follow from it
	}
	return hostErr
}

// makeHost returns the host that the node is to use.
func (n *Node) makeHost() (host.Host, error) {
	if n.cfg.Host != nil {
		return n.cfg.Host, nil
	}
	key, err := nodeKey(n.cfg.Dir)
	if err != nil {
		return nil, err
	}
	return newHost(n.cfg, key, n.reachOptions())
}

// adoptHost takes what makeHost returned. A host that was given is not closed.
func (n *Node) adoptHost(h host.Host, err error) error {
	if err != nil {
		return err
	}
	n.host = h
	n.running.Store(&h)
	if n.cfg.Host == nil {
		n.onClose(func() error { return closeHost(h) })
	}
	return nil
}

func (n *Node) joinOverlay() error {
	n.links = links.New(links.Config{Host: n.host, Known: n.candidates, Path: n.path, Measure: n.measure, Policy: n.cfg.Limits.policy(), Logger: n.log})
	var err error
	n.dht, err = overlay.Join(overlay.Config{
		Host: n.host, Values: values{n}, Covers: n.covers, Network: n.cfg.Network, Replication: n.cfg.Replication,
		WAN: n.cfg.preset.Public, Auto: n.cfg.preset.Reach, Neighbours: n.links.Peers, NoView: n.cfg.NoView, Logger: n.log,
	})
	if err != nil {
		return err
	}
	n.onClose(n.dht.Close)
	return nil
}

func (n *Node) joinTopic() error {
	anchors, err := n.anchors()
	if err != nil {
		return err
	}
	rebuilt, err := n.rebuilt()
	if err != nil {
		return err
	}
	n.ready = newReadiness(time.Now, n.started, n.cfg.preset.Ageless, peerIDs(anchors.trusted()), peerIDs(anchors.known), rebuilt, n.becameReady)
	n.ready.own = n.extent.is
	if len(n.cfg.Seeds) > 0 {
		n.ready.awaitSeeds()
	}
	n.host.Network().Notify(notifee{n})
	n.onClose(func() error { n.host.Network().StopNotify(notifee{n}); return nil })
	memory, err := n.store.Meta(metaSync)
	if err != nil {
		return err
	}
	n.topic, err = gossip.Join(gossip.Config{
		Host: n.host, Network: n.cfg.Network, Facts: n.facts, Range: n.extent.is, CutOff: n.cutOff, Held: n.held,
		Now: n.clock.Now, OnClock: n.heardClock,
		Ingest: n.ingestGossip, Flush: n.store.SyncFacts, Known: n.known,
		EverReady: n.wasEverReady, OnSync: n.synced, OnWay: n.metrics.Travelled, Linked: n.links.Peers, OnLink: n.links.Chosen, RTT: n.links.RTT,
		Memory: memory, Ledger: n.store.BesideFacts(), Logger: n.log,
	})
	if err != nil {
		return err
	}
	n.store.FactsBeside(n.topic.Ledger)
	close(n.joined)
	n.onClose(n.topic.Close)
	n.onClose(n.endWork) // background work ends before the ground it stands on
	n.ready.begin()
	n.background(func(ctx context.Context) { n.keepPeers(ctx, anchors) })
	n.background(n.rememberPeers)
	n.background(n.links.Run)
	return nil
}

// isJoined reports whether the overlay and the topic are there. Peers are served before.
func (n *Node) isJoined() bool {
	select {
	case <-n.joined:
		return true
	default:
		return false
	}
}

// start begins the node's own upkeep.
func (n *Node) start() error {
	n.background(n.keepRoom)
	n.extent.look()
	n.background(n.renewLeases)
	n.background(n.keepCustody)
	n.background(n.followAddrs)
	n.background(n.readopt)
	n.background(n.sweepStore)
	n.background(n.watchClock)
	n.background(n.saveLedger)
	n.background(n.compact)
	return nil
}

// endWork ends all background work and waits for it.
func (n *Node) endWork() error {
	n.mu.Lock()
	n.closing = true
	n.mu.Unlock()
	n.cancel()
	n.work.Wait()
	return nil
}

// sweepStore drops what ended long ago. It looks at all that is stored, so that it
// lets the start be over first.
func (n *Node) sweepStore(ctx context.Context) {
	for pause := firstSweep; ; pause = sweepRound {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		if _, err := n.store.Sweep(ctx, n.clock.Now()); err != nil && ctx.Err() == nil {
			n.log.Warn("sweep", "err", err)
		}
	}
}

// background runs fn in a goroutine that Close ends and waits for; it does
// nothing once Close has begun.
func (n *Node) background(fn func(context.Context)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return
	}
	n.work.Go(func() { fn(n.ctx) })
}

// known reports whether the node has to do with id: its facts go first.
func (n *Node) known(id records.AgentID) bool {
	if _, ok := n.cache.get(id); ok || n.watchers.watched(id) {
		return true
	}
	mark, err := n.store.Mark(id)
	return err == nil && !mark.IsZero()
}

// becameReady notes for good that this node was ready once.
func (n *Node) becameReady() {
	n.log.Info("the facts are complete")
	n.noteEverReady()
	n.background(func(ctx context.Context) {
		err := errors.Join(n.store.SetMeta(ctx, metaEverReady, []byte{1}), n.store.SetMeta(ctx, metaRebuilt, nil))
		if err != nil && ctx.Err() == nil {
			n.log.Warn("readiness not stored", "err", err)
		}
	})
}

func (n *Node) noteEverReady() { n.markReady.Do(func() { close(n.everReady) }) }

func (n *Node) wasEverReady() bool {
	select {
	case <-n.everReady:
		return true
	default:
		return false
	}
}

// ID returns the node's peer ID.
func (n *Node) ID() peer.ID { return n.host.ID() }

// AddrInfo returns how peers reach the node.
func (n *Node) AddrInfo() peer.AddrInfo {
	return peer.AddrInfo{ID: n.host.ID(), Addrs: n.host.Addrs()}
}

// APIURL returns where the HTTP API listens, or "" where it does not.
func (n *Node) APIURL() string { return n.apiURL }

// Ready returns a channel that closes when the node is first ready in this run.
func (n *Node) Ready() <-chan struct{} { return n.ready.wait() }

// State returns the state and, where it is not ready, the reason.
func (n *Node) State() (State, string) {
	state, reason, _ := n.ready.state()
	return state, reason
}

// AskStop asks whoever runs the node to close it; StopAsked hears it.
func (n *Node) AskStop() { n.stopOnce.Do(func() { close(n.stopAsked) }) }

// StopAsked returns a channel that closes when the node was asked to stop.
func (n *Node) StopAsked() <-chan struct{} { return n.stopAsked }

// Close stops serving, ends all background work, and closes what New opened. It
// waits; a second call returns the first one's error.
func (n *Node) Close() error {
	n.closeOnce.Do(func() {
		n.cancel()
		var errs []error
		for i := len(n.onCloseFns) - 1; i >= 0; i-- {
			errs = append(errs, n.onCloseFns[i]())
		}
		n.closeErr = errors.Join(errs...)
	})
	return n.closeErr
}

// Agents returns the keys of this node's own agents, or nil without a data
// directory.
func (n *Node) Agents() *keyring.Keyring { return n.keys }
