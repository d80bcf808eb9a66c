package keyring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cairn-overlay/cairn/records"
)

// issued is what an agent says under a header of its own.
type issued interface {
	ID() records.AgentID
	Issuer() *records.Proof
	Bytes() []byte
}

func (k *Keyring) keep(name, folder, suffix string, what issued, cert *records.Tombstone) (path, certPath string, err error) {
	a, err := k.Get(name)
	if err != nil {
		return "", "", err
	}
	if what.Issuer().ID() != a.ID() || cert.ID() != what.ID() {
		return "", "", fmt.Errorf("agent %q: %w: what is to be kept, or its certificate, is of another", name, ErrWrongKey)
	}
	dir := filepath.Join(a.home, folder)
	if err := makeDirs(dir); err != nil {
		return "", "", fmt.Errorf("agent %q: %w", name, err)
	}
	base := filepath.Join(dir, what.ID().String())
	path, certPath = base+suffix, base+certSuffix
	// The certificate first: what nobody can revoke must not be there to be given away.
	if err := writeNew(certPath, encodeCertificate(cert)); err != nil {
		return "", "", fmt.Errorf("agent %q: %w", name, err)
	}
	if err := writeNew(path, what.Bytes()); err != nil {
		return "", "", fmt.Errorf("agent %q: %w", name, errors.Join(err, os.Remove(certPath)))
	}
	return path, certPath, syncDir(dir)
}

// listed reads what the named agent issued and keeps in that folder of its own, in the order of
// IDs, with one error per file that is none. dir is where the folder is.
func listed[T issued](k *Keyring, name, folder, suffix string, read func(path string) (T, error)) (dir string, all []T, errs []error) {
	a, err := k.Get(name)
	if err != nil {
		return "", nil, []error{err}
	}
	dir = filepath.Join(a.home, folder)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return dir, nil, []error{fmt.Errorf("agent %q: %w", name, err)}
	}
	for _, e := range entries {
		text, ok := strings.CutSuffix(e.Name(), suffix)
		if !ok {
			continue
		}
		what, err := read(filepath.Join(dir, e.Name()))
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("agent %q: %w", name, err))
		case what.ID().String() != text || what.Issuer().ID() != a.ID():
			errs = append(errs, fmt.Errorf("agent %q: %s: %w: it is another one", name, e.Name(), ErrMalformed))
		default:
			all = append(all, what)
		}
	}
	return dir, all, errs
}
