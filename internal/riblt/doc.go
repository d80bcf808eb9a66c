// Package riblt finds the difference of two sets in bytes proportional to that
// difference, without knowing its size beforehand: a rateless invertible Bloom
// lookup table, after Yang, Gilad and Alizadeh, "Practical Rateless Set
// Reconciliation", SIGCOMM 2024. It is pure: no I/O, clock or goroutine.
//
// One side, the [Encoder], turns its set into an endless sequence of coded
// symbols. The other side, the [Decoder], computes the same sequence over its
// own set, subtracts the two, and what is left depends only on the items that
// one side lacks. After about 1.35 symbols per difference in the limit, and up
// to about 2 when there are few, it knows them all and says stop:
//
//	enc := riblt.NewEncoder(key, theirs)        dec := riblt.NewDecoder(key, ours, 0)
//	b := enc.Next(64).Append(nil)        -->    run, err := riblt.ParseRun(b, 64)
//	                                            err = dec.Add(run)
//	... until ...                               dec.Done(): dec.Missing(), dec.Extra()
//
// # How it works
//
// A symbol holds three sums over the items in it: the XOR of the items, the XOR
// of their checks, and their number. Item membership thins out along the
// sequence: every item is in symbol 0, and an item is in symbol i with
// probability 2/(i+2), so about 2 ln(m) times in the first m symbols, at places
// that follow from the item and the key alone. A difference of any size
// therefore meets a stretch of symbols that suits it. Where a subtracted symbol
// holds one item, its sum is that item; taking it out of its other symbols
// lays bare the next (peeling), until every symbol is empty.
//
// The places are computed in integers, with one correctly rounded square root,
// so every machine finds the same ones.
//
// # Keys and collisions
//
// Items must be a keyed hash of what they stand for, cut to 128 bits, and
// [Key] and the hash's key must be fresh in every session and drawn by both
// sides together. Nobody outside the session then knows an item or a check when
// choosing what to plant in a set: two of n things share an item with
// probability under n²/2^129 (2^-82 for 10^7), and nobody can steer that, aim
// at one node, or carry a success into the next session. Without a key an
// attacker plants things whose items or checks cancel, and reconciliation of
// their neighbours fails for ever.
//
// A [Prefix] is the exception: symbols under a key that everybody knows, kept up to
// date as the set grows, so that a session need not go through it. Two items that
// share a seed, 2^32 tries for whoever plants them, are never told apart while both
// are in a difference, and sums can be forged that pass for an item. Its results are
// a guess, therefore: the caller must compare the sets afterwards by other means,
// and go through them under a fresh key where the guess was wrong or took too long.
//
// The peer of the session does know the key. It can only harm its own session:
// see Decoder.
//
// # The 32-bit check, and what the caller must verify
//
// A check is the low half of SipHash-2-4 of the item under the session key; the
// whole of it seeds the item's places. XORed items pass for a single one, a
// false peel, only if the count is 1 or -1, the 32-bit check fits (2^-32), and
// the impostor belongs in that symbol (2/(i+2)). A symbol is looked at when it
// arrives and when an item leaves it, which happens to symbol i about 2d/(i+2)
// times for d differences, so a session of m symbols sees a false peel with
// probability under
//
//	sum over i of (1 + 2d/(i+2)) · 2/(i+2) · 2^-32  <  (2 ln(m+1) + 2.6 d) / 2^32
//
// which is 8e-9 for d = 10 and 7e-7 for d = 1,000, and in truth less, as the
// count seldom fits while a symbol is full. Nearly all of these are noticed at
// once as [ErrCorrupt]; one that is not stays plausible only if no later symbol
// tells the impostor from the items it hides. 64 bits would cost four bytes
// more per symbol, a fifth, and would not spare the caller the following, since
// a peer may lie:
//
//   - whatever the peer sends for a missing item is hashed again and compared;
//     a peer that cannot produce it has failed the session;
//   - a missing item that the local set has, or an extra one that it lacks, fails
//     the session too;
//   - a failed session is repeated under a fresh key, or with another peer.
package riblt
