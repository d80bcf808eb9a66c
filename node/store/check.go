package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// checkFile holds the number of a batch that is on disk, the number of facts that had
// come, and a CRC-32C of both. The
// engine takes a manifest or a log that lost its end for one whose end was never
// written, and goes on without tables full of data. The file, written whenever a
// table was and at Close, lets the store see it: fewer batches than it says are
// damage. A file that is itself damaged says nothing.
const checkFile = "CHECK"

// check is what the file says: the number of a batch that is on disk, and how many facts
// had come that are.
type check struct{ batch, facts uint64 }

const checkSize = 8 + 8 + 4

// readCheck returns what the check file says, nothing where there is none to trust.
func readCheck(disk vfs.FS, dir string) check {
	f, err := disk.Open(disk.PathJoin(dir, checkFile))
	if err != nil {
		return check{}
	}
	defer f.Close()
	b := make([]byte, checkSize+1)
	n, err := io.ReadFull(f, b)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		return check{}
	}
	return decodeCheck(b[:n])
}

// decodeCheck reads what encode wrote, or the file of format 1, which has no facts.
func decodeCheck(b []byte) (c check) {
	n := len(b) - 4
	if n != checkSize-4 && n != 8 || binary.BigEndian.Uint32(b[n:]) != checkSum(b[:n]) {
		return check{}
	}
	c.batch = binary.BigEndian.Uint64(b)
	if n > 8 {
		c.facts = binary.BigEndian.Uint64(b[8:])
	}
	return c
}

func (c check) encode() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, checkSize), c.batch)
	b = binary.BigEndian.AppendUint64(b, c.facts)
	return binary.BigEndian.AppendUint32(b, checkSum(b))
}

func checkSum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// writeCheck replaces the check file with the number of the last synced batch. A
// store that did not load keeps the file that it found.
func (s *Store) writeCheck() error {
	c := check{batch: s.synced.Load(), facts: uint64(s.facts.written.Load())}
	if c.batch == 0 {
		return nil
	}
	name := s.guard.PathJoin(s.dir, checkFile)
	f, err := s.guard.Create(name+".new", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(c.encode())
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := s.guard.Rename(name+".new", name); err != nil {
		return err
	}
	dir, err := s.guard.OpenDir(s.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// keepCheck writes the check file when it is woken, and once more at the end. Between
// them it lets the engine merge tables, when the start is over.
func (s *Store) keepCheck() {
	defer close(s.checked)
	rest := time.NewTimer(restAfterOpen)
	defer rest.Stop()
	for more := true; more; {
		select {
		case <-rest.C:
			s.merges.wake()
			continue
		case <-s.wake:
		case <-s.broken:
			return
		case <-s.quit:
			more = false
		}
		if err := s.writeCheck(); err != nil {
			s.opts.Logger.Warn("store: the check file was not written", "err", err)
		}
	}
}

// wakeCheck asks for the check file to be written soon. It never waits: the engine
// calls it with its locks held.
func (s *Store) wakeCheck() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// compareCheck refuses a store that has lost batches, before anything is removed.
func (s *Store) compareCheck(t tally, want uint64) error {
	if t.batch >= want {
		return nil
	}
	return fmt.Errorf("%w: %d batches of at least %d are there, the end of the manifest or of the log is lost; the files are left as they are: restore the directory, or move it away and join again", ErrCorrupt, t.batch, want)
}

// checkNames refuses a directory with data but without the marker that says which
// manifest counts: the engine would begin anew.
func checkNames(dir string, names []string) error {
	data := ""
	for _, name := range names {
		switch {
		case strings.HasPrefix(name, "marker.manifest."):
			return nil
		case strings.HasSuffix(name, ".sst"), strings.HasSuffix(name, ".log"):
			data = name
		}
	}
	if data != "" {
		return fmt.Errorf("%w: %s has %s and no marker of a manifest; restore the directory, or move it away and join again", ErrCorrupt, dir, data)
	}
	return nil
}
