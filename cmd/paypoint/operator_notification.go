package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/ledger"
	"paypoint/notify"
)

// notification is a notice with its attempts as its merchant sees it, and whose
// it is.
type notification struct {
	Merchant string `json:"merchant_id"`
	charge.Notice
}

func newNotification(n ledger.Notification, v ledger.View) notification {
	return notification{Merchant: v.Merchant, Notice: charge.NewNotice(n, v.ID, v.Order)}
}

// masked is the notification as a listing shows it: a merchant's URLs can hold
// its secrets. Whoever asks for this one sees them whole.
func (n notification) masked() notification {
	for i := range n.Attempts {
		n.Attempts[i].URL = notify.MaskURL(n.Attempts[i].URL)
	}
	return n
}

// notificationPage is a page of what is not delivered, oldest first. After is
// where to go on, 0 at the end.
type notificationPage struct {
	Notifications []notification `json:"notifications"`
	After         uint64         `json:"after,omitempty"`
}

// notificationsPerPage keeps an answer small.
const notificationsPerPage = 500

// listNotifications lists what is not delivered, of all merchants or of one.
func (o *operators) listNotifications(r *http.Request) (any, error) {
	query := r.URL.Query()
	after, err := strconv.ParseUint(query.Get("after"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("list notifications: after: %w", err)
	}
	found, next, err := o.app.notify.Waiting(r.Context(), query.Get("merchant"), after, notificationsPerPage)
	if err != nil {
		return nil, fmt.Errorf("list notifications: %w", err)
	}
	page := notificationPage{Notifications: []notification{}, After: next}
	for _, n := range found {
		if query.Has("failed") && n.State != ledger.NotificationFailed {
			continue
		}
		v, err := o.app.ledger.AsOf(r.Context(), n.Notice)
		if err != nil {
			return nil, fmt.Errorf("list notifications: %w", err)
		}
		page.Notifications = append(page.Notifications, newNotification(n, v).masked())
	}
	return page, nil
}

// findNotification is the notification with an id, whoever its merchant is.
func (o *operators) findNotification(ctx context.Context, id string) (notification, error) {
	found, err := charge.FindNotification(ctx, o.app.ledger, o.app.notify, "", id)
	if err != nil {
		return notification{}, notificationError(id, err)
	}
	return newNotification(found.Notification, found.Charge), nil
}

// notificationError says which notification an operator asked for in vain.
func notificationError(id string, err error) error {
	if _, _, ok := charge.ParseNotificationID(id); !ok {
		return fmt.Errorf("notification %q: %w: want TRANSACTION_ID-STATUS, as list shows it", id, err)
	}
	return fmt.Errorf("notification %s: %w", id, err)
}

func (o *operators) showNotification(r *http.Request) (any, error) {
	return o.findNotification(r.Context(), r.PathValue("id"))
}

// resendNotification makes one attempt at each URL, and answers with these.
func (o *operators) resendNotification(r *http.Request) (any, error) {
	id := r.PathValue("id")
	sent, attempts, err := charge.Resend(r.Context(), notedLedger{o.app.ledger}, o.app.notify, "", id)
	if err != nil {
		return nil, notificationError(id, err)
	}
	note(r.Context(), zap.String("merchant", sent.Charge.Merchant))
	sent.Notification.Attempts = attempts
	return newNotification(sent.Notification, sent.Charge), nil
}

// testedNotifications is what became of a test.
type testedNotifications struct {
	// Delivered says that every URL has taken all of them.
	Delivered     bool           `json:"delivered"`
	Notifications []notification `json:"notifications"`
}

const (
	// testPatience is how long the outcome of a test is waited for: longer than
	// an attempt may take.
	testPatience = 20 * time.Second
	// testPoll is how often it is looked for.
	testPoll = 50 * time.Millisecond
)

// testNotifications makes a charge to be told of and waits until each of the
// merchant's URLs has taken all, or refused one.
func (o *operators) testNotifications(r *http.Request) (any, error) {
	merchant := r.PathValue("id")
	ids, err := o.app.testCharge(r.Context(), merchant)
	if err != nil {
		return nil, fmt.Errorf("test notifications of %s: %w", merchant, err)
	}
	if !o.app.delivering.Load() {
		return o.sendTest(r.Context(), ids)
	}
	targets := o.app.merchants.NotificationURLs(merchant)
	late := time.After(testPatience)
	for {
		tested, err := o.lookAtTest(r.Context(), ids)
		if err != nil || tested.settled(targets) {
			return tested, err
		}
		select {
		case <-late:
			return tested, nil
		case <-r.Context().Done():
			return nil, r.Context().Err()
		case <-time.After(testPoll):
		}
	}
}

// sendTest delivers a test where nothing is delivered by itself.
func (o *operators) sendTest(ctx context.Context, ids []string) (any, error) {
	for _, id := range ids {
		if _, _, err := charge.Resend(ctx, o.app.ledger, o.app.notify, "", id); err != nil {
			return nil, err
		}
	}
	return o.lookAtTest(ctx, ids)
}

func (o *operators) lookAtTest(ctx context.Context, ids []string) (testedNotifications, error) {
	tested := testedNotifications{Delivered: true}
	for _, id := range ids {
		n, err := o.findNotification(ctx, id)
		if err != nil {
			return testedNotifications{}, err
		}
		tested.Delivered = tested.Delivered && n.State == string(ledger.NotificationDelivered)
		tested.Notifications = append(tested.Notifications, n)
	}
	return tested, nil
}

// settled says that no more is to be waited for: what a URL has refused once is
// tried again only after minutes.
func (t testedNotifications) settled(targets []string) bool {
	taken, refused := map[string]int{}, map[string]bool{}
	for _, n := range t.Notifications {
		for _, a := range n.Attempts {
			if a.Delivered {
				taken[a.URL]++
			} else {
				refused[a.URL] = true
			}
		}
	}
	for _, target := range targets {
		if !refused[target] && taken[target] < len(t.Notifications) {
			return false
		}
	}
	return t.Delivered || len(refused) > 0
}

// testCharge makes a charge to be told of and returns the ids of its
// notifications.
func (a *application) testCharge(ctx context.Context, merchant string) ([]string, error) {
	m, known := a.merchants.Merchant(merchant)
	if !known {
		return nil, access.ErrUnknownMerchant
	}
	_, ids, err := charge.MakeTest(ctx, notedLedger{a.ledger}, a.merchants, charge.Test{
		Merchant: m, Terms: a.config.terms(), ID: newID(), Salt: rand.Text(), Now: a.now(),
	})
	return ids, err
}
