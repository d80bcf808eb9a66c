package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

// checkWrite puts a record of an agent that nobody knows, and gets it back.
func checkWrite(ctx context.Context, client *api.Client, st api.Status) finding {
	f := finding{Check: "write", Level: levelFail}
	if st.Peers == 0 {
		f.Level, f.Says = levelWarn, "not tried: there is nobody to store a record"
		return f
	}
	rec, err := throwaway(time.Now())
	if err != nil {
		f.Says, f.Remedy = err.Error(), "this is a fault of the program: report it"
		return f
	}
	start := time.Now()
	put, err := client.Put(ctx, rec)
	if err != nil {
		f.Says, f.Remedy = "a record was not taken: "+err.Error(), "see what is wrong above, the clock and the disk first"
		return f
	}
	took := time.Since(start)
	if put.Partial {
		f.Says = fmt.Sprintf("a record was stored by %d of %d nodes: %s", put.Acks, put.Targets, put.Reason)
		f.Remedy = "see that UDP and TCP to the peers are not filtered, and that they are ready: cairn peers"
		return f
	}
	got, err := client.Resolve(ctx, rec.ID(), api.Policy{Mode: api.MostRecent})
	switch {
	case err != nil:
		f.Says, f.Remedy = "the record could not be asked for: "+err.Error(), "try again with --timeout 60s"
	case got.Record == nil || got.Record.Sequence() != rec.Sequence():
		f.Says, f.Remedy = fmt.Sprintf("the record was stored by %d nodes, and the answer is %s: %s", put.Acks, got.Status, got.Reason), "look at: cairn explain "+rec.ID().String()
	case got.Status != records.StatusActive:
		f.Level, f.Says, f.Remedy = levelWarn, fmt.Sprintf("the record came back from %d nodes, as %s: %s", got.Confirmations, got.Status, got.Reason), "an answer is active once the node is ready, see above"
	default:
		f.Level = levelOK
		f.Says = fmt.Sprintf("a record was stored by %d of %d nodes in %s, and %d gave it back", put.Acks, put.Targets, took.Round(time.Millisecond), got.Confirmations)
	}
	return f
}

// throwaway is a record of a new agent whose keys are forgotten at once, with the shortest lease.
func throwaway(now time.Time) (*records.Record, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	signer, err := records.NewEd25519Signer(key)
	if err != nil {
		return nil, err
	}
	genesis := records.Genesis{Keys: []records.PublicKey{signer.Public()}, Next: make([][32]byte, 1)}
	var secret records.Secret
	for _, b := range [][]byte{genesis.Next[0][:], genesis.Nonce[:], secret[:]} {
		if _, err := rand.Read(b); err != nil {
			return nil, err
		}
	}
	ident, err := records.NewIdentity(genesis, now.Add(time.Hour), secret)
	if err != nil {
		return nil, err
	}
	return records.Sign(ident, signer, records.Draft{Sequence: 1, Issued: now, NotAfter: now.Add(api.MinLease), Location: records.Location{
		Endpoints: []records.Endpoint{{URL: "https://doctor.invalid/", Protocol: "https"}},
	}})
}
