package browser_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// patience bounds a step in a tab; the machine may be busy with other packages'
// tests.
const patience = 3 * time.Minute

// tab is a tab with cookies of its own.
type tab struct {
	*site
	t   *testing.T
	ctx context.Context

	mu      sync.Mutex
	visited []string
	errors  []string
	// document is the request of the newest page, for its source.
	document network.RequestID
	checked  int
}

// open opens a tab in which nobody is signed in. When its test ends, nothing may
// have gone to another origin, been blocked by the policy, or thrown an error.
func (s *site) open(t *testing.T) *tab {
	t.Helper()
	b := &tab{site: s, t: t}
	ctx, closeTab := chromedp.NewContext(s.browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.listen))
	t.Cleanup(closeTab)
	require.NoError(t, chromedp.Do(ctx))
	b.ctx = ctx
	t.Cleanup(b.judge)
	return b
}

// as opens a tab and signs a person of the sandbox in.
func (s *site) as(t *testing.T, person string) *tab {
	t.Helper()
	b := s.open(t)
	b.signIn(person, password)
	return b
}

// signIn signs a person in, on the page that a visitor is led to.
func (b *tab) signIn(person, secret string) {
	b.t.Helper()
	b.visit("/")
	b.fill("input[name=person]", person)
	b.fill("input[type=password]", secret)
	b.submit("main form button[type=submit]")
	require.False(b.t, b.has("main form[action$='/sign-in']"), "%s is signed in: %s", person, b.text("main"))
}

// judge fails the test for what a tab must never do.
func (b *tab) judge() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, address := range b.visited {
		require.True(b.t, strings.HasPrefix(address, b.base+"/"), "a request to another origin: %s", address)
	}
	require.Empty(b.t, b.errors)
}

// listen notes what the tab does.
func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		// The browser's own controls have pictures in themselves, which are no request.
		if !strings.HasPrefix(e.Request.URL, "data:") {
			b.visited = append(b.visited, e.Request.URL)
		}
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument {
			b.document = e.RequestID
		}
	case *log.EventEntryAdded:
		// A violation of the policy has the source "security". An answer that is no
		// success has "network", and is what some flows are for; a recommendation is
		// no error.
		if e.Entry.Source != log.EntrySourceNetwork && e.Entry.Source != log.EntrySourceRecommendation {
			b.errors = append(b.errors, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, "exception: "+e.ExceptionDetails.Text+" "+described(e.ExceptionDetails.Exception))
	}
}

// described is what a script threw.
func described(o *runtime.RemoteObject) string {
	if o == nil {
		return ""
	}
	return o.Description
}

// do runs steps in the tab.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, steps...))
}

// arrive runs steps that lead to another page, waits for it, and returns its status.
func (b *tab) arrive(steps ...chromedp.Action[chromedp.Void]) int64 {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, steps...)
	require.NoError(b.t, err)
	return response.Status
}

// visit goes to a page below /console, which must be there.
func (b *tab) visit(path string) {
	b.t.Helper()
	require.EqualValues(b.t, 200, b.try(path), "%s: %s", path, b.text("body"))
}

// try goes to a page below /console and returns its status.
func (b *tab) try(path string) int64 {
	b.t.Helper()
	return b.arrive(chromedp.Navigate(b.console(path)))
}

// follow clicks what leads to another page, which must be there.
func (b *tab) follow(selector string) {
	b.t.Helper()
	require.EqualValues(b.t, 200, b.arrive(b.click(selector)), "%s: %s", selector, b.text("body"))
}

// submit clicks what sends a form, and waits for the page that it leads to.
func (b *tab) submit(selector string) {
	b.t.Helper()
	status := b.arrive(b.click(selector))
	require.Contains(b.t, []int64{200, 422, 409}, status, "%s: %s", selector, b.text("body"))
}

// click clicks the one element that a selector finds.
func (b *tab) click(selector string) chromedp.Action[chromedp.Void] {
	b.t.Helper()
	require.Equal(b.t, 1, b.count(selector), "elements that %q finds in %s: %s", selector, b.path(), b.text("main"))
	return chromedp.Click(chromedp.CSS(selector))
}

// fill types into a field, in the place of what it holds. A date is written as its
// value: what keys mean to a date's field depends on the browser's language.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	require.Equal(b.t, 1, b.count(selector), "fields that %q finds in %s: %s", selector, b.path(), b.text("main"))
	b.do(chromedp.Focus(chromedp.CSS(selector)), chromedp.SetValue(chromedp.CSS(selector), text))
}

// choose picks a value of a select.
func (b *tab) choose(selector, option string) {
	b.t.Helper()
	b.fill(selector, option)
	require.Equal(b.t, option, value[string](b, quote(`document.querySelector(%s).value`, selector)), "%s has no such choice", selector)
}

// attach puts files into a field.
func (b *tab) attach(selector string, files ...string) {
	b.t.Helper()
	b.do(chromedp.SetUploadFiles(chromedp.CSS(selector), files))
}

// press types keys as a keyboard does.
func (b *tab) press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// value is what an expression gives in the tab; a promise is waited for.
func value[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, expression[:min(len(expression), 200)])
	return v
}

// quote writes texts into an expression.
func quote(expression string, texts ...string) string {
	quoted := make([]any, len(texts))
	for i, text := range texts {
		quoted[i] = fmt.Sprintf("%q", text)
	}
	return fmt.Sprintf(expression, quoted...)
}

// has says whether a selector finds something.
func (b *tab) has(selector string) bool { return b.count(selector) > 0 }

// count is how many elements a selector finds.
func (b *tab) count(selector string) int {
	b.t.Helper()
	return value[int](b, quote(`document.querySelectorAll(%s).length`, selector))
}

// text is what a person reads in the first element that a selector finds.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return value[string](b, quote(`(document.querySelector(%s) || {innerText: ""}).innerText`, selector))
}

// texts are what a person reads in all elements that a selector finds.
func (b *tab) texts(selector string) []string {
	b.t.Helper()
	return value[[]string](b, quote(`[...document.querySelectorAll(%s)].map((e) => e.innerText.trim())`, selector))
}

// attribute is an attribute of the first element that a selector finds.
func (b *tab) attribute(selector, name string) string {
	b.t.Helper()
	return value[string](b, quote(`(document.querySelector(%s) || document.body).getAttribute(%s) || ""`, selector, name))
}

// path is where the tab is, below /console, with its parameters.
func (b *tab) path() string {
	b.t.Helper()
	return value[string](b, `(location.pathname + location.search).replace(/^\/console/, "")`)
}

// until waits for a condition in the tab.
func (b *tab) until(condition string) {
	b.t.Helper()
	require.True(b.t, value[bool](b, `new Promise((done) => {
		const look = () => (`+condition+`) ? done(true) : setTimeout(look, 20);
		look();
	})`), condition)
}

// reload visits a page again until a condition holds in it.
func (b *tab) reload(path, condition string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		b.visit(path)
		return value[bool](b, "!!("+condition+")")
	}, patience, 200*time.Millisecond, "%s of %s", condition, path)
}
