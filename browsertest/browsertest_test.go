package browsertest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paypoint/browsertest"
)

// TestInChromium runs the tests that need a browser, in tabs of one.
func TestInChromium(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	for name, test := range map[string]func(*testing.T, *bench){
		"nothing wrong":               testNothingWrong,
		"fails for what is wrong":     testWrong,
		"clicks what moves":           testMoves,
		"clicks what was covered":     testUncovered,
		"names what can't be clicked": testFaults,
		"clicks in broken lines":      testBrokenLines,
		"clicks without script":       testWithoutScript,
		"waits over two pages":        testWaits,
		"tells where a tab stood":     testStood,
		"has the source":              testSource,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, &bench{browser: browser})
		})
	}
}

// bench is a browser and a server of pages.
type bench struct {
	browser context.Context
	server  *httptest.Server
}

// serve serves pages by their paths, under a policy that allows the page's own
// scripts and no picture from anywhere.
func (b *bench) serve(t *testing.T, pages map[string]string) {
	t.Helper()
	mux := http.NewServeMux()
	for path, body := range pages {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Security-Policy", "default-src 'unsafe-inline' *; img-src data:")
			_, _ = fmt.Fprint(w, `<!doctype html><title>T</title><link rel=icon href="data:,">`+body)
		})
	}
	b.server = httptest.NewServer(mux)
	t.Cleanup(b.server.Close)
}

// recorded is a test that notes how it ends, in the place of failing.
type recorded struct {
	testing.TB
	cleanups []func()
	said     []string
}

func (r *recorded) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorded) Errorf(format string, a ...any) {
	r.said = append(r.said, fmt.Sprintf(format, a...))
}
func (r *recorded) FailNow() { runtime.Goexit() }

// record runs steps in a tab of a test of its own, and returns why it failed; ""
// when it did not.
func (b *bench) record(t *testing.T, steps func(*browsertest.Tab)) string {
	t.Helper()
	r := &recorded{TB: t}
	alone := func(f func()) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			f()
		}()
		<-done
	}
	alone(func() {
		tab := browsertest.Open(r, b.browser, b.server.URL+"/")
		tab.Patience = 2 * time.Second
		steps(tab)
	})
	for i := range r.cleanups {
		alone(r.cleanups[len(r.cleanups)-1-i])
	}
	return strings.Join(r.said, "\n")
}

// open opens a tab at the page "/".
func (b *bench) open(t *testing.T, body string) *browsertest.Tab {
	t.Helper()
	b.serve(t, map[string]string{"/{$}": body})
	tab := browsertest.Open(t, b.browser, b.server.URL+"/")
	require.EqualValues(t, http.StatusOK, tab.Arrive(chromedp.Navigate(b.server.URL+"/")))
	return tab
}

func testNothingWrong(t *testing.T, b *bench) {
	b.serve(t, map[string]string{"/{$}": `<p>fine</p>`})
	require.Empty(t, b.record(t, func(tab *browsertest.Tab) {
		require.EqualValues(t, http.StatusOK, tab.Arrive(chromedp.Navigate(b.server.URL+"/")))
		require.EqualValues(t, http.StatusNotFound, tab.Arrive(chromedp.Navigate(b.server.URL+"/nowhere")))
	}))
}

func testWrong(t *testing.T, b *bench) {
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	b.serve(t, map[string]string{
		"/origin": `<script>fetch("` + elsewhere.URL + `/x", {mode: "no-cors"})</script>`,
		"/policy": `<img src="/picture.png" alt="">`,
		"/error":  `<script>throw new Error("thrown here")</script>`,
	})
	for path, want := range map[string]string{
		"/origin": elsewhere.URL + "/x", "/policy": "security: ", "/error": "thrown here", "": "a tab that asked for nothing",
	} {
		t.Run("at "+path, func(t *testing.T) {
			t.Parallel()
			said := b.record(t, func(tab *browsertest.Tab) {
				if path != "" {
					tab.Do(chromedp.Navigate(b.server.URL + path))
				}
			})
			require.Contains(t, said, want)
		})
	}
}

// counting is a button that counts its clicks, real ones only.
const counting = `<button id=b>0</button><script>b.onclick = (e) => { b.textContent = +b.textContent + e.isTrusted }</script>`

func testMoves(t *testing.T, b *bench) {
	tab := b.open(t, counting+`<script>
		b.style.position = "fixed";
		const start = performance.now();
		const move = () => {
			const past = performance.now() - start;
			b.style.left = past / 2 + "px";
			if (past < 1000) requestAnimationFrame(move); else b.title = "there";
		};
		move();
	</script>`)
	tab.Do(tab.Click("#b"))
	require.Equal(t, "there", browsertest.Value[string](tab, "b.title"), "it waited until the button stood")
	require.Equal(t, "1", browsertest.Value[string](tab, "b.textContent"))
	tab.Do(tab.DoubleClick("#b"))
	require.Equal(t, "3", browsertest.Value[string](tab, "b.textContent"))
}

func testUncovered(t *testing.T, b *bench) {
	tab := b.open(t, counting+`<div id=cover style="position: fixed; inset: 0">cover</div>
		<script>setTimeout(() => cover.remove(), 500)</script>`)
	tab.Do(tab.Click("#b"))
	require.Equal(t, "1", browsertest.Value[string](tab, "b.textContent"))
	// What lies beyond the window's edge is brought into sight.
	require.Equal(t, 0, browsertest.Value[int](tab, `b.style.marginTop = "5000px", scrollY`))
	tab.Do(tab.Click("#b"))
	require.Equal(t, "2", browsertest.Value[string](tab, "b.textContent"))
}

func testFaults(t *testing.T, b *bench) {
	b.serve(t, map[string]string{
		"/covered": counting + `<div id=cover style="position: fixed; inset: 0">cover</div>`,
		"/hidden":  `<button id=b hidden>b</button>`,
		"/unseen":  `<button id=b style="visibility: hidden">b</button>`,
		"/missing": `<button>b</button>`,
		"/moving": counting + `<script>
			b.style.position = "fixed";
			let left = 0;
			const move = () => { b.style.left = (left = 50 - left) + "px"; requestAnimationFrame(() => requestAnimationFrame(move)) };
			move();
		</script>`,
	})
	for path, want := range map[string]string{
		"/covered": `it is covered by <div id="cover" style="position: fixed; inset: 0">`, "/hidden": "it is not visible", "/unseen": "it is not visible",
		"/missing": "it is not there", "/moving": "it moves",
	} {
		t.Run("at "+path, func(t *testing.T) {
			t.Parallel()
			said := b.record(t, func(tab *browsertest.Tab) {
				tab.Do(chromedp.Navigate(b.server.URL+path), tab.Click("#b"))
			})
			require.Contains(t, said, want)
			require.Contains(t, said, "at "+path+" (readyState complete)")
			require.Contains(t, said, "last clicked: #b")
		})
	}
}

// The middle of a link's bounds lies beside it where it begins at a line's end.
func testBrokenLines(t *testing.T, b *bench) {
	tab := b.open(t, `<p style="width: 200px; font: 20px/2 monospace">wwwwwwwwww <a id=a href="#there">here and there</a></p>`)
	require.Equal(t, 2, browsertest.Value[int](tab, "a.getClientRects().length"))
	tab.Do(tab.Click("#a"))
	tab.Until(`location.hash === "#there"`)
}

func testWithoutScript(t *testing.T, b *bench) {
	b.serve(t, map[string]string{"/{$}": `<div style="height: 3000px"></div><a href="/next">next</a>`, "/next": `<p>next</p>`})
	tab := browsertest.Open(t, b.browser, b.server.URL+"/")
	tab.Do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	tab.Do(chromedp.Navigate(b.server.URL + "/"))
	tab.Patience = 10 * time.Second
	require.EqualValues(t, http.StatusOK, tab.Arrive(tab.Click("a")))
	tab.Until(`location.pathname === "/next"`)
}

func testWaits(t *testing.T, b *bench) {
	b.serve(t, map[string]string{"/{$}": `<script>setTimeout(() => location.href = "/next", 300)</script>`, "/next": `<p id=next>next</p>`})
	tab := browsertest.Open(t, b.browser, b.server.URL+"/")
	tab.Do(chromedp.Navigate(b.server.URL + "/"))
	tab.Until(`document.querySelector("#next").textContent === "next"`)
	looks := 0
	tab.Wait("the third look", func() bool {
		looks++
		return looks == 3
	})
	require.Equal(t, 3, looks)
}

func testStood(t *testing.T, b *bench) {
	b.serve(t, map[string]string{"/some/where": `<input id=field autofocus><a href="#b">b</a>`})
	for name, c := range map[string]struct {
		step func(*browsertest.Tab)
		want string
	}{
		"a step":              {func(tab *browsertest.Tab) { tab.Do(chromedp.WaitVisible(chromedp.CSS("#never"))) }, "a step, at /some/where"},
		"a condition":         {func(tab *browsertest.Tab) { tab.Until("1 > 2") }, "wait for 1 > 2, at /some/where"},
		"an error":            {func(tab *browsertest.Tab) { tab.Until("absent.property") }, "absent is not defined"},
		"what is told":        {func(tab *browsertest.Tab) { tab.Wait("a miracle", func() bool { return false }) }, "wait for a miracle, at /some/where"},
		"a value":             {func(tab *browsertest.Tab) { browsertest.Value[int](tab, "absent") }, "the value of absent, at /some/where"},
		"no new page":         {func(tab *browsertest.Tab) { tab.Arrive(chromedp.Steps()) }, "a step to another page, at /some/where"},
		"a place in the page": {func(tab *browsertest.Tab) { tab.Arrive(tab.Click("a")) }, "no page was asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := b.record(t, func(tab *browsertest.Tab) {
				tab.Do(chromedp.Navigate(b.server.URL+"/some/where"), chromedp.WaitReady(chromedp.CSS("#field:focus")))
				c.step(tab)
			})
			require.Contains(t, said, c.want)
			require.Contains(t, said, "(readyState complete), the focus on <")
		})
	}
}

func testSource(t *testing.T, b *bench) {
	tab := b.open(t, `<p id=p>as sent<script>p.textContent = "changed"</script>`)
	require.Contains(t, tab.Source(), "<p id=p>as sent<script>")
	require.Equal(t, "changed", browsertest.Value[string](tab, "p.textContent"))
}
