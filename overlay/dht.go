package overlay

import (
	"context"
	"errors"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
)

var errUnfinished = errors.New("overlay: not built yet")

// DHT is a node's seat in the Kademlia overlay. It is safe for concurrent use.
type DHT struct {
	cfg Config
}

// Join takes a seat. On error nothing is left running.
func Join(cfg Config) (*DHT, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &DHT{cfg: cfg}, nil
}

// Close leaves the overlay and waits for everything that Join started.
func (d *DHT) Close() error { return nil }

// Bootstrap dials peers and fills the routing table from live answers.
func (d *DHT) Bootstrap(ctx context.Context, peers []peer.AddrInfo) (reached int, err error) {
	return 0, errUnfinished
}

// Refresh walks towards the own position and a few random ones.
func (d *DHT) Refresh(ctx context.Context) error { return errUnfinished }

// TableSize returns the number of peers in the routing table.
func (d *DHT) TableSize() int { return 0 }

// TablePeers returns the peers in the routing table.
func (d *DHT) TablePeers() []peer.ID { return nil }

// Publish puts v to the k closest live peers and reads it back.
func (d *DHT) Publish(ctx context.Context, v records.Value, observe func(Receipt)) (Receipt, error) {
	return Receipt{}, errUnfinished
}

// Search asks for the values of id and yields each as it arrives.
func (d *DHT) Search(ctx context.Context, id records.AgentID, yield func(Answer) bool) (Report, error) {
	return Report{}, errUnfinished
}

// PutTo gives v to one peer.
func (d *DHT) PutTo(ctx context.Context, p peer.ID, v records.Value) error { return errUnfinished }

// Stats returns the counters.
func (d *DHT) Stats() Stats { return Stats{} }
