package reconcile_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/reconcile"
)

// audit is a few days whose files come in many versions while acts correct what
// they say.
type audit struct {
	*office
	t        *rapid.T
	payments []payment
	// lines are Indomaret's of each day's newest file.
	lines    map[ledger.Day][]payment
	versions map[ledger.Day]int
	acts     int
}

// auditDays are those whose files change; the last only takes what they carry.
var auditDays = [...]ledger.Day{friday, saturday, sunday, monday}

// newAudit sells a few payments on each day, gives out codes that only Indomaret
// will know as paid, and matches all days without any difference.
func newAudit(t *testing.T, r *rapid.T) *audit {
	a := &audit{office: inMemory(t), t: r, lines: map[ledger.Day][]payment{}, versions: map[ledger.Day]int{}}
	a.config.Dir = filepath.Join(quick(t), "files")
	a.finance = reconcile.New(a.config)
	for _, day := range auditDays[:3] {
		a.at(r, day, "10:00:00")
		for range 2 {
			a.payments = append(a.payments, a.pay(r, 20_000, 500), a.charge(r, 30_000, 500))
		}
		taken := a.pay(r, 40_000, 500)
		require.Equal(r, ledger.ReasonApproved, a.reverse(r, taken))
		a.payments = append(a.payments, taken)
	}
	a.at(r, "2026-11-24", "03:00:00")
	a.close(r, auditDays[:]...)
	for _, day := range auditDays {
		for _, p := range a.payments {
			state := a.state(p)
			if state.Tx != nil && state.Tx.State == ledger.TxPaid && state.Tx.Day == day {
				a.lines[day] = append(a.lines[day], p)
			}
		}
		a.send(day)
	}
	return a
}

func (a *audit) state(p payment) ledger.State {
	state, err := a.ledger.Reader().Load(a.t.Context(), ledger.Keys{Code: p.Code, Ref: p.Ref})
	require.NoError(a.t, err)
	return state
}

// send imports and matches a day's file.
func (a *audit) send(day ledger.Day) {
	a.versions[day]++
	lines := make([]payment, len(a.lines[day]))
	for i, p := range a.lines[day] {
		p.At = day.Begin(0)
		lines[i] = p
	}
	a.take(a.t, day, fileOf(day, a.versions[day], lines...))
	a.match(a.t, day)
}

// elsewhere counts the other days whose file has a payment.
func (a *audit) elsewhere(p payment, day ledger.Day) int {
	days := 0
	for other, lines := range a.lines {
		if other != day && slices.ContainsFunc(lines, func(l payment) bool { return l.key() == p.key() }) {
			days++
		}
	}
	return days
}

// correctFile changes the lines of one payment in a day's file: none, one or more,
// of any amount, paid or reversed. No payment gets into three files: what is said
// of one that is settled twice and reversed in a third is a known limit.
func (a *audit) correctFile(t *rapid.T) {
	day := rapid.SampledFrom(auditDays[:3]).Draw(t, "day")
	p := rapid.SampledFrom(a.payments).Draw(t, "payment")
	if a.elsewhere(p, day) > 1 {
		t.Skip("in two files already")
	}
	// No file tells of what happens after its day.
	if day < ledger.BusinessDay(p.At, 24*time.Hour) {
		t.Skip("before it was made")
	}
	var lines []payment
	for _, l := range a.lines[day] {
		if l.key() != p.key() {
			lines = append(lines, l)
		}
	}
	for range rapid.SampledFrom([]int{0, 1, 1, 2}).Draw(t, "lines") {
		l := p
		l.Amount += ledger.Rupiah(rapid.SampledFrom([]int64{0, 0, 1000, -1000}).Draw(t, "amount"))
		l.Fee += ledger.Rupiah(rapid.SampledFrom([]int64{0, 0, 100}).Draw(t, "fee"))
		l.Reversed = rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, "reversed")
		lines = append(lines, l)
	}
	a.lines[day] = lines
	a.send(day)
}

// act does any act about any open case, in part or whole. Many can't be done.
func (a *audit) act(t *rapid.T) {
	open := a.cases(t, true)
	if len(open) == 0 {
		t.Skip("no case is open")
	}
	c := rapid.SampledFrom(open).Draw(t, "case")
	act := rapid.SampledFrom(ledger.Acts()[:4]).Draw(t, "act")
	amount := ledger.Rupiah(0)
	if act == ledger.ActRefund || act == ledger.ActWriteOff {
		surplus := c.Theirs + c.TheirsFee - a.state(payment{Code: c.Code, Ref: c.Ref}).Tx.Owed()
		amount = surplus / ledger.Rupiah(rapid.SampledFrom([]int64{1, 1, 1, 3}).Draw(t, "part"))
	}
	proposed, err := a.ledger.Propose(t.Context(), c.ID, ledger.Proposal{Act: act, Amount: amount, Why: "as agreed", By: "ani"})
	if errors.Is(err, ledger.ErrAct) {
		t.Skip("it can't be done")
	}
	require.NoError(t, err)
	_, err = a.ledger.Approve(t.Context(), c.ID, ledger.Approval{Seq: proposed.Proposal.Seq, By: "budi", Receipt: "R1"})
	require.NoError(t, err)
	a.acts++
}

// theirs is what Indomaret's newest files have in force of a payment, counted
// from what the test has put into them.
func (a *audit) theirs(p payment) ledger.Rupiah {
	var standing []ledger.Rupiah
	for _, day := range auditDays {
		before := len(standing)
		for _, l := range a.lines[day] {
			switch {
			case l.key() != p.key():
			case !l.Reversed:
				standing = append(standing, l.Amount+l.Fee)
			case before > 0:
				standing = append(standing[:before-1], standing[before:]...)
				before--
			}
		}
	}
	sum := ledger.Rupiah(0)
	for _, amount := range standing {
		sum += amount
	}
	return sum
}

// requireNothingSilent matches all days again: every payment of which the books
// and the files differ then has an open case that says so.
func (a *audit) requireNothingSilent(t *rapid.T) {
	for _, day := range rapid.Permutation(auditDays[:]).Draw(t, "again") {
		a.match(t, day)
	}
	saying := map[payment]bool{}
	for _, c := range a.cases(t, true) {
		saying[payment{Code: c.Code, Ref: c.Ref, Amount: c.Theirs + c.TheirsFee}] = true
	}
	for _, p := range a.payments {
		theirs, owed := a.theirs(p), a.state(p).Tx.Owed()
		require.True(t, theirs == owed || saying[payment{Code: p.Code, Ref: p.Ref, Amount: theirs}],
			"payment %s: Indomaret has %d, the books %d, and no case says so", p.Ref, theirs, owed)
	}
}

// Whatever versions of files come and whatever acts are approved in between: in the
// end every payment agrees, or has an open case with what Indomaret has by now.
func TestNothingIsSilent(t *testing.T) {
	t.Parallel()
	acts, versions := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		a := newAudit(t, r)
		r.Repeat(map[string]func(*rapid.T){
			"correct file":      a.correctFile,
			"correct file more": a.correctFile,
			"act":               a.act,
			"act more":          a.act,
			"act again":         a.act,
			"look":              a.requireNothingSilent,
		})
		a.requireNothingSilent(r)
		acts += a.acts
		for _, n := range a.versions {
			versions += n
		}
	})
	require.Positive(t, acts)
	t.Logf("%d acts, %d versions", acts, versions)
}
