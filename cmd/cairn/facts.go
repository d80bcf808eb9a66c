package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

// factsCmd carries facts where no network does.
type factsCmd struct {
	Export factsExportCmd `cmd:"" help:"Write all revocations that the node holds into a file."`
	Import factsImportCmd `cmd:"" help:"Take the revocations of such a file, each of which proves itself."`
}

func (factsCmd) Help() string {
	return `A node gets the revocations of its network by itself. Where it cannot, behind an air gap or over a line that is too thin for the first million, a file carries them. Nobody need be trusted with it: each revocation proves itself, and one that does not is refused.

    cairn facts export facts.cairn
    cairn facts import facts.cairn`
}

type factsExportCmd struct {
	File string `arg:"" help:"File to write; it must not exist. - is standard output."`
}

func (factsExportCmd) Help() string {
	return `Writes what the daemon holds when the export begins, in order of arrival. A million revocations are 78 MB.

    cairn facts export facts.cairn
    cairn facts export - | ssh elsewhere cairn facts import -`
}

// exportedFacts says what was written.
type exportedFacts struct {
	Facts int    `json:"facts"`
	File  string `json:"file"`
}

func (v exportedFacts) show(t *text) { t.line("wrote %d facts to %s", v.Facts, v.File) }

// Run writes the file, and leaves none behind where that fails.
func (c *factsExportCmd) Run(s *session) error {
	if c.File == "-" {
		if isTerminal(s.env.stdout) {
			return badInput("name a file, or pipe it on", "bytes do not go to a terminal")
		}
		n, err := s.exportFacts(s.env.stdout)
		if err == nil {
			s.say("wrote %d facts", n)
		}
		return err
	}
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usage(err, "name a file that does not exist")
	}
	if err != nil {
		return usage(err, "name a file that can be written")
	}
	n, err := s.exportFacts(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(c.File))
	}
	return s.print(exportedFacts{n, c.File})
}

// exportFacts writes all facts of the daemon as a snapshot and returns how many.
func (s *session) exportFacts(to io.Writer) (int, error) {
	w := records.NewSnapshotWriter(to)
	err := s.withStream(func(ctx context.Context, client *api.Client) error {
		st, err := client.Status(ctx)
		if err != nil {
			return err
		}
		bar := s.progress("export")
		defer bar.end()
		for ev, err := range client.Facts(ctx, 0, false) {
			if err != nil {
				return err
			}
			if err := w.Write(ev.Bytes); err != nil {
				return err
			}
			bar.step(st.Facts)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return w.End()
	})
	return w.Len(), err
}

type factsImportCmd struct {
	File string `arg:"" help:"File to read. - is standard input."`
}

func (factsImportCmd) Help() string {
	return `Every fact is verified by the daemon and on its disk before it is counted: new, held already, or refused. They are in force at once; peers get them when they compare facts with this node. To import a file twice does no harm, so an import that broke off is simply begun again. It ends with 1 where anything was refused, or where the file is cut short.

    cairn facts import facts.cairn
    gzip -dc facts.cairn.gz | cairn facts import -`
}

// importedFacts says what became of a snapshot.
type importedFacts struct{ api.ImportResult }

func (v importedFacts) show(t *text) {
	t.line("%d new, %d held already, %d refused", v.New, v.Held, v.Refused)
	if v.Beyond > 0 {
		t.field("beyond", "%d are outside the range of facts that the node keeps", v.Beyond)
	}
	t.field("refused", "%s", v.Reason)
}

// Run sends the facts of the file to the daemon.
func (c *factsImportCmd) Run(s *session) error {
	var r io.Reader = s.env.stdin
	size := int64(0)
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return usage(err, "name a file that cairn facts export wrote, or - for standard input")
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
		r = f
	}
	sum, err := s.importFacts(r, int(size))
	if err == nil || sum.New+sum.Held+sum.Beyond+sum.Refused > 0 {
		err = errors.Join(err, s.print(sum))
	}
	if err == nil && sum.Refused > 0 {
		err = exitFailed.asError()
	}
	return err
}

// importLot is how many bytes of facts go to the daemon at once.
const importLot = 512 << 10

// importFacts sends the facts of a snapshot of so many bytes, lot by lot, and sums what
// the daemon says.
func (s *session) importFacts(from io.Reader, size int) (sum importedFacts, err error) {
	r, err := records.NewSnapshotReader(from)
	if err != nil {
		return sum, usage(err, "name a file that cairn facts export wrote, or - for standard input")
	}
	return sum, s.withStream(func(ctx context.Context, client *api.Client) error {
		bar := s.progress("import")
		defer bar.end()
		var lot bytes.Buffer
		for {
			b, err := r.Next()
			lot.Write(b)
			if lot.Len() < importLot && err == nil {
				continue
			}
			if lot.Len() > 0 { // what came before the file broke off counts
				res, err := client.Import(ctx, lot.Bytes())
				if err != nil {
					return err
				}
				sum.add(res)
				bar.step(max(1, size/importLot+1))
				lot.Reset()
			}
			switch {
			case errors.Is(err, io.ErrUnexpectedEOF):
				return &failure{exitFailed, err, "the file is cut short: what it has was taken"}
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return usage(err, "name a file that cairn facts export wrote")
			}
		}
	})
}

func (v *importedFacts) add(res api.ImportResult) {
	v.New += res.New
	v.Held += res.Held
	v.Beyond += res.Beyond
	v.Refused += res.Refused
	if v.Reason == "" {
		v.Reason = res.Reason
	}
}
