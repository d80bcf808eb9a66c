package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/cairn-overlay/cairn/node/store"
)

// openStoreDir opens the store of a data directory. A corrupt one is kept aside and
// built anew: its facts come back from peers, and the records of own agents too (see
// readopt).
func (n *Node) openStoreDir(path string, opts store.Options) (*store.Store, error) {
	s, err := store.Open(path, opts)
	if !errors.Is(err, store.ErrCorrupt) {
		return s, err
	}
	aside := fmt.Sprintf("%s.corrupt-%d", path, time.Now().UnixNano())
	n.log.Error("the store is corrupt: it is kept aside and built anew from peers", "kept", aside, "err", err)
	if err := os.Rename(path, aside); err != nil {
		return nil, fmt.Errorf("set the corrupt store aside: %w", err)
	}
	n.count.add("store_rebuilt_total", 1)
	if s, err = store.Open(path, opts); err != nil {
		return nil, err
	}
	if err := s.SetMeta(context.Background(), metaRebuilt, []byte{1}); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// rebuilt reports whether the store was built anew and the node was not ready since:
// who its peers were is lost too, so it must not take itself for alone.
func (n *Node) rebuilt() (bool, error) {
	b, err := n.store.Meta(metaRebuilt)
	return len(b) > 0, err
}
