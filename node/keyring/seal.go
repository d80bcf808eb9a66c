package keyring

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// NewKeyFile writes a new key file: an age identity, which opens what is sealed with it. It
// belongs on another disk than the keyring, or into a store of credentials. A file in the
// way is ErrExists.
func NewKeyFile(path string) error {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	text := fmt.Sprintf("# opens the keys of cairn agents; public key: %s\n%s\n", id.Recipient(), id)
	if err := writeNew(path, []byte(text)); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// CheckKeyFile reports why a file is no key file: one X25519 identity of age, mode 0600.
func CheckKeyFile(path string) error {
	_, err := (&seal{path}).identity()
	return err
}

// Unlock names the key file with which the keyring reads sealed keys, and seals those that it
// writes from now on. The file is read whenever it is needed, and for nothing else: agents are
// listed and revoked without it. Unlock is to be called before the keyring is shared.
func (k *Keyring) Unlock(keyFile string) { k.seal = &seal{keyFile} }

// Seal seals the keys of an agent that are not sealed yet, in their places: its signing
// key and, where it is at hand, its rotation key. Each file is replaced at once and whole.
func (k *Keyring) Seal(name string) error {
	if k.seal == nil {
		return fmt.Errorf("agent %q: %w: no key file was named", name, ErrLocked)
	}
	a, err := k.Get(name)
	if err != nil {
		return err
	}
	signing, err := a.signingKey()
	if err != nil {
		return err
	}
	if err := a.replaceKey(filepath.Join(a.home, a.signingFile), signing); err != nil {
		return fmt.Errorf("agent %q: %w", name, err)
	}
	rotation, err := a.rotationKey()
	if errors.Is(err, ErrNoSecret) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := a.replaceKey(a.RotationKeyPath, rotation); err != nil {
		return fmt.Errorf("agent %q: %w", name, err)
	}
	return nil
}

// replaceKey puts the sealed form of a key in the place of whatever form is there.
func (a Agent) replaceKey(path string, key ed25519.PrivateKey) error {
	data, err := a.seal.encodeKey(pemKey, key)
	if err != nil {
		return err
	}
	tmp := path + ".new"
	if err := writeNew(tmp, data); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return syncDir(filepath.Dir(path))
}

// seal encrypts and opens keys with a key file, in age's format. A nil seal writes them as
// they are.
type seal struct{ path string }

// identity reads the key file.
func (s *seal) identity() (*age.X25519Identity, error) {
	b, err := readFile(s.path, true)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	ids, err := age.ParseIdentities(bytes.NewReader(b))
	if err == nil && len(ids) == 1 {
		if id, ok := ids[0].(*age.X25519Identity); ok {
			return id, nil
		}
	}
	return nil, fmt.Errorf("key file %s: %w: want one line AGE-SECRET-KEY-1..., as age-keygen writes it", s.path, ErrMalformed)
}

// encodeKey is encodeKey, sealed.
func (s *seal) encodeKey(block string, key ed25519.PrivateKey) ([]byte, error) {
	plain, err := encodeKey(block, key)
	if err != nil || s == nil {
		return plain, err
	}
	id, err := s.identity()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	w, err := age.Encrypt(armored, id.Recipient())
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	_, err = w.Write(plain)
	if err = errors.Join(err, w.Close(), armored.Close()); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return out.Bytes(), nil
}

// sealed reports whether a file is encrypted.
func sealed(b []byte) bool { return bytes.HasPrefix(b, []byte(armor.Header)) }

// Sealed reports whether the agent's signing key is encrypted on the disk.
func (a Agent) Sealed() bool {
	b, err := readFile(filepath.Join(a.home, signingFile), false)
	return err == nil && sealed(b)
}

// open gives the contents of a file, sealed or not.
func (s *seal) open(path string, b []byte) ([]byte, error) {
	switch {
	case !sealed(b):
		return b, nil
	case s == nil:
		return nil, fmt.Errorf("%s: %w: name the key file that opens it", path, ErrLocked)
	}
	id, err := s.identity()
	if err != nil {
		return nil, err
	}
	r, err := age.Decrypt(armor.NewReader(bytes.NewReader(b)), id)
	var other *age.NoIdentityMatchError
	if errors.As(err, &other) {
		return nil, fmt.Errorf("%s: %w: it was sealed with another key file", path, ErrLocked)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrMalformed, err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil || len(plain) > maxFile {
		return nil, fmt.Errorf("%s: %w: damaged, or too long", path, errors.Join(ErrMalformed, err))
	}
	return plain, nil
}
