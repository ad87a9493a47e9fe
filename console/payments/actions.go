package payments

import (
	"errors"
	"slices"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile/match"
)

// resend tells the merchant again, now, and says what came of it.
func (a *area) resend(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	seq := form.Number("notice", 1, maxSeq)
	if err := form.Err(); err != nil {
		return err
	}
	k, err := a.read(c)
	if err != nil {
		return err
	}
	c.Object(audit.KindPayment, k.View.ID)
	i := slices.IndexFunc(k.Notices, func(n ledger.Notification) bool { return n.Seq == uint64(seq) }) // #nosec G115 -- at least 1
	if i < 0 {
		return frame.NotFound("payments.resend.unknown")
	}
	attempts, err := a.Notifications.Resend(c.Context(), k.Notices[i].Notice)
	switch {
	case errors.Is(err, ledger.ErrBusy):
		return frame.Refused("payments.resend.busy")
	case err != nil:
		return err
	case len(attempts) == 0:
		return frame.Refused("payments.resend.nobody")
	}
	return a.resent(c, k.View.ID, attempts)
}

// maxSeq is the highest journal number that a form may name.
const maxSeq = 1<<63 - 1

// resent answers with what became of the attempts: how many URLs took it, and
// what the one that did not, or else the last, has answered.
func (a *area) resent(c *frame.Call, id string, attempts []ledger.Attempt) error {
	told := attempts[len(attempts)-1]
	delivered := 0
	for _, attempt := range attempts {
		if attempt.Delivered {
			delivered++
		} else {
			told = attempt
		}
	}
	key := "payments.resend.done"
	if delivered < len(attempts) {
		key = "payments.resend.failed"
	}
	answer := teller{c.T, c.Language()}.answer(told)
	return c.Done(frame.PaymentPath(id), key, "count", locale.Count(int64(delivered)), "of", locale.Count(int64(len(attempts))), "url", receiver(told.Target), "answer", answer)
}

// unmask shows the customer's phone number, once, to who says why.
func (a *area) unmask(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	reason := form.Text("reason", frame.MaxReason)
	if err := form.Err(); err != nil {
		return err
	}
	c.Reason(reason)
	c.Object(audit.KindPayment, c.R.PathValue("id"))
	k, err := a.read(c)
	if err != nil {
		return err
	}
	p := k.newest()
	if _, all := c.Scope(); p == nil || !all {
		return frame.NotFound("payments.unmask.none")
	}
	phone, err := a.Reconciliation.Phone(c.Context(), p.Day, match.Key{Code: p.Code, Ref: p.Ref})
	if err != nil {
		return err
	}
	if !phone.Known() {
		return frame.NotFound("payments.unmask.none")
	}
	return c.DoneSecret(frame.PaymentPath(k.View.ID), phone.Reveal(), "payments.unmask.done")
}
