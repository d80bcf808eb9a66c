package main

import (
	"bytes"
	"testing"
)

// What is no terminal gets one line, and no carriage return.
func TestStartedIsOneLine(t *testing.T) {
	var b bytes.Buffer
	tell := started(&b)
	for up := range 3 {
		tell(up+1, 3)
	}
	if got := b.String(); got != "started: 3 nodes\n" {
		t.Errorf("%q", got)
	}
}
