package ledger

import (
	"cmp"
	"fmt"
	"time"
)

// Adjusted books an approved correction, as a line of the open batch.
type Adjusted struct {
	// Case is the one that it resolves.
	Case uint64 `json:"case"`
	Act  Act    `json:"act"`
	// Number is the charge's; 0 where there is none.
	Number uint64      `json:"n,omitempty"`
	Code   PaymentCode `json:"code,omitempty"`
	Ref    TrackingRef `json:"ref,omitempty"`
	Store  string      `json:"store,omitempty"`
	// Reference names the bank transfer whose difference is written off.
	Reference string `json:"reference,omitempty"`
	// Amount and Fee are what Indomaret owes more, negative when less; Payable is
	// what the merchant is owed more.
	Amount  Rupiah `json:"amount"`
	Fee     Rupiah `json:"fee,omitempty"`
	Payable Rupiah `json:"payable,omitempty"`
	// WrittenOff is what a reversal undoes of earlier write-offs.
	WrittenOff Rupiah `json:"written_off,omitempty"`
	// Receipt, CustomerFee and FeeRemitted are a recovered payment's.
	Receipt     string `json:"receipt,omitempty"`
	CustomerFee Rupiah `json:"customer_fee,omitempty"`
	FeeRemitted bool   `json:"fee_remitted,omitempty"`
	FeeIncluded bool   `json:"fee_included,omitempty"`
	// Of is the business day of what is corrected, Day the batch in which the
	// correction stands.
	Of  Day `json:"of,omitempty"`
	Day Day `json:"day"`
	// Bury says that no payment of Code and Ref may be booked any more.
	Bury bool `json:"bury,omitempty"`
	// Deny says that the merchant knew of the payment that is taken back, so that
	// the charge ends; otherwise it is open again until Deadline.
	Deny     bool      `json:"deny,omitempty"`
	Deadline time.Time `json:"deadline,omitzero"`
	// Why, By and ApprovedBy are the proposal's and the approval's.
	Why        string `json:"why"`
	By         string `json:"by"`
	ApprovedBy string `json:"approved_by"`
}

// Kind names the event.
func (Adjusted) Kind() Kind { return KindAdjusted }

// Net is what Indomaret owes more for it; negative when less.
func (e Adjusted) Net() Rupiah { return e.Amount + e.Fee }

// told is what it tells the charge's merchant.
func (e Adjusted) told() Standing {
	switch {
	case e.Act == ActRecover:
		return StandingReleased
	case e.Act == ActReverse && e.Deny:
		return StandingDenied
	default:
		return ""
	}
}

// DecideAdjustment is what a case's proposal books: nothing where an act can't
// be done on the payment as it stands (ErrAct says why). All lines go into the
// open batch, as ADJ; none that is there is ever changed.
//
//	act        history of code + ref      charge                       books
//	recover    none                       future, active, grace,       the payment: Indomaret owes it, the merchant
//	                                      expired; no newer one has    is owed it and told settlement
//	                                      its order id
//	recover    none                       else                         ErrAct: refund it
//	recover    none, but the same store   any                          ErrAct: one of both is wrong
//	           used the ref for another
//	           code within RefWindow
//	recover    any other                  any                          ErrAct: never booked twice, nor after it was
//	                                                                   taken back
//	reverse    paid                       released                     the payment the other way; charge denied, the
//	                                                                   merchant told deny
//	reverse    paid                       held                         the payment the other way; charge pending again
//	reverse    paid, and Indomaret has    any                          ErrAct: it will remit it
//	           it in force
//	reverse    any other                  any                          ErrAct: nothing is in force
//	refund     none                       any, unknown                 Indomaret owes the amount, to be given back to
//	                                                                   who paid it; a tombstone
//	refund     any other                  any                          the same, without a tombstone; below zero it
//	                                                                   takes back what was refunded and not paid out
//	write_off  paid or refunded, or the   any                          Indomaret owes more or less, at our gain or cost
//	           case is a bank transfer's
//	write_off  any other                  any                          ErrAct: nothing is owed
//	accept     any                        any                          nothing
//
// Of a case that is gone (see Case.Gone) or that a later match of the payment has
// found with other amounts all but accept is refused: ErrCaseGone, ErrAct.
//
// Amounts of refunds and write-offs are bound by what Indomaret has beyond the
// books now, not when the case was opened: no two cases correct the same money.
//
// A later message for the TrackingRef is answered as the truth tables of
// payments and reversals say: of a recovered or written-off payment a retry is
// approved and a reversal is 12 with a case; of one that was taken back or
// refunded a payment is 94 and a reversal 00.
func DecideAdjustment(s State, c Case, p Approval, a Agreement, now time.Time) (Change, error) {
	e := Adjusted{
		Case: c.ID, Act: c.Proposal.Act, Code: c.Code, Ref: c.Ref, Store: c.Store, Of: c.Day, Day: s.OpenDay,
		Why: c.Proposal.Why, By: c.Proposal.By, ApprovedBy: p.By,
	}
	if s.Charge != nil {
		e.Number = s.Charge.Number
	}
	if err := checkNewest(s, c, e); err != nil {
		return Change{}, err
	}
	if e.Act != ActAccept && c.Gone {
		return Change{}, fmt.Errorf("%s: %w", e.Act, ErrCaseGone)
	}
	switch e.Act {
	case ActRecover:
		return recoverPayment(s, c, e, p.Receipt, a, now)
	case ActReverse:
		return takeBack(s, c, e, a, now)
	case ActRefund:
		return refund(s, c, e, now)
	case ActWriteOff:
		return writeOff(s, c, e, now)
	case ActAccept:
		if c.Proposal.Amount != 0 {
			return Change{}, cannot(e, "it books nothing and takes no amount")
		}
		return Change{}, nil
	default:
		return Change{}, fmt.Errorf("act %.20q is unknown: %w", e.Act, ErrAct)
	}
}

// checkNewest makes sure that no later match of the payment has found other
// amounts than those that an act would be based on.
func checkNewest(s State, c Case, e Adjusted) error {
	newest, err := stateDocument[newestCase](s, newestCaseKey(c.Code, c.Ref))
	if err != nil {
		return err
	}
	if e.Act != ActAccept && newest != nil && newest.ID > c.ID && c.Class != ClassReversalRefused {
		return cannot(e, fmt.Sprintf("case %d was found later of the same payment: act there", newest.ID))
	}
	return nil
}

// surplus is what Indomaret has beyond what the books have of the case's payment
// now, corrections included; or what a transfer differs by that was not written
// off.
func (c Case) surplus(s State) (Rupiah, error) {
	transfer, err := stateDocument[Transfer](s, transferKey(c.Reference))
	switch {
	case err != nil:
		return 0, err
	case transfer != nil:
		return transfer.Difference - transfer.WrittenOff, nil
	default:
		return c.Theirs + c.TheirsFee - s.Tx.Owed(), nil
	}
}

// cannot is why an act can't be done.
func cannot(e Adjusted, why string) error {
	return fmt.Errorf("%s: %s: %w", e.Act, why, ErrAct)
}

func recoverPayment(s State, c Case, e Adjusted, receipt string, a Agreement, now time.Time) (Change, error) {
	switch {
	case c.Proposal.Amount != 0:
		return Change{}, cannot(e, "its amount is Indomaret's, none is to be given")
	case s.Tx != nil && s.Tx.State == TxPaid:
		return Change{}, cannot(e, "the payment is booked")
	case s.Tx != nil:
		return Change{}, cannot(e, "the payment was taken back and can't be booked again: refund it")
	case e.Ref == "":
		return Change{}, cannot(e, "the case names no payment")
	case refTaken(s, a, now):
		return Change{}, cannot(e, fmt.Sprintf("the store has used the TrackingRef for code %s: reverse that first", s.Elsewhere.Code))
	}
	switch s.Charge.Standing(now) {
	case StandingFuture, StandingActive, StandingGrace, StandingExpired:
	default:
		return Change{}, cannot(e, fmt.Sprintf("the charge is %s: refund it", s.Charge.Standing(now)))
	}
	if s.Superseded {
		return Change{}, cannot(e, "its order has a newer charge: refund it")
	}
	if c.Theirs < s.Charge.MinAmount || c.Theirs > s.Charge.Amount {
		return Change{}, cannot(e, fmt.Sprintf("Indomaret's amount %d is not within the charge's %d to %d: refund it",
			c.Theirs, s.Charge.MinAmount, s.Charge.Amount))
	}
	e.Amount, e.Payable, e.Receipt = c.Theirs, c.Theirs, receipt
	e.CustomerFee, e.FeeRemitted, e.FeeIncluded = s.Charge.Fee, a.FeeRemitted, a.AmountIncludesFee
	if e.FeeRemitted {
		// What Indomaret says that it collected, or a rest would stand in no case.
		e.Fee, e.CustomerFee = c.TheirsFee, c.TheirsFee
	}
	return change(now, Entry{e, paymentPostings(s.Charge.Merchant, e.Amount, e.CustomerFee, e.FeeRemitted)}), nil
}

// rest is the case of what an adjustment leaves of the difference, so that it is
// not closed with it in silence; false where it leaves nothing.
func (c Case) rest(s State, e Adjusted) (CaseOpened, bool, error) {
	surplus, err := c.surplus(s)
	left := surplus - e.Net()
	if err != nil || left == 0 {
		return CaseOpened{}, false, err
	}
	class := ClassCorrectionDiffers
	if c.Reference != "" {
		class = ClassTransferDifference
	}
	theirs := c.Theirs + c.TheirsFee
	return CaseOpened{
		Class: class, Day: c.Day, Code: c.Code, Ref: c.Ref, Store: c.Store, Reference: c.Reference,
		Ours: theirs - left, Theirs: theirs, Note: fmt.Sprintf("what case %d has left", c.ID), By: e.ApprovedBy,
	}, true, nil
}

func takeBack(s State, c Case, e Adjusted, a Agreement, now time.Time) (Change, error) {
	switch {
	case c.Proposal.Amount != 0:
		return Change{}, cannot(e, "its amount is the payment's, none is to be given")
	case e.Number == 0 || s.Tx == nil || s.Tx.State != TxPaid:
		return Change{}, cannot(e, "no payment is in force")
	case s.Charge.PaidBy != s.Tx.Ref:
		return Change{}, cannot(e, "another payment holds the charge")
	case c.Theirs+c.TheirsFee > s.Tx.Refunded:
		return Change{}, cannot(e, fmt.Sprintf("Indomaret has %d in force for it", c.Theirs+c.TheirsFee))
	}
	t := *s.Tx
	// What was written off of it is undone with it, but not what was written off
	// of refunds.
	e.WrittenOff = max(t.WrittenOff, -t.Amount-t.remitted())
	e.Amount, e.Fee, e.Payable = -t.Amount-e.WrittenOff, -t.remitted(), -t.Amount
	e.Of, e.Store = cmp.Or(t.Of, t.Day), t.Store
	e.Deny = s.Charge.Status == StatusReleased
	if !e.Deny {
		e.Deadline = reopened(*s.Charge, a, now)
	}
	return change(now, Entry{e, nonZero(
		Posting{IndomaretReceivable, e.Net()},
		Posting{MerchantPayable(s.Charge.Merchant), t.Amount},
		Posting{Fees, t.remitted()},
		Posting{WriteOffs, e.WrittenOff},
	)}), nil
}

func refund(s State, c Case, e Adjusted, now time.Time) (Change, error) {
	amount := c.Proposal.Amount
	surplus, err := c.surplus(s)
	switch {
	case err != nil:
		return Change{}, err
	case e.Ref == "":
		return Change{}, cannot(e, "the case names no payment")
	case amount == 0 || amount > max(0, surplus) || amount < max(min(0, surplus), -s.Tx.toPayBack()):
		return Change{}, cannot(e, fmt.Sprintf("the amount %d is not within what Indomaret has beyond the books, which is %d; a refund is taken back until it is paid out", amount, surplus))
	}
	e.Amount, e.Bury = amount, s.Tx == nil
	return change(now, Entry{e, []Posting{{IndomaretReceivable, amount}, {Suspense, -amount}}}), nil
}

func writeOff(s State, c Case, e Adjusted, now time.Time) (Change, error) {
	amount := c.Proposal.Amount
	surplus, err := c.surplus(s)
	switch {
	case err != nil:
		return Change{}, err
	case c.Class != ClassTransferDifference && s.Tx.Owed() == 0 && (s.Tx == nil || s.Tx.State != TxPaid):
		return Change{}, cannot(e, "Indomaret owes nothing for the payment by the books")
	case amount == 0 || amount > max(0, surplus) || amount < min(0, surplus):
		return Change{}, cannot(e, fmt.Sprintf("the amount %d is not within the difference, which is %d", amount, surplus))
	}
	e.Amount, e.Reference = amount, c.Reference
	return change(now, Entry{e, []Posting{{IndomaretReceivable, amount}, {WriteOffs, -amount}}}), nil
}

// transaction is the row of a recovered payment.
func (e Adjusted) transaction(at time.Time) Transaction {
	return Transaction{
		Code: e.Code, Ref: e.Ref, State: TxPaid, Amount: e.Amount, Fee: e.CustomerFee,
		FeeRemitted: e.FeeRemitted, FeeIncluded: e.FeeIncluded,
		Store: e.Store, Receipt: e.Receipt, Day: e.Day, Of: e.Of, Booked: at, Recovered: true,
	}
}

func projectAdjusted(rows Rows, e Adjusted, r Record) error {
	if err := changeBatch(rows, e.Day, func(b *Batch) { b.adjust(e, r.Seq) }); err != nil {
		return err
	}
	if err := alterCase(rows, e.Case, func(c *Case) { c.Booked = r.Seq }); err != nil {
		return err
	}
	if err := projectAdjustedPayment(rows, e, r); err != nil {
		return err
	}
	if e.Number == 0 {
		return nil
	}
	return changeCharge(rows, e.Number, r.Seq, func(c *Charge) { c.adjust(e, r.At) })
}

// projectAdjustedPayment changes the history of the payment.
func projectAdjustedPayment(rows Rows, e Adjusted, r Record) error {
	if e.Act == ActRecover {
		if err := rows.PutRefUse(e.Ref, RefUse{Code: e.Code, Store: e.Store, Booked: r.At}); err != nil {
			return err
		}
		return rows.PutTransaction(e.transaction(r.At))
	}
	if e.Bury {
		return rows.PutTransaction(Transaction{
			Code: e.Code, Ref: e.Ref, State: TxTombstone, Amount: e.Amount, Store: e.Store, Booked: r.At, Refunded: e.Amount,
		})
	}
	if e.Reference != "" {
		return changeTransfer(rows, e.Reference, func(t *Transfer) {
			t.WrittenOff, t.Cased = t.WrittenOff+e.Amount, nil
		})
	}
	tx, err := rows.Transaction(e.Code, e.Ref)
	if err != nil {
		return err
	}
	if tx == nil {
		return fmt.Errorf("payment of code %s ref %s: %w", e.Code, e.Ref, ErrMissingRow)
	}
	switch e.Act {
	case ActReverse:
		tx.State, tx.Reversed = TxTakenBack, r.At
		tx.WrittenOff -= e.WrittenOff
	case ActRefund:
		tx.Refunded += e.Amount
	default:
		tx.WrittenOff += e.Amount
	}
	return rows.PutTransaction(*tx)
}

// adjust is what a correction makes of the charge.
func (c *Charge) adjust(e Adjusted, at time.Time) {
	switch {
	case e.Act == ActRecover:
		c.PaidBy, c.ReleaseAt = e.Ref, time.Time{}
		c.end(StatusReleased, at)
	case e.Act == ActReverse && e.Deny:
		c.end(StatusDenied, at)
	case e.Act == ActReverse:
		c.reopen(e.Deadline)
	}
}
