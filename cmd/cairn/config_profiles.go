package main

import (
	"github.com/cairn-overlay/cairn/node"
)

type configProfilesCmd struct{}

func (configProfilesCmd) Help() string {
	return `Shows in what the profiles of a network differ, and what a daemon on this machine keeps to where nothing else is said. It asks no daemon.

    cairn config
    cairn config profiles -o json`
}

// configView is what the verb prints.
type configView struct {
	Profiles []profileRow `json:"profiles"`
	Limits   limitsView   `json:"limits"`
}

type profileRow struct {
	What  string `json:"what"`
	Local string `json:"local"`
	LAN   string `json:"lan"`
	WAN   string `json:"wan"`
}

type limitsView struct {
	MemoryBytes int64 `json:"memory_bytes"` // that the process can have
	Files       int   `json:"files"`        // that the process may open
	Connections int   `json:"connections"`  // at any moment
	RecordBytes int64 `json:"record_bytes"` // of strangers, on the disk
	FactBytes   int64 `json:"fact_bytes"`   // of revocations, see --fact-room
}

// Run prints profiles and limits.
func (configProfilesCmd) Run(s *session) error {
	var v configView
	for _, d := range node.Differences() {
		v.Profiles = append(v.Profiles, profileRow(d))
	}
	l := node.MachineLimits()
	v.Limits = limitsView{MemoryBytes: l.Memory, Files: l.Files, Connections: l.Conns(), RecordBytes: l.RecordBytes(), FactBytes: l.Facts}
	return s.print(v)
}

func (v configView) show(t *text) {
	rows := [][]string{{"PROFILE", "local", "lan", "wan"}}
	for _, r := range v.Profiles {
		rows = append(rows, []string{r.What, r.Local, r.LAN, r.WAN})
	}
	t.table(rows)
	t.line("")
	t.line("this machine")
	t.field("memory", "%d MiB: an eighth for connections and streams", v.Limits.MemoryBytes>>20)
	t.field("files", "%d: half for connections", v.Limits.Files)
	t.field("connections", "%d at any moment, 30 that stay", v.Limits.Connections)
	t.field("records", "%d MiB of strangers' on the disk", v.Limits.RecordBytes>>20)
	t.field("facts", "%d MiB of revocations", v.Limits.FactBytes>>20)
}
