package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

const module = "github.com/cairn-overlay/cairn"

// pkgs are package patterns: "x" is x alone, "x/..." is x and everything below it,
// "..." is everything, and outside is whatever is neither ours nor the standard library.
type pkgs []string

const outside = "outside/..."

// rule forbids the packages in from, but not those in spare, to import the packages in to, but not those in except.
// Importers are folders of this module; imports are import paths.
type rule struct {
	from, spare pkgs
	to, except  pkgs
	why         string
}

var (
	kadDHT    = pkgs{"github.com/libp2p/go-libp2p-kad-dht/...", "github.com/libp2p/go-libp2p-kbucket/..."}
	pubsub    = pkgs{"github.com/libp2p/go-libp2p-pubsub/..."}
	simulator = pkgs{"github.com/marcopolo/simnet/...", "github.com/libp2p/go-libp2p/x/simlibp2p/...", "github.com/stretchr/testify/..."}
)

// law is the import law, from the ground up.
var law = slices.Concat([]rule{
	{
		from: pkgs{"records/..."}, to: ours("..."), except: ours("records/...", "internal/weak"),
		why: "the ground stands on nothing of ours, but for the switches of weak builds, which are constants in every other",
	}, {
		from: pkgs{"records/..."},
		to:   pkgs{"net/...", "os/...", "log/...", "context", "syscall"}, except: pkgs{"net/url", "net/netip"},
		why: "records are pure values: no I/O, no log, no cancellation on the ground (net/url and net/netip only parse)",
	}, {
		from: pkgs{"records/..."},
		to:   pkgs{outside},
		except: pkgs{
			"github.com/fxamacker/cbor/...", "github.com/ipfs/go-cid", "github.com/multiformats/go-multiaddr",
			"github.com/multiformats/go-multibase", "github.com/multiformats/go-multihash", "github.com/multiformats/go-varint",
			"github.com/oasisprotocol/curve25519-voi/...",
		},
		why: "the ground stays embeddable: CIDs, multiaddrs and one CBOR codec and one curve, nothing heavier",
	}, {
		from: pkgs{"overlay/..."}, to: ours("gossip/..."),
		why: "overlay and gossip are siblings: they share data, never code",
	}, {
		from: pkgs{"gossip/..."}, to: ours("overlay/..."),
		why: "gossip and overlay are siblings: they share data, never code",
	}, {
		from: pkgs{"overlay/...", "gossip/..."}, to: ours("node/...", "testnet/...", "cmd/..."),
		why: "a floor does not lean on what stands upon it",
	}, {
		from: pkgs{"node/..."}, to: ours("testnet/...", "cmd/..."),
		why: "node composes what lies below; simulators and programs stand above it",
	}, {
		from: pkgs{"internal/..."}, to: ours("..."), except: ours("records/..."),
		why: "a helper that anyone may import knows nothing of ours but records",
	}, {
		from: pkgs{"cmd/cairn/..."}, to: slices.Concat(ours("testnet/..."), simulator),
		why: "no simulator in the daemon's binary",
	}, {
		from: pkgs{"..."}, to: ours("cmd/..."),
		why: "programs are for people; whatever two of them need belongs to a package below",
	}, {
		from: pkgs{"..."}, to: ours("internal/archtest/..."),
		why: "the law is a test, not a library",
	},

	// Heavy or sharp things have one importer, so that there is one place to read and one to replace.
	{
		from: pkgs{"..."}, spare: pkgs{"overlay/...", "testnet/..."}, to: kadDHT,
		why: "overlay alone knows kad-dht (testnet, to measure the stock one)",
	}, {
		from: pkgs{"..."}, spare: pkgs{"gossip/...", "testnet/..."}, to: pubsub,
		why: "gossip alone knows pubsub (testnet, to attack it and to measure the stock one)",
	}, {
		from: pkgs{"..."}, spare: pkgs{"node/store/..."}, to: pkgs{"github.com/cockroachdb/pebble/...", "github.com/ipfs/go-ds-pebble/..."},
		why: "node/store alone knows the disk engine",
	}, {
		from: pkgs{"..."}, spare: pkgs{"gossip/..."}, to: ours("internal/riblt/..."),
		why: "reconciliation is gossip's: it alone turns sketches into facts",
	}, {
		from: pkgs{"..."}, spare: pkgs{"testnet/...", "cmd/cairn-testnet/...", "examples/..."}, to: ours("testnet/..."),
		why: "nothing that runs in earnest is built upon the test network",
	}, {
		from: pkgs{"..."}, spare: pkgs{"testnet/..."}, to: simulator,
		why: "simulated links and test libraries stay inside testnet",
	},
}, room("api"), room("audit"), room("gateway"), room("links"), room("metrics"), room("presence"), room("store"), room("traces"), room("web"))

// room is the rule of one room of node.
func room(name string) []rule {
	self := "node/" + name
	return []rule{{
		from: pkgs{self + "/..."}, to: ours("node/...", "overlay/...", "gossip/..."), except: ours(self + "/..."),
		why: self + " is a room of node: no door to another room or floor; it declares the few methods that it needs",
	}}
}

// ours turns folders of this module into import patterns.
func ours(folders ...string) pkgs {
	var p pkgs
	for _, f := range folders {
		p = append(p, module+"/"+f)
	}
	return p
}

// match reports whether a folder or an import path is one of the packages.
func (p pkgs) match(pkg string) bool {
	return slices.ContainsFunc(p, func(pattern string) bool {
		if pattern == outside {
			first, _, _ := strings.Cut(pkg, "/")
			return strings.Contains(first, ".") && !ours("...").match(pkg)
		}
		tree, deep := strings.CutSuffix(pattern, "...")
		if !deep {
			return pkg == pattern
		}
		return strings.HasPrefix(pkg+"/", tree)
	})
}

// brokenLaws lists the imports of one file that the law forbids.
func brokenLaws(s *source) []finding {
	if s.test {
		return nil
	}
	var found []finding
	for _, spec := range s.file.Imports {
		imp := importPath(spec)
		for _, r := range law {
			if r.from.match(path.Dir(s.name)) && !r.spare.match(path.Dir(s.name)) && r.to.match(imp) && !r.except.match(imp) {
				found = append(found, s.finding(spec, fmt.Sprintf("imports %q", imp), r.why))
			}
		}
	}
	return found
}
