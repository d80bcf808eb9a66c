package bench

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// versions are what the figures depend on: this program, its compiler, and the
// libraries of the stock arm and the simulated wire.
func (r Report) versions() string {
	parts := []string{"cairn " + r.Version, runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return strings.Join(parts, ", ")
	}
	for _, dep := range info.Deps {
		switch dep.Path {
		case "github.com/libp2p/go-libp2p", "github.com/libp2p/go-libp2p-kad-dht", "github.com/libp2p/go-libp2p-pubsub",
			"github.com/marcopolo/simnet", "github.com/cockroachdb/pebble/v2":
			_, name, _ := strings.Cut(dep.Path, "/")
			parts = append(parts, fmt.Sprintf("%s %s", name, dep.Version))
		}
	}
	return strings.Join(parts, ", ")
}
