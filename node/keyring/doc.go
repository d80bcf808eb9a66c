// Package keyring keeps the keys of a node's own agents in files, one folder per
// agent under <data directory>/agents. It works with and without a daemon, and from
// several processes at once: a folder appears whole or not at all; afterwards files
// are only added to it, or sealed.
//
//	keys, err := keyring.Open(dir)
//	agent, err := keys.New("translator", keyring.NewOptions{})  // ErrExists, ErrName
//	signer, err := keys.Signer("translator")                    // ErrPermissions, ErrUnreadable
//	tombstone, err := keys.Certificate("translator")            // ErrNoSecret where it was put elsewhere
//
//	agents/NAME/agent.json       public: ID, header, genesis, where the secrets were put
//	agents/NAME/key.pem          signing key, PKCS#8 Ed25519, 0600: signs records
//	agents/NAME/rotation.pem     rotation key, PKCS#8 Ed25519, 0600: belongs off this disk
//	agents/NAME/published        there while this directory keeps the agent's lease alive
//	agents/NAME/certificate.pem  revocation certificate, 0600: belongs off this disk
//	agents/NAME/grants/ID.grant  a grant that the agent issued
//	agents/NAME/grants/ID.pem    its revocation certificate, 0600
//
// # Secrets
//
// The certificate is the agent's tombstone, not yet shown to anybody: whoever has
// it can end the agent, and can do nothing else. The rotation key is for the day
// when the signing key must be replaced. Both can be put elsewhere from the start
// ([NewOptions]); agent.json then has their absolute path, or they can be moved away
// later. A key file that others may read is refused ([ErrPermissions]). A
// certificate is not: in an emergency it must work from any medium, and to use it
// is to publish it.
//
// # Sealed keys
//
// With a key file ([NewKeyFile], [Keyring.Unlock]) signing and rotation keys are written
// encrypted, in age's format, and read again; [Keyring.Seal] encrypts those that are there.
// Without the key file such a key is [ErrLocked]. Certificates stay as they are: in an
// emergency nothing may stand before them. An export is not sealed.
//
// # Writing
//
// New and Import write a folder beside its place (.new-*), sync every file and
// folder, and rename. A crash in between leaves no agent; what it leaves is removed
// an hour later by the next New or Import. Secrets that go elsewhere are written
// just before the rename, since a folder and another disk cannot change in one step:
// a crash at that moment leaves files there whose agent does not exist. They are
// never written over: a path in use is [ErrExists].
//
// Paths inside an agent's folder are stored relative to it, so a data directory can
// be moved or restored elsewhere, and a folder renamed.
//
// # Export
//
// An export is one text file of PEM blocks: "CAIRN AGENT" (the public part),
// "PRIVATE KEY" (the signing key, unless it is left out), and, only when asked for, "CAIRN REVOCATION
// CERTIFICATE" and "CAIRN ROTATION KEY". Import holds each block against the
// identity before it writes anything. Where the agent is here already, Import brings it up to
// date: it writes new keys beside the old ones, then agent.json, which makes them the agent's,
// and removes the old ones last. An export without the key, which is no secret, carries
// rotations and consents alone.
package keyring
