//go:build e2e

package e2e

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

//go:embed axe/axe.min.js
var axeSource string

// chromium is where Debian puts the browser.
const chromium = "/usr/bin/chromium"

// patience bounds each step; a page that takes longer is a failure.
const patience = 20 * time.Second

// browser is one running Chromium.
type browser struct {
	ctx    context.Context
	cancel []context.CancelFunc
}

func launch() (*browser, error) {
	b := &browser{}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("lang", "fr-FR"),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.WindowSize(1280, 800))
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	b.cancel = append(b.cancel, cancel)
	ctx, cancel := chromedp.NewContext(alloc)
	b.cancel = append(b.cancel, cancel)
	b.ctx = ctx
	return b, chromedp.Run(ctx)
}

func (b *browser) close() {
	for i := len(b.cancel) - 1; i >= 0; i-- {
		b.cancel[i]()
	}
}

// tab is one page. Tabs are used one after the other: each starts without
// cookies, which Chromium shares between them. What goes wrong on it is
// kept until Clean is asked.
type tab struct {
	t     *testing.T
	ctx   context.Context
	own   map[string]bool // origins that are ours
	width int64
	axe   bool

	mu    sync.Mutex
	wrong []string
}

// open starts a tab of the width. Without script, axe cannot run and is left
// out.
func (b *browser) open(t *testing.T, width int64, script bool, own ...string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx, own: map[string]bool{}, width: width, axe: script}
	for _, o := range own {
		p.own[o] = true
	}
	chromedp.ListenTarget(ctx, p.listen)
	p.do(chromedp.ActionFunc(func(ctx context.Context) error {
		for _, a := range []chromedp.Action{network.ClearBrowserCookies(), log.Enable(), audits.Enable(), network.Enable(), runtime.Enable(),
			emulation.SetTimezoneOverride("Europe/Paris"),
			emulation.SetDeviceMetricsOverride(width, 800, 1, false),
			emulation.SetScriptExecutionDisabled(!script)} {
			if err := a.Do(ctx); err != nil {
				return err
			}
		}
		return nil
	}))
	return p
}

func (p *tab) listen(ev any) {
	switch e := ev.(type) {
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err == nil && u.Scheme != "data" && u.Scheme != "about" && !p.own[u.Scheme+"://"+u.Host] {
			p.note("request to a foreign origin: %s://%s", u.Scheme, u.Host)
		}
	case *log.EventEntryAdded:
		// A form with errors answers 422 and the browser logs it: that is the
		// right status, not a fault of the page.
		if e.Entry.Level == log.LevelError && !strings.Contains(e.Entry.Text, "status of 4") {
			p.note("console: %s", e.Entry.Text)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			p.note("console: %s", e.Type)
		}
	case *runtime.EventExceptionThrown:
		p.note("exception: %s", e.ExceptionDetails.Text)
	case *audits.EventIssueAdded:
		if d := e.Issue.Details.ContentSecurityPolicyIssueDetails; d != nil {
			p.note("policy: %s", d.ViolatedDirective)
		}
	}
}

func (p *tab) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrong = append(p.wrong, fmt.Sprintf(format, args...))
}

func (p *tab) do(actions ...chromedp.Action) {
	p.t.Helper()
	// The first Run creates the tab, which must outlive the step: a deadline
	// may only be put on the later ones.
	if chromedp.FromContext(p.ctx).Target == nil {
		if err := chromedp.Run(p.ctx); err != nil {
			p.t.Fatalf("browser: %v", err)
		}
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		p.t.Fatalf("browser on %s: %v", p.path(), err)
	}
}

// path is where the tab is, without the query; empty when it cannot be told.
func (p *tab) path() string {
	var s string
	ctx, cancel := context.WithTimeout(p.ctx, 2*time.Second)
	defer cancel()
	if chromedp.Run(ctx, chromedp.Location(&s)) != nil {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return u.Path
}

// goTo opens an address and waits for its title.
func (p *tab) goTo(address string) {
	p.t.Helper()
	p.do(chromedp.Navigate(address), chromedp.WaitReady("main h1", chromedp.ByQuery))
}

// click clicks the first match and waits for the page that follows.
func (p *tab) click(selector string) {
	p.t.Helper()
	p.leave(chromedp.Click(selector, chromedp.ByQuery))
}

// leave runs what changes the page and waits for the next one's load event.
func (p *tab) leave(a chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, a); err != nil {
		p.t.Fatalf("browser on %s: %v", p.path(), err)
	}
	p.do(chromedp.WaitReady("main h1", chromedp.ByQuery))
}

// tick clicks a box or a radio, which stays on the page.
func (p *tab) tick(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(selector, chromedp.ByQuery))
}

// fill types into a field.
func (p *tab) fill(selector, text string) {
	p.t.Helper()
	p.do(chromedp.SetValue(selector, text, chromedp.ByQuery))
}

// press sends keys; enter may change the page.
func (p *tab) press(keys ...string) {
	p.t.Helper()
	for _, k := range keys {
		p.do(chromedp.KeyEvent(k))
	}
}

const (
	keyTab   = kb.Tab
	keyEnter = kb.Enter
)

// waitFor waits until something is there.
func (p *tab) waitFor(selector string) {
	p.t.Helper()
	p.do(chromedp.WaitReady(selector, chromedp.ByQuery))
}

// back presses the back button and gives all of what is then shown: a page, or
// the browser's own where it will not show the answer of a form again.
func (p *tab) back() (s string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	_ = chromedp.Run(ctx, chromedp.NavigateBack())
	p.do(chromedp.WaitReady("body", chromedp.ByQuery), chromedp.Evaluate(`document.documentElement.outerHTML`, &s))
	return s
}

// text is what the page's main part says, and html all of the page.
func (p *tab) text() (s string) {
	p.t.Helper()
	p.do(chromedp.Text("main", &s, chromedp.ByQuery))
	return strings.ReplaceAll(s, "\u00a0", " ")
}

func (p *tab) html() (s string) {
	p.t.Helper()
	p.do(chromedp.OuterHTML("html", &s, chromedp.ByQuery))
	return s
}

// links are the addresses of the links, absolute.
func (p *tab) links() (out []string) {
	p.t.Helper()
	p.do(chromedp.Evaluate(`[...document.querySelectorAll("a[href]")].map(a => a.href)`, &out))
	return out
}

// at fails when the tab is elsewhere or the page does not say the texts.
func (p *tab) at(path string, texts ...string) {
	p.t.Helper()
	if got := p.path(); got != path {
		p.t.Errorf("on %s, not on %s", got, path)
		return
	}
	if len(texts) == 0 {
		return
	}
	body := p.text()
	for _, want := range texts {
		if !strings.Contains(body, want) {
			p.t.Errorf("%s does not say %q", path, want)
		}
	}
}

// check holds a page to the rules that are common to all, and takes its
// picture first: axe, no sideways scroll, the skip link first, nothing foreign, no
// policy report, no console error.
func (p *tab) check(name string) {
	p.t.Helper()
	p.shot(name)
	var wide bool
	var first, lang string
	var titles int
	// What is folded is part of the page.
	p.do(chromedp.Evaluate(`document.querySelectorAll("main details").forEach(d => d.open = true)`, nil),
		chromedp.Evaluate(`document.documentElement.scrollWidth > innerWidth`, &wide),
		chromedp.Evaluate(`document.documentElement.lang`, &lang),
		chromedp.Evaluate(`document.querySelectorAll("h1").length`, &titles),
		// A page whose form came back has given the focus to its errors: the
		// keyboard starts again from the top.
		chromedp.Evaluate(`(() => { const a = document.createElement("a"); a.href = "#"; document.body.prepend(a); a.focus(); a.remove(); scrollTo(0, 0) })()`, nil),
		chromedp.KeyEvent(kb.Tab),
		chromedp.Evaluate(`document.activeElement.textContent.trim()`, &first))
	if wide {
		p.t.Errorf("%s scrolls sideways at %d px", name, p.width)
	}
	if first != "Aller au contenu" {
		p.t.Errorf("%s: the first Tab reaches something else than the skip link", name)
	}
	if lang != "fr" || titles != 1 {
		p.t.Errorf("%s: language %q, %d h1", name, lang, titles)
	}
	if p.axe {
		p.runAxe(name)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.wrong {
		p.t.Errorf("%s: %s", name, w)
	}
	p.wrong = nil
}

const axeCall = `axe.run(document, {runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}})
  .then(r => JSON.stringify(r.violations.map(v => ({id: v.id, impact: v.impact, html: v.nodes.map(n => n.html)}))))`

func (p *tab) runAxe(name string) {
	p.t.Helper()
	var raw string
	p.do(chromedp.Evaluate(axeSource+";0", nil), chromedp.Evaluate(axeCall, &raw,
		func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
	var found []struct {
		ID, Impact string
		HTML       []string
	}
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		p.t.Fatalf("axe: %v", err)
	}
	for _, v := range found {
		p.t.Errorf("%s: axe %s (%s): %s", name, v.ID, v.Impact, strings.Join(v.HTML, " | "))
	}
}

// shot takes a picture of the whole page for whoever reads $OUT.
func (p *tab) shot(name string) {
	p.t.Helper()
	out := os.Getenv("OUT")
	if out == "" {
		return
	}
	// Capturing beyond the viewport hangs now and then in this Chromium: the
	// window is made as tall as the page instead.
	var tall int64
	var png []byte
	p.do(page.BringToFront(), chromedp.Evaluate(`document.documentElement.scrollHeight`, &tall))
	p.do(emulation.SetDeviceMetricsOverride(p.width, min(max(tall, 800), 6000), 1, false), chromedp.CaptureScreenshot(&png),
		emulation.SetDeviceMetricsOverride(p.width, 800, 1, false))
	dir := filepath.Join(out, "shots")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, p.width)), png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// pages counts the pages of what would be printed.
func (p *tab) pages() (n int) {
	p.t.Helper()
	p.do(chromedp.ActionFunc(func(ctx context.Context) error {
		pdf, _, err := page.PrintToPDF().WithPaperWidth(8.27).WithPaperHeight(11.69).Do(ctx)
		n = strings.Count(string(pdf), "/Type /Page\n") + strings.Count(string(pdf), "/Type /Page\r")
		return err
	}))
	return n
}
