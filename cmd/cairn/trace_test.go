package main

import (
	"strings"
	"testing"

	"github.com/cairn-overlay/cairn/node/api"
)

// A question that was passed on shows who did so.
func TestTraceShowsTheWay(t *testing.T) {
	got := rendered(t, human, resolutionView{api.Resolution{Path: []api.Hop{
		{Peer: "holder", Via: "neighbour", Distance: 250, Answer: "record"}, {Peer: "another", Distance: 251, Answer: "closer"},
	}}, true})
	if !strings.Contains(got, "holder  distance 250  record  0.0 ms  by way of neighbour\n") || strings.Count(got, "by way of") != 1 {
		t.Error(got)
	}
}
