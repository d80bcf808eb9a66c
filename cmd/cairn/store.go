package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/store"
)

// storeCmd is about what a node keeps on its disk.
type storeCmd struct {
	Stats  storeStatsCmd  `cmd:"" help:"Say what the store holds, and how much room it takes."`
	Verify storeVerifyCmd `cmd:"" help:"Read and verify all of a store, or of a backup."`
	Export storeExportCmd `cmd:"" help:"Write a backup of the store, while the daemon runs or not."`
	Import storeImportCmd `cmd:"" help:"Bring a store back from a backup."`
}

func (storeCmd) Help() string {
	return `The store has every revocation that the node knows, the records it holds, its own leases, and its peers. A backup of it is not needed for the revocations, which peers bring back, but saves a node without peers, and the first hours of one with many. It has no keys: those are node.key and agents/ in the data directory, which change rarely and are copied as files.

    cairn store export backup.tar
    cairn store verify backup.tar
    cairn store import backup.tar`
}

// storeReport is what was found in a store or a backup.
type storeReport struct {
	store.Report
	From string `json:"from"`
}

func (v storeReport) show(t *text) {
	t.line("%s", v.From)
	t.field("format", "%d", v.Format)
	t.field("revocations", "%d", v.Facts)
	t.field("records", "%d", v.Records)
	t.field("own leases", "%d", v.Leases)
	t.field("on the disk", "%s", showBytes(v.Bytes))
	if v.Damaged == 0 {
		t.field("verified", "every block, record and revocation")
	} else {
		t.field("damaged", "%d values do not verify, and count as absent", v.Damaged)
	}
}

// storeDir is the store of the data directory.
func (s *session) storeDir() (string, error) {
	dir, err := s.dir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "store")
	if _, err := os.Stat(dir); err != nil {
		return "", &failure{exitNotFound, fmt.Errorf("no store: %w", err), "name the data directory with --dir"}
	}
	return dir, nil
}

// openStore opens the store of the data directory, which no daemon may have open. One of
// an older version stays as it is, and is refused: whoever only looks must not take the way
// back from him who keeps the older program.
func (s *session) openStore() (*store.Store, string, error) {
	dir, err := s.storeDir()
	if err != nil {
		return nil, "", err
	}
	st, err := store.Open(dir, store.Options{Logger: s.log, KeepFormat: true})
	return st, dir, err
}

// backup writes a backup: the daemon does it, or where none runs this process.
func (s *session) backup(w io.Writer) error {
	err := s.withStream(func(ctx context.Context, c *api.Client) error { return c.Backup(ctx, w) })
	if !errors.Is(err, api.ErrNotRunning) || s.global.target(s.env) != "" {
		return err
	}
	st, _, err := s.openStore()
	if err != nil {
		return err
	}
	return errors.Join(st.Backup(s.ctx, w), st.Close())
}

type storeStatsCmd struct{}

func (storeStatsCmd) Help() string {
	return `Reads all of the store; beside a daemon that runs, a backup that it writes, which takes room for a second one in $TMPDIR.

    cairn store stats
    cairn store stats -o json`
}

// Run is verify of the data directory.
func (storeStatsCmd) Run(s *session) error { return (&storeVerifyCmd{}).Run(s) }

type storeVerifyCmd struct {
	File string `arg:"" optional:"" help:"Backup. - is standard input; without one, the store of the data directory."`
}

func (storeVerifyCmd) Help() string {
	return `Reads every block with its checksum, and every record and revocation with what proves it. A backup is unpacked in $TMPDIR for that, and so is the store of a daemon that runs. Exit code 0 where all is well, 1 where anything is damaged or cut short.

    cairn store verify
    cairn store verify backup.tar
    cairn store export - --dir a | cairn store verify -`
}

// Run verifies.
func (c *storeVerifyCmd) Run(s *session) error {
	if c.File != "" {
		r, err := s.openBackup(c.File)
		if err != nil {
			return err
		}
		defer r.Close()
		return s.verifyBackup(c.File, r)
	}
	st, dir, err := s.openStore()
	if errors.Is(err, store.ErrInUse) {
		r, w := io.Pipe()
		go func() { w.CloseWithError(s.backup(w)) }()
		return s.verifyBackup(dir, r)
	}
	if err != nil {
		return err
	}
	found, err := st.Verify(s.ctx)
	if err = errors.Join(err, st.Close()); err != nil {
		return err
	}
	return s.verified(dir, found)
}

// openBackup opens a backup's file, or standard input.
func (s *session) openBackup(file string) (io.ReadCloser, error) {
	if file == "-" {
		return io.NopCloser(s.env.stdin), nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, usage(err, "name a file that cairn store export wrote, or - for standard input")
	}
	return f, nil
}

// verifyBackup reads all of a backup in a folder of its own.
func (s *session) verifyBackup(from string, r io.ReadCloser) error {
	scratch, err := os.MkdirTemp("", "cairn-verify-")
	if err != nil {
		return usage(err, "set $TMPDIR to a folder with room for the store")
	}
	defer os.RemoveAll(scratch)
	found, err := store.VerifyBackup(s.ctx, filepath.Join(scratch, "store"), r, store.Options{Logger: s.log})
	if err = errors.Join(err, r.Close()); err != nil {
		return &failure{exitFailed, err, "this is no good backup: make another one with cairn store export" + s.dirFlag()}
	}
	return s.verified(from, found)
}

func (s *session) verified(from string, found store.Report) error {
	if err := s.print(storeReport{found, from}); err != nil {
		return err
	}
	if found.Damaged > 0 {
		return exitFailed
	}
	return nil
}

type storeExportCmd struct {
	File string `arg:"" help:"File to write; it must not exist. - is standard output."`
}

func (storeExportCmd) Help() string {
	return `Writes the store as it is at one moment, as a tar archive. A daemon goes on meanwhile, and answers, stores and forwards as ever. It needs no room but for the file itself. Agents' keys are not in it, nor is the node's: copy agents/ and node.key besides, or "cairn agent export" each agent.

    cairn store export backup.tar
    cairn store export - --dir a | ssh elsewhere 'cat > a.tar'`
}

// exportedStore says what was written.
type exportedStore struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
}

func (v exportedStore) show(t *text) {
	t.line("wrote %s to %s", showBytes(v.Bytes), v.File)
	t.field("next", "cairn store verify %s", v.File)
}

// Run writes the file, and leaves none behind where that fails.
func (c *storeExportCmd) Run(s *session) error {
	if c.File == "-" {
		if isTerminal(s.env.stdout) {
			return badInput("name a file, or pipe it on", "bytes do not go to a terminal")
		}
		return s.backup(s.env.stdout)
	}
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usage(err, "name a file that does not exist")
	}
	if err != nil {
		return usage(err, "name a file that can be written")
	}
	err = errors.Join(s.backup(f), f.Sync())
	info, statErr := f.Stat()
	if err = errors.Join(err, statErr, f.Close()); err != nil {
		return errors.Join(err, os.Remove(c.File))
	}
	return s.print(exportedStore{c.File, info.Size()})
}

type storeImportCmd struct {
	File string `arg:"" help:"File that cairn store export wrote. - is standard input."`
}

func (storeImportCmd) Help() string {
	return `Makes the store of the data directory out of a backup. No store may be there, and no daemon run on it; what the backup has is verified first, and nothing is left where it is damaged. A backup of an older version is brought up to this one; one of a newer version is refused. What the network learned since the backup, it brings back when the node joins; an agent that published since may have its next publish refused once as outdated, and publishes again. Keys are in no backup: copy agents/ and node.key back besides.

    cairn stop && mv ~/.cairn/store ~/.cairn/store.old
    cairn store import backup.tar
    cairn daemon`
}

// Run restores.
func (c *storeImportCmd) Run(s *session) error {
	dir, err := s.dir()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	r, err := s.openBackup(c.File)
	if err != nil {
		return err
	}
	defer r.Close()
	to := filepath.Join(dir, "store")
	found, err := store.Restore(s.ctx, to, r, store.Options{Logger: s.log})
	switch {
	case errors.Is(err, fs.ErrExist):
		return usage(err, "stop the daemon, and move the store that is there away: mv %s %s.old", to, to)
	case errors.Is(err, store.ErrCorrupt):
		return &failure{exitFailed, err, "nothing was changed; take another backup, or start the daemon without: peers bring the facts back"}
	case err != nil:
		return err
	}
	if err := s.print(storeReport{found, to}); err != nil {
		return err
	}
	if keys := filepath.Join(dir, "agents"); !exists(keys) {
		s.warn("no agent's keys are here, and a backup has none: copy agents/ back, or cairn agent import each; without them own leases end")
	}
	return nil
}
