package keyring

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// obituaryFile is in the agent's folder once its obituary was signed.
const obituaryFile = "own.obituary"

// ObituaryOptions are what an obituary says, and by which key.
type ObituaryOptions struct {
	Reason    records.Reason   // must be one of those of records
	Successor *records.AgentID // the agent that takes its place; nil: none does
	At        time.Time        // when the agent was ended, to the second; zero means now
	ColdKey   string           // where the rotation key is now; empty means where it was put
}

// Obituary signs the obituary of the named agent with its rotation key, which stays, and keeps
// it in the agent's folder, at path. A second one is ErrExists, since of two that differ none
// is followed.
func (k *Keyring) Obituary(name string, opts ObituaryOptions) (o *records.Obituary, path string, err error) {
	a, err := k.Get(name)
	if err != nil {
		return nil, "", err
	}
	if opts.At.IsZero() {
		opts.At = time.Now()
	}
	key, err := a.rotationKeyAt(opts.ColdKey)
	if err != nil {
		return nil, "", err
	}
	cold, err := records.NewEd25519Signer(key)
	if err != nil {
		return nil, "", err
	}
	if o, err = a.Proof.Own().Obituary(opts.Reason, opts.At, opts.Successor, cold); err != nil {
		return nil, "", fmt.Errorf("agent %q: %w", name, err)
	}
	path = filepath.Join(a.home, obituaryFile)
	err = writeNew(path, o.Bytes())
	if errors.Is(err, ErrExists) {
		return nil, "", fmt.Errorf("agent %q: its obituary was signed before, and of two that differ none is followed: %w", name, err)
	}
	if err = errors.Join(err, syncDir(a.home)); err != nil {
		return nil, "", fmt.Errorf("agent %q: obituary: %w", name, err)
	}
	return o, path, nil
}
