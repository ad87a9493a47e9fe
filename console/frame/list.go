package frame

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

// exportFormats are the files that a list can be had as.
func exportFormats() []sheet.Format { return []sheet.Format{sheet.CSV, sheet.XLSX, sheet.JSON} }

// List is a list that is shown as a page or exported as a file.
type List struct {
	// Page is the template.
	Page string
	// Name is the first part of the file's name: "payments".
	Name string
	// Query is what was asked for.
	Query *Query
	// Columns are those of the export.
	Columns []sheet.Column
	// Rows are all rows of the query, for the export.
	Rows func(ctx context.Context) iter.Seq2[[]any, error]
	// View is the page's data.
	View func(ctx context.Context) (data any, err error)
}

// exportAction is what it takes to have a list as a file.
func (r Route) exportAction() access.Action {
	if r.ExportAction != "" {
		return r.ExportAction
	}
	return r.Action
}

// List answers with the page, or with the file that the address asks for by its
// ending.
func (c *Call) List(title string, l List) error {
	if l.Query.format != "" {
		return c.export(title, l)
	}
	data, err := l.View(c.Context())
	if err != nil {
		return err
	}
	return c.Page(l.Page, Page{Title: title, Data: data, Query: l.Query})
}

// export answers with all rows of the query as a file.
func (c *Call) export(title string, l List) error {
	c.exporting = true
	if !c.May(c.route.exportAction()) {
		return Forbidden()
	}
	format := sheet.Format(l.Query.format)
	rows := 0
	counted := func(done int) { rows = done }
	c.entry.Filter = l.Query.Filter()
	return c.Download(l.fileName(c), format.ContentType(), func(w io.Writer) error {
		defer func() { c.entry.Rows = rows }()
		return sheet.Write(c.Context(), format, w, c.frame.TempDir, sheetTitle(title), l.Columns, c.frame.room().Rows(l.Rows(c.Context())), nil, counted)
	})
}

// sheetTitle is a title that a workbook's sheets can have.
func sheetTitle(title string) string {
	title = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\'`, r) {
			return ' '
		}
		return r
	}, title)
	if runes := []rune(title); len(runes) > sheet.MaxTitle {
		title = string(runes[:sheet.MaxTitle])
	}
	return strings.TrimSpace(title)
}

// fileName is page, range and moment: payments_2026-11-21_2026-11-22_20261122-140509.csv.
func (l List) fileName(c *Call) string {
	parts := []string{l.Name}
	for _, p := range l.Query.params {
		if p.Kind == DayOf && l.Query.Day(p.Name) != "" {
			parts = append(parts, string(l.Query.Day(p.Name)))
		}
	}
	parts = append(parts, c.now.In(ledger.WIB).Format("20060102-150405"))
	return strings.Join(parts, "_") + "." + l.Query.format
}

// Download answers with a file, which is made whole and recorded as an export
// before its first byte leaves. One at a time is made for a person, and two for
// all; whoever asks for more is answered 429. Where the disk has no more than the
// ledger's reserve none is made, and the answer is 503.
func (c *Call) Download(name, contentType string, write func(io.Writer) error) error {
	h := c.W.Header()
	if c.R.Method == http.MethodHead {
		h.Set("Content-Type", contentType)
		h.Set("Content-Disposition", disposition(name))
		c.answer(http.StatusOK, nil)
		return nil
	}
	if err := c.frame.room().Check(); err != nil {
		return withoutRoom(err)
	}
	made, sent, err := c.frame.turns.take(c.Context(), c.person.ID)
	if err != nil {
		return err
	}
	defer sent()
	c.Patient()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", disposition(name))
	// Made whole first: a file that breaks off is worse than a page that says why
	// there is none, and only a whole one can be recorded with its rows.
	file, err := c.spool(write, made)
	if err != nil {
		h.Del("Content-Disposition")
		return fmt.Errorf("make %s: %w", name, withoutRoom(err))
	}
	defer file.discard()
	if err := c.recordAs(http.StatusOK); err != nil {
		h.Del("Content-Disposition")
		c.recorded = true
		return err
	}
	return c.send(file)
}
