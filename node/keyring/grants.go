package keyring

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cairn-overlay/cairn/records"
)

const (
	grantFolder = "grants"
	grantSuffix = ".grant"
	heldFolder  = "held"
	certSuffix  = ".pem"
)

// Kept is a grant that an agent of the keyring issued.
type Kept struct {
	Agent           string // the issuer's name
	Grant           *records.Grant
	Path            string // of the grant itself, which its holder needs
	CertificatePath string // of its revocation certificate, which nobody else may have
}

// KeepGrant writes a grant that the named agent issued, and its revocation certificate,
// into the agent's folder. Both are on disk when it returns.
func (k *Keyring) KeepGrant(name string, g *records.Grant, cert *records.Tombstone) (Kept, error) {
	path, certPath, err := k.keep(name, grantFolder, grantSuffix, g, cert)
	return Kept{Agent: name, Grant: g, Path: path, CertificatePath: certPath}, err
}

// HoldGrant writes a grant that the named agent was given into its folder, so that a node
// can show it, and returns where. One that is there already is ErrExists.
func (k *Keyring) HoldGrant(name string, g *records.Grant) (path string, err error) {
	a, err := k.Get(name)
	if err != nil {
		return "", err
	}
	if g.Audience() != a.ID() {
		return "", fmt.Errorf("agent %q: %w: the grant is for %s", name, ErrWrongKey, g.Audience())
	}
	dir := filepath.Join(a.home, heldFolder)
	if err := makeDirs(dir); err != nil {
		return "", fmt.Errorf("agent %q: %w", name, err)
	}
	path = filepath.Join(dir, g.ID().String()+grantSuffix)
	if err := writeNew(path, g.Bytes()); err != nil {
		return "", fmt.Errorf("agent %q: %w", name, err)
	}
	return path, syncDir(dir)
}

// HeldGrants returns the grants that the named agent was given. Files that are none are
// passed over.
func (k *Keyring) HeldGrants(name string) ([]*records.Grant, error) {
	a, err := k.Get(name)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(a.home, heldFolder, "*"+grantSuffix))
	if err != nil {
		return nil, fmt.Errorf("agent %q: %w", name, err)
	}
	var all []*records.Grant
	for _, path := range files {
		if g, err := readGrant(path); err == nil && g.Audience() == a.ID() {
			all = append(all, g)
		}
	}
	return all, nil
}

func keptAt(name, dir string, g *records.Grant) Kept {
	base := filepath.Join(dir, g.ID().String())
	return Kept{Agent: name, Grant: g, Path: base + grantSuffix, CertificatePath: base + certSuffix}
}

// Grants returns the grants that the named agent issued, in the order of their IDs, and one
// error per file that is none.
func (k *Keyring) Grants(name string) (all []Kept, errs []error) {
	dir, grants, errs := listed(k, name, grantFolder, grantSuffix, readGrant)
	for _, g := range grants {
		all = append(all, keptAt(name, dir, g))
	}
	return all, errs
}

func readGrant(path string) (*records.Grant, error) {
	b, err := readFile(path, false)
	if err != nil {
		return nil, err
	}
	g, err := records.OpenGrant(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrMalformed, err)
	}
	return g, nil
}

// FindGrant returns a grant by its ID, whichever agent here issued it: ErrNotFound where
// none did.
func (k *Keyring) FindGrant(id records.AgentID) (Kept, error) {
	agents, _ := k.List() // a folder that cannot be read holds no grant that is found
	for _, a := range agents {
		dir := filepath.Join(a.home, grantFolder)
		g, err := readGrant(filepath.Join(dir, id.String()+grantSuffix))
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return Kept{}, fmt.Errorf("agent %q: %w", a.Name, err)
		}
		if g.ID() == id {
			return keptAt(a.Name, dir, g), nil
		}
	}
	return Kept{}, fmt.Errorf("grant %s: %w among those that were issued here", id, ErrNotFound)
}

// Certificate returns the grant's revocation certificate. One that was moved away is ErrNoSecret.
func (kept Kept) Certificate() (*records.Tombstone, error) {
	t, err := ReadCertificate(kept.CertificatePath)
	if err != nil {
		return nil, fmt.Errorf("grant: %w", movedAway(err, "it was moved away; name it with --cert FILE"))
	}
	if t.ID() != kept.Grant.ID() {
		return nil, fmt.Errorf("grant: certificate %s: %w: it revokes %s", kept.CertificatePath, ErrWrongKey, t.ID())
	}
	return t, nil
}
