package presence

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
)

// ErrNoAnswer: somebody is there, and gives no proof.
var ErrNoAnswer = errors.New("no proof of possession")

// maxHead bounds the bytes of an HTTP answer before its body.
const maxHead = 16 << 10

// Asker challenges who answers at a place. It is a value that may be used for any number
// of connections at once; each is challenged anew.
type Asker struct {
	// Agent is who should be there.
	Agent records.AgentID
	// Command is the capability path that a grant of Subject must cover, or empty where
	// no grant is asked for.
	Command string
	// Subject is whose authority Command needs; the zero ID without one.
	Subject records.AgentID
	// Known returns what is known of a subject, or nil. Where Known itself is nil nothing is
	// known: a key that was revoked passes.
	Known func(records.AgentID) records.Fact
	// Now is the wall clock; default time.Now.
	Now func() time.Time
}

// Peer challenges a peer over libp2p, over the host's connection to it or a new one. An
// error that is ErrNoAnswer says that it does not answer; one of package records, in what
// its answer fails.
func (a Asker) Peer(ctx context.Context, h host.Host, p peer.ID) (*records.Possession, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, err := h.NewStream(network.WithAllowLimitedConn(ctx, string(Protocol)), p, Protocol)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", p, ErrNoAnswer, err)
	}
	defer func() { _ = s.Reset() }() // a no-op where both sides have closed
	defer context.AfterFunc(ctx, func() { _ = s.SetDeadline(time.Unix(1, 0)) })()
	return a.exchange(bindPeers(h.ID(), s.Conn().RemotePeer()), func(challenge []byte) ([]byte, error) {
		if _, err := s.Write(challenge); err != nil {
			return nil, err
		}
		if err := s.CloseWrite(); err != nil {
			return nil, err
		}
		return readAtMost(s, records.MaxPossessionSize)
	})
}

// Conn challenges the other end of a TLS 1.3 connection over which nothing was said yet:
// one request of HTTP/1.1. The connection can be used for more of them afterwards.
func (a Asker) Conn(ctx context.Context, conn *tls.Conn) (*records.Possession, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	state := conn.ConnectionState()
	over, err := bindTLS(&state)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	p, err := a.exchange(over, func(challenge []byte) ([]byte, error) { return post(conn, hostOf(conn, state.ServerName), challenge) })
	if !stop() && err == nil {
		return nil, context.Cause(ctx) // the deadline stands, and nobody can use the connection
	}
	return p, err
}

// Dial returns a dial function, for http.Transport.DialTLSContext, whose connections have
// all passed the challenge. d gives the rest; its configuration of TLS may leave certificates
// unverified, since the answer to the challenge authenticates the channel. It speaks
// HTTP/1.1.
func (a Asker) Dial(d *tls.Dialer) func(ctx context.Context, network, addr string) (net.Conn, error) {
	config := &tls.Config{}
	if d.Config != nil {
		config = d.Config.Clone()
	}
	config.MinVersion, config.NextProtos = tls.VersionTLS13, []string{"http/1.1"}
	bound := &tls.Dialer{NetDialer: d.NetDialer, Config: config}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := bound.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if _, err := a.Conn(ctx, conn.(*tls.Conn)); err != nil {
			return nil, errors.Join(fmt.Errorf("challenge %s at %s: %w", a.Agent, addr, err), conn.Close())
		}
		return conn, nil
	}
}

// exchange sends a new challenge by ask, and judges what comes back.
func (a Asker) exchange(over records.Binding, ask func(challenge []byte) ([]byte, error)) (*records.Possession, error) {
	c := records.Challenge{Agent: a.Agent, Nonce: nonce(), Command: a.Command, Subject: a.Subject}
	b, err := c.Bytes()
	if err != nil {
		return nil, err
	}
	if b, err = ask(b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	p, err := records.OpenPossession(b)
	if err != nil {
		return nil, err
	}
	now, known := a.Now, a.Known
	if now == nil {
		now = time.Now
	}
	if known == nil {
		known = func(records.AgentID) records.Fact { return nil }
	}
	if err := p.Answers(c, over, now(), known); err != nil {
		return nil, err
	}
	return p, nil
}

// hostOf is the authority that the other end goes by, where it is known by a name.
func hostOf(conn net.Conn, name string) string {
	addr := conn.RemoteAddr().String()
	_, port, err := net.SplitHostPort(addr)
	switch {
	case name == "":
		return addr
	case err != nil || port == "443":
		return name
	}
	return net.JoinHostPort(name, port)
}

// post sends the challenge as a request over a connection, and reads the answer and not a
// byte more.
func post(conn net.Conn, host string, challenge []byte) ([]byte, error) {
	req, err := http.NewRequest(http.MethodPost, "https://"+host+Path, bytes.NewReader(challenge))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", mediaType)
	if err := req.Write(conn); err != nil {
		return nil, err
	}
	r := bufio.NewReader(io.LimitReader(conn, maxHead+records.MaxPossessionSize))
	resp, err := http.ReadResponse(r, req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s", resp.Status)
	}
	b, err := readAtMost(resp.Body, records.MaxPossessionSize)
	switch {
	case err != nil:
		return nil, err
	case resp.Close || r.Buffered() > 0:
		return nil, errors.New("the connection cannot be used any more after the answer")
	}
	return b, nil
}
