//go:build browser

package browser

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/live"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

// few nodes are what the tests look at; the pictures show many.
const few, many = 8, 50

// show starts nodes in cities all over the world and shows them on a page, which it
// opens; all ends with the test.
func show(t *testing.T, nodes int) *page {
	t.Helper()
	view := live.New(wan.Cities(1), slog.DiscardHandler)
	w, err := testnet.New(t.Context(), view.Watch(testnet.Config{Nodes: nodes, Memory: true}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, w.Close) })
	if err := w.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	server, err := view.Open(w, testnet.DefaultNetwork, "test", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, server.Close) })
	p := open(t, server.URL())
	p.wait("all nodes are ready", `document.getElementById('summary').textContent.includes(`+quote(fmt.Sprintf("%d of %d nodes up, all ready", nodes, nodes))+`)`)
	return p
}

func closed(t *testing.T, end func() error) {
	if err := end(); err != nil {
		t.Error(err)
	}
}

// publish puts an agent through the form, and waits for the receipt.
func (p *page) publish(name string) {
	p.t.Helper()
	p.fill(`#publish [name=name]`, name)
	p.fill(`#publish [name=url]`, "https://"+name+".example/a2a")
	p.click(`#publish button`)
	p.wait(name+" is published", said(name+" is published"))
	p.wait(name+" is in the list", `!!document.querySelector('#agents [aria-label="Revoke `+name+`"]')`)
}

// revoke ends an agent by its button.
func (p *page) revoke(name string) {
	p.t.Helper()
	p.click(`#agents [aria-label="Revoke ` + name + `"]`)
	p.wait(name+" is revoked", said(name+" is revoked"))
}

// said holds once the page has said something.
func said(text string) string {
	return `document.getElementById('said').textContent.includes(` + quote(text) + `)`
}

// know holds once so many nodes are drawn as knowing the last revocation.
func know(nodes int) string {
	return fmt.Sprintf(`document.querySelectorAll('#nodes .knows').length === %d`, nodes)
}

func TestPageLoads(t *testing.T) {
	p := show(t, few)
	if n := read[int](p, `document.querySelectorAll('#nodes [data-node]').length`); n != few {
		t.Errorf("%d nodes are drawn, want %d", n, few)
	}
	if hash := read[string](p, `location.hash`); hash != "" {
		t.Errorf("the key is still in the address bar: %q", hash)
	}
	for view, axis := range map[string]string{"ring": "the ring is drawn", "map": "the land is drawn"} {
		p.click(`[name=view][value=` + view + `] + span`)
		p.wait(view+" is chosen", `document.querySelector('[name=view][value=`+view+`]').checked`)
		ring := read[bool](p, `!!document.querySelector('#nodes .axis')`)
		if ring != (view == "ring") {
			t.Errorf("%s: %s: a ring is there: %t", view, axis, ring)
		}
		if out := read[int](p, `[...document.querySelectorAll('#nodes .dot')].filter(d => {
			const a = d.getBoundingClientRect(), b = document.getElementById('stage').getBoundingClientRect();
			return a.left < b.left || a.right > b.right || a.top < b.top || a.bottom > b.bottom;
		}).length`); out > 0 {
			t.Errorf("%s: %d nodes are drawn outside of the picture", view, out)
		}
		if painted := read[bool](p, `(() => {
			const c = document.createElement('canvas');
			return document.getElementById('links').toDataURL() !== Object.assign(c, { width: document.getElementById('links').width, height: document.getElementById('links').height }).toDataURL();
		})()`); !painted {
			t.Errorf("%s: no links are drawn", view)
		}
	}
}

// An agent is published, found hop by hop, and revoked; the news reaches all nodes, and
// is shown beside the least time that it could have taken.
func TestLifeOfAnAgent(t *testing.T) {
	p := show(t, few)
	p.publish("herbalist")

	p.choose(`#policy`, "most-recent")
	p.click(`#agents [aria-label="Resolve herbalist"]`)
	p.wait("the answer is shown", `document.querySelector('#answer .status')?.textContent === 'active'`)
	p.wait("all hops were drawn", `document.querySelectorAll('#hops li').length > 0 && document.querySelectorAll('#hops li:not(.now)').length === 0`)
	p.wait("the nodes that were asked stand out", `document.querySelectorAll('#nodes .asked').length > 1`)
	if !read[bool](p, `document.getElementById('answer').textContent.includes('https://herbalist.example/a2a')`) {
		t.Error("the answer does not say where the agent is")
	}

	p.revoke("herbalist")
	p.wait("every node knows", know(few))
	p.wait("the words say so", `document.getElementById('figures').textContent.includes('8 of 8 nodes know it')`)
	p.wait("the distribution is drawn beside its floor", `['ours', 'floor'].every(c => [...document.querySelectorAll('#cdf path.' + c)].some(p => p.getBBox().height > 0))`) // in the legend they are flat
	if !read[bool](p, `document.getElementById('figures').textContent.includes('At the very best it would be')`) {
		t.Errorf("nothing is said of the floor: %s", p.text())
	}
	p.wait("the list says that it is over", `!!document.querySelector('#agents .revoked')`)

	p.click(`#agents [aria-label="Resolve herbalist"]`)
	p.wait("it is not to be found any more", `document.querySelector('#answer .status')?.textContent === 'revoked'`)
	if read[bool](p, `document.getElementById('answer').textContent.includes('herbalist.example')`) {
		t.Error("a revoked agent has an address")
	}
	p.click(`#agents [aria-label="Show how the revocation of herbalist spread"]`)
	p.wait("it is played again", `document.getElementById('play').textContent === 'Pause'`)
	p.wait("to its end", `document.getElementById('play').textContent === 'Replay'`)
	p.wait("every node knows again", know(few))
}

// A node tells its state, its peers, what it stores and what it has logged.
func TestNodeOpens(t *testing.T) {
	p := show(t, few)
	p.click(`[data-node=n3]`)
	p.wait("the state of n3", `document.getElementById('detail-title').textContent.startsWith('n3 ') && document.getElementById('panel').textContent.includes('ready')`)
	for tab, want := range map[string]string{"peers": "round trip", "store": "records held", "state": "complete"} {
		p.click(`#tab-` + tab)
		p.wait("the tab "+tab, `document.getElementById('panel').textContent.includes(`+quote(want)+`)`)
	}
	if rows := read[int](p, `(document.getElementById('tab-peers').click(), document.querySelectorAll('#panel td.num').length)`); rows != few-1 {
		t.Errorf("n3 has %d peers on the page, want %d", rows, few-1)
	}
	p.click(`#tab-log`)
	p.wait("the log is there", `document.querySelector('#panel pre')?.textContent.includes('the facts are complete')`)
	p.click(`#close`)
	p.wait("it is closed", `document.getElementById('detail-body').hidden`)
}

// What one half learns the other does not, until the split is healed; a node that was
// killed is down, and comes back.
func TestFaults(t *testing.T) {
	p := show(t, few)
	p.publish("herbalist")
	p.click(`#split`)
	p.wait("the network is split", `document.querySelectorAll('#nodes .apart').length === 4`)
	p.wait("nobody crosses", `document.getElementById('summary').textContent.includes('split 4 from 4')`)
	p.click(`#agents [aria-label="Revoke herbalist"]`)
	p.wait("one half knows", know(few/2))
	p.wait("and they are of one side", `(n => n === 0 || n === 4)(document.querySelectorAll('#nodes .apart.knows').length)`)
	p.wait("the receipt is in", said("herbalist is revoked"))
	p.click(`#heal`)
	p.wait("nobody is apart", `document.querySelectorAll('#nodes .apart').length === 0`)
	p.wait("all agree on what they missed", know(few))

	p.click(`[data-node=n5]`)
	p.wait("n5 can be killed", `document.getElementById('kill').textContent === 'Kill n5' && !document.getElementById('kill').disabled`)
	p.click(`#kill`)
	p.wait("n5 is down", `document.querySelector('[data-node=n5]').classList.contains('down')`)
	p.wait("its panel says so", `document.getElementById('panel').textContent.includes('down')`)
	p.click(`#restart`)
	p.wait("n5 is back", `document.querySelector('[data-node=n5]').classList.contains('ready')`)
}

// fill writes into a field what a person types over what stands there.
func (p *page) fill(selector, text string) {
	p.t.Helper()
	p.do(chromedp.Focus(chromedp.CSS(selector)))
	read[any](p, `document.activeElement.select()`)
	p.press(text)
}
