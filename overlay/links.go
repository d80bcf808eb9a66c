package overlay

import (
	"context"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// links opens connections for requests and closes those that were opened only
// for requests once they are idle. It never touches a connection that it did not
// open, nor one to a peer that the connection manager protects.
type links struct {
	host  host.Host
	idle  time.Duration // negative: never close
	stats *counters

	mu  sync.Mutex
	own map[network.Conn]*use // opened here
}

// errandIdle is the idle time of connections that only the table needed.
const errandIdle = 2 * time.Second

// use is what a connection opened here was used for.
type use struct {
	last   time.Time // DHT request on it, either way
	errand bool      // only the table needed it
}

// over reports whether nobody has needed the connection for long enough.
func (u *use) over(now time.Time, idle time.Duration) bool {
	if u.errand {
		idle = min(idle, errandIdle)
	}
	return now.Sub(u.last) >= idle
}

func newLinks(h host.Host, idle time.Duration, stats *counters) *links {
	return &links{host: h, idle: idle, stats: stats, own: make(map[network.Conn]*use)}
}

// connected reports whether a question to p needs no dial. A peer that died a
// moment ago still counts as connected.
func (l *links) connected(p peer.ID) bool {
	return l.host.Network().Connectedness(p) == network.Connected
}

// conn returns a connection to p. Unlike the host's Connect it does not wait for
// identify, which would cost a round trip.
func (l *links) conn(ctx context.Context, p peer.ID) (network.Conn, error) {
	start := time.Now()
	c, err := l.host.Network().DialPeer(ctx, p)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	stat := c.Stat()
	if _, ok := l.own[c]; ok || stat.Direction == network.DirOutbound && !stat.Opened.Before(start) {
		l.own[c] = &use{last: time.Now()}
	}
	return c, nil
}

// errands ends an errand: connections that were opened since it began go sooner
// than others, unless somebody opens them again.
func (l *links) errands(since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c, u := range l.own {
		u.errand = u.errand || !c.Stat().Opened.Before(since)
	}
}

// touch notes a request on c.
func (l *links) touch(c network.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if u, ok := l.own[c]; ok {
		u.last = time.Now()
	}
}

// sweep closes own connections that are idle at now.
func (l *links) sweep(now time.Time) {
	for _, c := range l.idleAt(now) {
		if err := c.Close(); err == nil {
			l.stats.idleClosed.Add(1)
		}
	}
}

func (l *links) idleAt(now time.Time) []network.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	var idle []network.Conn
	for c, u := range l.own {
		switch {
		case c.IsClosed():
			delete(l.own, c)
		case l.idle < 0 || !u.over(now, l.idle) || l.host.ConnManager().IsProtected(c.RemotePeer(), ""):
		default:
			delete(l.own, c)
			idle = append(idle, c)
		}
	}
	return idle
}

// count returns the number of open connections opened here.
func (l *links) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for c := range l.own {
		if !c.IsClosed() {
			n++
		}
	}
	return n
}
