//go:build browser

package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// focused is what has the focus: its id, or what it is of.
const focused = `(e => e.id || e.getAttribute('data-node') || e.name || e.getAttribute('aria-label') || e.tagName)(document.activeElement)`

// tabTo presses Tab until something has the focus.
func (p *page) tabTo(what string) {
	p.t.Helper()
	var passed []string
	for range 40 {
		p.press(kb.Tab)
		at := read[string](p, focused)
		if at == what {
			return
		}
		passed = append(passed, at)
	}
	p.t.Fatalf("Tab never comes to %s; it goes by %q", what, passed)
}

// The whole life of an agent, and a look into a node, without a mouse.
func TestKeyboardAlone(t *testing.T) {
	p := show(t, few)
	var order []string
	for range 6 {
		p.press(kb.Tab)
		order = append(order, read[string](p, focused))
		if ring := read[string](p, `(e => { const s = getComputedStyle(e.matches('.switch input') ? e.nextElementSibling : e.closest('[data-node]')?.querySelector('.mark') || e); return s.outlineStyle + ' ' + s.stroke; })(document.activeElement)`); ring == "none none" {
			t.Errorf("nothing shows that %s has the focus", order[len(order)-1])
		}
	}
	if want := "view"; order[0] != want {
		t.Errorf("Tab comes first to %q, want %q; all: %q", order[0], want, order)
	}
	p.do(chromedp.Focus(chromedp.CSS(`[name=view]:checked`)))
	p.press(kb.ArrowRight)
	p.wait("an arrow turns to the ring", `document.querySelector('[name=view][value=ring]').checked && !!document.querySelector('#nodes .axis')`)
	p.press(kb.ArrowLeft)
	p.wait("and back to the map", `document.querySelector('[name=view][value=map]').checked && !document.querySelector('#nodes .axis')`)

	p.press(kb.Tab)
	first := read[string](p, focused)
	p.wait("Tab goes on to a node", `!!document.activeElement.getAttribute('data-node')`)
	p.press(kb.ArrowRight + kb.ArrowRight)
	if at := read[string](p, focused); at == first {
		t.Errorf("arrows do not leave %s", first)
	}
	node := read[string](p, focused)
	p.press(kb.Enter)
	p.wait("Enter opens the node", `document.getElementById('detail-title').textContent.startsWith(`+quote(node+" ")+`)`)
	p.wait("and goes there", `document.activeElement.id === 'tab-state'`)
	p.press(kb.ArrowRight)
	p.wait("an arrow turns to the peers", `document.getElementById('tab-peers').getAttribute('aria-selected') === 'true'`)
	p.press(kb.Escape)
	p.wait("Escape closes it", `document.getElementById('detail-body').hidden`)
	p.wait("and goes back to the node", focused+` === `+quote(node))

	p.tabTo("name")
	read[any](p, `document.activeElement.select()`)
	p.press("weaver" + kb.Enter)
	p.wait("Enter publishes", said("weaver is published"))
	p.wait("it is in the list", `!!document.querySelector('#agents [aria-label="Revoke weaver"]')`)
	p.tabTo("Resolve weaver")
	p.press(kb.Enter)
	p.wait("it is found", `document.querySelector('#answer .status')?.textContent === 'active'`)
	p.press(kb.Tab)
	if at := read[string](p, focused); at != "Revoke weaver" {
		t.Errorf("after the answer the focus is at %q", at)
	}
	p.press(kb.Enter)
	p.wait("every node knows", know(few))
	p.wait("the focus stays in the list", focused+` === 'Show how the revocation of weaver spread'`)
}
