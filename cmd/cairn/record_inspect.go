package main

import "github.com/cairn-overlay/cairn/records"

type recordInspectCmd struct {
	File string `arg:"" help:"A record, a tombstone, rotations, the proof of a conflict, or a revocation certificate; - is standard input."`
}

func (recordInspectCmd) Help() string {
	return `Verifies signed bytes and shows every field: who, until when, with which keys, and where. Of a revocation certificate it shows whom it would end, never the secret. With -o raw it prints the canonical bytes.

    cairn resolve ID -o raw | cairn record inspect -
    cairn record inspect translator.cert`
}

func (recordInspectCmd) rawDoc() string { return "the canonical bytes" }

// Run shows the value.
func (c *recordInspectCmd) Run(s *session) error {
	e, err := s.openEvidence(c.File)
	if err != nil {
		return err
	}
	if e.certificate && s.global.Output == raw {
		return badInput("use -o human or json", "a certificate's bytes are the revocation itself, and are not shown")
	}
	return s.print(dissect(e))
}

func (d dissection) raw() []byte { return d.bytes }

func (d dissection) show(t *text) {
	switch d.Type {
	case "certificate":
		t.line("a revocation certificate: whoever has it can end this %s", d.Kind)
	case "tombstone":
		t.line("a tombstone: this %s is revoked, for good", d.Kind)
	case "rotations":
		t.line("%s of the keys of an %s", count(len(d.Rotated), "rotation"), d.Kind)
	case "duplicity":
		t.line("a proof of duplicity: two rotations of the keys of an %s contradict each other, for good", d.Kind)
	default:
		t.line("a location record of an %s", d.Kind)
	}
	t.field("id", "%s", d.ID)
	t.field("did", "%s", d.DID)
	t.field("lives until", "%s", showTime(d.End))
	t.field("size", "%d bytes", d.Size)
	if d.Record != nil {
		showRecord(t, d.Record)
	}
	for _, r := range d.Rotated {
		t.field("rotation", "%s", r)
	}
	if d.Conflict != nil {
		t.field("one", "%s", d.Conflict.Two[0])
		t.field("other", "%s", d.Conflict.Two[1])
	}
	for _, k := range d.Keys {
		t.field("signing key", "%s", k)
	}
	for _, n := range d.Next {
		t.field("next key", "digest %s", n)
	}
	for _, l := range d.Locks {
		t.field("lock", "%s", l)
	}
	if d.Digest != "" {
		t.field("sha256", "%s", d.Digest)
	}
}

func showRecord(t *text, r *records.Record) {
	t.field("sequence", "%d, rotation %d", r.Sequence(), r.Rotation())
	t.field("issued", "%s", showTime(r.Issued()))
	t.field("lease", "until %s", showTime(r.NotAfter()))
	showLocation(t, r.Location())
}
