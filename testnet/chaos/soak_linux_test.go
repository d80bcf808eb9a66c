//go:build soak

package chaos

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Three daemons live through 20 seconds of everything, and nothing of it stays behind.
func TestSoakChaos(t *testing.T) {
	if err := Check(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"cairn", "cairn-testnet"} {
		build := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(dir, name), "../../cmd/"+name)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	before := devices(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var out bytes.Buffer
	code, err := Enter(ctx, filepath.Join(dir, "cairn-testnet"),
		[]string{"chaos", "--nodes", "3", "--for", "20s", "--seed", "1", "--replication", "3", "--keep", filepath.Join(dir, "logs")}, &out, &out)
	if err != nil && strings.Contains(err.Error(), "CAP_SYS_ADMIN") {
		t.Skip(err)
	}
	t.Logf("%s", &out)
	if err != nil || code != 0 {
		t.Errorf("exit code %d, %v", code, err)
	}
	for _, want := range []string{"packets lost", "packets dropped", "processes ended", "resolve active"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if after := devices(t); after != before {
		t.Errorf("before: %s, after: %s", before, after)
	}
	if _, err := os.Stat(labDir); err == nil {
		t.Errorf("%s is there outside", labDir)
	}
}

// devices says which network devices there are outside, and with which addresses.
func devices(t *testing.T) string {
	t.Helper()
	out, err := run("", "ip", "-brief", "address")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
