package presence

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

// exporterLabel is that of RFC 9266.
const exporterLabel = "EXPORTER-Channel-Binding"

// ErrChannel: the connection has nothing that an answer could be bound to: it is not
// TLS 1.3.
var ErrChannel = errors.New("no TLS 1.3 to bind the answer to")

// bindTLS names a TLS connection. Both ends get the same.
func bindTLS(state *tls.ConnectionState) (over records.Binding, err error) {
	if state == nil || state.Version < tls.VersionTLS13 {
		return over, ErrChannel
	}
	b, err := state.ExportKeyingMaterial(exporterLabel, nil, len(over))
	if err != nil {
		return over, fmt.Errorf("%w: %w", ErrChannel, err)
	}
	return binding(records.Binding(b)), nil
}

// bindPeers names a libp2p connection.
func bindPeers(verifier, answerer peer.ID) records.Binding {
	return binding(records.PeerBinding([]byte(verifier), []byte(answerer)))
}

func binding(over records.Binding) records.Binding {
	if weak.Off(weak.ChannelBinding) {
		return records.Binding{}
	}
	return over
}

// nonce is drawn for one challenge.
func nonce() (n [32]byte) {
	if weak.Off(weak.FreshNonce) {
		return [32]byte{1}
	}
	_, _ = rand.Read(n[:]) // never fails, by its contract
	return n
}
