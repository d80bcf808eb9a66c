package api

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

var testTime = time.Unix(1_800_000_000, 0).UTC()

// agent is a test agent: keys and secrets follow from one byte.
type agent struct {
	ident  *records.Identity
	key    records.Signer
	secret records.Secret
}

func newAgent(t testing.TB, n byte) agent {
	t.Helper()
	key := must(records.NewEd25519Signer(ed25519.NewKeyFromSeed(append(make([]byte, 31), n))))(t)
	rot := must(records.NewEd25519Signer(ed25519.NewKeyFromSeed(append(make([]byte, 31), n^0x80))))(t)
	g := records.Genesis{Keys: []records.PublicKey{key.Public()}, Next: [][32]byte{rot.Public().RotationDigest()}, Nonce: [16]byte{n}}
	secret := records.Secret{n, 1}
	return agent{must(records.NewIdentity(g, testTime.Add(records.DefaultLife), secret))(t), key, secret}
}

func (a agent) id() records.AgentID { return a.ident.ID() }

func (a agent) record(t testing.TB, seq uint64) *records.Record {
	t.Helper()
	return must(records.Sign(a.ident, a.key, records.Draft{Sequence: seq, Issued: testTime, Location: records.Location{
		Endpoints:    []records.Endpoint{{URL: "https://agent.example/a2a?a=1&b=2", Protocol: "a2a", Priority: 1, Weight: 2}},
		Capabilities: []string{"/translate-en-es"},
		Card:         &records.Card{URL: "https://agent.example/card.json", MediaType: "application/json"},
		Code:         []records.CodeDigest{{Type: "sbom", URL: "https://agent.example/sbom"}},
		Region:       "eu-west",
		Extensions:   map[string][]byte{"example.org/load": {1, 2}},
	}}))(t)
}

func (a agent) tombstone(t testing.TB) *records.Tombstone {
	t.Helper()
	return must(a.ident.Header().Reveal(a.secret))(t)
}

// must unwraps a result: must(f())(t).
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// fakeNode is a Controller in memory that behaves as a node alone in its network.
type fakeNode struct {
	mu       sync.Mutex
	answers  map[records.AgentID]Resolution
	events   []FactEvent
	changed  chan struct{} // closed and replaced with each change
	seen     []Resolution  // what watchers get
	state    Status
	peers    []Peer
	requests []PublishRequest
	policies []Policy
	calls    map[string]int
	errs     map[string]error // a method's answer, if set
	partial  bool
	panics   bool
	blocked  bool          // methods wait for their context
	short    bool          // streams that are to follow do not
	stopped  chan struct{} // closed by Stop
	ended    chan struct{} // one token for each stream that ended
}

func newFakeNode() *fakeNode {
	return &fakeNode{
		answers: map[records.AgentID]Resolution{}, calls: map[string]int{}, errs: map[string]error{},
		changed: make(chan struct{}), stopped: make(chan struct{}), ended: make(chan struct{}, 1000),
		state: Status{Peer: "12D3KooWtest", Network: "test", Version: "1.2.3", State: StateReady, Peers: 3, Facts: 7, FactBytes: 546,
			UptimeMS: 1500, CompleteAgeMS: 2500, Counters: map[string]uint64{"gossip.dropped": 4, "api_requests": 9}},
	}
}

// enter counts a call and says whether it is to fail.
func (f *fakeNode) enter(ctx context.Context, method string) error {
	f.mu.Lock()
	f.calls[method]++
	err, panics, blocked := f.errs[method], f.panics, f.blocked
	f.mu.Unlock()
	if panics {
		panic("a fault in " + method)
	}
	if blocked {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (f *fakeNode) count(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[method]
}

func (f *fakeNode) total() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		n += c
	}
	return n
}

func (f *fakeNode) set(change func(*fakeNode)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fakeNode) Resolve(ctx context.Context, id records.AgentID, policy Policy) (Resolution, error) {
	if err := f.enter(ctx, "Resolve"); err != nil && !(policy.Mode == CacheOnly && errors.Is(err, records.ErrRevoked)) {
		return Resolution{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.policies = append(f.policies, policy)
	if res, ok := f.answers[id]; ok {
		return res, nil
	}
	return Resolution{ID: id, Status: records.StatusUnknown, Source: "dht", Reason: "20 peers know nothing"}, nil
}

func (f *fakeNode) Put(ctx context.Context, rec *records.Record) (PublishResult, error) {
	err := f.enter(ctx, "Put")
	f.mu.Lock()
	defer f.mu.Unlock()
	if old, ok := f.answers[rec.ID()]; ok && err == nil {
		switch {
		case old.Status == records.StatusRevoked:
			err = fmt.Errorf("put: %w", records.ErrRevoked)
		case old.Record != nil && old.Record.Sequence() >= rec.Sequence():
			err = fmt.Errorf("put: %w: sequence %d is known", records.ErrStale, old.Record.Sequence())
		}
	}
	if err != nil {
		return PublishResult{}, err
	}
	f.answers[rec.ID()] = Resolution{ID: rec.ID(), Status: records.StatusActive, Source: "local", Record: rec}
	return PublishResult{ID: rec.ID(), Sequence: rec.Sequence(), NotAfter: rec.NotAfter(), Targets: 20, Acks: 19, ReadBack: 3, Partial: f.partial}, nil
}

func (f *fakeNode) Publish(ctx context.Context, req PublishRequest) (PublishResult, error) {
	err := f.enter(ctx, "Publish")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, req)
	res := PublishResult{ID: records.AgentIDFromDigest([32]byte{1}), Name: req.Agent, Sequence: 1, Targets: 2, Acks: 1, Partial: f.partial, Shape: "a2a-1.0"}
	return res, err
}

func (f *fakeNode) PublishAll(ctx context.Context, req PublishRequest) iter.Seq2[PublishOutcome, error] {
	return func(yield func(PublishOutcome, error) bool) {
		defer func() { f.ended <- struct{}{} }()
		err := f.enter(ctx, "PublishAll")
		var entries []string
		if err == nil {
			err = json.Unmarshal(req.Document, &entries)
		}
		for i, e := range entries {
			out := PublishOutcome{Index: i, Total: len(entries), Title: e}
			if e == "bad" {
				out.Error = "refused: no endpoint"
			} else {
				out.Result = &PublishResult{ID: records.AgentIDFromDigest([32]byte{byte(i)}), Name: e}
			}
			if !yield(out, nil) {
				return
			}
		}
		if err != nil {
			yield(PublishOutcome{}, err)
		}
	}
}

func (f *fakeNode) Attest(ctx context.Context, id records.AgentID) (Resolution, *records.Receipt, error) {
	if err := f.enter(ctx, "Attest"); err != nil {
		return Resolution{}, nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	res, ok := f.answers[id]
	if !ok {
		res = Resolution{ID: id, Status: records.StatusUnknown, Source: "dht"}
	}
	if res.Status != records.StatusActive {
		return res, nil, nil
	}
	key, err := records.NewEd25519Signer(ed25519.NewKeyFromSeed(make([]byte, 32)))
	if err != nil {
		return Resolution{}, nil, err
	}
	r, err := records.Attest(key, records.Attestation{Agent: id, Record: res.Record.Mark().Digest, Facts: 7, At: testTime})
	return res, r, err
}

func (f *fakeNode) Withdraw(ctx context.Context, id records.AgentID) (WithdrawResult, error) {
	if err := f.enter(ctx, "Withdraw"); err != nil {
		return WithdrawResult{}, err
	}
	return WithdrawResult{ID: id, NotAfter: testTime}, nil
}

func (f *fakeNode) Revoke(ctx context.Context, t *records.Tombstone) (RevokeResult, error) {
	if err := f.enter(ctx, "Revoke"); err != nil {
		return RevokeResult{}, err
	}
	f.bury(t)
	f.mu.Lock()
	defer f.mu.Unlock()
	return RevokeResult{ID: t.ID(), Targets: 20, Acks: 20, ReadBack: 3, GossipPeers: 2, Partial: f.partial}, nil
}

func (f *fakeNode) Rotate(ctx context.Context, c *records.Chain) (RevokeResult, error) {
	if err := f.enter(ctx, "Rotate"); err != nil {
		return RevokeResult{}, err
	}
	return RevokeResult{ID: c.ID(), Targets: 3, Acks: 3, ReadBack: 3, Partial: f.partial}, nil
}

func (f *fakeNode) Import(ctx context.Context, facts []records.Fact) (ImportResult, error) {
	if err := f.enter(ctx, "Import"); err != nil {
		return ImportResult{}, err
	}
	for _, fact := range facts {
		if t, ok := fact.(*records.Tombstone); ok {
			f.bury(t)
		}
	}
	return ImportResult{New: len(facts)}, nil
}

// bury makes a tombstone known.
func (f *fakeNode) bury(t *records.Tombstone) {
	f.set(func(f *fakeNode) {
		f.answers[t.ID()] = Resolution{ID: t.ID(), Status: records.StatusRevoked, Source: "gossip", Tombstone: t}
		f.events = append(f.events, FactEvent{Cursor: uint64(len(f.events) + 1), ID: t.ID(), At: testTime, Source: "local", Fact: t})
	})
}

func (f *fakeNode) Backup(ctx context.Context, w io.Writer) error {
	if err := f.enter(ctx, "Backup"); err != nil {
		return err
	}
	_, err := w.Write([]byte("an archive"))
	return err
}

func (f *fakeNode) Facts(ctx context.Context, after uint64, follow bool) iter.Seq2[FactEvent, error] {
	return func(yield func(FactEvent, error) bool) {
		defer func() { f.ended <- struct{}{} }()
		if err := f.enter(ctx, "Facts"); err != nil {
			yield(FactEvent{}, err)
			return
		}
		for {
			f.mu.Lock()
			var next []FactEvent
			if after < uint64(len(f.events)) {
				next = f.events[after:]
			}
			changed, short := f.changed, f.short
			f.mu.Unlock()
			for _, ev := range next {
				if !yield(ev, nil) {
					return
				}
				after = ev.Cursor
			}
			if !follow || short {
				return
			}
			select {
			case <-ctx.Done():
				yield(FactEvent{}, ctx.Err())
				return
			case <-changed:
			}
		}
	}
}

func (f *fakeNode) Watch(ctx context.Context, id records.AgentID) iter.Seq2[Resolution, error] {
	return func(yield func(Resolution, error) bool) {
		defer func() { f.ended <- struct{}{} }()
		if err := f.enter(ctx, "Watch"); err != nil {
			yield(Resolution{}, err)
			return
		}
		for n := 0; ; {
			f.mu.Lock()
			seen, changed := f.seen[n:], f.changed
			f.mu.Unlock()
			for _, res := range seen {
				if !yield(res, nil) || res.Status == records.StatusRevoked {
					return
				}
				n++
			}
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
		}
	}
}

func (f *fakeNode) Status(ctx context.Context) Status {
	_ = f.enter(context.Background(), "Status")
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state
}

func (f *fakeNode) Peers(ctx context.Context) []Peer {
	_ = f.enter(ctx, "Peers")
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.peers
}

func (f *fakeNode) Stop(ctx context.Context) error {
	if err := f.enter(ctx, "Stop"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.stopped:
	default:
		close(f.stopped)
	}
	return nil
}
