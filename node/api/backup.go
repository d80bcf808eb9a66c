package api

import (
	"bufio"
	"io"
)

// backupPiece is how many bytes of a backup go out at once.
const backupPiece = 64 << 10

// getBackup streams a backup of the store. The answer begins with its first bytes, so that
// what cannot be begun is a problem.
func (s *server) getBackup(c *call) error {
	w := &backupWriter{s: s, c: c}
	pieces := bufio.NewWriterSize(w, backupPiece)
	err := s.node.Backup(c.r.Context(), pieces)
	if err == nil {
		err = pieces.Flush()
	}
	if w.st == nil {
		return err
	}
	defer w.st.close()
	if err != nil {
		return w.st.fail(err) // no end of an archive: whoever reads on finds it cut short
	}
	return nil
}

// backupWriter is a stream that is opened by the first write.
type backupWriter struct {
	s  *server
	c  *call
	st *stream
}

// Write sends a piece of the archive.
func (w *backupWriter) Write(p []byte) (int, error) {
	if w.st == nil {
		st, err := w.s.openStream(w.c, streamMode{media: typeTar})
		if err != nil {
			return 0, err
		}
		w.st = st
	}
	if !w.st.put(0, p) {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}
