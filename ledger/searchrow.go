package ledger

import (
	"strconv"
	"time"
)

// PaymentRow is one booked payment: a till's, or one that an adjustment recovered.
type PaymentRow struct {
	// Seq is the journal number of its booking: the row's key, and its order.
	Seq uint64
	// At is when it was booked.
	At time.Time
	// Number, ID, Merchant, Order and Code are the charge's.
	Number          uint64
	ID              string
	Merchant, Order string
	Code            PaymentCode
	// Ref, Receipt and Store are as in Transaction.
	Ref            TrackingRef
	Receipt, Store string
	// Amount is what was paid, without the Fee that was paid on top.
	Amount, Fee Rupiah
	// FeeRemitted says that Indomaret owes us the fee too.
	FeeRemitted bool
	// Day is the batch in which it stands, and Late says that its own was closed.
	Day  Day
	Late bool
	// Recovered says that an adjustment booked it, not a message.
	Recovered bool
	// State is TxPaid, TxReversed or TxTakenBack, and Reversed when it was taken
	// back.
	State    TxState
	Reversed time.Time
	// Released says that the merchant was told of it.
	Released bool
	// Told is the journal number of the newest change that the merchant is told of,
	// which is also its notice's Seq; 0 while there is none. ToldAs is what that came
	// to: StandingReleased or StandingDenied.
	Told   uint64
	ToldAs Standing
}

// tell notes that a journal record tells the merchant of the payment, if it does.
func (r *PaymentRow) tell(by Record) {
	if standing := told(by.Event); standing != "" {
		r.Told, r.ToldAs = by.Seq, standing
	}
}

// SearchIndex names what the index lists by.
type SearchIndex byte

// What payments are listed by.
const (
	ByMerchant SearchIndex = 'm'
	ByStore    SearchIndex = 's'
	ByRef      SearchIndex = 'r'
	ByReceipt  SearchIndex = 'p'
	ByOrder    SearchIndex = 'o'
	ByCharge   SearchIndex = 'c'
	// ByState lists those that were taken back.
	ByState SearchIndex = 't'
	ByLate  SearchIndex = 'l'
)

// What other records are listed by.
const (
	// ChargedByOrder lists Charged records by order id, over all merchants.
	ChargedByOrder SearchIndex = 'O'
	// BuriedByRef lists Buried records by TrackingRef.
	BuriedByRef SearchIndex = 'R'
)

// SearchKey is a place of the index: what it lists by, and of which value. An
// empty value is listed nowhere but under ByLate.
type SearchKey struct {
	Index SearchIndex
	Value string
}

// ChargeKey lists the payments of one charge.
func ChargeKey(number uint64) SearchKey {
	return SearchKey{ByCharge, strconv.FormatUint(number, 10)}
}

// Keys are all places at which the payment is listed.
func (r PaymentRow) Keys() []SearchKey {
	keys := []SearchKey{
		ChargeKey(r.Number), {ByMerchant, r.Merchant}, {ByStore, r.Store},
		{ByRef, string(r.Ref)}, {ByReceipt, r.Receipt}, {ByOrder, r.Order},
	}
	if r.Late {
		keys = append(keys, SearchKey{ByLate, ""})
	}
	if r.State != TxPaid {
		keys = append(keys, SearchKey{ByState, string(r.State)})
	}
	return keys
}

// PaymentRowOf is the row of the payment that a journal record books, if it does:
// merchant and order are its charge's. ID and Code may be filled in later.
func PaymentRowOf(r Record, merchant, order string) (PaymentRow, bool) {
	row := PaymentRow{Seq: r.Seq, At: r.At, Merchant: merchant, Order: order, State: TxPaid}
	switch e := r.Event.(type) {
	case Paid:
		row.Number, row.Code, row.Ref, row.Receipt, row.Store = e.Number, e.Code, e.Ref, e.Receipt, e.Store
		row.Amount, row.Fee, row.FeeRemitted, row.Day, row.Late = e.Amount, e.Fee, e.FeeRemitted, e.Day, e.Late
	case Adjusted:
		if e.Act != ActRecover {
			return PaymentRow{}, false
		}
		row.Number, row.Code, row.Ref, row.Receipt, row.Store = e.Number, e.Code, e.Ref, e.Receipt, e.Store
		row.Amount, row.Fee, row.FeeRemitted, row.Day = e.Amount, e.CustomerFee, e.FeeRemitted, e.Day
		// Its merchant is told by the adjustment itself.
		row.Recovered, row.Released = true, true
		row.tell(r)
	default:
		return PaymentRow{}, false
	}
	return row, true
}

// PaymentChanged is the charge and the TrackingRef of the payment whose row a
// journal record changes, if it does.
func PaymentChanged(r Record) (number uint64, ref TrackingRef, ok bool) {
	switch e := r.Event.(type) {
	case Released:
		return e.Number, e.Ref, true
	case Reversed:
		return e.Number, e.Ref, true
	case Adjusted:
		return e.Number, e.Ref, e.Act == ActReverse
	default:
		return 0, "", false
	}
}

// Change makes of the row what a journal record, for which PaymentChanged named
// it, makes of the payment.
func (r *PaymentRow) Change(by Record) {
	switch by.Event.(type) {
	case Released:
		r.Released = true
	case Reversed:
		r.State, r.Reversed = TxReversed, by.At
	case Adjusted:
		r.State, r.Reversed = TxTakenBack, by.At
	}
	r.tell(by)
}

// PaymentWalk asks an engine for payments along its index.
type PaymentWalk struct {
	// Keys must all hold. Without any, every payment is walked along.
	Keys []SearchKey
	// From and To bound when it was booked, and Above and Below its journal number;
	// From itself is within, the others are not. Zero values bound nothing.
	From, To     time.Time
	Above, Below uint64
	// ReversedFrom and ReversedTo bound when it was taken back, as in PaymentQuery. An
	// engine may use them to walk along less; Match holds each payment against them.
	ReversedFrom, ReversedTo time.Time
	// MinAmount and MaxAmount bound the amount, both inclusive; 0 bounds nothing.
	MinAmount, MaxAmount Rupiah
	// Oldest asks for the oldest first.
	Oldest bool
	// Match picks among those. It is shown rows without ID and Code.
	Match func(PaymentRow) bool
	// Limit is how many rows to give, and Budget how many entries to read.
	Limit, Budget int
	// Bare asks for rows without ID and Code, which cost more to read.
	Bare bool
}

// PaymentsFound is how far a walk came.
type PaymentsFound struct {
	Rows []PaymentRow
	// Scanned is how many entries of the index were read: at least one.
	Scanned int
	// Ended says that there are no more. Otherwise Reached is the journal number up
	// to which the walk came, and ReachedAt about when that was.
	Ended     bool
	Reached   uint64
	ReachedAt time.Time
}

// RecordKey is the place at which the index lists a record that books no payment,
// if it does.
func RecordKey(event Event) (SearchKey, bool) {
	switch e := event.(type) {
	case Charged:
		return SearchKey{ChargedByOrder, e.Order}, true
	case Buried:
		return SearchKey{BuriedByRef, string(e.Ref)}, true
	default:
		return SearchKey{}, false
	}
}

// ChargeOf is the number of the charge whose row an event changes; 0 when it
// changes none.
func ChargeOf(event Event) uint64 { return chargeOf(event) }
