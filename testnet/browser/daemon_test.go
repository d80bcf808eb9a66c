//go:build browser

package browser

import (
	"log/slog"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/node"
)

// One node's page: itself in the middle, its peers around it, and nothing that it cannot know.
func TestPageOfOneNode(t *testing.T) {
	view := node.NewPage(slog.DiscardHandler)
	cfg := node.Config{Dir: t.TempDir(), Listen: []multiaddr.Multiaddr{multiaddr.StringCast("/ip4/127.0.0.1/udp/0/quic-v1")}}
	n, err := node.New(view.Watch(cfg))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, n.Close) })
	other, err := node.New(node.Config{Listen: cfg.Listen, Bootstrap: []peer.AddrInfo{n.AddrInfo()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, other.Close) })
	<-other.Ready()
	server, err := view.Open(n, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, server.Close) })
	p := open(t, server.URL())
	p.wait("the node and its peer are drawn", `document.querySelectorAll('#nodes [data-node]').length === 2 && document.getElementById('summary').textContent.includes('this node is ready, with 1 peer')`)
	if shown := read[bool](p, `[...document.querySelectorAll('#faults, #cdf, select.nodes, [name=view][value=map]')].some(e => e.checkVisibility())`); shown {
		t.Errorf("there is something that one node cannot know or do: %s", p.text())
	}
	p.publish("herbalist")
	p.click(`#agents [aria-label="Resolve herbalist"]`)
	p.wait("it is found", `document.querySelector('#answer .status')?.textContent === 'active'`)
	p.click(`[data-node="this node"]`)
	p.wait("its state", `document.getElementById('panel').textContent.includes('ready')`)
	p.click(`#nodes .peer`)
	p.wait("the link to its peer", `document.getElementById('panel').textContent.includes(`+quote(other.ID().String())+`) && !document.querySelector('#detail .tabs').checkVisibility()`)
	p.revoke("herbalist")
	p.wait("it says how the news came", `document.getElementById('figures').textContent.includes('The news came here by a command')`)
	for _, s := range []size{wide, narrow} {
		p.resize(s)
		for _, theme := range []string{"light", "dark"} {
			p.prefer(map[string]string{"prefers-color-scheme": theme})
			p.wait("nothing moves", `document.getAnimations().length === 0`)
			for _, bad := range append(read[[]string](p, contrasts), read[[]string](p, overflows)...) {
				t.Errorf("%d %s: %s", s.width, theme, bad)
			}
			p.shoot("daemon-" + theme + map[size]string{wide: "-1280", narrow: "-390"}[s])
		}
	}
}
