package presence

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	mocknet "github.com/libp2p/go-libp2p/p2p/net/mock"

	"github.com/cairn-overlay/cairn/records"
)

// agent is one whose keys the tests have, by number.
type agent struct {
	proof  *records.Proof
	key    records.Signer
	secret records.Secret
}

func newAgent(t testing.TB, number byte) agent {
	t.Helper()
	key := signer(t, number)
	secret := records.Secret{number, 1}
	genesis := records.Genesis{Keys: []records.PublicKey{key.Public()}, Next: [][32]byte{signer(t, number+100).Public().RotationDigest()}}
	ident, err := records.NewIdentity(genesis, time.Now().Add(time.Hour), secret)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := records.NewProof(records.NewChain(ident))
	if err != nil {
		t.Fatal(err)
	}
	return agent{proof, key, secret}
}

func signer(t testing.TB, number byte) records.Signer {
	t.Helper()
	key, err := records.NewEd25519Signer(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{number}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// grant lets another agent call a path.
func (a agent) grant(t testing.TB, to agent, command string) *records.Grant {
	t.Helper()
	g, err := a.proof.Grant(records.GrantDraft{Audience: to.proof.ID(), Command: command, End: time.Now().Add(time.Minute)}, nil, a.key, records.Secret{9})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// dead knows the agent's tombstone.
func (a agent) dead(t testing.TB) func(records.AgentID) records.Fact {
	t.Helper()
	fact, err := a.proof.Own().Identity().Header().Reveal(a.secret)
	if err != nil {
		t.Fatal(err)
	}
	return func(id records.AgentID) records.Fact {
		if id == fact.ID() {
			return fact
		}
		return nil
	}
}

// way is one of the two ways to a place.
type way struct {
	name string
	// place opens one where challenges are answered so, and returns how to challenge it.
	place func(t *testing.T, serve server) func(context.Context, Asker) error
}

// server turns the bytes of a challenge into those of an answer.
type server func(challenge []byte, over records.Binding) ([]byte, error)

func honest(answer Answer) server {
	return func(b []byte, over records.Binding) ([]byte, error) { return reply(b, over, answer) }
}

func ways() []way {
	return []way{{"https", overHTTPS}, {"libp2p", overLibp2p}}
}

func overHTTPS(t *testing.T, serve server) func(context.Context, Asker) error {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		over, err := bindTLS(r.TLS)
		if err != nil {
			t.Error(err)
		}
		b, err := io.ReadAll(r.Body)
		if err == nil {
			b, err = serve(b, over)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_, _ = w.Write(b)
	}))
	t.Cleanup(s.Close)
	return func(ctx context.Context, a Asker) error {
		conn, err := a.Dial(&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}})(ctx, "tcp", s.Listener.Addr().String())
		if err == nil {
			err = conn.Close()
		}
		return err
	}
}

func overLibp2p(t *testing.T, serve server) func(context.Context, Asker) error {
	net, err := mocknet.FullMeshConnected(2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = net.Close() })
	from, to := net.Hosts()[0], net.Hosts()[1]
	serveOn(to, serve)
	return func(ctx context.Context, a Asker) error {
		_, err := a.Peer(ctx, from, to.ID())
		return err
	}
}

func serveOn(h host.Host, serve server) {
	h.SetStreamHandler(Protocol, func(s network.Stream) {
		b, err := readAtMost(s, records.MaxChallengeSize)
		if err == nil {
			b, err = serve(b, bindPeers(s.Conn().RemotePeer(), s.Conn().LocalPeer()))
		}
		if err != nil {
			_ = s.Reset()
			return
		}
		_, _ = s.Write(b)
		_ = s.Close()
	})
}

func TestPossession(t *testing.T) {
	owner, worker, other := newAgent(t, 1), newAgent(t, 2), newAgent(t, 3)
	granted := owner.grant(t, worker, "/translate")
	holder := Holder{Proof: worker.proof, Key: worker.key, Grants: []*records.Grant{other.grant(t, worker, "/translate"), granted}}
	plain := Asker{Agent: worker.proof.ID()}
	with := func(change func(*Asker)) Asker { a := plain; change(&a); return a }
	asks := func(command string) Asker {
		return with(func(a *Asker) { a.Command, a.Subject = command, owner.proof.ID() })
	}
	for _, row := range []struct {
		name  string
		ask   Asker
		serve server
		want  error
	}{
		{"as asked", plain, honest(holder.Answer), nil},
		{"with its grant", asks("/translate/en-es"), honest(holder.Answer), nil},
		{"a grant that it has not", asks("/files"), honest(holder.Answer), records.ErrNotGranted},
		{"revoked", with(func(a *Asker) { a.Known = worker.dead(t) }), honest(holder.Answer), records.ErrRevoked},
		{"past its end", with(func(a *Asker) { a.Now = func() time.Time { return time.Now().Add(2 * time.Hour) } }), honest(holder.Answer), records.ErrExpired},
		{"another agent is here", with(func(a *Asker) { a.Agent = other.proof.ID() }), honest(holder.Answer), ErrNoAnswer},
		{"junk", plain, func([]byte, records.Binding) ([]byte, error) { return []byte("<html>"), nil }, records.ErrMalformed},
		{"nothing", plain, func([]byte, records.Binding) ([]byte, error) { return nil, nil }, records.ErrMalformed},
		{"without end", plain, func([]byte, records.Binding) ([]byte, error) {
			return make([]byte, records.MaxPossessionSize+1), nil
		}, records.ErrTooLarge},
		{"its key cannot be used", plain, func([]byte, records.Binding) ([]byte, error) { return nil, errors.New("sealed") }, ErrNoAnswer},
	} {
		for _, w := range ways() {
			t.Run(w.name+"/"+row.name, func(t *testing.T) {
				if err := w.place(t, row.serve)(t.Context(), row.ask); !errors.Is(err, row.want) {
					t.Fatalf("%v, want %v", err, row.want)
				}
			})
		}
	}
}

// TestCopiedCard: who has an agent's card, and all that it ever published, is not that agent.
func TestCopiedCard(t *testing.T) {
	real, thief := newAgent(t, 1), newAgent(t, 2)
	instead := func(c records.Challenge, over records.Binding) (*records.Possession, error) {
		c.Agent = thief.proof.ID()
		return Holder{Proof: thief.proof, Key: thief.key}.Answer(c, over)
	}
	for _, row := range []struct {
		name  string
		serve server
		want  error
	}{
		{"a place that knows of no challenges", func([]byte, records.Binding) ([]byte, error) { return nil, ErrNotHere }, ErrNoAnswer},
		{"its own proof", honest(instead), records.ErrWrongSubject},
		{"the agent's proof, its own key", honest(Holder{Proof: real.proof, Key: thief.key}.Answer), ErrNoAnswer},
	} {
		for _, w := range ways() {
			t.Run(w.name+"/"+row.name, func(t *testing.T) {
				if err := w.place(t, row.serve)(t.Context(), Asker{Agent: real.proof.ID()}); !errors.Is(err, row.want) {
					t.Fatalf("%v, want %v", err, row.want)
				}
			})
		}
	}
}

// TestRelayed: a place that passes the challenge on to the real agent, and its answer back.
func TestRelayed(t *testing.T) {
	real := newAgent(t, 1)
	holder := Holder{Proof: real.proof, Key: real.key}
	t.Run("https", func(t *testing.T) {
		s := httptest.NewTLSServer(Handler(holder.Answer))
		defer s.Close()
		relay := overHTTPS(t, func(challenge []byte, _ records.Binding) ([]byte, error) {
			conn, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
			if err != nil {
				return nil, err
			}
			defer conn.Close()
			return post(conn, "real.example", challenge)
		})
		if err := relay(t.Context(), Asker{Agent: real.proof.ID()}); !errors.Is(err, records.ErrWrongSubject) {
			t.Fatalf("%v, want an answer over another channel", err)
		}
	})
	t.Run("libp2p", func(t *testing.T) {
		net, err := mocknet.FullMeshConnected(3)
		if err != nil {
			t.Fatal(err)
		}
		defer net.Close()
		victim, between, place := net.Hosts()[0], net.Hosts()[1], net.Hosts()[2]
		Serve(place, holder.Answer)
		serveOn(between, func(challenge []byte, _ records.Binding) ([]byte, error) {
			s, err := between.NewStream(t.Context(), place.ID(), Protocol)
			if err != nil {
				return nil, err
			}
			if _, err := s.Write(challenge); err != nil {
				return nil, err
			}
			if err := s.CloseWrite(); err != nil {
				return nil, err
			}
			return readAtMost(s, records.MaxPossessionSize)
		})
		asker := Asker{Agent: real.proof.ID()}
		if _, err := asker.Peer(t.Context(), victim, between.ID()); !errors.Is(err, records.ErrWrongSubject) {
			t.Fatalf("%v, want an answer over another channel", err)
		}
		if _, err := asker.Peer(t.Context(), victim, place.ID()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestReplayed: an answer that was genuine once, over this very channel.
func TestReplayed(t *testing.T) {
	real := newAgent(t, 1)
	asker, over := Asker{Agent: real.proof.ID()}, records.Binding{7}
	var heard []byte
	if _, err := asker.exchange(over, func(challenge []byte) (b []byte, err error) {
		heard, err = reply(challenge, over, Holder{Proof: real.proof, Key: real.key}.Answer)
		return heard, err
	}); err != nil {
		t.Fatal(err)
	}
	_, err := asker.exchange(over, func([]byte) ([]byte, error) { return heard, nil })
	if !errors.Is(err, records.ErrWrongSubject) {
		t.Fatalf("%v, want an answer to another challenge", err)
	}
}

// TestHandler holds the agent's side to what it says to strangers.
func TestHandler(t *testing.T) {
	real := newAgent(t, 1)
	s := httptest.NewTLSServer(Handler(Holder{Proof: real.proof, Key: real.key}.Answer))
	defer s.Close()
	bare := httptest.NewServer(Handler(Holder{Proof: real.proof, Key: real.key}.Answer))
	defer bare.Close()
	challenge := func(id records.AgentID) string {
		b, err := records.Challenge{Agent: id, Nonce: [32]byte{1}}.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, row := range []struct {
		name, method, url, body string
		want                    int
	}{
		{"a challenge", "POST", s.URL, challenge(real.proof.ID()), 200},
		{"for another", "POST", s.URL, challenge(newAgent(t, 2).proof.ID()), 404},
		{"a visitor", "GET", s.URL, "", 405},
		{"junk", "POST", s.URL, "junk", 400},
		{"too much", "POST", s.URL, strings.Repeat("a", records.MaxChallengeSize+1), 400},
		{"no TLS", "POST", bare.URL, challenge(real.proof.ID()), 426},
	} {
		t.Run(row.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), row.method, row.url+Path, strings.NewReader(row.body))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := s.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != row.want {
				t.Fatalf("%s, want %d", resp.Status, row.want)
			}
		})
	}
}

// TestConnEnds: whoever gives up does so at once, also where the other side says nothing.
func TestConnEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ask := overHTTPS(t, func([]byte, records.Binding) ([]byte, error) { // the whole challenge was read
		cancel()
		<-t.Context().Done()
		return nil, t.Context().Err()
	})
	if err := ask(ctx, Asker{Agent: newAgent(t, 1).proof.ID()}); !errors.Is(err, ErrNoAnswer) {
		t.Fatalf("%v, want no answer", err)
	}
}
