package web

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// next is the next message that a watcher gets.
func next(t *testing.T, w *watcher) News {
	t.Helper()
	b, open := <-w.queue
	if !open {
		t.Fatal("the watcher was dropped")
	}
	return decode(t, string(b))
}

func decode(t *testing.T, event string) (n News) {
	t.Helper()
	data, ok := strings.CutPrefix(strings.TrimSuffix(event, "\n\n"), "data: ")
	if !ok {
		t.Fatalf("%q is no event", event)
	}
	if err := json.Unmarshal([]byte(data), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A watcher gets everything first, and then what changes and nothing else.
func TestNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		view, board := newFakeView(), new(Board)
		h := newHub(view.About(), view, board)
		ctx, cancel := context.WithCancel(t.Context())
		go h.run(ctx)
		w := h.join()
		first := next(t, w)
		if first.About == nil || len(first.Nodes) != 3 || len(first.Links) != 1 || len(first.Agents) != 1 {
			t.Fatalf("first came %+v", first)
		}
		view.mu.Lock()
		view.scene.Nodes = view.scene.Nodes[:2]
		view.scene.Nodes[1].State = "down"
		view.mu.Unlock()
		if diff := cmp.Diff(News{Nodes: []Node{{Name: "n2", State: "down"}}, Gone: []string{"n3"}}, next(t, w)); diff != "" {
			t.Error(diff)
		}
		board.Seen("bafy", "n1", "", "local")
		time.Sleep(30 * time.Millisecond)
		board.Seen("bafy", "n2", "n1", "gossip")
		board.Seen("bafy", "n2", "n3", "sync") // it knows already
		n := next(t, w)
		if len(n.Spreads) != 1 || n.Spreads[0].Name != "translator" || n.Spreads[0].From != "n1" || n.Spreads[0].Floor["n3"] != 90 {
			t.Errorf("the spread is %+v", n.Spreads)
		}
		want := []Arrival{{Agent: "bafy", Node: "n1", Via: "local"}, {Agent: "bafy", Node: "n2", From: "n1", Via: "gossip", MS: 30}}
		if diff := cmp.Diff(want, n.Arrived); diff != "" {
			t.Error(diff)
		}
		if late := next(t, h.join()); len(late.Spreads) != 1 || len(late.Spreads[0].Arrived) != 2 {
			t.Errorf("who comes later gets %+v", late.Spreads)
		}
		cancel()
		synctest.Wait()
		if _, open := <-w.queue; open {
			t.Error("a watcher outlives the hub")
		}
	})
}

// Who does not keep up is dropped, and holds up nobody; there is room for so many.
func TestSlowWatcherIsDropped(t *testing.T) {
	view, board := newFakeView(), new(Board)
	h := newHub(view.About(), view, board)
	slow, quick := h.join(), h.join()
	next(t, quick)
	for range queueLen {
		board.Seen(time.Now().String(), "n1", "", "local")
		h.arrivals()
		next(t, quick)
	}
	got := 0
	for range slow.queue { // it ends, since the watcher was dropped
		got++
	}
	if got != queueLen {
		t.Errorf("%d messages had waited, want %d", got, queueLen)
	}
	h.leave(slow)
	for range maxWatchers - 1 {
		if h.join() == nil {
			t.Fatal("too few may watch")
		}
	}
	if h.join() != nil {
		t.Errorf("more than %d may watch", maxWatchers)
	}
	h.dropAll()
}

// A flood of facts costs so much memory and no more.
func TestBoardIsBounded(t *testing.T) {
	b := new(Board)
	for i := range 2 * keptWaiting {
		b.Seen(strings.Repeat("a", i%100+1), time.Duration(i).String(), "", "gossip")
	}
	if len(b.spreads) != keptSpreads || len(b.waiting) != keptWaiting {
		t.Errorf("%d spreads and %d arrivals are kept", len(b.spreads), len(b.waiting))
	}
}

// The stream goes over HTTP, and ends with the server.
func TestStream(t *testing.T) {
	view := newFakeView()
	s := serve(t, Config{View: breakableView{view}}, allChecks())
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/live/news", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	if !lines.Scan() {
		t.Fatal(lines.Err())
	}
	if n := decode(t, lines.Text()+"\n\n"); n.About == nil || !n.About.Breaks || len(n.Nodes) != 3 {
		t.Errorf("first came %+v", n)
	}
	s.cancel()
	for lines.Scan() {
	}
}
