package node

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	tls "github.com/libp2p/go-libp2p/p2p/security/tls"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/cairn-overlay/cairn/node/links"
)

// newHost builds the libp2p host: TCP and QUIC, Noise and TLS, and a manager that leaves the degree to the
// keeper of the links. more is what its reachability takes.
func newHost(cfg Config, key crypto.PrivKey, more []libp2p.Option) (host.Host, error) {
	if err := portsFree(cfg.Listen); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	cm, err := links.NewManager(cfg.Limits.Conns())
	if err != nil {
		return nil, err
	}
	rm, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(cfg.Limits.libp2p()))
	if err != nil {
		return nil, errors.Join(err, cm.Close())
	}
	if len(cfg.Announce) > 0 {
		more = append(more, libp2p.AddrsFactory(func([]multiaddr.Multiaddr) []multiaddr.Multiaddr { return cfg.Announce }))
	}
	h, err := libp2p.New(append(more,
		libp2p.Identity(key),
		libp2p.ListenAddrs(cfg.Listen...),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Transport(quic.NewTransport),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Security(tls.ID, tls.New),
		libp2p.ConnectionManager(cm),
		libp2p.ResourceManager(rm),
		libp2p.UserAgent("cairn/"+cfg.Version),
		libp2p.DisableMetrics(),
	)...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen: %w", err), cm.Close(), rm.Close())
	}
	return h, nil
}

// portsFree reports a TCP port that somebody has. libp2p shares ports with SO_REUSEPORT, so
// that two daemons on one port would both start, and each get some of the other's peers.
func portsFree(listen []multiaddr.Multiaddr) error {
	for _, a := range listen {
		network, at, err := manet.DialArgs(a)
		if err != nil || len(a) != 2 || !strings.HasPrefix(network, "tcp") {
			continue // libp2p says what is wrong with it
		}
		l, err := net.Listen(network, at)
		if err != nil {
			return err
		}
		if err := l.Close(); err != nil {
			return err
		}
	}
	return nil
}

// closeHost closes h, its connections first. The order matters: go-libp2p v0.51.0
// stops reading the event subscription of its observed-address manager without
// closing it, early in the host's Close. Seventeen identify events later, such as
// those that many peers push when they stop too, every emitter waits for it, and
// the host's Close for the emitters, for ever.
func closeHost(h host.Host) error { return errors.Join(h.Network().Close(), h.Close()) }

// nodeKey reads the node's key from the data directory, or makes it. Without a
// directory every call makes a new one.
func nodeKey(dir string) (crypto.PrivKey, error) {
	if dir == "" {
		key, _, err := crypto.GenerateEd25519Key(rand.Reader)
		return key, err
	}
	path := filepath.Join(dir, "node.key")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if b, err = makeNodeKey(path); err != nil {
			return nil, fmt.Errorf("node key: %w", err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("node key: %w", err)
	}
	if st, err := os.Stat(path); err == nil && st.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		return nil, fmt.Errorf("node key %s may be read by others (mode %04o): run chmod 600 on it", path, st.Mode().Perm())
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("node key %s: not PEM; move it away to have a new one made", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("node key %s: %w", path, err)
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("node key %s: not an Ed25519 key", path)
	}
	return crypto.UnmarshalEd25519PrivateKey(private)
}

// hasNodeKey reports whether nodeKey has nothing to make in a data directory.
func hasNodeKey(dir string) bool {
	if dir == "" {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "node.key"))
	return err == nil
}

// makeNodeKey writes a new key durably and returns the file's bytes.
func makeNodeKey(path string) ([]byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	b := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	return b, os.Rename(tmp, path)
}
