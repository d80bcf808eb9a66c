package keyring

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/cairn-overlay/cairn/records"
)

const (
	// pemAgent is the block that opens an export: the agent's public part.
	pemAgent = "CAIRN AGENT"
	// pemRotationKey is the rotation key in an export.
	pemRotationKey = "CAIRN ROTATION KEY"
)

// ExportOptions says which secrets beyond the signing key go into the file.
type ExportOptions struct {
	Certificate bool // the revocation certificate: whoever has it can end the agent
	RotationKey bool // the rotation key
}

// Export writes the agent as one portable file of PEM blocks: its public part, its
// signing key, and what opts asks for. A secret that was moved away is ErrNoSecret.
func (k *Keyring) Export(name string, w io.Writer, opts ExportOptions) error {
	a, err := k.Get(name)
	if err != nil {
		return err
	}
	if _, err := k.Signer(name); err != nil {
		return err
	}
	signing, err := readSecret(filepath.Join(k.dir, name, signingFile))
	if err != nil {
		return fmt.Errorf("agent %q: %w", name, err)
	}
	bare := a
	bare.CertificatePath, bare.RotationKeyPath = "", ""
	public, err := encodePublic(bare)
	if err != nil {
		return err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: pemAgent, Bytes: public})
	out = append(out, signing...)
	if opts.Certificate {
		t, err := k.Certificate(name)
		if err != nil {
			return err
		}
		out = append(out, encodeCertificate(t)...)
	}
	if opts.RotationKey {
		if a.RotationKeyPath == "" {
			return fmt.Errorf("agent %q: rotation key: %w", name, ErrNoSecret)
		}
		b, err := readSecret(a.RotationKeyPath)
		if errors.Is(err, ErrNotFound) {
			return fmt.Errorf("agent %q: rotation key %s: %w", name, a.RotationKeyPath, ErrNoSecret)
		}
		if err != nil {
			return fmt.Errorf("agent %q: rotation key: %w", name, err)
		}
		block, _ := pem.Decode(b)
		if block == nil {
			return fmt.Errorf("agent %q: rotation key %s: %w", name, a.RotationKeyPath, ErrMalformed)
		}
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: pemRotationKey, Bytes: block.Bytes})...)
	}
	_, err = w.Write(out)
	return err
}

// Import reads what Export wrote and keeps it under a name. Every part is checked
// against the identity before anything is written.
func (k *Keyring) Import(name string, r io.Reader) (Agent, error) {
	if err := CheckName(name); err != nil {
		return Agent{}, err
	}
	if k.taken(name) {
		return Agent{}, fmt.Errorf("agent %q %w: choose another name", name, ErrExists)
	}
	b, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return Agent{}, fmt.Errorf("import: %w", err)
	}
	if len(b) > maxFile {
		return Agent{}, fmt.Errorf("import: %w: over %d bytes", ErrMalformed, maxFile)
	}
	a, s, err := parseExport(b)
	if err != nil {
		return Agent{}, fmt.Errorf("import: %w", err)
	}
	a.Name, a.home = name, filepath.Join(k.dir, name)
	if s.cert != nil {
		a.CertificatePath = a.homeFile(certificateFile)
	}
	if s.rotation != nil {
		a.RotationKeyPath = a.homeFile(rotationFile)
	}
	if err := k.create(a, s); err != nil {
		return Agent{}, fmt.Errorf("import %q: %w", name, err)
	}
	return a, nil
}

// parseExport reads the blocks of an export and holds each against the identity.
func parseExport(b []byte) (Agent, secrets, error) {
	var a Agent
	var s secrets
	for rest := b; len(trimSpace(rest)) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return a, s, fmt.Errorf("%w: not an export of an agent", ErrMalformed)
		}
		if err := takeBlock(&a, &s, block); err != nil {
			return a, s, fmt.Errorf("block %.40q: %w", block.Type, err)
		}
	}
	if a.Identity == nil || s.signing == nil {
		return a, s, fmt.Errorf("%w: an export has an agent and its signing key", ErrMalformed)
	}
	return a, s, a.owns(s)
}

func takeBlock(a *Agent, s *secrets, block *pem.Block) error {
	var err error
	twice := fmt.Errorf("%w: it stands twice", ErrMalformed)
	switch block.Type {
	case pemAgent:
		if a.Identity != nil {
			return twice
		}
		*a, err = parsePublic(block.Bytes)
		a.CertificatePath, a.RotationKeyPath = "", ""
	case pemKey, pemRotationKey:
		into := &s.signing
		if block.Type == pemRotationKey {
			into = &s.rotation
		}
		if *into != nil {
			return twice
		}
		*into, err = parseKey(pem.EncodeToMemory(&pem.Block{Type: pemKey, Bytes: block.Bytes}))
	case pemCertificate:
		if s.cert != nil {
			return twice
		}
		s.cert, err = records.OpenTombstone(block.Bytes)
	default:
		err = fmt.Errorf("%w: unknown", ErrMalformed)
	}
	return err
}

// owns reports which of the secrets is not the agent's.
func (a Agent) owns(s secrets) error {
	signing, err := publicOf(s.signing)
	if err != nil {
		return err
	}
	own := false
	for _, k := range a.Identity.Genesis().Keys {
		own = own || k == signing
	}
	if !own {
		return fmt.Errorf("signing key: %w", ErrWrongKey)
	}
	if s.rotation != nil && !a.committed(s.rotation) {
		return fmt.Errorf("rotation key: %w", ErrWrongKey)
	}
	if s.cert != nil && s.cert.ID() != a.ID() {
		return fmt.Errorf("certificate: %w", ErrWrongKey)
	}
	return nil
}

// committed reports whether the genesis names the rotation key's digest.
func (a Agent) committed(key ed25519.PrivateKey) bool {
	pub, err := publicOf(key)
	if err != nil {
		return false
	}
	for _, d := range a.Identity.Genesis().Next {
		if d == pub.RotationDigest() {
			return true
		}
	}
	return false
}

func trimSpace(b []byte) []byte { return bytes.TrimSpace(b) }

func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNotFound) }
