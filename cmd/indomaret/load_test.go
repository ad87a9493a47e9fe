package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sellMany makes n codes payable and returns their list, with amounts.
func sellMany(p *partner, n int) string {
	var list strings.Builder
	list.WriteString("# code amount\n\n")
	for i := range n {
		code := fmt.Sprintf("%08d", i)
		p.sell(code, testCharge{amount: 1000 + int64(i)})
		fmt.Fprintf(&list, "%s %d\n", code, 1000+i)
	}
	return list.String()
}

// parseReport reads what load printed with --json.
func parseReport(t *testing.T, text string) loadReport {
	t.Helper()
	var r loadReport
	require.NoError(t, json.Unmarshal([]byte(text), &r))
	return r
}

func TestLoad(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"each", "group"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			c := setup(t)
			list := sellMany(c.partner, 200)
			got := c.runWith(t, list, "load", "--codes", "-", "--clients", "8", "--reversals", "25", "--journal-sync", mode, "--json")
			require.Equal(t, exitApproved, got.code, got.err)
			r := parseReport(t, got.out)
			require.Equal(t, int64(200), r.Paid)
			require.Equal(t, int64(50), r.Reversed)
			require.Equal(t, int64(200*1000+199*100), r.PaidSum)
			require.Equal(t, map[string]int{"00": 200}, r.Operations[inquiry].Results)
			require.Equal(t, map[string]int{"00": 200}, r.Operations[payment].Results)
			require.Equal(t, map[string]int{"00": 50}, r.Operations[reversal].Results)
			require.Equal(t, uint64(2*(200+200+50)), r.JournalRecord)
			requireSameBooks(t, c)
		})
	}
}

// requireSameBooks holds the till's journal against the partner's books, code by
// code.
func requireSameBooks(t *testing.T, c *counter) {
	t.Helper()
	paid := make(map[string]string)
	for _, p := range c.book(t).payments {
		if p.status() == statusPaid {
			require.Empty(t, paid[p.PaymentCode], "a code is paid once")
			paid[p.PaymentCode] = p.TrackingRef
		}
	}
	for code := range c.partner.charges {
		require.Equal(t, c.partner.paidBy(code), paid[code], "code %s", code)
	}
}

func TestLoadThroughMishapsAgreesWithThePartner(t *testing.T) {
	t.Parallel()
	c := setup(t)
	list := sellMany(c.partner, 100)
	c.partner.fail(inquiry, none, dropBefore, fault)
	c.partner.fail(payment, none, dropBefore, dropAfter, wrongEcho, unavailable, none, code99)
	c.partner.fail(reversal, none, dropAfter, none, dropBefore)
	got := c.runWith(t, list, quick("load", "--codes", "-", "--clients", "4", "--reversals", "10", "--json")...)
	require.Equal(t, exitNoAnswer, got.code, got.err)
	r := parseReport(t, got.out)
	require.Equal(t, 2, r.Operations[inquiry].Results["no answer"])
	require.Equal(t, 5, r.Operations[payment].Results["no answer"])
	require.Equal(t, int64(93), r.Paid)
	requireSameBooks(t, c)
}

func TestLoadKeepsTheRateAndStopsInTime(t *testing.T) {
	t.Parallel()
	c := setup(t)
	list := sellMany(c.partner, 1000)
	file := filepath.Join(c.folder, "codes.txt")
	require.NoError(t, os.WriteFile(file, []byte(list), 0o600))
	got := c.run(t, "load", "--codes", file, "--rate", "100", "--duration", "500ms", "--clients", "4", "--skip-inquiry")
	require.Equal(t, exitApproved, got.code, got.err)
	require.Contains(t, got.out, "asked for 100 sales per second; the latest began")
	require.NotContains(t, got.out, "inquiry")
	// 50 are due within half a second; a slow machine may not begin all of them,
	// none may begin early.
	require.LessOrEqual(t, c.partner.bookings(), 51)
	require.Positive(t, c.partner.bookings())
	requireSameBooks(t, c)
}

func TestLoadShowsRefusals(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.partner.sell("1", testCharge{amount: 1000})
	got := c.runWith(t, "1\n1\n404 5\n", "load", "--codes", "-", "--clients", "1")
	require.Equal(t, exitRefused, got.code)
	require.Contains(t, got.out, "3 sales in ")
	require.Contains(t, got.out, "1 paid (Rp 1.000), 0 reversed (Rp 0), 2 refusals, 0 without answer")
	require.Contains(t, got.out, "inquiry  00: 1, 14: 1, 88: 1\n")
	require.Contains(t, got.out, "payment  00: 1\n")
}

func TestAnInterruptEndsALoadButNotTheSalesThatHaveBegun(t *testing.T) {
	t.Parallel()
	c := setup(t)
	list := sellMany(c.partner, 50)
	ctx, interrupt := context.WithCancelCause(context.Background())
	var out, errs bytes.Buffer
	d := &desk{
		in: strings.NewReader(list), out: &out, err: &errs, progress: progressLine{to: &errs, live: true},
		// The clock is asked when a sale begins: the interrupt comes in the midst
		// of the first.
		now: func() time.Time { interrupt(fmt.Errorf("signal")); return testNow },
	}
	code := run(ctx, []string{"load", "--codes", "-", "--clients", "1", "--url", c.partner.url, "--journal", c.journal, "--json"}, d)
	require.Equal(t, exitApproved, code, errs.String())
	require.Equal(t, int64(1), parseReport(t, out.String()).Paid)
	require.Equal(t, 1, c.partner.bookings())
	requireSameBooks(t, c)
}

func TestALoadStopsWhenTheJournalFails(t *testing.T) {
	t.Parallel()
	c := setup(t)
	sellMany(c.partner, 3)
	j := openFor(t, c.journal, syncEach)
	require.NoError(t, j.file.Close())
	signer, err := newSigner(schemeNone, "", "")
	require.NoError(t, err)
	broken := &till{
		url: c.partner.url, http: newHTTPClient(2), timeout: time.Second, signer: signer, store: "S",
		ids: newIdentities(), now: time.Now, journal: j,
	}
	l := newLoadRun(broken, &loadCmd{Clients: 2}, []codeLine{{code: "1"}, {code: "2"}, {code: "3"}})
	require.ErrorContains(t, l.drive(context.Background(), progressLine{to: &bytes.Buffer{}}), "journal inquiry of")
	require.Empty(t, c.partner.messages(), "nothing is sent that is not journaled")
}

func TestReadCodes(t *testing.T) {
	t.Parallel()
	got, err := readCodes(strings.NewReader("# list\n\n 0123 50000.00 \nA1\n"), false)
	require.NoError(t, err)
	require.Equal(t, []codeLine{{"0123", 50000}, {"A1", 0}}, got)
	for name, c := range map[string]struct{ list, want string }{
		"empty":     {"# nothing\n", "no codes"},
		"alphabet":  {"1 5\n12-3 5\n", `line 2: code "12-3": character 3: must be a letter or a digit`},
		"too long":  {"123456789012345678901 5", "line 1: code"},
		"amount":    {"1 5,0", `line 1: amount "5,0"`},
		"fields":    {"1 5 x", "line 1: 3 fields"},
		"no amount": {"1 5\n2", "line 2: code 2: needs its amount"},
		"long line": {"1 5\n" + strings.Repeat("9", 2*maxCodeLine), "line 2: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readCodes(strings.NewReader(c.list), true)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	upTo := func(n int) []time.Duration {
		var list []time.Duration
		for i := 1; i <= n; i++ {
			list = append(list, time.Duration(i))
		}
		return list
	}
	for _, c := range []struct {
		n    int
		p    float64
		want time.Duration
	}{
		{0, 50, 0}, {1, 50, 1}, {1, 99.9, 1}, {2, 50, 1}, {2, 50.001, 2}, {4, 50, 2}, {5, 50, 3}, {10, 90, 9}, {10, 99, 10},
		{100, 99, 99}, {100, 99.9, 100}, {1000, 99.9, 999}, {1001, 99.9, 1000}, {1000, 100, 1000}, {1000, 0, 1},
	} {
		require.Equal(t, c.want, percentile(upTo(c.n), c.p), "p%g of %d", c.p, c.n)
	}
}

func TestEveryPercentSpreadsEvenly(t *testing.T) {
	t.Parallel()
	for percent := range 101 {
		hits := 0
		for number := int64(1); number <= 300; number++ {
			if everyPercent(number, percent) {
				hits++
			}
			if number%100 == 0 {
				require.Equal(t, percent*int(number)/100, hits)
			}
		}
	}
}

func TestProgressLine(t *testing.T) {
	t.Parallel()
	var live, plain bytes.Buffer
	progressLine{to: &live, live: true}.show("one")
	progressLine{to: &live, live: true}.show("")
	require.Equal(t, "\r\x1b[Kone\r\x1b[K", live.String())
	progressLine{to: &plain}.show("one")
	require.Equal(t, "one\n", plain.String())
}
