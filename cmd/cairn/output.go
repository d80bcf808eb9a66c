package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// format is a value of -o.
type format string

// The output formats. For a single answer json and jsonl are the same: one line.
const (
	human  format = "human"
	asJSON format = "json"
	jsonl  format = "jsonl"
	raw    format = "raw"
)

// rawDoc is implemented by the verbs that have a raw form: it says what that is.
type rawDoc interface{ rawDoc() string }

// shown is an answer that people can read.
type shown interface{ show(*text) }

// bare is an answer with a raw form.
type bare interface{ raw() []byte }

// text writes lines for people. Whatever it is given, a line stays one line and
// can do nothing to a terminal.
type text struct {
	w   io.Writer
	err error // the first failed write
}

// line writes one line.
func (t *text) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = io.WriteString(t.w, escape(fmt.Sprintf(format, args...))+"\n")
	}
}

// field writes one indented "name  value" line, nothing where the value is empty.
func (t *text) field(name, format string, args ...any) {
	if value := fmt.Sprintf(format, args...); value != "" {
		t.line("  %-13s %s", name, value)
	}
}

// table writes rows in aligned columns; the first row is the heading.
func (t *text) table(rows [][]string) {
	if t.err != nil {
		return
	}
	w := tabwriter.NewWriter(t.w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = escape(c)
		}
		if _, t.err = fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t")); t.err != nil {
			return
		}
	}
	t.err = w.Flush()
}

// print writes one answer to stdout in the format that was asked for.
func (s *session) print(v shown) error { return s.printTo(s.env.stdout, v) }

func (s *session) printTo(w io.Writer, v shown) error {
	switch s.global.Output {
	case asJSON, jsonl:
		line, err := marshalLine(v)
		if err != nil {
			return err
		}
		return writeAll(w, line)
	case raw:
		if b, ok := v.(bare); ok {
			return writeAll(w, b.raw())
		}
		return nil
	}
	t := &text{w: w}
	v.show(t)
	return t.err
}

// printList writes a list: a table, one JSON array, or a JSON line for each.
func printList[T any](s *session, list []T, table func([]T) [][]string) error {
	switch s.global.Output {
	case asJSON:
		line, err := marshalLine(append([]T{}, list...))
		if err != nil {
			return err
		}
		return writeAll(s.env.stdout, line)
	case jsonl:
		for _, v := range list {
			line, err := marshalLine(v)
			if err != nil {
				return err
			}
			if err := writeAll(s.env.stdout, line); err != nil {
				return err
			}
		}
		return nil
	}
	t := &text{w: s.env.stdout}
	t.table(table(list))
	return t.err
}

// marshalLine is v as one line of JSON that is safe on a terminal.
func marshalLine(v any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write json: %w", err)
	}
	return append(escapeJSON([]byte(strings.TrimSuffix(b.String(), "\n"))), '\n'), nil
}

// say writes one message for people to stderr: lower case, no period at the end.
func (s *session) say(format string, args ...any) {
	message := strings.ReplaceAll(strings.TrimSpace(fmt.Sprintf(format, args...)), "\n", "; ")
	fmt.Fprintln(s.env.stderr, "cairn: "+escape(message))
}

// warn is say for what somebody should look at.
func (s *session) warn(format string, args ...any) { s.say("warning: "+format, args...) }
