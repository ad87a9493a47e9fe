package notifications

import (
	"time"

	"paypoint/console/frame"
	"paypoint/ledger"
)

// oneView is a notification's page.
type oneView struct {
	row
	// ID is what the merchant knows it by.
	ID    string
	Facts []frame.Fact
	// Tries are its attempts, the newest first.
	Tries []try
	// MayResend says that it can be told again: there is somebody to tell.
	MayResend bool
}

// try is an attempt as its page shows it.
type try struct {
	At   time.Time
	Took time.Duration
	// URL is masked.
	URL    string
	Answer answer
	Kind   string
	// Body is the answer's beginning as it was kept: printable, at most 1 KiB.
	Body   string
	Next   time.Time
	Manual bool
}

// Milliseconds is how long the attempt took.
func (t try) Milliseconds() int64 { return t.Took.Milliseconds() }

func (a *area) tryOf(attempt ledger.Attempt) try {
	t := try{
		At: attempt.At, Took: attempt.Took, URL: a.MaskURL(attempt.Target), Answer: answerOf(attempt, a.MaskURL), Kind: "bad",
		Body: attempt.Answer, Next: attempt.Next, Manual: attempt.Manual,
	}
	if attempt.Delivered {
		t.Kind = "good"
	}
	return t
}

// one shows a notification with every attempt that is kept.
func (a *area) one(c *frame.Call) error {
	e, err := a.own(c, c.R.PathValue("seq"))
	if err != nil {
		return err
	}
	view := oneView{
		row: a.rowOf(e, c.Now()), ID: a.ID(e.Charge.ID, e.Standing),
		MayResend: e.State != ledger.NotificationNotSent || len(e.Attempts) > 0,
	}
	view.Facts = a.facts(c, view)
	for i := len(e.Attempts) - 1; i >= 0; i-- {
		view.Tries = append(view.Tries, a.tryOf(e.Attempts[i]))
	}
	return c.Page("notifications/one", frame.Page{Title: c.T("notifications.one.title", "order", e.Charge.Order), Data: view})
}

func (a *area) facts(c *frame.Call, v oneView) []frame.Fact {
	facts := []frame.Fact{
		{Label: c.T("notifications.column.at"), At: v.At},
		{Label: c.T("notifications.column.event"), Value: c.T(frame.WordEvent + v.Event)},
		{Label: c.T("notifications.column.merchant"), Value: v.Name + " (" + v.Merchant + ")", Link: frame.MerchantPath(v.Merchant)},
		{Label: c.T("notifications.column.order"), Value: v.Order, Link: frame.PaymentPath(v.Transaction), Copy: true},
		{Label: c.T("notifications.column.id"), Value: v.ID, Copy: true},
		{Label: c.T("notifications.column.attempts"), Value: c.T("notifications.attempts", "count", v.Attempts)},
	}
	if !v.Next.IsZero() {
		facts = append(facts, frame.Fact{Label: c.T("notifications.column.next"), At: v.Next})
	}
	return facts
}
