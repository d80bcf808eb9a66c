package web

import (
	"io/fs"
	"path"
	"regexp"
	"testing"
)

// asMarkup matches what turns text into markup or code, and foreign what asks another server.
var (
	asMarkup = regexp.MustCompile(`\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|setHTML\w*|srcdoc|eval|Function)\b|\bon[a-z]+\s*=\s*["']|javascript:|setAttribute\(\s*['"]on|set(Timeout|Interval)\(\s*['"]`)
	foreign  = regexp.MustCompile(`(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}`)
	example  = regexp.MustCompile(`https?://(www\.w3\.org/2000/svg|[a-z.-]+\.example["'/\s])`) // a name of a language, and an address to be typed over
)

// dangerous is what a file of the page must not have in it, empty where nothing.
func dangerous(text string) string {
	text = example.ReplaceAllString(text, "")
	return asMarkup.FindString(text) + foreign.FindString(text)
}

// What strangers say reaches the page as text, since its scripts have no other way; and it asks
// nobody but its own server.
func TestScriptsWriteNoMarkup(t *testing.T) {
	seen := 0
	err := fs.WalkDir(assets, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		seen++
		text, err := fs.ReadFile(assets, name)
		if err != nil {
			return err
		}
		if bad := dangerous(string(text)); bad != "" {
			t.Errorf("%s has %q", path.Base(name), bad)
		}
		return nil
	})
	if err != nil || seen < 10 {
		t.Errorf("%d files, %v", seen, err)
	}
	for _, bad := range []string{
		"e.innerHTML = name", "e.insertAdjacentHTML('x', name)", "document.write(name)", `<img onerror="x">`, "eval(name)", "e.setAttribute('onclick', name)",
		"setTimeout('x()', 1)", `<script src="https://cdn.example.com/x.js">`, "@import url(//fonts.test.org/x.css)", "a.href = 'javascript:x'",
	} {
		if dangerous(bad) == "" {
			t.Errorf("%s is not found", bad)
		}
	}
}
