package frametest

import (
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// CheckPage holds a page against the rules of all pages: one h1, a title, a
// language, landmarks, no inline style or script, unique ids, labels for fields,
// heads for tables, nothing from elsewhere.
func CheckPage(t testing.TB, page *goquery.Document) {
	t.Helper()
	require.Equal(t, 1, page.Find("h1").Length(), "h1")
	require.NotEmpty(t, strings.TrimSpace(page.Find("h1").Text()), "h1")
	require.NotEmpty(t, strings.TrimSpace(page.Find("head title").Text()), "title")
	require.NotEmpty(t, page.Find("html").AttrOr("lang", ""), "lang")
	require.Equal(t, 1, page.Find("main").Length(), "main")
	require.Zero(t, page.Find("style, script:not([src]), iframe, object, embed, base, meta[http-equiv]").Length(), "inline style or script")
	ids := map[string]bool{}
	page.Find("*").Each(func(_ int, element *goquery.Selection) { checkElement(t, element, ids) })
	checkFields(t, page)
	checkTables(t, page)
	checkForms(t, page)
}

func checkElement(t testing.TB, element *goquery.Selection, ids map[string]bool) {
	t.Helper()
	for _, a := range element.Nodes[0].Attr {
		where := shownTag(element.Nodes[0])
		require.NotEqual(t, "style", a.Key, "inline style: %s", where)
		require.False(t, strings.HasPrefix(a.Key, "on"), "inline script: %s", where)
		switch a.Key {
		case "id":
			require.False(t, ids[a.Val], "id twice: %s", where)
			ids[a.Val] = true
		case "href", "src", "action":
			own := strings.HasPrefix(a.Val, "/console/") || strings.HasPrefix(a.Val, "#") || a.Val == ""
			require.True(t, own, "leads out of the console: %s", where)
		}
	}
}

// shownTag is an element's opening tag.
func shownTag(n *html.Node) string {
	var b strings.Builder
	b.WriteString("<" + n.Data)
	for _, a := range n.Attr {
		b.WriteString(" " + a.Key + `="` + a.Val + `"`)
	}
	return b.String() + ">"
}

// checkFields wants a label for every field.
func checkFields(t testing.TB, page *goquery.Document) {
	t.Helper()
	page.Find("input:not([type=hidden]), select, textarea").Each(func(_ int, field *goquery.Selection) {
		id := field.AttrOr("id", "")
		labelled := field.AttrOr("aria-label", "")+field.AttrOr("aria-labelledby", "") != "" || field.Closest("label").Length() > 0
		page.Find("label").Each(func(_ int, label *goquery.Selection) {
			labelled = labelled || id != "" && label.AttrOr("for", "") == id
		})
		require.True(t, labelled, "no label: %s", shownTag(field.Nodes[0]))
	})
}

// checkTables wants a caption, heads with a scope, and a region that scrolls and
// takes the focus.
func checkTables(t testing.TB, page *goquery.Document) {
	t.Helper()
	page.Find("table").Each(func(_ int, table *goquery.Selection) {
		require.Equal(t, 1, table.Find("caption").Length(), "caption of a table")
		table.Find("th").Each(func(_ int, head *goquery.Selection) {
			require.NotEmpty(t, head.AttrOr("scope", ""), "scope of %q", head.Text())
		})
		require.Positive(t, table.Closest(".scroll[tabindex='0'][role=region]").Length(), "region around the table %q", table.Find("caption").Text())
	})
}

// checkForms wants the hidden inputs in every form that acts.
func checkForms(t testing.TB, page *goquery.Document) {
	t.Helper()
	page.Find("form").Each(func(_ int, form *goquery.Selection) {
		if strings.EqualFold(form.AttrOr("method", "get"), "post") {
			require.Equal(t, 1, form.Find("input[name=form-token]").Length(), "form-token of %s", shownTag(form.Nodes[0]))
			require.Equal(t, 1, form.Find("input[name=form-key]").Length(), "form-key of %s", shownTag(form.Nodes[0]))
		} else {
			require.Zero(t, form.Find("input[name=form-token]").Length(), "a token in an address: %s", shownTag(form.Nodes[0]))
		}
	})
}
