package attack

import (
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/cairn-overlay/cairn/records"
)

// ForgedRotation is the rotation that a thief of a signing key would make: to keys of its own,
// signed by what it has, with all else as it should be.
func ForgedRotation(victim *records.Proof, hot records.Signer) (Value, error) {
	own := victim.Own()
	var next [32]byte
	_, _ = rand.Read(next[:]) // never fails, by its contract
	head, key := own.Head(), hot.Public().Bytes()
	payload := []any{own.Number() + 1, head[:], [][]byte{key}, [][]byte{key}, [][]byte{next[:]}}
	sig, err := signAs(hot, records.RotationType, payload)
	if err != nil {
		return Value{}, err
	}
	link, err := firstLink(victim)
	if err != nil {
		return Value{}, err
	}
	var events []cbor.RawMessage
	if err := cbor.Unmarshal(link[2], &events); err != nil {
		return Value{}, fmt.Errorf("attack: forge: %w", err)
	}
	return value(victim.ID(), []any{records.RotationType, link[0], link[1], append(anyOf(events), []any{payload, [][]byte{sig}})})
}

// ForgedTombstone is the victim's header with a secret that its thief has guessed.
func ForgedTombstone(victim *records.Proof) (Value, error) {
	var guess [32]byte
	_, _ = rand.Read(guess[:]) // never fails, by its contract
	return opened(victim, 0, guess)
}

// CopiedTombstone is the victim's header with the secret that ended another agent in the place of
// the lock that both headers have, or of the first one.
func CopiedTombstone(victim *records.Proof, dead *records.Tombstone) (Value, error) {
	var t struct {
		_      struct{} `cbor:",toarray"`
		Header struct {
			_     struct{} `cbor:",toarray"`
			Kind  records.Kind
			End   uint32
			Body  [32]byte
			Locks [][32]byte
		}
		Index int
	}
	if err := cbor.Unmarshal(dead.Bytes(), &t); err != nil {
		return Value{}, fmt.Errorf("attack: forge: %w", err)
	}
	secret := t.Header.Locks[t.Index]
	h, err := records.NewHeader(t.Header.Kind, t.Header.End, t.Header.Body, secret)
	if err != nil {
		return Value{}, fmt.Errorf("attack: forge: %w", err)
	}
	at := slices.Index(victim.Own().Identity().Header().Locks, h.Locks[0])
	return opened(victim, max(at, 0), secret)
}

// opened is the victim's header with something in the place of a lock.
func opened(victim *records.Proof, at int, secret [32]byte) (Value, error) {
	h := victim.Own().Identity().Header()
	h.Locks[at] = secret
	var locks [][]byte
	for _, lock := range h.Locks {
		locks = append(locks, lock[:])
	}
	return value(victim.ID(), []any{[]any{uint64(h.Kind), h.End, h.Body[:], locks}, at})
}

// firstLink is [header, genesis, rotations, consent] of a proof's own agent.
func firstLink(proof *records.Proof) (link []cbor.RawMessage, err error) {
	var links [][]cbor.RawMessage
	if err := cbor.Unmarshal(proof.Bytes(), &links); err != nil {
		return nil, fmt.Errorf("attack: forge: %w", err)
	}
	return links[0], nil
}

// signAs signs [type, payload].
func signAs(key records.Signer, as string, payload any) ([]byte, error) {
	message, err := cbor.Marshal([]any{as, payload})
	if err != nil {
		return nil, fmt.Errorf("attack: forge: %w", err)
	}
	return key.Sign(message)
}

// value is what is sent about an agent.
func value(about records.AgentID, what []any) (Value, error) {
	b, err := cbor.Marshal(what)
	if err != nil {
		return Value{}, fmt.Errorf("attack: forge: %w", err)
	}
	return Value{Key: about.Key(), Bytes: b}, nil
}

func anyOf(list []cbor.RawMessage) (all []any) {
	for _, m := range list {
		all = append(all, m)
	}
	return all
}
