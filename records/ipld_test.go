package records

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ipld/go-ipld-prime/codec/dagcbor"
	"github.com/ipld/go-ipld-prime/datamodel"
	cidlink "github.com/ipld/go-ipld-prime/linking/cid"
	"github.com/ipld/go-ipld-prime/node/basicnode"
	"pgregory.net/rapid"
)

// oracle decodes b with another library's strict DAG-CBOR and holds its own
// encoding of what it read against b.
func oracle(t rapidOrTesting, what string, b []byte) datamodel.Node {
	t.Helper()
	nb := basicnode.Prototype.Any.NewBuilder()
	if err := (dagcbor.DecodeOptions{AllowLinks: true}).Decode(nb, bytes.NewReader(b)); err != nil {
		t.Fatalf("%s: go-ipld-prime: %v\n%x", what, err, b)
	}
	var again bytes.Buffer
	if err := dagcbor.Encode(nb.Build(), &again); err != nil {
		t.Fatalf("%s: go-ipld-prime: %v", what, err)
	}
	if !bytes.Equal(again.Bytes(), b) {
		t.Fatalf("%s: ours\n%x, go-ipld-prime's\n%x", what, b, again.Bytes())
	}
	return nb.Build()
}

// rapidOrTesting is what oracle needs of *rapid.T and testing.TB.
type rapidOrTesting interface {
	Helper()
	Fatalf(format string, args ...any)
	Fatal(args ...any)
}

// oracleRecord holds every part of a record against the oracle, and reads a few
// fields with it.
func oracleRecord(t rapidOrTesting, r *Record) {
	t.Helper()
	ident := r.Identity()
	oracle(t, "header", ident.HeaderBytes())
	oracle(t, "genesis", ident.GenesisBytes())
	node := oracle(t, "record", r.Bytes())
	payload, err := node.LookupByIndex(1)
	if err != nil {
		t.Fatal(err)
	}
	var signed bytes.Buffer
	if err := dagcbor.Encode(payload, &signed); err != nil {
		t.Fatal(err)
	}
	oracle(t, "payload", signed.Bytes())
	if !bytes.Contains(r.Bytes(), signed.Bytes()) {
		t.Fatal("the payload's bytes are not in the record")
	}
	agent, err := payload.LookupByString("agent")
	if err != nil {
		t.Fatal(err)
	}
	link, err := agent.AsLink()
	if err != nil {
		t.Fatal(err)
	}
	if l, ok := link.(cidlink.Link); !ok || l.Cid != r.ID().CID() {
		t.Fatalf("go-ipld-prime reads agent %s, want %s", link, r.ID())
	}
	seq, err := payload.LookupByString("seq")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := seq.AsInt(); err != nil || uint64(n) != r.Sequence() {
		t.Fatalf("go-ipld-prime reads sequence %d, %v, want %d", n, err, r.Sequence())
	}
}

func TestOracle(t *testing.T) {
	ident, key, secret := testAgent(t, 1)
	oracleRecord(t, mustSign(t, ident, key, Draft{Sequence: MaxSequence, Issued: testTime, Location: testLocation()}))
	oracle(t, "tombstone", mustReveal(t, ident.Header(), secret).Bytes())
	parent := ident.ID()
	g := testGenesis(t, 2)
	g.Parent = &parent
	child, err := NewIdentity(g, testTime, testSecrets...)
	wantErr(t, err, nil)
	oracle(t, "header with three locks", child.HeaderBytes())
	oracle(t, "genesis with a parent", child.GenesisBytes())
	for _, s := range testSecrets {
		oracle(t, "tombstone with three locks", mustReveal(t, child.Header(), s).Bytes())
	}
}

// TestOracleProperty: whatever is signed is DAG-CBOR in the one form that another
// library knows, and opens again.
func TestOracleProperty(t *testing.T) {
	ident, key, _ := testAgent(t, 1)
	end := ident.End()
	rapid.Check(t, func(t *rapid.T) {
		issued := time.Unix(rapid.Int64Range(end.Unix()-3650*86400, end.Unix()).Draw(t, "issued"), 0)
		lease := rapid.Int64Range(0, min(86400, end.Unix()-issued.Unix())).Draw(t, "lease")
		d := Draft{
			Sequence: rapid.Uint64Range(0, MaxSequence).Draw(t, "sequence"),
			Issued:   issued, NotAfter: issued.Add(time.Duration(lease) * time.Second),
			Location: genLocation().Draw(t, "location"),
		}
		rec, err := Sign(ident, key, d)
		if err != nil {
			t.Fatal(err)
		}
		oracleRecord(t, rec)
		back, err := OpenRecord(rec.Bytes())
		if err != nil || back.Mark() != rec.Mark() {
			t.Fatalf("%v", err)
		}
	})
}

// genLocation draws locations within the limits, and small enough together.
func genLocation() *rapid.Generator[Location] {
	return rapid.Custom(func(t *rapid.T) Location {
		token := rapid.StringMatching(`[!-~]{1,64}`)
		places := rapid.OneOf(rapid.SampledFrom(knownURLs()), rapid.StringMatching(`https://[a-z0-9]{1,20}\.example(:[1-9][0-9]{0,3})?(/[a-z0-9~]{0,20}){0,3}`))
		digest := rapid.Custom(func(t *rapid.T) [32]byte { return [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest")) })
		l := Location{
			Endpoints: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Endpoint {
				return Endpoint{
					URL:      places.Draw(t, "url"),
					Protocol: strings.ToLower(token.Draw(t, "protocol")),
					Priority: rapid.Uint16().Draw(t, "priority"),
					Weight:   rapid.Uint16().Draw(t, "weight"),
				}
			}), 1, 5).Draw(t, "endpoints"),
			Capabilities: rapid.SliceOfN(rapid.StringMatching(`(/[a-z0-9][a-z0-9._-]{0,15}){1,3}`), 0, 8).Draw(t, "capabilities"),
		}
		if rapid.Bool().Draw(t, "has card") {
			l.Card = &Card{MediaType: token.Draw(t, "media type"), Digest: digest.Draw(t, "card")}
			if rapid.Bool().Draw(t, "card has URL") {
				l.Card.URL = places.Draw(t, "card url")
			}
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "code digests") {
			l.Code = append(l.Code, CodeDigest{Type: token.Draw(t, "code type"), Digest: digest.Draw(t, fmt.Sprint("code ", i))})
		}
		if rapid.Bool().Draw(t, "has region") {
			l.Region = token.Draw(t, "region")
		}
		if rapid.Bool().Draw(t, "has extensions") {
			l.Extensions = rapid.MapOfN(token, rapid.SliceOfN(rapid.Byte(), 0, 64), 0, 4).Draw(t, "extensions")
		}
		return l
	})
}

// knownURLs are the good URLs whose multiaddrs this build's library knows.
func knownURLs() []string {
	var known []string
	for _, s := range goodURLs() {
		if (Location{Endpoints: []Endpoint{{URL: s}}}).checkMultiaddrs() == nil {
			known = append(known, s)
		}
	}
	return known
}
