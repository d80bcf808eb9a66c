package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cairn-overlay/cairn/node/store"
)

// checkStopped looks at what a daemon that does not run would stand on. why says that none
// does.
func checkStopped(s *session, why error) ([]finding, error) {
	down := finding{Check: "daemon", Level: levelFail, Says: why.Error()}
	if s.global.target(s.env) != "" {
		down.Remedy = "look at the address in --api or $CAIRN_API, and whether a daemon runs there"
		return []finding{down, checkLimits()}, nil
	}
	down.Remedy = "start it: cairn daemon" + s.dirFlag()
	dir, err := s.dir()
	if err != nil {
		return nil, err
	}
	found := []finding{down, checkDir(s, dir)}
	if found[1].Level == levelFail {
		return append(found, checkLimits()), nil
	}
	for _, name := range []string{"node.key", "token"} {
		if f, ok := checkSecret(filepath.Join(dir, name)); ok {
			found = append(found, f)
		}
	}
	found = append(found, checkStore(s)...)
	return append(found, checkFree(dir), checkLimits()), nil
}

func checkDir(s *session, dir string) finding {
	f := finding{Check: "directory", Level: levelOK, Says: dir}
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		f.Level, f.Says, f.Remedy = levelWarn, dir+" is not there yet", "a daemon makes it; to make it beforehand: cairn init"+s.dirFlag()
	case err != nil:
		f.Level, f.Says, f.Remedy = levelFail, err.Error(), "run it as the user whom the directory belongs to, or name another with --dir"
	case !info.IsDir():
		f.Level, f.Says, f.Remedy = levelFail, dir+" is no directory", "name another with --dir"
	}
	return f
}

// checkSecret looks at a file that nobody else may read; there is nothing to say where it is
// missing or as it should be.
func checkSecret(path string) (finding, bool) {
	f := finding{Check: filepath.Base(path), Level: levelFail}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return f, false
	case err != nil:
		f.Says, f.Remedy = err.Error(), "run it as the user whom the file belongs to"
	case info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/':
		f.Says, f.Remedy = fmt.Sprintf("%s may be read by others (mode %04o), and a daemon refuses to start", path, info.Mode().Perm()), "run: chmod 600 "+path
	default:
		return f, false
	}
	return f, true
}

func checkFree(dir string) finding {
	f := finding{Check: "disk", Level: levelOK, Says: "the system does not tell what is free"}
	free, err := store.FreeBytes(dir)
	if err != nil {
		return f
	}
	f.Says = showBytes(free) + " free"
	if free < lowDisk {
		f.Level, f.Remedy = levelWarn, "make room: below "+showBytes(store.DefaultMinFree)+" others' records are refused"
	}
	return f
}
