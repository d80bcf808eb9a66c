package overlay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	kad "github.com/libp2p/go-libp2p-kad-dht"
	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	record "github.com/libp2p/go-libp2p-record"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/records"
)

// upkeep is the interval of the housekeeping: idle connections and streams.
const upkeep = 3 * time.Second

// DHT is a node's seat in the Kademlia overlay. It is safe for concurrent use.
type DHT struct {
	cfg        Config
	self       peer.ID
	acceptable func(multiaddr.Multiaddr) bool // addresses named by strangers

	kad       *kad.IpfsDHT // serves, and keeps the routing table
	stats     *counters
	trips     *roundTrips
	links     *links
	sender    *sender
	verify    *verifier
	table     *table
	members   *members
	sizes     *sizes
	doors     *doors
	asks      *quotas       // for members
	passes    *quotas       // of questions to pass on
	passing   chan struct{} // a token for each that is being passed on
	telling   *telling
	listening *listening
	placed    placed
	lingering lingering
	stale     shuns         // who passed on what others outrank
	woken     chan struct{} // holds a token when there may be new neighbours

	serving *gate           // requests of others
	calls   *gate           // of this package's methods, and goroutines
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	once    sync.Once
	closed  error
}

// Join takes a seat in the overlay: from now on the node serves requests, unless
// it is a client. It knows nobody before [DHT.Bootstrap], or before others come.
// On error nothing is left running.
func Join(cfg Config) (*DHT, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("overlay: %w", err)
	}
	d := &DHT{cfg: cfg, self: cfg.Host.ID(), acceptable: acceptAny, stats: new(counters), trips: new(roundTrips), asks: newQuotas(memberRate, memberBurst), passes: newQuotas(passRate, passBurst),
		telling: newTelling(), listening: newListening(), passing: make(chan struct{}, maxPassing), woken: make(chan struct{}, 1), serving: new(gate), calls: new(gate)}
	if cfg.WAN {
		d.acceptable = acceptPublic
	}
	d.links = newLinks(cfg.Host, cfg.IdleTimeout, d.stats)
	d.sender = newSender(d.links, cfg.protocol(), cfg.RequestTimeout, d.trips, d.stats)
	d.verify = &verifier{stats: d.stats}
	d.members = newMembers(cfg, d.acceptable)
	d.sizes = &sizes{members: d.members, own: positionOfPeer(d.self)}
	d.doors = newDoors(d.links, d.stats, d.serving, cfg.PutRate)
	d.doors.cover = d.cover
	d.ctx, d.cancel = context.WithCancel(context.Background())
	if d.kad, err = kad.New(kadHost{cfg.Host, d.doors}, d.kadOptions()...); err != nil {
		d.cancel()
		d.stopServing()
		d.sender.close()
		return nil, fmt.Errorf("overlay: %w", err)
	}
	d.table = newTable(d.kad.RoutingTable(), cfg.Host, d.stats)
	d.start(d.keepHouse)
	cfg.Host.SetStreamHandler(cfg.prefix()+watchSuffix, func(s network.Stream) { d.doors.serve(s, d.serveWatch) })
	if err := d.startMembers(); err != nil {
		return nil, errors.Join(fmt.Errorf("overlay: %w", err), d.Close())
	}
	return d, nil
}

// kadOptions leaves to kad-dht what it does well: to serve, and to keep a table.
func (d *DHT) kadOptions() []kad.Option {
	mode := kad.ModeServer
	switch {
	case d.cfg.Client:
		mode = kad.ModeClient
	case d.cfg.Auto:
		mode = kad.ModeAutoServer
	}
	options := []kad.Option{
		kad.Mode(mode),
		kad.ProtocolPrefix(d.cfg.prefix()),
		kad.BucketSize(bucketSize),
		kad.Validator(record.NamespacedValidator{records.KeyNamespace: d.verify}),
		kad.ValueDatastore(&datastore{values: d.cfg.Values, verify: d.verify, stats: d.stats, gate: d.serving, from: &d.doors.from, taken: d.Tell, log: d.cfg.Logger}),
		kad.MaxRecordAge(d.cfg.RecordAge),
		kad.DisableProviders(),
		kad.DisableAutoRefresh(),
		kad.RoutingTableRefreshQueryTimeout(d.cfg.RequestTimeout),
		kad.OnRequestHook(d.doors.request),
		kad.WithCustomMessageSender(func(host.Host, []protocol.ID) pb.MessageSenderWithDisconnect { return d.sender }),
	}
	if d.cfg.WAN {
		options = append(options, kad.RoutingTablePeerDiversityFilter(kad.NewRTPeerDiversityFilter(d.cfg.Host, 2, 3)))
	}
	return options
}

// Close leaves the overlay: calls in progress end with ErrClosed, streams are
// closed, no method of Values is called any more. It waits for all that, and may
// be called again. The host stays open.
func (d *DHT) Close() error {
	d.once.Do(func() {
		d.calls.close()
		d.cancel()
		d.stopServing()
		d.calls.wait()
		d.sender.close()
		if err := d.kad.Close(); err != nil {
			d.closed = fmt.Errorf("overlay: %w", err)
		}
	})
	return d.closed
}

// stopServing ends the streams of others and waits for their handlers.
func (d *DHT) stopServing() {
	d.cfg.Host.RemoveStreamHandler(d.cfg.protocol())
	d.cfg.Host.RemoveStreamHandler(d.cfg.prefix() + membersSuffix)
	d.cfg.Host.RemoveStreamHandler(d.cfg.prefix() + passSuffix)
	d.cfg.Host.RemoveStreamHandler(d.cfg.prefix() + watchSuffix)
	d.serving.close()
	d.doors.close()
	d.serving.wait()
}

// enter opens a method: its context ends with Close too, and Close waits for end.
func (d *DHT) enter(ctx context.Context) (_ context.Context, end func(), err error) {
	if !d.calls.enter() {
		return nil, nil, ErrClosed
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(d.ctx, func() { cancel(ErrClosed) })
	return ctx, func() { stop(); cancel(nil); d.calls.leave() }, nil
}

// cause says why ctx ended.
func (d *DHT) cause(ctx context.Context) error { return context.Cause(ctx) }

// start runs f on a goroutine that Close waits for; false while closing.
func (d *DHT) start(f func()) bool {
	if !d.calls.enter() {
		return false
	}
	go func() {
		defer d.calls.leave()
		f()
	}()
	return true
}

// keepHouse closes what is idle, until Close.
func (d *DHT) keepHouse() {
	every := upkeep
	if d.cfg.IdleTimeout > 0 {
		every = min(every, max(d.cfg.IdleTimeout/4, time.Millisecond))
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			d.links.sweep(now)
			d.sender.sweep(now)
			d.doors.sweep(now)
			d.table.settle()
			d.asks.sweep(now)
			d.passes.sweep(now)
			d.stale.sweep(now)
			d.sweepWatches(now)
		case <-d.ctx.Done():
			return
		}
	}
}

// TableSize returns the number of peers in the routing table.
func (d *DHT) TableSize() int { return d.kad.RoutingTable().Size() }

// TablePeers returns the peers in the routing table, in no particular order.
func (d *DHT) TablePeers() []peer.ID { return d.kad.RoutingTable().ListPeers() }

// TablePeer is a peer in the routing table.
type TablePeer struct {
	// ID is its name.
	ID peer.ID
	// Bits is how many leading bits its position shares with ours: it stands for the
	// peers that share so many and no more, which are one part in 2^(Bits+1) of all.
	Bits int
	// RTT is the least round trip that was measured, where the view knows, else how long it
	// takes to answer, smoothed; zero where it never did.
	RTT time.Duration
}

// Table returns the peers in the routing table, in no particular order.
func (d *DHT) Table() []TablePeer {
	ids := d.TablePeers()
	out := make([]TablePeer, len(ids))
	own := positionOfPeer(d.self)
	for i, p := range ids {
		out[i] = TablePeer{ID: p, Bits: commonBits(own, positionOfPeer(p)), RTT: cmp.Or(d.members.rtt(p), d.trips.of(p))}
	}
	return out
}

// Stats returns the counters since Join.
func (d *DHT) Stats() Stats {
	s := d.stats.snapshot()
	s.Members, s.Hints = d.members.count()
	s.Watchers = d.telling.table.count()
	s.Size = d.sizes.estimate()
	s.TablePeers, s.OwnConns, s.IdleStreams = d.TableSize(), d.links.count(), d.sender.pool.count()
	return s
}
