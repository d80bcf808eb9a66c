//go:build browser

package browser

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cairn-overlay/cairn/node/web"
)

// word is what a stranger would have a page show: it calls another server and a function, however it
// is taken for markup.
const word = `"><img src="//evil.example/x" onerror="hurt()"><svg onload="hurt()"></svg><script>hurt()</script>{{7*7}}javascript:hurt()`

// hostile is a view in which every text is a stranger's.
type hostile struct{}

func (hostile) About() web.About {
	return web.About{Network: word, Version: word, Whole: true, Map: true, Self: "n1"}
}

func (hostile) Look() web.Scene {
	return web.Scene{
		Nodes:  []web.Node{{Name: "n1", Place: word, State: "ready", Turn: 0.1}, {Name: "n2", Place: word, State: "ready", Lat: 40, Lon: 40, Turn: 0.6}},
		Links:  []web.Link{{A: "n1", B: "n2", RTT: 10, Facts: true}},
		Agents: []web.Agent{{ID: word, Name: word, Node: "n1", URL: word, Turn: 0.3}},
	}
}

func (hostile) Inspect(node string) (web.Detail, error) {
	return web.Detail{
		Name: node, Place: word, Peer: word, Up: true, Status: map[string]any{"state": word, "reason": word, "version": word, word: word, "counters": map[string]any{word: 1}},
		Peers: []web.Peer{{Name: word, Place: word, RTT: 1}}, Log: []string{word, word},
	}, nil
}

func (hostile) Floor(string) map[string]float64 { return map[string]float64{"n1": 0, "n2": 1} }

func (hostile) Publish(context.Context, string, string, string) (web.Receipt, error) {
	return web.Receipt{}, errors.New(word)
}

func (hostile) Resolve(context.Context, string, string, string) (web.Answer, error) {
	return web.Answer{
		ID: word, Status: word, Source: word, Reason: word, URLs: []string{word, "javascript:hurt()"},
		Path: []web.Hop{{Node: "n2", Answer: word, Via: word}, {Node: word, Answer: "record"}},
	}, nil
}

func (hostile) Revoke(context.Context, string, string) (web.Receipt, error) {
	return web.Receipt{ID: word, Name: word, Reason: word}, nil
}

// What strangers say is shown as they said it, and does nothing: neither as the name of an
// agent or a place, nor in an answer, an error, a node's state or its log.
func TestHostileWords(t *testing.T) {
	server, err := web.Open(web.Config{Addr: "127.0.0.1:0", View: hostile{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, server.Close) })
	p := open(t, server.URL())
	read[bool](p, `(window.hurt = () => { window.hurts = true; }, true)`)
	for _, step := range []struct{ do, until string }{
		{`#agents [aria-label^="Resolve"]`, `document.querySelector('#answer .status')?.textContent === ` + quote(word)},
		{`#agents [aria-label^="Revoke"]`, `true`},
		{`[data-node=n1]`, `document.getElementById('panel').textContent.includes(` + quote(word) + `)`},
	} {
		p.click(step.do)
		p.wait("the word is shown", step.until)
	}
	for i := range 4 { // the tabs: state, tables, store, log
		read[bool](p, fmt.Sprintf(`(document.querySelectorAll('#detail .tabs button')[%d]?.click(), true)`, i))
		p.wait("the tab is shown", `document.getElementById('panel').textContent.length > 0`)
	}
	p.shoot("hostile")
	if read[bool](p, `!!window.hurts || document.querySelectorAll('img, svg script, body script:not([src]), [onload], [onerror], a[href^="javascript" i]').length > 0`) {
		t.Error("a stranger's word became a part of the page")
	}
}
