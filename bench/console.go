package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"golang.org/x/net/html"

	"paypoint/access"
)

// Of the part console.
const (
	// pageLimit is what any page is held to, and searchLimit what finding a payment
	// by any of its keys is.
	pageLimit = 100 * time.Millisecond
	// maxPage is the largest page read, in bytes.
	maxPage = 8 << 20
	// indexWait is how long the first page may wait for the index, which is built from
	// the journal at the first start.
	indexWait  = 30 * time.Minute
	signInPath = "/console/sign-in"
)

// pageTimes are how long a page took, and how long what it is compared with: the
// same server's /healthz, asked in turns with it, and the sqlite3 shell's answer to
// the same question, where there is one.
type pageTimes struct {
	Name    string  `json:"page"`
	P50     float64 `json:"p50_ms"`
	P95     float64 `json:"p95_ms"`
	Bytes   int     `json:"bytes"`
	Health  float64 `json:"healthz_p50_ms"`
	Ratio   float64 `json:"times_healthz"`
	Shell   float64 `json:"sqlite3_p50_ms,omitempty"`
	OfShell float64 `json:"of_sqlite3,omitempty"`
	Held    bool    `json:"held"`
}

// askedPage is a page of the console; sql asks the shell the same, or is empty.
type askedPage struct{ name, path, sql string }

// consolePages are the pages of which finance staff live, and a search by each key
// of one payment.
func consolePages(one sold) []askedPage {
	day := one.at.In(wib).Format(time.DateOnly)
	month := one.at.In(wib).AddDate(0, 0, -soldDays/2).Format(time.DateOnly)
	rows := "SELECT * FROM payments WHERE "
	last := " ORDER BY seq DESC LIMIT 51;"
	of := func(values ...string) string {
		query := url.Values{"from": {month}, "to": {day}}
		for i := 0; i+1 < len(values); i += 2 {
			query.Set(values[i], values[i+1])
		}
		return "/console/payments?" + query.Encode()
	}
	search := func(text string) string { return "/console/search?" + url.Values{"q": {text}}.Encode() }
	amount := fmt.Sprint(one.amount)
	return []askedPage{
		{"today", "/console/today", ""},
		{"payments, today's", "/console/payments", ""},
		{"payments of half a month", of(), rows + "day BETWEEN '" + month + "' AND '" + day + "'" + last},
		{"payments of a store", of("store", one.store), rows + "store = '" + one.store + "'" + last},
		{"payments of a merchant", of("merchant", one.merchant), rows + "merchant = '" + one.merchant + "'" + last},
		{"payments of an amount", of("min", amount, "max", amount), rows + "amount = " + amount + last},
		{"payments reversed", of("state", "reversed"), rows + "reversed = 1" + last},
		{"search by code", search(one.code), rows + "code = '" + one.code + "';"},
		{"search by TrackingRef", search(one.ref), rows + "ref = '" + one.ref + "';"},
		{"search by order id", search(one.order), rows + "order_id = '" + one.order + "';"},
		{"search by transaction id", search(one.id), rows + "id = '" + one.id + "';"},
		{"search by receipt", search(one.receipt), rows + "receipt = '" + one.receipt + "';"},
		{"search by store", search(one.store), rows + "store = '" + one.store + "'" + last},
		{"search by nothing known", search("nothing-has-this"), ""},
		{"one payment", "/console/payments/" + one.id, rows + "id = '" + one.id + "';"},
		{"settlements", "/console/settlements", ""},
		{"one day", "/console/settlements/" + day, ""},
		{"reconciliation", "/console/reconciliation", ""},
		{"cases", "/console/cases", ""},
		{"merchants", "/console/merchants", ""},
		{"stores", "/console/stores", "SELECT store, count(*), sum(amount), sum(reversed) FROM payments WHERE day = '" + day + "' GROUP BY store ORDER BY 2 DESC;"},
		{"notifications", "/console/notifications", ""},
	}
}

// showConsole measures the part console, and prints it.
func (o options) showConsole(ctx context.Context, dir string) error {
	binary, err := filepath.Abs(o.Paypoint)
	if err != nil {
		return fmt.Errorf("find the binary: %w", err)
	}
	times, err := o.consoleBench(ctx, binary, dir)
	if err != nil {
		return err
	}
	return writePages(os.Stdout, o.Sold, times, o.JSON)
}

// consoleBench measures the pages of the console over a ledger of many payments.
func (o options) consoleBench(ctx context.Context, binary, dir string) (times []pageTimes, err error) {
	data := filepath.Join(dir, "console")
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	shell, err := newShell(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, shell.close()) }()
	fmt.Fprintf(os.Stderr, "making a ledger of %s payments\n", grouped(o.Sold))
	var one sold
	told := 0
	err = sell(ctx, data, o.Sold, time.Now(), func(s sold) error {
		if told++; told == max(o.Sold/2, 1) {
			one = s
		}
		return shell.add(s)
	})
	if err == nil {
		err = shell.index()
	}
	if err != nil {
		return nil, fmt.Errorf("console: make the ledger: %w", err)
	}
	s, err := serving(binary, "bolt:")(ctx, data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	v := &visitor{base: "http://" + s.addr}
	if err := v.signIn(ctx, access.SandboxFinance, access.SandboxPassword); err != nil {
		return nil, fmt.Errorf("console: sign in: %w", err)
	}
	return o.timePages(ctx, v, shell, consolePages(one))
}

// timePages asks for each page in turns with what it is compared with.
func (o options) timePages(ctx context.Context, v *visitor, shell *sqliteShell, pages []askedPage) ([]pageTimes, error) {
	var all []pageTimes
	for _, page := range pages {
		t := pageTimes{Name: page.name}
		var took, health, asked []time.Duration
		// The first of them finds what the others find in memory: it does not count.
		for round := range o.Looks + 1 {
			d, size, err := v.get(ctx, page.path)
			if err != nil {
				return nil, fmt.Errorf("console: %s: %w", page.name, err)
			}
			h, _, err := v.get(ctx, "/healthz")
			if err != nil {
				return nil, fmt.Errorf("console: /healthz: %w", err)
			}
			q, err := shell.ask(page.sql)
			if err != nil {
				return nil, fmt.Errorf("console: %s: sqlite3: %w", page.name, err)
			}
			if t.Bytes = size; round > 0 {
				took, health, asked = append(took, d), append(health, h), append(asked, q)
			}
		}
		all = append(all, t.of(took, health, asked))
	}
	return all, nil
}

// of takes the percentiles.
func (t pageTimes) of(took, health, asked []time.Duration) pageTimes {
	for _, times := range [][]time.Duration{took, health, asked} {
		slices.Sort(times)
	}
	p95 := percentile(took, 0.95)
	t.P50, t.P95 = milliseconds(percentile(took, 0.5)), milliseconds(p95)
	t.Health, t.Shell = milliseconds(percentile(health, 0.5)), milliseconds(percentile(asked, 0.5))
	t.Ratio, t.Held = t.P50/t.Health, p95 <= pageLimit
	if t.Shell > 0 {
		t.OfShell = t.P50 / t.Shell
	}
	return t
}

// visitor is a browser that is signed in.
type visitor struct {
	base   string
	client *http.Client
}

// get asks for a page, all of it.
func (v *visitor) get(ctx context.Context, path string) (time.Duration, int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+path, nil)
	if err != nil {
		return 0, 0, fmt.Errorf("ask for %s: %w", path, err)
	}
	began := time.Now()
	text, status, err := v.do(request)
	took := time.Since(began)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("ask for %s: answered %d: %.300s", path, status, text)
	}
	return took, len(text), err
}

func (v *visitor) do(request *http.Request) ([]byte, int, error) {
	response, err := v.client.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxPage))
	return text, response.StatusCode, err
}

// signIn fills in the form of the sign-in page, with what is hidden in it.
func (v *visitor) signIn(ctx context.Context, person, password string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	v.client = &http.Client{Jar: jar, Timeout: indexWait}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+signInPath, nil)
	if err != nil {
		return err
	}
	text, _, err := v.do(request)
	if err != nil {
		return err
	}
	form, err := hiddenFields(text)
	if err != nil {
		return err
	}
	form.Set("person", person)
	form.Set("password", password)
	request, err = http.NewRequestWithContext(ctx, http.MethodPost, v.base+signInPath, bytes.NewBufferString(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", v.base)
	text, status, err := v.do(request)
	if err == nil && (status != http.StatusOK || bytes.Contains(text, []byte(`name="password"`))) {
		err = fmt.Errorf("answered %d: %.300s", status, text)
	}
	return err
}

// hiddenFields are the hidden inputs of a page.
func hiddenFields(page []byte) (url.Values, error) {
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil, fmt.Errorf("read the form: %w", err)
	}
	form := url.Values{}
	for node := range root.Descendants() {
		attributes := map[string]string{}
		for _, a := range node.Attr {
			attributes[a.Key] = a.Val
		}
		if node.Data == "input" && attributes["type"] == "hidden" {
			form.Set(attributes["name"], attributes["value"])
		}
	}
	return form, nil
}

// writePages prints the part console: a table for people, or JSON.
func writePages(to io.Writer, payments int, times []pageTimes, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(to)
		encoder.SetIndent("", "  ")
		return encoder.Encode(map[string]any{"payments": payments, "pages": times})
	}
	fmt.Fprintf(to, "Pages of the console over %s payments, one after the other; times in ms. healthz: the same server's plain answer; sqlite3: its shell's, of the same rows with an index by each key.\n\n", grouped(payments))
	out := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "page\tp50\tp95\tbytes\thealthz\ttimes healthz\tsqlite3\tof sqlite3\twithin 100 ms\t")
	for _, t := range times {
		peer := "\t"
		if t.Shell > 0 {
			peer = fmt.Sprintf("%.2f\t%.2f", t.Shell, t.OfShell)
		}
		fmt.Fprintf(out, "%s\t%.2f\t%.2f\t%s\t%.2f\t%.1f\t%s\t%s\t\n", t.Name, t.P50, t.P95, grouped(t.Bytes), t.Health, t.Ratio, peer, held(t.Held))
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("print pages: %w", err)
	}
	return nil
}
