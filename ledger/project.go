package ledger

import (
	"errors"
	"fmt"
	"time"
)

// ErrMissingRow reports an event about a row that the ledger does not have.
var ErrMissingRow = errors.New("the row is missing")

// Write writes a change: each entry into the journal, by append, which gives it
// its Seq, and onto the rows; then what the change carries besides. An error leaves the rows half
// written, so the engine gives up its transaction.
func Write(rows Rows, c Change, append func(Record) (Record, error)) error {
	for _, entry := range c.Entries {
		prev, err := lastRecord(rows, entry.Event)
		if err != nil {
			return err
		}
		record, err := append(Record{At: c.At, Prev: prev, Entry: entry})
		if err != nil {
			return err
		}
		if err := Project(rows, record); err != nil {
			return err
		}
		if charged, ok := entry.Event.(Charged); ok && c.Details != nil {
			if err := rows.PutDetails(charged.Number, *c.Details); err != nil {
				return fmt.Errorf("keep details of charge %d: %w", charged.Number, err)
			}
		}
	}
	for _, due := range c.Attended {
		if err := rows.DeleteDue(due); err != nil {
			return fmt.Errorf("attend to charge %d: %w", due.Number, err)
		}
	}
	return nil
}

// lastRecord is the journal number of the newest record of the charge or case
// that an event changes.
func lastRecord(rows Rows, event Event) (uint64, error) {
	if id := caseOf(event); id != 0 {
		c, err := documentOf[Case](rows, caseKey(id))
		if err != nil || c == nil {
			return 0, err
		}
		return c.Last, nil
	}
	number := chargeOf(event)
	if number == 0 {
		return 0, nil
	}
	c, err := rows.Charge(number)
	if err != nil {
		return 0, fmt.Errorf("last record of charge %d: %w", number, err)
	}
	if c == nil {
		return 0, nil // it is being charged
	}
	return c.Last, nil
}

// Project writes what a journal record means into the rows. It is all that
// ever changes a row, so the same records always give the same rows; the
// check of a ledger rests on that.
func Project(rows Rows, r Record) error {
	err := projectEvent(rows, r)
	if err == nil {
		err = projectNotice(rows, r)
	}
	if err != nil {
		return fmt.Errorf("project journal record %d (%s): %w", r.Seq, r.Event.Kind(), err)
	}
	for _, p := range r.Postings {
		if err := rows.Post(bookDay(r.Event), p); err != nil {
			return fmt.Errorf("project journal record %d: post to %s: %w", r.Seq, p.Account, err)
		}
	}
	return nil
}

func projectEvent(rows Rows, r Record) error {
	switch e := r.Event.(type) {
	case Charged:
		return projectCharged(rows, e, r)
	case Paid:
		return projectPaid(rows, e, r)
	case Reversed:
		return projectReversed(rows, e, r)
	case Buried:
		return rows.PutTransaction(Transaction{
			Code: e.Code, Ref: e.Ref, State: TxTombstone, Amount: e.Amount, Store: e.Store, Booked: r.At,
		})
	case Inquired:
		return changeCharge(rows, e.Number, r.Seq, func(c *Charge) { c.GraceUntil = e.GraceUntil })
	case Released:
		return changeCharge(rows, e.Number, r.Seq, func(c *Charge) { c.end(StatusReleased, r.At) })
	case Cancelled:
		return changeCharge(rows, e.Number, r.Seq, func(c *Charge) { c.end(StatusCancelled, r.At) })
	case Expired:
		return changeCharge(rows, e.Number, r.Seq, func(c *Charge) { c.end(StatusExpired, r.At) })
	case Closed:
		return changeBatch(rows, e.Day, func(b *Batch) { b.apply(e, r.At) })
	case Sealed:
		return changeBatch(rows, e.Day, func(b *Batch) { b.SHA256, b.PreviousSHA256 = e.SHA256, e.PreviousSHA256 })
	case Set:
		return rows.PutSetting(e.Key, e.Value)
	case Notified:
		return projectNotified(rows, e)
	case RecoveryBegun:
		return projectRecoveryBegun(rows, e)
	case RecoveryEnded:
		return projectRecoveryEnded(rows)
	case DetailsErased:
		return projectDetailsErased(rows, e)
	default:
		return projectFinance(rows, r)
	}
}

// projectFinance projects what finance staff do.
func projectFinance(rows Rows, r Record) error {
	switch e := r.Event.(type) {
	case CaseOpened:
		return projectCaseOpened(rows, e, r)
	case CaseNoted:
		return projectCaseNoted(rows, e, r)
	case Proposed:
		return errors.Join(
			changeCase(rows, e.Case, r.Seq, func(c *Case) { c.proposed(e, r) }), projectHand(rows, e.By))
	case Withdrawn:
		return changeCase(rows, e.Case, r.Seq, func(c *Case) { c.State, c.Proposal = CaseOpen, nil })
	case Resolved:
		return changeCase(rows, e.Case, r.Seq, func(c *Case) { c.resolved(e, r) })
	case Adjusted:
		return projectAdjusted(rows, e, r)
	case StatementClosed:
		return projectStatement(rows, e, r)
	case Transferred:
		return putDocument(rows, transferKey(e.Reference), e.transfer(r.At))
	case TransferMatched:
		return projectTransferMatched(rows, e)
	case PaidOut:
		return projectPaidOut(rows, e, r)
	case FileTaken:
		return errors.Join(projectFileTaken(rows, e, r), projectHand(rows, e.By))
	default:
		return fmt.Errorf("unknown kind of event %q", r.Event.Kind())
	}
}

func projectCharged(rows Rows, e Charged, r Record) error {
	c := e.charge(r.At)
	c.Last = r.Seq
	if err := rows.PutHandles(c); err != nil {
		return err
	}
	return putCharge(rows, Charge{}, c)
}

func projectPaid(rows Rows, e Paid, r Record) error {
	err := changeCharge(rows, e.Number, r.Seq, func(c *Charge) {
		c.Status, c.PaidBy, c.ReleaseAt = StatusHeld, e.Ref, e.ReleaseAt
	})
	if err != nil {
		return err
	}
	if err := rows.PutTransaction(e.transaction(r.At)); err != nil {
		return err
	}
	if err := rows.PutRefUse(e.Ref, RefUse{Code: e.Code, Store: e.Store, Booked: r.At}); err != nil {
		return err
	}
	return changeBatch(rows, e.Day, func(b *Batch) { b.add(e, r.Seq) })
}

// transaction is the row that the event makes.
func (e Paid) transaction(at time.Time) Transaction {
	return Transaction{
		Code: e.Code, Ref: e.Ref, State: TxPaid, Amount: e.Amount, Fee: e.Fee, FeeRemitted: e.FeeRemitted, FeeIncluded: e.FeeIncluded,
		Store: e.Store, Receipt: e.Receipt, Day: e.Day, Booked: at,
	}
}

func projectReversed(rows Rows, e Reversed, r Record) error {
	tx, err := rows.Transaction(e.Code, e.Ref)
	if err != nil {
		return err
	}
	if tx == nil {
		return fmt.Errorf("payment of code %s ref %s: %w", e.Code, e.Ref, ErrMissingRow)
	}
	if err := changeBatch(rows, e.Day, func(b *Batch) { b.reverse(*tx) }); err != nil {
		return err
	}
	tx.State, tx.Reversed = TxReversed, r.At
	if err := rows.PutTransaction(*tx); err != nil {
		return err
	}
	return changeCharge(rows, e.Number, r.Seq, func(c *Charge) {
		if e.Deny {
			c.end(StatusDenied, r.At)
			return
		}
		c.reopen(e.Deadline)
	})
}

// reopen makes the charge payable again.
func (c *Charge) reopen(deadline time.Time) {
	c.Status, c.PaidBy, c.ReleaseAt, c.Deadline = StatusPending, "", time.Time{}, deadline
}

// end brings the charge to a state that lasts, unless a reversal denies it.
func (c *Charge) end(status Status, at time.Time) {
	c.Status, c.Final = status, at
}

// changeCharge changes a charge's row by the journal record seq.
func changeCharge(rows Rows, number, seq uint64, alter func(*Charge)) error {
	c, err := rows.Charge(number)
	if err != nil {
		return err
	}
	if c == nil {
		return fmt.Errorf("charge %d: %w", number, ErrMissingRow)
	}
	before := *c
	alter(c)
	c.Last = seq
	return putCharge(rows, before, *c)
}

// putCharge stores a charge and keeps the due index ahead of it. The index may
// list more than is due: rows are deleted only when the sweeper comes by.
func putCharge(rows Rows, before, after Charge) error {
	if due := after.Due(); !due.IsZero() && !due.Equal(before.Due()) {
		if err := rows.PutDue(Due{At: due, Number: after.Number}); err != nil {
			return err
		}
	}
	return rows.PutCharge(after)
}

func changeBatch(rows Rows, day Day, alter func(*Batch)) error {
	b, err := rows.Batch(day)
	if err != nil {
		return err
	}
	alter(&b)
	return rows.PutBatch(b)
}
