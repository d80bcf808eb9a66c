// Package keyring keeps the keys of a node's own agents in files, one folder per
// agent under <data directory>/agents. It works with and without a daemon.
//
//	agents/NAME/agent.json       public: ID, header, genesis, where the secrets were put
//	agents/NAME/key.pem          signing key, PKCS#8 Ed25519, 0600: signs records
//	agents/NAME/rotation.pem     rotation key, PKCS#8 Ed25519, 0600: belongs off this disk
//	agents/NAME/certificate.pem  revocation certificate, 0600: belongs off this disk
//
// The certificate is the agent's tombstone, not yet shown to anybody: whoever has
// it can end the agent, and can do nothing else. A secret file that others may
// read is refused. A folder appears whole or not at all: it is written beside its
// place, synced, and renamed.
package keyring
