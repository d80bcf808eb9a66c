package wan

import (
	"math"
	"time"
)

// What the model of cities is made of.
const (
	earthRadius = 6371.0 // km
	fibreSpeed  = 204.2  // km per ms: light at a refractive index of 1.468
	minStretch  = 1.2    // path over great circle: the straightest cables
	maxStretch  = 2.2    // and the detours
	minAccess   = 0.3    // ms one way between a node and its city's exchange,
	maxAccess   = 8.0    // log-uniform: most are near, few are far
	degree      = math.Pi / 180
)

type city struct {
	name     string
	lat, lon float64 // degrees, north and east
}

// Cities is a model that needs no file. Nodes are in real cities, drawn by seed;
// between cities light goes through fibre along the great circle, stretched by a
// factor of 1.2 to 2.2 drawn for each pair; and each node has an access delay of
// its own, 0.3 to 8 ms one way, that every packet of it pays. The triangle
// inequality does not hold, as in real networks.
func Cities(seed uint64) Model {
	towns := cities()
	m := &citied{towns: towns, seed: seed, core: make([]time.Duration, len(towns)*len(towns))}
	for a := range towns {
		for b := range a {
			stretch := minStretch + (maxStretch-minStretch)*share(draw(seed, "stretch", a, b))
			d := milliseconds(stretch * greatCircle(towns[a], towns[b]) / fibreSpeed)
			m.core[a*len(towns)+b], m.core[b*len(towns)+a] = d, d
		}
	}
	return m
}

type citied struct {
	towns []city
	seed  uint64
	core  []time.Duration // one way between exchanges, row by row
}

// Place names the city of node i.
func (m *citied) Place(i int) string { return m.towns[m.Seat(i)].name }

// At is where the city of node i is.
func (m *citied) At(i int) (lat, lon float64) {
	t := m.towns[m.Seat(i)]
	return t.lat, t.lon
}

// Seats is the number of cities.
func (m *citied) Seats() int { return len(m.towns) }

// Seat is the city of node i.
func (m *citied) Seat(i int) int { return int(draw(m.seed, "place", i) % uint64(len(m.towns))) }

// OneWay is both access delays and the fibre between.
func (m *citied) OneWay(i, j int) time.Duration {
	if i == j {
		return 0
	}
	return max(m.Between(m.Seat(i), m.Seat(j))+m.Access(i)+m.Access(j), MinOneWay)
}

// Between is the fibre from one city's exchange to the other's.
func (m *citied) Between(a, b int) time.Duration { return m.core[a*len(m.towns)+b] }

// Access is the one-way delay between node i and its city's exchange.
func (m *citied) Access(i int) time.Duration {
	return milliseconds(minAccess * math.Pow(maxAccess/minAccess, share(draw(m.seed, "access", i))))
}

// milliseconds rounds to whole microseconds, so that the last bit of a floating
// point library changes nothing.
func milliseconds(ms float64) time.Duration {
	return time.Duration(math.Round(ms*1000)) * time.Microsecond
}

// greatCircle is the distance on the sphere, in km, by the haversine formula.
func greatCircle(a, b city) float64 {
	dLat, dLon := (b.lat-a.lat)*degree, (b.lon-a.lon)*degree
	h := square(math.Sin(dLat/2)) + math.Cos(a.lat*degree)*math.Cos(b.lat*degree)*square(math.Sin(dLon/2))
	return 2 * earthRadius * math.Asin(min(1, math.Sqrt(h)))
}

func square(x float64) float64 { return x * x }

// cities are where much of the Internet is.
func cities() []city {
	return []city{
		{"Amsterdam", 52.37, 4.90}, {"Ashburn", 39.04, -77.49}, {"Athens", 37.98, 23.73}, {"Atlanta", 33.75, -84.39},
		{"Auckland", -36.85, 174.76}, {"Bangkok", 13.76, 100.50}, {"Berlin", 52.52, 13.40}, {"Bogota", 4.71, -74.07},
		{"Boston", 42.36, -71.06}, {"Brussels", 50.85, 4.35}, {"Bucharest", 44.43, 26.10}, {"BuenosAires", -34.60, -58.38},
		{"Cairo", 30.04, 31.24}, {"CapeTown", -33.92, 18.42}, {"Chennai", 13.08, 80.27}, {"Chicago", 41.88, -87.63},
		{"Copenhagen", 55.68, 12.57}, {"Dallas", 32.78, -96.80}, {"Delhi", 28.61, 77.21}, {"Denver", 39.74, -104.99},
		{"Dubai", 25.20, 55.27}, {"Dublin", 53.35, -6.26}, {"Frankfurt", 50.11, 8.68}, {"Hanoi", 21.03, 105.85},
		{"Helsinki", 60.17, 24.94}, {"HongKong", 22.32, 114.17}, {"Istanbul", 41.01, 28.98}, {"Jakarta", -6.21, 106.85},
		{"Johannesburg", -26.20, 28.05}, {"Karachi", 24.86, 67.00}, {"Kyiv", 50.45, 30.52}, {"Lagos", 6.52, 3.38},
		{"Lima", -12.05, -77.04}, {"Lisbon", 38.72, -9.14}, {"London", 51.51, -0.13}, {"LosAngeles", 34.05, -118.24},
		{"Madrid", 40.42, -3.70}, {"Manila", 14.60, 120.98}, {"Marseille", 43.30, 5.37}, {"Melbourne", -37.81, 144.96},
		{"MexicoCity", 19.43, -99.13}, {"Miami", 25.76, -80.19}, {"Milan", 45.46, 9.19}, {"Montreal", 45.50, -73.57},
		{"Moscow", 55.76, 37.62}, {"Mumbai", 19.08, 72.88}, {"Nairobi", -1.29, 36.82}, {"NewYork", 40.71, -74.01},
		{"Osaka", 34.69, 135.50}, {"Oslo", 59.91, 10.75}, {"Paris", 48.86, 2.35}, {"Perth", -31.95, 115.86},
		{"Prague", 50.08, 14.44}, {"Santiago", -33.45, -70.67}, {"SaoPaulo", -23.55, -46.63}, {"Seattle", 47.61, -122.33},
		{"Seoul", 37.57, 126.98}, {"Singapore", 1.35, 103.82}, {"Stockholm", 59.33, 18.07}, {"Sydney", -33.87, 151.21},
		{"Taipei", 25.03, 121.57}, {"TelAviv", 32.09, 34.78}, {"Tokyo", 35.68, 139.69}, {"Toronto", 43.65, -79.38},
		{"Vienna", 48.21, 16.37}, {"Warsaw", 52.23, 21.01}, {"Zurich", 47.38, 8.54},
	}
}
