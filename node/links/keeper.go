package links

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/internal/weak"
)

const (
	// tag protects the links from whoever closes connections, chosenTag those of
	// others to us from whoever closes what is idle.
	tag       = "cairn-link"
	chosenTag = "cairn-chosen"
	// roundEvery is the pause between two looks at the links.
	roundEvery = 5 * time.Second
	// chooseEvery is the same between two choices that nothing else caused, and
	// shortenEvery after one that made shortcuts: ways are told anew meanwhile.
	chooseEvery = time.Minute
	// waysAfter the beginning the trees reach this node, and are worth asking.
	waysAfter    = 30 * time.Second
	shortenEvery = 15 * time.Second
	// shapedAfter that the links have the shape that the network gave them. Then a new
	// shortcut, which takes the place of a link that stood, is made each shortcutEvery: who
	// comes later, in whatever number, gets few.
	shapedAfter   = 2 * time.Minute
	shortcutEvery = 10 * time.Minute
	// dialsPerRound go out in one round, side by side, each for dialTime at most.
	dialsPerRound = 6
	dialTime      = 5 * time.Second
	// looksPerRound peers are measured in one round, each not again before lookAgain;
	// maxLooked are remembered.
	looksPerRound = 2
	lookAgain     = time.Hour
	maxLooked     = 1024
)

// Known is a peer that the node knows and could link to.
type Known struct {
	// ID is its name. The host's peerstore has its addresses.
	ID peer.ID
	// RTT is a round trip measured by whoever asked it something; zero: none.
	RTT time.Duration
	// Least and Weight are as in [Candidate].
	Least  time.Duration
	Weight float64
}

// Config is what a Keeper needs.
type Config struct {
	// Host is whose connections it keeps.
	Host host.Host
	// Known returns the peers to choose from: they answered us, and serve others.
	Known func() []Known
	// Path returns how long a fact takes from here to a peer by way of all links but the
	// one to itself; zero: not known. It may be nil: nothing is known then.
	Path func(peer.ID) time.Duration
	// Measure asks a peer something, after which Known tells its round trip. It may be nil:
	// nobody is measured then that is not asked anyway.
	Measure func(context.Context, peer.ID) error
	// Policy is usually [DefaultPolicy].
	Policy Policy
	// Logger may be nil: nothing is logged then.
	Logger *slog.Logger
}

// Keeper keeps the links of a node: it dials those that [Choose] wants, protects
// them from the host's connection manager, closes what [Trim] names, and comes back
// to links that it lost, so that a network that was parted grows together again.
type Keeper struct {
	cfg    Config
	wake   chan struct{}
	counts [counted]atomic.Uint64
	asked  atomic.Bool // for a choice

	mu        sync.Mutex
	chosen    map[peer.ID]int       // links of others to us; owned by mu
	links     map[peer.ID]*link     // present and lost ones; owned by mu
	displaced map[peer.ID]time.Time // connected, were links until then; owned by mu
	look      []peer.ID             // who may be nearer than the near links; owned by the loop
	looked    map[peer.ID]time.Time // who was measured, and when; owned by the loop
	waysFrom  time.Time             // from then on links are improved; owned by the loop
	next      time.Time             // for the next choice, whatever happens; owned by the loop
	shaped    time.Time             // from then on shortcuts are rare; owned by the loop
	shorten   time.Time             // for the next one then; owned by the loop
}

// New returns a keeper that does nothing before Run.
func New(cfg Config) *Keeper {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Path == nil {
		cfg.Path = func(peer.ID) time.Duration { return 0 }
	}
	return &Keeper{cfg: cfg, wake: make(chan struct{}, 1), links: make(map[peer.ID]*link), displaced: make(map[peer.ID]time.Time), chosen: make(map[peer.ID]int), looked: make(map[peer.ID]time.Time)}
}

// Run keeps the links until ctx ends, and then lets go of them without closing
// them. It may be called once.
func (k *Keeper) Run(ctx context.Context) {
	watch := &network.NotifyBundle{
		ConnectedF:    func(n network.Network, _ network.Conn) { k.connected(len(n.Peers())) },
		DisconnectedF: func(_ network.Network, c network.Conn) { k.disconnected(c.RemotePeer()) },
	}
	k.cfg.Host.Network().Notify(watch)
	defer k.cfg.Host.Network().StopNotify(watch)
	defer k.release()
	k.begin(time.Now())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-k.wake:
		case <-ctx.Done():
			return
		}
		k.round(ctx)
		timer.Reset(roundEvery*3/4 + rand.N(roundEvery/2))
	}
}

// begin sets the times that count from now on.
func (k *Keeper) begin(now time.Time) {
	k.waysFrom, k.shaped, k.shorten = now.Add(waysAfter), now.Add(shapedAfter), now.Add(shortcutEvery)
}

// Look asks for a choice now, such as when new peers are known.
func (k *Keeper) Look() {
	k.asked.Store(true)
	k.rouse()
}

// rouse makes the loop go round. It never blocks.
func (k *Keeper) rouse() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// connected hears of a connection: what is far too much is not left until the next
// round.
func (k *Keeper) connected(peers int) {
	for {
		peak := k.counts[peakPeers].Load()
		if uint64(peers) <= peak || k.counts[peakPeers].CompareAndSwap(peak, uint64(peers)) {
			break
		}
	}
	if peers > k.cfg.Policy.Burst {
		k.rouse()
	}
}

// disconnected hears of the end of one.
func (k *Keeper) disconnected(p peer.ID) {
	k.mu.Lock()
	l := k.links[p]
	k.mu.Unlock()
	if l != nil {
		k.rouse()
	}
}

// round looks at everything once.
func (k *Keeper) round(ctx context.Context) {
	now := time.Now()
	var dial []peer.ID
	if k.noteChanges(now) || !now.Before(k.next) {
		dial = k.choose(now)
	}
	k.trim(now)
	dial = append(k.comeback(now), dial...)
	if len(dial) > dialsPerRound {
		dial = dial[:dialsPerRound]
		defer k.Look()
	}
	k.dialAll(ctx, dial)
	if !now.Before(k.waysFrom) {
		k.measure(ctx, now)
	}
}

// choose makes the choice, and returns whom to dial for it.
func (k *Keeper) choose(now time.Time) (dial []peer.ID) {
	candidates := k.candidates(now)
	choice := Choose(k.policy(now), candidates, rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
	k.look = Unmeasured(k.cfg.Policy, candidates, choice)
	k.mu.Lock()
	defer k.mu.Unlock()
	wanted := make(map[peer.ID]Role)
	for _, p := range choice.Near {
		wanted[p] = Near
	}
	for _, p := range choice.Random {
		wanted[p] = Random
	}
	k.next = now.Add(chooseEvery)
	for _, p := range choice.Shortcuts {
		wanted[p] = Shortcut
		if l := k.links[p]; l == nil || l.role != Shortcut {
			k.counts[shortcuts].Add(1)
			k.shorten = now.Add(shortcutEvery)
			k.next = now.Add(shortenEvery)
		}
	}
	for p, l := range k.links {
		if l.lost.IsZero() && wanted[p] == None {
			k.giveUp(p, now)
		}
	}
	for _, p := range slices.Concat(choice.Near, choice.Shortcuts, choice.Random) {
		delete(k.displaced, p)
		l := k.links[p]
		if l == nil {
			l = &link{since: now}
			k.links[p] = l
		}
		l.role = wanted[p]
		if isConnected(k.cfg.Host, p) {
			k.hold(p, l, now)
		} else {
			dial = append(dial, p)
		}
	}
	return dial
}

// policy is the policy of a choice.
func (k *Keeper) policy(now time.Time) Policy {
	p := k.cfg.Policy
	switch {
	case now.Before(k.shaped) || weak.Off(weak.SteadyLinks):
	case now.Before(k.shorten):
		p.NewShortcuts = 0
	default:
		p.NewShortcuts = min(p.NewShortcuts, 1)
	}
	return p
}

// hold protects a link that is connected. The caller holds mu.
func (k *Keeper) hold(p peer.ID, l *link, now time.Time) {
	if l.up.IsZero() {
		l.up, l.lost, l.held = now, time.Time{}, true
		l.ours = slices.ContainsFunc(k.cfg.Host.Network().ConnsToPeer(p), func(c network.Conn) bool {
			return c.Stat().Direction == network.DirOutbound
		})
		k.cfg.Host.ConnManager().Protect(p, tag)
	}
}

// giveUp makes a link an ordinary connection, see unwanted: the other side may have chosen it too,
// and if nobody has, it is as worthy as others to stay. The caller holds mu.
func (k *Keeper) giveUp(p peer.ID, now time.Time) {
	k.cfg.Host.ConnManager().Unprotect(p, tag)
	delete(k.links, p)
	k.displaced[p] = now
}

// candidates are the known peers and the present links, the oldest links first: of
// too many random links, as after a comeback, these stay.
func (k *Keeper) candidates(now time.Time) []Candidate[peer.ID] {
	all := k.eligible(now)
	if now.Before(k.waysFrom) {
		return all
	}
	for i, c := range all {
		all[i].Path = k.cfg.Path(c.ID)
	}
	return all
}

// eligible is candidates without the ways to them.
func (k *Keeper) eligible(now time.Time) []Candidate[peer.ID] {
	var all []Candidate[peer.ID]
	seen := make(map[peer.ID]bool)
	k.mu.Lock()
	defer k.mu.Unlock()
	add := func(known Known) {
		l := k.links[known.ID]
		if seen[known.ID] || known.ID == k.cfg.Host.ID() || l != nil && !l.lost.IsZero() {
			return
		}
		seen[known.ID] = true
		c := Candidate[peer.ID]{ID: known.ID, RTT: known.RTT, Least: known.Least, Weight: known.Weight, Group: groupOf(k.addrs(known.ID))}
		if rtt := leastRTT(k.cfg.Host.Network().ConnsToPeer(known.ID)); rtt > 0 {
			c.RTT = rtt
		}
		if l != nil {
			c.Role = l.role
		}
		all = append(all, c)
	}
	for _, known := range k.cfg.Known() {
		add(known)
	}
	for p, l := range k.links {
		if !l.up.IsZero() {
			add(Known{ID: p})
		}
	}
	age := func(c Candidate[peer.ID]) time.Time {
		if l := k.links[c.ID]; l != nil {
			return l.since
		}
		return now
	}
	slices.SortStableFunc(all, func(a, b Candidate[peer.ID]) int { return age(a).Compare(age(b)) })
	return all
}

// addrs are where p is: at the other end of a connection, else what is known.
func (k *Keeper) addrs(p peer.ID) []multiaddr.Multiaddr {
	if conns := k.cfg.Host.Network().ConnsToPeer(p); len(conns) > 0 {
		return []multiaddr.Multiaddr{conns[0].RemoteMultiaddr()}
	}
	return k.cfg.Host.Peerstore().Addrs(p)
}

// trim closes what is beyond the bounds.
func (k *Keeper) trim(now time.Time) {
	var conns []Conn[peer.ID]
	for _, p := range k.cfg.Host.Network().Peers() {
		conn := k.worth(p)
		for _, c := range k.cfg.Host.Network().ConnsToPeer(p) {
			conn.Age = max(conn.Age, now.Sub(c.Stat().Opened))
		}
		conns = append(conns, conn)
	}
	if p, ok := k.unwanted(now); ok {
		k.counts[letGo].Add(1)
		_ = k.cfg.Host.Network().ClosePeer(p)
	}
	if weak.Off(weak.ConnCaps) {
		return
	}
	for _, p := range Trim(k.cfg.Policy, conns) {
		k.counts[trimmed].Add(1)
		_ = k.cfg.Host.Network().ClosePeer(p)
	}
}

// worth says what a connection to p is worth, but for its age.
func (k *Keeper) worth(p peer.ID) Conn[peer.ID] {
	k.mu.Lock()
	defer k.mu.Unlock()
	l, wanted := k.links[p], k.chosen[p] > 0
	ours := l != nil && !l.up.IsZero()
	others := !ours && !wanted && k.cfg.Host.ConnManager().IsProtected(p, "") // by the application
	return Conn[peer.ID]{ID: p, Keep: ours || others, Wanted: wanted, Group: groupOf(k.addrs(p))}
}

// Chosen notes that p has chosen this node for a link of its own, or has it no
// longer. Such a connection is not closed for being idle, only for want of room. It
// may be called several times for one peer.
func (k *Keeper) Chosen(p peer.ID, stands bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if stands {
		k.chosen[p]++
		k.cfg.Host.ConnManager().Protect(p, chosenTag)
		return
	}
	if k.chosen[p]--; k.chosen[p] <= 0 {
		delete(k.chosen, p)
		k.cfg.Host.ConnManager().Unprotect(p, chosenTag)
	}
}

// dialAll dials, and protects whom it reaches.
func (k *Keeper) dialAll(ctx context.Context, all []peer.ID) {
	var group sync.WaitGroup
	for _, p := range all {
		group.Go(func() { k.dial(ctx, p) })
	}
	group.Wait()
}

func (k *Keeper) dial(ctx context.Context, p peer.ID) {
	k.counts[dials].Add(1)
	inner, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	_, err := k.cfg.Host.Network().DialPeer(inner, p)
	if err == nil && !isConnected(k.cfg.Host, p) {
		err = errors.New("closed at once")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	l := k.links[p]
	switch {
	case l == nil || ctx.Err() != nil:
	case err == nil:
		if !l.lost.IsZero() {
			defer k.Look() // it takes its part again
		}
		k.hold(p, l, time.Now())
	default:
		k.counts[dialsFailed].Add(1)
		k.cfg.Logger.Debug("link not reached", "peer", p, "err", err)
		k.lose(p, l, time.Now())
	}
}

// release lets go of every link.
func (k *Keeper) release() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for p := range k.links {
		k.cfg.Host.ConnManager().Unprotect(p, tag)
	}
}

func isConnected(h host.Host, p peer.ID) bool {
	return h.Network().Connectedness(p) == network.Connected
}

// Link is a link as it stands.
type Link struct {
	Peer peer.ID
	Role Role
}

// Links returns the links that are connected, near ones first.
func (k *Keeper) Links() []Link {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []Link
	for p, l := range k.links {
		if !l.up.IsZero() {
			out = append(out, Link{p, l.role})
		}
	}
	slices.SortFunc(out, func(a, b Link) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Peer, b.Peer))
	})
	return out
}

// Choosers returns the peers that have chosen this node for a link of their own, in no
// particular order.
func (k *Keeper) Choosers() []peer.ID {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Collect(maps.Keys(k.chosen))
}

// Peers returns the links that are connected, in no particular order.
func (k *Keeper) Peers() []peer.ID {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []peer.ID
	for p, l := range k.links {
		if !l.up.IsZero() {
			out = append(out, p)
		}
	}
	return out
}
