package gateway

import (
	"strings"
	"testing"
)

func TestTidy(t *testing.T) {
	rows := []struct {
		name, in, want string
		lost           bool
	}{
		{"plain", "Bread Oracle", "Bread Oracle", false},
		{"white space", "  a\t\n b\u00a0c ", "a b c", false},
		{"umlauts and kanji stay", "Bücher 翻訳", "Bücher 翻訳", false},
		{"escape sequence", "a\x1b[31mb", "a[31mb", true},
		{"NUL", "a\x00b", "ab", true},
		{"zero width", "a\u200b\u200d\ufeffb", "ab", true},
		{"bidi", "safe\u202eevil\u2066x\u2069", "safeevilx", true},
		{"tag characters", "a\U000e0041b", "ab", true},
		{"fillers", "a\u3164\u115f\u034fb", "ab", true},
		{"private use", "a\ue000b", "ab", true},
		{"replacement", "a\ufffdb", "ab", true},
		{"nothing left", "\u200b\u202e", "", true},
		{"cut at a whole character", strings.Repeat("ü", 20), strings.Repeat("ü", 15), true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got, lost := tidy(row.in, 32); got != row.want || lost != row.lost {
				t.Errorf("got %q %t, want %q %t", got, lost, row.want, row.lost)
			}
		})
	}
}

func TestCapabilityPath(t *testing.T) {
	rows := []struct {
		name, prefix, in string
		sep              byte
		want             string
	}{
		{"as it should be", "", "translate-en-es", '-', "/translate-en-es"},
		{"blanks", "/x", "Tide Tables", '-', "/x/tide-tables"},
		{"class path", "", "Images & Computer Vision/Image Segmentation", '_', "/images_computer_vision/image_segmentation"},
		{"underscores and dots stay", "", "bob.answer_it", '-', "/bob.answer_it"},
		{"slashes around", "", "//a//b/", '-', "/a/b"},
		{"leading marks go", "", "-.a", '-', "/a"},
		{"nothing left", "", "!!!", '-', ""},
		{"not ASCII", "", "übersetzen", '-', ""},
		{"half of it not ASCII", "", "a/翻訳", '-', ""},
		{"invisible", "", "cl\u202eean\u200b", '-', "/clean"},
		{"dots only", "", "../..", '-', ""},
		{"too long", "", strings.Repeat("a", 128), '-', ""},
		{"just fits", "", strings.Repeat("a", 127), '-', "/" + strings.Repeat("a", 127)},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := capabilityPath(row.prefix, row.in, row.sep); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}
