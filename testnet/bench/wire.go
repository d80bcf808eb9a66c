package bench

import (
	"encoding/json"
	"math"
)

// MarshalJSON writes what never came, an infinite latency, as null.
func (q Quantiles) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		P50 number `json:"p50"`
		P99 number `json:"p99"`
		Max number `json:"max"`
	}{number(q.P50), number(q.P99), number(q.Max)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (q *Quantiles) UnmarshalJSON(b []byte) error {
	in := struct{ P50, P99, Max number }{}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*q = Quantiles{P50: float64(in.P50), P99: float64(in.P99), Max: float64(in.Max)}
	return nil
}

// MarshalJSON writes what never came as null.
func (s Samples) MarshalJSON() ([]byte, error) {
	values := make([]number, len(s.Values))
	for i, v := range s.Values {
		values[i] = number(v)
	}
	return json.Marshal(struct {
		Arm    string   `json:"arm"`
		Values []number `json:"values"`
	}{s.Arm, values})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Samples) UnmarshalJSON(b []byte) error {
	var in struct {
		Arm    string
		Values []number
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	s.Arm, s.Values = in.Arm, make([]float64, len(in.Values))
	for i, v := range in.Values {
		s.Values[i] = float64(v)
	}
	return nil
}

// MarshalJSON writes a figure that never came as null.
func (f Figure) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Name  string `json:"name"`
		Unit  string `json:"unit"`
		Value number `json:"value"`
	}{f.Name, f.Unit, number(f.Value)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (f *Figure) UnmarshalJSON(b []byte) error {
	var in struct {
		Name, Unit string
		Value      number
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*f = Figure{in.Name, in.Unit, float64(in.Value)}
	return nil
}

// number is one that may be infinite: null in JSON, which has no such thing.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsInf(f, 0) || math.IsNaN(f) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = number(math.Inf(1))
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}
