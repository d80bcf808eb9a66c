package node

import (
	"context"
	"fmt"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

// sourceImport is the route of a fact that somebody carried here as a snapshot.
const sourceImport = "import"

// importFacts takes facts and returns once all are on disk. They are not published:
// somebody may bring a million. Peers get them when they compare their facts with ours.
func (n *Node) importFacts(ctx context.Context, facts []records.Fact) (res api.ImportResult, err error) {
	for _, f := range facts {
		if n.facts.Has(f) {
			res.Held++
			continue
		}
		isNew, err := n.ingest(f, sourceImport)
		switch {
		case err != nil:
			return res, fmt.Errorf("import: %w", err)
		case isNew && n.facts.Has(f):
			res.New++
		case n.facts.Has(f):
			res.Held++ // it came by another way meanwhile
		default:
			res.Beyond++
		}
	}
	return res, n.store.SyncFacts(ctx)
}
