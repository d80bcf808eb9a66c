package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var allPages = flag.Bool("pages", false, "run every page of the documentation, in namespaces of its own")

// fence is a block of code of a page: its info string, and what is in it.
type fence struct{ info, body string }

// begins is the first line of a block.
func (f fence) begins() string {
	line, _, _ := strings.Cut(f.body, "\n")
	return line
}

// shell reports whether a block is for a shell.
func (f fence) shell() bool { return f.info == "sh" || f.info == "sh daemon" }

var fences = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

func fencesOf(page string) (all []fence) {
	for _, m := range fences.FindAllStringSubmatch(page, -1) {
		all = append(all, fence{m[1], m[2]})
	}
	return all
}

const root = "../../"

func readPage(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(root + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// A walk is a page of the documentation that is run as one session of a shell, in a
// new home, in a folder with bin, deploy, examples and testnet as the repository has them.
type walk struct {
	page   string
	before string // what the page takes for granted
}

// walks are the pages that are run. Those of make docs get networks, /etc, /mnt,
// /usr/local and /var/lib of their own.
var walks = []walk{
	{"README.md", ""},
	{"docs/configuration.md", ""},
	{"docs/deploy.md", service},
	{"docs/metrics.md", aNode},
	{"docs/operations.md", aNode + another},
	{"docs/release.md", aRelease},
	{"docs/testnet.md", ""},
}

const (
	// What systemctl does with the unit: it starts what that says, without its confinement.
	service = `
mkdir -p /etc/systemd/system
systemctl() {
	[ "$1" != daemon-reload ] || return 0
	begin $(sed -n 's/^ExecStart=//p' /etc/systemd/system/cairn.service)
}
`
	aNode = `
begin cairn daemon --api 127.0.0.1:7475
`
	another = `
export CAIRN_API_LISTEN=127.0.0.1:7475
ADDRESS=$(cairn status -o json | sed 's/.*"addrs":\["\([^"]*\)".*/\1/') PEER=${ADDRESS##*/}
begin env -u CAIRN_API_LISTEN cairn daemon --dir ~/n2 --listen /ip4/127.0.0.1/udp/0/quic-v1 --bootstrap "$ADDRESS"
OTHER=$(cairn status --dir ~/n2 -o json | sed 's/.*"peer":"\([^"]*\)".*/\1/')
mkdir -p /mnt/usb
echo code > app.tar
ID=$(cairn agent new translator --rotation-key /mnt/usb/old.key -o raw)
cairn publish examples/a2a-translator.json --agent translator --code image=app.tar
cairn receipt "$ID" -o raw --dir ~/n2 > other.stapled
DEVICE=$(cairn agent new device -o raw)
cairn publish examples/a2a-translator.json --agent device
cairn resolve "$DEVICE" -o raw > record.cbor
EXAMINER=$(cairn agent new examiner -o raw)
cairn claim issue examiner /translate/en-es --about "$ID" -o raw > translator.claim
echo '{"default": {"issuers": [{"id": "'$EXAMINER'", "for": ["/translate"]}]}}' > trust.json
cairn() { # the agent's card names no place that is here, and nobody types
	case "$1 ${3:-}" in
	'challenge '*) command cairn "$@" --at "$ADDRESS" --allow-private ;;
	'revoke -') command cairn agent sheet examiner -o raw | command cairn "$@" ;;
	*) command cairn "$@" ;;
	esac
}
`
	aRelease = `
mkdir -p /etc/bash_completion.d /usr/local/share/man/man1 cairn_dev_linux_amd64/man1
cp bin/cairn cairn_dev_linux_amd64
cairn man cairn_dev_linux_amd64/man1
tar -czf cairn_dev_linux_amd64.tar.gz cairn_dev_linux_amd64
sha256sum *.tar.gz > SHA256SUMS
`
)

// notRun are the blocks that no session runs, by page and the beginning of the first line, and why.
var notRun = []struct{ page, begins, why string }{
	{"README.md", "make demo ", "they are what runs the tests; make demo is a target of its own"},
	{"CONTRIBUTING.md", "make build ", "as those of the README"},
	{"docs/deploy.md", "docker build ", "needs Docker; TestDeployImage reads the file"},
	{"docs/deploy.md", "docker compose ", "needs Docker; TestDeployCompose reads the file"},
	{"docs/deploy.md", "kubectl apply ", "needs a cluster; TestDeployKubernetes reads the file"},
	{"docs/live.md", "make build", "the README has it, too"},
	{"docs/release.md", "make release ", "takes many minutes"},
	{"docs/testnet.md", "sudo cairn-testnet chaos ", "needs root and the kernel's means; make chaos"},
	{"docs/threats.md", "make weak ", "takes many minutes; make weak"},
}

// why is the reason for which a block of a page is not run; empty: it is.
func why(page string, b fence) string {
	for _, row := range notRun {
		if row.page == page && strings.HasPrefix(b.body, row.begins) {
			return row.why
		}
	}
	return ""
}

// Every block for a shell is run by a session, or is named with the reason why not; and
// whatever looks like one is marked as one.
func TestPagesBlocksAreRun(t *testing.T) {
	pages, err := filepath.Glob(root + "docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	run := map[string]bool{"docs/getting-started.md": true}
	for _, s := range walks {
		run[s.page] = true
	}
	excused := 0
	for _, path := range append(pages, root+"README.md", root+"CONTRIBUTING.md") {
		page := strings.TrimPrefix(path, root)
		text := readPage(t, page)
		for _, b := range fencesOf(text) {
			switch reason := why(page, b); {
			case reason != "" && b.shell():
				excused++
			case b.shell() && !run[page]:
				t.Errorf("%s: nobody runs the block %q", page, b.begins())
			case !b.shell() && looksTyped.MatchString(b.body):
				t.Errorf("%s: the block %q is not marked as sh", page, b.begins())
			}
		}
		for line := range strings.Lines(fences.ReplaceAllString(text, "")) {
			if code, ok := strings.CutPrefix(line, "    "); ok && looksTyped.MatchString(code) {
				t.Errorf("%s: %q is no block of sh", page, code)
			}
		}
	}
	if excused != len(notRun) {
		t.Errorf("%d blocks are named as not run, and %d of them are there", len(notRun), excused)
	}
}

// looksTyped matches what is typed into a shell.
var looksTyped = regexp.MustCompile(`(?m)^(\$ |sudo |(bin/)?cairn(-testnet)? |(make|go|curl|docker|kubectl|install|systemctl) [a-z-])`)

// TestPageRuns runs the page for newcomers. Blocks of "sh daemon" run beside the others, from
// when they are ready; a block without a name has what the one before prints, line by
// line, where ... is anything.
func TestPageRuns(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip(err)
	}
	runPage(t, walk{page: "docs/getting-started.md"}, exec.Command("bash"))
}

// TestPagesRun runs all other pages: make docs.
func TestPagesRun(t *testing.T) {
	if !*allPages {
		t.Skip("go test -pages, or make docs, runs them")
	}
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin, "../cairn", "../cairn-testnet").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	const own = `ip link set lo up && for d in /mnt /usr/local /var/lib; do mount -t tmpfs none $d || exit; done && mkdir /usr/local/bin /mnt/u /mnt/w && mount -t overlay none -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w /etc && exec bash "$@"`
	for _, s := range walks {
		t.Run(filepath.Base(s.page), func(t *testing.T) {
			runPage(t, s, exec.Command("unshare", "--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", own, "sh"))
		})
	}
}

// runPage runs a page by a shell that takes -c and a script.
func runPage(t *testing.T, s walk, shell *exec.Cmd) {
	t.Helper()
	dir := t.TempDir()
	surround(t, dir)
	blocks := fencesOf(readPage(t, s.page))
	script := []string{"set -eu", prelude, s.before}
	for i, b := range blocks {
		if b.shell() && why(s.page, b) != "" {
			continue
		}
		switch b.info {
		case "sh":
			script = append(script, fmt.Sprintf("echo '=== %d'", i), b.body)
		case "sh daemon":
			script = append(script, fmt.Sprintf("run() {\n%s}\nbegin run", b.body))
		case "scenario":
			script = append(script, "cat > first.txt <<'SCENARIO'\n"+b.body+"SCENARIO")
		case "", "text", "go":
		default:
			t.Fatalf("a block of %q: want sh, sh daemon, or what it prints", b.info)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*patience) // a whole page, on a busy machine
	defer cancel()
	cmd := exec.CommandContext(ctx, shell.Path, append(shell.Args[1:], "-c", strings.Join(script, "\n"))...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i, b := range blocks {
		if b.info != "" || i == 0 || !blocks[i-1].shell() {
			continue
		}
		_, printed, _ := strings.Cut(string(out), fmt.Sprintf("=== %d\n", i-1))
		printed, _, _ = strings.Cut(printed, "=== ")
		for line := range strings.Lines(b.body) {
			if want := printedAs(line); !want.MatchString(printed) {
				t.Errorf("the page says that this is printed: %sit was:\n%s", line, printed)
			}
		}
	}
}

// prelude is what every session begins with. begin runs a command beside it until it says
// that it is ready; whatever was begun ends with the session, in good order.
const prelude = `
begin() {
	begun=$((${begun:-0} + 1))
	"$@" > said.$begun 2>&1 &
	until grep -Eq '^the node is ready|^ *http://' said.$begun; do
		kill -0 $! 2> /dev/null || { cat said.$begun; exit 1; }
		sleep 0.1
	done
}
make() { [ "$*" = build ]; } # whoever runs this has built it
trap 'for s in n*/api.sock .cairn/api.sock; do [ ! -S $s ] || command cairn stop --dir ${s%/*}; done' EXIT
`

// surround puts links to what a page names of the repository into a folder.
func surround(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{}
	for _, name := range []string{"deploy", "examples", "testnet"} {
		path, err := filepath.Abs(root + name)
		if err != nil {
			t.Fatal(err)
		}
		links[name] = path
	}
	for _, name := range []string{"cairn", "cairn-testnet"} {
		if path, err := exec.LookPath(name); err == nil {
			links["bin/"+name] = path
		}
	}
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// printedAs matches a line of output, where ... is anything.
func printedAs(line string) *regexp.Regexp {
	return regexp.MustCompile("(?m)^ *" + strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(line)), `\.\.\.`, ".*") + "$")
}

func TestPrintedAs(t *testing.T) {
	for _, row := range []struct {
		line, printed string
		want          bool
	}{
		{"ready\n", "ready\n  peer x\n", true},
		{"ready\n", "not ready\n", false},
		{"...1 connected...\n", "ready\n  peers  1 connected, 1 in the table\n", true},
		{"two nodes\n", "    two nodes\n", true},
		{"...1 connected...\n", "peers 0 connected\n", false},
	} {
		if got := printedAs(row.line).MatchString(row.printed); got != row.want {
			t.Errorf("%q in %q: %v", row.line, row.printed, got)
		}
	}
}
