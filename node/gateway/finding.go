package gateway

import "fmt"

// Severity ranks findings.
type Severity string

// The severities.
const (
	// Note: read as it was meant, in another form; nothing is lost.
	Note Severity = "note"
	// Warning: doubtful, coerced or left out.
	Warning Severity = "warning"
	// Error: contradicts the format; a document with one is refused.
	Error Severity = "error"
)

// maxFindings bounds the findings of one document; the last one counts the rest.
const maxFindings = 100

// Finding is one oddity of a document. Its texts hold no control or invisible
// characters, whatever the document holds.
type Finding struct {
	// Path is the JSON Pointer (RFC 6901) of the place, "" for the whole document.
	Path string `json:"path"`
	// Severity says how bad it is.
	Severity Severity `json:"severity"`
	// Message says what was found and what became of it.
	Message string `json:"message"`
}

// String is "warning: /url: message".
func (f Finding) String() string {
	path := f.Path
	if path == "" {
		path = "document"
	}
	return fmt.Sprintf("%s: %s: %s", f.Severity, path, f.Message)
}

// findings collects them, bounded.
type findings struct {
	list    []Finding
	more    int
	invalid bool
}

func (f *findings) add(s Severity, path, format string, args ...any) {
	f.invalid = f.invalid || s == Error
	if len(f.list) == maxFindings {
		f.more++
		return
	}
	f.list = append(f.list, Finding{Path: path, Severity: s, Message: fmt.Sprintf(format, args...)})
}

// all returns what was found; a last finding counts what did not fit.
func (f *findings) all() []Finding {
	if f.more == 0 {
		return f.list
	}
	last := Finding{Severity: Note, Message: fmt.Sprintf("%d more findings are not listed", f.more)}
	return append(f.list[:len(f.list):len(f.list)], last)
}
