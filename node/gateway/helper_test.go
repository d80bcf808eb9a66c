package gateway

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// sentinels are all reasons of a refusal, by the name a table uses.
func sentinels() map[string]error {
	return map[string]error{
		"ErrNotJSON": ErrNotJSON, "ErrTooLarge": ErrTooLarge, "ErrUnrecognised": ErrUnrecognised, "ErrList": ErrList,
		"ErrNoLocation": ErrNoLocation, "ErrPrivate": ErrPrivate, "ErrTemplate": ErrTemplate, "ErrInvalid": ErrInvalid, "ErrRevoked": ErrRevoked,
	}
}

// reason names the sentinel in err; every refusal has exactly one, and a text.
func reason(t testing.TB, err error) string {
	t.Helper()
	if _, ok := errors.AsType[*RefusalError](err); !ok {
		t.Fatalf("not a *RefusalError: %v", err)
	}
	var names []string
	for name, sentinel := range sentinels() {
		if errors.Is(err, sentinel) {
			names = append(names, name)
		}
	}
	if len(names) != 1 || err.Error() == "" {
		t.Fatalf("reasons %v of %v", names, err)
	}
	if strings.ContainsFunc(err.Error(), invisible) {
		t.Fatalf("invisible characters in %q", err)
	}
	return names[0]
}

// sound proves what Import promises of every accepted document: a record with the
// location can be signed, the digest is that of the bytes, no text holds what a
// terminal should not see, and nothing private went through unasked.
func sound(t testing.TB, doc []byte, im Imported, opts Options) {
	t.Helper()
	sign(t, im.Location)
	if im.Location.Card == nil || im.Location.Card.Digest != sha256.Sum256(doc) {
		t.Fatal("the card's digest is not that of the bytes")
	}
	texts := []string{im.Shape, im.Title, im.Alias}
	for _, f := range im.Findings {
		texts = append(texts, f.String())
		if f.Severity == Error {
			t.Fatalf("accepted with %s", f)
		}
	}
	for _, s := range texts {
		if strings.ContainsFunc(s, invisible) || len(s) > 8<<10 {
			t.Fatalf("not clean: %.200q", s)
		}
	}
	for i, e := range im.Location.Endpoints {
		if int(e.Priority) != i {
			t.Fatalf("endpoint %d has priority %d", i, e.Priority)
		}
		public(t, e, opts)
	}
}

func public(t testing.TB, e records.Endpoint, opts Options) {
	t.Helper()
	if strings.HasPrefix(e.URL, "pkg:") != (e.Protocol == "package") && e.Protocol != "package" {
		t.Fatalf("%s is of protocol %s", e.URL, e.Protocol)
	}
	if isTemplate(e.URL) && !strings.HasPrefix(e.URL, "pkg:") {
		t.Fatalf("a template: %s", e.URL)
	}
	u, err := url.Parse(e.URL)
	if err != nil || opts.AllowPrivate || u.Scheme == "pkg" {
		return
	}
	c := checker{}
	if why := c.host(u); why != nil {
		t.Fatalf("%s: %s", e.URL, why.detail)
	}
}

// sign makes a real record of a location, and fails where the records package
// would not have it.
func sign(t testing.TB, l records.Location) {
	t.Helper()
	key, err := records.NewEd25519Signer(ed25519.NewKeyFromSeed(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0)
	g := records.Genesis{Keys: []records.PublicKey{key.Public()}, Next: [][32]byte{key.Public().RotationDigest()}}
	ident, err := records.NewIdentity(g, now.Add(records.DefaultLife), records.Secret{1})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := records.Sign(ident, key, records.Draft{Location: l, Sequence: records.MaxSequence, Issued: now})
	if err != nil {
		t.Fatalf("no record can be made of %+v: %v", l, err)
	}
	if got, want := fmt.Sprint(rec.Location().Capabilities), fmt.Sprint(l.Capabilities); len(l.Capabilities) > 0 && got != want {
		t.Fatalf("capabilities were not in canonical order: %s", want)
	}
}

// describe is an outcome as the golden files have it.
func describe(im Imported, err error) string {
	var b strings.Builder
	if err != nil {
		fmt.Fprintf(&b, "refused: %v\n", err)
		return b.String()
	}
	fmt.Fprintf(&b, "shape: %s\ntitle: %s\nalias: %s\n", im.Shape, im.Title, im.Alias)
	for _, e := range im.Location.Endpoints {
		fmt.Fprintf(&b, "endpoint: %d %s %s\n", e.Priority, e.Protocol, e.URL)
	}
	for _, c := range im.Location.Capabilities {
		fmt.Fprintf(&b, "capability: %s\n", c)
	}
	fmt.Fprintf(&b, "card: %s\n", im.Location.Card.MediaType)
	for _, f := range im.Findings {
		fmt.Fprintf(&b, "%s\n", f)
	}
	return b.String()
}
