package keyring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// publishedFile is there while this directory keeps the agent's lease alive. It says
// no more than that: so much is left when the store that holds the leases is lost.
const publishedFile = "published"

// MarkPublished notes, durably, that the agent is kept alive from here. Again is no
// error.
func (k *Keyring) MarkPublished(name string) error {
	a, err := k.Get(name)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(a.home, publishedFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		err = errors.Join(f.Close(), syncDir(a.home))
	}
	if err != nil {
		return fmt.Errorf("agent %q: %w", name, err)
	}
	return nil
}

// UnmarkPublished takes the note back, durably. It is no error where there is none.
func (k *Keyring) UnmarkPublished(name string) error {
	a, err := k.Get(name)
	if err != nil {
		return err
	}
	err = os.Remove(filepath.Join(a.home, publishedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err = errors.Join(err, syncDir(a.home)); err != nil {
		return fmt.Errorf("agent %q: %w", name, err)
	}
	return nil
}

// Published lists the agents that are noted as kept alive from here.
func (k *Keyring) Published() []Agent {
	agents, _ := k.List() // what cannot be read cannot be kept alive either
	var noted []Agent
	for _, a := range agents {
		if _, err := os.Stat(filepath.Join(a.home, publishedFile)); err == nil {
			noted = append(noted, a)
		}
	}
	return noted
}
