package presence

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/cairn-overlay/cairn/records"
)

const (
	// Path is where an agent answers challenges over HTTPS.
	Path = "/.well-known/cairn-possession"
	// Protocol is that of a libp2p stream with one challenge and one answer.
	Protocol protocol.ID = "/cairn/possession/1"

	mediaType = "application/cbor"
	// patience bounds one exchange.
	patience = 10 * time.Second
)

// ErrNotHere: who was challenged does not have the agent that was asked for.
var ErrNotHere = errors.New("the agent is not here")

// Answer answers a challenge over a channel; where the agent is another's, with
// ErrNotHere. It is called by several goroutines at once.
type Answer func(c records.Challenge, over records.Binding) (*records.Possession, error)

// Holder is an agent that can show that it is there.
type Holder struct {
	Proof *records.Proof
	// Key is one of the agent's present signing keys.
	Key records.Signer
	// Grants are those that it was given, of which it shows the first that is asked for.
	Grants []*records.Grant
}

// Answer is an Answer for the one agent. Where a grant is asked for that it has not, it
// answers without; what that is worth is for the other side to say.
func (h Holder) Answer(c records.Challenge, over records.Binding) (*records.Possession, error) {
	if c.Agent != h.Proof.ID() {
		return nil, ErrNotHere
	}
	return h.Proof.Answer(c, over, h.Key, h.grantFor(c))
}

func (h Holder) grantFor(c records.Challenge) *records.Grant {
	call := records.Call{By: c.Agent, Subject: c.Subject, Command: c.Command, At: time.Now()}
	for _, g := range h.Grants {
		if c.Command != "" && g.Covers(call, func(records.AgentID) records.Fact { return nil }) == nil {
			return g
		}
	}
	return nil
}

// Handler answers at Path, over TLS 1.3. It bounds the bytes of a challenge, not how many
// there are: an answer costs two signatures or so.
func Handler(answer Answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "post a challenge", http.StatusMethodNotAllowed)
			return
		}
		over, err := bindTLS(r.TLS)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUpgradeRequired)
			return
		}
		b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, records.MaxChallengeSize))
		if err != nil {
			http.Error(w, "a challenge that cannot be read", http.StatusBadRequest)
			return
		}
		b, err = reply(b, over, answer)
		switch {
		case err == nil:
			w.Header().Set("Content-Type", mediaType)
			w.Header().Set("Cache-Control", "no-store")
			_, _ = w.Write(b) // a client that left is no fault
		case errors.Is(err, ErrNotHere):
			http.Error(w, ErrNotHere.Error(), http.StatusNotFound)
		case errors.Is(err, errChallenge):
			http.Error(w, err.Error(), http.StatusBadRequest)
		default: // the key's own affair, not the stranger's
			http.Error(w, "no answer can be given now", http.StatusInternalServerError)
		}
	})
}

// Serve answers over libp2p, until the host closes or removes the handler of Protocol.
func Serve(h host.Host, answer Answer) {
	h.SetStreamHandler(Protocol, func(s network.Stream) {
		if err := serveStream(s, answer); err != nil {
			_ = s.Reset()
		}
	})
}

func serveStream(s network.Stream, answer Answer) error {
	if err := s.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	b, err := readAtMost(s, records.MaxChallengeSize)
	if err != nil {
		return err
	}
	b, err = reply(b, bindPeers(s.Conn().RemotePeer(), s.Conn().LocalPeer()), answer)
	if err != nil {
		return err
	}
	if _, err := s.Write(b); err != nil {
		return err
	}
	return s.Close()
}

// errChallenge: the bytes are no challenge.
var errChallenge = errors.New("not a challenge")

// reply turns the bytes of a challenge into those of the answer.
func reply(b []byte, over records.Binding, answer Answer) ([]byte, error) {
	c, err := records.OpenChallenge(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errChallenge, err)
	}
	p, err := answer(c, over)
	if err != nil {
		return nil, err
	}
	return p.Bytes(), nil
}

// readAtMost reads to the end, of which more than limit bytes is an error.
func readAtMost(r io.Reader, limit int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err == nil && len(b) > limit {
		err = fmt.Errorf("%w: more than %d bytes", records.ErrTooLarge, limit)
	}
	return b, err
}
