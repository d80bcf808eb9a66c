package keyring

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// The types of PEM blocks.
const (
	pemKey         = "PRIVATE KEY"
	pemCertificate = "CAIRN REVOCATION CERTIFICATE"
	pemSeed        = "CAIRN REVOCATION SEED"
)

// publicJSON is agent.json. What follows from header and genesis stands there for
// people; the name is the one that the agent was made under.
type publicJSON struct {
	ID          records.AgentID `json:"id"`
	DID         string          `json:"did"`
	Name        string          `json:"name,omitempty"`
	Created     time.Time       `json:"created"`
	End         time.Time       `json:"end"`
	Header      []byte          `json:"header"`
	Genesis     []byte          `json:"genesis"`
	Certificate string          `json:"certificate,omitempty"`
	RotationKey string          `json:"rotation_key,omitempty"`
	Seed        string          `json:"revocation_seed,omitempty"` // of whom it spawns
	SigningKey  string          `json:"signing_key,omitempty"`     // its file, where it is not key.pem
	Proof       []byte          `json:"proof,omitempty"`           // where it has rotations or a parent
}

func encodePublic(a Agent) ([]byte, error) {
	p := publicJSON{
		ID: a.ID(), DID: a.ID().DID(), Name: a.Name, Created: a.Created, End: a.Identity.End(),
		Header: a.Identity.HeaderBytes(), Genesis: a.Identity.GenesisBytes(),
		Certificate: a.stored(a.CertificatePath), RotationKey: a.stored(a.RotationKeyPath), Seed: a.stored(a.SeedPath),
	}
	if a.signingFile != signingFile {
		p.SigningKey = a.signingFile
	}
	if a.Proof.Own().Number() > 0 || len(a.Proof.Ancestors()) > 0 {
		p.Proof = a.Proof.Bytes()
	}
	b, err := json.MarshalIndent(p, "", "  ")
	return append(b, '\n'), err
}

// stored is the form of a secret's path in agent.json: one in the agent's own folder
// is relative to it.
func (a Agent) stored(path string) string {
	if path != "" && filepath.Dir(path) == a.home {
		return filepath.Base(path)
	}
	return path
}

// parsePublic reads agent.json, verifies that header and genesis belong to the ID,
// and resolves its paths against the agent's folder. Fields that this build does not
// know are left alone.
func parsePublic(b []byte, home string) (Agent, error) {
	var p publicJSON
	if err := json.Unmarshal(b, &p); err != nil {
		return Agent{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	ident, err := records.OpenIdentity(p.Header, p.Genesis)
	if err != nil {
		return Agent{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if ident.ID() != p.ID || p.DID != p.ID.DID() {
		return Agent{}, fmt.Errorf("%w: the id is not the header's", ErrMalformed)
	}
	a := Agent{Identity: ident, Created: p.Created, home: home, signingFile: signingFile}
	if a.Proof, err = proofOf(ident, p.Proof); err != nil {
		return Agent{}, err
	}
	if p.SigningKey != "" {
		if p.SigningKey != filepath.Base(p.SigningKey) || !filepath.IsLocal(p.SigningKey) {
			return Agent{}, fmt.Errorf("%w: signing key %.80q leads out of the agent's folder", ErrMalformed, p.SigningKey)
		}
		a.signingFile = p.SigningKey
	}
	var err1, err2, err3 error
	a.CertificatePath, err1 = resolve(home, p.Certificate)
	a.RotationKeyPath, err2 = resolve(home, p.RotationKey)
	a.SeedPath, err3 = resolve(home, p.Seed)
	if err := errors.Join(err1, err2, err3); err != nil {
		return Agent{}, err
	}
	return a, nil
}

// proofOf reads the proof of an agent; without one it has neither rotations nor a parent.
func proofOf(ident *records.Identity, raw []byte) (*records.Proof, error) {
	if len(raw) == 0 {
		proof, err := records.NewProof(records.NewChain(ident))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		return proof, nil
	}
	proof, err := records.OpenProof(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if proof.ID() != ident.ID() {
		return nil, fmt.Errorf("%w: the proof is of another", ErrMalformed)
	}
	return proof, nil
}

// resolve makes a stored path absolute. A relative one names a file of the agent's
// folder and nothing else.
func resolve(home, path string) (string, error) {
	switch {
	case path == "":
		return "", nil
	case filepath.IsAbs(path):
		return filepath.Clean(path), nil
	case path != filepath.Base(path) || !filepath.IsLocal(path) || path == ".":
		return "", fmt.Errorf("%w: path %.80q leads out of the agent's folder", ErrMalformed, path)
	}
	return filepath.Join(home, path), nil
}

// contents encodes an agent's files. The secrets that are not at hand are left out.
func contents(a Agent, s secrets) ([]file, error) {
	public, err := encodePublic(a)
	if err != nil {
		return nil, err
	}
	files := []file{{name: publicFile, data: public}}
	if s.signing != nil {
		key, err := a.seal.encodeKey(pemKey, s.signing)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: a.signingFile, data: key})
	}
	if s.rotation != nil {
		key, err := a.seal.encodeKey(pemKey, s.rotation)
		if err != nil {
			return nil, err
		}
		files = append(files, a.secretFile(a.RotationKeyPath, key))
	}
	if s.cert != nil {
		files = append(files, a.secretFile(a.CertificatePath, encodeCertificate(s.cert)))
	}
	return files, nil
}

// secretFile is a secret with its place.
func (a Agent) secretFile(path string, data []byte) file {
	if filepath.Dir(path) == a.home {
		return file{name: filepath.Base(path), data: data}
	}
	return file{path: path, data: data}
}

func encodeKey(block string, key ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: block, Bytes: der}), nil
}

// readKey reads a PKCS#8 Ed25519 key file that nobody else may read, sealed or not.
func (s *seal) readKey(path string) (ed25519.PrivateKey, error) {
	b, err := readFile(path, true)
	if err != nil {
		return nil, err
	}
	if b, err = s.open(path, b); err != nil {
		return nil, err
	}
	block, rest := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%s: %w: no PEM block; bring back the file that was made with the agent", path, ErrMalformed)
	}
	if block.Type != pemKey || len(bytes.TrimSpace(rest)) != 0 {
		return nil, fmt.Errorf("%s: %w: a PEM block %.40q, want one %q and nothing after it", path, ErrMalformed, block.Type, pemKey)
	}
	key, err := parseKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// parseKey reads PKCS#8 bytes.
func parseKey(der []byte) (ed25519.PrivateKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: a %T, want an Ed25519 key", ErrMalformed, parsed)
	}
	return key, nil
}

const (
	headerAgent   = "Agent"
	headerWarning = "Warning"
)

func encodeCertificate(t *records.Tombstone) []byte {
	return pem.EncodeToMemory(&pem.Block{
		Type:    pemCertificate,
		Headers: map[string]string{headerAgent: t.ID().String(), headerWarning: "whoever has this file can end the agent, for good"},
		Bytes:   t.Bytes(),
	})
}

// ReadCertificate reads a revocation certificate from a file: ErrNotFound where
// there is none, ErrMalformed where the file is something else. Mode bits are not
// judged: see the package comment.
func ReadCertificate(path string) (*records.Tombstone, error) {
	b, err := readFile(path, false)
	if err != nil {
		return nil, fmt.Errorf("certificate %w", err)
	}
	t, err := ParseCertificate(b)
	if err != nil {
		return nil, fmt.Errorf("certificate %s: %w", path, err)
	}
	return t, nil
}

// ParseCertificate reads the PEM form, the groups of a printed sheet, or the bare bytes of a
// tombstone.
func ParseCertificate(b []byte) (*records.Tombstone, error) {
	block, rest := pem.Decode(b)
	if block == nil {
		if !isGroups(b) {
			return openCertificate(b)
		}
		raw, err := readGroups(kindCertificate, b)
		if err != nil {
			return nil, err
		}
		return openCertificate(raw)
	}
	if block.Type != pemCertificate || len(bytes.TrimSpace(rest)) != 0 {
		return nil, fmt.Errorf("%w: a PEM block %.40q, want one %q and nothing after it", ErrMalformed, block.Type, pemCertificate)
	}
	return certificateOf(block)
}

// certificateOf reads a PEM block whose label may not lie.
func certificateOf(block *pem.Block) (*records.Tombstone, error) {
	t, err := openCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	if says, ok := block.Headers[headerAgent]; ok && says != t.ID().String() {
		return nil, fmt.Errorf("%w: its label says %.64q, and it revokes %s", ErrMalformed, says, t.ID())
	}
	return t, nil
}

func openCertificate(raw []byte) (*records.Tombstone, error) {
	t, err := records.OpenTombstone(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: no revocation certificate: %w", ErrMalformed, err)
	}
	return t, nil
}
