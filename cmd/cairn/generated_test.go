package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The bash script completes verbs, verbs of verbs, and flags, wherever the cursor is.
func TestCompletionInBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("SKIPPED: no bash here to complete in")
	}
	_, script, _ := runIn(t, "", nil, "completion", "bash")
	for _, tt := range []struct{ line, want string }{
		{"cairn res", "resolve"},
		{"cairn agent ne", "new"},
		{"cairn --dir x agent ne", "new"},
		{"cairn store ", "stats verify export import"},
		{"cairn daemon --boot", "--bootstrap"},
		{"cairn config show --prof", "--profile"},
		{"cairn agent new --no-such", ""},
		{"cairn completion ", ""},
	} {
		words := strings.Split(tt.line, " ")
		ask := script + "\nCOMP_CWORD=" + itoa(len(words)-1) + "; COMP_WORDS=("
		for _, w := range words {
			ask += "'" + w + "' "
		}
		out, err := exec.Command(bash, "-c", ask+"); _cairn; echo ${COMPREPLY[@]}").CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != tt.want {
			t.Errorf("%q: %q, %v, want %q", tt.line, got, err, tt.want)
		}
	}
}

// Every shell's script is one that the shell can read, where the shell is here.
func TestCompletionsParse(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		code, script, _ := runIn(t, "", nil, "completion", shell)
		if code != exitOK || !strings.Contains(script, "publish") || !strings.Contains(script, "bootstrap") {
			t.Errorf("%s: exit code %d", shell, code)
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("SKIPPED: no %s here to read its script", shell)
			continue
		}
		file := filepath.Join(t.TempDir(), shell)
		if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(path, "-n", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
}

// Every verb has a manual page with its flags and an example, and roff has no complaint.
func TestManual(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	if code, _, stderr := runIn(t, "", nil, "man", dir); code != exitOK {
		t.Fatal(stderr)
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Log("SKIPPED: no groff here to set the pages")
	}
	for _, verb := range leaves(t) {
		path := filepath.Join(dir, strings.ReplaceAll(verb.FullPath(), " ", "-")+".1")
		page, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, f := range verb.Flags {
			if !f.Hidden && !strings.Contains(string(page), roff("--"+f.Name)) {
				t.Errorf("%s lacks --%s", path, f.Name)
			}
		}
		for line := range strings.Lines(string(page)) {
			if strings.HasPrefix(line, "'") {
				t.Errorf("%s: a line that roff takes for a request: %s", path, line)
			}
		}
		if groff != "" {
			if out, err := exec.Command(groff, "-man", "-Tascii", "-ww", "-z", path).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%s: %v\n%s", path, err, out)
			}
		}
	}
}
