package presence_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/cairn-overlay/cairn/node/presence"
	"github.com/cairn-overlay/cairn/records"
)

// An agent answers challenges beside its other requests. A client whose connections are all
// challenged reaches it, and not the place to which somebody has copied its card.
func Example() {
	proof, key := agent()
	mux := http.NewServeMux()
	mux.Handle(presence.Path, presence.Handler(presence.Holder{Proof: proof, Key: key}.Answer))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hola") })
	place, foreign := httptest.NewTLSServer(mux), httptest.NewTLSServer(http.NotFoundHandler())
	defer place.Close()
	defer foreign.Close()
	foreign.Config.ErrorLog = log.New(discard{}, "", 0)

	asker := presence.Asker{Agent: proof.ID()}
	dial := asker.Dial(&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}) // the agent's ID vouches for the channel
	client := http.Client{Transport: &http.Transport{DialTLSContext: dial}}
	defer client.CloseIdleConnections()
	resp, err := client.Get(place.URL)
	check(err)
	defer resp.Body.Close()
	fmt.Println("the agent:", resp.Status)
	_, err = client.Get(foreign.URL)
	fmt.Println("another place:", err != nil)
	// Output:
	// the agent: 200 OK
	// another place: true
}

// agent makes one, as `cairn agent new` does.
func agent() (*records.Proof, records.Signer) {
	signing, rotation := newKey(), newKey()
	var secret records.Secret
	_, _ = rand.Read(secret[:])
	genesis := records.Genesis{Keys: []records.PublicKey{signing.Public()}, Next: [][32]byte{rotation.Public().RotationDigest()}}
	ident, err := records.NewIdentity(genesis, time.Now().Add(time.Hour), secret)
	check(err)
	proof, err := records.NewProof(records.NewChain(ident))
	check(err)
	return proof, signing
}

func newKey() records.Signer {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	check(err)
	key, err := records.NewEd25519Signer(private)
	check(err)
	return key
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
