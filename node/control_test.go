package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

const testCard = `{"protocolVersion": "0.3.0", "name": "Translator", "description": "Translates", "version": "1.0.0",
	"url": "https://agents.example/translate", "preferredTransport": "JSONRPC", "capabilities": {},
	"defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/plain"],
	"skills": [{"id": "translate", "name": "Translate", "description": "Translates", "tags": ["translate"]}]}`

// TestPublishRefused leaves no agent behind where nothing was published.
func TestPublishRefused(t *testing.T) {
	n := newTestNode(t, Config{Dir: t.TempDir()})
	for name, req := range map[string]api.PublishRequest{
		"short lease": {Document: []byte(testCard), Lease: time.Second},
		"long lease":  {Document: []byte(testCard), Lease: records.MaxLease + 1},
		"no card":     {Document: []byte(`{"name": "x"}`)},
	} {
		if _, err := (control{n}).Publish(t.Context(), req); !errors.Is(err, api.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if agents, errs := n.Agents().List(); len(agents)+len(errs) != 0 {
		t.Errorf("agents that nobody asked for: %v, %v", agents, errs)
	}
}

// TestPublishAs names an agent in each way there is.
func TestPublishAs(t *testing.T) {
	n := newTestNode(t, Config{Dir: t.TempDir()})
	a := mustAgent(t, n, "mine")
	for i, ref := range []string{"mine", a.ID().String(), a.ID().DID()} {
		res, err := (control{n}).Publish(t.Context(), api.PublishRequest{Document: []byte(testCard), Agent: ref})
		if err != nil || res.Name != "mine" || res.ID != a.ID() || res.Sequence != uint64(i+1) {
			t.Errorf("%s: %+v, %v", ref, res, err)
		}
	}
}

// TestPublishKey says what is wrong with a key, and that it is the key.
func TestPublishKey(t *testing.T) {
	dir := t.TempDir()
	n := newTestNode(t, Config{Dir: dir})
	mustAgent(t, n, "mine")
	key := filepath.Join(dir, "agents", "mine", "key.pem")
	good, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		spoil func() error
		says  string
	}{
		"open to others": {func() error { return os.Chmod(key, 0o644) }, "chmod 600"},
		"junk":           {func() error { return os.WriteFile(key, []byte("x"), 0o600) }, "malformed"},
		"gone":           {func() error { return os.Remove(key) }, "bring it back"},
	} {
		if err := row.spoil(); err != nil {
			t.Fatal(err)
		}
		_, err := control{n}.Publish(t.Context(), api.PublishRequest{Document: []byte(testCard), Agent: "mine"})
		if !errors.Is(err, api.ErrKey) || !strings.Contains(fmt.Sprint(err), row.says) {
			t.Errorf("%s: %v", name, err)
		}
		if err := errors.Join(os.RemoveAll(key), os.WriteFile(key, good, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOutward gives what fails on this machine its place in the API.
func TestOutward(t *testing.T) {
	full := &os.PathError{Op: "write", Path: "agent.json", Err: syscall.ENOSPC}
	if err := outward(fmt.Errorf("agent: %w", full)); !errors.Is(err, api.ErrNotReady) {
		t.Errorf("no space: %v", err)
	}
}

// A peer that is connected twice from one address has this address once.
func TestDistinctAddresses(t *testing.T) {
	got := distinct([]string{"/ip4/127.0.0.1/udp/2/quic-v1", "/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/udp/2/quic-v1"})
	want := []string{"/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/udp/2/quic-v1"}
	if !slices.Equal(got, want) {
		t.Errorf("distinct: %q, want %q", got, want)
	}
	if none := distinct([]string{}); none == nil {
		t.Error("no addresses became null")
	}
}
