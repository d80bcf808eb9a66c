package links

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Few are measured at a time, each once in a long while, and a choice follows.
func TestMeasureIsBounded(t *testing.T) {
	var asked []peer.ID
	k := New(Config{Measure: func(_ context.Context, p peer.ID) error {
		asked = append(asked, p)
		if p == "dead" {
			return errors.New("test")
		}
		return nil
	}})
	now := time.Now()
	round := func(look ...peer.ID) []peer.ID {
		asked, k.look = nil, look
		k.measure(t.Context(), now)
		return asked
	}
	for _, c := range []struct {
		name   string
		after  time.Duration
		look   []peer.ID
		want   []peer.ID
		choose bool
	}{
		{"nobody", 0, nil, nil, false},
		{"a few", 0, []peer.ID{"a", "b", "c"}, []peer.ID{"a", "b"}, true},
		{"others, not the same", 0, []peer.ID{"a", "b", "c"}, []peer.ID{"c"}, true},
		{"one that does not answer", 0, []peer.ID{"dead"}, []peer.ID{"dead"}, false},
		{"the same after a while", lookAgain, []peer.ID{"a", "dead"}, []peer.ID{"a", "dead"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			now = now.Add(c.after)
			if got := round(c.look...); !slices.Equal(got, c.want) {
				t.Errorf("measured %v, want %v", got, c.want)
			}
			if k.asked.Swap(false) != c.choose {
				t.Errorf("a choice follows: %v, want %v", !c.choose, c.choose)
			}
		})
	}
	for i := range maxLooked {
		k.looked[peer.ID(fmt.Sprint(i))] = now
	}
	if got := round("z"); len(got) != 0 {
		t.Errorf("measured %v beyond what is remembered", got)
	}
}
