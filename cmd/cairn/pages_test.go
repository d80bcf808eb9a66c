package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// call is cairn with its arguments within a line of a shell, up to a comment.
var call = regexp.MustCompile(`(?:^|\$ |[|;&] |\$\()(?:bin/)?cairn ((?: ?[^|;&<>)\s#][^;\s]*)*)`)

// calls are the arguments of each call of cairn in the code of a page.
func calls(page string) (all [][]string) {
	page = strings.ReplaceAll(page, "\\\n", " ")
	inside := false
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "```") {
			inside = !inside
		}
		code, indented := strings.CutPrefix(line, "    ")
		if !inside && !indented {
			continue
		}
		for _, m := range call.FindAllStringSubmatch(strings.TrimSpace(code), -1) {
			all = append(all, strings.Fields(strings.TrimRight(m[1], ")")))
		}
	}
	return all
}

// TestPagesSpeakTheGrammar: whatever pages and the README say to type is understood. What
// it does is told by the scripts.
func TestPagesSpeakTheGrammar(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, path := range append(pages, "../../README.md") {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, args := range calls(string(raw)) {
			seen++
			if err := understood(args); err != nil {
				t.Errorf("%s: cairn %s: %v", filepath.Base(path), strings.Join(args, " "), err)
			}
		}
	}
	if seen < 40 {
		t.Errorf("%d calls in all of the pages", seen)
	}
	for _, wrong := range []string{"frobnicate", "status --frob", "resolve"} {
		if understood(strings.Fields(wrong)) == nil {
			t.Errorf("cairn %s is understood", wrong)
		}
	}
}

// understood reports why the grammar does not take a command line; nothing is run or read.
func understood(args []string) error {
	grammar := cli{from: &sources{}}
	parser, err := newParser(&grammar, env{})
	if err != nil {
		return err
	}
	parsed, err := kong.Trace(parser, args)
	if err != nil {
		return err
	}
	if parsed.Error != nil {
		return parsed.Error
	}
	if err := parsed.Reset(); err != nil { // to the defaults
		return err
	}
	if _, err := parsed.Apply(); err != nil {
		return err
	}
	return parsed.Validate()
}
