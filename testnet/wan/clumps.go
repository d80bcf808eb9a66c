package wan

import (
	"fmt"
	"math"
	"time"
)

// What the model of clumps is made of.
const (
	clumps      = 12
	perClump    = 10
	clumpRadius = 900.0 // km: the farthest that a place is from the middle of its clump
	clumpBase   = 2.0   // ms, round trip between any two places
	clumpSpeed  = 100.0 // km of great circle per ms of round trip
)

// Clumps is a matrix drawn afresh by seed, so that nothing can be fitted to it:
// places in a dozen clumps somewhere on the globe, and between two of them a round
// trip of 2 ms and 1 ms for every 100 km, stretched by a factor of 1.2 to 2.2 drawn
// for each pair.
func Clumps(seed uint64) *Matrix {
	const n = clumps * perClump
	points := make([]city, n)
	m := &Matrix{rtt: make([]time.Duration, n*n)}
	for i := range points {
		points[i] = clumped(seed, i/perClump, i%perClump)
		m.places = append(m.places, points[i].name)
	}
	for a := range n {
		for b := range a {
			stretch := minStretch + (maxStretch-minStretch)*share(draw(seed, "stretch", a, b))
			d := milliseconds(clumpBase + stretch*greatCircle(points[a], points[b])/clumpSpeed)
			m.rtt[a*n+b], m.rtt[b*n+a] = d, d
		}
	}
	return m
}

// clumped is place k of a clump: somewhere within its radius around its middle.
func clumped(seed uint64, clump, k int) city {
	middle := city{
		lat: math.Asin(2*share(draw(seed, "clump latitude", clump))-1) / degree,
		lon: 360*share(draw(seed, "clump longitude", clump)) - 180,
	}
	away := clumpRadius / earthRadius * math.Sqrt(share(draw(seed, "distance", clump, k)))
	bearing := 2 * math.Pi * share(draw(seed, "bearing", clump, k))
	lat := math.Asin(math.Sin(middle.lat*degree)*math.Cos(away) + math.Cos(middle.lat*degree)*math.Sin(away)*math.Cos(bearing))
	lon := middle.lon*degree + math.Atan2(math.Sin(bearing)*math.Sin(away)*math.Cos(middle.lat*degree), math.Cos(away)-math.Sin(middle.lat*degree)*math.Sin(lat))
	return city{name: fmt.Sprintf("clump %d, place %d", clump+1, k+1), lat: lat / degree, lon: lon / degree}
}
