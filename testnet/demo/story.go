package demo

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// story writes what happens as it happens.
type story struct {
	out   io.Writer
	start time.Time
	step  int
}

// chapter begins a step with its name and what it is to show.
func (s *story) chapter(title, about string) {
	s.step++
	fmt.Fprintf(s.out, "\n%d. %s  (at %.1f s)\n", s.step, title, time.Since(s.start).Seconds())
	s.line("%s", about)
}

// line writes one indented line.
func (s *story) line(format string, args ...any) {
	fmt.Fprintf(s.out, "   %s\n", printable(fmt.Sprintf(format, args...)))
}

// command shows a command as the reader could type it.
func (s *story) command(line string) { fmt.Fprintf(s.out, "   $ %s\n", printable(line)) }

// table writes rows in columns.
func (s *story) table(rows [][]string) {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, "   "+strings.Join(row, "\t"))
	}
	_ = w.Flush() // a reader who has gone away is no failure of the demonstration
}

// printable takes away what could drive a terminal: names and places come from
// documents.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// short is the part of an ID that people compare.
func short(id string) string {
	if len(id) <= 14 {
		return id
	}
	return id[:7] + ".." + id[len(id)-5:]
}

// column is a name in a column of its own.
func column(s string) string { return fmt.Sprintf("%-24s", clip(s, 21)) }

// clip cuts a text for one line.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// ms is a duration in milliseconds for people.
func ms(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d.Microseconds())/1000) }
