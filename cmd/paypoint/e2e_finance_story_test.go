package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// everyClass plants each fault of a line twice.
const everyClass = "date_shift=2,missing_at_partner=2,missing_at_indomaret=2,amount_mismatch=2,fee_mismatch=2," +
	"reversed_but_settled=2,paid_but_reversed_there=2,duplicate_in_file=2,duplicate_payment=2,unknown_code=2"

// The days of the story: all that is wrong is in the file of the first, what is
// shifted comes with the second, and the third has the corrections.
const (
	faultyDay     = stageDay
	shiftedDay    = ledger.Day("2026-01-31")
	correctionDay = ledger.Day("2026-02-01")
	lastDay       = ledger.Day("2026-02-02")
)

// financeStory is a shop's sales, Indomaret's files of them with faults, and
// what finance does about these.
type financeStory struct {
	*stage
	partner *partner
	shop    *shopServer
	// orders are the orders by their payment codes.
	orders map[ledger.PaymentCode]string
	// unpaid are codes that no till of ours has paid.
	unpaid []string
	// faults are those planted in the file of faultyDay.
	faults []planted
}

// newFinanceStory is a shop under an agreement by which Indomaret passes the
// customers' fees on.
func newFinanceStory(t *testing.T) *financeStory {
	t.Helper()
	// The stage's own books know of no adjustments and no cash; verify checks these.
	s := newStage(t, stageSetup{fails: true, change: func(c *Config) { c.Partner.FeeRemitted = true }})
	f := &financeStory{stage: s, partner: newPartner(s), shop: newShopServer(t), orders: map[ledger.PaymentCode]string{}}
	f.unpaid = f.chargeMany(2)
	return f
}

// chargeMany makes payment codes with a fee.
func (f *financeStory) chargeMany(count int) []string {
	f.t.Helper()
	var codes []string
	for range count {
		code, order := f.charge(chargeTerms{cstore: map[string]any{"fee": 2_500}})
		codes, f.orders[ledger.PaymentCode(code)] = append(codes, code), order
	}
	return codes
}

// tomorrow turns the clock to 02:00 of the next day, when a day may be closed.
func (f *financeStory) tomorrow() {
	day := ledger.Day(f.partner.today())
	f.clock.turn(day.End(26 * time.Hour).Sub(f.clock.Now()))
}

// TestEndToEndFinanceStory follows a faulty file of Indomaret's from its arrival
// to the merchant's statement and the bank's money.
func TestEndToEndFinanceStory(t *testing.T) {
	t.Parallel()
	f := newFinanceStory(t)
	f.sellsAndCloses()
	f.refusesSpoiltFiles()
	f.findsWhatWasPlanted()
	cases := f.casesByClass()
	f.sweep() // codes that nobody paid end before the shop begins to listen
	f.deliverAll()
	f.notified(f.shop)
	f.resolvesAll(cases)
	f.correctsTheNextFile(cases)
	f.answersLateTills(cases)
	f.opensNothingAgain()
	f.settlesWithTheMerchant()
	f.takesTheBanksMoney()
	f.adjustsLate(cases[string(match.FeeMismatch)][1])
	f.requireBalanced()
	f.restart()
	f.requireBalanced()
}

// sellsAndCloses is the day whose file has all the faults.
func (f *financeStory) sellsAndCloses() {
	f.t.Helper()
	f.partner.sell(f.chargeMany(24), 3)
	f.tomorrow()
	require.Contains(f.t, f.operate("settlement", "close", string(faultyDay)), "21 payments")
}

// refusesSpoiltFiles are the faults of a file as a whole.
func (f *financeStory) refusesSpoiltFiles() {
	f.t.Helper()
	day := string(faultyDay)
	path := f.partner.settle(faultyDay, "--plant", "file_missing=1")
	require.NoFileExists(f.t, path)
	code, _, errOut := f.command("reconcile", "match", day)
	require.Equal(f.t, exitFailed, code)
	require.Contains(f.t, errOut, day)

	f.partner.settle(faultyDay, "--plant", "totals_mismatch=1")
	code, _, errOut = f.command("reconcile", "import", path)
	require.Equal(f.t, exitFailed, code)
	require.Contains(f.t, errOut, "sum")
	require.Empty(f.t, jsonOf[finance.Day](f.stage, "reconcile", "show", day).Files, "nothing is half imported")
}

// findsWhatWasPlanted matches two days: each fault is found in its class, and
// nothing else is found.
func (f *financeStory) findsWhatWasPlanted() {
	f.t.Helper()
	path := f.partner.settle(faultyDay, "--seed", "7", "--unpaid", unpaidCodes(f.t, f.unpaid), "--plant", everyClass+",file_repeated=1")
	f.faults = f.partner.planted(path)
	onDay, onNext := expectedFindings(f.linesPlanted())
	f.imports(path, faultyDay)
	f.matches(faultyDay, onDay, 14)

	f.clock.turn(8 * time.Hour)
	f.partner.sell(f.chargeMany(6), 1)
	f.tomorrow()
	f.operate("settlement", "close", string(shiftedDay))
	next := f.partner.settle(shiftedDay, "--carry", path+".planted", "--plant", "amount_mismatch=1", "--seed", "9")
	more, _ := expectedFindings(f.partner.planted(next))
	f.imports(next, shiftedDay)
	f.matches(shiftedDay, append(onNext, more...), 5)
	f.matches(faultyDay, onDay, 14)
}

// linesPlanted leaves out the fault of the file as a whole.
func (f *financeStory) linesPlanted() (lines []planted) {
	for _, fault := range f.faults {
		if fault.Class != match.FileRepeated {
			lines = append(lines, fault)
		}
	}
	return lines
}

// imports takes a file, once however often it comes, and for no other day.
func (f *financeStory) imports(path string, day ledger.Day) {
	f.t.Helper()
	require.Contains(f.t, f.operate("reconcile", "import", path), "taken as version 1 of "+string(day))
	again := path + ".again"
	if day == shiftedDay {
		again = path
	}
	require.Contains(f.t, f.operate("reconcile", "import", again), "known already: version 1 of "+string(day))
	code, _, errOut := f.command("reconcile", "import", path, "--day", string(day.Previous()))
	require.Equal(f.t, exitFailed, code)
	require.Contains(f.t, errOut, "day")
	require.Len(f.t, jsonOf[finance.Day](f.stage, "reconcile", "show", string(day)).Files, 1)
}

// matches matches a day: want is all that is found, and so many differences.
func (f *financeStory) matches(day ledger.Day, want []string, differences int) {
	f.t.Helper()
	code, out, errOut := f.command("reconcile", "match", string(day), "--json")
	require.Equal(f.t, exitUnmatched, code, errOut)
	outcome := decode[reconcile.Outcome](f.t, out)
	require.Equal(f.t, differences, outcome.Differences)
	require.True(f.t, outcome.Done)
	require.ElementsMatch(f.t, want, f.findings(day))
	theirs, ours := outcome.Theirs.Own.Amount+outcome.Theirs.Carried.Amount, outcome.Ours.Own.Amount+outcome.Ours.Carried.Amount
	for _, class := range outcome.Classes {
		theirs += class.Amount
	}
	require.Equal(f.t, ours, theirs, "the classes lead from their sum to ours")
}

// casesByClass are the open cases; each fault that needs a person has one.
func (f *financeStory) casesByClass() map[string][]finance.Case {
	f.t.Helper()
	byClass, counts := map[string][]finance.Case{}, map[string]int{}
	for _, one := range jsonOf[[]finance.Case](f.stage, "case", "list") {
		byClass[one.Class] = append(byClass[one.Class], one)
		counts[one.Class]++
	}
	require.Equal(f.t, map[string]int{
		"MISSING_AT_PARTNER": 2, "MISSING_AT_INDOMARET": 2, "AMOUNT_MISMATCH": 3, "FEE_MISMATCH": 2, "REVERSED_BUT_SETTLED": 2,
		"PAID_BUT_REVERSED_THERE": 2, "DUPLICATE_IN_FILE": 2, "DUPLICATE_PAYMENT": 2, "UNKNOWN_CODE": 2,
	}, counts)
	return byClass
}

// requireBalanced holds the trial balance of every day.
func (f *financeStory) requireBalanced() {
	f.t.Helper()
	for day := faultyDay.Previous(); day <= lastDay.Next(); day = day.Next() {
		require.Zero(f.t, jsonOf[finance.TrialBalance](f.stage, "trial-balance", "--day", string(day)).Sum, day)
	}
	require.Zero(f.t, jsonOf[finance.TrialBalance](f.stage, "trial-balance").Sum)
}

// balance is what an account holds through a day; through "" all days.
func (f *financeStory) balance(account ledger.Account, day ledger.Day) ledger.Rupiah {
	f.t.Helper()
	for _, b := range jsonOf[finance.TrialBalance](f.stage, "trial-balance", "--day", string(day)).Accounts {
		if b.Account == account {
			return b.Amount
		}
	}
	return 0
}

// correctsTheNextFile closes the day of the corrections: its file has a line for
// each that booked money, and the earlier files are what they were.
func (f *financeStory) correctsTheNextFile(cases map[string][]finance.Case) {
	f.t.Helper()
	f.tomorrow()
	before := f.operate("settlement", "export", string(faultyDay))
	f.operate("settlement", "close", string(correctionDay))
	require.Equal(f.t, before, f.operate("settlement", "export", string(faultyDay)))
	require.NotContains(f.t, before, "|ADJ|")
	file := f.operate("settlement", "export", string(correctionDay))
	require.True(f.t, strings.HasPrefix(file, "H|2|"), file)
	lines := map[string]int{}
	for line := range strings.Lines(file) {
		if fields := strings.Split(line, "|"); fields[0] == "D" {
			require.Equal(f.t, "ADJ", fields[10], line)
			lines[fields[5]+"/"+fields[4]]++
		}
	}
	for class, list := range cases {
		for _, one := range list {
			booked := jsonOf[finance.CaseDetail](f.stage, "case", "show", fmt.Sprint(one.ID)).Case.Booked != 0
			require.Equal(f.t, booked, lines[string(one.Code)+"/"+string(one.Ref)] > 0, "%s %+v", class, one)
		}
	}
	settlement := f.settlementOf(correctionDay)
	require.Contains(f.t, file, fmt.Sprintf("\nT|0|0|0|0|0|%d|%d|%d|", settlement.SumNet, settlement.CountAdjusted, settlement.SumAdjusted))
	require.Equal(f.t, settlement.SumNet, settlement.SumAdjusted)
}

func (f *financeStory) settlementOf(day ledger.Day) finance.Settlement {
	f.t.Helper()
	for _, one := range jsonOf[[]finance.Settlement](f.stage, "settlement", "list") {
		if one.BusinessDate == day {
			return one
		}
	}
	require.Fail(f.t, "no settlement", day)
	return finance.Settlement{}
}

// opensNothingAgain matches the days again: what is corrected, or was accepted,
// is no new case.
func (f *financeStory) opensNothingAgain() {
	f.t.Helper()
	for _, day := range []ledger.Day{faultyDay, shiftedDay} {
		code, out, errOut := f.command("reconcile", "match", string(day), "--json")
		require.Contains(f.t, []int{exitDone, exitUnmatched}, code, errOut)
		outcome := decode[reconcile.Outcome](f.t, out)
		require.True(f.t, outcome.Done)
		require.Zero(f.t, outcome.Opened, day)
	}
}

// settlesWithTheMerchant closes the shop's statement over all days, fetches its
// four files, and pays it out: the shop is then owed nothing.
func (f *financeStory) settlesWithTheMerchant() {
	f.t.Helper()
	terms := save(f.t, "terms.yaml", "party: {name: PT Toko}\nrates:\n  - {from: 2020-01-01, own_fee: {fixed: 1000, share_bp: 50}, vat_bp: 1100}\n")
	f.operate("merchant", "terms", "set", access.SandboxMerchant, terms)
	owed := -f.balance(ledger.MerchantPayable(access.SandboxMerchant), correctionDay)
	closed := jsonOf[finance.StatementsClosed](f.stage, "statement", "close", string(correctionDay)).Statements
	require.Len(f.t, closed, 1)
	statement := closed[0]
	require.Equal(f.t, owed, statement.Sales, "the shop's side adds up to the partner's")
	require.Equal(f.t, statement.NetPayable, statement.Sales-statement.PartnerFee-statement.OwnFee-statement.VAT+statement.Withheld-statement.Collected)
	f.fetchesFourFiles()
	require.Empty(f.t, jsonOf[finance.StatementsClosed](f.stage, "statement", "close", string(correctionDay)).Statements, "a day is in one statement")

	paid := []string{
		"payout", "add", "PAY-1", statement.NetPayable.String(), "--on", string(lastDay),
		"--merchant", access.SandboxMerchant, "--statement", "1",
	}
	require.Equal(f.t, f.operate(paid...), f.operate(paid...))
	require.Zero(f.t, f.balance(ledger.MerchantPayable(access.SandboxMerchant), ""))
	require.Zero(f.t, jsonOf[finance.Statement](f.stage, "statement", "show", access.SandboxMerchant, "1").Outstanding)
}

// fetchesFourFiles fetches each format twice: a closed statement never changes.
func (f *financeStory) fetchesFourFiles() {
	f.t.Helper()
	for format, begins := range map[string]string{"pdf": "%PDF-", "xlsx": "PK", "json": "{", "csv": ""} {
		export := func() []byte {
			return []byte(f.operate("statement", "export", access.SandboxMerchant, "1", "--format", format))
		}
		file := export()
		require.True(f.t, bytes.HasPrefix(file, []byte(begins)), format)
		require.Greater(f.t, len(file), 500, format)
		require.True(f.t, bytes.Equal(file, export()), format)
	}
}

// takesTheBanksMoney matches Indomaret's transfers: one pays two days exactly,
// one pays the corrections short, and the rest is written off.
func (f *financeStory) takesTheBanksMoney() {
	f.t.Helper()
	exact := f.settlementOf(faultyDay).SumNet + f.settlementOf(shiftedDay).SumNet
	f.operate("transfer", "add", "BANK-1", exact.String(), "--on", string(lastDay))
	require.Equal(f.t, fmt.Sprintf("%s %s\n", faultyDay, shiftedDay), f.operate("transfer", "suggest", "BANK-1"))
	f.operate("transfer", "match", "BANK-1", string(faultyDay), string(shiftedDay))
	require.Empty(f.t, f.openCasesOf(ledger.ClassTransferDifference))

	const short = 700
	rest := f.settlementOf(correctionDay).SumNet - short
	rows := fmt.Sprintf("reference,on,amount,note\nBANK-1,%s,%d,\nBANK-2,%s,%d,short\n", lastDay, exact, lastDay, rest)
	require.Contains(f.t, f.operate("transfer", "import", save(f.t, "bank.csv", rows)), "2 transfers, 1 of them new")
	f.operate("transfer", "match", "BANK-2", string(correctionDay))
	differing := f.openCasesOf(ledger.ClassTransferDifference)
	require.Len(f.t, differing, 1)
	require.EqualValues(f.t, -short, differing[0].Surplus)
	require.EqualValues(f.t, short, f.receivable())
	f.bothDo(differing[0], ledger.ActWriteOff, -short)
	require.Zero(f.t, f.receivable(), "nothing is owed that nobody looks for")
	require.Equal(f.t, exact+rest-f.paidOut(), f.balance(ledger.Bank, ""))
}

// adjustsLate takes a payment back whose statement is closed, for its till asks
// for that: it stands in the shop's next statement, and the closed one stays.
func (f *financeStory) adjustsLate(payment finance.Case) {
	f.t.Helper()
	export := []string{"statement", "export", access.SandboxMerchant, "1", "--format", "json"}
	before := f.operate(export...)
	refused := f.openCasesOf(ledger.ClassReversalRefused)
	i := slices.IndexFunc(refused, func(c finance.Case) bool { return c.Ref == payment.Ref })
	f.bothDo(refused[i], ledger.ActReverse, 0)
	f.deliverAll()
	require.Equal(f.t, f.orders[payment.Code], f.shop.next("deny").members(f.t)["order_id"])

	f.tomorrow()
	f.operate("settlement", "close", string(lastDay))
	closed := jsonOf[finance.StatementsClosed](f.stage, "statement", "close", string(lastDay)).Statements
	require.Len(f.t, closed, 1)
	require.Equal(f.t, -payment.Ours, closed[0].Sales)
	require.Equal(f.t, lastDay, closed[0].From)
	require.Equal(f.t, fmt.Sprintf("%x", sha256.Sum256([]byte(before))), closed[0].PreviousSHA256)
	require.Equal(f.t, before, f.operate(export...))
	require.Equal(f.t, -closed[0].NetPayable, f.balance(ledger.MerchantPayable(access.SandboxMerchant), ""))
}

func (f *financeStory) openCasesOf(class string) []finance.Case {
	f.t.Helper()
	return jsonOf[[]finance.Case](f.stage, "case", "list", "--class", class)
}

// paidOut is what the bank paid for us.
func (f *financeStory) paidOut() (sum ledger.Rupiah) {
	f.t.Helper()
	for _, p := range jsonOf[[]ledger.Payout](f.stage, "payout", "list") {
		sum += p.Amount
	}
	return sum
}
