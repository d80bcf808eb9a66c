package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multibase"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

// receiptCmd are the verbs for what nodes vouch for, so that others need no network.
type receiptCmd struct {
	Get    receiptGetCmd    `cmd:"" default:"withargs" help:"Have the node sign that an agent's record stands now."`
	Verify receiptVerifyCmd `cmd:"" help:"Say whether receipts by nodes of your choice confirm a record, offline."`
}

func (receiptCmd) Help() string {
	return `A status receipt is a node's signed word that, as far as its facts went at a time, a record stood: neither its agent nor an ancestor was revoked. An agent staples its record and some receipts to a message, and the other side verifies both without a network. Only the nodes count that the verifier chose itself, and only for five minutes, unless it says otherwise.

    cairn receipt bafyreig... -o raw > me.stapled
    cairn receipt bafyreig... --api http://other:7475 -o raw >> me.stapled
    cairn receipt verify me.stapled --signer 12D3KooW... --signer 12D3KooX... --need 2`
}

type receiptGetCmd struct {
	ID string `arg:"" name:"id" help:"ID or DID of an agent, or the name of one whose key is here."`
}

func (receiptGetCmd) Help() string {
	return `Has the daemon sign with its own key that the agent's record stands, and shows what it says. A node that is not ready, or whose clock is off, signs nothing. With -o raw it prints the record's bytes and the receipt's behind them, to be stapled to a message; those of several nodes go one behind the other.

    cairn receipt bafyreig...
    cairn receipt bafyreig... -o raw > me.stapled

Exit code by the agent's status, as "cairn resolve" has them; 7 where the node is in no position to say.`
}

func (receiptGetCmd) rawDoc() string { return "the record's bytes, and the receipt's" }

// receiptView is a receipt that the daemon gave.
type receiptView struct {
	api.ReceiptResult
	Peer string `json:"peer"`
}

func (v receiptView) raw() []byte { return append(v.Record.Bytes(), v.Receipt.Bytes()...) }

func (v receiptView) show(t *text) {
	t.line("%s  stands", v.ID)
	t.field("as of", "%s", showTime(v.At))
	t.field("by", "%s", words(v.Peer, v.Signer))
	t.field("facts", "%d, digest %x", v.Facts, v.Receipt.Says().Set)
	t.field("record", "sequence %d, sha256 %x", v.Record.Sequence(), v.Receipt.Says().Record)
}

// Run asks the daemon.
func (c *receiptGetCmd) Run(s *session) error {
	id, err := s.subject(c.ID)
	if err != nil {
		return err
	}
	return s.withDaemon(func(ctx context.Context, client *api.Client) error {
		res, err := client.Receipt(ctx, id)
		if err != nil {
			return err
		}
		return s.print(receiptView{res, peerOf(res.Receipt.Signer())})
	})
}

type receiptVerifyCmd struct {
	Files  []string      `arg:"" name:"file" help:"A record with the receipts that were stapled to it; receipts may lie in files of their own; - is standard input."`
	Signer []string      `sep:"none" required:"" placeholder:"PEER" help:"A node whose word counts, by its peer ID (12D3...) or its key (z6Mk...); repeats."`
	Need   int           `default:"1" placeholder:"K" help:"How many of them must have signed. Default: 1."`
	MaxAge time.Duration `default:"5m" placeholder:"5m" help:"How old a receipt may be. Default: 5m."`
	At     instant       `placeholder:"TIME" help:"Judge it at this time, such as 2026-05-01T12:00:00Z. Default: now."`
}

func (receiptVerifyCmd) Help() string {
	return `Says whether enough of the nodes that you name have signed that the record stands, each receipt about this very record and not older than --max-age. It asks no daemon. The age of the oldest receipt that counts is how long a revocation may have been unseen.

    cairn receipt verify me.stapled --signer 12D3KooW...
    cairn receipt verify agent.cbor a.receipt b.receipt --signer z6Mk... --signer z6Mk... --need 2

Exit code by finding: 0 confirmed; 5 the record's lease has ended; 7 too few, or a record of the future; 1 a record that is forged; 2 bytes that are no such thing.`
}

// receiptVerdict is the finding about a record and its receipts.
type receiptVerdict struct {
	Finding string           `json:"finding"`
	Reason  string           `json:"reason,omitempty"`
	ID      *records.AgentID `json:"id,omitempty"`
	By      []string         `json:"by"`               // keys that confirmed it
	Oldest  *time.Time       `json:"oldest,omitempty"` // of their receipts
	At      time.Time        `json:"at"`
	code    exitCode
}

func (v receiptVerdict) show(t *text) {
	t.line("%s", v.Finding)
	t.field("because", "%s", v.Reason)
	if v.ID != nil {
		t.field("record of", "%s", *v.ID)
	}
	for _, key := range v.By {
		t.field("by", "%s", key)
	}
	if v.Oldest != nil {
		t.field("unseen", "%s at most", showSpan(max(0, v.At.Sub(*v.Oldest))))
	}
}

// Run judges the record.
func (c *receiptVerifyCmd) Run(s *session) error {
	who := records.Witnesses{Need: c.Need, MaxAge: c.MaxAge}
	if c.Need < 1 || c.MaxAge <= 0 {
		return badInput("such as --need 2 --max-age 5m", "--need and --max-age are positive")
	}
	for _, text := range c.Signer {
		key, err := parseSigner(text)
		if err != nil {
			return usage(fmt.Errorf("--signer %.80s: %w", text, err), "a peer ID as cairn status shows it, or a key that begins with z6Mk")
		}
		who.Keys = append(who.Keys, key)
	}
	rec, receipts, err := c.read(s)
	v := receiptVerdict{Finding: "confirmed", By: []string{}, At: time.Time(c.At)}
	if v.At.IsZero() {
		v.At = time.Now()
	}
	v.At = v.At.UTC().Truncate(time.Second)
	switch {
	case errors.Is(err, records.ErrInvalidSignature), errors.Is(err, records.ErrWrongSubject):
		v.Finding, v.Reason, v.code = "forged", err.Error(), exitFailed
	case err != nil:
		return err
	default:
		v.judge(who, rec, receipts)
	}
	if err := s.print(v); err != nil {
		return err
	}
	return v.code.asError()
}

func (v *receiptVerdict) judge(who records.Witnesses, rec *records.Record, receipts [][]byte) {
	id := rec.ID()
	v.ID = &id
	by, oldest, err := who.Confirm(rec, v.At, receipts)
	for _, key := range by {
		v.By = append(v.By, words(peerOf(key), key.String()))
	}
	if len(by) > 0 {
		v.Oldest = &oldest
	}
	if holds := rec.ValidAt(v.At); holds != nil {
		err = holds
	}
	switch {
	case err == nil:
		return
	case errors.Is(err, records.ErrExpired):
		v.Finding, v.code = "expired", exitExpired
	default:
		v.Finding, v.code = "unverified", exitUnverified
	}
	v.Reason = err.Error()
	if errors.Is(err, records.ErrUnconfirmed) {
		v.Reason += outdated(who, rec, v.At, receipts, len(by))
	}
}

// outdated says of how many more witnesses, beside those that confirmed a record, the receipts are
// too old, and how old; "" where of none.
func outdated(who records.Witnesses, rec *records.Record, at time.Time, receipts [][]byte, confirmed int) string {
	maxAge := who.MaxAge
	who.MaxAge = math.MaxInt64
	all, oldest, _ := who.Confirm(rec, at, receipts) // whoever signed at any time
	if len(all) == confirmed {
		return ""
	}
	return fmt.Sprintf("; receipts of %d more are too old, %s at most where --max-age is %s", len(all)-confirmed, showSpan(at.Sub(oldest)), showSpan(maxAge))
}

// read takes the files apart: one record, and receipts.
func (c *receiptVerifyCmd) read(s *session) (rec *records.Record, receipts [][]byte, err error) {
	for _, name := range c.Files {
		b, err := s.readInput(name, maxEvidence)
		if err != nil {
			return nil, nil, err
		}
		for len(b) > 0 {
			item, ok := records.CutItem(b)
			if !ok {
				return nil, nil, fmt.Errorf("%s: %w: neither a record nor a receipt", name, records.ErrMalformed)
			}
			b = b[len(item):]
			one, err := records.OpenRecord(item)
			if errors.Is(err, records.ErrMalformed) || errors.Is(err, records.ErrUnsupported) {
				if _, err := records.OpenReceipt(item); err != nil && !errors.Is(err, records.ErrInvalidSignature) {
					return nil, nil, fmt.Errorf("%s: %w", name, err)
				}
				receipts = append(receipts, item)
				continue
			}
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", name, err)
			}
			if rec != nil && rec.Mark() != one.Mark() {
				return nil, nil, badInput("give the receipts of one record", "%s has another record than the file before", name)
			}
			rec = one
		}
	}
	if rec == nil {
		return nil, nil, badInput("get both with: cairn receipt ID -o raw", "there is no record among the files")
	}
	return rec, receipts, nil
}

// parseSigner reads a peer ID or the text of a key.
func parseSigner(text string) (records.PublicKey, error) {
	if _, b, err := multibase.Decode(text); err == nil && strings.HasPrefix(text, "z") {
		return records.ParsePublicKey(b)
	}
	id, err := peer.Decode(text)
	if err != nil {
		return records.PublicKey{}, err
	}
	public, err := id.ExtractPublicKey()
	if err != nil {
		return records.PublicKey{}, err
	}
	raw, err := public.Raw()
	if err != nil {
		return records.PublicKey{}, err
	}
	return records.Ed25519Key(ed25519.PublicKey(raw))
}

// peerOf is the peer ID of a node whose key this is.
func peerOf(key records.PublicKey) string {
	public, err := crypto.UnmarshalEd25519PublicKey(key.Bytes()[2:])
	if err != nil {
		return ""
	}
	id, err := peer.IDFromPublicKey(public)
	if err != nil {
		return ""
	}
	return id.String()
}
