package frame_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame/frametest"
)

func TestAListIsShown(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	page := site.As(access.RoleViewer).Get("/sample?min=1")
	require.Equal(t, "Samples", page.Find("h1").Text())
	require.Equal(t, 2, page.Find("tr[data-row]").Length())
	require.Contains(t, page.Find(".chips").Text(), "Rp1")
	require.Contains(t, page.Find(".pager").Text(), "2 shown of 2")
	require.Equal(t, "/console/sample?min=1&day=2026-11-22&before=older-1", page.Find(".pager a[rel=next]").AttrOr("href", ""))
	require.Equal(t, "/console/sample.csv?min=1&day=2026-11-22", page.Find("a[data-export]").AttrOr("href", ""))
}

func TestAFormActsAndSaysSo(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	client := site.As(access.RoleFinance)
	page := client.Get("/sample/form")
	answer := client.PostFrom(page, "#act", url.Values{"name": {"secret"}})
	require.Equal(t, http.StatusSeeOther, answer.Status)
	page = client.Follow(answer)
	require.Equal(t, "Done with secret.", page.Find(".said").Text())
	require.Equal(t, "s3cret", page.Find("output").Text())
	require.Zero(t, client.Get("/sample/form").Find(".said, output").Length(), "once")
}
