package merchants

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/ledger"
)

// versionDigits is how much of a digest tells two lists of URLs apart.
const versionDigits = 16

// version names a list of URLs without giving one away.
func version(urls []string) string {
	sum := sha256.Sum256([]byte(strings.Join(urls, "\n")))
	return hex.EncodeToString(sum[:])[:versionDigits]
}

// test makes a charge to be told of. What the URLs answer stands on the next page.
func (a *area) test(c *frame.Call) error {
	m, _, err := a.acting(c)
	switch {
	case err != nil:
		return err
	case !mayURLs(c):
		return frame.Forbidden()
	case !m.Active:
		return frame.Refused("merchants.test.inactive")
	case len(a.Merchants.NotificationURLs(m.ID)) == 0:
		return frame.Refused("merchants.test.no_url")
	}
	transaction, err := a.Test(c.Context(), m.ID)
	if err != nil {
		return told(err)
	}
	return c.Done(pageOf(m, "/test/"+transaction), "merchants.test.done")
}

// testedView is what became of a test.
type testedView struct {
	Merchant access.Merchant
	// Waiting says that an answer is still to come.
	Waiting bool
	Rows    []testedRow
}

// testedRow is an attempt of a test.
type testedRow struct {
	At time.Time
	// Seq leads to the notification, whose page says in words why it failed.
	Seq    uint64
	Event  string
	URL    string
	Status int
	// Answer is the key of how it ended.
	Answer    string
	Took      time.Duration
	Delivered bool
	// Body is the answer's beginning.
	Body string
}

// Milliseconds is how long it took.
func (r testedRow) Milliseconds() int64 { return r.Took.Milliseconds() }

// tested shows what a merchant's URLs answered to a test.
func (a *area) tested(c *frame.Call) error {
	m, err := a.own(c)
	if err != nil {
		return err
	}
	if !mayURLs(c) {
		return frame.Forbidden()
	}
	notes, err := a.Deliveries.Of(c.Context(), m.ID, c.R.PathValue("transaction"))
	if errors.Is(err, ledger.ErrNotFound) {
		return frame.NotFound("merchants.test.unknown")
	}
	if err != nil {
		return told(err)
	}
	view := testedOf(notes, a.MaskURL)
	view.Merchant = m
	if view.Waiting {
		c.W.Header().Set("Refresh", "2")
	}
	return c.Page("merchants/tested", frame.Page{Title: c.T("merchants.test.title", "name", m.Name), Data: view})
}

// testedOf lists the attempts of a test's notifications. To one URL the second goes
// only when the first has arrived, so a refusal ends the wait for that URL; it is
// tried again by itself only after minutes.
func testedOf(notes []ledger.Notification, maskURL func(string) string) testedView {
	view := testedView{}
	refused := false
	for _, n := range notes {
		for _, attempt := range n.Attempts {
			refused = refused || !attempt.Delivered
			view.Rows = append(view.Rows, testedRow{
				At: attempt.At, Seq: n.Seq, Event: frame.WordEvent + string(n.Standing), URL: maskURL(attempt.Target), Status: attempt.Status, Answer: frame.AttemptWord(attempt),
				Took: attempt.Took, Delivered: attempt.Delivered, Body: attempt.Answer,
			})
		}
	}
	for _, n := range notes {
		view.Waiting = view.Waiting || n.State == ledger.NotificationWaiting
	}
	// With a refusal, whatever waits now waits for a retry.
	view.Waiting = view.Waiting && !refused
	return view
}
