package scenario

import (
	"strings"
)

// Rewritten returns the file with what a run printed in place of the literal lines
// that were wanted. Lines with a bound stay as they are, and so do comments behind
// lines that were right. Blocks that the run did not reach stay.
func (f *File) Rewritten(r *Report) []byte {
	var out []string
	next := 0 // index of the first line not yet taken
	for i, b := range f.blocks {
		if i >= len(r.output) || !b.ruled {
			continue
		}
		start := b.after - len(b.want) // lines before the output, the rule line the last
		if len(b.want) > 0 {
			start = b.want[0].line - 1
		}
		out = append(out, f.lines[next:start]...)
		out = append(out, b.rewritten(f, r.output[i])...)
		next = b.after
	}
	out = append(out, f.lines[next:]...)
	return []byte(strings.Join(out, "\n") + "\n")
}

// rewritten are the new lines of one block.
func (b block) rewritten(f *File, got []string) []string {
	var out []string
	for i, line := range got {
		if i < len(b.want) && (hasBound(b.want[i].pattern) || matches(b.want[i].pattern, line)) {
			out = append(out, f.lines[b.want[i].line-1])
			continue
		}
		out = append(out, line)
	}
	return out
}
