package testnet

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// Agent is an agent whose keys are in memory: it signs its own records, rotates its keys and
// can end itself; or as much of that as the keys allow that somebody has stolen of it. It is
// safe for concurrent use.
type Agent struct {
	now    func() time.Time
	secret *records.Secret // nil: whoever has it has no secret
	seed   []byte          // what it spawns ends by; nil likewise

	mu     sync.Mutex
	proof  *records.Proof // owned by mu
	signer records.Signer // owned by mu
	cold   records.Signer // of the next rotation, nil where it is not there; owned by mu
	seq    uint64         // last sequence signed; owned by mu
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
func newAgent(now func() time.Time, born time.Time, random io.Reader) (*Agent, error) {
	a, g, err := drawn(now, random)
	if err != nil {
		return nil, err
	}
	ident, err := records.NewIdentity(g, born.Add(records.DefaultLife), *a.secret)
	if err != nil {
		return nil, err
	}
	a.proof, err = records.NewProof(records.NewChain(ident))
	return a, err
}

// drawn is an agent with fresh keys and no proof yet, and what its proof begins with.
func drawn(now func() time.Time, random io.Reader) (a *Agent, g records.Genesis, err error) {
	a = &Agent{now: now, secret: new(records.Secret), seed: make([]byte, 32)}
	if a.signer, err = newSigner(random); err != nil {
		return nil, g, err
	}
	if a.cold, err = newSigner(random); err != nil {
		return nil, g, err
	}
	g = records.Genesis{Keys: []records.PublicKey{a.signer.Public()}, Next: [][32]byte{a.cold.Public().RotationDigest()}}
	for _, b := range [][]byte{g.Nonce[:], a.secret[:], a.seed} {
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, g, err
		}
	}
	return a, g, nil
}

// Spawn makes a child, which reads the time from now and lives as long as its parent may. What
// ends it follows from the parent's seed.
func (a *Agent) Spawn(now func() time.Time) (*Agent, error) {
	if a.seed == nil {
		return nil, fmt.Errorf("agent %s: no revocation seed is there", a.ID())
	}
	child, g, err := drawn(now, rand.Reader)
	if err != nil {
		return nil, err
	}
	proof := a.Proof()
	if child.proof, err = proof.Spawn(g, proof.Own().End(), a.seed, a.Signer()); err != nil {
		return nil, err
	}
	h := child.proof.Own().Identity().Header()
	*child.secret, err = records.DeriveSecret(a.seed, h.Kind, h.End, h.Body)
	return child, err
}

// Twin makes an agent with keys and an end of its own, which reads the time from now, under one
// lock more: that of this agent's header.
func (a *Agent) Twin(now func() time.Time) (*Agent, error) {
	twin, g, err := drawn(now, rand.Reader)
	if err != nil {
		return nil, err
	}
	own, err := records.NewIdentity(g, now().Add(records.DefaultLife), *twin.secret)
	if err != nil {
		return nil, err
	}
	h := own.Header()
	h.Locks = append(h.Locks, a.Proof().Own().Identity().Header().Locks[0])
	slices.SortFunc(h.Locks, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	ident, err := records.OpenIdentity(h.Bytes(), own.GenesisBytes())
	if err != nil {
		return nil, err
	}
	twin.proof, err = records.NewProof(records.NewChain(ident))
	return twin, err
}

func newSigner(random io.Reader) (records.Signer, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, err
	}
	return records.NewEd25519Signer(ed25519.NewKeyFromSeed(seed))
}

// ID returns the agent's ID.
func (a *Agent) ID() records.AgentID { return a.Proof().ID() }

// Proof returns the agent's chain of keys.
func (a *Agent) Proof() *records.Proof {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.proof
}

// Signer returns its signing key.
func (a *Agent) Signer() records.Signer {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.signer
}

// Stolen is the agent in the hands of a thief, who reads the time from now: with its signing key
// as it is, and with its rotation key where cold says so. Nobody steals the secret that ends it.
func (a *Agent) Stolen(cold bool, now func() time.Time) *Agent {
	a.mu.Lock()
	defer a.mu.Unlock()
	thief := &Agent{now: now, proof: a.proof, signer: a.signer, seq: a.seq}
	if cold {
		thief.cold = a.cold
	}
	return thief
}

// Rotate hands the agent over to new keys with its rotation key, and returns its rotations.
func (a *Agent) Rotate() (*records.Chain, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cold == nil {
		return nil, fmt.Errorf("agent %s: no rotation key is there", a.proof.ID())
	}
	hot, err := newSigner(rand.Reader)
	if err != nil {
		return nil, err
	}
	next, err := newSigner(rand.Reader)
	if err != nil {
		return nil, err
	}
	chain, err := a.proof.Own().Rotate([]records.PublicKey{hot.Public()}, [][32]byte{next.Public().RotationDigest()}, a.cold)
	if err != nil {
		return nil, fmt.Errorf("agent %s: %w", a.proof.ID(), err)
	}
	if a.proof, err = a.proof.Renewed(chain); err != nil {
		return nil, err
	}
	a.signer, a.cold = hot, next
	return chain, nil
}

// Grant lets another agent act in this one's name, at and below a path, until this one's
// end. The tombstone would end the grant.
func (a *Agent) Grant(to records.AgentID, path string) (*records.Grant, *records.Tombstone, error) {
	proof, key := a.Proof(), a.Signer()
	d := records.GrantDraft{Audience: to, Command: path, End: proof.Own().End()}
	var secret records.Secret
	for _, b := range [][]byte{d.Nonce[:], secret[:]} {
		_, _ = rand.Read(b) // never fails, by its contract
	}
	g, err := proof.Grant(d, nil, key, secret)
	if err != nil {
		return nil, nil, err
	}
	end, err := g.Header().Reveal(secret)
	return g, end, err
}

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
	a.mu.Lock()
	proof, signer := a.proof, a.signer
	a.mu.Unlock()
	now := a.now()
	rec, err := proof.Sign(signer, records.Draft{
		Location: records.Location{Endpoints: []records.Endpoint{{URL: url, Protocol: "a2a"}}},
		Sequence: seq, Issued: now, NotAfter: now.Add(lease),
	})
	if err != nil {
		return nil, fmt.Errorf("agent %s: %w", proof.ID(), err)
	}
	return rec, nil
}

// Tombstone reveals the agent's secret. Whoever has the result can end the agent.
func (a *Agent) Tombstone() (*records.Tombstone, error) {
	proof := a.Proof()
	if a.secret == nil {
		return nil, fmt.Errorf("agent %s: no secret is there", proof.ID())
	}
	return proof.Own().Identity().Header().Reveal(*a.secret)
}
