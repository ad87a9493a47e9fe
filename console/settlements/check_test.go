package settlements_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame/frametest"
)

// The forms that ask for a check.
const (
	checkDay   = "form[action$='/check']"
	checkMonth = "form[action$='/settlements/check']"
)

// hold has text files wait until release; begun tells of each that is begun.
func (o *office) hold(t *testing.T, bend func(string) string) (begun <-chan struct{}, release func()) {
	t.Helper()
	first, goOn := make(chan struct{}, 100), make(chan struct{})
	release = sync.OnceFunc(func() { close(goOn) })
	t.Cleanup(release) // a server that still makes a file does not end
	o.bend = func(s string) string {
		first <- struct{}{}
		<-goOn
		return bend(s)
	}
	return first, release
}

// same bends nothing.
func same(s string) string { return s }

// another bends an amount.
func another(s string) string { return strings.Replace(s, "50000", "50001", 1) }

// A month of a million payments a day is checked for an hour: the person sees how far
// it is, and others are led to the same page. Nobody makes the server do nothing else.
func TestAMonthsCheckShowsItsProgress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bend       func(string) string
		kind, want string
	}{
		"whole":   {same, "good", "2 files were made again"},
		"damaged": {another, "bad", "the file of 20 Nov 2026 has another SHA-256"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := sold(t)
			o.close(t, friday, saturday)
			clerk, other := o.clerk(), o.As(access.RoleApprover)
			// Taken before files wait: a day's page measures those of a small day.
			day, month := other.Get("/settlements/2026-11-21"), other.Get("/settlements?month=2026-11")
			begun, release := o.hold(t, c.bend)
			answer := clerk.PostFrom(clerk.Get("/settlements?month=2026-11"), checkMonth, nil)
			<-begun
			require.Equal(t, http.StatusSeeOther, answer.Status)
			page := clerk.Follow(answer)
			require.Contains(t, text(page), "The check was begun.")
			require.Contains(t, text(page), "The files of 20 Nov 2026 are being made again. 1 of 9 lines are done.")
			require.Equal(t, "11", page.Find("main progress").AttrOr("value", ""))
			require.Equal(t, "/console"+answer.Location, page.Find("main .progress a").AttrOr("href", ""), "the way on without script")
			require.Equal(t, map[string]any{"over": false, "percent": 11.0, "text": "The files of 20 Nov 2026 are being made again. 1 of 9 lines are done."}, state(t, clerk, answer.Location))

			require.Equal(t, http.StatusConflict, other.PostFrom(day, checkDay, nil).Status, "one at a time for all")
			require.Equal(t, answer.Location, other.PostFrom(month, checkMonth, nil).Location, "who asks for the same sees the same")

			release()
			require.Eventually(t, func() bool { return state(t, other, answer.Location)["over"] == true }, 10*time.Second, 10*time.Millisecond)
			page = other.Get(answer.Location)
			require.Contains(t, text(page), c.want)
			require.Equal(t, 1, page.Find("main .tag."+c.kind).Length())
			require.Zero(t, page.Find("main .progress").Length())
			require.Contains(t, text(page), "Begun by finance")
			require.Equal(t, "/console/settlements?month=2026-11", page.Find("main p:last-child a").AttrOr("href", ""))
			require.Equal(t, http.StatusSeeOther, other.PostFrom(day, checkDay, nil).Status)
		})
	}
}

// state is what the script is told of a check.
func state(t *testing.T, client *frametest.Client, path string) (said map[string]any) {
	t.Helper()
	answer := client.Do(http.MethodGet, path, nil, http.Header{"Accept": {"application/json"}})
	require.Equal(t, http.StatusOK, answer.Status)
	require.NoError(t, json.Unmarshal(answer.Body, &said))
	return said
}

// A day's check that takes long has its page too.
func TestADaysCheckShowsItsProgress(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.close(t, friday, saturday)
	clerk := o.clerk()
	page := clerk.Get("/settlements/2026-11-21")
	begun, release := o.hold(t, same)
	answer := clerk.PostFrom(page, checkDay, nil)
	<-begun
	require.Contains(t, text(clerk.Follow(answer)), "The files of 21 Nov 2026 are being made again. 2 of 6 lines are done.")
	release()
	require.Eventually(t, func() bool { return state(t, clerk, answer.Location)["over"] == true }, 10*time.Second, 10*time.Millisecond)
	page = clerk.Get(answer.Location)
	require.Contains(t, text(page), "and names the file before it")
	require.Equal(t, "/console/settlements/2026-11-21", page.Find("main p:last-child a").AttrOr("href", ""))
	require.Contains(t, text(clerk.Get("/settlements/2026-11-21")), "Last checked at", "the day's page shows what it found")
}

func TestACheckThatCanNotBeMade(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.close(t, friday, saturday)
	clerk := o.clerk()
	month := clerk.Get("/settlements?month=2026-11")
	o.broken = errors.New("/var/lib/scratch: input/output error")
	page := clerk.Follow(clerk.PostFrom(month, checkMonth, nil))
	require.Equal(t, "not checked", page.Find("main .tag.bad").Text())
	require.NotContains(t, page.Text(), "/var/lib", "inner errors are for the log")
	require.Contains(t, <-o.failed, "check files of 2026-11: check file of 2026-11-20: /var/lib/scratch")
	o.broken = nil
	page = clerk.Follow(clerk.PostFrom(clerk.Get("/settlements?month=2026-11"), checkMonth, nil))
	require.Contains(t, page.Text(), "2 files were made again", "it may be asked for again")
}

func TestChecksThatAreNone(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.close(t, friday)
	clerk := o.clerk()
	begun, release := o.hold(t, same)
	answer := clerk.PostFrom(clerk.Get("/settlements?month=2026-11"), checkMonth, nil)
	<-begun
	for _, path := range []string{
		"/settlements/2026-11/check/none", strings.Replace(answer.Location, "2026-11", "2026-10", 1), strings.Replace(answer.Location, "2026-11", "%3Cb%3E", 1),
	} {
		require.Equal(t, http.StatusNotFound, clerk.Try(path).Status, path)
	}
	require.Equal(t, http.StatusForbidden, o.As(access.RoleMerchant).Try(answer.Location).Status)
	release()
	require.Equal(t, http.StatusConflict, clerk.Post("/settlements/2026-11-21/check", nil).Status, "an open day has no file")
	require.Equal(t, http.StatusNotFound, clerk.Post("/settlements/2026-11-01/check", nil).Status)
	require.Equal(t, http.StatusUnprocessableEntity, clerk.Post("/settlements/check", map[string][]string{"month": {"2026-13"}}).Status)
}

func TestTheChainIsCheckedByTheBytes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bend func(string) string
		want string
	}{
		"whole":                {nil, "and names the file before it"},
		"an amount is another": {func(s string) string { return strings.Replace(s, "70000", "70001", 1) }, "another SHA-256"},
		"the file is cut":      {func(s string) string { return s[:len(s)-1] }, "another SHA-256"},
		"it is empty":          {func(string) string { return "" }, "another SHA-256"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := sold(t)
			o.close(t, friday, saturday)
			o.bend = c.bend
			clerk := o.clerk()
			page := clerk.Get("/settlements/2026-11-21")
			day := clerk.Follow(clerk.PostFrom(page, checkDay, nil))
			require.Contains(t, day.Text(), c.want)
			require.Contains(t, day.Text(), "22 Nov 2026, 09:00:00 WIB")
			month := clerk.Get("/settlements?month=2026-11")
			checked := clerk.Follow(clerk.PostFrom(month, checkMonth, nil))
			if c.bend == nil {
				require.Contains(t, checked.Text(), "2 files were made again")
			} else {
				require.Contains(t, checked.Text(), c.want)
			}
		})
	}
}

func TestAFileThatFollowsAnotherThanTheOneBeforeBreaksTheChain(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.close(t, friday, saturday)
	o.forge = strings.Repeat("ab", sha256.Size)
	clerk := o.clerk()
	day := clerk.Follow(clerk.PostFrom(clerk.Get("/settlements/2026-11-21"), checkDay, nil))
	require.Contains(t, day.Text(), "the file of 21 Nov 2026 does not name the file before it")
	require.Contains(t, text(day), "chain broken")
}
