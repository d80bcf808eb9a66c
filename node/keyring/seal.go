package keyring

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// Passphrase gives the passphrase of a key file that has one. It is called once at most.
type Passphrase func() (string, error)

// scryptWork is what guessing at a passphrase costs: 2 to this power rounds of scrypt, about
// a second. mostScryptWork is what is borne in a key file from elsewhere.
const (
	scryptWork     = 18
	mostScryptWork = 22
)

// NewKeyFile writes a new key file: an age identity, which opens what is sealed with it,
// itself locked with a passphrase unless that is empty. It
// belongs on another disk than the keyring, or into a store of credentials. A file in the
// way is ErrExists.
func NewKeyFile(path, passphrase string) error { return newKeyFile(path, passphrase, scryptWork) }

func newKeyFile(path, passphrase string, work int) error {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	text := fmt.Appendf(nil, "# opens the keys of cairn agents; public key: %s\n%s\n", id.Recipient(), id)
	if passphrase != "" {
		lock, err := age.NewScryptRecipient(passphrase)
		if err != nil {
			return fmt.Errorf("key file: %w", err)
		}
		lock.SetWorkFactor(work)
		if text, err = encrypt(text, lock); err != nil {
			return fmt.Errorf("key file: %w", err)
		}
	}
	if err := writeNew(path, text); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// Unlock names the key file with which the keyring reads sealed keys, and seals those that it
// writes from now on, and who knows its passphrase, nil where it has none. The file is read
// whenever it is needed, one with a passphrase once, and for nothing else: agents are
// listed and revoked without it. Unlock is to be called before the keyring is shared.
func (k *Keyring) Unlock(keyFile string, passphrase Passphrase) {
	k.seal = &seal{path: keyFile, passphrase: passphrase}
}

// CheckKeyFile reports why the file that [Keyring.Unlock] named is no key file: one X25519
// identity of age, mode 0600, in the clear or locked with a passphrase; nil where none was named.
func (k *Keyring) CheckKeyFile() error {
	if k.seal == nil {
		return nil
	}
	_, err := k.seal.identity()
	return err
}

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
type seal struct {
	path       string
	passphrase Passphrase

	mu    sync.Mutex
	known *age.X25519Identity // what a passphrase opened; owned by mu
}

// identity reads the key file.
func (s *seal) identity() (*age.X25519Identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known != nil {
		return s.known, nil
	}
	b, err := readFile(s.path, true)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	locked := sealed(b) || bytes.HasPrefix(b, []byte(ageIntro))
	if locked {
		if b, err = s.unlock(b); err != nil {
			return nil, fmt.Errorf("key file %s: %w", s.path, err)
		}
	}
	ids, err := age.ParseIdentities(bytes.NewReader(b))
	if err == nil && len(ids) == 1 {
		if id, ok := ids[0].(*age.X25519Identity); ok {
			if locked {
				s.known = id
			}
			return id, nil
		}
	}
	return nil, fmt.Errorf("key file %s: %w: want one line AGE-SECRET-KEY-1..., as age-keygen writes it, or the same encrypted by age -p", s.path, ErrMalformed)
}

// ageIntro begins a file of age that is not armored.
const ageIntro = "age-encryption.org/"

// unlock opens a key file that is locked with a passphrase.
func (s *seal) unlock(b []byte) ([]byte, error) {
	if s.passphrase == nil {
		return nil, fmt.Errorf("%w with a passphrase", ErrLocked)
	}
	passphrase, err := s.passphrase()
	if err != nil {
		return nil, fmt.Errorf("%w with a passphrase: %w", ErrLocked, err)
	}
	key, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, fmt.Errorf("%w with a passphrase: %w", ErrLocked, err)
	}
	key.SetMaxWorkFactor(mostScryptWork)
	var in io.Reader = bytes.NewReader(b)
	if sealed(b) {
		in = armor.NewReader(in)
	}
	r, err := age.Decrypt(in, key)
	if errors.Is(err, age.ErrIncorrectIdentity) {
		return nil, fmt.Errorf("%w with another passphrase", ErrLocked)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return readAll(r)
}

// readAll reads what was encrypted.
func readAll(r io.Reader) ([]byte, error) {
	plain, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil || len(plain) > maxFile {
		return nil, fmt.Errorf("%w: damaged, or too long", errors.Join(ErrMalformed, err))
	}
	return plain, nil
}

// encrypt encrypts to one who can open it.
func encrypt(plain []byte, to age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	w, err := age.Encrypt(armored, to)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	_, err = w.Write(plain)
	if err = errors.Join(err, w.Close(), armored.Close()); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return out.Bytes(), nil
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
	return encrypt(plain, id.Recipient())
}

// sealed reports whether a file is encrypted.
func sealed(b []byte) bool { return bytes.HasPrefix(b, []byte(armor.Header)) }

// Sealed reports whether the agent's signing key is encrypted on the disk.
func (a Agent) Sealed() bool {
	b, err := readFile(filepath.Join(a.home, a.signingFile), false)
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
	plain, err := readAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return plain, nil
}
