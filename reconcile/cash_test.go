package reconcile_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/sheet"
	"paypoint/store/memory"
)

// wages are batches of friday to monday that come to 101,500, 0, 51,500 and 31,500.
func wages(t *testing.T) *books {
	t.Helper()
	b := openBooks(t)
	b.sell(baker, 100_000)
	b.close(friday, saturday)
	b.sell(cobbler, 50_000)
	b.close(sunday)
	b.sell(baker, 30_000)
	b.close(monday)
	return b
}

// transfer records one of Indomaret's.
func (b *books) transfer(reference string, on ledger.Day, amount ledger.Rupiah) {
	b.Helper()
	_, err := b.ledger.RecordTransfer(b.Context(), ledger.Transfer{Reference: reference, On: on, Amount: amount, By: "ani"})
	require.NoError(b, err)
}

const tuesday ledger.Day = "2026-11-24"

func TestDaysThatATransferSeemsToPay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		amount ledger.Rupiah
		on     ledger.Day
		paid   []ledger.Day // by another transfer
		want   []ledger.Day
	}{
		"one batch":            {101_500, tuesday, nil, []ledger.Day{friday}},
		"a later one":          {51_500, tuesday, nil, []ledger.Day{sunday}},
		"a run over a zero":    {153_000, tuesday, nil, []ledger.Day{friday, sunday}},
		"all":                  {184_500, tuesday, nil, []ledger.Day{friday, sunday, monday}},
		"over one that's paid": {133_000, tuesday, []ledger.Day{sunday}, []ledger.Day{friday, monday}},
		"paid already":         {101_500, tuesday, []ledger.Day{friday}, nil},
		"with a gap":           {133_000, tuesday, nil, nil},
		"a rupiah less":        {101_499, tuesday, nil, nil},
		"before the batch":     {31_500, sunday, nil, nil},
		"taken back":           {-101_500, tuesday, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := wages(t)
			if c.paid != nil {
				b.transfer("OTHER", tuesday, 1)
				_, err := b.ledger.MatchTransfer(t.Context(), "OTHER", c.paid, "ani")
				require.NoError(t, err)
			}
			b.transfer("T1", c.on, c.amount)
			days, err := b.finance.SuggestDays(t.Context(), "T1")
			require.NoError(t, err)
			require.Equal(t, c.want, days)
		})
	}
}

func TestASuggestionIsTheOldestRun(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	for _, day := range []ledger.Day{friday, saturday, sunday, monday} {
		b.sell(baker, 10_000)
		b.close(day)
	}
	b.transfer("T1", tuesday, 23_000)
	days, err := b.finance.SuggestDays(t.Context(), "T1")
	require.NoError(t, err)
	require.Equal(t, []ledger.Day{friday, saturday}, days)
	_, err = b.ledger.MatchTransfer(t.Context(), "T1", days, "ani")
	require.NoError(t, err)
	again, err := b.finance.SuggestDays(t.Context(), "T1")
	require.NoError(t, err)
	require.Equal(t, days, again, "its own batches are no other's")
	b.transfer("T2", tuesday, 23_000)
	days, err = b.finance.SuggestDays(t.Context(), "T2")
	require.NoError(t, err)
	require.Equal(t, []ledger.Day{sunday, monday}, days)
	_, err = b.finance.SuggestDays(t.Context(), "T3")
	require.ErrorIs(t, err, ledger.ErrNotFound)
}

func TestReceivablesSayWhatIsUnpaid(t *testing.T) {
	t.Parallel()
	b := wages(t)
	b.sell(baker, 1000) // of a day that is open
	b.transfer("T1", tuesday, 101_500)
	_, err := b.ledger.MatchTransfer(t.Context(), "T1", []ledger.Day{friday}, "ani")
	require.NoError(t, err)
	all, err := b.finance.Receivables(t.Context(), "", 100)
	require.NoError(t, err)
	want := []reconcile.Receivable{
		{Day: friday, No: 1, Amount: 100_000, Fee: 1500, Net: 101_500, Transfer: "T1"},
		{Day: saturday, No: 2},
		{Day: sunday, No: 3, Amount: 50_000, Fee: 1500, Net: 51_500, Unpaid: 51_500},
		{Day: monday, No: 4, Amount: 30_000, Fee: 1500, Net: 31_500, Unpaid: 31_500},
	}
	require.Equal(t, want, all)
	some, err := b.finance.Receivables(t.Context(), saturday, 2)
	require.NoError(t, err)
	require.Equal(t, want[1:3], some)
}

func TestThePositionOfAnyDay(t *testing.T) {
	t.Parallel()
	b := wages(t)
	b.transfer("T1", tuesday, 101_500)
	b.state(monday, baker)
	_, err := b.ledger.RecordPayout(t.Context(), ledger.Payout{Reference: "P1", Merchant: baker, No: 1, Amount: 20_000, On: tuesday, By: "ani"})
	require.NoError(t, err)
	lost := b.charge(dyer, 5000)
	_, err = b.adjust(b.missingHere(lost, monday), ledger.ActRefund, 5000)
	require.NoError(t, err)
	closed, err := b.ledger.Statement(t.Context(), baker, 1)
	require.NoError(t, err)

	for _, c := range []struct {
		day       ledger.Day
		indomaret ledger.Rupiah
		merchants []reconcile.Owed
		bank      ledger.Rupiah
		refunds   ledger.Rupiah
	}{
		{thursday, 0, []reconcile.Owed{}, 0, 0},
		{friday, 101_500, []reconcile.Owed{{baker, 100_000}}, 0, 0},
		{saturday, 101_500, []reconcile.Owed{{baker, 100_000}}, 0, 0},
		{sunday, 153_000, []reconcile.Owed{{baker, 100_000}, {cobbler, 50_000}}, 0, 0},
		{monday, 184_500, []reconcile.Owed{{baker, 130_000}, {cobbler, 50_000}}, 0, 0},
		{tuesday, 88_000, []reconcile.Owed{{baker, closed.NetPayable - 20_000}, {cobbler, 50_000}}, 81_500, 5000},
		{"", 88_000, []reconcile.Owed{{baker, closed.NetPayable - 20_000}, {cobbler, 50_000}}, 81_500, 5000},
	} {
		p, err := b.finance.Position(t.Context(), c.day)
		require.NoError(t, err)
		require.Equal(t, c.indomaret, p.Indomaret, c.day)
		require.Equal(t, c.merchants, p.Merchants, c.day)
		require.Equal(t, c.bank, p.Bank, c.day)
		require.Equal(t, c.refunds, p.Refunds, c.day)
		require.Zero(t, p.Sum, c.day)
		var owed ledger.Rupiah
		for _, m := range c.merchants {
			owed += m.Amount
		}
		require.Equal(t, owed, p.Owed, c.day)
	}
	_, err = b.finance.Position(t.Context(), "today")
	require.ErrorContains(t, err, `"today" is not a day`)
}

// importOf imports a file's text.
func (b *books) importOf(text string) (reconcile.TransfersImported, error) {
	return b.finance.ImportTransfers(b.Context(), strings.NewReader(text), "ani")
}

// recorded lists the transfers of the ledger.
func (b *books) recorded() []ledger.Transfer {
	b.Helper()
	all, next, err := b.ledger.Transfers(b.Context(), "", 1000)
	require.NoError(b, err)
	require.Empty(b, next)
	return all
}

func TestTransfersAreImportedOnce(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain.csv", "windows.csv", "semicolons.csv"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("testdata", "transfers", name))
			require.NoError(t, err)
			b := openBooks(t)
			b.now = moment(t, "2026-11-25", "10:00:00")
			done, err := b.finance.ImportTransfers(t.Context(), bytes.NewReader(text), "ani")
			require.NoError(t, err)
			require.Equal(t, 3, done.Rows)
			require.Equal(t, 3, done.New)
			all := b.recorded()
			require.Len(t, all, 3)
			require.Equal(t, "BCA-1", all[0].Reference)
			require.Equal(t, ledger.Day("2026-11-23"), all[0].On)
			require.Equal(t, ledger.Rupiah(1_500_000), all[0].Amount)
			require.Equal(t, `settlement 20, "final"`, all[0].Note)
			require.Equal(t, "ani", all[0].By)
			require.Equal(t, ledger.Rupiah(-20_000), all[1].Amount)
			require.Equal(t, ledger.MaxBankAmount, all[2].Amount)

			done, err = b.finance.ImportTransfers(t.Context(), bytes.NewReader(text), "budi")
			require.NoError(t, err)
			require.Equal(t, 3, done.Rows)
			require.Zero(t, done.New)
			require.Equal(t, all, b.recorded())
			require.Equal(t, "BCA-1", done.Transfers[0].Reference)
			require.Len(t, done.Transfers, 3)
		})
	}
}

// TestOneOfTwoPersonsImportsATransferAnew: each line is new to one of those who import
// the same file at once.
func TestOneOfTwoPersonsImportsATransferAnew(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.now = moment(t, "2026-11-25", "10:00:00")
	var file strings.Builder
	file.WriteString(transferHead)
	for i := range 50 {
		fmt.Fprintf(&file, "BCA-%d,2026-11-23,1500,\n", i)
	}
	outcomes := make(chan int, 4)
	for i := range cap(outcomes) {
		go func() {
			done, err := b.finance.ImportTransfers(t.Context(), strings.NewReader(file.String()), fmt.Sprintf("person-%d", i))
			if err != nil {
				outcomes <- -1
				return
			}
			outcomes <- done.New
		}()
	}
	var told []int
	for range cap(outcomes) {
		told = append(told, <-outcomes)
	}
	require.ElementsMatch(t, []int{50, 0, 0, 0}, told)
	require.Len(t, b.recorded(), 50)
}

const transferHead = "reference,on,amount,note\n"

func TestBadFilesOfTransfers(t *testing.T) {
	t.Parallel()
	good := "BCA-1,2026-11-23,1500,\n"
	row := func(amount string) string { return transferHead + good + "BCA-2,2026-11-23," + amount + ",\n" }
	for name, c := range map[string]struct {
		text   string
		line   int
		column string
		shown  string
		want   string
	}{
		"empty":                 {"", 1, "", "", "the header row has to be reference,on,amount,note"},
		"no header":             {good, 1, "", "BCA-1,2026-11-23,1500,", "the header row has to be"},
		"another order":         {"on,reference,amount,note\n", 1, "", "on,reference,amount,note", "the header row has to be"},
		"both separators":       {"reference;on,amount;note\n", 1, "", "reference;on,amount;note", "the header row has to be"},
		"semicolons, then not":  {"reference;on;amount;note\n" + good, 2, "", "BCA-1,2026-11-23,1500,", "1 values, want 4"},
		"three values":          {transferHead + good + "BCA-2,2026-11-23,1500\n", 3, "", "BCA-2,2026-11-23,1500", "3 values, want 4"},
		"thousands dot":         {row("1.500"), 3, "amount", "1.500", "thousands separator"},
		"two thousands dots":    {row("1.500.000"), 3, "amount", "1.500.000", "thousands separator"},
		"thousands comma":       {row(`"1,500"`), 3, "amount", "1,500", "thousands separator"},
		"thousands space":       {row("1 500"), 3, "amount", "1 500", "thousands separator"},
		"thousands apostrophe":  {row("1'500"), 3, "amount", "1'500", "thousands separator"},
		"a fraction":            {row("1500.50"), 3, "amount", "1500.50", "fraction of a rupiah"},
		"a decimal comma":       {row(`"1500,00"`), 3, "amount", "1500,00", "thousands separator"},
		"an exponent":           {row("15e5"), 3, "amount", "15e5", "plain digits"},
		"a plus":                {row("+1500"), 3, "amount", "+1500", "plain digits"},
		"two signs":             {row("--1500"), 3, "amount", "--1500", "plain digits"},
		"no amount":             {row(""), 3, "amount", "", "plain digits"},
		"only cents":            {row(".00"), 3, "amount", ".00", "plain digits"},
		"nothing moves":         {row("0"), 3, "amount", "0", "an amount other than 0"},
		"sixteen digits":        {row("1000000000000000"), 3, "amount", "1000000000000000", "1 to 13 plain digits"},
		"a day with slashes":    {transferHead + "BCA-1,23/11/2026,1500,\n", 2, "on", "23/11/2026", "yyyy-mm-dd"},
		"a day that is none":    {transferHead + "BCA-1,2026-02-30,1500,\n", 2, "on", "2026-02-30", "yyyy-mm-dd"},
		"no reference":          {transferHead + ",2026-11-23,1500,\n", 2, "", ",2026-11-23,1500,", "want 1 to 64 printable ASCII"},
		"a long reference":      {transferHead + strings.Repeat("B", 65) + ",2026-11-23,1500,\n", 2, "", "", "want 1 to 64 printable ASCII"},
		"a reference in Kanji":  {transferHead + "銀行,2026-11-23,1500,\n", 2, "", "銀行,2026-11-23,1500,", "printable ASCII"},
		"a long note":           {transferHead + "BCA-1,2026-11-23,1500," + strings.Repeat("x", 1001) + "\n", 2, "", "", "note: 1001 characters"},
		"a reference twice":     {transferHead + good + "\n" + good, 4, "reference", "BCA-1", "stands on line 2 already"},
		"an open quote":         {transferHead + good + "BCA-2,2026-11-23,1500,\"x\n", 3, "", "", "quote"},
		"a quote in a value":    {transferHead + good + "BCA-2,2026-11-23,1500,x\"y\n", 3, "", "", "quote"},
		"UTF-16":                {"\xff\xfer\x00e\x00f\x00", 1, "", "", "no UTF-8 text"},
		"Latin-1 on line 3":     {transferHead + good + "BCA-2,2026-11-23,1500,caf\xe9\n", 3, "", "", "no UTF-8 text"},
		"a zero byte on line 2": {transferHead + "BCA-1\x00,2026-11-23,1500,\n", 2, "", "", "no UTF-8 text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := openBooks(t)
			b.now = moment(t, monday, "10:00:00")
			_, err := b.importOf(c.text)
			require.ErrorIs(t, err, reconcile.ErrTransferFile)
			var fault *partnerfile.LineError
			require.ErrorAs(t, err, &fault)
			require.Equal(t, c.line, fault.Line)
			require.Equal(t, c.column, fault.Column)
			if c.shown != "" {
				require.Equal(t, c.shown, fault.Text)
			}
			require.Contains(t, fault.Rule, c.want)
			require.LessOrEqual(t, len([]rune(fault.Text)), 81)
			var all *reconcile.TransferFaults
			require.ErrorAs(t, err, &all)
			require.Len(t, all.Faults, 1)
			require.NotEqual(t, reconcile.RuleLedger, all.Faults[0].Breaks, "the rule has a name")
			require.Contains(t, reconcile.TransferRules(), all.Faults[0].Breaks)
			require.Empty(t, b.recorded(), "all is checked before anything is booked")
		})
	}
}

// All that is wrong is told at once, up to a bound and as far as lines can be told
// from each other.
func TestAllFaultsOfAFileOfTransfers(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.now = moment(t, monday, "10:00:00")
	b.transfer("BCA-7", monday, 700)
	b.transfer("BCA-9", monday, 900)
	faultsOf := func(text string) *reconcile.TransferFaults {
		_, err := b.importOf(transferHead + text)
		var faults *reconcile.TransferFaults
		require.ErrorAs(t, err, &faults)
		return faults
	}
	type broken struct {
		line   int
		breaks reconcile.TransferRule
		first  int
	}
	told := func(faults *reconcile.TransferFaults) (all []broken) {
		for _, f := range faults.Faults {
			all = append(all, broken{f.Line, f.Breaks, f.First})
		}
		return all
	}
	require.Equal(t, []broken{
		{3, reconcile.RuleSeparator, 0}, {5, reconcile.RuleRepeated, 2}, {6, reconcile.RulePeriod, 0}, {7, reconcile.RuleReference, 0}, {8, reconcile.RuleCSV, 0},
	}, told(faultsOf("BCA-1,2026-11-23,1500,\nBCA-2,2026-11-23,1.500,\nBCA-3,2026-11-23,1,\nBCA-1,2026-11-23,1500,\n"+
		"BCA-4,2020-01-01,1,\n,2026-11-23,1,\nBCA-5,2026-11-23,1,x\"y\nBCA-6,never,1,\n")))
	require.Equal(t, []broken{{2, reconcile.RuleTaken, 0}, {4, reconcile.RuleTaken, 0}},
		told(faultsOf("BCA-7,2026-11-23,701,\nBCA-8,2026-11-23,8,\nBCA-9,2026-11-22,900,\n")))
	many := faultsOf(strings.Repeat("BCA-1,never,1,\n", reconcile.MaxTransferFaults+1))
	require.Len(t, many.Faults, reconcile.MaxTransferFaults)
	require.True(t, many.More)
	require.Len(t, b.recorded(), 2)
}

func TestFilesOfTransfersBeyondTheLimits(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.now = moment(t, monday, "10:00:00")
	_, err := b.importOf(transferHead + strings.Repeat("x", reconcile.MaxTransferFile))
	require.ErrorIs(t, err, reconcile.ErrTransferFile)
	require.ErrorContains(t, err, "more than 4194304 bytes")
	var text strings.Builder
	text.WriteString(transferHead)
	for n := range reconcile.MaxTransferRows + 1 {
		fmt.Fprintf(&text, "R%d,2026-11-23,1,\n", n)
	}
	_, err = b.importOf(text.String())
	require.ErrorContains(t, err, "line 10002: more than 10000 rows")
	broken := errors.New("the client went away")
	_, err = b.finance.ImportTransfers(t.Context(), iotest.ErrReader(broken), "ani")
	require.ErrorIs(t, err, broken)
	require.Empty(t, b.recorded())
}

func TestATransferThatIsThereWithOtherContents(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.now = moment(t, monday, "10:00:00")
	b.transfer("BCA-2", monday, 500)
	_, err := b.importOf(transferHead + "BCA-1,2026-11-23,1500,\nBCA-2,2026-11-23,501,\n")
	require.ErrorIs(t, err, ledger.ErrTaken)
	require.ErrorContains(t, err, `line 3, reference "BCA-2": recorded already, on 2026-11-23 over 500`)
	require.Len(t, b.recorded(), 1, "not even the row before it")
}

func TestAnImportGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.now = moment(t, monday, "10:00:00")
	b.transfer("BCA-2", monday, 500)
	b.store.refuse(ledger.KindTransfer)
	text := transferHead + "BCA-2,2026-11-23,500,\nBCA-1,2026-11-23,1500,\n"
	done, err := b.importOf(text)
	require.ErrorIs(t, err, ledger.ErrNotCommitted)
	require.Len(t, done.Transfers, 1)
	b.store.refuse("")
	done, err = b.importOf(text)
	require.NoError(t, err)
	require.Equal(t, 1, done.New)
	require.Equal(t, ledger.Rupiah(-2000), b.balance(ledger.IndomaretReceivable, ""))
}

// FuzzTransfers holds the reader to what it promises: whatever comes, it records
// all rows or none, and never panics.
func FuzzTransfers(f *testing.F) {
	for _, name := range []string{"plain.csv", "windows.csv", "semicolons.csv"} {
		text, err := os.ReadFile(filepath.Join("testdata", "transfers", name))
		require.NoError(f, err)
		f.Add(string(text))
	}
	f.Add(transferHead + "BCA-1,2026-11-23,1.500,\n")
	f.Add("\"" + transferHead)
	f.Fuzz(func(t *testing.T, text string) {
		b := booksOver(t, memory.Open(), "")
		done, err := b.importOf(text)
		if err != nil {
			require.Empty(t, b.recorded())
			return
		}
		require.Equal(t, done.Rows, done.New)
		var sum ledger.Rupiah
		for _, transfer := range done.Transfers {
			require.NotZero(t, transfer.Amount)
			sum += transfer.Amount
		}
		require.Equal(t, sum, b.balance(ledger.Bank, ""))
	})
}

func TestCashAsTables(t *testing.T) {
	t.Parallel()
	b := wages(t)
	_, err := b.importOf(transferHead + "=BCA-1,2026-11-24,153000,=1+1\nBCA-2,2026-11-24,-500,\n")
	require.NoError(t, err)
	_, err = b.ledger.MatchTransfer(t.Context(), "=BCA-1", []ledger.Day{friday, sunday}, "ani")
	require.NoError(t, err)
	b.state(monday)
	_, err = b.ledger.RecordPayout(t.Context(), ledger.Payout{Reference: "P1", Merchant: cobbler, No: 1, Amount: 20_000, On: tuesday, By: "ani"})
	require.NoError(t, err)

	for name, c := range map[string]struct {
		export func(sheet.Format, *bytes.Buffer) error
		csv    []string
		total  []string // of the workbook's last row
	}{
		"transfers": {
			func(f sheet.Format, w *bytes.Buffer) error { return b.finance.ExportTransfers(t.Context(), f, w, nil) },
			[]string{
				"reference,on,amount,note,days,difference,recorded_at_wib,by",
				"'=BCA-1,2026-11-24,153000,'=1+1,2026-11-20 2026-11-22,0,2026-11-24 02:00:00,ani",
				"BCA-2,2026-11-24,-500,,,0,2026-11-24 02:00:00,ani",
			},
			[]string{"Total", "", "152,500", "", "", "0"},
		},
		"payouts": {
			func(f sheet.Format, w *bytes.Buffer) error { return b.finance.ExportPayouts(t.Context(), f, w, nil) },
			[]string{
				"reference,on,amount,merchant,statement,case,recorded_at_wib,by",
				"P1,2026-11-24,20000,G000000002,1,,2026-11-24 02:00:00,ani",
			},
			[]string{"Total", "", "20,000"},
		},
		"receivables": {
			func(f sheet.Format, w *bytes.Buffer) error {
				return b.finance.ExportReceivables(t.Context(), saturday, f, w, nil)
			},
			[]string{
				"day,batch,amount,fee,adjusted,net,unpaid,transfer",
				"2026-11-21,2,0,0,0,0,0,",
				"2026-11-22,3,50000,1500,0,51500,0,'=BCA-1",
				"2026-11-23,4,30000,1500,0,31500,31500,",
			},
			[]string{"Total", "", "80,000", "3,000", "0", "83,000", "31,500"},
		},
		"position": {
			func(f sheet.Format, w *bytes.Buffer) error {
				return b.finance.ExportPosition(t.Context(), monday, f, w, nil)
			},
			[]string{
				"day,account,balance",
				"2026-11-23,fees,-4500",
				"2026-11-23,indomaret_receivable,184500",
				"2026-11-23,merchant_payable/G000000001,-130000",
				"2026-11-23,merchant_payable/G000000002,-50000",
			},
			[]string{"Total", "", "0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var table, book bytes.Buffer
			require.NoError(t, c.export(sheet.CSV, &table))
			rows := strings.Split(strings.TrimSuffix(table.String(), "\r\n"), "\r\n")
			if name == "position" { // the accounts that nothing was posted to come after
				slices.Sort(rows[1:])
				rows = slices.DeleteFunc(rows, func(row string) bool { return strings.HasSuffix(row, ",0") })
			}
			require.Equal(t, c.csv, rows)
			require.NoError(t, c.export(sheet.XLSX, &book))
			file, err := excelize.OpenReader(&book)
			require.NoError(t, err)
			cells, err := file.GetRows(file.GetSheetName(0))
			require.NoError(t, err)
			require.Equal(t, c.total, cells[len(cells)-1])
			require.ErrorIs(t, c.export("doc", &book), sheet.ErrFormat)
		})
	}
}

// More rows than the ledger lists at once.
func TestATableOfManyTransfers(t *testing.T) {
	t.Parallel()
	b := booksOver(t, memory.Open(), t.TempDir())
	b.now = moment(t, monday, "10:00:00")
	var text strings.Builder
	text.WriteString(transferHead)
	for n := range 1201 {
		fmt.Fprintf(&text, "R%04d,2026-11-23,%d,\n", n, n+1)
	}
	done, err := b.importOf(text.String())
	require.NoError(t, err)
	require.Equal(t, 1201, done.New)
	var table bytes.Buffer
	var told []int
	require.NoError(t, b.finance.ExportTransfers(t.Context(), sheet.CSV, &table, func(done, _ int) { told = append(told, done) }))
	rows := strings.Split(table.String(), "\r\n")
	require.Len(t, rows, 1+1201+1)
	require.True(t, strings.HasPrefix(rows[1201], "R1200,2026-11-23,1201,"), rows[1201])
	require.Equal(t, []int{1000, 1201}, told)
}

func TestStatementsAsATable(t *testing.T) {
	t.Parallel()
	b := wages(t)
	closed := b.state(monday)
	var all, one bytes.Buffer
	var told []int
	require.NoError(t, b.finance.ExportStatements(t.Context(), "", sheet.CSV, &all, func(done, _ int) { told = append(told, done) }))
	require.Equal(t, []int{2}, told)
	require.NoError(t, b.finance.ExportStatements(t.Context(), cobbler, sheet.JSON, &one, nil))
	rows := strings.Split(all.String(), "\r\n")
	require.Equal(t, "merchant,statement,from,to,sales,partner_fee,own_fee,vat,withheld,collected,net_payable,paid_out,outstanding,"+
		"closed_at_wib,by,sha256", rows[0])
	require.Equal(t, "G000000001,1,2026-11-20,2026-11-23,130000,5000,1975,767,140,650,121748,0,121748,2026-11-24 02:00:00,ani,"+closed[0].SHA256, rows[1])
	require.True(t, strings.HasPrefix(rows[2], "G000000002,1,2026-11-22,2026-11-23,50000,2500,875,371,68,250,"), rows[2])
	require.Contains(t, one.String(), `"merchant":"G000000002","statement":1,"from":"2026-11-22"`)
	require.NotContains(t, one.String(), baker)
}
