package node

import (
	"net/http"
	"testing"
)

// TestAPINames lets the configured names and origins in, and no others.
func TestAPINames(t *testing.T) {
	n := newTestNode(t, Config{Dir: t.TempDir(), API: "127.0.0.1:0", APIHosts: []string{"cairn.example"}, APIOrigins: []string{"https://console.example"}})
	for name, row := range map[string]struct {
		host, origin string
		code         int
	}{
		"its own":         {"", "", http.StatusOK},
		"its name":        {"cairn.example", "", http.StatusOK},
		"another name":    {"evil.example", "", http.StatusForbidden},
		"a listed page":   {"", "https://console.example", http.StatusOK},
		"another page":    {"", "https://evil.example", http.StatusForbidden},
		"a page, a name":  {"cairn.example", "https://console.example", http.StatusOK},
		"a listed origin": {"console.example", "", http.StatusForbidden},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.APIURL()+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = row.host
		if row.origin != "" {
			req.Header.Set("Origin", row.origin)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil || res.StatusCode != row.code {
			t.Errorf("%s: %d, want %d; %v", name, res.StatusCode, row.code, err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if _, err := New(Config{Dir: t.TempDir(), Listen: loopbackQUIC(), API: "127.0.0.1:0", APIHosts: []string{"*"}}); err == nil {
		t.Error("any name at all")
	}
}
