package frame_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"testing/fstest"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

// sample is an area with a page of each sort.
func sample(alter ...func(*frame.Area)) frame.Area {
	area := frame.Area{
		Name: "sample",
		Files: fstest.MapFS{
			"pages/list.html":    {Data: []byte(listPage)},
			"pages/form.html":    {Data: []byte(formPage)},
			"pages/gallery.html": {Data: []byte(galleryPage)},
			"words/en.json":      {Data: []byte(sampleWords)},
			"words/id.json":      {Data: []byte(sampleWords)},
		},
		Nav: &frame.NavItem{Path: "/sample", Word: "sample.nav", Key: 's', Action: access.ActPaymentsRead, Order: 1},
		Routes: []frame.Route{
			{Pattern: "GET /sample", Action: access.ActPaymentsRead, ExportAction: access.ActPaymentsExport, Export: true, Handle: listSample},
			{Pattern: "GET /sample/form", Action: access.ActCaseWork, Handle: showForm},
			{Pattern: "POST /sample/form", Action: access.ActCaseWork, Act: "sample.act", Handle: takeForm},
			{Pattern: "GET /sample/fail/{how}", Action: access.ActPaymentsRead, Handle: failSample},
			{Pattern: "GET /sample/file", Action: access.ActSettlementExport, Handle: downloadSample},
			{Pattern: "GET /sample/gallery", Action: access.ActPaymentsRead, Handle: showGallery},
			{Pattern: "POST /sample/upload", Action: access.ActFileImport, Progress: true, Handle: takeUpload},
			{Pattern: "GET /sample/new", Action: access.ActPaymentsRead, Handle: tellNew},
			{Pattern: "GET /sample/first", Action: access.ActPaymentsRead, Handle: func(c *frame.Call) error { return c.Leave("/sample") }},
			{Pattern: "GET /sample/seen", Action: access.ActPaymentsUnmask, Audited: true, Handle: seeSample},
		},
	}
	for _, change := range alter {
		change(&area)
	}
	return area
}

const sampleWords = `{
  "sample.nav": "Sample", "sample.title": "Samples", "sample.name": "Name", "sample.amount": "Amount",
  "sample.state": "State", "sample.new": "{count} new, show", "sample.wait": "Waiting", "sample.file": "File", "sample.state.good": "Good", "sample.state.bad": "Bad", "sample.day": "Day",
  "sample.done": "Done with {name}.", "sample.gone": "Not possible: {reason}", "sample.none": "None", "sample.send": "Send"
}`

const listPage = `{{define "sample/list"}}{{template "-chips" .Query}}{{template "-export" .Query}}
<div class="scroll" tabindex="0" role="region" aria-labelledby="rows"><table><caption id="rows">{{t "sample.title"}}</caption>
<thead><tr><th scope="col">{{t "sample.name"}}</th><th scope="col" class="num">{{t "sample.amount"}}</th></tr></thead>
<tbody>{{range .Data}}<tr data-row><th scope="row"><a href="{{path "/sample/" .Name}}">{{.Name}}</a></th><td class="num">{{bare .Amount}}</td></tr>
{{end}}</tbody></table></div>{{template "-pager" .Query}}{{end}}`

const formPage = `{{define "sample/form"}}{{template "-errors" .}}<form method="post" action="{{path "/sample/form"}}" id="act">{{.Form}}
{{template "-field" (dict "Name" "name" "Label" (t "sample.name") "Value" .Data "Hint" "" "Dot" $)}}
{{template "-submit" (dict "Text" (t "sample.send"))}}</form>{{with .Secret}}<output data-once>{{.}}</output>{{end}}{{end}}`

// row is a row of the list.
type row struct {
	Name   string
	Amount ledger.Rupiah
}

// rows are all there are.
func rows() []row {
	return []row{{"first", 1000}, {`<script>alert("x")</script>`, -2_500_000}, {"=cmd()", 3}}
}

func sampleQuery(c *frame.Call) (*frame.Query, error) {
	return c.Query(
		frame.Param{Name: "name", Kind: frame.Text, Word: "sample.name"},
		frame.Param{Name: "state", Kind: frame.Choice, Choices: []string{"good", "bad"}, Word: "sample.state", ChoiceWord: "sample.state."},
		frame.Param{Name: "min", Kind: frame.Amount, Word: "sample.amount"},
		frame.Param{Name: "day", Kind: frame.DayOf, Word: "sample.day", Default: "2026-11-22"},
	)
}

// selected are the rows of a query.
func selected(q *frame.Query) []row {
	least, limited := q.Amount("min")
	var found []row
	for _, r := range rows() {
		if (q.Text("name") == "" || q.Text("name") == r.Name) && (!limited || r.Amount >= least) {
			found = append(found, r)
		}
	}
	return found
}

func listSample(c *frame.Call) error {
	q, err := sampleQuery(c)
	if err != nil {
		return err
	}
	return c.List(c.T("sample.title"), frame.List{
		Page: "sample/list", Name: "samples", Query: q,
		Columns: []sheet.Column{{Name: "name"}, {Name: "amount", Kind: sheet.Rupiah}},
		Rows: func(context.Context) iter.Seq2[[]any, error] {
			return func(yield func([]any, error) bool) {
				for _, r := range selected(q) {
					if !yield([]any{r.Name, r.Amount}, nil) {
						return
					}
				}
			}
		},
		View: func(context.Context) (any, error) {
			found := selected(q)
			q.Shown(len(found))
			q.Total(true, len(found))
			q.Next("older-1")
			return found, nil
		},
	})
}

func showForm(c *frame.Call) error {
	return c.Page("sample/form", frame.Page{Title: c.T("sample.title"), Data: ""})
}

func takeForm(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	name := form.Text("name", 20)
	if form.Err() != nil {
		return c.Page("sample/form", frame.Page{Title: c.T("sample.title"), Data: form.Value("name"), Faults: form.Faults()})
	}
	c.Object("sample", name)
	c.Reason("because")
	c.Changed("0", "1")
	switch name {
	case "refused":
		return frame.Refused("sample.gone", "reason", "changed")
	case "secret":
		return c.DoneSecret("/sample/form", "s3cret", "sample.done", "name", name)
	}
	return c.Done("/sample/form", "sample.done", "name", name)
}

func failSample(c *frame.Call) error {
	switch c.R.PathValue("how") {
	case "missing":
		return frame.NotFound("sample.none")
	case "forbidden":
		return frame.Forbidden()
	case "invalid":
		return frame.Invalid("name", "sample.none")
	default:
		return errInner
	}
}

func downloadSample(c *frame.Call) error {
	return c.Download("day.txt", "text/plain; charset=utf-8", func(w io.Writer) error {
		_, err := io.WriteString(w, "whole")
		return err
	})
}

func seeSample(c *frame.Call) error {
	c.Object("payment", "1")
	return c.Page("sample/form", frame.Page{Title: c.T("sample.title"), Data: ""})
}

// errInner must never reach a browser.
var errInner = &http.MaxBytesError{Limit: 4711}

// galleryPage has every part there is.
const galleryPage = `{{define "sample/gallery"}}{{template "-errors" .}}
{{template "-live" (dict "Path" "/sample/new" "Here" "/console/sample" "Every" 5)}}
<p>{{template "-tag" (dict "Kind" "good" "Text" (t "sample.state.good"))}} {{template "-tag" (dict "Kind" "wait" "Text" (t "sample.wait"))}}
{{template "-tag" (dict "Kind" "bad" "Text" (t "sample.state.bad"))}} {{template "-tag" (dict "Kind" "off" "Text" (t "sample.none"))}}</p>
{{template "-facts" .Data.Facts}}{{template "-bars" .Data.Bars}}{{template "-timeline" .Data.Events}}
{{template "-empty" (dict "Text" (t "sample.none"))}}
<div class="scroll" tabindex="0" role="region" aria-labelledby="rows"><table><caption id="rows">{{t "sample.title"}}</caption>
<thead><tr><th scope="col">{{t "sample.name"}}</th><th scope="col" class="num">{{t "sample.amount"}}</th><th scope="col" class="more">{{t "sample.state"}}</th><th scope="col" class="more">{{t "sample.day"}}</th></tr></thead>
<tbody>{{range .Data.Rows}}<tr data-row><th scope="row"><a href="{{path "/sample/first"}}">{{.Name}}</a></th><td class="num">{{bare .Amount}}</td><td class="more" data-label="{{t "sample.state"}}">{{template "-tag" (dict "Kind" "good" "Text" (t "sample.state.good"))}}</td><td class="more" data-label="{{t "sample.day"}}">{{time $.Now}}</td></tr>
{{end}}</tbody></table></div>
<form method="post" action="{{path "/sample/upload"}}" enctype="multipart/form-data" id="upload">{{.Form}}
{{template "-file" (dict "Label" (t "sample.file") "Hint" "" "Dot" $)}}{{template "-submit" (dict "Text" (t "sample.send"))}}</form>
<p data-once class="secret">{{.Data.Once}}</p>{{end}}`

// galleryView is the gallery's.
type galleryView struct {
	Facts  []frame.Fact
	Bars   frame.Bars
	Events []frame.Event
	Rows   []row
	Once   string
}

// hostile is what nobody should have to read.
const hostile = `<script>alert("x")</script>\"'><img src=x onerror=alert(1)> \u202eRTL =cmd()`

func showGallery(c *frame.Call) error {
	bars := frame.Bars{ID: "hours", Caption: hostile, LabelHead: "Hour", ValueHead: "Payments", OutlineHead: "Before"}
	for hour := range 24 {
		bars.Bars = append(bars.Bars, frame.Bar{
			Label: fmt.Sprint(hour), Value: int64(hour * hour), Outline: int64(24 * hour), Text: fmt.Sprint(hour * hour), OutlineText: fmt.Sprint(24 * hour),
		})
	}
	long := strings.Repeat("W", 1000)
	return c.Page("sample/gallery", frame.Page{Title: c.T("sample.title"), Data: galleryView{
		Facts: []frame.Fact{
			{Label: "Code", Value: "1001234567890123", Copy: true}, {Label: "Long", Value: long},
			{Label: hostile, Value: hostile, Copy: true, Link: "/sample/first"}, {Label: "At", At: c.Now()},
		},
		Bars: bars,
		Events: []frame.Event{
			{At: c.Now(), Title: "Paid", Who: hostile, Kind: "good", Wire: hostile + long, Link: "/sample"},
			{At: c.Now(), Title: "Refused", Kind: "bad", Detail: hostile},
		},
		Rows: append(rows(), row{long, 999_999_999_999}), Once: "s3cret",
	}})
}

func takeUpload(c *frame.Call) error {
	file, err := c.Upload()
	if err != nil {
		return err
	}
	size, err := io.Copy(io.Discard, file)
	if err != nil {
		return err
	}
	c.Object("file", file.Name)
	return c.Done("/sample/form", "sample.done", "name", fmt.Sprintf("%s: %d bytes", file.Name, size))
}

func tellNew(c *frame.Call) error {
	return c.JSON(map[string]any{"count": 5, "text": c.T("sample.new", "count", 5)})
}
