package browser_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paypoint/browsertest"
)

// tab is a tab with cookies of its own.
type tab struct {
	*site
	*browsertest.Tab
	t       *testing.T
	checked int
}

// open opens a tab in which nobody is signed in.
func (s *site) open(t *testing.T) *tab {
	t.Helper()
	return &tab{site: s, Tab: browsertest.Open(t, s.browser, s.base+"/"), t: t}
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

// visit goes to a page below /console, which must be there.
func (b *tab) visit(path string) {
	b.t.Helper()
	require.EqualValues(b.t, 200, b.try(path), "%s: %s", path, b.text("body"))
}

// try goes to a page below /console and returns its status.
func (b *tab) try(path string) int64 {
	b.t.Helper()
	return b.Arrive(chromedp.Navigate(b.console(path)))
}

// follow clicks what leads to another page, which must be there.
func (b *tab) follow(selector string) {
	b.t.Helper()
	require.EqualValues(b.t, 200, b.Arrive(b.click(selector)), "%s: %s", selector, b.text("body"))
}

// submit clicks what sends a form, and waits for the page that it leads to.
func (b *tab) submit(selector string) {
	b.t.Helper()
	status := b.Arrive(b.click(selector))
	require.Contains(b.t, []int64{200, 422, 409}, status, "%s: %s", selector, b.text("body"))
}

// click clicks the one element that a selector finds.
func (b *tab) click(selector string) chromedp.Action[chromedp.Void] {
	b.t.Helper()
	require.Equal(b.t, 1, b.count(selector), "elements that %q finds in %s: %s", selector, b.path(), b.text("main"))
	return b.Click(selector)
}

// fill types into a field, in the place of what it holds. A date is written as its
// value: what keys mean to a date's field depends on the browser's language.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	require.Equal(b.t, 1, b.count(selector), "fields that %q finds in %s: %s", selector, b.path(), b.text("main"))
	b.Do(chromedp.Focus(chromedp.CSS(selector)), chromedp.SetValue(chromedp.CSS(selector), text))
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
	b.Do(chromedp.SetUploadFiles(chromedp.CSS(selector), files))
}

// press types keys as a keyboard does.
func (b *tab) press(keys string) {
	b.t.Helper()
	b.Do(chromedp.KeyEvent(keys))
}

// value is what an expression gives in the tab; a promise is waited for.
func value[T any](b *tab, expression string) T {
	b.t.Helper()
	return browsertest.Value[T](b.Tab, expression)
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

// reload visits a page again until a condition holds in it.
func (b *tab) reload(path, condition string) {
	b.t.Helper()
	b.Wait(condition+" of "+path, func() bool {
		b.visit(path)
		return value[bool](b, "!!("+condition+")")
	})
}
