package merchants_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame/frametest"
)

// ends are the ends of the old key that a page offers, and the one that is chosen.
func ends(page *goquery.Document) (texts []string, chosen string) {
	page.Find("#field-end option").Each(func(_ int, option *goquery.Selection) { texts = append(texts, option.Text()) })
	return texts, page.Find("#field-end option[selected]").Text()
}

// rotate sends the form of a page for a merchant's new key.
func rotate(c *frametest.Client, page *goquery.Document, fields url.Values) *frametest.Answer {
	fields.Set("reason", "left the company")
	return c.PostFrom(page, "main form[method=post]", fields)
}

// oldKey says whether the key that the merchant had first works.
func (b *bundle) oldKey(t *testing.T, key access.ServerKey) bool {
	t.Helper()
	_, err := b.Directory.Authenticate(t.Context(), key.Reveal())
	if err != nil {
		require.ErrorIs(t, err, access.ErrUnknownKey)
	}
	return err == nil
}

// firstKey is the key of the merchant before it is rotated.
func (b *bundle) firstKey(t *testing.T) access.ServerKey {
	t.Helper()
	key, err := b.Directory.SigningKey(frametest.Merchant)
	require.NoError(t, err)
	return key
}

func TestTheOldKeyEndsAtTheStatedMinute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := b.firstKey(t)
	operator := b.As(access.RoleOperator)
	page := operator.Get(mine + "/rotate")
	texts, chosen := ends(page)
	require.Equal(t, []string{
		"Now", "After 1 hour, on 22 Nov 2026, 15:06 WIB", "After 24 hours, on 23 Nov 2026, 14:06 WIB",
		"After 72 hours, on 25 Nov 2026, 14:06 WIB", "After 7 days, on 29 Nov 2026, 14:06 WIB",
	}, texts)
	require.Equal(t, texts[3], chosen)
	b.Clock.Advance(5 * time.Minute) // the page was open meanwhile
	shown := operator.Follow(rotate(operator, page, url.Values{"end": {"24h"}}))

	for language, says := range map[string]string{
		"en": "The old key works, and signs, until 23 Nov 2026, 14:06 WIB, or until the first call with the new one",
		"id": "Kunci lama berlaku, dan menandatangani, sampai 23 Nov 2026 14.06 WIB, atau sampai panggilan pertama dengan kunci baru",
	} {
		viewer := b.As(access.RoleViewer)
		viewer.Header.Set("Accept-Language", language)
		require.Contains(t, viewer.Get(mine).Find("main").Text(), says)
	}
	require.Contains(t, shown.Find("main").Text(), "until 23 Nov 2026, 14:06 WIB, or until the first call with the new one")
	require.NotContains(t, shown.Find("main").Text(), "calls are refused")

	began := b.Clock.Now()
	b.Clock.Advance(24*time.Hour - 5*time.Minute + 50*time.Second)
	require.Equal(t, "14:05:59", b.Clock.Now().Format(time.TimeOnly), began)
	require.True(t, b.oldKey(t, old))
	b.Clock.Advance(time.Second)
	require.False(t, b.oldKey(t, old))
	m, _ := b.Directory.Merchant(frametest.Merchant)
	for language, says := range map[string]string{
		"en": "The key before, " + m.EndedKey.Fingerprint + ", ended on 23 Nov 2026, 14:06 WIB.",
		"id": "Kunci sebelumnya, " + m.EndedKey.Fingerprint + ", berakhir pada 23 Nov 2026 14.06 WIB.",
	} {
		operator := b.As(access.RoleOperator) // the sign-in has ended
		operator.Header.Set("Accept-Language", language)
		for _, path := range []string{mine, mine + "/key"} {
			require.Contains(t, operator.Get(path).Find("main").Text(), says)
		}
		require.Equal(t, 1, operator.Get(mine).Find("[aria-labelledby=keys] tbody tr").Length())
	}
}

func TestALeakedKeyEndsWithTheRotation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := b.firstKey(t)
	operator := b.As(access.RoleOperator)
	shown := operator.Follow(rotate(operator, operator.Get(mine+"/rotate"), url.Values{"end": {"now"}}))
	require.False(t, b.oldKey(t, old))
	require.Contains(t, shown.Find("main").Text(), "ended on 22 Nov 2026, 14:05 WIB")
	require.Contains(t, shown.Find("main").Text(), "Until the merchant has installed this key its calls are refused")
	m, err := b.Directory.Authenticate(t.Context(), shown.Find("[data-once] code").Text())
	require.NoError(t, err)
	entries := b.Recorded()
	after := entries[len(entries)-1].After
	for _, entry := range entries {
		if entry.Act == "merchant.rotate_key" {
			after = entry.After
		}
	}
	require.Equal(t, "keys="+m.Keys[0].Fingerprint+" old_key_ended=2026-11-22T14:05:09+07:00", after)
}

// Who rotates again, for nobody copied the key, can't give a leaked one more time.
func TestAStatedMinuteIsNotPutOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := b.firstKey(t)
	operator := b.As(access.RoleOperator)
	operator.Follow(rotate(operator, operator.Get(mine+"/rotate"), url.Values{"end": {"24h"}}))
	page := operator.Get(mine + "/rotate")
	texts, chosen := ends(page)
	require.Equal(t, []string{"Now", "After 1 hour, on 22 Nov 2026, 15:06 WIB", "As set before, on 23 Nov 2026, 14:06 WIB"}, texts)
	require.Equal(t, texts[2], chosen)
	operator.Follow(rotate(operator, page, url.Values{}))
	m, _ := b.Directory.Merchant(frametest.Merchant)
	require.Equal(t, "23 Nov 14:06", m.Keys[0].Ends.Format("02 Jan 15:04"))

	// Not even by a form that no page offered.
	operator.Follow(rotate(operator, operator.Get(mine+"/rotate"), url.Values{"end": {"7d"}}))
	m, _ = b.Directory.Merchant(frametest.Merchant)
	require.Equal(t, "23 Nov 14:06", m.Keys[0].Ends.Format("02 Jan 15:04"))
	operator.Follow(rotate(operator, operator.Get(mine+"/rotate"), url.Values{"end": {"1h"}}))
	b.Clock.Advance(time.Hour + 51*time.Second)
	require.False(t, b.oldKey(t, old))
}

func TestEndsThatARotationRefuses(t *testing.T) {
	t.Parallel()
	now := frametest.Start().Unix()
	at := func(from int64) []string { return []string{strconv.FormatInt(from, 10)} }
	for name, c := range map[string]struct {
		fields url.Values
		says   string
	}{
		"none":                    {url.Values{"end": {""}}, "end"},
		"one that is not offered": {url.Values{"end": {"30d"}}, "end"},
		"none was set before":     {url.Values{"end": {"standing"}}, "That minute is past. Choose again."},
		"a page of two hours ago": {url.Values{"end": {"1h"}, "from": at(now - 7200)}, "That minute is past. Choose again."},
		"a page of next year":     {url.Values{"end": {"1h"}, "from": at(now + 365*86400)}, "end"},
		"a page of no time":       {url.Values{"end": {"1h"}, "from": {"soon"}}, "from"},
		"a page before all time":  {url.Values{"end": {"1h"}, "from": at(-1)}, "from"},
		"a page after all time":   {url.Values{"end": {"now"}, "from": {strings.Repeat("9", 30)}}, "from"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			before, _ := b.Directory.Merchant(frametest.Merchant)
			operator := b.As(access.RoleOperator)
			answer := rotate(operator, operator.Get(mine+"/rotate"), c.fields)
			require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
			frametest.CheckPage(t, answer.Doc)
			fault := answer.Doc.Find("#errors a")
			require.Equal(t, 1, fault.Length())
			require.Contains(t, fault.AttrOr("href", "")+fault.Text(), c.says)
			require.Equal(t, "left the company", answer.Doc.Find("#field-reason").AttrOr("value", ""), "it is not typed twice")
			after, _ := b.Directory.Merchant(frametest.Merchant)
			require.Equal(t, before, after)
		})
	}
}

// A rotation by an earlier program has no end, and the page says so.
func TestARotationWithoutAnEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, _, err := b.Directory.RotateKey(t.Context(), "tester", frametest.Merchant, access.OldKeyEndsAt(b.Clock.Now().Add(time.Hour)))
	require.NoError(t, err)
	b.endless = true
	operator := b.As(access.RoleOperator)
	require.Contains(t, operator.Get(mine).Find("main").Text(), "No minute is set: rotate again to set one.")
	texts, chosen := ends(operator.Get(mine + "/rotate"))
	require.Len(t, texts, 5)
	require.Contains(t, chosen, "72 hours")
}
