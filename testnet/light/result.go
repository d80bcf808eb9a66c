package light

import (
	"encoding/json"
	"fmt"
	"io"
)

// Result is what was asked of a world. The same Config and the same questions give
// the same bytes, whatever the machine and however many processors it has.
type Result struct {
	Spread   *Spread   `json:"spread,omitempty"`
	Resolves *Resolves `json:"resolves,omitempty"`
}

// Run sends messages, and looks keys up. Nought of one leaves it out.
func (w *World) Run(messages, resolves int) Result {
	var r Result
	if messages > 0 {
		s := w.Spread(messages)
		r.Spread = &s
	}
	if resolves > 0 {
		s := w.Resolve(resolves)
		r.Resolves = &s
	}
	return r
}

// Loads are what the event queues had to bear, for a bare one to bear the same.
func (r Result) Loads() []Load {
	var all []Load
	if r.Spread != nil {
		all = append(all, r.Spread.Load)
	}
	if r.Resolves != nil {
		all = append(all, r.Resolves.Load)
	}
	return all
}

// WriteTo writes r as JSON, one line for each field.
func (r Result) WriteTo(out io.Writer) (int64, error) {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return 0, fmt.Errorf("light: %w", err)
	}
	n, err := out.Write(append(b, '\n'))
	return int64(n), err
}
