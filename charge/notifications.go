package charge

import (
	"context"
	"net/http"
	"slices"

	"paypoint/access"
	"paypoint/ledger"
)

// Notice is a notification with what became of it, in JSON as its merchant sees
// it. Times are in WIB, as in every answer.
type Notice struct {
	// ID is Notification's, and the webhook-id of every attempt.
	ID            string `json:"id"`
	TransactionID string `json:"transaction_id"`
	OrderID       string `json:"order_id"`
	// TransactionStatus is what it tells, and Time when that came about.
	TransactionStatus string `json:"transaction_status"`
	Time              string `json:"time"`
	// State is a ledger.NotificationState.
	State    string    `json:"state"`
	Attempts []Attempt `json:"attempts"`
}

// Attempt is one try to deliver a notification to one URL.
type Attempt struct {
	Time string `json:"time"`
	URL  string `json:"url"`
	// HTTPStatus is the receiver's, absent when no answer came.
	HTTPStatus int `json:"http_status,omitempty"`
	// TookMS is in milliseconds.
	TookMS int64 `json:"took_ms"`
	// Answer is its beginning, and Fault why it does not count as delivered.
	Answer    string `json:"answer,omitempty"`
	Fault     string `json:"fault,omitempty"`
	Delivered bool   `json:"delivered"`
	// NextAttempt is absent when there will be none.
	NextAttempt string `json:"next_attempt,omitempty"`
	// Manual says that a person asked for it.
	Manual bool `json:"manual"`
}

// NewNotice is a notification of a charge, by its transaction id and order id.
func NewNotice(n ledger.Notification, transactionID, orderID string) Notice {
	told := Notice{
		ID: NotificationID(transactionID, n.Standing), TransactionID: transactionID, OrderID: orderID,
		TransactionStatus: outcomeOf(n.Standing).status, Time: wire(n.At), State: string(n.State), Attempts: []Attempt{},
	}
	for _, a := range n.Attempts {
		told.Attempts = append(told.Attempts, newAttempt(a))
	}
	return told
}

func newAttempt(a ledger.Attempt) Attempt {
	told := Attempt{
		Time: wire(a.At), URL: a.Target, HTTPStatus: a.Status, TookMS: a.Took.Milliseconds(),
		Answer: a.Answer, Fault: a.Fault, Delivered: a.Delivered, Manual: a.Manual,
	}
	if !a.Next.IsZero() {
		told.NextAttempt = wire(a.Next)
	}
	return told
}

// noticeList is the answer of GET /v1/notifications.
type noticeList struct {
	StatusCode    string   `json:"status_code"`
	StatusMessage string   `json:"status_message"`
	Notifications []Notice `json:"notifications"`
	NextCursor    string   `json:"next_cursor,omitempty"`
}

// notifications lists notifications, oldest first: GET /v1/notifications. With
// order_id or transaction_id it is all of that charge, else the merchant's that
// are not delivered, a page of them.
func (h *handler) notifications(r *http.Request, m access.Merchant) (any, error) {
	q := newQuery(r.URL)
	order, id, limit := q.handle("order_id"), q.handle("transaction_id"), q.limit()
	if order != "" && id != "" {
		q.faults.add("transaction_id", "must not be given beside order_id")
	}
	var after uint64
	if cursor := q.text("cursor"); cursor != "" {
		numbers, err := h.cursors.open(cursor, notificationCursor, m.ID, 1)
		if err != nil {
			q.wrongCursor()
			numbers = []uint64{0}
		}
		after = numbers[0]
	}
	if err := q.refusal(); err != nil {
		return nil, err
	}
	if handle := order + id; handle != "" {
		return h.noticesOf(r.Context(), m.ID, handle)
	}
	return h.undelivered(r.Context(), m.ID, after, limit)
}

func (h *handler) undelivered(ctx context.Context, merchant string, after uint64, limit int) (any, error) {
	page, next, err := h.Notifications.Waiting(ctx, merchant, after, limit)
	if err != nil {
		return nil, err
	}
	told := noticeList{StatusCode: codeDone, StatusMessage: "Notifications that are not delivered, oldest first.", Notifications: []Notice{}}
	for _, n := range page {
		view, err := h.Ledger.AsOf(ctx, n.Notice)
		if err != nil {
			return nil, err
		}
		told.Notifications = append(told.Notifications, NewNotice(n, view.ID, view.Order))
	}
	if next != 0 {
		told.NextCursor = h.cursors.seal(notificationCursor, merchant, next)
	}
	return told, nil
}

func (h *handler) noticesOf(ctx context.Context, merchant, handle string) (any, error) {
	view, err := h.Ledger.Status(ctx, merchant, handle)
	if err != nil {
		return nil, err
	}
	all, err := h.Notifications.Of(ctx, merchant, view.ID)
	if err != nil {
		return nil, err
	}
	told := noticeList{StatusCode: codeDone, StatusMessage: "Notifications of the transaction, oldest first.", Notifications: []Notice{}}
	for _, n := range all {
		told.Notifications = append(told.Notifications, NewNotice(n, view.ID, view.Order))
	}
	return told, nil
}

// oneNotice is the answer about a single notification.
type oneNotice struct {
	StatusCode    string `json:"status_code"`
	StatusMessage string `json:"status_message"`
	Notification  Notice `json:"notification"`
}

// notification tells what became of one: GET /v1/notifications/{id}.
func (h *handler) notification(r *http.Request, m access.Merchant) (any, error) {
	found, err := FindNotification(r.Context(), h.Ledger, h.Notifications, m.ID, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return oneNotice{codeDone, "The notification.", found.Notice()}, nil
}

// resend tells it again, now: POST /v1/notifications/{id}/resend. The answer
// comes when every URL has answered or run out of time.
func (h *handler) resend(r *http.Request, m access.Merchant) (any, error) {
	if _, err := readBody(r.Body); err != nil {
		return nil, err
	}
	sent, _, err := Resend(r.Context(), h.Ledger, h.Notifications, m.ID, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return oneNotice{codeDone, "The notification was sent again. See its last attempts.", sent.Notice()}, nil
}

// Found is a notification with the charge that it tells of.
type Found struct {
	Charge       ledger.View
	Notification ledger.Notification
}

// Notice is the notification as its merchant sees it.
func (f Found) Notice() Notice { return NewNotice(f.Notification, f.Charge.ID, f.Charge.Order) }

// FindNotification finds a merchant's notification by its id; merchant "" is
// any. Errors: ErrNoNotification, ledger.ErrNotFound where there is no such
// charge, and the ledger's.
func FindNotification(ctx context.Context, books Ledger, sent Notifications, merchant, id string) (Found, error) {
	transaction, standing, ok := ParseNotificationID(id)
	if !ok {
		return Found{}, ErrNoNotification
	}
	view, err := books.Status(ctx, merchant, transaction)
	if err != nil {
		return Found{}, err
	}
	// An order id may look like a transaction id.
	if view.ID != transaction {
		return Found{}, ErrNoNotification
	}
	all, err := sent.Of(ctx, view.Merchant, view.ID)
	if err != nil {
		return Found{}, err
	}
	i := slices.IndexFunc(all, func(n ledger.Notification) bool { return n.Standing == standing })
	if i < 0 {
		return Found{}, ErrNoNotification
	}
	return Found{view, all[i]}, nil
}

// Resend sends a notification again, now, and returns it as it stands then,
// with the attempts that this made: one for each URL. Errors are those of
// FindNotification, ErrNoTarget and the delivery's.
func Resend(ctx context.Context, books Ledger, sent Notifications, merchant, id string) (Found, []ledger.Attempt, error) {
	found, err := FindNotification(ctx, books, sent, merchant, id)
	if err != nil {
		return Found{}, nil, err
	}
	attempts, err := sent.Resend(ctx, found.Notification.Notice)
	if err != nil {
		return Found{}, nil, err
	}
	if len(attempts) == 0 {
		return Found{}, nil, ErrNoTarget
	}
	found, err = FindNotification(ctx, books, sent, merchant, id)
	return found, attempts, err
}
