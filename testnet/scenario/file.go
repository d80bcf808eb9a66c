package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
)

const (
	// rule stands between the commands of a block and what they print.
	rule = "----"
	// maxFile bounds a scenario: one promise fits a screen or two.
	maxFile = 1 << 20
)

// File is a scenario that was read: prose, and blocks of commands.
type File struct {
	Name string
	// Promise is the first sentence of its prose: what holds.
	Promise string
	// Spec are the clauses that its "spec:" lines name.
	Spec []string

	lines  []string // as read, without line ends
	blocks []block
}

// block is one or more commands, and what they print.
type block struct {
	commands []command
	ruled    bool // there is a rule line, so that all output is compared
	after    int  // number of the line behind which the expected output stands
	want     []wanted
}

// command is one line.
type command struct {
	line int
	text string
	verb verb
	do   action
}

// wanted is one line of expected output.
type wanted struct {
	line    int
	pattern string // without the comment
}

// Load reads and parses a file.
func Load(path string) (*File, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("scenario: %w", err)
	}
	return Parse(path, b)
}

// Parse reads a scenario. The error names the file and the line of each fault, and
// the form that was expected there.
func Parse(name string, b []byte) (*File, error) {
	if len(b) > maxFile {
		return nil, fmt.Errorf("%s: %d bytes: want at most %d", name, len(b), maxFile)
	}
	f := &File{Name: name, lines: strings.Split(strings.TrimSuffix(string(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))), "\n"), "\n")}
	r := reader{file: f, names: make(map[string]bool)}
	for i := range f.lines {
		r.line(i + 1)
	}
	r.finish()
	if len(r.errs) > 0 {
		return nil, errors.Join(r.errs...)
	}
	return f, nil
}

// uses reports whether a command of that verb is in the file.
func (f *File) uses(verb string) bool {
	for _, b := range f.blocks {
		for _, c := range b.commands {
			if c.verb.name == verb {
				return true
			}
		}
	}
	return false
}

// reader goes through a file line by line.
type reader struct {
	file  *File
	prose []string // of the first paragraph
	told  bool     // the first paragraph has ended
	open  *block
	in    part
	names map[string]bool // agents declared so far
	errs  []error
}

// part says where in the file the reader is.
type part int

const (
	between part = iota
	commands
	output
)

func (r *reader) fail(line int, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s:%d: %w", r.file.Name, line, fmt.Errorf(format, args...)))
}

// line takes the next line.
func (r *reader) line(number int) {
	text := strings.TrimRight(r.file.lines[number-1], " \t")
	prose, isProse := strings.CutPrefix(text, "#")
	switch {
	case strings.TrimSpace(text) == "":
		r.close()
	case isProse:
		r.say(strings.TrimSpace(prose))
	case text == rule:
		r.rule(number)
	case r.in == output:
		pattern, _ := splitComment(text)
		r.open.want = append(r.open.want, wanted{number, pattern})
		r.open.after = number
	default:
		r.command(number, text)
	}
}

// say takes a line of prose: those of the first paragraph hold the promise.
func (r *reader) say(text string) {
	if clause, ok := strings.CutPrefix(text, "spec:"); ok {
		r.file.Spec = append(r.file.Spec, strings.TrimSpace(clause))
		r.told = r.told || len(r.prose) > 0
		return
	}
	if text == "" {
		r.told = r.told || len(r.prose) > 0
	}
	if !r.told {
		r.prose = append(r.prose, text)
	}
}

// close ends a block and the first paragraph.
func (r *reader) close() {
	r.told = r.told || len(r.prose) > 0
	if r.open != nil {
		r.file.blocks = append(r.file.blocks, *r.open)
	}
	r.open, r.in = nil, between
}

func (r *reader) rule(number int) {
	if r.in != commands {
		r.fail(number, "a rule line without commands before it: want commands, then %s, then what they print", rule)
		return
	}
	r.open.ruled, r.open.after, r.in = true, number, output
}

// command takes a line that is one.
func (r *reader) command(number int, text string) {
	r.told = r.told || len(r.prose) > 0
	if len(r.prose) == 0 && len(r.errs) == 0 {
		r.fail(number, "want a line such as \"# A revoked agent stays revoked.\" first: what the scenario promises")
	}
	if r.in == between {
		r.open, r.in = new(block), commands
	}
	c, err := parseCommand(text, r.names)
	if err != nil {
		r.fail(number, "%w", err)
		return
	}
	c.line = number
	r.open.commands = append(r.open.commands, c)
}

// finish looks at the file as a whole.
func (r *reader) finish() {
	r.close()
	r.file.Promise = firstSentence(strings.Join(r.prose, " "))
	if len(r.errs) > 0 {
		return
	}
	var first *command
	for _, b := range r.file.blocks {
		for i, c := range b.commands {
			if _, ok := c.do.(*nodesVerb); ok != (first == nil) {
				r.fail(c.line, "want nodes as the first command, and once")
			}
			if first == nil {
				first = &b.commands[i]
			}
		}
	}
	if first == nil {
		r.fail(len(r.file.lines), "no commands: want nodes 20 or so, and what is to happen to them")
	}
}

// firstSentence is what stands before the first full stop that ends a word.
func firstSentence(prose string) string {
	if i := strings.Index(prose+" ", ". "); i >= 0 {
		return prose[:i+1]
	}
	return prose
}

// splitComment parts a line of output from the comment behind it, which begins with
// two spaces and a #.
func splitComment(text string) (pattern, comment string) {
	if i := strings.Index(text, "  #"); i >= 0 {
		return strings.TrimRight(text[:i], " \t"), text[i:]
	}
	return text, ""
}
