package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// ReceiptResult is a record with the node's word that it stands. Both prove themselves.
type ReceiptResult struct {
	ID      records.AgentID  `json:"id"`
	Record  *records.Record  `json:"-"`
	Receipt *records.Receipt `json:"-"`

	RecordBytes  []byte    `json:"record_cbor"`  // canonical bytes, base64
	ReceiptBytes []byte    `json:"receipt_cbor"` // canonical bytes, base64
	Signer       string    `json:"signer"`       // the node's key, as text
	At           time.Time `json:"at"`           // what the receipt says of when,
	Facts        uint64    `json:"facts"`        // and of how many facts the node held
}

// NewReceiptResult fills in what follows from a record and a receipt of it.
func NewReceiptResult(rec *records.Record, r *records.Receipt) ReceiptResult {
	said := r.Says()
	return ReceiptResult{
		ID: rec.ID(), Record: rec, Receipt: r, RecordBytes: rec.Bytes(), ReceiptBytes: r.Bytes(),
		Signer: r.Signer().String(), At: said.At, Facts: said.Facts,
	}
}

// getReceipt has the node sign that the agent's record stands. Where it does not, the answer
// is the one about the agent.
func (s *server) getReceipt(c *call) error {
	id, err := c.agent()
	if err != nil {
		return err
	}
	ctx, cancel := s.context(c)
	defer cancel()
	res, r, err := s.node.Attest(ctx, id)
	switch {
	case err != nil:
		return s.provenDead(c, id, err)
	case r == nil && res.Status == records.StatusActive:
		return fmt.Errorf("receipt of %s: active, without a receipt", id)
	case r == nil:
		s.sendProblem(c, resolutionProblem(complete(res)))
		return nil
	}
	return s.sendJSON(c, http.StatusOK, NewReceiptResult(res.Record, r))
}

// Receipt mirrors Controller.Attest. Where the agent's record does not stand the error is
// the *Problem that says so, with the resolution in it.
func (c *Client) Receipt(ctx context.Context, id records.AgentID) (ReceiptResult, error) {
	var said ReceiptResult
	if err := c.call(ctx, request{method: "GET", path: agentPath(id) + "/receipt"}, &said); err != nil {
		return ReceiptResult{}, err
	}
	rec, err1 := records.OpenRecord(said.RecordBytes)
	r, err2 := records.OpenReceipt(said.ReceiptBytes)
	if err := errors.Join(err1, err2); err != nil {
		return ReceiptResult{}, fmt.Errorf("%s: %w", c.target, err)
	}
	if rec.ID() != id || r.Says().Agent != id || r.Says().Record != rec.Mark().Digest {
		return ReceiptResult{}, fmt.Errorf("%s: %w: a receipt of another record", c.target, records.ErrWrongSubject)
	}
	return NewReceiptResult(rec, r), nil
}
