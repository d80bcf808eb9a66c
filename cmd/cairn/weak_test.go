package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// The daemon has no switch that turns a defence off: the name of the variable that
// would is nowhere in it. A build that has the switches must show it, or this test
// could not fail.
func TestNoDefenceCanBeOff(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	variable := strings.Join([]string{"CAIRN", "WEAK"}, "_") // in one piece it would be here itself
	if got := bytes.Contains(binary, []byte(variable)); got != weak.Built {
		t.Errorf("the variable is in the program: %t, want %t", got, weak.Built)
	}
	for _, d := range weak.Defences {
		if weak.Off(d) {
			t.Errorf("%s is off", d)
		}
	}
}
