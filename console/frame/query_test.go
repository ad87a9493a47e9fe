package frame_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/locale"
)

// shown are the rows of a page as name and amount.
func shown(page *goquery.Document) [][]string {
	var all [][]string
	page.Find("tr[data-row]").Each(func(_ int, row *goquery.Selection) {
		amount, _, _ := strings.Cut(row.Find("td").Text(), ",")
		all = append(all, []string{row.Find("th").Text(), strings.ReplaceAll(amount, ".", "")})
	})
	return all
}

// unguarded is a cell of CSV without what keeps it from being a formula.
func unguarded(cell string) string { return strings.TrimPrefix(cell, "'") }

// For any query the page, its total, its chips and the exports say the same, and
// its address means it: to another person of the role, and when it is read again.
func TestListAndExportAgree(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	client, other := site.As(access.RoleFinance), site.Person(frametest.Second)
	rapid.Check(t, func(r *rapid.T) {
		query := url.Values{}
		for name, texts := range map[string][]string{
			"name":  {"", "first", "=cmd()", "none"},
			"state": {"", "good", "bad"},
			"min":   {"", "1", "Rp 1.000", "1000000"},
			"day":   {"", "21/11/2026", "kemarin"},
		} {
			if rapid.Bool().Draw(r, "has "+name) {
				query.Set(name, rapid.SampledFrom(texts).Draw(r, name))
			}
		}
		page := client.Get("/sample?" + query.Encode())
		rows := shown(page)
		link := strings.TrimPrefix(page.Find("a[data-export]").AttrOr("href", ""), "/console")
		records, err := csv.NewReader(strings.NewReader(string(client.Try(link).Body))).ReadAll()
		require.NoError(r, err)
		require.Len(r, records, len(rows)+1)
		for i, row := range rows {
			require.Equal(r, row, []string{unguarded(records[i+1][0]), records[i+1][1]})
		}
		var objects []map[string]any
		require.NoError(r, json.Unmarshal(client.Try(strings.Replace(link, ".csv", ".json", 1)).Body, &objects))
		require.Len(r, objects, len(rows))
		count := page.Find(".pager p").Text()
		require.Contains(r, count, locale.Count(int64(len(rows))))
		// The canonical address, which the export has too, shows the same to others.
		again := other.Get(strings.Replace(link, ".csv", "", 1))
		require.Equal(r, rows, shown(again))
		require.Equal(r, page.Find(".chips").Text(), again.Find(".chips").Text())
	})
}

func TestAQueryThatIsBad(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	client := site.As(access.RoleFinance)
	for query, want := range map[string]string{
		"colour=red":                         "colour",
		"name=a&name=b":                      "name twice",
		"state=ugly":                         "State: Choose one of the values shown.",
		"min=100,000":                        "Amount: The comma is unclear.",
		"min=-1":                             "Amount: Enter an amount",
		"day=31/2/2026":                      "Day: Enter a day",
		"name=" + strings.Repeat("x", 101):   "Name: Use at most 100 characters.",
		"name=a%00b":                         "Name: It has characters",
		"before=a%20b":                       "a place in the list",
		"before=a&after=b":                   "a place in the list",
		"%3Cscript%3E=1&before=" + "x":       "<script>",
		strings.Repeat("y", 100) + "=1":      strings.Repeat("y", 40) + "…",
		"before=" + strings.Repeat("z", 201): "a place in the list",
	} {
		for _, ending := range []string{"", ".csv", ".xlsx"} {
			answer := client.Try("/sample" + ending + "?" + query)
			require.Equal(t, http.StatusUnprocessableEntity, answer.Status, query)
			frametest.CheckPage(t, answer.Doc)
			require.Contains(t, answer.Doc.Find(".errors").Text(), want)
		}
	}
	require.Equal(t, http.StatusBadRequest, client.Try("/sample?a=%zz").Status)
	require.Empty(t, site.Recorded(), "nothing was exported")
}

func TestChipsAndClear(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	client := site.As(access.RoleFinance)
	page := client.Get("/sample?state=good&min=5&day=")
	var chips []string
	page.Find(".chip").Each(func(_ int, chip *goquery.Selection) {
		chips = append(chips, chip.Find("span").First().Text()+" → "+chip.AttrOr("href", ""))
	})
	require.Equal(t, []string{
		"State: Good → /console/sample?min=5&day=",
		"Amount: Rp5 → /console/sample?state=good&day=",
	}, chips)
	require.Equal(t, "/console/sample?day=2026-11-22", page.Find(".chips > a").Last().AttrOr("href", ""))
	// What a list has of itself cannot be taken away.
	page = client.Get("/sample")
	require.Equal(t, "SPAN", strings.ToUpper(goquery.NodeName(page.Find(".chip"))), "the default")
	require.Zero(t, page.Find(".chips a").Length())
	// Who may not export finds no link, and gets no file.
	operator := site.As(access.RoleOperator)
	require.Zero(t, operator.Get("/sample").Find(".export").Length())
	require.Equal(t, http.StatusForbidden, operator.Try("/sample.csv").Status)
}

func TestAnExportsName(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	answer := site.As(access.RoleFinance).Try("/sample.xlsx?day=2026-11-21")
	require.Equal(t, `attachment; filename=samples_2026-11-21_20261122-140509.xlsx`, answer.Header.Get("Content-Disposition"))
	require.Equal(t, "PK", string(answer.Body[:2]))
	require.True(t, slices.Contains([]string{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}, answer.Header.Get("Content-Type")))
}

// What people and partners name things is text wherever it is shown.
func TestHostileTextsAreInert(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	client := site.As(access.RoleFinance)
	page := client.Get("/sample/gallery")
	require.Equal(t, 1, page.Find("script").Length(), "our own")
	require.Zero(t, page.Find("main img").Length())
	require.Equal(t, hostile, page.Find("figcaption").Text())
	require.Contains(t, page.Find("dl.facts").Text(), hostile)
	require.Equal(t, hostile, page.Find("button[data-copy]").Last().AttrOr("data-copy", ""))
	require.Contains(t, page.Find("pre").Text(), hostile)
	csvFile := string(client.Try("/sample.csv").Body)
	require.Contains(t, csvFile, "'=cmd()")
	answer := client.Post("/sample/form", url.Values{"name": {`<b>&"'</b>`}})
	page = client.Follow(answer)
	require.Equal(t, `Done with <b>&"'</b>.`, page.Find(".said").Text())
}

// Ticked rows come one parameter each; what is no row's number, or too many, is
// refused, and the address that a query writes has them again.
func TestTickedRows(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample(func(area *frame.Area) {
		area.Routes = append(area.Routes, frame.Route{Pattern: "GET /sample/ticked", Action: access.ActPaymentsRead, Handle: func(c *frame.Call) error {
			q, err := c.Query(frame.Param{Name: "row", Kind: frame.Ticked, Word: "sample.name", Max: 3}, frame.Param{Name: "state", Word: "sample.name"})
			if err != nil {
				return err
			}
			return c.JSON([]any{q.Ticked("row"), q.URL(), q.With("state", "x"), q.With("row", "")})
		}})
	}))
	client := site.As(access.RoleFinance)
	for query, want := range map[string]string{
		"":                          `[null, "/console/sample/ticked", "/console/sample/ticked?state=x", "/console/sample/ticked"]`,
		"?row=7":                    `[[7], "/console/sample/ticked?row=7", "/console/sample/ticked?row=7&state=x", "/console/sample/ticked"]`,
		"?row=9&state=y&row=7":      `[[9,7], "/console/sample/ticked?row=9&row=7&state=y", "/console/sample/ticked?row=9&row=7&state=x", "/console/sample/ticked?state=y"]`,
		"?row=7&row=7":              `[[7], "/console/sample/ticked?row=7", "/console/sample/ticked?row=7&state=x", "/console/sample/ticked"]`,
		"?row=18446744073709551615": `[[18446744073709551615], "/console/sample/ticked?row=18446744073709551615", "/console/sample/ticked?row=18446744073709551615&state=x", "/console/sample/ticked"]`,
	} {
		require.JSONEq(t, want, string(client.Try("/sample/ticked"+query).Body), query)
	}
	for query, want := range map[string]string{
		"?row=":                     "Name: Choose one of the values shown.",
		"?row=0":                    "Name: Choose one of the values shown.",
		"?row=1&row=x":              "Name: Choose one of the values shown.",
		"?row=-1":                   "Name: Choose one of the values shown.",
		"?row=18446744073709551616": "Name: Choose one of the values shown.",
		"?row=1&row=2&row=3&row=4":  "Name: Choose at most 3.",
		"?row=1&state=a&state=b":    "state twice",
		"?row=1&rows=2":             "rows",
	} {
		answer := client.Try("/sample/ticked" + query)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status, query)
		require.Contains(t, answer.Doc.Find(".errors").Text(), want, query)
	}
}

// What is no place is refused by name: the newest page would be taken for it.
func TestPlacesAreNumbers(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample(func(area *frame.Area) {
		area.Routes = append(area.Routes, frame.Route{Pattern: "GET /sample/places", Action: access.ActPaymentsRead, Handle: func(c *frame.Call) error {
			q, err := c.Query()
			if err != nil {
				return err
			}
			before, after, err := q.Numbers()
			if err != nil {
				return err
			}
			return c.JSON([]uint64{before, after})
		}})
	}))
	client := site.As(access.RoleFinance)
	for query, want := range map[string]string{"": "[0,0]", "?before=7": "[7,0]", "?after=18446744073709551615": "[0,18446744073709551615]"} {
		require.JSONEq(t, want, string(client.Try("/sample/places"+query).Body), query)
	}
	for query, name := range map[string]string{"?before=x": "before", "?after=-1": "after", "?before=18446744073709551616": "before", "?after=1.5": "after"} {
		answer := client.Try("/sample/places" + query)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status, query)
		require.Contains(t, answer.Doc.Find("main").Text(), name+" is no place in this list: want a whole number.", query)
	}
}
