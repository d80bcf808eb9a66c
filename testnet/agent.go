package testnet

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// Agent is an agent whose keys are in memory: it signs its own records and can
// end itself. It is safe for concurrent use.
type Agent struct {
	ident  *records.Identity
	signer records.Signer
	secret records.Secret
	now    func() time.Time

	mu  sync.Mutex
	seq uint64 // last sequence signed; owned by mu
}

// NewAgent makes an agent with fresh keys that reads the time from now (nil is
// time.Now).
func NewAgent(now func() time.Time) (*Agent, error) {
	if now == nil {
		now = time.Now
	}
	return newAgent(now, now(), rand.Reader)
}

// SeededAgent makes an agent that everybody can make again on the same day, for
// experiments that are to be repeated: its secrets are no secrets.
func SeededAgent(now func() time.Time, seed [32]byte) (*Agent, error) {
	if now == nil {
		now = time.Now
	}
	return newAgent(now, now().UTC().Truncate(24*time.Hour), mathrand.NewChaCha8(seed))
}

// newAgent makes an agent whose life counts from born.
func newAgent(now func() time.Time, born time.Time, random io.Reader) (a *Agent, err error) {
	a = &Agent{now: now}
	if a.signer, err = newSigner(random); err != nil {
		return nil, err
	}
	next, err := newSigner(random)
	if err != nil {
		return nil, err
	}
	g := records.Genesis{Keys: []records.PublicKey{a.signer.Public()}, Next: [][32]byte{next.Public().RotationDigest()}}
	for _, b := range [][]byte{g.Nonce[:], a.secret[:]} {
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, err
		}
	}
	a.ident, err = records.NewIdentity(g, born.Add(records.DefaultLife), a.secret)
	return a, err
}

func newSigner(random io.Reader) (records.Signer, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, err
	}
	return records.NewEd25519Signer(ed25519.NewKeyFromSeed(seed))
}

// ID returns the agent's ID.
func (a *Agent) ID() records.AgentID { return a.ident.ID() }

// At signs the agent's next record: it is at url from now on, for the default
// lease.
func (a *Agent) At(url string) (*records.Record, error) {
	a.mu.Lock()
	a.seq++
	seq := a.seq
	a.mu.Unlock()
	return a.Sign(url, seq, records.DefaultLease)
}

// Sign signs a record of any sequence and lease, also ones that the agent has
// used before: what At would never do.
func (a *Agent) Sign(url string, seq uint64, lease time.Duration) (*records.Record, error) {
	now := a.now()
	rec, err := records.Sign(a.ident, a.signer, records.Draft{
		Location: records.Location{Endpoints: []records.Endpoint{{URL: url, Protocol: "a2a"}}},
		Sequence: seq, Issued: now, NotAfter: now.Add(lease),
	})
	if err != nil {
		return nil, fmt.Errorf("agent %s: %w", a.ID(), err)
	}
	return rec, nil
}

// Tombstone reveals the agent's secret. Whoever has the result can end the agent.
func (a *Agent) Tombstone() (*records.Tombstone, error) {
	return a.ident.Header().Reveal(a.secret)
}
