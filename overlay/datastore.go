package overlay

import (
	"context"
	"encoding/base32"
	"fmt"
	"log/slog"
	"strings"
	"time"

	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"
	record "github.com/libp2p/go-libp2p-record"
	recpb "github.com/libp2p/go-libp2p-record/pb"
	"google.golang.org/protobuf/proto"

	"github.com/cairn-overlay/cairn/records"
)

// datastore shows a Values to kad-dht as the store of its records. kad-dht's own
// rules on age end here: a held value is always freshly received, and only Values
// decides what is dropped. So no age opens the door to an older record.
type datastore struct {
	values Values
	verify *verifier
	stats  *counters
	gate   *gate
	from   *sources
	taken  func(records.Value) // told of what was stored; may be nil
	log    *slog.Logger
}

// storeKey is the base32 of kad-dht's datastore keys, "/cairn/" + base32(DHT key).
var storeKey = base32.StdEncoding.WithPadding(base32.NoPadding)

const storePrefix = "/" + records.KeyNamespace + "/"

// dhtKey is the inverse of kad-dht's naming of records in a datastore.
func dhtKey(k ds.Key) (string, error) {
	rest, ok := strings.CutPrefix(k.String(), storePrefix)
	if !ok {
		return "", ds.ErrNotFound
	}
	b, err := storeKey.DecodeString(rest)
	if err != nil {
		return "", ds.ErrNotFound
	}
	return string(b), nil
}

// Get returns the value to serve in kad-dht's envelope, received just now.
func (d *datastore) Get(ctx context.Context, k ds.Key) ([]byte, error) {
	if !d.gate.enter() {
		return nil, ErrClosed
	}
	defer d.gate.leave()
	key, err := dhtKey(k)
	if err != nil {
		return nil, err
	}
	id, err := records.ParseKey(key)
	if err != nil {
		return nil, ds.ErrNotFound
	}
	v, err := d.values.Get(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("values: %w", err)
	}
	if v == nil {
		return nil, ds.ErrNotFound
	}
	r := record.MakePutRecord(key, v.Bytes())
	r.TimeReceived = time.Now().UTC().Format(time.RFC3339Nano)
	return proto.Marshal(r)
}

// Put hands a value that kad-dht wants stored to Values.
func (d *datastore) Put(ctx context.Context, k ds.Key, b []byte) error {
	if !d.gate.enter() {
		return ErrClosed
	}
	defer d.gate.leave()
	err := d.put(ctx, k, b)
	if err != nil {
		reason := putReason(err)
		d.stats.refused.add(reason)
		if reason == "storage" {
			d.log.Warn("value not stored", "error", err)
		}
		return err
	}
	d.stats.putsTaken.Add(1)
	return nil
}

func (d *datastore) put(ctx context.Context, k ds.Key, b []byte) error {
	key, err := dhtKey(k)
	if err != nil {
		return fmt.Errorf("%w: not an agent's key", records.ErrMalformed)
	}
	var r recpb.Record
	if err := proto.Unmarshal(b, &r); err != nil {
		return fmt.Errorf("%w: %w", records.ErrMalformed, err)
	}
	v, err := d.verify.open(key, r.GetValue())
	if err != nil {
		return err
	}
	if d.from != nil {
		ctx = WithSource(ctx, d.from.take(key))
	}
	if err := d.values.Put(ctx, v); err != nil {
		return err
	}
	if d.taken != nil {
		d.taken(v)
	}
	return nil
}

// Has reports whether there is a value to serve.
func (d *datastore) Has(ctx context.Context, k ds.Key) (bool, error) {
	return ds.GetBackedHas(ctx, d, k)
}

// GetSize returns the size of the envelope that Get returns.
func (d *datastore) GetSize(ctx context.Context, k ds.Key) (int, error) {
	return ds.GetBackedSize(ctx, d, k)
}

// Delete does nothing: kad-dht drops by age, Values by what is true.
func (d *datastore) Delete(context.Context, ds.Key) error { return nil }

// Query finds nothing: only kad-dht's sweep by age asks.
func (d *datastore) Query(_ context.Context, q query.Query) (query.Results, error) {
	return query.ResultsWithEntries(q, nil), nil
}

// Sync does nothing: Put returns once the value is durable.
func (d *datastore) Sync(context.Context, ds.Key) error { return nil }

// Batch is a plain series of calls.
func (d *datastore) Batch(context.Context) (ds.Batch, error) { return ds.NewBasicBatch(d), nil }

// Close does nothing: the values are the node's.
func (d *datastore) Close() error { return nil }
