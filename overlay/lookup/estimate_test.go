package lookup

import (
	"testing"
	"time"
)

func TestTrips(t *testing.T) {
	const ms = time.Millisecond
	var e Estimate
	for range 50 {
		e.Add(100 * ms)
	}
	cold := Estimate{Mean: 300 * ms, Deviation: 10 * ms}
	for _, row := range []struct {
		name        string
		trips       Trips
		cost, limit time.Duration
	}{
		{"nothing measured", Trips{}, 3 * MinLimit, 3 * FirstLimit},
		{"connected, nothing measured", Trips{Connected: true}, FirstLimit, FirstLimit},
		{"connected", Trips{Connected: true, Warm: Estimate{Mean: 80 * ms, Deviation: 5 * ms}, Cold: cold}, 80 * ms, 90 * ms},
		{"connected and near", Trips{Connected: true, Warm: Estimate{Mean: ms}}, ms, MinLimit},
		{"to be dialled, no dial measured", Trips{Warm: Estimate{Mean: 80 * ms, Deviation: 5 * ms}}, 240 * ms, 270 * ms},
		{"to be dialled", Trips{Warm: Estimate{Mean: 80 * ms}, Cold: cold}, 300 * ms, 320 * ms},
		{"known, to be dialled", Trips{Warm: Estimate{Mean: 80 * ms}, Known: true, Cold: cold}, 160 * ms, 320 * ms},
		{"near, to be dialled", Trips{Cold: Estimate{Mean: ms}}, ms, 2 * MinLimit},
	} {
		if got := row.trips.Cost(); got != row.cost {
			t.Errorf("%s: cost %s, want %s", row.name, got, row.cost)
		}
		if got := row.trips.Limit(); got != row.limit {
			t.Errorf("%s: limit %s, want %s", row.name, got, row.limit)
		}
	}
	if e.Mean != 100*ms || e.Deviation > ms {
		t.Errorf("after fifty equal trips: %+v", e)
	}
}
