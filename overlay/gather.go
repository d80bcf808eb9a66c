package overlay

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// When this node asks for members.
const (
	// fewNeighbours links are enough to ask nobody else.
	fewNeighbours = 3
	// gatherGap is the pause between the firstAsks questions, settleGap that between
	// further ones to neighbours that were not asked yet.
	gatherGap = 200 * time.Millisecond
	firstAsks = 6
	settleGap = 3 * time.Second
	// newsFirst is the pause when it is known who there is, twice as long each time that
	// nothing is new, up to newsMost.
	newsFirst = 10 * time.Second
	newsMost  = 2 * time.Minute
	// maxPages are read of one neighbour, at most.
	maxPages = 8
	// repeats is how many known members in an answer make the next question say what is
	// known.
	repeats = 8
)

// gatherer asks neighbours for members: each once for those that it knows, the nearest
// first, and then now and then for news. It belongs to one goroutine.
type gatherer struct {
	d       *DHT
	asked   map[peer.ID]time.Time
	greeted map[peer.ID]time.Time
	first   int // neighbours asked at the pace of the beginning
	pause   time.Duration
	known   int // members in the last answer that were known
}

// gather keeps the view, until Close.
func (d *DHT) gather() {
	g := &gatherer{d: d, asked: make(map[peer.ID]time.Time), greeted: make(map[peer.ID]time.Time), pause: newsFirst}
	timer := time.NewTimer(g.pause)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-d.woken:
		case <-d.ctx.Done():
			return
		}
		timer.Reset(g.round(d.ctx))
	}
}

// wakeGatherer makes it look for new neighbours now. It never blocks.
func (d *DHT) wakeGatherer() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

// round asks one neighbour, and returns how long to wait.
func (g *gatherer) round(ctx context.Context) time.Duration {
	p, ok := g.next()
	if !ok {
		return newsFirst
	}
	last, again := g.asked[p]
	g.asked[p] = time.Now()
	news := 0
	if again && time.Since(last) < maxNewsSince*time.Second {
		news = g.news(ctx, p, last)
	} else {
		news = g.all(ctx, p)
		g.first++
	}
	switch {
	case !again && g.first < firstAsks:
		return jitter(gatherGap)
	case !again:
		return jitter(settleGap)
	case news > 0:
		g.pause = max(newsFirst, g.pause/2)
	default:
		g.pause = min(newsMost, 2*g.pause)
	}
	return jitter(g.pause)
}

// next is the neighbour that was not asked for the longest time.
func (g *gatherer) next() (peer.ID, bool) {
	all := g.d.neighbours()
	if len(all) == 0 {
		return "", false
	}
	for p := range g.asked {
		if !slices.Contains(all, p) && time.Since(g.asked[p]) > maxNewsSince*time.Second {
			delete(g.asked, p)
		}
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return slices.MinFunc(all, func(a, b peer.ID) int { return g.asked[a].Compare(g.asked[b]) }), true
}

// all reads the members that p knows, the nearest to this node first, a page at a time.
func (g *gatherer) all(ctx context.Context, p peer.ID) (news int) {
	ask := memberAsk{kind: memberPage, limit: maxPage, target: positionOfPeer(g.d.self), known: g.d.members.filter(p)}
	for range maxPages {
		n, r, err := g.ask(ctx, p, ask)
		news += n
		if err != nil || r.next == 0 || r.next <= ask.from {
			break
		}
		ask.from = r.next
	}
	return news
}

// news asks p what it learned since.
func (g *gatherer) news(ctx context.Context, p peer.ID, since time.Time) int {
	ask := memberAsk{kind: memberNews, limit: maxPage, since: uint64(time.Since(since)/time.Second) + 2}
	if g.known >= repeats {
		ask.known = g.d.members.filter(p)
	}
	n, _, _ := g.ask(ctx, p, ask)
	return n
}

// ask asks p, and takes the answer.
func (g *gatherer) ask(ctx context.Context, p peer.ID, ask memberAsk) (news int, r memberReply, err error) {
	r, err = g.d.askMembers(ctx, p, ask)
	g.d.stats.memberAsks.Add(1)
	if err != nil {
		g.d.cfg.Logger.Debug("no members", "peer", p, "err", err)
		return 0, r, err
	}
	if news, g.known = g.d.members.take(p, r); news > 0 {
		g.greet(ctx)
	}
	return news, r, nil
}

// jitter is a wait between a half and one and a half of d.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }
