package statement_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/statement"
)

var errBroken = errors.New("broken")

func TestHeadsThatCannotBe(t *testing.T) {
	t.Parallel()
	first := seal(t, head(t))
	for name, c := range map[string]struct {
		change func(*statement.Head)
		want   string
	}{
		"no number":                    {func(h *statement.Head) { h.No = 0 }, "no: must be at least 1"},
		"from is no day":               {func(h *statement.Head) { h.From = "yesterday" }, `"yesterday" is not a day`},
		"to is no day":                 {func(h *statement.Head) { h.To = "" }, `"" is not a day`},
		"ends before it begins":        {func(h *statement.Head) { h.To = "2026-11-15" }, "from 2026-11-16: comes after to 2026-11-15"},
		"never closed":                 {func(h *statement.Head) { h.ClosedAt = time.Time{} }, "closed_at: missing"},
		"nobody's":                     {func(h *statement.Head) { h.Merchant.ID = "" }, `merchant's id "": must be 1 to 64 letters`},
		"an id that is a path":         {func(h *statement.Head) { h.Merchant.ID = "../G1" }, `merchant's id "../G1"`},
		"an id of 65 letters":          {func(h *statement.Head) { h.Merchant.ID = strings.Repeat("G", 65) }, "must be 1 to 64 letters"},
		"a name of 256 characters":     {func(h *statement.Head) { h.Issuer.Name = strings.Repeat("ö", 256) }, "issuer: no head of a statement: name: 256 characters, limit 255"},
		"an address of 256 characters": {func(h *statement.Head) { h.Merchant.Address = strings.Repeat("x", 256) }, "address: 256 characters"},
		"a first with a hash":          {func(h *statement.Head) { h.PreviousSHA256 = first.SHA256 }, "there must be none in number 1"},
		"a first with a cursor":        {func(h *statement.Head) { h.After.Through = 1 }, "there must be none in number 1"},
		"a second without a hash":      {func(h *statement.Head) { *h = following(first); h.PreviousSHA256 = "" }, "both in every other"},
		"a second without a cursor":    {func(h *statement.Head) { *h = following(first); h.After = statement.Cursor{} }, "both in every other"},
		"a hash of 63 digits":          {func(h *statement.Head) { *h = following(first); h.PreviousSHA256 = h.PreviousSHA256[1:] }, "must be 64 hexadecimal digits"},
		"a hash of other letters":      {func(h *statement.Head) { *h = following(first); h.PreviousSHA256 = strings.Repeat("x", 64) }, "must be 64 hexadecimal digits"},
		"a day left out":               {func(h *statement.Head) { *h = following(first); h.From = "2026-11-24" }, "from 2026-11-24: does not follow the statement before, which ends on 2026-11-22"},
		"a day twice":                  {func(h *statement.Head) { *h = following(first); h.From = "2026-11-22" }, "does not follow"},
		"a journal that shrank":        {func(h *statement.Head) { *h = following(first); h.Through = 999 }, "through 999: the statement before went to 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := head(t)
			c.change(&h)
			_, err := statement.Seal(t.Context(), h, each())
			require.ErrorIs(t, err, statement.ErrHead)
			require.ErrorContains(t, err, c.want)
			err = statement.Write(t.Context(), statement.Statement{Head: h}, each(), statement.CSV, &bytes.Buffer{}, statement.Options{})
			require.ErrorIs(t, err, statement.ErrHead)
		})
	}
}

// following is the head of the week after a statement.
func following(s statement.Statement) statement.Head {
	return s.Next("2026-11-29", 2000, s.ClosedAt.AddDate(0, 0, 7))
}

func TestItemsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*statement.Item)
		want   string
	}{
		"no status":             {func(i *statement.Item) { i.Status = "" }, `status "": must be PAID, REVERSED or ADJ`},
		"a negative payment":    {func(i *statement.Item) { i.Amount = -1 }, "a PAID item has an amount and a customer fee of 0 or more"},
		"a payment with a fee":  {func(i *statement.Item) { i.OwnFee = 1 }, "and no fees or day of its own"},
		"a payment of a day":    {func(i *statement.Item) { i.Of = monday }, "and no fees or day of its own"},
		"an amount of 13":       {func(i *statement.Item) { i.Amount = ledger.MaxRupiah + 1 }, "amount 1000000000000: limit 999999999999"},
		"a fee too low":         {func(i *statement.Item) { i.Status, i.PartnerFee = statement.Adjusted, -ledger.MaxRupiah-1 }, "partner fee -1000000000000"},
		"no day":                {func(i *statement.Item) { i.Day = "2026-11-1x" }, `day: "2026-11-1x" is not a day`},
		"corrects no day":       {func(i *statement.Item) { i.Status, i.Of = statement.Adjusted, "x" }, `day of the corrected payment: "x" is not a day`},
		"an order id too long":  {func(i *statement.Item) { i.Order = strings.Repeat("x", 256) }, "order: 256 characters, limit 255"},
		"a note too long":       {func(i *statement.Item) { i.Note = strings.Repeat("x", 256) }, "note: 256 characters"},
		"corrects before rates": {func(i *statement.Item) { i.Status, i.Of = statement.Adjusted, "2025-12-31" }, "on 2025-12-31"},
		"an earlier day":        {func(i *statement.Item) { i.Day = "2026-11-15" }, `of "2026-11-15" comes after 6 of "2026-11-16"`},
		"twice":                 {func(i *statement.Item) { i.Seq, i.Day = 6, monday }, `journal record 6 of "2026-11-16" comes after 6 of "2026-11-16"`},
		"out of order":          {func(i *statement.Item) { i.Seq, i.Day = 5, monday }, `journal record 5 of "2026-11-16" comes after 6`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := paid(7, tuesday, 10_000)
			c.change(&bad)
			_, err := statement.Seal(t.Context(), head(t), inOrder(paid(6, monday, 10_000), bad))
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "seal statement 1 of merchant G000000001: ")
			require.ErrorContains(t, err, "journal record ")
		})
	}
}

func TestAnItemIsInTheFirstStatementThatWasOpen(t *testing.T) {
	t.Parallel()
	open := head(t)
	next := following(seal(t, open))
	for name, c := range map[string]struct {
		item          statement.Item
		first, second bool
	}{
		"in time":                       {paid(1, monday, 1), true, false},
		"at the very end":               {paid(1000, sunday, 1), true, false},
		"booked after the closing":      {paid(1001, sunday, 1), false, true},
		"of the next week, booked soon": {paid(2, "2026-11-23", 1), false, true},
		"of the next week":              {paid(2000, "2026-11-29", 1), false, true},
		"of the week after that":        {paid(1500, "2026-11-30", 1), false, false},
		"not booked yet":                {paid(2001, "2026-11-29", 1), false, false},
		"of a day before all":           {paid(1, "2026-11-01", 1), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.first, open.Holds(c.item))
			require.Equal(t, c.second, next.Holds(c.item))
		})
	}
}

func TestALateItemIsMarkedWhereItStands(t *testing.T) {
	t.Parallel()
	statements, items := story(t)
	require.NotContains(t, string(write(t, statements[0], statement.CSV, statement.Options{}, items...)), ",Y,")
	second := string(write(t, statements[1], statement.CSV, statement.Options{}, items...))
	require.Equal(t, 2, strings.Count(second, ",Y,"))
	require.Contains(t, second, "2,ADJ,2026-11-16 10:00:00,2026-11-22,2026-11-16,Y,order-1,")
}

func TestAClosedStatementNeverChanges(t *testing.T) {
	t.Parallel()
	items := []statement.Item{paid(1, monday, 50_000), paid(2, tuesday, 60_000)}
	s := seal(t, head(t), items...)
	changed := []statement.Item{items[0], paid(2, tuesday, 60_001)}
	renamed := []statement.Item{items[0], paid(2, tuesday, 60_000)}
	renamed[1].Store = "T002"
	dearer := s
	dearer.Terms = append(statement.Terms{}, s.Terms...)
	dearer.Terms[0].VAT = 1200
	for name, c := range map[string]struct {
		s     statement.Statement
		items []statement.Item
	}{
		"an amount changed": {s, changed}, "a store changed": {s, renamed}, "an item less": {s, items[:1]}, "terms changed": {dearer, items},
		"an item more": {s, append(items[:2:2], paid(3, monday, 1))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, format := range statement.Formats() {
				var out bytes.Buffer
				err := statement.Write(t.Context(), c.s, each(c.items...), format, &out, statement.Options{TempDir: t.TempDir()})
				require.ErrorIs(t, err, statement.ErrHash, format)
				require.NotContains(t, out.String(), `"totals"`)
			}
		})
	}
	// What was booked after the closing is no change.
	write(t, s, statement.JSON, statement.Options{}, append(items, paid(1001, monday, 1))...)
}

func TestSumsAreBounded(t *testing.T) {
	t.Parallel()
	items := func(yield func(statement.Item, error) bool) {
		for seq := uint64(1); seq <= 1000 && yield(paid(seq, monday, ledger.MaxRupiah), nil); seq++ {
		}
	}
	h := head(t)
	_, err := statement.Seal(t.Context(), h, items)
	require.NoError(t, err, "999,999,999,999,000 has 15 digits")
	h.Through = 2000
	_, err = statement.Seal(t.Context(), h, func(yield func(statement.Item, error) bool) {
		items(yield)
		yield(paid(1001, monday, 1000), nil)
	})
	require.ErrorIs(t, err, statement.ErrLimit)
	require.ErrorContains(t, err, "journal record 1001")
}

func TestASourceThatFails(t *testing.T) {
	t.Parallel()
	_, err := statement.Seal(t.Context(), head(t), func(yield func(statement.Item, error) bool) {
		yield(paid(41, monday, 1), nil)
		yield(statement.Item{}, errBroken)
	})
	require.ErrorIs(t, err, errBroken)
	require.ErrorContains(t, err, "read items after journal record 41: ")
}

// many are so many payments.
func many(n uint64) statement.Items {
	return func(yield func(statement.Item, error) bool) {
		for seq := uint64(1); seq <= n && yield(paid(seq, monday, 10_000), nil); seq++ {
		}
	}
}

func TestNobodyWaitsAnyMore(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := head(t)
	h.Through = 5000
	_, err := statement.Seal(ctx, h, many(5000))
	require.ErrorIs(t, err, context.Canceled)
}

// full takes so many bytes.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	f.room -= len(p)
	if f.room < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestAWriterThatFails(t *testing.T) {
	t.Parallel()
	h := head(t)
	h.Through = 3000
	s, err := statement.Seal(t.Context(), h, many(3000))
	require.NoError(t, err)
	for _, format := range statement.Formats() {
		for _, room := range []int{0, 10_000} {
			err := statement.Write(t.Context(), s, many(3000), format, &full{room}, statement.Options{TempDir: t.TempDir()})
			require.ErrorIs(t, err, errBroken, format)
			require.ErrorContains(t, err, "write statement 1 of merchant \"G000000001\" as "+string(format)+": ")
		}
	}
}

func TestProgressIsTold(t *testing.T) {
	t.Parallel()
	h := head(t)
	h.Through = 3000
	s, err := statement.Seal(t.Context(), h, many(2500))
	require.NoError(t, err)
	var told []int
	o := statement.Options{Progress: func(done int) { told = append(told, done) }}
	require.NoError(t, statement.Write(t.Context(), s, many(2500), statement.CSV, &bytes.Buffer{}, o))
	require.Equal(t, []int{1000, 2000, 2500}, told)
}

func TestUnknownFormatsAndLanguages(t *testing.T) {
	t.Parallel()
	s := seal(t, head(t))
	require.ErrorIs(t, statement.Write(t.Context(), s, each(), "doc", &bytes.Buffer{}, statement.Options{}), statement.ErrFormat)
	o := statement.Options{Language: "jv"}
	require.ErrorIs(t, statement.Write(t.Context(), s, each(), statement.PDF, &bytes.Buffer{}, o), statement.ErrLanguage)
}

func TestFormatsHaveNamesAndTypes(t *testing.T) {
	t.Parallel()
	want := map[statement.Format]string{
		statement.JSON: "application/json", statement.CSV: "text/csv; charset=utf-8; header=present", statement.PDF: "application/pdf",
		statement.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	}
	for _, format := range statement.Formats() {
		require.Equal(t, want[format], format.ContentType())
		require.Equal(t, "statement-G000000001-0001-2026-11-16-2026-11-22."+string(format), statement.FileName(head(t), format))
	}
}

func TestEveryLabelIsInBothLanguages(t *testing.T) {
	t.Parallel()
	for i, words := range statement.Words() {
		require.NotEmpty(t, words[0], "label %d in Indonesian", i)
		require.NotEmpty(t, words[1], "label %d in English", i)
		for _, blank := range []string{"%s", "%d"} {
			require.Equal(t, strings.Count(words[0], blank), strings.Count(words[1], blank), words[0])
		}
	}
}

func TestAPaymentBeforeAllRatesHasNoPrice(t *testing.T) {
	t.Parallel()
	_, err := statement.Seal(t.Context(), head(t), each(paid(7, "2025-12-31", 10_000)))
	require.ErrorIs(t, err, statement.ErrTerms)
	require.ErrorContains(t, err, "journal record 7: no rates in the merchant's terms on 2025-12-31")
}
