package reconcile_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/sheet"
	"paypoint/reconcile/statement"
	"paypoint/store/memory"
)

func TestAStatementHasTheDaysSinceTheOneBefore(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.close(thursday) // nobody sold anything
	b.sell(baker, 100_000)
	taken := b.sell(baker, 70_000)
	require.Equal(t, ledger.ReasonApproved, b.takeBack(taken))
	b.sell(cobbler, 30_000)
	b.close(friday, saturday)
	b.sell(baker, 50_000)
	b.close(sunday)

	first := b.state(saturday, baker)
	require.Len(t, first, 1)
	require.Equal(t, uint64(1), first[0].No)
	require.Equal(t, friday, first[0].From)
	require.Equal(t, saturday, first[0].To)
	require.Equal(t, ledger.Rupiah(100_000), first[0].Sales)
	require.Equal(t, ledger.Rupiah(2500), first[0].PartnerFee)
	require.Equal(t, ledger.Rupiah(1250), first[0].OwnFee)
	require.Equal(t, ledger.Rupiah(413), first[0].VAT, "11 % of 3,750, half up")
	require.Equal(t, ledger.Rupiah(75), first[0].Withheld)
	require.Equal(t, ledger.Rupiah(500), first[0].Collected)
	require.Equal(t, ledger.Rupiah(100_000-2500-1250-413+75-500), first[0].NetPayable)
	require.Equal(t, "ani", first[0].By)
	require.True(t, b.now.Equal(first[0].At))

	second := b.state(sunday)
	require.Len(t, second, 2, "all that have sold")
	require.Equal(t, baker, second[0].Merchant)
	require.Equal(t, uint64(2), second[0].No)
	require.Equal(t, sunday, second[0].From)
	require.Equal(t, first[0].SHA256, second[0].PreviousSHA256)
	require.Equal(t, ledger.Rupiah(50_000), second[0].Sales)
	require.Equal(t, cobbler, second[1].Merchant)
	require.Equal(t, uint64(1), second[1].No)
	require.Equal(t, friday, second[1].From)
}

func TestClosingAgainClosesNothing(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.sell(baker, 100_000)
	b.close(friday, saturday)
	require.Len(t, b.state(friday), 1)
	require.Empty(t, b.state(friday))
	require.Empty(t, b.state(thursday))
	require.Empty(t, b.state(saturday), "a merchant without lines gets no statement")
	page, next, err := b.finance.Statements(t.Context(), "", "", 10)
	require.NoError(t, err)
	require.Empty(t, next)
	require.Len(t, page, 1)
}

func TestAnEmptySpanIsInTheNextStatement(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.sell(baker, 100_000)
	b.close(friday)
	b.state(friday)
	b.close(saturday)
	b.state(saturday)
	b.sell(baker, 20_000)
	b.close(sunday)
	next := b.state(sunday)
	require.Len(t, next, 1)
	require.Equal(t, saturday, next[0].From)
	require.Equal(t, sunday, next[0].To)
	require.Equal(t, uint64(2), next[0].No)
}

func TestAMerchantWhoSoldNothingForLongGoesOn(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.sell(baker, 100_000)
	b.close(friday)
	b.state(friday)
	day := friday
	for range ledger.MaxStatementDays + 110 { // more than the ledger lists at once
		day = day.Next()
		b.close(day)
	}
	b.now = day.Next().End(10 * time.Hour)
	b.sell(baker, 20_000)
	b.close(day.Next())
	closed := b.state(day.Next())
	require.Len(t, closed, 2, "one has no more than %d days", ledger.MaxStatementDays)
	require.Zero(t, closed[0].Sales)
	require.Equal(t, ledger.Rupiah(20_000), closed[1].Sales)
	require.Equal(t, closed[0].To.Next(), closed[1].From)
	require.Equal(t, day.Next(), closed[1].To)
	var table bytes.Buffer
	require.NoError(t, b.finance.ExportReceivables(t.Context(), "", sheet.CSV, &table, nil))
	require.Equal(t, 1+1+ledger.MaxStatementDays+110+1, bytes.Count(table.Bytes(), []byte("\r\n")))
	unpaid, err := b.finance.Receivables(t.Context(), friday.Next(), 1000)
	require.NoError(t, err)
	require.Len(t, unpaid, ledger.MaxStatementDays+110+1)
}

func TestNoStatementOfWhatCanStillChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(*books)
		to      ledger.Day
		want    string
	}{
		"the last day is open": {func(b *books) { b.close(friday); b.sell(baker, 1000, saturday) }, saturday, "batch 2026-11-21"},
		"a day in between":     {func(b *books) { b.close(friday); b.sell(baker, 1000, saturday); b.close(sunday) }, sunday, "batch 2026-11-21"},
		"a day before all":     {func(b *books) { b.sell(baker, 1000, thursday); b.close(friday) }, friday, "batch 2026-11-19"},
		"never closed":         {func(b *books) { b.close(friday, sunday) }, sunday, "2026-11-21"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := openBooks(t)
			b.sell(baker, 100_000)
			c.prepare(b)
			closed, err := b.finance.CloseStatements(t.Context(), c.to, nil, "ani", nil)
			require.ErrorIs(t, err, ledger.ErrNotClosed)
			require.ErrorContains(t, err, c.want)
			require.Empty(t, closed)
		})
	}
	_, err := openBooks(t).finance.CloseStatements(t.Context(), "tomorrow", nil, "ani", nil)
	require.ErrorContains(t, err, `"tomorrow" is not a day`)
}

// A till's clock, or a late message, can put a payment into an old day that was
// never closed.
func TestALineOfADayBeforeTheFirstIsInTheNextStatement(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.sell(baker, 100_000)
	b.close(friday)
	first := b.state(friday)[0]
	before := b.export(first, statement.JSON)
	late := b.sell(baker, 40_000, thursday)
	b.close(thursday, saturday)
	second := b.state(saturday)
	require.Len(t, second, 1)
	require.Equal(t, ledger.Rupiah(40_000), second[0].Sales)
	items := b.read(second[0]).Items
	require.Len(t, items, 1)
	require.Equal(t, late.Ref, items[0].Ref)
	require.Equal(t, thursday, items[0].BusinessDate)
	require.True(t, items[0].Late)
	require.Equal(t, before, b.export(first, statement.JSON))
}

func TestALatePaymentIsInTheStatementOfItsBatch(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.sell(baker, 100_000)
	b.close(friday)
	b.state(friday)
	late := b.sell(baker, 40_000, friday)
	b.close(saturday)
	items := b.read(b.state(saturday)[0]).Items
	require.Len(t, items, 1)
	require.Equal(t, late.Ref, items[0].Ref)
	require.Equal(t, saturday, items[0].BusinessDate)
	require.True(t, items[0].Late)
}

func TestAdjustmentsChargeAndGiveBackTheFees(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	sold, stays := b.sell(baker, 100_000), b.sell(baker, 60_000)
	lost := b.charge(baker, 20_000)
	b.close(friday)
	first := b.state(friday)[0]
	before := b.export(first, statement.JSON)
	// From saturday on everything costs more, but not what is corrected.
	dearer := append(bookTerms(), statement.Rates{From: saturday, Own: statement.Tariff{Fixed: 9000}, VAT: 1200})
	_, err := b.finance.SetTerms(t.Context(), baker, "ani", reconcile.MerchantTerms{Rates: dearer})
	require.NoError(t, err)

	_, err = b.adjust(missingThere(sold, friday), ledger.ActReverse, 0)
	require.NoError(t, err)
	_, err = b.adjust(b.missingHere(lost, friday), ledger.ActRecover, 0)
	require.NoError(t, err)
	less := missingThere(stays, friday)
	less.Theirs = stays.Amount - 1000
	_, err = b.adjust(less, ledger.ActWriteOff, -1000)
	require.NoError(t, err)
	more := b.missingHere(stays, friday)
	more.Theirs += 7000
	_, err = b.adjust(more, ledger.ActRefund, 7000)
	require.NoError(t, err)
	b.close(saturday)

	second := b.state(saturday)
	require.Len(t, second, 1)
	require.Equal(t, ledger.Rupiah(20_000-100_000), second[0].Sales)
	require.Zero(t, second[0].PartnerFee, "2,500 charged, 2,500 given back")
	require.Equal(t, ledger.Rupiah(500+150-500-750), second[0].OwnFee)
	require.Equal(t, ledger.Rupiah(-66), second[0].VAT, "11 % of -600, friday's rate")
	items := b.read(second[0]).Items
	require.Len(t, items, 2, "refunds and write-offs are none of the merchant's")
	require.Equal(t, sold.Ref, items[0].Ref)
	require.Equal(t, statement.Adjusted, items[0].Status)
	require.Equal(t, ledger.Rupiah(-100_000), items[0].Adjustment)
	require.Equal(t, ledger.Rupiah(-1500), items[0].CustomerFee)
	require.Equal(t, friday, items[0].Corrects)
	require.Equal(t, "reverse: seen in the file", items[0].Note)
	require.Equal(t, lost.Ref, items[1].Ref)
	require.Equal(t, ledger.Rupiah(20_000), items[1].Adjustment)
	require.Equal(t, ledger.Rupiah(2500), items[1].PartnerFee)
	require.Equal(t, ledger.Rupiah(650), items[1].OwnFee)
	require.Equal(t, ledger.Rupiah(1500), items[1].CustomerFee)
	require.NotEmpty(t, items[1].Order)
	require.Equal(t, before, b.export(first, statement.JSON), "a closed statement never changes")
}

// What was charged for a recovered payment is given back, whatever the rates were
// in between.
func TestARecoveryThatIsTakenBackCostsNothing(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	lost := b.charge(baker, 20_000)
	b.close(friday)
	dearer := append(bookTerms(), statement.Rates{From: saturday, Own: statement.Tariff{Fixed: 9000}, VAT: 1200})
	_, err := b.finance.SetTerms(t.Context(), baker, "ani", reconcile.MerchantTerms{Rates: dearer})
	require.NoError(t, err)
	_, err = b.adjust(b.missingHere(lost, friday), ledger.ActRecover, 0)
	require.NoError(t, err)
	b.close(saturday)
	charged := b.state(saturday)[0]
	require.Equal(t, ledger.Rupiah(650), charged.OwnFee)
	_, err = b.adjust(missingThere(lost, saturday), ledger.ActReverse, 0)
	require.NoError(t, err)
	b.close(sunday)
	given := b.state(sunday)[0]
	require.Equal(t, charged.OwnFee, -given.OwnFee)
	require.Equal(t, charged.PartnerFee, -given.PartnerFee)
	require.Equal(t, charged.VAT, -given.VAT)
	require.Equal(t, charged.NetPayable, -given.NetPayable)
	require.Equal(t, friday, b.read(given).Items[0].Corrects)
}

func TestEveryFormatIsTheSameAgain(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.sell(baker, 100_000)
	sold := b.sell(baker, 30_000)
	b.close(friday)
	closed := b.state(friday)[0]
	files := map[statement.Format][]byte{}
	for _, f := range statement.Formats() {
		files[f] = b.export(closed, f)
		require.NotEmpty(t, files[f])
	}
	_, err := b.adjust(missingThere(sold, friday), ledger.ActReverse, 0)
	require.NoError(t, err)
	_, err = b.ledger.RecordPayout(t.Context(), ledger.Payout{Reference: "P1", Merchant: baker, No: 1, Amount: 1000, On: friday, By: "ani"})
	require.NoError(t, err)
	// What is agreed later is in later statements.
	b.reconfigure(func(c *reconcile.Config) {
		c.Issuer.Name = "Other"
		c.DefaultTerms[0].VAT = 0
	})
	for f, file := range files {
		require.Equal(t, file, b.export(closed, f), f)
	}
}

func TestAStatementThatWasTamperedWithHasNoFile(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.sell(baker, 100_000)
	b.close(friday)
	closed := b.state(friday)[0]
	for name, edit := range map[string]func(text string) string{
		"another hash":  func(text string) string { return strings.ReplaceAll(text, closed.SHA256, strings.Repeat("0", 64)) },
		"another price": func(text string) string { return strings.Replace(text, `"fixed":2500`, `"fixed":2400`, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forged := ledger.NewService(forger{b.store, edit}, b.ledger.Agreement(), time.Now)
			config := b.config
			config.Ledger = forged
			for _, f := range statement.Formats() {
				err := reconcile.New(config).ExportStatement(t.Context(), baker, 1, f, statement.English, io.Discard, nil)
				require.ErrorIs(t, err, statement.ErrHash, f)
			}
		})
	}
}

// forger is a store whose documents are not those that were written.
type forger struct {
	ledger.Store
	edit func(string) string
}

func (f forger) Load(ctx context.Context, keys ledger.Keys) (ledger.State, error) {
	state, err := f.Store.Load(ctx, keys)
	for key, value := range state.Documents {
		state.Documents[key] = []byte(f.edit(string(value)))
	}
	return state, err
}

func TestExportSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.sell(baker, 100_000)
	b.close(friday)
	b.state(friday)
	export := func(merchant string, no uint64, f statement.Format, l statement.Language, w io.Writer) error {
		return b.finance.ExportStatement(t.Context(), merchant, no, f, l, w, nil)
	}
	require.ErrorIs(t, export(baker, 2, statement.CSV, "", io.Discard), ledger.ErrNotFound)
	require.ErrorIs(t, export(cobbler, 1, statement.CSV, "", io.Discard), ledger.ErrNotFound)
	require.ErrorIs(t, export(baker, 1, "doc", "", io.Discard), statement.ErrFormat)
	require.ErrorIs(t, export(baker, 1, statement.XLSX, "nl", io.Discard), statement.ErrLanguage)
	require.ErrorIs(t, export(baker, 1, statement.JSON, "", fullDisk{}), errFullDisk)
}

var errFullDisk = errors.New("no space left")

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFullDisk }

func TestProgressOfStatements(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.sell(baker, 100_000)
	b.sell(cobbler, 100_000)
	b.close(friday)
	var told [][2]int
	tell := func(done, total int) { told = append(told, [2]int{done, total}) }
	_, err := b.finance.CloseStatements(t.Context(), friday, nil, "ani", tell)
	require.NoError(t, err)
	require.Equal(t, [][2]int{{1, 2}, {2, 2}}, told)
	told = nil
	require.NoError(t, b.finance.ExportStatement(t.Context(), baker, 1, statement.JSON, "", io.Discard, tell))
	require.Equal(t, [][2]int{{1, 1}}, told)
}

func TestOneMerchantDoesNotKeepTheOthersFromTheirs(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.sell(baker, 100_000)
	b.sell(cobbler, 100_000)
	b.sell(dyer, 100_000)
	b.close(friday)
	_, err := b.finance.SetTerms(t.Context(), cobbler, "ani", reconcile.MerchantTerms{Rates: statement.Terms{{From: saturday}}})
	require.NoError(t, err)
	closed, err := b.finance.CloseStatements(t.Context(), friday, nil, "ani", nil)
	require.ErrorIs(t, err, statement.ErrTerms)
	require.ErrorContains(t, err, cobbler)
	require.NotContains(t, err.Error(), dyer)
	require.Len(t, closed, 2)
	_, err = b.finance.CloseStatements(t.Context(), friday, []string{"G000000009"}, "ani", nil)
	require.ErrorIs(t, err, errUnknownMerchant)
}

// What a program that was killed has closed stays closed; the next run closes the
// rest, and the files are what they would have been.
func TestClosingGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	for _, merchant := range []string{baker, cobbler, dyer} {
		b.sell(merchant, 100_000)
	}
	b.close(friday)
	ctx, cancel := context.WithCancel(t.Context())
	closed, err := b.finance.CloseStatements(ctx, friday, nil, "ani", func(int, int) {
		b.store.refuse(ledger.KindStatement)
	})
	require.ErrorIs(t, err, ledger.ErrNotCommitted)
	require.Len(t, closed, 1)
	require.Equal(t, baker, closed[0].Merchant)
	b.store.refuse("")
	cancel()
	_, err = b.finance.CloseStatements(ctx, friday, nil, "ani", nil)
	require.ErrorIs(t, err, context.Canceled)
	rest := b.state(friday)
	require.Len(t, rest, 2)
	require.Equal(t, cobbler, rest[0].Merchant)
	require.Equal(t, dyer, rest[1].Merchant)
	require.Equal(t, uint64(1), rest[0].No)
}

func TestClosingTwiceAtOnce(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.sell(baker, 100_000)
	b.close(friday)
	closed := make([]int, 8)
	var all errgroup.Group
	for i := range closed {
		all.Go(func() error {
			statements, err := b.finance.CloseStatements(t.Context(), friday, nil, "ani", nil)
			closed[i] = len(statements)
			return err
		})
	}
	require.NoError(t, all.Wait())
	slices.Sort(closed)
	require.Equal(t, []int{0, 0, 0, 0, 0, 0, 0, 1}, closed)
}

// More lines than one page, and other merchants' in between.
func TestAStatementOfManyLines(t *testing.T) {
	t.Parallel()
	b := booksOver(t, memory.Open(), t.TempDir())
	var want ledger.Rupiah
	for n := range 2100 {
		amount := ledger.Rupiah(10_000 + n)
		b.sell(baker, amount)
		want += amount
		if n%100 == 0 {
			b.sell(cobbler, 50_000)
		}
	}
	b.close(friday)
	closed := b.state(friday, baker)[0]
	require.Equal(t, want, closed.Sales)
	require.Equal(t, 2100+1, bytes.Count(b.export(closed, statement.CSV), []byte("\r\n")))
}
