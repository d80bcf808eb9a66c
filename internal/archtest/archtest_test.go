package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// TestHouse holds this module to the import law and to the shape rules.
func TestHouse(t *testing.T) {
	tree := os.DirFS("../..")
	if _, err := fs.Stat(tree, "internal/archtest/doc.go"); err != nil {
		t.Fatalf("not at the module's root: %v", err)
	}
	for _, f := range check(t, tree) {
		t.Error(f)
	}
}

// finding is one broken rule at one place.
type finding struct {
	pos       token.Position
	what, why string
}

func (f finding) String() string {
	return fmt.Sprintf("%s:%d %s: %s", f.pos.Filename, f.pos.Line, f.what, f.why)
}

// source is one parsed file.
type source struct {
	name string // path from the module's root
	test bool
	file *ast.File
	fset *token.FileSet
}

func (s *source) finding(n ast.Node, what, why string) finding {
	return finding{s.fset.Position(n.Pos()), what, why}
}

// imported returns the name under which the file uses a package that is called like the last part of its path.
func (s *source) imported(imp string) (local string, ok bool) {
	for _, spec := range s.file.Imports {
		if importPath(spec) == imp {
			if spec.Name != nil {
				return spec.Name.Name, true
			}
			return path.Base(imp), true
		}
	}
	return "", false
}

func importPath(spec *ast.ImportSpec) string {
	p, _ := strconv.Unquote(spec.Path.Value) // the parser has seen to it
	return p
}

// check parses every Go file of a tree and returns what breaks a rule.
func check(t *testing.T, tree fs.FS) []finding {
	t.Helper()
	var found []finding
	fset := token.NewFileSet()
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && !ofModule(tree, name) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		s := &source{name: name, test: strings.HasSuffix(name, "_test.go"), file: file, fset: fset}
		found = append(found, brokenLaws(s)...)
		found = append(found, badShapes(s)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// ofModule reports whether a folder below the root can hold packages of this module, by the rules of the go command.
func ofModule(tree fs.FS, dir string) bool {
	base := path.Base(dir)
	if base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return false
	}
	_, err := fs.Stat(tree, path.Join(dir, "go.mod"))
	return err != nil
}

// TestBrokenHouses proves that every rule can fail: each row is a house of one file that breaks one rule.
func TestBrokenHouses(t *testing.T) {
	const (
		kad    = "github.com/libp2p/go-libp2p-kad-dht"
		floor  = "a floor does not lean on what stands upon it"
		above  = "node composes what lies below; simulators and programs stand above it"
		pure   = "records are pure values: no I/O, no log, no cancellation on the ground (net/url and net/netip only parse)"
		light  = "the ground stays embeddable: CIDs, multiaddrs and one CBOR codec and one curve, nothing heavier"
		bottom = "the ground stands on nothing of ours, but for the switches of weak builds, which are constants in every other"
		helper = "a helper that anyone may import knows nothing of ours but records"
		sim    = "no simulator in the daemon's binary"
		dht    = "overlay alone knows kad-dht (testnet, to measure the stock one)"
		disk   = "node/store alone knows the disk engine"
		inside = "simulated links and test libraries stay inside testnet"
		cmd    = "programs are for people; whatever two of them need belongs to a package below"
		isRoom = " is a room of node: no door to another room or floor; it declares the few methods that it needs"
	)
	rows := []struct{ name, src, why string }{
		{"records/a.go", uses(module + "/overlay"), bottom},
		{"records/sub/a.go", uses(module + "/internal/riblt"), bottom},
		{"records/a.go", uses("net"), pure},
		{"records/a.go", uses("net/http"), pure},
		{"records/a.go", uses("os"), pure},
		{"records/a.go", uses("log/slog"), pure},
		{"records/a.go", uses("context"), pure},
		{"records/a.go", uses("github.com/libp2p/go-libp2p/core/peer"), light},
		{"records/a.go", uses("golang.org/x/crypto/ed25519"), light},
		{"overlay/a.go", uses(module + "/gossip"), "overlay and gossip are siblings: they share data, never code"},
		{"gossip/a.go", uses(module + "/overlay"), "gossip and overlay are siblings: they share data, never code"},
		{"overlay/a.go", uses(module + "/node"), floor},
		{"overlay/a.go", uses(module + "/testnet"), floor},
		{"overlay/sub/a.go", uses(module + "/cmd/cairn"), floor},
		{"gossip/a.go", uses(module + "/node/store"), floor},
		{"gossip/a.go", uses(module + "/testnet/attack"), floor},
		{"gossip/a.go", uses(module + "/cmd/cairn"), floor},
		{"node/a.go", uses(module + "/testnet"), above},
		{"node/api/a.go", uses(module + "/cmd/cairn"), above},
		{"internal/riblt/a.go", uses(module + "/gossip"), helper},
		{"internal/a/a.go", uses(module + "/internal/b"), helper},
		{"cmd/cairn/a.go", uses(module + "/testnet"), sim},
		{"cmd/cairn/a.go", uses("github.com/marcopolo/simnet"), sim},
		{"cmd/cairn/sub/a.go", uses("github.com/stretchr/testify/require"), sim},
		{"testnet/a.go", uses(module + "/cmd/cairn-testnet"), cmd},
		{"cmd/cairn/a.go", uses(module + "/cmd/cairn/sub"), cmd},
		{"node/a.go", uses(module + "/internal/archtest"), "the law is a test, not a library"},
		{"node/a.go", uses(kad), dht},
		{"gossip/a.go", uses(kad + "/pb"), dht},
		{"cmd/cairn/a.go", uses("github.com/libp2p/go-libp2p-kbucket"), dht},
		{"overlay/a.go", uses("github.com/libp2p/go-libp2p-pubsub"), "gossip alone knows pubsub (testnet, to attack it and to measure the stock one)"},
		{"node/a.go", uses("github.com/cockroachdb/pebble/v2"), disk},
		{"overlay/a.go", uses("github.com/ipfs/go-ds-pebble"), disk},
		{"overlay/a.go", uses(module + "/internal/riblt"), "reconciliation is gossip's: it alone turns sketches into facts"},
		{"internal/a/a.go", uses(module + "/testnet"), "nothing that runs in earnest is built upon the test network"},
		{"node/a.go", uses("github.com/marcopolo/simnet"), inside},
		{"overlay/a.go", uses("github.com/libp2p/go-libp2p/x/simlibp2p"), inside},
		{"node/api/a.go", uses(module + "/node"), "node/api" + isRoom},
		{"node/audit/a.go", uses(module + "/node/store"), "node/audit" + isRoom},
		{"node/gateway/a.go", uses(module + "/overlay"), "node/gateway" + isRoom},
		{"node/links/a.go", uses(module + "/overlay"), "node/links" + isRoom},
		{"node/metrics/a.go", uses(module + "/node/store"), "node/metrics" + isRoom},
		{"node/presence/a.go", uses(module + "/node/api"), "node/presence" + isRoom},
		{"node/store/a.go", uses(module + "/gossip"), "node/store" + isRoom},
		{"node/traces/a.go", uses(module + "/node/api"), "node/traces" + isRoom},
		{"node/web/a.go", uses(module + "/node/api"), "node/web" + isRoom},

		{"node/a.go", "package a; func init() {}", whyInit},
		{"cmd/cairn/a.go", "package main; func init() {}", whyInit},
		{"records/a.go", "package a; func open() { panic(1) }", whyPanic},
		{"overlay/a.go", "package a; var x = func() int { panic(1) }()", whyPanic},
		{"gossip/a.go", "package a; type t int; func (t) close() { defer func() { panic(1) }() }", whyPanic},
		{"node/a.go", "package a; func Open() {}", whyDoc},
		{"node/a.go", "package a; type T int", whyDoc},
		{"node/a.go", "package a; var X, y int", whyDoc},
		{"node/a.go", "package a; const X = 1", whyDoc},
		{"node/a.go", "package a\n\nconst (\n\t// Min is one end.\n\tMin = 1\n\tMax = 2\n)", whyDoc},
		{"node/a.go", "package a\n\n//go:noinline\nfunc Open() {}", whyDoc},
		{"node/a.go", "package a\n\n// Types of things.\ntype (\n\tT int\n)", whyDoc},
		{"node/a.go", "package a\n\n// T is generic.\ntype T[K any] struct{}\n\nfunc (*T[K]) Open() {}", whyDoc},
		{"records/a.go", "package a; import \"time\"; var x = time.Now()", whyClock},
		{"records/a.go", "package a; import clock \"time\"; var now = clock.Now", whyClock},
		{"records/a.go", "package a; import \"time\"; func age(t time.Time) time.Duration { return time.Since(t) }", whyClock},
		{"records/a.go", "package a; func f() { go f() }", whyGoroutine},
		{"overlay/a_test.go", "package a; import \"time\"; func f() { time.Sleep(1) }", whySleep},
		{"overlay/a.go", "package a; import \"" + kad + "\"\n\n// Open opens.\nfunc Open() *dht.IpfsDHT { return nil }", whyWall},
		{"overlay/a.go", "package a; import kad \"" + kad + "/pb\"\n\n// T is a thing.\ntype T struct { Message *kad.Message }", whyWall},
		{"gossip/a.go", "package a; import \"github.com/libp2p/go-libp2p-pubsub\"\n\n// T is a thing.\ntype T interface { Join() *pubsub.Topic }", whyWall},
	}
	shown := map[string]bool{}
	for _, row := range rows {
		found := check(t, fstest.MapFS{row.name: {Data: []byte(row.src)}})
		ok := false
		for _, f := range found {
			ok = ok || f.pos.Filename == row.name && f.why == row.why
		}
		if !ok {
			t.Errorf("%s with\n\t%s\nis not found to break the rule %q; found: %v", row.name, row.src, row.why, found)
		}
		shown[row.why] = true
	}
	for _, r := range law {
		if !shown[r.why] {
			t.Errorf("no row shows that this rule can fail: %s", r.why)
		}
	}
}

// TestSoundHouse proves that the rules spare what they should: nothing in this tree is found.
func TestSoundHouse(t *testing.T) {
	const kad, pubsub = "github.com/libp2p/go-libp2p-kad-dht", "github.com/libp2p/go-libp2p-pubsub"
	tree := fstest.MapFS{}
	for name, src := range map[string]string{
		"records/imports.go": uses("net/url", "net/netip", "crypto/ed25519", "github.com/ipfs/go-cid", "github.com/fxamacker/cbor/v2",
			"github.com/multiformats/go-multiaddr", "github.com/multiformats/go-multihash"),
		"records/sub/imports.go":    uses(module + "/records"),
		"records/logging_test.go":   uses("os", "log", "github.com/libp2p/go-libp2p", module+"/internal/riblt"),
		"records/must.go":           "package records\n\n// MustOpen is for tables.\nfunc MustOpen() { panic(1) }",
		"records/time.go":           "package records; import \"time\"; func end(t time.Time) time.Time { return t.Add(time.Hour) }",
		"overlay/imports.go":        uses(kad, kad+"/pb", "github.com/libp2p/go-libp2p-kbucket", module+"/records", module+"/internal/backoff"),
		"overlay/wall.go":           "package overlay; import dht \"" + kad + "\"\n\n// DHT hides one.\ntype DHT struct { kad *dht.IpfsDHT }\n\nfunc (d *DHT) table() *dht.IpfsDHT { return d.kad }",
		"gossip/imports.go":         uses(pubsub, module+"/records", module+"/internal/riblt"),
		"node/imports.go":           uses(module+"/overlay", module+"/gossip", module+"/node/api", module+"/node/store", module+"/records"),
		"node/api/imports.go":       uses(module+"/records", module+"/node/api/sub"),
		"node/store/imports.go":     uses("github.com/cockroachdb/pebble/v2", module+"/records"),
		"node/panic.go":             "package node; func broken() { panic(1) }",
		"internal/riblt/imports.go": uses(module + "/records"),
		"testnet/stock/imports.go":  uses(kad, pubsub, "github.com/marcopolo/simnet", module+"/node", module+"/testnet"),
		"cmd/cairn-testnet/main.go": "package main; import _ \"" + module + "/testnet\"; func Undocumented() {}",
		"cmd/cairn/imports.go":      uses(module+"/node", module+"/node/api", module+"/records"),
		"node/doc.go": "package node\n\n// Kinds.\nconst (\n\tA = 1\n\tB = 2\n)\n\nvar (\n\tC = 1 // C counts.\n\t// D and G count too.\n\tD = 2\n\tG = 3\n)\n\n" +
			"type (\n\t// E is a thing.\n\tE int\n\tf int\n)\n\nfunc (f) Open() {}\n\n// Open opens.\nfunc (*E) Open() {}",
		"node/sleep_test.go":    "package node; import (\"testing/synctest\"; \"time\"); var _ = synctest.Test; func f() { time.Sleep(1) }",
		"node/testdata/a.go":    "this is not Go",
		"node/_old/a.go":        "this is not Go",
		".hidden/a.go":          "this is not Go",
		"vendor/a.go":           "this is not Go",
		"nested/go.mod":         "module nested",
		"nested/a.go":           "this is not Go",
		"overlay/imports.proto": "this is not Go",
	} {
		tree[name] = &fstest.MapFile{Data: []byte(src)}
	}
	for _, f := range check(t, tree) {
		t.Error(f)
	}
}

// uses is a file that imports packages.
func uses(imports ...string) string {
	src := "package a\n"
	for _, imp := range imports {
		src += fmt.Sprintf("import _ %q\n", imp)
	}
	return src
}
