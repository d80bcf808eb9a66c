package main

import (
	"strings"
	"testing"

	"rsc.io/qr"
)

// TestDrawCode: what is drawn has every point of the code where it belongs, and the quiet zone,
// as ink on paper and as light on a screen.
func TestDrawCode(t *testing.T) {
	code, err := qr.Encode("ABCDE-FGHJK", qr.M)
	if err != nil {
		t.Fatal(err)
	}
	for _, paper := range []bool{onPaper, onScreen} {
		lines := drawCode(code, paper)
		for y := -2; y < code.Size+2; y++ {
			line := []rune(lines[(y+2)/2])
			for x := -2; x < code.Size+2; x++ {
				drawn := strings.ContainsRune("█▀", line[x+2])
				if y%2 != 0 { // the lower half
					drawn = strings.ContainsRune("█▄", line[x+2])
				}
				if drawn != (code.Black(x, y) == paper) {
					t.Fatalf("paper %t: the point %d, %d is wrong", paper, x, y)
				}
			}
		}
	}
}
