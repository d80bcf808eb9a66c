package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	cleanLog = `{"t":0,"wall":"2000-01-01T00:00:00Z","kind":"run","run":{"world":"sim"}}` + "\n"
	liarsLog = cleanLog + `{"t":1,"wall":"2000-01-01T00:00:00Z","kind":"resolve","phase":"begin","op":1,"node":4,"agent":"bafyreiabaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
{"t":2,"wall":"2000-01-01T00:00:00Z","kind":"resolve","phase":"end","op":1,"node":4,"agent":"bafyreiabaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","status":"active"}
`
)

// The verb says what it found, and its exit code whether it did.
func TestAudit(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	clean, liars, junk := write("clean.jsonl", cleanLog), write("liars.jsonl", liarsLog), write("junk.jsonl", "once upon a time\n")
	for _, row := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"clean", []string{clean}, exitOK, "", "1 events, 0 violations"},
		{"a violation", []string{clean, liars}, exitFailed, "liars.jsonl: line 3: proven: node 4 on ", "3 events, 1 violations"},
		{"as JSON", []string{"-o", "json", liars}, exitFailed, `"line":3,"rule":"proven","text":"node 4`, ""},
		{"no log", []string{junk}, exitUsage, "", "junk.jsonl: audit: line 1: not an operations log"},
		{"no file", []string{filepath.Join(dir, "nothing")}, exitUsage, "", "nothing"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var stdout, stderr screen
			code := run(t.Context(), append([]string{"audit"}, row.args...), env{stdout: &stdout, stderr: &stderr, self: nowhere})
			if code != row.code || !strings.Contains(stdout.text(), row.stdout) || !strings.Contains(stderr.text(), row.stderr) {
				t.Errorf("exit code %d, want %d\nstdout: %s\nstderr: %s", code, row.code, stdout.text(), stderr.text())
			}
		})
	}
}
