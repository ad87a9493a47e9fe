package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"go.uber.org/zap"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/ledger"
)

// What operators can ask for in vain.
var (
	errNoNotification = errors.New("no such notification")
	errNoTarget       = errors.New("there is no URL to notify")
	errInactive       = errors.New("the merchant is deactivated")
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
		page.Notifications = append(page.Notifications, newNotification(n, v))
	}
	return page, nil
}

// findNotification is the notification with an id, and its charge.
func (o *operators) findNotification(ctx context.Context, id string) (ledger.View, ledger.Notification, error) {
	transaction, standing, ok := charge.ParseNotificationID(id)
	if !ok {
		return ledger.View{}, ledger.Notification{}, fmt.Errorf("notification %q: %w: want TRANSACTION_ID-STATUS, as list shows it", id, errNoNotification)
	}
	v, err := o.app.ledger.Lookup(ctx, transaction)
	if err != nil {
		return ledger.View{}, ledger.Notification{}, fmt.Errorf("notification %s: %w", id, err)
	}
	all, err := o.app.notify.Of(ctx, v.Merchant, v.ID)
	if err != nil {
		return ledger.View{}, ledger.Notification{}, fmt.Errorf("notification %s: %w", id, err)
	}
	i := slices.IndexFunc(all, func(n ledger.Notification) bool { return n.Standing == standing })
	if i < 0 {
		return ledger.View{}, ledger.Notification{}, fmt.Errorf("notification %s: %w", id, errNoNotification)
	}
	return v, all[i], nil
}

func (o *operators) showNotification(r *http.Request) (any, error) {
	v, n, err := o.findNotification(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return newNotification(n, v), nil
}

// resendNotification makes one attempt at each URL, and answers with these.
func (o *operators) resendNotification(r *http.Request) (any, error) {
	id := r.PathValue("id")
	v, n, err := o.findNotification(r.Context(), id)
	if err != nil {
		return nil, err
	}
	note(r.Context(), zap.String("merchant", v.Merchant), zap.String("order", v.Order))
	attempts, err := o.app.notify.Resend(r.Context(), n.Notice)
	if err != nil {
		return nil, err
	}
	if len(attempts) == 0 {
		return nil, fmt.Errorf("resend %s: %w", id, errNoTarget)
	}
	if _, n, err = o.findNotification(r.Context(), id); err != nil {
		return nil, err
	}
	n.Attempts = attempts
	return newNotification(n, v), nil
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
	ids, err := o.testCharge(r.Context(), merchant)
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
		_, n, err := o.findNotification(ctx, id)
		if err != nil {
			return nil, err
		}
		if _, err := o.app.notify.Resend(ctx, n.Notice); err != nil {
			return nil, err
		}
	}
	return o.lookAtTest(ctx, ids)
}

func (o *operators) lookAtTest(ctx context.Context, ids []string) (testedNotifications, error) {
	tested := testedNotifications{Delivered: true}
	for _, id := range ids {
		v, n, err := o.findNotification(ctx, id)
		if err != nil {
			return testedNotifications{}, err
		}
		tested.Delivered = tested.Delivered && n.State == ledger.NotificationDelivered
		tested.Notifications = append(tested.Notifications, newNotification(n, v))
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

// testCharge makes a charge to be told of, as POST /v1/notifications/test does,
// and returns the ids of its notifications.
func (o *operators) testCharge(ctx context.Context, merchant string) ([]string, error) {
	m, known := o.app.merchants.Merchant(merchant)
	switch {
	case !known:
		return nil, access.ErrUnknownMerchant
	case !m.Active:
		return nil, errInactive
	case len(o.app.merchants.NotificationURLs(merchant)) == 0:
		return nil, errNoTarget
	}
	books := notedLedger{o.app.ledger}
	made, err := books.Charge(ctx, charge.NewTest(m, o.app.config.terms(), newID(), rand.Text(), o.app.now()))
	if err != nil {
		return nil, err
	}
	if _, err := books.Cancel(ctx, merchant, made.ID); err != nil {
		return nil, err
	}
	return []string{
		charge.NotificationID(made.ID, ledger.StandingActive), charge.NotificationID(made.ID, ledger.StandingCancelled),
	}, nil
}
