package metrics

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var update = flag.Bool("update", false, "write the table into docs/metrics.md")

// gather scrapes m through a registry, which refuses doubles and malformed names.
func gather(t *testing.T, m *Metrics) Scrape {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	if err := reg.Register(m); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	s, err := Parse(w.Body)
	if err != nil || w.Code != 200 {
		t.Fatal(w.Code, err)
	}
	return s
}

// at names the series of a family that has a value of its label.
func at(f Family, value string) string {
	name := f.Name
	if f.Kind == Histogram {
		name += "_count"
	}
	if f.Label == "" {
		return name
	}
	return fmt.Sprintf("%s{%s=%q}", name, f.Label, value)
}

// A fresh node shows every series that there will ever be, so that rates begin at 0.
func TestAllIsShownFromTheStart(t *testing.T) {
	found := gather(t, New("v1\xff", func() Reading { return nil }))
	names := map[string]bool{"cairn_build_info": true}
	for _, f := range Families() {
		for _, v := range f.values() {
			if n, ok := found[at(f, v)]; !ok || n != 0 {
				t.Errorf("%s: %v, there: %t", at(f, v), n, ok)
			}
		}
		names[f.Name] = true
		if f.Kind == Histogram {
			names[f.Name+"_bucket"], names[f.Name+"_sum"], names[f.Name+"_count"] = true, true, true
		}
	}
	for series := range found {
		if !names[Name(series)] {
			t.Errorf("%s is not in the table", series)
		}
	}
	if found[`cairn_build_info{version="v1?"}`] != 1 {
		t.Error("no version")
	}
}

func TestReadings(t *testing.T) {
	m := New("v1", func() Reading {
		return Reading{"node_peers": 3, "gossip_dropped_lane_total": 7, "overlay_refused_puts_not_yet_valid_total": 2, "news_total": 5, "depth": 4}
	})
	m.Resolved("dht", 30*time.Millisecond)
	m.Published(true, time.Second)
	m.Revoked(false, time.Second)
	m.Witnessed(time.Millisecond)
	m.Travelled(time.Millisecond)
	m.Reconciled("apart", time.Millisecond)
	found := gather(t, m)
	for series, want := range map[string]float64{
		"cairn_node_peers":                                         3,
		`cairn_gossip_dropped_total{queue="lane"}`:                 7,
		`cairn_gossip_dropped_total{queue="outbound"}`:             0,
		`cairn_overlay_puts_refused_total{reason="not-yet-valid"}`: 2,
		"cairn_other_news_total":                                   5, // counted, and not in the table
		"cairn_other_depth":                                        4,
		`cairn_resolve_seconds_count{source="dht"}`:                1,
		`cairn_resolve_seconds_bucket{source="dht",le="0.025"}`:    0,
		`cairn_resolve_seconds_bucket{source="dht",le="0.05"}`:     1,
		`cairn_resolve_seconds_count{source="cache"}`:              0,
		`cairn_publish_seconds_count{outcome="confirmed"}`:         1,
		`cairn_revoke_seconds_count{outcome="partial"}`:            1,
		"cairn_spread_witnessed_seconds_count":                     1,
		"cairn_spread_path_seconds_count":                          1,
		`cairn_gossip_sync_seconds_count{outcome="apart"}`:         1,
	} {
		if got, ok := found[series]; !ok || got != want {
			t.Errorf("%s: %v, want %v", series, got, want)
		}
	}
	if sum, ok := found.Sum("cairn_gossip_dropped_total"); sum != 7 || !ok {
		t.Error(sum, ok)
	}
	if _, ok := found.Sum("cairn_gossip_dropped"); ok {
		t.Error("a part of a name is a name")
	}
}

func TestQuantile(t *testing.T) {
	m := New("v1", func() Reading { return nil })
	if got := gather(t, m).Quantile(resolveSeconds, .5); got != 0 {
		t.Errorf("%v of none", got)
	}
	for range 3 {
		m.Resolved("dht", 30*time.Millisecond)
	}
	m.Resolved("cache", time.Minute)
	for share, want := range map[float64][2]float64{.5: {.025, .05}, .75: {.05, .05}, .99: {10, 10}} {
		if got := gather(t, m).Quantile(resolveSeconds, share); got < want[0] || got > want[1] {
			t.Errorf("%v: %v, want %v", share, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]Scrape{
		"":                              {},
		"# HELP a b\n\na 1\n":           {"a": 1},
		`a{b="c d"} 2.5` + "\nb +Inf\n": {`a{b="c d"}`: 2.5, "b": math.Inf(1)},
		"a":                             nil,
		"a b":                           nil,
		"a 1 2":                         nil,
		`{b="c"} 1`:                     nil,
	} {
		if got, err := Parse(strings.NewReader(text)); !maps.Equal(got, want) || errors.Is(err, ErrText) != (want == nil) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

// FuzzParse reads what anybody may have written.
func FuzzParse(f *testing.F) {
	f.Add("# TYPE a counter\na{b=\"c\"} 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(strings.NewReader(text))
		if err != nil {
			return
		}
		for series := range s {
			if _, ok := s.Sum(Name(series)); !ok || Name(series) == "" {
				t.Errorf("%q of %q", series, text)
			}
		}
	})
}

// No reading is shown twice, and names say what Prometheus' conventions ask for.
func TestTable(t *testing.T) {
	shown, name := make(map[string]string), regexp.MustCompile(`^cairn_[a-z0-9]+(_[a-z0-9]+)*$`)
	for _, f := range Families() {
		if !name.MatchString(f.Name) || !strings.HasSuffix(f.Help, ".") || strings.Contains(f.Help, "\n") {
			t.Errorf("%s: %q", f.Name, f.Help)
		}
		if strings.HasSuffix(f.Name, "_total") != (f.Kind == Counter) || f.Kind == Histogram && !strings.HasSuffix(f.Name, "_seconds") {
			t.Errorf("%s is a %s: %s", f.Name, f.Kind, f.Help)
		}
		for _, unit := range []string{"milliseconds", "ms", "minutes", "bits", "kilobytes", "count", "percent"} {
			if slices.Contains(strings.Split(f.Name, "_"), unit) {
				t.Errorf("%s: seconds, bytes and shares of one are what Prometheus knows", f.Name)
			}
		}
		if (f.Label == "") != (len(f.Values) == 0) || len(f.Values) > 12 {
			t.Errorf("%s: label %q of %d values", f.Name, f.Label, len(f.Values))
		}
		if strings.Contains(f.Reading, "*") && f.Label == "" || f.Kind == Histogram && f.Reading != "" {
			t.Errorf("%s: reading %q", f.Name, f.Reading)
		}
		for _, v := range f.values() {
			if f.Kind == Histogram {
				continue
			}
			r := f.reading(v)
			if other, ok := shown[r]; ok {
				t.Errorf("%s is shown by %s and %s", r, other, f.Name)
			}
			shown[r] = f.Name
			if strings.HasSuffix(r, "_total") != (f.Kind == Counter) {
				t.Errorf("%s: a %s of %s", f.Name, f.Kind, r)
			}
		}
	}
}

// docs/metrics.md repeats the table.
func TestPageHasTheTable(t *testing.T) {
	const path, begin, end = "../../docs/metrics.md", "<!-- table:begin -->\n", "<!-- table:end -->"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(b), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("docs/metrics.md has no marks around the table")
	}
	rows := "| metric | kind | label | what it says |\n|---|---|---|---|\n"
	for _, f := range Families() {
		label := ""
		if f.Label != "" {
			label = "`" + f.Label + "`: " + strings.Join(f.Values, ", ")
		}
		rows += fmt.Sprintf("| `%s` | %s | %s | %s |\n", f.Name, f.Kind, label, f.Help)
	}
	want := head + begin + rows + end + tail
	if want == string(b) {
		return
	}
	if !*update {
		t.Fatal("docs/metrics.md does not show the table as it is; run: go test ./node/metrics -update")
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
