package payments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile/match"
)

const (
	// maxPayments is how many payments of one charge are shown: one that tills pay
	// and take back again and again has the most.
	maxPayments = 100
	// maxCases is how many open cases of one code are shown.
	maxCases = 20
)

// known is all that was read of one charge.
type known struct {
	View ledger.View
	// Payments are its booked ones, the newest first.
	Payments []ledger.PaymentRow
	Notices  []ledger.Notification
	// Life is what a merchant may know; of staff it is empty, as all below is of a
	// merchant.
	Life []ledger.LifeEvent

	Story      story
	Booked     *ledger.Transaction
	Batch      ledger.Batch
	Reconciled string
	Phone      string
	// Unready says that wire messages could not be searched.
	Unready bool
}

// newest is the payment that the page is about, nil where there is none.
func (k known) newest() *ledger.PaymentRow {
	if len(k.Payments) == 0 {
		return nil
	}
	return &k.Payments[0]
}

// read reads a charge for a merchant's person, or for staff. Error: frame's 404.
func (a *area) read(c *frame.Call) (known, error) {
	merchant, _ := c.Scope()
	ctx, id := c.Context(), c.R.PathValue("id")
	var k known
	var err error
	if merchant == "" {
		k.View, k.Story.Records, err = a.Ledger.History(ctx, id)
	} else {
		k.View, k.Life, err = a.Ledger.Life(ctx, merchant, id)
	}
	switch {
	case errors.Is(err, ledger.ErrNotFound), err == nil && k.View.ID != id:
		// An order id is no address: a charge has one page. The id is not repeated, for
		// it may be a payment code.
		return known{}, frame.NotFound("payments.one.not_found")
	case errors.Is(err, ledger.ErrRecovery):
		return known{}, frame.Refused("payments.one.recovery")
	case err != nil:
		return known{}, err
	}
	page, err := a.Ledger.SearchPayments(ctx, ledger.PaymentQuery{ID: id, ReleasedOnly: merchant != "", Limit: maxPayments})
	if err != nil {
		return known{}, err
	}
	k.Payments = page.Rows
	if k.Notices, err = a.notices(ctx, k.View.Merchant, k.View.ID); err != nil || merchant != "" {
		return k, err
	}
	k.Story.Notices = k.Notices
	return k, a.readStaff(ctx, &k)
}

// notices are what the merchant was told. While the ledger is in recovery that is
// not known.
func (a *area) notices(ctx context.Context, merchant, id string) ([]ledger.Notification, error) {
	told, err := a.Notifications.Of(ctx, merchant, id)
	if errors.Is(err, ledger.ErrRecovery) {
		return nil, nil
	}
	return told, err
}

// readStaff reads what only the partner and we know.
func (a *area) readStaff(ctx context.Context, k *known) error {
	var err error
	k.Story.Messages, err = a.Messages.OfCode(ctx, k.View.Code, ledger.MaxMessages)
	if errors.Is(err, ledger.ErrMessagesNotReady) {
		k.Unready, err = true, nil
	}
	if err == nil {
		err = a.readCases(ctx, k)
	}
	if p := k.newest(); err == nil && p != nil {
		err = a.readPayment(ctx, k, *p)
	}
	if err != nil {
		return fmt.Errorf("read payment %s: %w", k.View.ID, err)
	}
	return nil
}

// readPayment reads how the newest payment was settled and compared.
func (a *area) readPayment(ctx context.Context, k *known, p ledger.PaymentRow) error {
	state, err := a.Ledger.Reader().Load(ctx, ledger.Keys{Code: p.Code, Ref: p.Ref})
	if err != nil {
		return err
	}
	k.Booked = state.Tx
	l := a.lookup()
	for _, payment := range slices.Backward(k.Payments) {
		b, err := l.batch(ctx, payment.Day)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(k.Story.Batches, func(there ledger.Batch) bool { return there.Day == b.Day }) {
			k.Story.Batches = append(k.Story.Batches, b)
		}
	}
	if k.Batch, err = l.batch(ctx, p.Day); err != nil {
		return err
	}
	if k.Reconciled, _, err = l.reconciled(ctx, p); err != nil {
		return err
	}
	return a.readCompared(ctx, k, l, p)
}

// readCompared reads when the payment's batch was compared, and whose file has
// its customer's number.
func (a *area) readCompared(ctx context.Context, k *known, l *lookup, p ledger.PaymentRow) error {
	phone, err := a.Reconciliation.Phone(ctx, p.Day, match.Key{Code: p.Code, Ref: p.Ref})
	if err != nil {
		return err
	}
	if phone.Known() {
		k.Phone = phone.String()
	}
	outcome, err := l.outcome(ctx, p.Day)
	if err == nil && outcome.Done && k.Batch.Closed() {
		k.Story.Compared, k.Story.Reconciled = outcome.At, k.Reconciled
		k.Story.ComparedDay = p.Day
	}
	return err
}

// readCases reads the cases of the charge's payments: the newest that a file
// opened of each, and, where a till was refused a reversal, what that opened.
func (a *area) readCases(ctx context.Context, k *known) error {
	var cases []ledger.Case
	for _, p := range k.Payments {
		c, is, err := a.Ledger.NewestCase(ctx, p.Code, p.Ref)
		if err != nil {
			return err
		}
		if is {
			cases = append(cases, c)
		}
	}
	if slices.ContainsFunc(k.Story.Messages, refusedReversal) || k.Unready {
		page, err := a.Ledger.Cases(ctx, ledger.CaseQuery{Open: true, Code: k.View.Code, Limit: maxCases})
		if err != nil {
			return err
		}
		cases = append(cases, page.Cases...)
	}
	slices.SortFunc(cases, func(x, y ledger.Case) int { return cmp.Compare(x.ID, y.ID) })
	k.Story.Cases = slices.CompactFunc(cases, func(x, y ledger.Case) bool { return x.ID == y.ID })
	return nil
}

// refusedReversal says whether a till wanted a payment taken back in vain. Each
// such message has a case, which no file opened.
func refusedReversal(m ledger.Message) bool { return m.Operation == operationReversal && m.Refused() }

// oneView is the page of one payment.
type oneView struct {
	ID string
	// State is the key of what became of it, StateKind its tag's shape.
	State, StateKind string
	// Payment is the newest, nil of a code that was never paid.
	Payment *ledger.PaymentRow
	// Batch is its name and BatchPath leads there; empty for a merchant.
	Batch, BatchPath string
	// Reconciled is its reconciliation state, ReconciledKind the shape of its tag.
	Reconciled, ReconciledKind string
	// Amount and Fee are what is to be paid where nothing was.
	Amount, Fee ledger.Rupiah
	Until       time.Time

	Keys, Order, Money, Settled []frame.Fact
	Notices                     []noticeView
	Timeline                    []frame.Event
	Cases                       []caseLink
	// WhyNot is the key of the sentence that says why nothing can be taken back
	// here; CasePath leads to the case where there is one.
	WhyNot, CasePath string
	// Phone is the customer's, masked; empty where none is kept.
	Phone string
	// Unmaskable says that the person may see all of it.
	Unmaskable bool
	Unready    bool
}

// caseLink leads to a case.
type caseLink struct {
	ID   uint64
	Path string
	// Class is what it is about, in words.
	Class string
	State ledger.CaseState
}

// noticeView is a notification with its resend button.
type noticeView struct {
	Seq uint64
	// Event is the key of what it tells, State that of how far it came.
	Event, State, StateKind string
	At                      time.Time
	Attempts                int
	// Last is what came of the last attempt, in words.
	Last     string
	LastAt   time.Time
	Next     time.Time
	Sendable bool
}

// one answers the page of one payment.
func (a *area) one(c *frame.Call) error {
	k, err := a.read(c)
	if err != nil {
		return err
	}
	t := teller{c.T, c.Language()}
	_, all := c.Scope()
	v := k.view(t, all, a.merchantName(k.View.Merchant))
	if !c.May(access.ActCaseRead) {
		v.Cases, v.CasePath = nil, ""
	}
	v.Unmaskable = c.May(access.ActPaymentsUnmask)
	return c.Page("payments/one", frame.Page{Title: c.T("payments.one.title", "order", k.View.Order), Data: v})
}

// view is the page, for staff or for a merchant's person.
func (k known) view(t teller, staff bool, merchant string) oneView {
	v := oneView{
		ID: k.View.ID, Payment: k.newest(), Amount: k.View.Amount, Fee: k.View.Fee, Until: k.View.Deadline,
		Notices: noticeViews(t, k.Notices), Unready: k.Unready, Phone: k.Phone,
	}
	v.State, v.StateKind = k.state()
	v.Keys, v.Order, v.Money = k.keyFacts(t), k.orderFacts(t, merchant), k.moneyFacts(t, staff)
	if !staff {
		v.Timeline = merchantTimeline(t, k.Life, k.Notices)
		return v
	}
	v.Timeline = k.Story.timeline(t)
	for _, c := range k.Story.Cases {
		v.Cases = append(v.Cases, caseLink{ID: c.ID, Path: frame.CasePath(c.ID), Class: t.class(c.Class), State: c.State})
	}
	if v.Payment != nil {
		v.Batch, v.BatchPath = batchName(k.Batch), frame.SettlementPath(k.Batch.Day)
		v.Reconciled, v.ReconciledKind = k.Reconciled, reconciledKind(k.Reconciled)
		v.Settled = k.settledFacts(t)
	}
	v.WhyNot, v.CasePath = k.whyNot()
	return v
}

// state is the key of what became of the payment, or of the code where nothing
// was paid, with its tag's shape.
func (k known) state() (key, kind string) {
	p := k.newest()
	switch {
	case p == nil, p.State == ledger.TxPaid && !p.Released:
		return frame.WordStanding + string(k.View.Standing), standingKind(k.View.Standing)
	default:
		return "payments.state." + string(p.State), stateKind(p.State)
	}
}

// whyNot is the key of the sentence that says what can be done about money that
// is to go back, and the newest case of the charge.
func (k known) whyNot() (key, path string) {
	if n := len(k.Story.Cases); n > 0 {
		path = frame.CasePath(k.Story.Cases[n-1].ID)
	}
	p := k.newest()
	switch {
	case p == nil || p.State != ledger.TxPaid:
		return "", path
	case k.Batch.Closed() && path != "":
		return "payments.why.closed_case", path
	case k.Batch.Closed():
		return "payments.why.closed", ""
	default:
		return "payments.why.open", path
	}
}

// noticeViews are the notifications as the page shows them.
func noticeViews(t teller, told []ledger.Notification) []noticeView {
	views := make([]noticeView, 0, len(told))
	for _, n := range told {
		v := noticeView{
			Seq: n.Seq, Event: frame.WordEvent + string(n.Standing), State: "payments.notification." + string(n.State),
			StateKind: notificationKind(n.State), At: n.At, Attempts: len(n.Attempts), Sendable: n.Seq != 0,
		}
		if len(n.Attempts) > 0 {
			last := n.Attempts[len(n.Attempts)-1]
			v.Last, v.LastAt, v.Next = t.answer(last), last.At, last.Next
		}
		views = append(views, v)
	}
	return views
}

// notificationKind is the shape of a notification's tag.
func notificationKind(s ledger.NotificationState) string {
	switch s {
	case ledger.NotificationDelivered:
		return kindGood
	case ledger.NotificationFailed:
		return kindBad
	case ledger.NotificationWaiting:
		return kindWait
	default:
		return kindOff
	}
}
