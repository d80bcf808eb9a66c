package records

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// TestLocationJSON: what a program reads out of JSON and puts back has lost nothing.
func TestLocationJSON(t *testing.T) {
	l := testLocation()
	js, err := json.Marshal(l)
	wantErr(t, err, nil)
	var back Location
	wantErr(t, json.Unmarshal(js, &back), nil)
	if !reflect.DeepEqual(l, back) {
		t.Fatalf("%+v, want %+v", back, l)
	}
}

func TestCardJSONRefuses(t *testing.T) {
	for name, js := range map[string]string{
		"a short digest":   `{"media_type":"a/b","sha256":"00"}`,
		"no hexadecimal":   `{"media_type":"a/b","type":"sbom","sha256":"` + strings.Repeat("g", 64) + `"}`,
		"a digest of ints": `{"media_type":"a/b","sha256":[1,2]}`,
		"an array":         `[]`,
	} {
		t.Run(name, func(t *testing.T) {
			c, d := Card{URL: "kept"}, CodeDigest{URL: "kept"}
			if json.Unmarshal([]byte(js), &c) == nil || json.Unmarshal([]byte(js), &d) == nil {
				t.Fatal("taken")
			}
			if c.URL != "kept" || d.URL != "kept" {
				t.Fatal("changed beside an error")
			}
		})
	}
	var c Card
	wantErr(t, json.Unmarshal([]byte(`{"media_type":"a/b"}`), &c), nil)
}

func TestValueJSON(t *testing.T) {
	ident, key, secret := testAgent(t, 1)
	rec := mustSign(t, ident, key, Draft{Sequence: 3, Issued: testTime, Location: testLocation()})
	for _, row := range []struct {
		v    any
		want []string
	}{
		{rec, []string{
			`"agent":"` + rec.ID().String() + `"`, `"did":"did:cairn:bafyrei`, `"seq":3`, `"issued":"2027-01-15T08:00:00Z"`,
			`"not_after":"2027-01-15T09:00:00Z"`, `"url":"https://agent.example/a2a"`, `"media_type":"application/a2a-agent-card+json"`, `"sha256":"`,
		}},
		{mustReveal(t, ident.Header(), secret), []string{`"agent":"` + rec.ID().String() + `"`, `"kind":"agent"`, `"end":"2028-01-15T08:00:00Z"`, `"tombstone":"`}},
	} {
		js, err := json.Marshal(row.v)
		wantErr(t, err, nil)
		for _, want := range row.want {
			if !strings.Contains(string(js), want) {
				t.Errorf("%s lacks %s", js, want)
			}
		}
	}
}
