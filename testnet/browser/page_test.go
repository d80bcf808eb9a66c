//go:build browser

package browser

import (
	"context"
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// shots is where pictures go.
var shots = flag.String("shots", "", "keep pictures of what the tests saw in this folder")

// patience bounds a test, and waitLimit one of its waits; nothing is judged by how long it
// takes.
const (
	patience  = 5 * time.Minute
	waitLimit = time.Minute
)

// The sizes that the page is made for.
var (
	wide   = size{1280, 860}
	narrow = size{390, 844}
)

// size of a window in CSS pixels.
type size struct{ width, height int64 }

// page is the live page in a browser of its own.
type page struct {
	t   *testing.T
	ctx context.Context
	mu  sync.Mutex
	bad []string // what is wrong whatever the test is about; owned by mu
}

// open shows the page at a link, and closes the browser with the test.
func open(t *testing.T, link string) *page {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	ctx, end := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU)...)
	ctx, quit := chromedp.NewContext(ctx)
	p := &page{t: t, ctx: ctx}
	var readers sync.WaitGroup
	t.Cleanup(func() {
		quit()
		end()
		cancel()
		readers.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, b := range p.bad {
			t.Error(b)
		}
	})
	p.resize(wide)
	said, asked := chromedp.Console(ctx), chromedp.Events(ctx, network.RequestWillBeSent)
	readers.Go(func() {
		for m, err := range said {
			if err == nil && (m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning || m.IsException()) {
				p.wrong("the page says on its console: " + m.String())
			}
		}
	})
	own, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	readers.Go(func() {
		for r, err := range asked {
			if err != nil {
				continue
			}
			if to, err := url.Parse(r.Request.URL); err != nil || to.Scheme != "data" && to.Host != own.Host {
				p.wrong("the page asks " + r.Request.URL)
			}
		}
	})
	p.do(chromedp.Navigate(link))
	p.wait("the network is drawn", `document.querySelectorAll('#nodes [data-node]').length > 0`)
	return p
}

// wrong notes what fails the test at its end.
func (p *page) wrong(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bad = append(p.bad, what)
}

// do takes steps, and ends the test where one fails.
func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// read returns what an expression of the page is.
func read[T any](p *page, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// wait waits until an expression holds; what says what that means.
func (p *page) wait(what, expression string) {
	p.t.Helper()
	step := chromedp.Poll[chromedp.Void]("!!("+expression+")", chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(waitLimit))
	if err := chromedp.Do(p.ctx, step); err != nil {
		p.t.Fatalf("it never came to this: %s: %v\nthe page shows: %s", what, err, p.text())
	}
}

// text is what a reader of the page sees.
func (p *page) text() string {
	text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string]("document.body.innerText"))
	if err != nil {
		return err.Error()
	}
	return text
}

// click clicks on the middle of an element.
func (p *page) click(selector string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, waitLimit)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		p.t.Fatalf("click on %s: %v\nthe page shows: %s", selector, err, p.text())
	}
}

// press presses keys, one after the other.
func (p *page) press(keys string, options ...chromedp.KeyOption) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys, options...))
}

// choose chooses an option of a list, as a person does.
func (p *page) choose(selector, value string) {
	p.t.Helper()
	if !read[bool](p, `(() => {
		const list = document.querySelector(`+quote(selector)+`);
		list.value = `+quote(value)+`;
		list.dispatchEvent(new Event('change', { bubbles: true }));
		return list.value === `+quote(value)+`;
	})()`) {
		p.t.Fatalf("%s has no option %q", selector, value)
	}
}

// resize gives the window a size.
func (p *page) resize(to size) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(to.width, to.height))
}

// prefer sets what the system says that its user prefers, such as prefers-color-scheme.
func (p *page) prefer(what map[string]string) {
	p.t.Helper()
	var features []*emulation.MediaFeature
	for name, value := range what {
		features = append(features, &emulation.MediaFeature{Name: name, Value: value})
	}
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	}))
}

// shoot keeps a picture of the whole page, where pictures are wanted.
func (p *page) shoot(name string) {
	p.t.Helper()
	if *shots == "" {
		return
	}
	picture, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(*shots, name+".png"), picture, 0o644)
	}
	if err != nil {
		p.t.Error(err)
	}
}

// quote writes a string as the page's scripts do.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""` // no string does that
	}
	return strings.ReplaceAll(string(b), "\u2028", `\u2028`)
}
