package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/store/boltdb"
)

// tortureKey is what a payment is known by.
type tortureKey struct{ code, ref string }

func (s *tortureSale) id() tortureKey { return tortureKey{s.code, s.ref} }

// tortureBooking is what the journal says of a payment, counted from its
// records alone.
type tortureBooking struct {
	paid, reversed, buried int
	receipt                string
	amount                 ledger.Rupiah
}

func (b tortureBooking) inForce() int { return b.paid - b.reversed }

// readTortureJournal reads the whole journal of a ledger that no process has open.
func readTortureJournal(t *testing.T, dir string) map[tortureKey]tortureBooking {
	t.Helper()
	store, err := boltdb.Open(filepath.Join(dir, "ledger.db"), boltdb.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	bookings := map[tortureKey]tortureBooking{}
	for after := uint64(0); ; {
		records, err := store.Records(context.Background(), after, 5000)
		require.NoError(t, err)
		if len(records) == 0 {
			return bookings
		}
		for _, r := range records {
			countTortureEvent(bookings, r.Event)
		}
		after = records[len(records)-1].Seq
	}
}

func countTortureEvent(bookings map[tortureKey]tortureBooking, event ledger.Event) {
	var id tortureKey
	var b tortureBooking
	switch e := event.(type) {
	case ledger.Paid:
		id = tortureKey{string(e.Code), string(e.Ref)}
		b = bookings[id]
		b.paid++
		b.receipt, b.amount = e.Receipt, e.Amount
	case ledger.Reversed:
		id = tortureKey{string(e.Code), string(e.Ref)}
		b = bookings[id]
		b.reversed++
	case ledger.Buried:
		id = tortureKey{string(e.Code), string(e.Ref)}
		b = bookings[id]
		b.buried++
	default:
		return
	}
	bookings[id] = b
}

// compareTorture holds the journal against what the tills were answered, and
// names every difference. It notes what was booked behind a till's back.
func compareTorture(bookings map[tortureKey]tortureBooking, sales []*tortureSale) []string {
	var differences []string
	known, inForce := map[tortureKey]bool{}, map[string]int{}
	for _, s := range sales {
		known[s.id()] = true
		b := bookings[s.id()]
		if problem := tortureDifference(s, b); problem != "" {
			differences = append(differences, fmt.Sprintf("code %s ref %s (payment %s, reversal %s): %s: journal %+v",
				s.code, s.ref, s.paid, s.reversed, problem, b))
		}
		if inForce[s.code] += b.inForce(); inForce[s.code] > 1 {
			differences = append(differences, "code "+s.code+" is paid twice")
		}
		if s.paid == tortureSilence && b.paid == 1 {
			s.found = b.receipt
		}
	}
	for id := range bookings {
		if !known[id] {
			differences = append(differences, fmt.Sprintf("%+v: no till knows of it", id))
		}
	}
	return differences
}

// tortureDifference says in what a sale is not as its till was told.
func tortureDifference(s *tortureSale, b tortureBooking) string {
	switch {
	case b.paid > 1 || b.reversed > b.paid || b.buried > 1 || b.buried == 1 && b.paid == 1:
		return "booked more than once, or after it was taken back"
	case b.paid == 1 && b.amount != s.amount:
		return "booked with another amount"
	case s.paid == approved && (b.paid != 1 || b.receipt != s.receipt):
		return "LOST: the payment was confirmed"
	case s.inForce() && b.inForce() != 1:
		return "LOST: the payment is not in force"
	case s.reversed == approved && (b.inForce() != 0 || b.reversed+b.buried != 1):
		return "LOST: the reversal was confirmed"
	case s.reversed == "" && b.reversed+b.buried > 0:
		return "reversed, and nobody asked for it"
	case s.paid != approved && s.paid != tortureSilence && b.paid != 0:
		return "booked, and the till was told that it was not"
	default:
		return ""
	}
}

// askTorture asks the restarted server about a sale: it must say again what it
// said before.
func askTorture(t *testing.T, c *client, s *tortureSale) {
	t.Helper()
	if s.reversed == approved {
		answer, err := c.till(message(reqReversal, s.code, s.ref, s.amount))
		require.NoError(t, err)
		require.Equal(t, approved, answer.code(), s)
		answer, err = c.till(message(reqPayment, s.code, s.ref, s.amount))
		require.NoError(t, err)
		require.Equal(t, "94", answer.code(), s)
		return
	}
	if !s.inForce() {
		return
	}
	answer, err := c.till(message(reqPayment, s.code, s.ref, s.amount))
	require.NoError(t, err)
	require.Equal(t, approved, answer.code(), s)
	require.Equal(t, s.receipt, answer.values["ReceiptCode"], s)
	c.key = s.key
	status, err := c.status(s.order)
	require.NoError(t, err)
	require.Contains(t, []string{"settlement", "pending"}, status, s)
}

// settleTorture closes every day and compares the files with the tills' record,
// line by line.
func settleTorture(t *testing.T, dir string, bookings map[tortureKey]tortureBooking, sales []*tortureSale) {
	t.Helper()
	var rows []finance.Settlement
	tortureCommand(t, dir, &rows, "settlement", "list")
	require.NotEmpty(t, rows)
	var lines []string
	var net ledger.Rupiah
	for _, row := range rows {
		var closed finance.Closing
		tortureCommand(t, dir, &closed, "settlement", "close", string(row.BusinessDate), "--early")
		code, file, errText := runCommand("settlement", "export", string(row.BusinessDate), "--data", dir)
		require.Equal(t, exitDone, code, errText)
		lines = append(lines, detailLines(t, file, closed.Settlement)...)
		net += closed.SumNet
	}
	require.ElementsMatch(t, tortureLines(sales, bookings), lines)

	var books finance.TrialBalance
	tortureCommand(t, dir, &books, "trial-balance")
	require.Zero(t, books.Sum)
	receivable := slices.IndexFunc(books.Accounts, func(b ledger.Balance) bool { return b.Account == ledger.IndomaretReceivable })
	require.Equal(t, net, books.Accounts[receivable].Amount)
}

// tortureLine is how a payment stands in a settlement file, as far as tills
// know of it.
func tortureLine(ref, code, amount, status, receipt string) string {
	return strings.Join([]string{ref, code, amount, status, receipt}, "|")
}

// tortureLines are the lines that the tills' record asks for. Of a payment that
// was never answered and then taken back a till can't know whether it was
// booked in between: the journal says it.
func tortureLines(sales []*tortureSale, bookings map[tortureKey]tortureBooking) []string {
	var lines []string
	for _, s := range sales {
		b := bookings[s.id()]
		switch {
		case s.inForce():
			lines = append(lines, tortureLine(s.ref, s.code, s.amount.String(), "PAID", s.receipt))
		case s.paid == approved:
			lines = append(lines, tortureLine(s.ref, s.code, s.amount.String(), "REVERSED", s.receipt))
		case b.paid == 1:
			lines = append(lines, tortureLine(s.ref, s.code, s.amount.String(), "REVERSED", b.receipt))
		}
	}
	return lines
}

// detailLines takes a settlement file apart and holds its totals against the
// day's.
func detailLines(t *testing.T, file string, day finance.Settlement) []string {
	t.Helper()
	var details []string
	for line := range strings.Lines(file) {
		f := strings.Split(strings.TrimSpace(line), "|")
		switch f[0] {
		case "D":
			require.Equal(t, strconv.Itoa(len(details)+1), f[1])
			details = append(details, tortureLine(f[4], f[5], f[7], f[10], f[11]))
		case "T":
			require.Equal(t, []string{
				strconv.Itoa(day.CountPaid), day.SumAmount.String(), strconv.Itoa(day.CountReversed),
			}, f[1:4])
			require.Equal(t, day.SumNet.String(), f[6])
		}
	}
	require.Len(t, details, day.CountPaid+day.CountReversed)
	return details
}

// tortureCommand runs a command that must succeed and reads its JSON.
func tortureCommand(t *testing.T, dir string, result any, args ...string) {
	t.Helper()
	code, out, errText := runCommand(append(args, "--data", dir, "--json")...)
	require.Equal(t, exitDone, code, errText)
	require.NoError(t, json.Unmarshal([]byte(out), result))
}

// The check itself is tried on one of each loss.
func TestTortureSeesEveryLoss(t *testing.T) {
	t.Parallel()
	const receipt, other = "R1", "R2"
	for name, try := range map[string]struct {
		paid, reversed string
		booking        tortureBooking
		says           string
	}{
		"a payment that is gone":            {approved, "", tortureBooking{}, "LOST: the payment was confirmed"},
		"a payment under another receipt":   {approved, "", tortureBooking{paid: 1, receipt: other, amount: 1}, "LOST: the payment was confirmed"},
		"a payment that nobody took back":   {approved, "", tortureBooking{paid: 1, reversed: 1, receipt: receipt, amount: 1}, "LOST: the payment is not in force"},
		"a reversal that is gone":           {approved, approved, tortureBooking{paid: 1, receipt: receipt, amount: 1}, "LOST: the reversal was confirmed"},
		"a tombstone that is gone":          {tortureSilence, approved, tortureBooking{}, "LOST: the reversal was confirmed"},
		"a payment booked twice":            {approved, "", tortureBooking{paid: 2, receipt: receipt, amount: 1}, "more than once"},
		"a payment booked after a reversal": {tortureSilence, approved, tortureBooking{paid: 1, buried: 1, receipt: receipt, amount: 1}, "after it was taken back"},
		"another amount":                    {approved, "", tortureBooking{paid: 1, receipt: receipt, amount: 2}, "another amount"},
		"a refusal that was booked":         {"88", "", tortureBooking{paid: 1, receipt: receipt, amount: 1}, "the till was told that it was not"},
		"a reversal out of nowhere":         {tortureSilence, "", tortureBooking{buried: 1}, "nobody asked for it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &tortureSale{code: "1", ref: "2", amount: 1, paid: try.paid, reversed: try.reversed}
			if s.paid == approved {
				s.receipt = receipt
			}
			found := compareTorture(map[tortureKey]tortureBooking{s.id(): try.booking}, []*tortureSale{s})
			require.NotEmpty(t, found)
			require.Contains(t, found[0], try.says)
		})
	}
	paidTwice := map[tortureKey]tortureBooking{
		{"1", "2"}: {paid: 1, receipt: receipt, amount: 1}, {"1", "3"}: {paid: 1, receipt: other, amount: 1}, {"4", "5"}: {buried: 1},
	}
	sales := []*tortureSale{
		{code: "1", ref: "2", amount: 1, paid: approved, receipt: receipt}, {code: "1", ref: "3", amount: 1, paid: approved, receipt: other},
	}
	require.ElementsMatch(t, []string{"code 1 is paid twice", "{code:4 ref:5}: no till knows of it"}, compareTorture(paidTwice, sales))
}
