package keyring

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"fmt"
	"io"
	"path/filepath"
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
	WithoutKey  bool // no signing key: rotations and consents alone, for where the agent is already
}

// Export writes the agent as one portable file of PEM blocks: its public part, its
// signing key unless opts leaves it out, and what opts asks for. Each is checked first, so that what was
// written can be imported; a secret that was moved away is ErrNoSecret.
func (k *Keyring) Export(name string, w io.Writer, opts ExportOptions) error {
	a, err := k.Get(name)
	if err != nil {
		return err
	}
	bare := a
	bare.CertificatePath, bare.RotationKeyPath, bare.SeedPath, bare.signingFile = "", "", "", signingFile
	public, err := encodePublic(bare)
	if err != nil {
		return err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: pemAgent, Bytes: public})
	if !opts.WithoutKey {
		key, err := a.signingKey()
		if err != nil {
			return err
		}
		signing, err := encodeKey(pemKey, key)
		if err != nil {
			return err
		}
		out = append(out, signing...)
	}
	if opts.Certificate {
		t, err := a.certificate()
		if err != nil {
			return err
		}
		out = append(out, encodeCertificate(t)...)
	}
	if opts.RotationKey {
		key, err := a.rotationKey()
		if err != nil {
			return err
		}
		rotation, err := encodeKey(pemRotationKey, key)
		if err != nil {
			return err
		}
		out = append(out, rotation...)
	}
	_, err = w.Write(out)
	return err
}

// Import reads what Export wrote and keeps it under a name. Every part is checked
// against the identity before anything is written. An agent that is here under that name is
// brought up to date: newer rotations with their key, and newer consents, take the place of
// what is here, whole or not at all, and no key is lost that still signs; an export without
// anything newer that lacks something is ErrOlder, one that contradicts what is here
// records.ErrConflict. left is as with Rotate. A name that another agent has, and an identity
// that is here under another name, are ErrExists: two copies would sign one sequence twice.
func (k *Keyring) Import(name string, r io.Reader) (a Agent, left []string, err error) {
	if err := CheckName(name); err != nil {
		return Agent{}, nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return Agent{}, nil, fmt.Errorf("import: %w", err)
	}
	if len(b) > maxFile {
		return Agent{}, nil, fmt.Errorf("import: %w: over %d bytes", ErrMalformed, maxFile)
	}
	a, s, err := parseExport(b)
	if err != nil {
		return Agent{}, nil, fmt.Errorf("import: %w", err)
	}
	if held, err := k.Find(a.ID()); err == nil {
		if held.Name != name {
			return Agent{}, nil, fmt.Errorf("import: agent %s %w here as %q: import it under that name to bring it up to date", a.ID(), ErrExists, held.Name)
		}
		if a, left, err = held.update(a, s); err != nil {
			err = fmt.Errorf("import %q: %w", name, err)
		}
		return a, left, err
	}
	if k.taken(name) {
		return Agent{}, nil, fmt.Errorf("agent %q %w: choose another name", name, ErrExists)
	}
	if s.signing == nil {
		return Agent{}, nil, fmt.Errorf("import %q: %w: the export has no key, and the agent is not here: export it with its key", name, ErrNoSecret)
	}
	a.Name, a.home, a.seal = name, filepath.Join(k.dir, name), k.seal
	if s.cert != nil {
		a.CertificatePath = filepath.Join(a.home, certificateFile)
	}
	if s.rotation != nil {
		a.RotationKeyPath = filepath.Join(a.home, rotationFile)
	}
	if err := k.create(a, s); err != nil {
		return Agent{}, nil, fmt.Errorf("import %q: %w", name, err)
	}
	return a, nil, nil
}

// parseExport reads the blocks of an export, in any order and each once, and holds
// the secrets against the identity.
func parseExport(b []byte) (Agent, secrets, error) {
	var a Agent
	var s secrets
	for rest := bytes.TrimSpace(b); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		if !bytes.HasPrefix(rest, []byte("-----BEGIN ")) {
			return a, s, fmt.Errorf("%w: not an export of an agent, which is PEM blocks and nothing else", ErrMalformed)
		}
		before := len(rest)
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || len(rest) == before {
			return a, s, fmt.Errorf("%w: a PEM block that is cut short or damaged", ErrMalformed)
		}
		if err := takeBlock(&a, &s, block); err != nil {
			return a, s, fmt.Errorf("block %.40q: %w", block.Type, err)
		}
	}
	if a.Identity == nil {
		return a, s, fmt.Errorf("%w: an export has a block %q", ErrMalformed, pemAgent)
	}
	return a, s, a.owns(s)
}

// takeBlock reads one block of an export.
func takeBlock(a *Agent, s *secrets, block *pem.Block) (err error) {
	twice := false
	switch block.Type {
	case pemAgent:
		twice = a.Identity != nil
		*a, err = parsePublic(block.Bytes, "")
		a.CertificatePath, a.RotationKeyPath, a.SeedPath, a.signingFile = "", "", "", signingFile // of the machine that it comes from
	case pemKey:
		twice = s.signing != nil
		s.signing, err = parseKey(block.Bytes)
	case pemRotationKey:
		twice = s.rotation != nil
		s.rotation, err = parseKey(block.Bytes)
	case pemCertificate:
		twice = s.cert != nil
		s.cert, err = certificateOf(block)
	default:
		err = fmt.Errorf("%w: unknown", ErrMalformed)
	}
	if twice {
		return fmt.Errorf("%w: it stands twice", ErrMalformed)
	}
	return err
}

// owns reports which of the secrets is not the agent's.
func (a Agent) owns(s secrets) error {
	switch {
	case s.signing != nil && !a.signs(s.signing):
		return fmt.Errorf("signing key: %w", ErrWrongKey)
	case s.rotation != nil && !a.committed(s.rotation):
		return fmt.Errorf("rotation key: %w", ErrWrongKey)
	case s.cert != nil && s.cert.ID() != a.ID():
		return fmt.Errorf("certificate: %w: it revokes %s", ErrWrongKey, s.cert.ID())
	}
	return nil
}

func publicKeyOf(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }
