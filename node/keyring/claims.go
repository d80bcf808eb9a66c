package keyring

import (
	"fmt"
	"path/filepath"

	"github.com/cairn-overlay/cairn/records"
)

const (
	claimFolder = "claims"
	claimSuffix = ".claim"
)

// KeptClaim is a claim that an agent of the keyring issued.
type KeptClaim struct {
	Agent           string // the issuer's name
	Claim           *records.Claim
	Path            string // of the claim itself, which its subject needs
	CertificatePath string // of its revocation certificate, which nobody else may have
}

// KeepClaim is KeepGrant for a claim.
func (k *Keyring) KeepClaim(name string, c *records.Claim, cert *records.Tombstone) (KeptClaim, error) {
	path, certPath, err := k.keep(name, claimFolder, claimSuffix, c, cert)
	return KeptClaim{Agent: name, Claim: c, Path: path, CertificatePath: certPath}, err
}

// Claims returns the claims that the named agent issued, in the order of their IDs, and one
// error per file that is none.
func (k *Keyring) Claims(name string) (all []KeptClaim, errs []error) {
	dir, claims, errs := listed(k, name, claimFolder, claimSuffix, readClaim)
	for _, c := range claims {
		base := filepath.Join(dir, c.ID().String())
		all = append(all, KeptClaim{Agent: name, Claim: c, Path: base + claimSuffix, CertificatePath: base + certSuffix})
	}
	return all, errs
}

func readClaim(path string) (*records.Claim, error) {
	b, err := readFile(path, false)
	if err != nil {
		return nil, err
	}
	c, err := records.OpenClaim(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrMalformed, err)
	}
	return c, nil
}
