package attack_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/attack"
)

// What a later version might send is refused for what is new in it, and for nothing
// else: a mistake of ours in the making would prove nothing. With what is new taken
// back, only the signature, which covers it, is wrong.
func TestLaterIsRefusedForWhatIsNew(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for name, row := range map[string]struct {
		make       func(time.Time) (attack.Value, error)
		undo       func(b []byte) []byte
		want, then error
	}{
		"type": {attack.LaterType, func(b []byte) []byte { b[15] = '1'; return b },
			records.ErrUnsupported, records.ErrInvalidSignature},
		"field": {attack.LaterField, func(b []byte) []byte { b[16]--; return bytes.Replace(b, []byte("\x66future\x01"), nil, 1) },
			records.ErrMalformed, records.ErrInvalidSignature},
		"fact": {attack.LaterFact, func(b []byte) []byte { b[2] = byte(records.KindAgent); return b },
			records.ErrMalformed, nil},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := row.make(now)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := records.Open(v.Bytes); !errors.Is(err, row.want) {
				t.Errorf("%v, want %v", err, row.want)
			}
			if _, err := records.Open(row.undo(v.Bytes)); !errors.Is(err, row.then) {
				t.Errorf("with the new taken back: %v, want %v", err, row.then)
			}
		})
	}
}
