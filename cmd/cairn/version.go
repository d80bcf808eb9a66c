package main

import (
	"runtime"

	"github.com/cairn-overlay/cairn/records"
)

type versionCmd struct{}

func (versionCmd) Help() string {
	return `Prints the version of this binary, the Go version that built it, and the formats that it reads and writes. Two nodes understand each other where the formats are the same.

    cairn version
    cairn version -o json`
}

func (versionCmd) rawDoc() string { return "the version alone" }

type versionInfo struct {
	Version string   `json:"version"`
	Go      string   `json:"go"`
	OS      string   `json:"os"`
	Formats []string `json:"formats"`
	API     string   `json:"api"`
}

// Run prints the version.
func (versionCmd) Run(s *session) error {
	return s.print(versionInfo{
		Version: version, Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH,
		Formats: []string{records.RecordType, "cairn-lock/1", "did:cairn"}, API: "v1",
	})
}

func (v versionInfo) raw() []byte { return []byte(v.Version + "\n") }

func (v versionInfo) show(t *text) {
	t.line("cairn %s", v.Version)
	t.field("go", "%s, %s", v.Go, v.OS)
	for _, f := range v.Formats {
		t.field("format", "%s", f)
	}
	t.field("api", "%s", v.API)
}
