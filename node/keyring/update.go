package keyring

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cairn-overlay/cairn/records"
)

// update brings an agent up to date with what was exported of it elsewhere, and returns the
// files of keys that this makes useless and that could not be removed.
func (a Agent) update(from Agent, s secrets) (_ Agent, left []string, err error) {
	old := a
	if a.Proof, err = newest(a.Proof, from.Proof); err != nil {
		return old, nil, err
	}
	here, there := old.Proof.Own().Number(), from.Proof.Own().Number()
	switch {
	case there < here: // of keys that gave way; only the consents are of use
		s.signing, s.rotation = nil, nil
	case there == here:
		if _, err := old.signingKey(); !errors.Is(err, ErrNoSecret) {
			s.signing = nil
		}
		if _, err := old.rotationKey(); !errors.Is(err, ErrNoSecret) {
			s.rotation = nil
		}
	case s.signing == nil:
		return old, nil, fmt.Errorf("%w: the agent's keys were rotated, and the export has none: export it with its key", ErrNoSecret)
	default:
		a.signingFile, a.RotationKeyPath = fmt.Sprintf("key-%d.pem", there), ""
	}
	if s.rotation != nil {
		a.RotationKeyPath = filepath.Join(a.home, fmt.Sprintf("rotation-%d.pem", there))
	}
	if _, err := old.certificate(); !errors.Is(err, ErrNoSecret) {
		s.cert = nil
	}
	if s.cert != nil {
		a.CertificatePath = filepath.Join(a.home, certificateFile)
	}
	if err := a.writeRotated(s); err != nil {
		return old, nil, err
	}
	if there > here {
		if _, err := old.rotationKey(); err != nil {
			old.RotationKeyPath = "" // what is there now is not the one that was used up
		}
		left = old.removeKeys()
	}
	return a, left, nil
}

// newest joins two proofs of one agent: the longer chain of its own, and the ancestors of the one
// that knows more of their rotations. It is ErrOlder where there has nothing newer, and lacks
// something, or where each lacks something of the ancestors.
func newest(here, there *records.Proof) (*records.Proof, error) {
	ours, theirs := here.Ancestors(), there.Ancestors()
	own, fits := records.Join(here.Own(), there.Own()).(*records.Chain)
	if !fits || len(ours) != len(theirs) {
		return nil, fmt.Errorf("%w: the rotations contradict those that are here", records.ErrConflict)
	}
	newer, older := false, false
	for i := range ours {
		if _, fits := records.Join(ours[i], theirs[i]).(*records.Chain); !fits {
			return nil, fmt.Errorf("%w: the rotations of %s contradict those that are here", records.ErrConflict, ours[i].ID())
		}
		newer = newer || theirs[i].Number() > ours[i].Number()
		older = older || theirs[i].Number() < ours[i].Number()
	}
	switch {
	case newer && older:
		return nil, fmt.Errorf("%w: and newer, each of another ancestor: export it where both are known", ErrOlder)
	case newer:
		return there.Renewed(own)
	case own.Number() == here.Own().Number() && (older || there.Own().Number() < own.Number()):
		return nil, fmt.Errorf("%w: keys were rotated since it was exported", ErrOlder)
	}
	return here.Renewed(own)
}
