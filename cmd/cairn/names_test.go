package main

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"translator", "summariser", "bot"}
	for _, tt := range []struct{ typed, want string }{
		{"translater", "translator"},
		{"tranlsator", "translator"},
		{"summarizer", "summariser"},
		{"bit", "bot"},
		{"weather", ""},
		{"", ""},
	} {
		if got := nearest(tt.typed, names); got != tt.want {
			t.Errorf("nearest(%q) = %q, want %q", tt.typed, got, tt.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 2}, {"same", "same", 0}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
