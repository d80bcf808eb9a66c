package gateway

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExamples holds the documents in examples to what their README says of them.
func TestExamples(t *testing.T) {
	rows := []struct{ file, want string }{
		{"a2a-translator.json", "a2a/1.0 Translator: a2a https://translator.languages.example.com/a2a, a2a https://translator.languages.example.com/a2a/rest; /translate-en-es /translate-es-en /x/english /x/spanish /x/translation"},
		{"a2a-weather-legacy.json", "a2a/0.3 Weather: a2a https://weather.example.org/a2a, grpc https://weather.example.org/a2a/grpc; /forecast /storm_warning /x/forecast /x/safety /x/weather"},
		{"mcp-remote.json", "mcp/2025-12-11 Library Catalogue: mcp https://catalogue.library.example.org/mcp; /mcp/org.example.library/catalogue"},
		{"mcp-package.json", "mcp/2025-12-11 Palette: package pkg:npm/%40example-studio/palette-mcp@1.2.0; /mcp/com.example.studio/palette"},
		{"oasf-record.json", "oasf/1.0.0 example.org/ticket-triage: a2a https://triage.example.org/a2a, package pkg:oci/ticket-triage?repository_url=registry.example.org%2Fagents%2Fticket-triage&tag=1.1.0; /agent_orchestration/task_decomposition /natural_language_processing/natural_language_understanding/contextual_comprehension /triage-ticket /x/support /x/tickets"},
		{"agentfacts.json", "agentfacts/v1.2 @example/route-planner: https https://eu.routes.example.com/agent, https https://us.routes.example.com/agent; /estimate-arrival /plan-route"},
		{"catalog.json", "ai-catalog/entry Permit Desk: a2a https://permits.townhall.example.org/a2a; /check-permit /x/building /x/permits\n" +
			"ai-catalog/entry Registry Office: mcp https://registry.townhall.example.org/mcp, mcp-card https://registry.townhall.example.org/.well-known/mcp.json; /book-appointment /opening-hours /x/appointments\n" +
			"ErrPrivate"},
		{"no-endpoint.json", "ErrNoLocation"},
	}
	for _, row := range rows {
		t.Run(row.file, func(t *testing.T) {
			doc, err := os.ReadFile(filepath.Join("../../examples", row.file))
			if err != nil {
				t.Fatal(err)
			}
			entries, err := Split(doc)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range entries {
				got = append(got, exampleLine(t, e.Document))
			}
			if s := strings.Join(got, "\n"); s != row.want {
				t.Errorf("got\n%s\nwant\n%s", s, row.want)
			}
		})
	}
	if files, err := filepath.Glob("../../examples/*.json"); err != nil || len(files) != len(rows) {
		t.Errorf("%d documents in examples, %d rows here", len(files), len(rows))
	}
}

func exampleLine(t *testing.T, doc []byte) string {
	t.Helper()
	im, err := Import(doc, Options{})
	if err != nil {
		return reason(t, err)
	}
	sound(t, doc, im, Options{})
	var places []string
	for _, e := range im.Location.Endpoints {
		places = append(places, e.Protocol+" "+e.URL)
	}
	return im.Shape + " " + im.Title + ": " + strings.Join(places, ", ") + "; " + strings.Join(im.Location.Capabilities, " ")
}
