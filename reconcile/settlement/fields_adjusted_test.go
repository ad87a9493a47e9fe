package settlement

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"paypoint/ledger"
)

// corrected are a day's lines, one of each kind, and its batch.
func corrected() (ledger.Batch, []ledger.Line) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, ledger.WIB)
	adjusted := func(seq uint64, e ledger.Adjusted) ledger.Line {
		e.Day = "2026-11-23"
		return ledger.Line{
			Seq: seq, At: at.Add(time.Duration(seq) * time.Minute), Adjustment: &e,
			Paid: ledger.Paid{Code: e.Code, Ref: e.Ref, Store: e.Store, Amount: e.Amount, Fee: e.Fee, FeeRemitted: true, Day: e.Day},
		}
	}
	lines := []ledger.Line{
		{Seq: 1, At: at, Paid: ledger.Paid{Code: "17", Ref: "R1", TimeStamp: at, Amount: 50_000, Fee: 2500, FeeRemitted: true, Receipt: "PP1"}},
		adjusted(2, ledger.Adjusted{Act: ledger.ActRecover, Code: "25", Ref: "=R2", Store: "T|2", Amount: 10_000, Fee: 2500, Receipt: "PP2"}),
		adjusted(3, ledger.Adjusted{Act: ledger.ActReverse, Code: "33", Ref: "R3", Amount: -70_000, Fee: -2500}),
		{Seq: 4, At: at, Paid: ledger.Paid{Code: "41", Ref: "R4", TimeStamp: at, Amount: 20_000}, Reversed: true},
		adjusted(5, ledger.Adjusted{Act: ledger.ActWriteOff, Amount: -1}),
	}
	return ledger.Batch{
		Day: "2026-11-23", No: 4, ClosedAt: at.Add(16 * time.Hour), Partner: "PAYPOINT", First: 1, Last: 5,
		Paid: 1, PaidAmount: 50_000, PaidFee: 2500, RemittedFee: 2500, Reversed: 1, ReversedAmount: 20_000,
		Adjustments: 3, Adjusted: 12_500 - 72_500 - 1, PreviousSHA256: strings.Repeat("a", 64),
	}, lines
}

// fill writes the lines and gives their totals.
func fill(t *testing.T, file writer, lines []ledger.Line) Totals {
	t.Helper()
	var totals Totals
	for i, l := range lines {
		totals.add(l)
		require.NoError(t, file.line(i+1, l))
	}
	require.NoError(t, file.finish(totals))
	return totals
}

func TestTextOfAdjustments(t *testing.T) {
	t.Parallel()
	batch, lines := corrected()
	var out bytes.Buffer
	totals := fill(t, newText(&out, batch), lines)
	require.Equal(t, TotalsOf(batch), totals)
	require.Equal(t, Totals{
		Paid: 1, Amount: 50_000, Reversed: 1, ReversedAmount: 20_000, Fee: 2500, Net: 52_500 - 60_001, Adjustments: 3, Adjusted: -60_001,
	}, totals)
	header, rest, _ := strings.Cut(out.String(), "\n")
	details, _, _ := strings.Cut(rest, "T|1|")
	sum := sha256.Sum256([]byte(details))
	require.Equal(t, "H|2|PAYPOINT|2026-11-23|1|2026-11-24 02:00:00|N|4|"+strings.Repeat("a", 64), header)
	require.Equal(t, `D|1|2026-11-23 10:00:00||R1|17||50000|2500|52500|PAID|PP1||N|
D|2|2026-11-23 10:02:00|T%7C2|=R2|25||10000|2500|12500|ADJ|PP2||N|
D|3|2026-11-23 10:03:00||R3|33||-70000|-2500|-72500|ADJ|||N|
D|4|2026-11-23 10:00:00||R4|41||20000|0|20000|REVERSED|||N|
D|5|2026-11-23 10:05:00|||||-1|0|-1|ADJ|||N|
T|1|50000|1|20000|2500|-7501|3|-60001|`+hex.EncodeToString(sum[:])+"\n", rest)
	require.NoError(t, VerifyChain(strings.NewReader(out.String())))
}

// Hashes of days that were closed before there were adjustments have been
// recorded over these bytes.
func TestTextWithoutAdjustmentsKeepsItsLayout(t *testing.T) {
	t.Parallel()
	batch, lines := corrected()
	batch.Adjustments, batch.Adjusted = 0, 0
	var out bytes.Buffer
	fill(t, newText(&out, batch), []ledger.Line{lines[0], lines[3]})
	rows := strings.Split(out.String(), "\n")
	require.True(t, strings.HasPrefix(rows[0], "H|1|"), rows[0])
	require.True(t, strings.HasPrefix(rows[3], "T|1|50000|1|20000|2500|52500|"), rows[3])
	require.Equal(t, 7, strings.Count(rows[3], "|"))
}

func TestTableAndWorkbookOfAdjustments(t *testing.T) {
	t.Parallel()
	batch, lines := corrected()
	var table, packed bytes.Buffer
	fill(t, newTable(&table), lines)
	rows, err := csv.NewReader(&table).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"2", "2026-11-23 10:02:00", "T%7C2", "'=R2", "25", "", "10000", "2500", "12500", "ADJ", "PP2", "", "N", ""}, rows[2])
	require.Equal(t, []string{"-70000", "-2500", "-72500", "ADJ"}, rows[3][6:10], "a number is no formula")

	book, err := newWorkbook(&packed, batch, t.TempDir(), 0)
	require.NoError(t, err)
	defer book.Discard()
	fill(t, book, lines)
	opened, err := excelize.OpenReader(&packed)
	require.NoError(t, err)
	defer func() { require.NoError(t, opened.Close()) }()
	shown, err := opened.GetRows("Payments")
	require.NoError(t, err)
	require.Equal(t, []string{"3", "2026-11-23 10:03:00", "", "R3", "33", "", "-70,000", "-2,500", "-72,500", "ADJ", "", "", "N"}, shown[3])
	kind, err := opened.GetCellType("Payments", "I4")
	require.NoError(t, err)
	require.Equal(t, excelize.CellTypeUnset, kind, "a number has no type attribute")
	summary, err := opened.GetRows("Summary")
	require.NoError(t, err)
	require.Equal(t, [][]string{{"sum_net", "-7,501"}, {"count_adjusted", "3"}, {"sum_adjusted", "-60,001"}}, summary[10:13])
}
