package keyring

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// The types of PEM blocks.
const (
	pemKey         = "PRIVATE KEY"
	pemCertificate = "CAIRN REVOCATION CERTIFICATE"
)

// publicJSON is agent.json.
type publicJSON struct {
	ID          records.AgentID `json:"id"`
	DID         string          `json:"did"`
	Created     time.Time       `json:"created"`
	End         time.Time       `json:"end"`
	Header      []byte          `json:"header"`
	Genesis     []byte          `json:"genesis"`
	Certificate string          `json:"certificate,omitempty"`
	RotationKey string          `json:"rotation_key,omitempty"`
}

func encodePublic(a Agent) ([]byte, error) {
	b, err := json.MarshalIndent(publicJSON{
		ID: a.ID(), DID: a.ID().DID(), Created: a.Created, End: a.Identity.End(),
		Header: a.Identity.HeaderBytes(), Genesis: a.Identity.GenesisBytes(),
		Certificate: a.CertificatePath, RotationKey: a.RotationKeyPath,
	}, "", "  ")
	return append(b, '\n'), err
}

// parsePublic reads agent.json and verifies that header and genesis belong to the ID.
func parsePublic(b []byte) (Agent, error) {
	var p publicJSON
	if err := json.Unmarshal(b, &p); err != nil {
		return Agent{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	ident, err := records.OpenIdentity(p.Header, p.Genesis)
	if err != nil {
		return Agent{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if ident.ID() != p.ID {
		return Agent{}, fmt.Errorf("%w: the id is not the header's", ErrMalformed)
	}
	return Agent{Identity: ident, Created: p.Created, CertificatePath: p.Certificate, RotationKeyPath: p.RotationKey}, nil
}

// contents encodes an agent's files, each with its absolute place. The secrets that are not at hand are left out.
func contents(a Agent, s secrets) ([]file, error) {
	public, err := encodePublic(a)
	if err != nil {
		return nil, err
	}
	signing, err := encodeKey(s.signing)
	if err != nil {
		return nil, err
	}
	files := []file{{a.homeFile(publicFile), public}, {a.homeFile(signingFile), signing}}
	if s.rotation != nil {
		key, err := encodeKey(s.rotation)
		if err != nil {
			return nil, err
		}
		files = append(files, file{a.RotationKeyPath, key})
	}
	if s.cert != nil {
		files = append(files, file{a.CertificatePath, encodeCertificate(s.cert)})
	}
	return files, nil
}

func encodeKey(key ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemKey, Bytes: der}), nil
}

// readPrivateKey reads a PKCS#8 Ed25519 key file that nobody else may read.
func readPrivateKey(path string) (*records.Ed25519Signer, error) {
	b, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return records.NewEd25519Signer(key)
}

func parseKey(b []byte) (ed25519.PrivateKey, error) {
	block, rest := pem.Decode(b)
	if block == nil || block.Type != pemKey || len(trimSpace(rest)) != 0 {
		return nil, fmt.Errorf("%w: want one PEM block %q", ErrMalformed, pemKey)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: not an Ed25519 key", ErrMalformed)
	}
	return key, nil
}

func encodeCertificate(t *records.Tombstone) []byte {
	return pem.EncodeToMemory(&pem.Block{
		Type:    pemCertificate,
		Headers: map[string]string{"Agent": t.ID().String(), "Warning": "whoever has this file can end the agent, for good"},
		Bytes:   t.Bytes(),
	})
}

// ReadCertificate reads a revocation certificate from a file. Mode bits are not
// judged: it may lie on a medium that has none.
func ReadCertificate(path string) (*records.Tombstone, error) {
	b, err := readBounded(path)
	if err != nil {
		if isMissing(err) {
			return nil, fmt.Errorf("certificate %s: %w", path, ErrNotFound)
		}
		return nil, fmt.Errorf("certificate: %w", err)
	}
	t, err := ParseCertificate(b)
	if err != nil {
		return nil, fmt.Errorf("certificate %s: %w", path, err)
	}
	return t, nil
}

// ParseCertificate reads the PEM form, or the bare bytes of a tombstone.
func ParseCertificate(b []byte) (*records.Tombstone, error) {
	raw := b
	if block, rest := pem.Decode(b); block != nil {
		if block.Type != pemCertificate || len(trimSpace(rest)) != 0 {
			return nil, fmt.Errorf("%w: a PEM block %.40q, want one %q", ErrMalformed, block.Type, pemCertificate)
		}
		raw = block.Bytes
	}
	t, err := records.OpenTombstone(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return t, nil
}

// homeFile is the path of a file in the agent's own folder.
func (a Agent) homeFile(name string) string { return filepath.Join(a.home, name) }
