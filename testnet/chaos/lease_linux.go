package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/scenario"
)

// Keep makes an agent in the data directory of a daemon, as "cairn agent new" does, and
// has the daemon publish it and renew its lease.
func (w *World) Keep(ctx context.Context, n int, name string, lease time.Duration) (scenario.Receipt, *records.Record, *records.Tombstone, error) {
	s, err := w.seat(n)
	if err != nil {
		return scenario.Receipt{}, nil, nil, err
	}
	end, err := newKeys(s.dir(), name)
	if err != nil {
		return scenario.Receipt{}, nil, nil, fmt.Errorf("%s: %w", s.name, err)
	}
	card, err := json.Marshal(map[string]any{
		"protocolVersion": "0.3.0", "name": name, "description": "kept by its node", "version": "1.0.0",
		"url": fmt.Sprintf("https://%s.example/place-0", name), "capabilities": struct{}{}, "skills": []any{},
		"defaultInputModes": []string{"text/plain"}, "defaultOutputModes": []string{"text/plain"},
	})
	if err != nil {
		return scenario.Receipt{}, nil, nil, err
	}
	res, err := s.client.Publish(ctx, api.PublishRequest{Agent: name, Document: card, Lease: lease})
	if err != nil {
		return scenario.Receipt{}, nil, nil, fmt.Errorf("%s: %w", s.name, err)
	}
	receipt := scenario.Receipt{Targets: res.Targets, Acks: res.Acks, ReadBack: res.ReadBack, Confirmed: !res.Partial}
	held, err := s.client.Resolve(ctx, res.ID, api.Policy{Mode: api.CacheOnly})
	if err == nil && held.Record == nil {
		err = errors.New("it does not hold what it publishes: " + held.Reason)
	}
	if err != nil {
		return receipt, nil, nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return receipt, held.Record, end, nil
}

// newKeys makes the keys of an agent.
func newKeys(dir, name string) (*records.Tombstone, error) {
	keys, err := keyring.Open(filepath.Clean(dir))
	if err != nil {
		return nil, err
	}
	if _, err := keys.New(name, keyring.NewOptions{}); err != nil {
		return nil, err
	}
	return keys.Certificate(name)
}

// Withdraw ends the renewals of an agent at the daemon that keeps it.
func (w *World) Withdraw(ctx context.Context, n int, id records.AgentID) error {
	s, err := w.seat(n)
	if err != nil {
		return err
	}
	_, err = s.client.Withdraw(ctx, id)
	return err
}

// Follow calls heard with each fact that a daemon has and gets, until ctx ends or the
// daemon is down.
func (w *World) Follow(ctx context.Context, n int, heard func(records.Fact)) {
	s, err := w.seat(n)
	if err != nil {
		return
	}
	for e, err := range s.client.Facts(ctx, 0, true) {
		if err != nil {
			return
		}
		heard(e.Fact)
	}
}
