package keyring

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Remove takes an agent away with the secrets in its folder; what was put elsewhere
// stays there. It is for an agent that nobody has heard of: whoever was ever
// published needs its certificate.
func (k *Keyring) Remove(name string) error {
	a, err := k.Get(name)
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(k.dir, unfinished)
	if err != nil {
		return fmt.Errorf("agent %q: %w", name, err)
	}
	// The name is gone at once: a crash in between leaves what is tidied later.
	err = os.Rename(a.home, filepath.Join(tmp, name))
	if err = errors.Join(err, os.RemoveAll(tmp)); err != nil {
		return fmt.Errorf("agent %q: %w", name, err)
	}
	return syncDir(k.dir)
}
