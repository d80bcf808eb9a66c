package keyring

import (
	"bytes"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// seedSize is the length of a revocation seed.
const seedSize = 32

// Spawn makes an agent whose parent is another one of this keyring: with the parent's consent,
// an end that is not after the parent's, and one lock that opens by the parent's revocation
// seed, beside that of its own certificate. The seed is made with the first one that the
// agent spawns, and goes to seedPath, empty meaning into the parent's folder. Errors are those
// of New.
func (k *Keyring) Spawn(parent, name, seedPath string, opts NewOptions) (Agent, error) {
	opts = opts.withDefaults()
	if err := CheckName(name); err != nil {
		return Agent{}, err
	}
	if k.taken(name) {
		return Agent{}, fmt.Errorf("agent %q %w: choose another name", name, ErrExists)
	}
	p, err := k.Lookup(parent)
	if err != nil {
		return Agent{}, err
	}
	if end := p.Identity.End(); opts.End.After(end) {
		opts.End = end
	}
	if !opts.End.After(opts.Now) {
		return Agent{}, fmt.Errorf("agent %q: its parent ended at %s: %w", name, opts.End.Format(time.RFC3339), ErrMalformed)
	}
	seed, err := k.seedFor(&p, seedPath, opts.Rand)
	if err != nil {
		return Agent{}, err
	}
	key, err := p.signingKey()
	if err != nil {
		return Agent{}, err
	}
	signer, err := records.NewEd25519Signer(key)
	if err != nil {
		return Agent{}, err
	}
	g, lock, s, err := draw(opts.Rand)
	if err != nil {
		return Agent{}, fmt.Errorf("agent %q: %w", name, err)
	}
	proof, err := p.Proof.SpawnGround(g, opts.Work, opts.Tried, opts.End, seed, signer, lock)
	if err != nil {
		return Agent{}, fmt.Errorf("agent %q: %w", name, err)
	}
	if s.cert, err = proof.Own().Identity().Header().Reveal(lock); err != nil {
		return Agent{}, fmt.Errorf("agent %q: %w", name, err)
	}
	return k.begin(name, proof, s, opts)
}

// seedFor reads the agent's revocation seed, or makes one.
func (k *Keyring) seedFor(a *Agent, path string, random io.Reader) ([]byte, error) {
	if a.SeedPath != "" {
		if path != "" {
			a.SeedPath = path
		}
		return ReadSeed(a.SeedPath)
	}
	seed := make([]byte, seedSize)
	if random == nil {
		random = rand.Reader
	}
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, fmt.Errorf("agent %q: draw its revocation seed: %w", a.Name, err)
	}
	var err error
	if a.SeedPath, err = k.place(a.Name, seedFile, path); err != nil {
		return nil, err
	}
	data := pem.EncodeToMemory(&pem.Block{Type: pemSeed, Bytes: seed, Headers: map[string]string{
		headerAgent: a.ID().String(), headerWarning: "whoever has this file can end all that the agent spawned, for good",
	}})
	if err := writeNew(a.SeedPath, data); err != nil {
		return nil, fmt.Errorf("agent %q: revocation seed: %w", a.Name, err)
	}
	if err := errors.Join(syncDir(filepath.Dir(a.SeedPath)), a.replacePublic()); err != nil {
		return nil, fmt.Errorf("agent %q: revocation seed: %w", a.Name, err)
	}
	return seed, nil
}

// ReadSeed reads a revocation seed from its file: ErrNoSecret where there is none,
// ErrMalformed where the file is something else.
func ReadSeed(path string) ([]byte, error) {
	b, err := readFile(path, true)
	if err != nil {
		return nil, fmt.Errorf("revocation seed: %w", movedAway(err, "bring it back to where it was, or say where it is"))
	}
	seed, err := ParseSeed(b)
	if err != nil {
		return nil, fmt.Errorf("revocation seed %s: %w", path, err)
	}
	return seed, nil
}

// ParseSeed reads the PEM form of a revocation seed, or the groups of a printed sheet.
func ParseSeed(b []byte) ([]byte, error) {
	block, rest := pem.Decode(b)
	if block == nil && isGroups(b) {
		seed, err := readGroups(kindSeed, b)
		if err == nil && len(seed) != seedSize {
			err = fmt.Errorf("%w: a seed of %d bytes", ErrMalformed, len(seed))
		}
		return seed, err
	}
	if block == nil || block.Type != pemSeed || len(block.Bytes) != seedSize || len(bytes.TrimSpace(rest)) != 0 {
		return nil, fmt.Errorf("%w: want one PEM block %q", ErrMalformed, pemSeed)
	}
	return block.Bytes, nil
}
