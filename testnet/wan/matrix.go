package wan

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"time"
)

const (
	// MaxPlaces bounds a matrix.
	MaxPlaces = 4096
	// MaxRTT is the longest round trip that a matrix may hold.
	MaxRTT = time.Minute
)

// Matrix holds measured round trips between places.
type Matrix struct {
	places []string
	rtt    []time.Duration // row by row; the diagonal is 0
}

// LoadMatrix reads a matrix from a file, see [ReadMatrix].
func LoadMatrix(path string) (*Matrix, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("latency matrix: %w", err)
	}
	defer f.Close()
	m, err := ReadMatrix(f)
	if err != nil {
		return nil, fmt.Errorf("latency matrix %s: %w", path, err)
	}
	return m, nil
}

// ReadMatrix reads CSV: a header of any word and then the places, and one row per
// place, in the same order, of its name and the round trips from there in
// milliseconds. A matrix that is not square, or that lacks a number or has none
// above 0 anywhere off its diagonal, is refused with the cell named. What stands on
// the diagonal is ignored: inside a place, [MinOneWay] holds.
func ReadMatrix(r io.Reader) (*Matrix, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord = -1 // we say better which row is too short
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("empty: want a header row of places")
	}
	if err != nil {
		return nil, err
	}
	m := &Matrix{places: header[1:]}
	if err := m.checkPlaces(); err != nil {
		return nil, err
	}
	for range m.places {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("not square: %d rows for %d places, the row of %s is missing", m.rows(), len(m.places), m.places[m.rows()])
		}
		if err != nil {
			return nil, err
		}
		if err := m.addRow(row); err != nil {
			return nil, err
		}
	}
	switch _, err := in.Read(); {
	case err == nil:
		return nil, fmt.Errorf("not square: more than %d rows for %d places", m.rows(), len(m.places))
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return m, nil
}

// rows is how many rows were read so far.
func (m *Matrix) rows() int { return len(m.rtt) / len(m.places) }

func (m *Matrix) checkPlaces() error {
	if len(m.places) == 0 || len(m.places) > MaxPlaces {
		return fmt.Errorf("the header names %d places: want 1 to %d", len(m.places), MaxPlaces)
	}
	seen := make(map[string]bool)
	for i, p := range m.places {
		if p == "" {
			return fmt.Errorf("column %d of the header names no place", i+2)
		}
		if seen[p] {
			return fmt.Errorf("the header names %q twice", p)
		}
		seen[p] = true
	}
	return nil
}

// addRow enters the row of the next place.
func (m *Matrix) addRow(row []string) error {
	from := m.rows()
	if row[0] != m.places[from] {
		return fmt.Errorf("row %d is of %q: want %q, the order of the header", from+2, row[0], m.places[from])
	}
	if got, want := len(row)-1, len(m.places); got != want {
		return fmt.Errorf("not square: the row of %q has %d cells, want %d", row[0], got, want)
	}
	for to, cell := range row[1:] {
		if from == to {
			m.rtt = append(m.rtt, 0)
			continue
		}
		d, err := parseRTT(cell)
		if err != nil {
			return fmt.Errorf("cell (%s, %s), row %d, column %d: %w", m.places[from], m.places[to], from+2, to+2, err)
		}
		m.rtt = append(m.rtt, d)
	}
	return nil
}

func parseRTT(cell string) (time.Duration, error) {
	ms, err := strconv.ParseFloat(cell, 64)
	if err != nil || math.IsNaN(ms) {
		return 0, fmt.Errorf("%q: want a round trip in milliseconds", cell)
	}
	if ms > float64(MaxRTT/time.Millisecond) {
		return 0, fmt.Errorf("%q: more than %s", cell, MaxRTT)
	}
	d := time.Duration(ms * float64(time.Millisecond))
	if d <= 0 {
		return 0, fmt.Errorf("%q: want more than 0 off the diagonal", cell)
	}
	return d, nil
}

// Places returns the number of places.
func (m *Matrix) Places() int { return len(m.places) }

// Model puts nodes into the places by seed, each place as likely as any other.
func (m *Matrix) Model(seed uint64) Model { return &placed{Matrix: m, seed: seed} }

// placed is a matrix with nodes in it.
type placed struct {
	*Matrix
	seed uint64
}

// Place names where node i is.
func (p *placed) Place(i int) string { return p.places[p.Seat(i)] }

// Seats is the number of places.
func (p *placed) Seats() int { return len(p.places) }

// Seat is the place of node i. All nodes of a place are interchangeable.
func (p *placed) Seat(i int) int { return int(draw(p.seed, "place", i) % uint64(len(p.places))) }

// OneWay is half the round trip between two nodes' places.
func (p *placed) OneWay(i, j int) time.Duration {
	if i == j {
		return 0
	}
	return p.Between(p.Seat(i), p.Seat(j))
}

// Access is nothing: a matrix knows of places only.
func (p *placed) Access(int) time.Duration { return 0 }

// Between is the delay between two different nodes in places a and b.
func (p *placed) Between(a, b int) time.Duration {
	return max(p.rtt[a*len(p.places)+b]/2, MinOneWay)
}
