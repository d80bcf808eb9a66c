package main

import (
	"encoding/json"
	"testing"
)

func TestEscape(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "translator", "translator"},
		{"letters of the world", "Übersetzer 翻訳 переводчик", "Übersetzer 翻訳 переводчик"},
		{"emoji", "ok 👍", "ok 👍"},
		{"backslash", `a\nb`, `a\nb`},
		{"new line", "a\ncairn: ok", `a\ncairn: ok`},
		{"carriage return", "bad\rgood", `bad\x0dgood`},
		{"tab", "a\tb", `a\tb`},
		{"terminal control", "\x1b[2Jgone", `\x1b[2Jgone`},
		{"8-bit control", "\u009b2J", `\u009b2J`},
		{"delete", "a\x7f", `a\x7f`},
		{"nul", "a\x00", `a\x00`},
		{"right to left override", "gpj.\u202eexe", `gpj.\u202eexe`},
		{"isolates", "\u2066x\u2069", `\u2066x\u2069`},
		{"zero width", "pay\u200bpal\ufeff", `pay\u200bpal\ufeff`},
		{"soft hyphen", "pay\u00adpal", `pay\u00adpal`},
		{"invisible letter", "a\u3164b", `a\u3164b`},
		{"variation selector", "a\ufe0f", `a\ufe0f`},
		{"tags", "a\U000e0041", `a\U000e0041`},
		{"line separator", "a\u2028b", `a\u2028b`},
		{"no UTF-8", "a\xff\xfeb", `a\xff\xfeb`},
		{"replacement character", "a\ufffdb", "a\ufffdb"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := escape(tt.in); got != tt.want {
				t.Errorf("escape(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestEscapeJSONKeepsTheMeaning(t *testing.T) {
	for _, in := range []string{"plain", "\x7f\u009b", "gpj.\u202eexe", "a\U000e0041 👍", "\u200b\ufeff", `"\`, "a\nb"} {
		b, err := marshalLine(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range string(b[:len(b)-1]) {
			if hidden(r) {
				t.Errorf("%q: %q has the hidden character %U", in, b, r)
			}
		}
		var back string
		if err := json.Unmarshal(b, &back); err != nil || back != in {
			t.Errorf("%q came back as %q (%v)", in, back, err)
		}
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("a\x1b[0m\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range escape(s) {
			if hidden(r) {
				t.Fatalf("escape(%q) lets %U through", s, r)
			}
		}
		b, err := marshalLine(s)
		if err != nil {
			t.Fatal(err)
		}
		var want, got string
		plain, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if json.Unmarshal(plain, &want) != nil || json.Unmarshal(b, &got) != nil || got != want {
			t.Fatalf("%q came back as %q", s, got)
		}
	})
}
