// Package store keeps what must survive a restart of a node: facts, records and
// the highest rank seen of each agent, the node's own leases, known peers and
// small settings. All but the facts stand in Pebble, an LSM tree in pure Go, which
// no other package knows. Facts have a log of their own (package factlog): they come
// in an order, never change, and are many.
//
//	s, err := store.Open(dir, store.Options{})      // ErrInUse, ErrCorrupt, ErrNewerFormat
//	err = s.PutRecord(ctx, rec, false, now)         // on disk when nil; records.ErrStale, ErrFull
//	rec, err := s.Record(id)                        // nil, nil where there is none
//	for f, err := range s.Facts(cursor) { ... }     // in order of arrival, from any cursor
//	err = s.Close()
//
// # Promises
//
//   - A write that returned nil is on disk: its log entry was synced. Writers that
//     arrive during a sync share the next one.
//   - A fact, once stored, stays, until RetainFacts drops it. Its cursor never changes
//     and no other fact gets it, and no cursor is shown before its fact is synced, so a
//     reader may resume from any cursor it was given, also after a power cut, and where
//     that fact was dropped.
//   - A fact is in force before it is on disk: [Store.AddFact] puts it into the set that
//     all parts of a node share, and [Store.SyncFacts] waits for the disk.
//   - An agent never rolls back: [Store.PutRecord] refuses what ranks below the
//     highest record seen, also where that record was dropped or swept meanwhile
//     or the process was restarted, and refuses every record of a subject with a
//     fact.
//   - Bytes are not trusted because they come from our own disk: records and facts
//     are verified again when they are read. What does not verify is counted
//     ([Counts].Corrupt) and treated as absent.
//   - What strangers send is bounded: [Options].MaxRecordBytes for their records,
//     [Options].MinFree for the disk as a whole.
//   - A failing disk stops the store, never the process: see below.
//
// # Life of a store
//
//	Open, Memory ---> open ---------- Close ---------> closed    ErrClosed
//	                   |                                 ^
//	                   | the log or the manifest         |
//	                   | cannot be written               |
//	                   v                                 |
//	                broken (ErrBroken) ---- Close -------+
//
// An open store whose disk has too little room refuses writes with [ErrFull], reads
// on, and takes writes again once there is room.
//
// Where the log or the manifest cannot be written, nobody can tell what the disk
// holds, so the store breaks: the engine is frozen at that instant as by a power
// cut, running and later calls return [ErrBroken], and [Options].OnFatal is told.
// Close gives the directory free; a new Open finds everything that was
// acknowledged. The frozen engine's memory stays in use until the process ends.
//
// A disk that hangs, or has no room for the engine's tables, holds up no caller for
// longer than its context, or half a minute ([ErrStalled]).
//
// Close may be called once from any goroutine; it refuses new calls, waits for
// running ones, then closes the files. Iterators hold nothing between two items:
// a store may be written, or closed, in the middle of a loop over it.
//
// # Time
//
// The store reads no wall clock: times come in as arguments and are kept to the
// microsecond. A lease lasts at most 24 hours ([records.MaxLease]) and a record is
// issued at most seconds ahead of its reader, so every record that was issued
// before a mark's last sighting has expired 24 hours after it. One hour is added
// for the clocks of others: [Store.Sweep] forgets a mark 25 hours after its last
// sighting, and PutRecord refuses a record whose lease ended an hour ago. Together
// these leave no moment at which an old record gets back in.
//
// # Keys
//
// The first byte is the table. Numbers are big endian, so that they sort.
//
//	v                  format version (4 bytes)
//	n                  counters and number of the batch: see counts.go
//	r | agent (32)     canonical bytes of the newest record
//	m | agent (32)     its mark, last sighting, lease end, size, owner: see mark.go
//	l | agent (32)     own lease: see lease.go
//	q | agent (32)     highest sequence reserved or used for an own agent
//	p | peer ID        known peer: see peer.go
//	x | key            settings
//
// A record and its mark are written in one batch; the counters go into every batch. A
// record whose subject has a fact is not shown, and dropped by the next Sweep: so a fact
// takes no look at the engine. The format version is raised together with a release
// note; a store of a newer format is refused, and the facts of format 1, which kept them
// in the engine, are moved when it is opened.
//
// # Memory and files
//
// Block cache 16 MiB, memtables of 4 MiB (at most 4 before writers wait), at most
// 256 open files. A log is at most about one memtable long, so opening replays at
// most some 16 MiB. Bloom filters keep the question "is this subject known" off
// the disk where the answer is no.
//
// The log of facts is in the folder facts, in files of 16 MiB that stay open. A fact with
// one lock takes 97 bytes there and 10 to 15 in memory, which a start reads back from a
// file of the same size; and the latest 16,384 facts are in memory whole.
//
// # Backups
//
// [Store.Backup] gives the files second names in a folder beside the store, in
// milliseconds, and writes these as a tar archive: the engine's checkpoint, CHECK with what
// was on disk before it, the files of the log of facts in facts/, and at last END, without
// which a backup was cut short. [Restore] takes nothing else, verifies all, and only then
// gives the folder its name. A backup of an older format is brought up to this one's.
//
// # Damage
//
// Blocks and log entries carry checksums; damage to them is [ErrCorrupt], from Open
// or from the call that reads them. The engine alone would take a manifest or a log
// that lost its end for one whose end was never written. The file CHECK has the
// number of a batch that is on disk, and how many facts had come: a store with fewer of
// either is ErrCorrupt too, and Open
// removes no file before it knows. What cannot be told apart is left: after a kill
// or a power cut, damage to the entries that were synced since the last table was
// written, at the end of the newest log, looks like a write that was cut short. A damaged
// fact is absent from when it is read on; its subject's next one is taken.
package store
