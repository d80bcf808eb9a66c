package keyring

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cairn-overlay/cairn/records"
)

// RotateOptions of a rotation.
type RotateOptions struct {
	ColdKey         string    // where the rotation key is now; empty means where it was put
	RotationKeyPath string    // where the next one goes; empty means into the agent's folder
	Rand            io.Reader // nil means crypto/rand
}

// Rotate hands the named agent over to a new signing key, by its rotation key, which is used
// up with it, and commits to a new one. All is on disk when it returns; on error nothing has
// changed. left are files of keys that are of no use any more and could not be removed:
// whoever finds the rotation key among them can bring the agent into conflict.
//
// Agents of this keyring that the agent is the parent of, and theirs, get its consent anew.
func (k *Keyring) Rotate(name string, opts RotateOptions) (a Agent, left []string, err error) {
	old, err := k.Get(name)
	if err != nil {
		return Agent{}, nil, err
	}
	cold, err := old.rotationKeyAt(opts.ColdKey)
	if err != nil {
		return Agent{}, nil, err
	}
	a, s, err := old.rotated(cold, opts.Rand)
	if err != nil {
		return Agent{}, nil, fmt.Errorf("agent %q: %w", name, err)
	}
	number := a.Proof.Own().Number()
	a.signingFile = fmt.Sprintf("key-%d.pem", number)
	if a.RotationKeyPath, err = k.place(name, fmt.Sprintf("rotation-%d.pem", number), opts.RotationKeyPath); err != nil {
		return Agent{}, nil, err
	}
	if err := a.writeRotated(s); err != nil {
		return Agent{}, nil, fmt.Errorf("agent %q: %w", name, err)
	}
	return a, old.removeKeys(), k.consentAnew(a)
}

// removeKeys removes the keys of an agent that newer ones replaced, and returns those left.
func (a Agent) removeKeys() (left []string) {
	for _, path := range []string{filepath.Join(a.home, a.signingFile), a.RotationKeyPath} {
		if path == "" {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			left = append(left, path)
		}
	}
	return left
}

// rotated is the agent after a rotation, with new secrets.
func (a Agent) rotated(cold ed25519.PrivateKey, random io.Reader) (Agent, secrets, error) {
	if random == nil {
		random = rand.Reader
	}
	var seeds [2][ed25519.SeedSize]byte
	for i := range seeds {
		if _, err := io.ReadFull(random, seeds[i][:]); err != nil {
			return a, secrets{}, fmt.Errorf("draw its keys: %w", err)
		}
	}
	s := secrets{signing: ed25519.NewKeyFromSeed(seeds[0][:]), rotation: ed25519.NewKeyFromSeed(seeds[1][:])}
	signing, err1 := publicOf(s.signing)
	next, err2 := publicOf(s.rotation)
	signer, err3 := records.NewEd25519Signer(cold)
	if err := errors.Join(err1, err2, err3); err != nil {
		return a, s, err
	}
	chain, err := a.Proof.Own().Rotate([]records.PublicKey{signing}, [][32]byte{next.RotationDigest()}, signer)
	if err != nil {
		return a, s, err
	}
	a.Proof, err = a.Proof.Renewed(chain)
	return a, s, err
}

// writeRotated writes the new keys, and then agent.json, which makes them the agent's.
func (a Agent) writeRotated(s secrets) (err error) {
	files, err := contents(a, s)
	if err != nil {
		return err
	}
	var written []string
	defer func() {
		for _, path := range written {
			if err != nil {
				err = errors.Join(err, os.Remove(path))
			}
		}
	}()
	for _, f := range files[1:] {
		path := f.path
		if path == "" { // what a crash left there is nobody's key
			path = filepath.Join(a.home, f.name)
			if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		if err := writeNew(path, f.data); err != nil {
			return err
		}
		written = append(written, path)
		if err := syncDir(filepath.Dir(path)); err != nil {
			return err
		}
	}
	return a.replacePublic()
}

// replacePublic writes agent.json anew, whole or not at all.
func (a Agent) replacePublic() error {
	public, err := encodePublic(a)
	if err != nil {
		return err
	}
	path := filepath.Join(a.home, publicFile)
	tmp := path + ".new"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := writeNew(tmp, public); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return syncDir(a.home)
}

// consentAnew gives those of the keyring whom the agent is the parent of its consent under
// its present keys, and theirs below them.
func (k *Keyring) consentAnew(parent Agent) error {
	agents, _ := k.List() // a folder that cannot be read is no child's that could publish
	var errs []error
	for _, child := range agents {
		if of := child.Identity.Genesis().Parent; of == nil || *of != parent.ID() {
			continue
		}
		err := child.adopted(parent)
		if err == nil {
			if child, err = k.Get(child.Name); err == nil {
				err = k.consentAnew(child)
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("agent %q has no consent of its parent's new keys: %w", child.Name, err))
		}
	}
	return errors.Join(errs...)
}

// adopted writes the parent's consent into the agent's proof.
func (a Agent) adopted(parent Agent) error {
	key, err := parent.signingKey()
	if err != nil {
		return err
	}
	signer, err := records.NewEd25519Signer(key)
	if err != nil {
		return err
	}
	if a.Proof, err = parent.Proof.Adopt(a.Proof.Own(), signer); err != nil {
		return err
	}
	return a.replacePublic()
}
