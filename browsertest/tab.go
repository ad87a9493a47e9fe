package browsertest

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

// Tab is a tab with cookies of its own. Its steps are for one goroutine; they fail
// the test that has opened it.
type Tab struct {
	// Patience bounds a step. Open sets it.
	Patience time.Duration

	t   testing.TB
	ctx context.Context
	own string
	// clicked is what was clicked last, or is being clicked, for the message of a step
	// that fails.
	clicked string

	mu     sync.Mutex
	asked  []string
	errors []string
	// document is the request of the newest page, for its source.
	document network.RequestID
}

// Open opens a tab. When its test ends, it must have asked for something, all of it
// at addresses that begin with own; and nothing may have been blocked by the content
// security policy, or thrown an error.
func Open(t testing.TB, browser context.Context, own string) *Tab {
	t.Helper()
	b := &Tab{Patience: Patience, t: t, own: own}
	ctx, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.listen))
	t.Cleanup(closeTab)
	require.NoError(t, chromedp.Do(ctx))
	b.ctx = ctx
	t.Cleanup(b.judge)
	return b
}

// listen notes what the tab does.
func (b *Tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		// The browser's own controls have pictures in themselves, which are no request.
		if !strings.HasPrefix(e.Request.URL, "data:") {
			b.asked = append(b.asked, e.Request.URL)
		}
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument {
			b.document = e.RequestID
		}
	case *log.EventEntryAdded:
		// A violation of the policy has the source "security". An answer that is no
		// success has "network", and is what some tests are for; a recommendation is
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

// judge fails the test for what a tab must never do.
func (b *Tab) judge() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.NotEmpty(b.t, b.asked, "a tab that asked for nothing has shown nothing")
	for _, address := range b.asked {
		require.True(b.t, strings.HasPrefix(address, b.own), "a request to another place than %s: %s", b.own, address)
	}
	require.Empty(b.t, b.errors)
}

// Context is the tab's, for what chromedp does with one. It has no deadline.
func (b *Tab) Context() context.Context { return b.ctx }

// Source is the newest page as the server sent it.
func (b *Tab) Source() string {
	b.t.Helper()
	b.mu.Lock()
	params := network.GetResponseBodyParams{RequestID: b.document}
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(b.ctx, b.Patience)
	defer cancel()
	body, err := chromedp.Call(ctx, network.GetResponseBody, params)
	b.must(err, "read the page's source")
	return string(body.Body)
}
