package ledger

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rowsOf are payments that are known by their numbers.
func rowsOf(seqs ...uint64) []PaymentRow {
	rows := []PaymentRow{}
	for _, seq := range seqs {
		rows = append(rows, PaymentRow{Seq: seq})
	}
	return rows
}

func TestTriesOfAText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                     "",
		" \t ":                                 "",
		"8121 2345-6789.0123":                  "code id order ref receipt store merchant",
		"8121\u00a02345":                       "code id order ref receipt store merchant",
		"12":                                   "code id order ref receipt case store merchant",
		"#12":                                  "id order ref receipt case store merchant",
		"# 12":                                 "id order ref receipt store merchant",
		"TA01":                                 "id order ref receipt store merchant",
		"-.-":                                  "id order ref receipt store merchant",
		strings.Repeat("1", MaxCodeLength):     "code id order ref receipt store merchant",
		strings.Repeat("1", MaxCodeLength+1):   "id order ref receipt store merchant",
		"b1946ac9-2492-4d23-a1d5-6bd0c8d5c3ab": "id order ref receipt store merchant",
	} {
		var keys []string
		for _, try := range triesOf(text) {
			keys = append(keys, string(try.key))
		}
		require.Equal(t, want, strings.Join(keys, " "), "%q", text)
	}
	require.Equal(t, try{KeyCode, "8121234567890123"}, triesOf(" 8121 2345-6789.0123 ")[0])
	require.Equal(t, try{KeyID, "a b"}, triesOf(" a b ")[0])
	require.Equal(t, try{KeyCase, "12"}, triesOf("#12")[4])
}

func TestQueryNamesTheKeysOfTheIndex(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for name, c := range map[string]struct {
		q      PaymentQuery
		number uint64
		want   []SearchKey
	}{
		"nothing":  {PaymentQuery{MinAmount: 1, From: time.Unix(1, 0), FromDay: "2026-03-10", State: TxPaid, Late: &no, ReleasedOnly: true}, 0, nil},
		"a charge": {PaymentQuery{Code: "1"}, 7, []SearchKey{{ByCharge, "7"}}},
		"most telling": {
			PaymentQuery{Merchant: "G", Store: "T", Ref: "A", Receipt: "R", Order: "O", State: TxReversed, Late: &yes}, 0,
			[]SearchKey{{ByRef, "A"}, {ByReceipt, "R"}, {ByOrder, "O"}, {ByStore, "T"}, {ByMerchant, "G"}, {ByState, "reversed"}, {ByLate, ""}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys := c.q.keys(c.number)
			require.Equal(t, c.want, keys)
			// Whatever a query is walked by, the payments that it means are listed under.
			row := PaymentRow{Number: 7, Merchant: "G", Store: "T", Ref: "A", Receipt: "R", Order: "O", State: TxReversed, Late: true}
			require.Subset(t, row.Keys(), keys)
		})
	}
}

func TestPagesOfPayments(t *testing.T) {
	t.Parallel()
	at := time.Unix(1, 0)
	for name, c := range map[string]struct {
		q     PaymentQuery
		found PaymentsFound
		want  PaymentPage
	}{
		"nothing":        {PaymentQuery{}, PaymentsFound{Ended: true}, PaymentPage{Rows: rowsOf()}},
		"the only one":   {PaymentQuery{}, PaymentsFound{Rows: rowsOf(9, 8), Ended: true}, PaymentPage{Rows: rowsOf(9, 8)}},
		"the first":      {PaymentQuery{}, PaymentsFound{Rows: rowsOf(9, 8, 7), Reached: 7}, PaymentPage{Rows: rowsOf(9, 8), Older: 8}},
		"one between":    {PaymentQuery{Before: 10}, PaymentsFound{Rows: rowsOf(9, 8, 7)}, PaymentPage{Rows: rowsOf(9, 8), Older: 8, Newer: 9}},
		"the last":       {PaymentQuery{Before: 10}, PaymentsFound{Rows: rowsOf(9), Ended: true}, PaymentPage{Rows: rowsOf(9), Newer: 9}},
		"beyond the end": {PaymentQuery{Before: 10}, PaymentsFound{Ended: true}, PaymentPage{Rows: rowsOf(), Newer: 9}},
		"back":           {PaymentQuery{After: 6}, PaymentsFound{Rows: rowsOf(7, 8, 9)}, PaymentPage{Rows: rowsOf(8, 7), Older: 7, Newer: 8}},
		"back to the first": {
			PaymentQuery{After: 6}, PaymentsFound{Rows: rowsOf(7), Ended: true}, PaymentPage{Rows: rowsOf(7), Older: 7},
		},
		"back beyond the first": {PaymentQuery{After: 6}, PaymentsFound{Ended: true}, PaymentPage{Rows: rowsOf(), Older: 7}},
		"not searched to its end": {
			PaymentQuery{}, PaymentsFound{Rows: rowsOf(9), Reached: 5, ReachedAt: at}, PaymentPage{Rows: rowsOf(9), Older: 5, SearchedTo: at},
		},
		"back, not searched to its end": {
			PaymentQuery{After: 2}, PaymentsFound{Reached: 5, ReachedAt: at}, PaymentPage{Rows: rowsOf(), Older: 3, Newer: 5, SearchedTo: at},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.found.Rows == nil {
				c.found.Rows = rowsOf()
			}
			require.Equal(t, c.want, pageOf(c.q, c.found, 2))
		})
	}
}

func TestTotalsAreGross(t *testing.T) {
	t.Parallel()
	var totals PaymentTotals
	for _, row := range []PaymentRow{
		{Amount: 10, Fee: 1, State: TxPaid}, {Amount: 20, Fee: 2, State: TxReversed}, {Amount: 30, Fee: 3, State: TxTakenBack},
	} {
		totals.Add(row)
	}
	require.Equal(t, PaymentTotals{Count: 3, Amount: 60, Fee: 6, Reversed: 2, ReversedAmount: 50, ReversedFee: 5}, totals)
}

func TestOpenChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		event Event
		ended bool
		want  int
	}{
		"charged":                {Charged{}, false, 1},
		"paid":                   {Paid{}, false, -1},
		"cancelled":              {Cancelled{}, false, -1},
		"expired":                {Expired{}, false, -1},
		"reversed, payable":      {Reversed{}, false, 1},
		"reversed, denied":       {Reversed{Deny: true}, false, 0},
		"recovered":              {Adjusted{Act: ActRecover}, false, -1},
		"recovered after an end": {Adjusted{Act: ActRecover}, true, 0},
		"taken back, payable":    {Adjusted{Act: ActReverse}, false, 1},
		"taken back, denied":     {Adjusted{Act: ActReverse, Deny: true}, false, 0},
		"refunded":               {Adjusted{Act: ActRefund}, false, 0},
		"released":               {Released{}, false, 0},
		"inquired":               {Inquired{}, false, 0},
	} {
		require.Equal(t, c.want, OpenChange(c.event, c.ended), name)
	}
}
