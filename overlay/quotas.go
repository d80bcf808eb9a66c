package overlay

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"
)

// maxQuotas is how many peers there are whose rate is counted.
const maxQuotas = 4096

// quotas count how often each peer comes.
type quotas struct {
	rate  rate.Limit // per second and peer
	burst int

	mu sync.Mutex
	by map[peer.ID]*rate.Limiter
}

func newQuotas(perSecond float64, burst int) *quotas {
	return &quotas{rate: rate.Limit(perSecond), burst: burst}
}

// of is p's.
func (q *quotas) of(p peer.ID) *rate.Limiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	l, ok := q.by[p]
	if !ok {
		if len(q.by) >= maxQuotas {
			for other := range q.by { // any: identities are free, so this is no worse than a new one
				delete(q.by, other)
				break
			}
		}
		if q.by == nil {
			q.by = make(map[peer.ID]*rate.Limiter)
		}
		l = rate.NewLimiter(q.rate, q.burst)
		q.by[p] = l
	}
	return l
}

// sweep forgets those that are whole again.
func (q *quotas) sweep(now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for p, l := range q.by {
		if l.TokensAt(now) >= float64(l.Burst()) {
			delete(q.by, p)
		}
	}
}
