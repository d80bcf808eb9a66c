package node

import (
	"context"
	"io"
)

// Backup writes the node's store as it is now, for store.Restore, while the node goes on.
// It has no keys: node.key and agents/ change rarely, and are copied as files.
func (n *Node) Backup(ctx context.Context, w io.Writer) error { return n.store.Backup(ctx, w) }
