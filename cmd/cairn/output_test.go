package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

// hostile is what a stranger may put into any text.
const hostile = "x\x1b[2J\u202e\u200b\ncairn: all is well"

// rendered returns what a view looks like in a format.
func rendered(t *testing.T, f format, v shown) string {
	t.Helper()
	var out strings.Builder
	s := &session{env: env{stdout: &out}, global: &global{Output: f}}
	if err := s.print(v); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestStrangersTextStaysOneLine(t *testing.T) {
	peers := []api.Peer{{ID: "12D3", Agent: hostile, Addrs: []string{hostile}}}
	var table strings.Builder
	s := &session{env: env{stdout: &table}, global: &global{Output: human}}
	if err := printList(s, peers, peerTable); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		table.String(),
		rendered(t, human, outcomeView{api.PublishOutcome{Title: hostile, Error: hostile}}),
		rendered(t, human, resolutionView{api.Resolution{Reason: hostile, Path: []api.Hop{{Peer: hostile, Answer: hostile}}}, true}),
		rendered(t, human, statusView{api.Status{Reason: hostile, Counters: map[string]uint64{hostile: 1}}, true}),
		rendered(t, asJSON, outcomeView{api.PublishOutcome{Title: hostile, Error: hostile}}),
	} {
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			if strings.ContainsFunc(line, hidden) || strings.HasPrefix(line, "cairn:") {
				t.Errorf("a stranger wrote a line of its own: %q", line)
			}
		}
	}
}

func TestMessagesStayOneLine(t *testing.T) {
	var out strings.Builder
	s := &session{env: env{stderr: &out}, global: &global{}}
	s.say("refused: %s", hostile)
	if got, want := out.String(), "cairn: refused: x\\x1b[2J\\u202e\\u200b; cairn: all is well\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestContractFields(t *testing.T) {
	id := records.AgentIDFromDigest([32]byte{1})
	for _, tt := range []struct {
		name   string
		view   shown
		fields string
	}{
		{"publish", publishView{}, "id name seq not_after targets acks read_back"},
		{"revoke", revokeView{}, "id targets acks gossip_peers"},
		{"resolve", resolutionView{Resolution: api.Resolution{ID: id}}, "id status source age_ms confirmations elapsed_ms path"},
		{"watch", tombstoneView{api.TombstoneEvent{ID: id, Bytes: []byte("secret")}}, "id at source cursor"},
		{"agent new", newAgentResult{}, "id did name certificate rotation_key"},
		{"daemon", daemonEvent{Addrs: []string{}}, "event peer addrs api"},
		{"version", versionInfo{}, "version go formats"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			line := rendered(t, asJSON, tt.view)
			if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
				t.Errorf("not one line: %q", line)
			}
			var got map[string]any
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Fatal(err)
			}
			for _, f := range strings.Fields(tt.fields) {
				if _, ok := got[f]; !ok {
					t.Errorf("no field %q in %s", f, line)
				}
			}
		})
	}
}

func TestWatchLineHasNothingElse(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	id := records.AgentIDFromDigest([32]byte{1})
	got := rendered(t, jsonl, tombstoneView{api.TombstoneEvent{ID: id, At: at, Source: "gossip", Cursor: 7, Bytes: []byte("x")}})
	want := `{"id":"` + id.String() + `","at":"2026-05-01T12:00:00Z","source":"gossip","cursor":7}` + "\n"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRawIsBytesAlone(t *testing.T) {
	id := records.AgentIDFromDigest([32]byte{1})
	if got := rendered(t, raw, publishView{api.PublishResult{ID: id}}); got != id.String()+"\n" {
		t.Errorf("publish: %q", got)
	}
	if got := rendered(t, raw, resolutionView{api.Resolution{ID: id}, false}); got != "" {
		t.Errorf("an agent without a record: %q", got)
	}
}

func TestListsInEachFormat(t *testing.T) {
	list := []api.Peer{{ID: "a"}, {ID: "b"}}
	for f, want := range map[format]int{asJSON: 1, jsonl: 2, human: 3} {
		var out strings.Builder
		s := &session{env: env{stdout: &out}, global: &global{Output: f}}
		if err := printList(s, list, peerTable); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(out.String(), "\n"); got != want {
			t.Errorf("%s: %d lines, want %d: %s", f, got, want, out.String())
		}
	}
	var out strings.Builder
	s := &session{env: env{stdout: &out}, global: &global{Output: asJSON}}
	if err := printList(s, nil, peerTable); err != nil || out.String() != "[]\n" {
		t.Errorf("an empty list is %q (%v)", out.String(), err)
	}
}

func TestShowSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 59 * time.Second: "59s", 61 * time.Second: "1m01s", 90 * time.Minute: "1h30m", 365 * 24 * time.Hour: "365 days",
	} {
		if got := showSpan(d); got != want {
			t.Errorf("showSpan(%s) = %q, want %q", d, got, want)
		}
	}
}
