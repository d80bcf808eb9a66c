package bench

import (
	"testing"

	"github.com/cairn-overlay/cairn/testnet/light"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

// A turn of the model and one of the heap tell rates over the same events.
func TestLightTurns(t *testing.T) {
	w, err := light.New(light.Config{Nodes: 500, Seed: 1, Model: wan.Cities(1), Charge: lightCharge})
	if err != nil {
		t.Fatal(err)
	}
	l := &lighting{sender: w.Sender(), reader: w.Reader(), seed: 1}
	p, err := measurePairs(t.Context(), 2, l.model, l.heap)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.ours {
		if p.ours[i] <= 0 || p.floor[i] <= 0 {
			t.Errorf("rates %v and %v", p.ours, p.floor)
		}
	}
	if l.before[0].Events == 0 || l.before[1].Events == 0 || l.loads[0].Events >= l.before[0].Events {
		t.Errorf("loads %v after %v", l.loads, l.before)
	}
	var r Result
	l.tell(&r)
	if len(r.Figures) == 0 || r.Figures[0] != (Figure{"missing", "1", 0}) {
		t.Errorf("figures %v", r.Figures)
	}
	if peak, err := peakResident(); err == nil && peak < 1<<20 {
		t.Errorf("%d bytes resident", peak)
	}
}
