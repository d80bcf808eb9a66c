package gateway

import (
	"errors"
	"fmt"
	"strings"
)

// Reasons of a refusal, for errors.Is.
var (
	// ErrNotJSON: the bytes are not one JSON text in UTF-8.
	ErrNotJSON = errors.New("not JSON")
	// ErrTooLarge: the document is over a limit of this package.
	ErrTooLarge = errors.New("too large")
	// ErrUnrecognised: the keys are those of no known shape.
	ErrUnrecognised = errors.New("not a known agent document")
	// ErrList: a catalog or a list of documents, or a pointer to one; Split takes it apart.
	ErrList = errors.New("a list, not one agent document")
	// ErrNoLocation: a sound document of something that cannot be located.
	ErrNoLocation = errors.New("has neither a network endpoint nor a package")
	// ErrPrivate: every endpoint is private, loopback or plain http, and Options.AllowPrivate is off.
	ErrPrivate = errors.New("not a public endpoint")
	// ErrTemplate: every endpoint has placeholders left in it.
	ErrTemplate = errors.New("a template, not an endpoint")
	// ErrInvalid: the document contradicts its own format; the findings say where.
	ErrInvalid = errors.New("a broken document")
	// ErrRevoked: the document says that its agent is no more.
	ErrRevoked = errors.New("revoked or withdrawn")
)

// RefusalError says why a document was not imported. It unwraps to its Reason.
type RefusalError struct {
	// Reason is one of this package's sentinel errors.
	Reason error
	// Shape is what the document was recognised as, empty where it was not.
	Shape string
	// Detail says what exactly, and what to do about it.
	Detail string
	// Findings are all that were made before the refusal.
	Findings []Finding
}

// Error says the shape, the reason and the detail; for ErrInvalid every finding.
func (e *RefusalError) Error() string {
	var b strings.Builder
	if e.Shape != "" {
		b.WriteString(e.Shape + ": ")
	}
	b.WriteString(e.Reason.Error())
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if errors.Is(e.Reason, ErrInvalid) {
		for i, f := range e.Findings {
			sep := "; "
			if i == 0 {
				sep = ": "
			}
			b.WriteString(sep + f.String())
		}
	}
	return b.String()
}

// Unwrap returns the reason.
func (e *RefusalError) Unwrap() error { return e.Reason }

// refuse makes a refusal that has no shape yet.
func refuse(reason error, format string, args ...any) *RefusalError {
	return &RefusalError{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}
