// Package factlog keeps facts on a disk, in the order of their arrival: a log in
// segments that is only ever appended to, beside the index of a [records.FactSet]. It
// belongs to node/store, which guards its files, says when to write, and knows what
// became durable.
//
// # Files
//
// All numbers are little endian. A segment is `<first number, 16 hex digits>.log`:
//
//	"cairnfl1" | serial (8) | epoch (4) | base (8) | end (8) | CRC-32C of these (4)
//	entries, each
//	    CRC-32C of the rest of the entry (4) | size of what follows (2)
//	    number - base (4) | time of arrival, Unix microseconds (8)
//	    source (1: length, or a code of sources) | source | the fact's canonical bytes
//
// Numbers ascend, and a number that is left out was dropped; so were those below end
// that are behind the last entry. A serial belongs to one file for ever. INDEX is a
// checkpoint: which segments there are, how long each was, where every eighth entry is,
// and the index of the set; and what the owner has computed from the same facts, its annex.
//
//	"cairnfi2" | epoch (4) | number of segments (4) | each: base (8) serial (8)
//	    size (8) entries (8) marks (4), each: number - base (4) place (4)
//	what FactSet.WriteIndex wrote | size of the annex (4) | annex | CRC-32C of all before (4)
//
// # Promises
//
//   - What Append returned nil for is on disk, in its order, under its number.
//   - A crash at any moment, with any part of what was not synced, leaves the facts
//     that Append had returned for, and perhaps some behind them that it had not.
//   - Open reads INDEX and what was appended since, and no other fact. Where INDEX is
//     missing or damaged all facts are read, and Progress is told.
//   - The annex that Open finds is of the facts that INDEX is of, with what was dropped by
//     then: what came since is behind, and nothing else is different.
//   - Each entry is checked when it is read, by its checksum and by the fact's own proof.
//     One that does not verify counts as absent; Damaged is told.
//   - Where files or acknowledged entries are missing, and that can be known, Open says
//     ErrCorrupt and changes nothing.
//
// # Dropping
//
// Retain writes each segment that has something to drop anew, beside the old one, and
// renames it: a crash leaves the one or the other. The epoch, one higher with each
// Retain, tells an older INDEX from one that knows what was dropped.
package factlog
