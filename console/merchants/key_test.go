package merchants_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame/frametest"
)

const mine = "/merchants/" + frametest.Merchant

func TestWords(t *testing.T) {
	t.Parallel()
	frametest.CheckWords(t, setup(t).area)
}

// requireNowhere looks for a key where it must not stand.
func (b *bundle) requireNowhere(t *testing.T, key string) {
	t.Helper()
	require.NotContains(t, fmt.Sprintf("%+v", b.Recorded()), key, "the audit log")
	require.NotContains(t, fmt.Sprint(b.Errors()), key, "the log")
	records, err := b.Ledger.Reader().Records(t.Context(), 0, 1000)
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%+v", records), key, "the journal has it sealed")
}

func TestARotatedKeyIsShownOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before, _ := b.Directory.Merchant(frametest.Merchant)
	old, err := b.Directory.SigningKey(frametest.Merchant)
	require.NoError(t, err)
	operator := b.As(access.RoleOperator)
	page := operator.Get(mine + "/rotate")
	require.Contains(t, page.Text(), "until the first call with the new key")
	done := operator.PostFrom(page, "main form[method=post]", url.Values{"reason": {"left the company"}})
	require.Equal(t, mine+"/key", done.Location, "no secret in an address")
	shown := operator.Try(done.Location)
	key := shown.Doc.Find("[data-once] code").Text()
	require.Regexp(t, `^paypoint-server-[A-Za-z0-9_-]{43}$`, key)
	require.Contains(t, shown.Header.Get("Cache-Control"), "no-store", "nothing that the back button could show")
	// Chromium keeps such pages all the same, so leaving empties what is data-once:
	// there, and nowhere else, the key stands.
	shown.Doc.Find("[data-once]").Remove()
	rest, err := shown.Doc.Html()
	require.NoError(t, err)
	require.NotContains(t, rest, key)
	require.NotContains(t, string(done.Body)+fmt.Sprint(done.Header), key)

	for _, again := range []*frametest.Client{operator, b.As(access.RoleOperator), b.As(access.RoleAdmin)} {
		page := again.Get(done.Location)
		require.Zero(t, page.Find("[data-once] code").Length())
		require.Contains(t, page.Text(), "can't be shown again")
	}
	b.requireNowhere(t, key)

	after, _ := b.Directory.Merchant(frametest.Merchant)
	require.Len(t, after.Keys, 2)
	require.Equal(t, before.Keys[0].Fingerprint, after.Keys[0].Fingerprint, "the old one signs")
	text := operator.Get(mine).Find("main").Text()
	require.Contains(t, text, "Waits for its first use")
	require.Contains(t, text, after.Keys[1].Fingerprint)
	_, err = b.Directory.Authenticate(t.Context(), old.Reveal())
	require.NoError(t, err, "the old one is valid until the new one is used")
	_, err = b.Directory.Authenticate(t.Context(), key)
	require.NoError(t, err)
	_, err = b.Directory.Authenticate(t.Context(), old.Reveal())
	require.ErrorIs(t, err, access.ErrUnknownKey, "and ended by its first use")
	require.NotContains(t, operator.Get(mine).Find("main").Text(), "Waits for its first use")

	entry := b.Recorded()[len(b.Recorded())-1]
	for _, entry = range b.Recorded() {
		if entry.Act == "merchant.rotate_key" {
			break
		}
	}
	require.Equal(t, []string{"operator", "left the company", frametest.Merchant}, []string{entry.Who, entry.Reason, entry.Object.ID})
	require.Equal(t, "keys="+before.Keys[0].Fingerprint, entry.Before)
	require.Equal(t, "keys="+before.Keys[0].Fingerprint+" "+after.Keys[1].Fingerprint+" old_key_ends=2026-11-25T14:06:00+07:00", entry.After)
}

func TestAFormSentTwiceRotatesOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.As(access.RoleOperator)
	page := operator.Get(mine + "/rotate")
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { operator.PostFrom(page, "main form[method=post]", url.Values{"reason": {"x"}}) })
	}
	both.Wait()
	first, _ := b.Directory.Merchant(frametest.Merchant)
	require.Len(t, first.Keys, 2)
	later := operator.PostFrom(page, "main form[method=post]", url.Values{"reason": {"x"}})
	require.Equal(t, mine+"/key", later.Location)
	again, _ := b.Directory.Merchant(frametest.Merchant)
	require.Equal(t, first.Keys, again.Keys, "the waiting key was not replaced")
}

func TestAnOldPageRotatesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator, admin := b.As(access.RoleOperator), b.As(access.RoleAdmin)
	stale := operator.Get(mine + "/rotate")
	admin.Follow(admin.PostFrom(admin.Get(mine+"/rotate"), "main form[method=post]", url.Values{"reason": {"mine"}}))
	want, _ := b.Directory.Merchant(frametest.Merchant)
	answer := operator.PostFrom(stale, "main form[method=post]", url.Values{"reason": {"late"}})
	require.Equal(t, http.StatusConflict, answer.Status)
	require.Contains(t, answer.Doc.Text(), "changed since you opened the page")
	got, _ := b.Directory.Merchant(frametest.Merchant)
	require.Equal(t, want.Keys, got.Keys)
	answer = operator.PostFrom(operator.Get(mine+"/rotate"), "main form[method=post]", nil)
	require.Equal(t, http.StatusUnprocessableEntity, answer.Status, "a reason is wanted")
}

// Of two keys that are made at once one would be dead when it is shown.
func TestOfTwoPersonsOneRotates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 10 {
		clients := []*frametest.Client{b.As(access.RoleOperator), b.As(access.RoleAdmin)}
		statuses := make([]int, len(clients))
		pages := []*goquery.Document{clients[0].Get(mine + "/rotate"), clients[1].Get(mine + "/rotate")}
		var both sync.WaitGroup
		for i, client := range clients {
			both.Go(func() {
				statuses[i] = client.PostFrom(pages[i], "main form[method=post]", url.Values{"reason": {"x"}}).Status
			})
		}
		both.Wait()
		require.ElementsMatch(t, []int{http.StatusSeeOther, http.StatusConflict}, statuses)
	}
}

func TestAddingShowsTheFirstKeyOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.As(access.RoleAdmin)
	hostile := `<script>alert(1)</script> "x" =cmd()`
	page := admin.Get("/merchants/new")
	done := admin.PostFrom(page, "main form[method=post]", url.Values{"name": {hostile}, "prefix": {"500"}, "hold": {"90"}})
	shown := admin.Follow(done)
	key := shown.Find("[data-once] code").Text()
	require.NotEmpty(t, key)
	require.Zero(t, shown.Find("main script").Length())
	b.requireNowhere(t, key)
	m, err := b.Directory.Authenticate(t.Context(), key)
	require.NoError(t, err)
	require.Equal(t, []any{hostile, "500", float64(90)}, []any{m.Name, m.Prefix, m.Hold.Seconds()})
	list := admin.Get("/merchants")
	require.Zero(t, list.Find("main script").Length())
	require.Contains(t, list.Find("tbody th").First().Text(), hostile)
	require.Contains(t, string(b.As(access.RoleViewer).Try("/merchants.csv").Body), `<script>`)
	admin.Get("/merchants/" + m.ID)

	for name, fields := range map[string]url.Values{
		"no name":        {"name": {""}, "hold": {"0"}},
		"a long name":    {"name": {strings.Repeat("a", 101)}, "hold": {"0"}},
		"a name in bidi": {"name": {"a\u202eb"}, "hold": {"0"}},
		"a taken prefix": {"name": {"B"}, "prefix": {"500"}, "hold": {"0"}},
		"a low prefix":   {"name": {"B"}, "prefix": {"099"}, "hold": {"0"}},
		"a long hold":    {"name": {"B"}, "hold": {"86401"}},
		"no hold":        {"name": {"B"}, "hold": {"soon"}},
	} {
		answer := admin.Post("/merchants", fields)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status, name)
		require.Positive(t, answer.Doc.Find("#errors li").Length(), name)
		frametest.CheckPage(t, answer.Doc)
	}
	require.Len(t, b.Directory.List(), 2)
}
