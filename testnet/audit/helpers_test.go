package audit_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

// write puts events into the form of a log, whatever they say.
func write(t *testing.T, events []audit.Event) []byte {
	t.Helper()
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	for _, e := range events {
		if err := out.Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}
