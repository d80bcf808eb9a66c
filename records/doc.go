// Package records is Cairn's ground floor: who an agent is, what may be said of
// it, by whom, and which statement wins. It holds pure values only: no I/O, no
// clock, no goroutine, no network. Time, randomness and keys come in as
// arguments.
//
//	agent, err := records.NewIdentity(genesis, end, secret)     // keys are the caller's
//	rec, err := records.Sign(agent, signer, records.Draft{...}) // where it is, for an hour
//	v, err := records.OpenFor(agent.ID().Key(), bytes)          // what somebody sent: verified, or an error
//	err = rec.ValidAt(time.Now())                               // whether the lease holds
//	dead, err := agent.Header().Reveal(secret)                  // the end of it
//
// What can go wrong says one of the sentinel errors: ErrMalformed and ErrTooLarge (not
// our bytes, or not the one form of them), ErrInvalidSignature, ErrWrongSubject (a good
// value of somebody else), ErrExpired and ErrNotYetValid (by the time that was given).
//
// # Identity
//
// Everything revocable is a [Header]: a kind, an end, the hash of a body and one
// to three locks. The hash of the header is the [AgentID], so an ID proves itself:
// whoever holds the header can check it offline, from its bytes alone. The body
// of an agent's header is its [Genesis]: signing keys, digests of the next
// rotation keys, an optional parent, a nonce. Header and genesis together are an
// [Identity].
//
// # Statements
//
// A [Record] says where an agent is: a signed lease on a list of endpoints. A
// [Tombstone] says that an agent is no more: it is the header with one lock
// replaced by the secret that opens it. Revealing the secret is the revocation;
// no signature and no clock takes part, so a tombstone never becomes invalid and
// nobody but a holder of a secret can make one.
//
// An agent outlives its keys: its [Chain] hands it over to new ones, and two chains that
// contradict each other are a [Duplicity]. Tombstones, chains and proofs of duplicity are
// facts, of which [Join] keeps the strongest. A [Proof] carries an agent's chain and those of
// its ancestors; whether it is up to date is asked with [Proof.Standing].
//
// Beside records an agent signs a [Grant] of a part of its authority, a [Claim] about another
// agent, or a [Possession], which shows that it is there; nodes sign a [Receipt].
//
// # Verified by construction
//
// A Record or Tombstone value exists only after verification: it comes from
// [Sign], [Header.Reveal], [Open] or one of the typed Open functions. No exported
// decode skips the check. Decoding is strict: one byte sequence per value, in
// deterministic DAG-CBOR. Whether a record is current is a question with a time
// in it: [Record.ValidAt]. A tombstone has no such method.
//
// # Which statement wins
//
// [Compare] is a total order on the values of one agent: a tombstone beats every
// record, then the higher rotation number, then the higher sequence, then the
// lower hash. It asks no clock, so every order of arrival ends in the same state.
//
// The byte formats are specified in docs/spec/001-records.md, with vectors.
package records
