//go:build browser

package browser

import (
	"fmt"
	"testing"
)

// contrasts lists what of the page's words is too faint, by the formula of WCAG 2: 4.5 to 1,
// for what cannot be used at the moment 2 to 1.
const contrasts = `(() => {
	const probe = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
	const rgba = css => { probe.clearRect(0, 0, 1, 1); probe.fillStyle = css; probe.fillRect(0, 0, 1, 1); const [r, g, b, a] = probe.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
	const over = (c, b) => [0, 1, 2].map(i => c[i] * c[3] + b[i] * (1 - c[3]));
	const light = c => c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
	const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
	const ground = e => {
		const layers = [];
		for (; e; e = e.parentElement) layers.unshift(rgba(getComputedStyle(e).backgroundColor));
		return layers.reduce((b, c) => over(c, b), [255, 255, 255]);
	};
	const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const judge = (e, colour, words) => {
		const box = e.getBoundingClientRect();
		if (!box.width || !box.height || e.closest('.sr, noscript, script, option, title')) return;
		let opacity = 1;
		for (let p = e; p; p = p.parentElement) opacity *= getComputedStyle(p).opacity;
		const back = ground(e), c = rgba(colour);
		c[3] *= opacity;
		const grounds = [back];
		if (e.closest('#stage') && !e.closest('.tip')) grounds.push(rgba(getComputedStyle(document.documentElement).getPropertyValue('--land')).slice(0, 3));
		const least = Math.min(...grounds.map(b => ratio(over(c, b), b)));
		const want = e.closest('button:disabled') ? 2 : 4.5;
		if (least < want) found.push(least.toFixed(2) + ' of ' + want + ': ' + words.trim().slice(0, 50));
	};
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement, words = walk.currentNode.textContent;
		if (!words.trim()) continue;
		const style = getComputedStyle(e);
		judge(e, e.closest('svg') ? style.fill : style.color, words);
	}
	for (const e of document.querySelectorAll('input:not([type=radio]):not([type=range]), select')) judge(e, getComputedStyle(e).color, e.name || e.id);
	return [...new Set(found)];
})()`

// shapes lists which of the picture's signs stand out too little: 3 to 1, as WCAG 2 has it
// for what is no text.
const shapes = `(() => {
	const style = getComputedStyle(document.documentElement), of = name => {
		const c = style.getPropertyValue('--' + name).trim(), v = [1, 3, 5].map(i => parseInt(c.slice(i, i + 2), 16) / 255);
		return v.map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4).reduce((s, x, i) => s + x * [0.2126, 0.7152, 0.0722][i], 0);
	};
	const found = [];
	for (const [sign, grounds] of [['node', ['back', 'land']], ['end', ['back', 'land', 'card']], ['accent', ['back', 'land', 'card']], ['floor', ['card']]]) {
		for (const g of grounds) {
			const [x, y] = [of(sign), of(g)].sort((p, q) => q - p), ratio = (x + 0.05) / (y + 0.05);
			if (ratio < 3) found.push(sign + ' on ' + g + ': ' + ratio.toFixed(2));
		}
	}
	return found;
})()`

// overflows lists what makes the page wider than its window, or is cut off within it.
const overflows = `(() => {
	const wide = document.documentElement.clientWidth, found = [];
	if (document.documentElement.scrollWidth > wide) found.push('the page is ' + document.documentElement.scrollWidth + ' wide');
	for (const e of document.querySelectorAll('body *:not(option):not(.sr)')) {
		const b = e.getBoundingClientRect();
		if (b.width && (b.right > wide + 1 || b.left < -1) && !e.closest('.sr')) found.push(e.tagName + '#' + e.id + '.' + e.className + ' from ' + b.left + ' to ' + b.right);
	}
	for (const e of document.querySelectorAll('button, h2, .switch span')) if (e.scrollWidth > e.clientWidth + 1) found.push('cut off: ' + e.textContent);
	return found;
})()`

// moments are the states of the page that are looked at, each reached from the last one.
var moments = []struct {
	name string
	to   func(p *page, nodes int)
}{
	{"calm", func(*page, int) {}},
	{"trace", func(p *page, _ int) {
		p.publish("herbalist")
		p.publish("weaver")
		p.choose(`#policy`, "most-recent")
		p.click(`#agents [aria-label="Resolve herbalist"]`)
		p.wait("all hops were drawn", `document.querySelectorAll('#hops li').length > 0 && document.querySelectorAll('#hops li:not(.now)').length === 0`)
	}},
	{"spread", func(p *page, nodes int) {
		p.choose(`#speed`, "50")
		p.revoke("herbalist")
		p.wait("every node's moment is known", fmt.Sprintf(`document.getElementById('figures').textContent.includes('of %d nodes know it')`, nodes))
		p.wait("the news is on its way", fmt.Sprintf(`(n => n > 1 && n < %d)(document.querySelectorAll('#nodes .knows').length)`, nodes))
		p.click(`#play`)
	}},
	{"known", func(p *page, nodes int) {
		p.choose(`#speed`, "1")
		p.click(`#play`)
		p.wait("every node knows", know(nodes))
	}},
	{"node", func(p *page, _ int) {
		p.click(`[data-node=n3]`)
		p.wait("n3 is open", `document.getElementById('panel').textContent.includes('ready')`)
	}},
	{"split", func(p *page, nodes int) {
		p.click(`#split`)
		p.wait("the network is split", fmt.Sprintf(`document.querySelectorAll('#nodes .apart').length === %d`, nodes/2))
		p.revoke("weaver")
		p.wait("one half knows", know(nodes/2))
	}},
	{"dead", func(p *page, _ int) {
		p.click(`#heal`)
		p.wait("nobody is apart", `document.querySelectorAll('#nodes .apart').length === 0`)
		p.click(`#kill`)
		p.wait("n3 is down", `document.querySelector('[data-node=n3]').classList.contains('down')`)
		p.wait("its panel says so", `document.getElementById('panel').textContent.includes('down')`)
	}},
	{"ring", func(p *page, _ int) { p.click(`[name=view][value=ring] + span`) }},
}

// In both themes and at both widths, in every state: words can be read, signs be seen, and
// nothing is wider than the window. With -shots it keeps a picture of each.
func TestLooks(t *testing.T) {
	nodes := few
	if *shots != "" {
		nodes = many
	}
	p := show(t, nodes)
	for _, m := range moments {
		p.resize(wide)
		p.prefer(nil)
		m.to(p, nodes)
		for _, theme := range []string{"light", "dark"} {
			p.prefer(map[string]string{"prefers-color-scheme": theme})
			for _, s := range []size{wide, narrow} {
				p.resize(s)
				name := fmt.Sprintf("%s-%d-%s", m.name, s.width, theme)
				p.wait("the picture has the window's width", `Math.abs(document.getElementById('nodes').viewBox.baseVal.width - document.getElementById('stage').clientWidth) < 3`)
				p.wait("nothing moves", `document.getAnimations().length === 0`)
				for _, check := range []struct{ what, list string }{{"too faint", contrasts}, {"stands out too little", shapes}, {"too wide", overflows}} {
					for _, bad := range read[[]string](p, check.list) {
						t.Errorf("%s: %s: %s", name, check.what, bad)
					}
				}
				p.shoot(name)
			}
		}
	}
}

// Who wants less motion sees how things end, and nothing moves.
func TestReducedMotion(t *testing.T) {
	p := show(t, few)
	p.prefer(map[string]string{"prefers-reduced-motion": "reduce"})
	p.publish("herbalist")
	read[any](p, `(window.moved = 0, new MutationObserver(() => { if (!document.getElementById('scale').hidden) window.moved++; }).observe(document.getElementById('scale'), { attributes: true }))`)
	p.revoke("herbalist")
	p.wait("every node knows", know(few))
	if n := read[int](p, `window.moved`); n > 0 {
		t.Errorf("the spread was played %d times", n)
	}
	p.click(`#agents [aria-label="Resolve herbalist"]`)
	p.wait("the answer is shown whole", `document.querySelectorAll('#hops li:not(.now)').length === 0 && document.querySelector('#answer .status')?.textContent === 'revoked'`)
	if moving := read[int](p, `document.getAnimations().length`); moving > 0 {
		t.Errorf("%d things move", moving)
	}
}
