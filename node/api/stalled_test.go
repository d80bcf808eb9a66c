package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// stalling is the connection of a client that stops reading: from some write on each
// takes so long, or as long as its deadline says.
type stalling struct {
	header http.Header
	out    bytes.Buffer
	writes int
	from   int           // the write that it begins with
	stall  time.Duration // how long one then takes
	until  time.Time     // the deadline
	cut    bool
}

func (w *stalling) Header() http.Header { return w.header }
func (w *stalling) WriteHeader(int)     {}
func (w *stalling) Flush()              {}

func (w *stalling) SetWriteDeadline(t time.Time) error {
	w.until = t
	return nil
}

func (w *stalling) Write(b []byte) (int, error) {
	if w.writes++; w.writes == w.from {
		end := time.Now().Add(w.stall)
		if end.After(w.until) {
			<-time.After(time.Until(w.until))
			w.cut = true
			return 0, os.ErrDeadlineExceeded
		}
		<-time.After(time.Until(end))
	}
	if w.cut {
		return 0, os.ErrDeadlineExceeded
	}
	return w.out.Write(b)
}

// TestStalledReader: whoever does not take an event in its time is told so and where to
// go on, and gets the rest when it does; whoever does not even wake up is cut off. Nobody
// misses an event, nor gets one twice.
func TestStalledReader(t *testing.T) {
	const limit = 2 * time.Second
	for _, row := range []struct {
		name  string
		path  string
		stall time.Duration
		told  bool // that it was too slow
		cut   bool
	}{
		{"in time", "/v1/tombstones", limit / 20, false, false},
		{"late", "/v1/tombstones", limit * 5 / 4, true, false},
		{"late, and following", "/v1/tombstones?follow=true", limit * 5 / 4, true, false},
		{"late, of events", "/v1/watch", limit * 5 / 4, true, false},
		{"never", "/v1/tombstones", time.Hour, false, true},
		{"never, and following", "/v1/tombstones?follow=true", time.Hour, false, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			const events = 5
			h := must(SocketHandler(Config{Controller: buried(t, events), Limits: Limits{Write: limit}}))(t)
			w := &stalling{header: make(http.Header), from: 3, stall: row.stall}
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", row.path, nil))
			got := w.out.String()
			if told := strings.Contains(got, "urn:cairn:problem:too-slow"); told != row.told || w.cut != row.cut {
				t.Fatalf("told %t, cut off %t: %s", told, w.cut, got)
			}
			last := uint64(events)
			if row.told {
				if last = problemIn(t, got).Cursor; last != 3 {
					t.Errorf("to go on after %d, want 3", last)
				}
			} else if row.cut {
				last = 2
			}
			if n := uint64(strings.Count(got, `"tombstone":`)); n != last {
				t.Errorf("%d events, and to go on after %d: %s", n, last, got)
			}
		})
	}
}

// problemIn is what a stream ended with.
func problemIn(t *testing.T, stream string) (p Problem) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(stream), "\n")
	last := strings.TrimPrefix(lines[len(lines)-1], "data: ")
	if rest, ok := strings.CutPrefix(last, `{"problem":`); ok {
		last = strings.TrimSuffix(rest, "}")
	}
	if err := json.Unmarshal([]byte(last), &p); err != nil {
		t.Fatalf("%s: %v", last, err)
	}
	return p
}
