package web

import (
	"context"
	"encoding/json"
	"reflect"
	"sync"
	"time"
)

const (
	// lookEvery is how often the view is looked at while anybody watches.
	lookEvery = time.Second
	// sendEvery is how often arrivals are sent.
	sendEvery = 50 * time.Millisecond
	// maxWatchers bounds the streams.
	maxWatchers = 16
	// queueLen is how many messages may wait for a stream: who has more waiting is
	// dropped.
	queueLen = 64
)

// News is one message of the stream. What is absent has not changed.
type News struct {
	About   *About    `json:"about,omitempty"` // in the first message only
	Nodes   []Node    `json:"nodes,omitempty"` // that have changed, or are new
	Gone    []string  `json:"gone,omitempty"`  // nodes that are not there any more
	Links   []Link    `json:"links,omitempty"` // all of them
	Agents  []Agent   `json:"agents,omitempty"`
	Spreads []Spread  `json:"spreads,omitempty"`
	Arrived []Arrival `json:"arrived,omitempty"`
}

// hub looks at the view and tells everybody who watches.
type hub struct {
	about About
	view  View
	board *Board

	look     sync.Mutex // held while the view is looked at
	mu       sync.Mutex
	last     Scene             // owned by mu
	names    map[string]string // of agents; owned by mu
	watchers map[*watcher]bool // owned by mu
}

// watcher is one stream.
type watcher struct {
	queue chan []byte // closed when the watcher is dropped
}

func newHub(about About, v View, b *Board) *hub {
	return &hub{about: about, view: v, board: b, watchers: make(map[*watcher]bool)}
}

// run tells what changes until ctx ends, and then drops everybody.
func (h *hub) run(ctx context.Context) {
	look, send := time.NewTicker(lookEvery), time.NewTicker(sendEvery)
	defer look.Stop()
	defer send.Stop()
	for {
		select {
		case <-ctx.Done():
			h.dropAll()
			return
		case <-look.C:
			if h.watched() {
				h.refresh()
			}
		case <-send.C:
			h.arrivals()
		}
	}
}

// join begins a stream with everything; nil where there are too many.
func (h *hub) join() *watcher {
	h.refresh()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.watchers) >= maxWatchers {
		return nil
	}
	w := &watcher{queue: make(chan []byte, queueLen)}
	h.watchers[w] = true
	w.queue <- encode(News{About: &h.about, Nodes: h.last.Nodes, Links: h.last.Links, Agents: h.last.Agents, Spreads: h.board.all()})
	return w
}

// leave ends a stream.
func (h *hub) leave(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(w)
}

// drop needs mu.
func (h *hub) drop(w *watcher) {
	if h.watchers[w] {
		delete(h.watchers, w)
		close(w.queue)
	}
}

func (h *hub) dropAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		h.drop(w)
	}
}

func (h *hub) watched() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.watchers) > 0
}

// refresh looks at the view and tells what has changed.
func (h *hub) refresh() {
	h.look.Lock()
	defer h.look.Unlock()
	now := h.view.Look()
	h.mu.Lock()
	defer h.mu.Unlock()
	news := difference(h.last, now)
	h.last, h.names = now, make(map[string]string)
	for _, a := range now.Agents {
		h.names[a.ID] = a.Name
	}
	h.tell(news)
}

// difference is what a watcher of the one scene needs to have the other.
func difference(old, now Scene) News {
	var n News
	was := make(map[string]Node, len(old.Nodes))
	for _, x := range old.Nodes {
		was[x.Name] = x
	}
	for _, x := range now.Nodes {
		if was[x.Name] != x {
			n.Nodes = append(n.Nodes, x)
		}
		delete(was, x.Name)
	}
	for name := range was {
		n.Gone = append(n.Gone, name)
	}
	if !reflect.DeepEqual(old.Links, now.Links) {
		n.Links = now.Links
	}
	if !reflect.DeepEqual(old.Agents, now.Agents) {
		n.Agents = now.Agents
	}
	return n
}

// arrivals tells what the board has heard.
func (h *hub) arrivals() {
	fresh, arrived := h.board.take()
	if len(fresh)+len(arrived) == 0 {
		return
	}
	for i, s := range fresh {
		h.mu.Lock()
		s.Name = h.names[s.Agent]
		h.mu.Unlock()
		s.Floor = h.view.Floor(s.From)
		h.board.describe(s.Agent, s.Name, s.Floor)
		fresh[i] = s
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tell(News{Spreads: fresh, Arrived: arrived})
}

// tell needs mu. Who has too much waiting is dropped: the page comes back by itself and
// begins with everything.
func (h *hub) tell(n News) {
	if reflect.ValueOf(n).IsZero() || len(h.watchers) == 0 {
		return
	}
	b := encode(n)
	for w := range h.watchers {
		select {
		case w.queue <- b:
		default:
			h.drop(w)
		}
	}
}

// encode makes an event of a message. encoding/json escapes what could end it.
func encode(n News) []byte {
	b, err := json.Marshal(n)
	if err != nil {
		return []byte(": " + err.Error() + "\n\n") // no type of ours does that
	}
	return append(append([]byte("data: "), b...), "\n\n"...)
}
