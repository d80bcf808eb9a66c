package shell

import "testing"

func TestWord(t *testing.T) {
	for s, want := range map[string]string{
		"/home/a/.cairn-1": "/home/a/.cairn-1",
		"":                 "''",
		"with space":       "'with space'",
		"$HOME":            "'$HOME'",
		"it's":             `'it'\''s'`,
		"a\nb":             "'a\nb'",
		"*":                "'*'",
	} {
		if got := Word(s); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}
