package node

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// tracedSpan is what a collector of OpenTelemetry is sent.
type tracedSpan struct {
	Trace  string `json:"traceId"`
	ID     string `json:"spanId"`
	Parent string `json:"parentSpanId"`
	Name   string `json:"name"`
	Begin  string `json:"startTimeUnixNano"`
	End    string `json:"endTimeUnixNano"`
}

// A publish, an answer and a revocation over HTTP are spans of the trace that the request names, with
// whom they asked as parts.
func TestTraces(t *testing.T) {
	var mu sync.Mutex
	var spans []tracedSpan
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var sent struct {
			Resources []struct {
				Scopes []struct {
					Spans []tracedSpan `json:"spans"`
				} `json:"scopeSpans"`
			} `json:"resourceSpans"`
		}
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		spans = append(spans, sent.Resources[0].Scopes[0].Spans...)
	}))
	t.Cleanup(collector.Close)
	token := strings.Repeat("t", 40)
	a := newTestNode(t, Config{Dir: t.TempDir()})
	b := newTestNode(t, Config{Dir: t.TempDir(), API: "127.0.0.1:0", APIToken: token, Traces: collector.URL}, a)

	ask := func(trace, method, path, kind string, body []byte) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, b.APIURL()+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Traceparent", "00-"+trace+"-b7ad6b7169203331-01")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if said, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode >= 300 {
			t.Fatalf("%s %s: %s, %s, %v", method, path, resp.Status, said, err)
		}
	}
	const publish, resolve, warm, revoke = "11111111111111111111111111111111", "22222222222222222222222222222222", "33333333333333333333333333333333", "44444444444444444444444444444444"
	theirs, own := mustAgent(t, a, "theirs"), mustAgent(t, b, "own")
	if _, err := a.PublishAgent(t.Context(), "theirs", placeAt("https://one.example/a2a"), 0); err != nil {
		t.Fatal(err)
	}
	ask(publish, "POST", "/v1/publish?agent=own", "application/json", []byte(`{"name": "own", "description": "", "version": "1", "url": "https://own.example/", "capabilities": {}, "skills": [], "defaultInputModes": [], "defaultOutputModes": []}`))
	ask(resolve, "GET", "/v1/agents/"+theirs.ID().String()+"?policy=most-recent", "", nil)
	ask(warm, "GET", "/v1/agents/"+own.ID().String(), "", nil)
	ask(revoke, "POST", "/v1/tombstones", "application/cbor", mustCertificate(t, b, "own").Bytes())
	if err := b.Close(); err != nil { // sends what waits
		t.Fatal(err)
	}
	if got := b.traces.Stats(); int(got.Sent) != len(spans) || got.Dropped+got.Refused > 0 {
		t.Errorf("%d spans came, and %+v", len(spans), got)
	}
	for _, row := range []struct{ trace, name, part, asked string }{
		{publish, "cairn.publish", "cairn.put", "cairn.store"},
		{resolve, "cairn.resolve", "", "cairn.ask"},
		{warm, "cairn.resolve", "", ""},
		{revoke, "cairn.revoke", "cairn.witness", "cairn.store"},
	} {
		whole := func(name, parent string) string {
			i := slices.IndexFunc(spans, func(s tracedSpan) bool { return s.Trace == row.trace && s.Name == name && s.Parent == parent })
			if i < 0 {
				t.Errorf("no %s below %s in the trace of %s: %+v", name, parent, row.name, spans)
				return ""
			}
			if len(spans[i].Begin) != 19 || spans[i].Begin > spans[i].End {
				t.Errorf("%s is from %s to %s", name, spans[i].Begin, spans[i].End)
			}
			return spans[i].ID
		}
		at := whole(row.name, "b7ad6b7169203331")
		for _, name := range []string{row.part, row.asked} {
			if name != "" {
				at = whole(name, at)
			}
		}
	}
}
