package keyring

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

var now = time.Unix(1_800_000_000, 0).UTC()

// ring opens a keyring of its own.
func ring(t testing.TB) *Keyring {
	t.Helper()
	k, err := Open(filepath.Join(t.TempDir(), "data", "cairn"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newAgent(t testing.TB, k *Keyring, name string, opts NewOptions) Agent {
	t.Helper()
	if opts.Now.IsZero() {
		opts.Now = now
	}
	a, err := k.New(name, opts)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// files lists everything below a folder with its mode.
func files(t testing.TB, dir string) map[string]fs.FileMode {
	t.Helper()
	all := map[string]fs.FileMode{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if path == dir && (err == nil || errors.Is(err, fs.ErrNotExist)) {
			return nil // a keyring without agents
		}
		if err != nil {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		all[filepath.ToSlash(rel)] = st.Mode()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNew(t *testing.T) {
	k := ring(t)
	a := newAgent(t, k, "alice", NewOptions{})
	if a.Identity.End() != now.Add(records.DefaultLife) || a.Created != now {
		t.Errorf("end %s, created %s", a.Identity.End(), a.Created)
	}
	if runtime.GOOS != "windows" {
		want := map[string]fs.FileMode{
			"alice": fs.ModeDir | 0o700, "alice/agent.json": 0o600, "alice/key.pem": 0o600, "alice/rotation.pem": 0o600, "alice/certificate.pem": 0o600,
		}
		got := files(t, k.dir)
		for name, mode := range want {
			if got[name] != mode {
				t.Errorf("%s has mode %s, want %s", name, got[name], mode)
			}
		}
		if len(got) != len(want) {
			t.Errorf("files %v", got)
		}
		if st, err := os.Stat(filepath.Dir(k.dir)); err != nil || st.Mode().Perm() != 0o700 {
			t.Errorf("the data directory has mode %s, %v", st.Mode(), err)
		}
	}
	held, err := k.Get("alice")
	if err != nil || held.ID() != a.ID() || held.CertificatePath != a.CertificatePath || held.RotationKeyPath != a.RotationKeyPath || !held.Created.Equal(now) {
		t.Errorf("%+v, %v", held, err)
	}
	signer, err := k.Signer("alice")
	if err != nil {
		t.Fatal(err)
	}
	_, err = records.Sign(a.Identity, signer, records.Draft{Issued: now, Location: records.Location{
		Endpoints: []records.Endpoint{{URL: "https://a.example/", Protocol: "https"}},
	}})
	if err != nil {
		t.Errorf("the signer does not sign for the agent: %v", err)
	}
	for _, by := range []string{"alice", a.ID().String(), a.ID().DID()} {
		if cert, err := k.Certificate(by); err != nil || cert.ID() != a.ID() {
			t.Errorf("certificate by %s: %v", by, err)
		}
		if found, err := k.Lookup(by); err != nil || found.Name != "alice" {
			t.Errorf("lookup by %s: %v", by, err)
		}
	}
	key, err := held.rotationKey()
	if err != nil || !held.committed(key) || held.signs(key) {
		t.Errorf("rotation key: %v", err)
	}
	text := string(read(t, a.CertificatePath))
	for _, want := range []string{"-----BEGIN CAIRN REVOCATION CERTIFICATE-----", "Agent: " + a.ID().String(), "Warning: whoever has this file can end the agent"} {
		if !strings.Contains(text, want) {
			t.Errorf("the certificate does not say %q", want)
		}
	}
	if public := string(read(t, filepath.Join(a.home, publicFile))); !strings.Contains(public, `"name": "alice"`) || !strings.Contains(public, `"certificate": "certificate.pem"`) {
		t.Errorf("agent.json: %s", public)
	}
}

func TestNewElsewhere(t *testing.T) {
	k, usb := ring(t), t.TempDir()
	cert, rot := filepath.Join(usb, "cert.pem"), filepath.Join(usb, "rot.pem")
	a := newAgent(t, k, "bob", NewOptions{CertificatePath: cert, RotationKeyPath: rot, Life: time.Hour})
	if a.CertificatePath != cert || a.RotationKeyPath != rot || a.Identity.End() != now.Add(time.Hour) {
		t.Errorf("%+v", a)
	}
	if got := files(t, k.dir); len(got) != 3 {
		t.Errorf("files %v", got)
	}
	if runtime.GOOS != "windows" {
		for name, mode := range files(t, usb) {
			if mode != 0o600 {
				t.Errorf("%s has mode %s", name, mode)
			}
		}
	}
	if _, err := k.Certificate("bob"); err != nil {
		t.Error(err)
	}
	held, err := k.Get("bob")
	if err != nil || held.CertificatePath != cert || held.RotationKeyPath != rot {
		t.Errorf("%+v, %v", held, err)
	}
	if err := os.Rename(cert, cert+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Certificate("bob"); !errors.Is(err, ErrNoSecret) || !strings.Contains(err.Error(), "--cert") {
		t.Errorf("a certificate that was moved away: %v", err)
	}
	if got, err := ReadCertificate(cert + ".away"); err != nil || got.ID() != a.ID() {
		t.Errorf("named by hand: %v", err)
	}
	if err := k.Export("bob", &bytes.Buffer{}, ExportOptions{Certificate: true}); !errors.Is(err, ErrNoSecret) {
		t.Errorf("export with a certificate that was moved away: %v", err)
	}
}

// TestNewRefused holds New to leave nothing behind.
func TestNewRefused(t *testing.T) {
	usb := t.TempDir()
	inUse := filepath.Join(usb, "in-use.pem")
	write(t, inUse, []byte("precious"))
	free := filepath.Join(usb, "free.pem")
	for name, row := range map[string]struct {
		agent string
		opts  NewOptions
		want  error
		says  string
	}{
		"taken":                      {"taken", NewOptions{}, ErrExists, "another name"},
		"taken by a file":            {"file", NewOptions{}, ErrExists, "another name"},
		"empty":                      {"", NewOptions{}, ErrName, "1 to 64"},
		"too long":                   {strings.Repeat("x", 65), NewOptions{}, ErrName, ""},
		"upper case":                 {"Alice", NewOptions{}, ErrName, ""},
		"space":                      {"a b", NewOptions{}, ErrName, ""},
		"newline":                    {"a\n", NewOptions{}, ErrName, ""},
		"hidden":                     {".a", NewOptions{}, ErrName, "a letter or digit first"},
		"like a flag":                {"-a", NewOptions{}, ErrName, ""},
		"underscore first":           {"_a", NewOptions{}, ErrName, ""},
		"parent":                     {"..", NewOptions{}, ErrName, ""},
		"traversal":                  {"../evil", NewOptions{}, ErrName, ""},
		"slash":                      {"a/b", NewOptions{}, ErrName, ""},
		"backslash":                  {`a\b`, NewOptions{}, ErrName, ""},
		"NUL":                        {"a\x00", NewOptions{}, ErrName, ""},
		"an ID":                      {records.AgentIDFromDigest([32]byte{1}).String(), NewOptions{}, ErrName, "taken for the ID"},
		"ends before it begins":      {"x", NewOptions{End: now.Add(-time.Second)}, ErrMalformed, "ten years"},
		"negative life":              {"x", NewOptions{Life: -time.Hour}, ErrMalformed, ""},
		"lives too long":             {"x", NewOptions{Life: records.MaxLife + time.Second}, ErrMalformed, ""},
		"certificate path in use":    {"x", NewOptions{CertificatePath: inUse}, ErrExists, "not written over"},
		"rotation key path in use":   {"x", NewOptions{CertificatePath: free, RotationKeyPath: inUse}, ErrExists, ""},
		"one path for both":          {"x", NewOptions{CertificatePath: free, RotationKeyPath: free}, ErrExists, ""},
		"no such folder":             {"x", NewOptions{CertificatePath: filepath.Join(usb, "none", "c.pem")}, ErrNotFound, "make it first"},
		"a file of its own, twice":   {"x", NewOptions{CertificatePath: "HOME/key.pem"}, ErrExists, ""},
		"no randomness":              {"x", NewOptions{Rand: strings.NewReader("short")}, nil, "draw its keys"},
		"certificate is a directory": {"x", NewOptions{CertificatePath: usb}, ErrExists, ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := ring(t)
			newAgent(t, k, "taken", NewOptions{})
			write(t, filepath.Join(k.dir, "file"), nil)
			before := len(files(t, k.dir))
			row.opts.Now = now
			row.opts.CertificatePath = strings.Replace(row.opts.CertificatePath, "HOME", filepath.Join(k.dir, "x"), 1)
			_, err := k.New(row.agent, row.opts)
			if err == nil || (row.want != nil && !errors.Is(err, row.want)) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("error %v, want %v that says %q", err, row.want, row.says)
			}
			if got := files(t, k.dir); len(got) != before {
				t.Errorf("left behind: %v", got)
			}
			if got := files(t, usb); len(got) != 1 || string(read(t, inUse)) != "precious" {
				t.Errorf("left elsewhere: %v", got)
			}
		})
	}
}

// TestNamesRefused holds every door to the rule of names.
func TestNamesRefused(t *testing.T) {
	k := ring(t)
	for _, name := range []string{"", "..", "../agents", "a/../b", ".new-1", "/etc"} {
		_, get := k.Get(name)
		_, lookup := k.Lookup(name)
		_, signer := k.Signer(name)
		_, cert := k.Certificate(name)
		_, _, imp := k.Import(name, strings.NewReader(""))
		for _, err := range []error{get, lookup, signer, cert, imp, k.Export(name, &bytes.Buffer{}, ExportOptions{}), CheckName(name)} {
			if !errors.Is(err, ErrName) {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
	for _, name := range []string{"a", "0", "0-x", "a_", "a.b-c_d", strings.Repeat("x", 64)} {
		if err := CheckName(name); err != nil {
			t.Error(err)
		}
	}
}

// drawn is randomness that is the same every time.
func drawn() *bytes.Reader {
	b := make([]byte, 200)
	for i := range b {
		b[i] = byte(i + 1)
	}
	return bytes.NewReader(b)
}

func TestSameRandomness(t *testing.T) {
	a := newAgent(t, ring(t), "a", NewOptions{Rand: drawn()})
	b := newAgent(t, ring(t), "b", NewOptions{Rand: drawn()})
	if a.ID() != b.ID() {
		t.Error("one randomness, two agents")
	}
	if c := newAgent(t, ring(t), "c", NewOptions{}); c.ID() == a.ID() {
		t.Error("two agents are one")
	}
}

// TestRace makes one name from many sides: one wins, nothing half made is left.
func TestRace(t *testing.T) {
	k := ring(t)
	var wg sync.WaitGroup
	made := make([]error, 8)
	for i := range made {
		wg.Go(func() { _, made[i] = k.New("one", NewOptions{Now: now}) })
	}
	wg.Wait()
	won := 0
	for _, err := range made {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, ErrExists):
			t.Error(err)
		}
	}
	if got := files(t, k.dir); won != 1 || len(got) != 5 {
		t.Errorf("%d made it: %v", won, got)
	}
	if _, err := k.Signer("one"); err != nil {
		t.Error(err)
	}
}

// TestRemove takes one agent away and leaves the others, and the secrets elsewhere.
func TestRemove(t *testing.T) {
	k := ring(t)
	away := filepath.Join(t.TempDir(), "cert")
	newAgent(t, k, "a", NewOptions{CertificatePath: away})
	newAgent(t, k, "b", NewOptions{})
	if err := k.Remove("a"); err != nil {
		t.Fatal(err)
	}
	if err := k.Remove("a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
	agents, errs := k.List()
	if got := files(t, k.dir); len(agents) != 1 || agents[0].Name != "b" || len(errs) != 0 || len(got) != 5 {
		t.Errorf("left: %v, %v, %v", agents, errs, got)
	}
	if _, err := ReadCertificate(away); err != nil {
		t.Error(err)
	}
	newAgent(t, k, "a", NewOptions{})
}

// TestPublished notes who is kept alive, across Opens.
func TestPublished(t *testing.T) {
	k := ring(t)
	for _, name := range []string{"a", "b", "c"} {
		newAgent(t, k, name, NewOptions{})
	}
	for _, err := range []error{k.MarkPublished("a"), k.MarkPublished("b"), k.MarkPublished("b"), k.UnmarkPublished("a"), k.UnmarkPublished("c")} {
		if err != nil {
			t.Error(err)
		}
	}
	if err := k.MarkPublished("nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	k, err := Open(filepath.Dir(k.dir))
	if err != nil {
		t.Fatal(err)
	}
	if got := k.Published(); len(got) != 1 || got[0].Name != "b" {
		t.Errorf("published: %v", got)
	}
}

// TestLookOnly asks an empty keyring: nothing is made by a look.
func TestLookOnly(t *testing.T) {
	k := ring(t)
	agents, errs := k.List()
	_, err := k.Get("a")
	if len(agents)+len(errs) != 0 || !errors.Is(err, ErrNotFound) {
		t.Errorf("%v, %v, %v", agents, errs, err)
	}
	if _, err := os.Stat(filepath.Dir(k.dir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a look made the data directory: %v", err)
	}
}

func TestUnfinished(t *testing.T) {
	k := ring(t)
	old, young := filepath.Join(k.dir, unfinished+"1"), filepath.Join(k.dir, unfinished+"2")
	for _, dir := range []string{old, young} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, signingFile), []byte("half a key"))
	}
	if err := os.Chtimes(old, time.Time{}, time.Now().Add(-2*unfinishedFor)); err != nil {
		t.Fatal(err)
	}
	if agents, errs := k.List(); len(agents)+len(errs) != 0 {
		t.Errorf("%v, %v", agents, errs)
	}
	newAgent(t, k, "a", NewOptions{})
	got := files(t, k.dir)
	if got[unfinished+"1"] != 0 || got[unfinished+"2"] == 0 {
		t.Errorf("files %v", got)
	}
}

func TestList(t *testing.T) {
	k := ring(t)
	for _, name := range []string{"zoe", "adam"} {
		newAgent(t, k, name, NewOptions{})
	}
	if err := os.Mkdir(filepath.Join(k.dir, "empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(k.dir, "README"), nil)
	if err := os.Symlink(filepath.Join(k.dir, "adam"), filepath.Join(k.dir, "link")); err != nil {
		t.Fatal(err)
	}
	agents, errs := k.List()
	var names []string
	for _, a := range agents {
		names = append(names, a.Name)
	}
	if !slices.Equal(names, []string{"adam", "link", "zoe"}) {
		t.Errorf("agents %q", names)
	}
	if len(errs) != 1 || !errors.Is(errs[0], ErrMalformed) || !strings.Contains(errs[0].Error(), "empty") {
		t.Errorf("errors %v", errs)
	}
	if _, err := k.Find(records.AgentIDFromDigest([32]byte{1})); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "empty") {
		t.Errorf("find a stranger: %v", err)
	}
	if _, err := k.Get("nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("get nobody: %v", err)
	}
}

// TestMoved moves a whole data directory, then renames a folder in it.
func TestMoved(t *testing.T) {
	k := ring(t)
	a := newAgent(t, k, "a", NewOptions{})
	data := filepath.Dir(k.dir)
	if err := os.Rename(data, data+"-moved"); err != nil {
		t.Fatal(err)
	}
	k, err := Open(data + "-moved")
	if err != nil {
		t.Fatal(err)
	}
	if cert, err := k.Certificate("a"); err != nil || cert.ID() != a.ID() {
		t.Errorf("after the move: %v", err)
	}
	if err := os.Rename(filepath.Join(k.dir, "a"), filepath.Join(k.dir, "b")); err != nil {
		t.Fatal(err)
	}
	if cert, err := k.Certificate("b"); err != nil || cert.ID() != a.ID() {
		t.Errorf("after the new name: %v", err)
	}
}

// otherKeys are PKCS#8 files that are no Ed25519 key of the agent.
func ecdsaKey(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemKey, Bytes: der})
}

// TestBadFiles breaks one file of an agent in every way: each says what is wrong.
func TestBadFiles(t *testing.T) {
	foreign := newAgent(t, ring(t), "x", NewOptions{})
	foreignKey := read(t, filepath.Join(foreign.home, signingFile))
	foreignCert := read(t, foreign.CertificatePath)
	replace := func(b []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) { write(t, path, b) }
	}
	gone := func(t *testing.T, path string) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	mode := func(m fs.FileMode) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if runtime.GOOS == "windows" {
				t.Skip("no mode bits")
			}
			if err := os.Chmod(path, m); err != nil {
				t.Fatal(err)
			}
		}
	}
	folderInstead := func(t *testing.T, path string) {
		gone(t, path)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	signing := func(k *Keyring) error { _, err := k.Signer("a"); return err }
	cert := func(k *Keyring) error { _, err := k.Certificate("a"); return err }
	rotation := func(k *Keyring) error { return k.Export("a", &bytes.Buffer{}, ExportOptions{RotationKey: true}) }
	get := func(k *Keyring) error { _, err := k.Get("a"); return err }
	for name, row := range map[string]struct {
		file  string
		spoil func(*testing.T, string)
		call  func(*Keyring) error
		want  error
		says  string
	}{
		"key, world readable":        {signingFile, mode(0o604), signing, ErrPermissions, "run: chmod 600 "},
		"key, group readable":        {signingFile, mode(0o640), signing, ErrPermissions, "0640"},
		"key, group writable":        {signingFile, mode(0o620), signing, ErrPermissions, ""},
		"key, read only":             {signingFile, mode(0o400), signing, nil, ""},
		"key, gone":                  {signingFile, gone, signing, ErrNoSecret, "bring it back"},
		"key, empty":                 {signingFile, replace(nil), signing, ErrMalformed, "no PEM block"},
		"key, not PEM":               {signingFile, replace([]byte("hello")), signing, ErrMalformed, "no PEM block"},
		"key, a certificate":         {signingFile, replace(foreignCert), signing, ErrMalformed, "REVOCATION"},
		"key, two blocks":            {signingFile, replace(append(bytes.Clone(foreignKey), foreignKey...)), signing, ErrMalformed, "nothing after it"},
		"key, not PKCS#8":            {signingFile, replace(pem.EncodeToMemory(&pem.Block{Type: pemKey, Bytes: []byte("x")})), signing, ErrMalformed, ""},
		"key, another algorithm":     {signingFile, replace(ecdsaKey(t)), signing, ErrMalformed, "Ed25519"},
		"key, of another agent":      {signingFile, replace(foreignKey), signing, ErrWrongKey, "bring back its own"},
		"key, too large":             {signingFile, replace(make([]byte, maxFile+1)), signing, ErrMalformed, "over"},
		"key, a folder":              {signingFile, folderInstead, signing, ErrMalformed, "regular"},
		"rotation, world readable":   {rotationFile, mode(0o644), rotation, ErrPermissions, "chmod 600"},
		"rotation, gone":             {rotationFile, gone, rotation, ErrNoSecret, "bring it back"},
		"rotation, of another":       {rotationFile, replace(foreignKey), rotation, ErrWrongKey, ""},
		"rotation, not PEM":          {rotationFile, replace([]byte("x")), rotation, ErrMalformed, ""},
		"certificate, any mode":      {certificateFile, mode(0o666), cert, nil, ""},
		"certificate, gone":          {certificateFile, gone, cert, ErrNoSecret, "--cert"},
		"certificate, of another":    {certificateFile, replace(foreignCert), cert, ErrWrongKey, "it revokes " + foreign.ID().String()},
		"certificate, a key":         {certificateFile, replace(foreignKey), cert, ErrMalformed, "PRIVATE KEY"},
		"certificate, junk":          {certificateFile, replace([]byte("junk")), cert, ErrMalformed, "no revocation certificate"},
		"certificate, empty":         {certificateFile, replace(nil), cert, ErrMalformed, ""},
		"certificate, a folder":      {certificateFile, folderInstead, cert, ErrMalformed, "regular"},
		"agent.json, gone":           {publicFile, gone, get, ErrMalformed, "has no agent.json"},
		"agent.json, not JSON":       {publicFile, replace([]byte("{")), get, ErrMalformed, ""},
		"agent.json, empty object":   {publicFile, replace([]byte("{}")), get, ErrMalformed, ""},
		"agent.json, a folder":       {publicFile, folderInstead, get, ErrMalformed, "regular"},
		"agent.json, signer as well": {publicFile, replace([]byte("[]")), signing, ErrMalformed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := ring(t)
			a := newAgent(t, k, "a", NewOptions{})
			row.spoil(t, filepath.Join(a.home, row.file))
			err := row.call(k)
			if !errors.Is(err, row.want) || (err != nil && !strings.Contains(err.Error(), row.says)) {
				t.Errorf("error %v, want %v that says %q", err, row.want, row.says)
			}
		})
	}
}

// TestForgedPublic edits agent.json.
func TestForgedPublic(t *testing.T) {
	foreign := newAgent(t, ring(t), "x", NewOptions{})
	for name, row := range map[string]struct{ old, new, says string }{
		"another id":              {`"id": "ID"`, `"id": "` + foreign.ID().String() + `"`, "not the header's"},
		"another did":             {`"did": "DID"`, `"did": "` + foreign.ID().DID() + `"`, "not the header's"},
		"certificate leads out":   {`"certificate.pem"`, `"../x/certificate.pem"`, "leads out"},
		"certificate leads below": {`"certificate.pem"`, `"sub/certificate.pem"`, "leads out"},
		"rotation is the parent":  {`"rotation.pem"`, `".."`, "leads out"},
		"rotation is the folder":  {`"rotation.pem"`, `"."`, "leads out"},
	} {
		t.Run(name, func(t *testing.T) {
			k := ring(t)
			a := newAgent(t, k, "a", NewOptions{})
			old := strings.NewReplacer("DID", a.ID().DID(), "ID", a.ID().String()).Replace(row.old)
			path := filepath.Join(a.home, publicFile)
			text := string(read(t, path))
			if !strings.Contains(text, old) {
				t.Fatalf("%s is not in %s", old, text)
			}
			write(t, path, []byte(strings.Replace(text, old, row.new, 1)))
			if _, err := k.Get("a"); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestReadCertificate(t *testing.T) {
	a := newAgent(t, ring(t), "a", NewOptions{})
	b := newAgent(t, ring(t), "b", NewOptions{})
	whole := read(t, a.CertificatePath)
	block, _ := pem.Decode(whole)
	for name, row := range map[string]struct {
		data []byte
		want error
	}{
		"whole":             {whole, nil},
		"bare bytes":        {block.Bytes, nil},
		"a letter around":   {append([]byte("To whom it may concern:\n\n"), whole...), nil},
		"a false label":     {bytes.Replace(whole, []byte(a.ID().String()), []byte(b.ID().String()), 1), ErrMalformed},
		"two of them":       {append(bytes.Clone(whole), whole...), ErrMalformed},
		"words after it":    {append(bytes.Clone(whole), "words"...), ErrMalformed},
		"cut short":         {whole[:len(whole)/2], ErrMalformed},
		"a bare bit":        {append(bytes.Clone(block.Bytes[:len(block.Bytes)-1]), 9), ErrMalformed},
		"a block of others": {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: block.Bytes}), ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.pem")
			write(t, path, row.data)
			got, err := ReadCertificate(path)
			if !errors.Is(err, row.want) {
				t.Fatalf("%v, want %v", err, row.want)
			}
			if err == nil && got.ID() != a.ID() {
				t.Errorf("it revokes %s", got.ID())
			}
		})
	}
	if _, err := ReadCertificate(filepath.Join(t.TempDir(), "none")); !errors.Is(err, ErrNotFound) {
		t.Errorf("no file: %v", err)
	}
}

func TestTransfer(t *testing.T) {
	from := ring(t)
	a := newAgent(t, from, "a", NewOptions{})
	for name, row := range map[string]struct {
		opts  ExportOptions
		files int
	}{
		"public and signing key": {ExportOptions{}, 2},
		"with the certificate":   {ExportOptions{Certificate: true}, 3},
		"with the rotation key":  {ExportOptions{RotationKey: true}, 3},
		"with both":              {ExportOptions{Certificate: true, RotationKey: true}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := from.Export("a", &out, row.opts); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(out.String(), from.dir) {
				t.Error("the export tells where the agent lay")
			}
			k := ring(t)
			got, _, err := k.Import("b", bytes.NewReader(out.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if got.Name != "b" || got.ID() != a.ID() || !got.Created.Equal(a.Created) || len(files(t, k.dir)) != 1+row.files {
				t.Errorf("%+v: %v", got, files(t, k.dir))
			}
			if _, err := k.Signer("b"); err != nil {
				t.Error(err)
			}
			if _, err := k.Certificate("b"); row.opts.Certificate != (err == nil) || (err != nil && !errors.Is(err, ErrNoSecret)) {
				t.Errorf("certificate: %v", err)
			}
			held, err := k.Get("b")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := held.rotationKey(); row.opts.RotationKey != (err == nil) || (err != nil && !errors.Is(err, ErrNoSecret)) {
				t.Errorf("rotation key: %v", err)
			}
			var again bytes.Buffer
			if err := k.Export("b", &again, row.opts); err != nil {
				t.Fatal(err)
			}
			if _, _, err := k.Import("b", bytes.NewReader(out.Bytes())); err != nil {
				t.Errorf("once more: %v", err)
			}
			if _, _, err := k.Import("c", bytes.NewReader(out.Bytes())); !errors.Is(err, ErrExists) || !strings.Contains(err.Error(), `"b"`) {
				t.Errorf("one identity twice: %v", err)
			}
		})
	}
	broken := errors.New("the pipe is closed")
	if err := from.Export("a", failing{broken}, ExportOptions{}); !errors.Is(err, broken) {
		t.Errorf("a writer that fails: %v", err)
	}
	if _, _, err := ring(t).Import("b", failing{broken}); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
}

// failing is a reader and writer that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestImportRefused holds Import to check every part before it writes.
func TestImportRefused(t *testing.T) {
	blocks := func(name string) map[string]string {
		k := ring(t)
		newAgent(t, k, name, NewOptions{})
		var out bytes.Buffer
		if err := k.Export(name, &out, ExportOptions{Certificate: true, RotationKey: true}); err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for rest := out.Bytes(); len(rest) > 0; {
			var b *pem.Block
			b, rest = pem.Decode(rest)
			all[b.Type] = string(pem.EncodeToMemory(b))
		}
		return all
	}
	a, b := blocks("a"), blocks("b")
	junk := func(kind string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("junk")}))
	}
	for name, row := range map[string]struct {
		text string
		want error
	}{
		"any order":               {a[pemRotationKey] + "\n\n" + a[pemKey] + a[pemAgent] + a[pemCertificate], nil},
		"nothing":                 {"", ErrMalformed},
		"words":                   {"hello", ErrMalformed},
		"words between":           {a[pemAgent] + "words\n" + a[pemKey], ErrMalformed},
		"no agent":                {a[pemKey], ErrMalformed},
		"no key":                  {a[pemAgent] + a[pemCertificate], ErrNoSecret},
		"key of another":          {a[pemAgent] + b[pemKey], ErrWrongKey},
		"rotation of another":     {a[pemAgent] + a[pemKey] + b[pemRotationKey], ErrWrongKey},
		"certificate of another":  {a[pemAgent] + a[pemKey] + b[pemCertificate], ErrWrongKey},
		"signing key as rotation": {a[pemAgent] + a[pemKey] + strings.ReplaceAll(a[pemKey], pemKey, pemRotationKey), ErrWrongKey},
		"agent twice":             {a[pemAgent] + a[pemAgent] + a[pemKey], ErrMalformed},
		"key twice":               {a[pemAgent] + a[pemKey] + a[pemKey], ErrMalformed},
		"certificate twice":       {a[pemAgent] + a[pemKey] + a[pemCertificate] + a[pemCertificate], ErrMalformed},
		"unknown block":           {a[pemAgent] + a[pemKey] + junk("SOMETHING"), ErrMalformed},
		"agent is junk":           {junk(pemAgent) + a[pemKey], ErrMalformed},
		"key is junk":             {a[pemAgent] + junk(pemKey), ErrMalformed},
		"certificate is junk":     {a[pemAgent] + a[pemKey] + junk(pemCertificate), ErrMalformed},
		"cut short":               {a[pemAgent] + a[pemKey][:len(a[pemKey])-10], ErrMalformed},
		"too large":               {a[pemAgent] + a[pemKey] + strings.Repeat("\n", maxFile), ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			k := ring(t)
			_, _, err := k.Import("x", strings.NewReader(row.text))
			if !errors.Is(err, row.want) {
				t.Errorf("%v, want %v", err, row.want)
			}
			if got := files(t, k.dir); err != nil && len(got) != 0 {
				t.Errorf("left behind: %v", got)
			}
		})
	}
}

// TestUnreadable sorts what the operating system says; as root no mode bit can make
// a file unreadable, so the errors come by hand.
func TestUnreadable(t *testing.T) {
	for name, row := range map[string]struct {
		err, want error
		says      string
	}{
		"missing": {fs.ErrNotExist, ErrNotFound, "x"},
		"denied":  {&os.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}, ErrUnreadable, "as the user who owns it"},
		"disk":    {errors.New("input/output error"), ErrUnreadable, "input/output"},
	} {
		if err := unreadable("x", row.err); !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	k, err := Open("/dev/null/data")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.New("a", NewOptions{}); err == nil {
		t.Error("an agent under a file")
	}
	if _, errs := k.List(); len(errs) == 0 {
		t.Error("a list under a file")
	}
}

// FuzzPublic reads agent.json.
func FuzzPublic(f *testing.F) {
	a := newAgent(f, ring(f), "a", NewOptions{CertificatePath: filepath.Join(f.TempDir(), "c")})
	f.Add(read(f, filepath.Join(a.home, publicFile)))
	f.Add([]byte(`{"certificate": "../x"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		const home = "/home/agents/a"
		got, err := parsePublic(b, home)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		for _, path := range []string{got.CertificatePath, got.RotationKeyPath} {
			if path != "" && (!filepath.IsAbs(path) || path != filepath.Clean(path)) {
				t.Fatalf("path %q", path)
			}
		}
		again, err := encodePublic(got)
		if err != nil {
			return // a time that JSON cannot write
		}
		back, err := parsePublic(again, home)
		if err != nil || back.ID() != got.ID() || back.CertificatePath != got.CertificatePath || back.RotationKeyPath != got.RotationKeyPath {
			t.Fatalf("%+v, %v", back, err)
		}
	})
}

// FuzzCertificate reads certificates.
func FuzzCertificate(f *testing.F) {
	a := newAgent(f, ring(f), "a", NewOptions{})
	whole := read(f, a.CertificatePath)
	block, _ := pem.Decode(whole)
	f.Add(whole)
	f.Add(block.Bytes)
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ParseCertificate(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		back, err := ParseCertificate(encodeCertificate(got))
		if err != nil || back.ID() != got.ID() {
			t.Fatal(err)
		}
	})
}

// FuzzImport reads exports.
func FuzzImport(f *testing.F) {
	k := ring(f)
	newAgent(f, k, "a", NewOptions{Rand: drawn()})
	for _, opts := range []ExportOptions{{}, {WithoutKey: true}, {Certificate: true, RotationKey: true}} {
		var out bytes.Buffer
		if err := k.Export("a", &out, opts); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, s, err := parseExport(b)
		if err != nil {
			return
		}
		if (s.signing != nil && !a.signs(s.signing)) || (s.rotation != nil && !a.committed(s.rotation)) || (s.cert != nil && s.cert.ID() != a.ID()) {
			t.Fatal("a secret of somebody else")
		}
		if a.CertificatePath+a.RotationKeyPath != "" || (s.signing != nil && len(s.signing) != ed25519.PrivateKeySize) {
			t.Fatalf("%+v", a)
		}
	})
}
