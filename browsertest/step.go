package browsertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// errSamePage: what should have led to another page led to a place in the same one.
var errSamePage = errors.New("no page was asked for")

// Do runs steps in the tab.
func (b *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	Run(b, chromedp.Steps(steps...))
}

// Run runs an action in the tab, and returns what it gives.
func Run[T any](b *Tab, action chromedp.Action[T]) T {
	b.t.Helper()
	given, err := try(b, action)
	b.must(err, "a step")
	return given
}

// Arrive runs steps that lead to another page, waits for it, and returns its HTTP
// status.
func (b *Tab) Arrive(steps ...chromedp.Action[chromedp.Void]) int64 {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, b.Patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, steps...)
	if err == nil && response == nil {
		err = errSamePage
	}
	b.must(err, "a step to another page")
	return response.Status
}

// Value is what an expression gives in the tab; a promise is waited for.
func Value[T any](b *Tab, expression string) T {
	b.t.Helper()
	v, err := try(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	b.must(err, "the value of "+expression[:min(len(expression), 200)])
	return v
}

// Until waits for a condition in the tab, which may be between two pages meanwhile,
// where an expression has nothing to answer it.
func (b *Tab) Until(condition string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, b.Patience)
	defer cancel()
	look := chromedp.Evaluate[bool]("!!(" + condition + ")")
	b.must(poll(ctx, func() (bool, error) { return chromedp.Run(ctx, look) }), "wait for "+condition)
}

// Wait waits until something holds, which what says in words.
func (b *Tab) Wait(what string, holds func() bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, b.Patience)
	defer cancel()
	b.must(poll(ctx, func() (bool, error) { return holds(), nil }), "wait for "+what)
}

// glance is how often a tab is looked at while something is waited for.
const glance = 20 * time.Millisecond

// poll looks until it holds; a look may fail meanwhile. Errors: those of ctx, with
// that of the last look before.
func poll(ctx context.Context, look func() (holds bool, err error)) error {
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	var last error
	for {
		holds, err := look()
		switch {
		case err == nil && holds:
			return nil
		case ctx.Err() == nil:
			last = err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), last)
		}
	}
}

// try runs an action within the tab's patience.
func try[T any](b *Tab, action chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, b.Patience)
	defer cancel()
	return chromedp.Run(ctx, action)
}

// must fails the test where a step failed, and tells where the tab stood. It is asked
// then only: a tab that stands well may be about to leave.
func (b *Tab) must(err error, step string) {
	b.t.Helper()
	if err != nil {
		require.NoError(b.t, err, "%s, %s", step, b.stood())
	}
}

// place is where a tab stands.
type place struct{ Path, Ready, Focus string }

// stood says where the tab stands.
func (b *Tab) stood() string {
	ctx, cancel := context.WithTimeout(b.ctx, min(b.Patience, 10*time.Second))
	defer cancel()
	p, err := chromedp.Run(ctx, chromedp.Evaluate[place](`({
		Path: location.pathname, Ready: document.readyState,
		Focus: document.activeElement ? document.activeElement.cloneNode(false).outerHTML.slice(0, 200) : "nothing",
	})`))
	where := fmt.Sprintf("at %s (readyState %s), the focus on %s", p.Path, p.Ready, p.Focus)
	if err != nil {
		where = fmt.Sprintf("at a place that does not answer (%v)", err)
	}
	if b.clicked == "" {
		return where + ", nothing was clicked yet"
	}
	return fmt.Sprintf("%s, last clicked: %s", where, b.clicked)
}
