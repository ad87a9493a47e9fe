package settlement_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
	"paypoint/store/memory"
)

// resolve opens a case about a payment, and has it resolved by two persons.
func (d *desk) resolve(t testing.TB, act ledger.Act, amount ledger.Rupiah, found ledger.NewCase) {
	t.Helper()
	found.Class = string(act) // known by it, here
	opened, err := d.ledger.OpenCases(t.Context(), "matcher", []ledger.NewCase{found})
	require.NoError(t, err)
	require.Equal(t, 1, opened)
	cases, err := d.ledger.Cases(t.Context(), ledger.CaseQuery{Open: true, Limit: 2})
	require.NoError(t, err)
	require.Len(t, cases.Cases, 1)
	id := cases.Cases[0].ID
	proposed, err := d.ledger.Propose(t.Context(), id, ledger.Proposal{Act: act, Amount: amount, Why: "Indomaret's file has it", By: "ani"})
	require.NoError(t, err)
	_, err = d.ledger.Approve(t.Context(), id, ledger.Approval{Seq: proposed.Proposal.Seq, By: "budi", Receipt: "RECOVERED"})
	require.NoError(t, err)
}

// unpaid is the code of a charge that nobody has paid here.
func (d *desk) unpaid(t testing.TB, amount, fee ledger.Rupiah) ledger.PaymentCode {
	t.Helper()
	charge, err := d.ledger.Charge(t.Context(), ledger.NewCharge{
		ID: "unpaid", Merchant: "G000000001", Prefix: "888", Order: "unpaid", Amount: amount, MinAmount: amount, Fee: fee,
		Expires: time.UnixMilli(d.clock.Load()).Add(24 * time.Hour),
	})
	require.NoError(t, err)
	return charge.Code
}

// correctedDay is a Friday with a payment, and a Saturday on which that is taken
// back, another is recovered, and a third is paid and written down.
func correctedDay(t *testing.T, d *desk) ledger.Batch {
	t.Helper()
	d.at(t, "2026-11-20 10:00:00")
	wrong, missing := d.pay(t, 50000, 5000), d.unpaid(t, 30000, 2500)
	d.at(t, "2026-11-21 02:00:00")
	d.close(t, friday)
	d.at(t, "2026-11-21 10:00:00")
	d.resolve(t, ledger.ActReverse, 0, ledger.NewCase{Day: friday, Code: wrong.Code, Ref: wrong.Ref, Store: wrong.Store, Ours: 50000, OursFee: 5000})
	paid := d.pay(t, 20000, 1000)
	d.resolve(t, ledger.ActRecover, 0, ledger.NewCase{Day: friday, Code: missing, Ref: "T1", Store: "T009", Theirs: 30000, TheirsFee: 2500})
	d.resolve(t, ledger.ActWriteOff, -500, ledger.NewCase{Day: saturday, Code: paid.Code, Ref: paid.Ref, Ours: 20000, Theirs: 19500})
	d.at(t, "2026-11-22 02:00:00")
	return d.close(t, saturday)
}

func TestAdjustmentsStandInTheOpenFile(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, d *desk) {
		batch := correctedDay(t, d)
		require.Equal(t, ledger.Rupiah(21000-55000+32500-500), batch.Net())
		before, file := d.export(t, friday, settlement.TXT), d.export(t, saturday, settlement.TXT)
		require.Equal(t, sum(file), batch.SHA256)
		require.NoError(t, settlement.VerifyChain(bytes.NewReader(before), bytes.NewReader(file)))

		rows := lines(before)
		require.Equal(t, "1", rows[0][1])
		require.Equal(t, []string{"50000", "5000", "55000", "PAID"}, rows[1][7:11], "what was taken back later stays in its file")
		rows = lines(file)
		require.Len(t, rows, 6)
		require.Equal(t, "2", rows[0][1])
		require.Equal(t, []string{"2026-11-21 10:00:00", "T001"}, rows[1][2:4])
		require.Equal(t, []string{"-50000", "-5000", "-55000", "ADJ", "", "", "N"}, rows[1][7:14])
		require.Equal(t, []string{"20000", "1000", "21000", "PAID"}, rows[2][7:11])
		require.Equal(t, []string{"30000", "2500", "32500", "ADJ", "RECOVERED", "", "N"}, rows[3][7:14])
		require.Equal(t, []string{"-500", "0", "-500", "ADJ", "", "", "N"}, rows[4][7:14])
		require.Equal(t, []string{"T", "1", "20000", "0", "0", "1000", "-2000", "3", "-23000"}, rows[5][:9])
		require.Equal(t, file, d.export(t, saturday, settlement.TXT))
	})
}

func TestADayOfAdjustmentsAlone(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, d *desk) {
		d.at(t, "2026-11-20 10:00:00")
		wrong := d.pay(t, 50000, 5000)
		d.at(t, "2026-11-21 02:00:00")
		d.close(t, friday)
		d.resolve(t, ledger.ActReverse, 0, ledger.NewCase{Day: friday, Code: wrong.Code, Ref: wrong.Ref, Ours: 50000, OursFee: 5000})
		d.at(t, "2026-11-22 02:00:00")
		batch := d.close(t, saturday)
		require.Equal(t, ledger.Rupiah(-55000), batch.Net(), "what Indomaret keeps of a later transfer")
		var told [2]int
		progress := func(done, total int) { told = [2]int{done, total} }
		var file bytes.Buffer
		require.NoError(t, d.settlement.Export(t.Context(), saturday, settlement.TXT, &file, progress))
		require.Equal(t, [2]int{1, 1}, told)
		require.Equal(t, []string{"T", "0", "0", "0", "0", "0", "-55000", "1", "-55000"}, lines(file.Bytes())[2][:9])
	})
}

func TestExportOfDamagedAdjustmentsFails(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		alter func([]ledger.Line) []ledger.Line
		want  error
	}{
		"one is missing":        {func(l []ledger.Line) []ledger.Line { return l[1:] }, settlement.ErrTotals},
		"one is a payment":      {func(l []ledger.Line) []ledger.Line { l[0].Adjustment = nil; return l }, settlement.ErrTotals},
		"one has another sum":   {func(l []ledger.Line) []ledger.Line { l[0].Amount++; return l }, settlement.ErrTotals},
		"one is of other money": {func(l []ledger.Line) []ledger.Line { l[0].Amount++; l[0].Fee--; return l }, settlement.ErrHash},
		"one is later":          {func(l []ledger.Line) []ledger.Line { l[0].At = l[0].At.Add(time.Second); return l }, settlement.ErrHash},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &tampered{Store: memory.Open()}
			d := setup(t, store)
			correctedDay(t, d)
			store.alter = func(l []ledger.Line) ([]ledger.Line, error) { return c.alter(l), nil }
			var out bytes.Buffer
			require.ErrorIs(t, d.settlement.Export(t.Context(), saturday, settlement.TXT, &out, nil), c.want)
			require.Zero(t, out.Len())
		})
	}
}
