package keyring

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// NewOptions of a new agent.
type NewOptions struct {
	End             time.Time     // when the agent ends; zero means Now plus Life
	Life            time.Duration // zero means records.DefaultLife
	CertificatePath string        // where the revocation certificate goes; empty means into the agent's folder
	RotationKeyPath string        // where the rotation key goes; empty means into the agent's folder
	Now             time.Time     // zero means time.Now
	Rand            io.Reader     // nil means crypto/rand

	// Work is how many bits of it the ID gets, see records.AgentID.Work: with each more
	// it takes twice as long. Tried hears now and then of how many nonces were tried, and
	// its error ends the search; nil: nobody listens.
	Work  int
	Tried func(uint64) error
}

func (o NewOptions) withDefaults() NewOptions {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	if o.Life == 0 {
		o.Life = records.DefaultLife
	}
	if o.End.IsZero() {
		o.End = o.Now.Add(o.Life)
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	return o
}

// secrets are what a new agent keeps to itself.
type secrets struct {
	signing  ed25519.PrivateKey
	rotation ed25519.PrivateKey // nil where it is not at hand
	cert     *records.Tombstone // nil where it is not at hand
}

// New makes an agent: a signing key, the first rotation key, a revocation secret,
// and the identity that follows from them. Everything is on disk when it returns;
// on error nothing is left. A taken name, or a file in the way, is ErrExists; a path
// whose folder does not exist is ErrNotFound.
func (k *Keyring) New(name string, opts NewOptions) (Agent, error) {
	opts = opts.withDefaults()
	if err := CheckName(name); err != nil {
		return Agent{}, err
	}
	if !opts.End.After(opts.Now) || opts.End.Sub(opts.Now) > records.MaxLife {
		return Agent{}, fmt.Errorf("agent %q: an end at %s: %w: want a life of up to ten years", name, opts.End.Format(time.RFC3339), ErrMalformed)
	}
	if k.taken(name) {
		return Agent{}, fmt.Errorf("agent %q %w: choose another name", name, ErrExists)
	}
	ident, s, err := generate(opts)
	if err != nil {
		return Agent{}, fmt.Errorf("agent %q: %w", name, err)
	}
	proof, err := records.NewProof(records.NewChain(ident))
	if err != nil {
		return Agent{}, fmt.Errorf("agent %q: %w", name, err)
	}
	return k.begin(name, proof, s, opts)
}

// begin writes a new agent with its secrets.
func (k *Keyring) begin(name string, proof *records.Proof, s secrets, opts NewOptions) (a Agent, err error) {
	a = Agent{
		Name: name, Identity: proof.Own().Identity(), Proof: proof, Created: opts.Now.UTC().Truncate(time.Second),
		home: filepath.Join(k.dir, name), signingFile: signingFile, seal: k.seal,
	}
	if a.CertificatePath, err = k.place(name, certificateFile, opts.CertificatePath); err != nil {
		return Agent{}, err
	}
	if a.RotationKeyPath, err = k.place(name, rotationFile, opts.RotationKeyPath); err != nil {
		return Agent{}, err
	}
	if err := k.create(a, s); err != nil {
		return Agent{}, fmt.Errorf("agent %q: %w", name, err)
	}
	return a, nil
}

// place says where a secret goes: into the agent's folder, or where it was asked.
func (k *Keyring) place(name, file, asked string) (string, error) {
	if asked == "" {
		return filepath.Join(k.dir, name, file), nil
	}
	path, err := filepath.Abs(asked)
	if err != nil {
		return "", fmt.Errorf("agent %q: %w", name, err)
	}
	return path, nil
}

// generate draws the keys and the secret and joins them into an identity.
func generate(opts NewOptions) (*records.Identity, secrets, error) {
	g, lock, s, err := draw(opts.Rand)
	if err != nil {
		return nil, secrets{}, err
	}
	ident, err := records.Grind(g, opts.Work, opts.Tried, opts.End, lock)
	if err != nil {
		return nil, secrets{}, err
	}
	s.cert, err = ident.Header().Reveal(lock)
	return ident, s, err
}

// draw makes the keys and the secret of a new agent.
func draw(random io.Reader) (g records.Genesis, lock records.Secret, s secrets, err error) {
	var signingSeed, rotationSeed [ed25519.SeedSize]byte
	for _, b := range [][]byte{signingSeed[:], rotationSeed[:], lock[:], g.Nonce[:]} {
		if _, err := io.ReadFull(random, b); err != nil {
			return g, lock, s, fmt.Errorf("draw its keys: %w", err)
		}
	}
	s = secrets{signing: ed25519.NewKeyFromSeed(signingSeed[:]), rotation: ed25519.NewKeyFromSeed(rotationSeed[:])}
	signing, err1 := publicOf(s.signing)
	rotation, err2 := publicOf(s.rotation)
	g.Keys, g.Next = []records.PublicKey{signing}, [][32]byte{rotation.RotationDigest()}
	return g, lock, s, errors.Join(err1, err2)
}

func publicOf(key ed25519.PrivateKey) (records.PublicKey, error) {
	return records.Ed25519Key(publicKeyOf(key))
}
