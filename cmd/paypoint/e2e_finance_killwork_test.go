package main

import (
	"encoding/json"
	"fmt"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// told reads a command's answer; false when none came.
func told[T any](h *financeTorture, token string, args ...string) (value T, done bool) {
	out, done := h.do(token, append(args, "--json")...)
	if !done {
		return value, false
	}
	if err := json.Unmarshal([]byte(out), &value); err != nil {
		h.fault("%v: %v: %s", args, err, out)
		return value, false
	}
	return value, true
}

// answered is an answer that must come.
func answered[T any](h *financeTorture, args ...string) T {
	h.t.Helper()
	value, done := told[T](h, sandboxFinanceToken, args...)
	require.True(h.t, done, "%v: %v", args, h.faults)
	return value
}

func (h *financeTorture) fault(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = append(h.faults, fmt.Sprintf(format, args...))
}

// heard writes down what was answered. An answer that is not the one before is a
// fault.
func (h *financeTorture) heard(about, answer string) {
	h.write(h.facts, about, answer)
}

func (h *financeTorture) write(facts map[string]string, about, answer string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if before, known := facts[about]; known && before != answer {
		h.faults = append(h.faults, fmt.Sprintf("%s: was %s, is %s", about, before, answer))
	}
	facts[about] = answer
}

// matchDays takes each day's file and matches the day.
func (h *financeTorture) matchDays(from int) {
	for _, day := range h.days[from:] {
		taken, done := told[finance.Import](h, sandboxFinanceToken, "reconcile", "import", h.files[day])
		if !done {
			return
		}
		h.heardOfFile(taken.File)
		outcome, done := told[reconcile.Outcome](h, sandboxFinanceToken, "reconcile", "match", string(day))
		if !done {
			return
		}
		if !outcome.Done {
			h.fault("match of %s was answered before it was done", day)
		}
		h.heardOfMatch(outcome)
	}
}

func (h *financeTorture) heardOfFile(f ledger.PartnerFile) {
	h.heard("file "+string(f.Day), fmt.Sprint(f.Version, " ", f.SHA256, " ", f.Lines, " ", f.Amount))
}

func (h *financeTorture) heardOfMatch(o reconcile.Outcome) {
	h.heard("match "+string(o.Day), fmt.Sprint(o.Version, " ", o.Batch))
}

// resolveCases lets one person propose and another approve.
func (h *financeTorture) resolveCases(int) {
	open, done := told[[]finance.Case](h, sandboxFinanceToken, "case", "list")
	if !done {
		return
	}
	for _, one := range open {
		id := fmt.Sprint(one.ID)
		if one.State == ledger.CaseOpen {
			act, amount := fittingAct(one)
			args := []string{"case", "propose", id, string(act), "--why", "looked into"}
			if amount != 0 {
				args = append(args, "--amount="+amount.String())
			}
			if one, done = told[finance.Case](h, sandboxFinanceToken, args...); !done {
				return
			}
		}
		resolved, done := told[finance.Case](h, sandboxApproverToken, "case", "approve", id, fmt.Sprint(one.Proposal.Seq))
		if !done {
			return
		}
		h.heardOfCase(resolved)
	}
}

// fittingAct is what resolves a case of the torture's classes.
func fittingAct(c finance.Case) (ledger.Act, ledger.Rupiah) {
	switch match.Class(c.Class) {
	case match.AmountMismatch:
		return ledger.ActWriteOff, c.Surplus
	case match.UnknownCode:
		return ledger.ActRefund, c.Surplus
	default:
		return ledger.ActReverse, 0
	}
}

// heardOfCase writes down a case that is resolved, under what it is about: its
// number depends on when it was opened.
func (h *financeTorture) heardOfCase(c finance.Case) {
	h.heard(fmt.Sprintf("case %s %s %s/%s", c.Class, c.Day, c.Code, c.Ref),
		fmt.Sprint(c.State, " ", c.Proposal.Act, " ", c.Proposal.Amount, " ", c.ApprovedBy, " ", c.Booked != 0))
}

// closeStatements closes a statement after every third day and pays it out.
func (h *financeTorture) closeStatements(from int) {
	for i := from/3*3 + 2; i < len(h.days); i += 3 {
		if _, done := told[finance.StatementsClosed](h, sandboxFinanceToken, "statement", "close", string(h.days[i])); !done {
			return
		}
		no := uint64(i/3 + 1)
		one, done := told[finance.Statement](h, sandboxFinanceToken, "statement", "show", access.SandboxMerchant, fmt.Sprint(no))
		if !done {
			return
		}
		h.heardOfStatement(one)
		reference := fmt.Sprint("PAY-", no)
		paid, done := told[ledger.Payout](h, sandboxFinanceToken, "payout", "add", reference, one.NetPayable.String(),
			"--on", h.on, "--merchant", access.SandboxMerchant, "--statement", fmt.Sprint(no))
		if !done {
			return
		}
		h.heardOfPayout(paid)
	}
}

func (h *financeTorture) heardOfStatement(s finance.Statement) {
	h.heard(fmt.Sprint("statement ", s.Merchant, " ", s.No), fmt.Sprint(s.From, " ", s.To, " ", s.Sales, " ", s.NetPayable))
	h.write(h.seals, fmt.Sprint(s.Merchant, " ", s.No), s.SHA256)
}

func (h *financeTorture) heardOfPayout(p ledger.Payout) {
	h.heard("payout "+p.Reference, fmt.Sprint(p.Amount, " ", p.Merchant, " ", p.No))
}

// bankReference is that of the transfer for a day.
func bankReference(day int) string { return fmt.Sprintf("BANK-%03d", day) }

// matchTransfers records what the bank paid for each day, and matches it.
func (h *financeTorture) matchTransfers(from int) {
	for i, day := range h.days[from:] {
		reference, amount := bankReference(from+i), financePayments*stageAmount
		added, done := told[ledger.Transfer](h, sandboxFinanceToken, "transfer", "add", reference, amount.String(), "--on", h.on)
		if !done {
			return
		}
		h.heardOfTransfer(added)
		if len(added.Days) > 0 {
			continue
		}
		matched, done := told[ledger.Transfer](h, sandboxFinanceToken, "transfer", "match", reference, string(day))
		if !done {
			return
		}
		h.heardOfTransfer(matched)
	}
}

// heardOfTransfer writes down a transfer, and what it pays once that is said.
func (h *financeTorture) heardOfTransfer(t ledger.Transfer) {
	h.heard("transfer "+t.Reference, fmt.Sprint(t.Amount, " ", t.On))
	if len(t.Days) > 0 {
		h.heard("match of transfer "+t.Reference, fmt.Sprint(t.Days, " ", t.Difference))
	}
}
