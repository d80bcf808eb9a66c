package traces

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const parentHeader = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" // of W3C Trace Context

func TestParseParent(t *testing.T) {
	for name, row := range map[string]struct {
		text         string
		ok, recorded bool
	}{
		"that of the specification": {parentHeader, true, true},
		"nobody records":            {parentHeader[:53] + "00", true, false},
		"other flags":               {parentHeader[:53] + "03", true, true},
		"a later version":           {"cc" + parentHeader[2:] + "-what-comes-later", true, true},
		"a later version, run on":   {"cc" + parentHeader[2:] + "x", false, false},
		"this version, with more":   {parentHeader + "-00", false, false},
		"no version":                {"ff" + parentHeader[2:], false, false},
		"no trace":                  {"00-" + strings.Repeat("0", 32) + parentHeader[35:], false, false},
		"no span":                   {parentHeader[:36] + strings.Repeat("0", 16) + "-01", false, false},
		"capitals":                  {strings.ToUpper(parentHeader), false, false},
		"no number":                 {strings.Replace(parentHeader, "a", "g", 1), false, false},
		"cut short":                 {parentHeader[:54], false, false},
		"empty":                     {"", false, false},
	} {
		if sc, ok := parseParent(row.text); ok != row.ok || sc.recorded != row.recorded || sc.remote != row.ok {
			t.Errorf("%s: %+v, %v", name, sc, ok)
		}
	}
}

func FuzzParseParent(f *testing.F) {
	f.Add(parentHeader)
	f.Add("cc" + parentHeader[2:] + "-more")
	f.Fuzz(func(t *testing.T, text string) {
		sc, ok := parseParent(text)
		if !ok {
			return
		}
		if again := text[:3] + hex.EncodeToString(sc.trace[:]) + "-" + hex.EncodeToString(sc.span[:]) + text[52:]; again != text {
			t.Errorf("%q is read as %q", text, again)
		}
	})
}

// collector is a collector of OpenTelemetry that takes everything.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	spans []span // owned by mu
}

func newCollector(t *testing.T, answer string) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var got struct {
			Resources []struct {
				Scopes []struct {
					Spans []span `json:"spans"`
				} `json:"scopeSpans"`
			} `json:"resourceSpans"`
		}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil || r.URL.Path != "/base/v1/traces" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s of %s: %v", r.Method, r.URL, r.Header, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, resource := range got.Resources {
			for _, scope := range resource.Scopes {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(c.Close)
	return c
}

// Calls within calls are parts of them, of the trace that a request named; at Close nothing waits
// any more.
func TestSpansReachTheCollector(t *testing.T) {
	c := newCollector(t, `{"partialSuccess":{"rejectedSpans":"1","errorMessage":"one too many"}}`)
	s, err := New(Config{Endpoint: c.URL + "/base/", Resource: []Attribute{{"service.name", "cairn"}}})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("traceparent", parentHeader)
	Incoming(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		ctx, outer := s.Begin(r.Context(), "outer")
		inner := s.Within(ctx, "inner")
		inner.End(errors.New("failed"), nil, []Span{{Name: "part", Begin: time.Unix(1, 2), End: time.Unix(1, 3)}})
		outer.End(nil, []Attribute{{"text", "a"}, {"number", 7}, {"truth", true}}, nil)
	})).ServeHTTP(httptest.NewRecorder(), r)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if len(c.spans) != 3 {
		t.Fatalf("%+v", c.spans)
	}
	inner, part, outer := c.spans[0], c.spans[1], c.spans[2]
	for _, sp := range c.spans {
		if sp.Trace != "0af7651916cd43dd8448eb211c80319c" {
			t.Errorf("%s is of the trace %s", sp.Name, sp.Trace)
		}
	}
	if outer.Parent != "b7ad6b7169203331" || outer.Kind != kindServer || inner.Parent != outer.ID || inner.Kind != kindInternal || part.Parent != inner.ID || part.Kind != kindClient {
		t.Errorf("not one within the other: %+v", c.spans)
	}
	if inner.Status == nil || inner.Status.Code != 2 || inner.Status.Message != "failed" || outer.Status != nil {
		t.Errorf("what failed: %+v, %+v", inner.Status, outer.Status)
	}
	if part.Begin != "1000000002" || part.End != "1000000003" {
		t.Errorf("from %s to %s", part.Begin, part.End)
	}
	if said, _ := json.Marshal(outer.Attributes); string(said) != `[{"key":"text","value":{"stringValue":"a"}},{"key":"number","value":{"intValue":"7"}},{"key":"truth","value":{"boolValue":true}}]` {
		t.Errorf("%s", said)
	}
	if got := s.Stats(); got != (Stats{Sent: 2, Refused: 1}) {
		t.Errorf("%+v", got)
	}
}

// Where nobody records, nothing is: without a sender, outside of any call, and where the request says so.
func TestNobodyRecords(t *testing.T) {
	var off *Sender
	ctx, call := off.Begin(t.Context(), "off")
	call.End(nil, nil, []Span{{}})
	if call.Recorded() || ctx != t.Context() || off.Within(ctx, "off").Recorded() || off.Stats() != (Stats{}) || off.Close() != nil {
		t.Error("a sender that is none records")
	}
	s, err := New(Config{Endpoint: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if s.Within(t.Context(), "background").Recorded() {
		t.Error("what is only recorded as a part is recorded alone")
	}
	unwanted := context.WithValue(t.Context(), scopeKey{}, &scope{remote: true})
	ctx, call = s.Begin(unwanted, "unwanted")
	if call.Recorded() || s.Within(ctx, "inside").Recorded() {
		t.Error("recorded, although the request says that nobody does")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

type silent struct{ asked chan struct{} }

func (s silent) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked <- struct{}{}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// A collector that never answers costs spans, which are counted, and two seconds at Close.
func TestSlowCollectorCostsSpansAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Config{Endpoint: "http://collector.example"})
		if err != nil {
			t.Fatal(err)
		}
		asked := make(chan struct{}, 100)
		s.client.Transport = silent{asked}
		begin, calls := time.Now(), uint64(0)
		call := func() {
			_, c := s.Begin(t.Context(), "call")
			c.End(nil, nil, []Span{{}})
			calls += 2
		}
		call()
		<-asked // the first is on its way, and will be for ten seconds
		now := time.Now()
		for range maxQueue {
			call()
		}
		if waited := time.Since(now); waited != 0 {
			t.Errorf("calls waited %s", waited)
		}
		if got := s.Stats(); got.Dropped != maxQueue || len(s.queue) != maxQueue {
			t.Errorf("%+v, and %d wait", got, len(s.queue))
		}
		closing := time.Now()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(closing); took > closeLimit {
			t.Errorf("Close took %s", took)
		}
		call()
		if got := s.Stats(); got.Sent != 0 || got.Dropped+got.Refused != calls {
			t.Errorf("of %d spans: %+v, %s after the begin", calls, got, time.Since(begin))
		}
	})
}

func TestRejected(t *testing.T) {
	for answer, want := range map[string]int{
		`{}`: 0, ``: 0, `no JSON`: 0, `{"partialSuccess":{}}`: 0, `{"partialSuccess":{"rejectedSpans":"0"}}`: 0,
		`{"partialSuccess":{"rejectedSpans":"2"}}`: 2, `{"partialSuccess":{"rejectedSpans":2}}`: 2,
		`{"partialSuccess":{"rejectedSpans":"-2"}}`: 0, `{"partialSuccess":{"rejectedSpans":"18446744073709551615"}}`: 5,
	} {
		if n, err := rejected([]byte(answer), 5); n != want || (err != nil) != (want > 0) {
			t.Errorf("%s: %d, %v", answer, n, err)
		}
	}
}

func TestCheck(t *testing.T) {
	for endpoint, ok := range map[string]bool{
		"http://127.0.0.1:4318": true, "https://otel.example/base": true,
		"": false, "127.0.0.1:4318": false, "grpc://a.example": false, "http://": false, "http://me:secret@a.example": false, "http://a.example?x=1": false,
	} {
		if err := Check(endpoint); (err == nil) != ok {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}
