package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/hooklift/gowsdl/soap"

	"paypoint/wsdl"
)

// till sends messages as one shop's till and keeps the journal. It is safe for
// concurrent use.
type till struct {
	url               string
	http              *http.Client
	timeout           time.Duration // for one exchange, from connecting to the answer's last byte
	signer            signer
	store, product    string
	amountIncludesFee bool
	ids               *identities
	now               func() time.Time
	journal           *journal
}

// order is one message to send.
type order struct {
	op          operation
	paymentCode string
	trackingRef string
	amount      int64 // whole rupiah; not of an inquiry
	fee         int64 // as inquired; for the journal
	phone       string
	// hangUp closes the connection as soon as the message has left.
	hangUp bool
}

// result is what became of a message: its outcome as journaled and the rest of
// the answer.
type result struct {
	record
	answer
}

// answer holds the elements of an approved answer that the journal does not keep.
// Which are filled depends on the operation. Amounts are whole rupiah.
type answer struct {
	Customer    string    `json:"customer,omitempty"`
	Desc        string    `json:"desc,omitempty"`
	MinAmount   int64     `json:"min_amount,omitempty"`
	Payable     int64     `json:"payable,omitempty"`
	Product     string    `json:"answered_product_code,omitempty"`
	Expires     string    `json:"expires,omitempty"`
	Message     string    `json:"message,omitempty"`
	ExtraParams [3]string `json:"extra_params,omitzero"`
}

// send journals the order, sends it, and journals what came back. Anything short
// of a usable answer is no error but stands in the result's Trouble; an error
// means that the journal could not be written. If the journal fails before the
// message is sent, it is not sent.
func (t *till) send(ctx context.Context, o order) (result, error) {
	now := t.now()
	sent := record{
		At: now.In(wib), Phase: intent, Op: o.op,
		MessageID: t.ids.messageID(now), TimeStamp: now.In(wib).Format(wireTime), StoreID: t.store,
		PaymentCode: o.paymentCode, TrackingRef: o.trackingRef, ProductCode: t.product, Amount: o.amount,
		Fee: o.fee, FeeInAmount: t.amountIncludesFee, Phone: o.phone,
	}
	if err := t.journal.append(sent); err != nil {
		return result{}, err
	}
	got := t.exchange(ctx, sent, t.signer.sign(t.store, o.paymentCode, o.trackingRef, now), o.hangUp)
	if err := t.journal.append(got.record); err != nil {
		return got, fmt.Errorf("%s answered %q, but: %w", o.op, got.ResponseCode, err)
	}
	return got, nil
}

// exchange sends one message and judges what comes back.
func (t *till) exchange(ctx context.Context, sent record, signature string, hangUp bool) result {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	line := &wire{http: t.http, hangUp: hangUp}
	partner := wsdl.NewPaymentPoint(soap.NewClient(t.url, soap.WithHTTPClient(line)))

	// The machine's clock, whatever clock the TimeStamps follow: only it never
	// jumps.
	started := time.Now()
	got, err := ask(ctx, partner, sent, signature)
	got.TookMicros = time.Since(started).Microseconds()
	got.At = t.now().In(wib)
	got.record = mergeOutcome(sent, got.record)

	if trouble := line.trouble(err, sent, t.timeout); trouble != nil {
		// What such an answer says must not count, not even its code.
		got = result{record: mergeOutcome(sent, record{At: got.At, TookMicros: got.TookMicros})}
		got.Trouble, got.NotSent = trouble.Error(), !line.connected.Load()
	}
	return got
}

// mergeOutcome returns the outcome of sent with what got has of the answer.
func mergeOutcome(sent, got record) record {
	out := sent
	out.Phase, out.At, out.TookMicros = outcome, got.At, got.TookMicros
	out.ResponseCode, out.ResponseDesc, out.ReceiptCode = got.ResponseCode, got.ResponseDesc, got.ReceiptCode
	if sent.Op == inquiry {
		out.Fee = got.Fee
	}
	return out
}

// ask sends the message through the client that gowsdl made of the contract.
func ask(ctx context.Context, partner wsdl.PaymentPoint, m record, signature string) (result, error) {
	switch m.Op {
	case inquiry:
		return askInquiry(ctx, partner, m, signature)
	case payment:
		return askPayment(ctx, partner, m, signature)
	default:
		return askReversal(ctx, partner, m, signature)
	}
}

// askInquiry sends ReqInquiry. The three ExtraParams are left out: the document
// gives them no meaning for a till.
func askInquiry(ctx context.Context, partner wsdl.PaymentPoint, m record, signature string) (result, error) {
	res, err := partner.InquiryContext(ctx, &wsdl.ReqInquiry{
		TimeStamp: m.TimeStamp, MessageID: m.MessageID, PaymentCode: m.PaymentCode, TrackingRef: m.TrackingRef,
		ProductCode: m.ProductCode, StoreID: m.StoreID, Signature: signature,
	})
	if err != nil {
		return result{}, err
	}
	got := result{
		record: record{ResponseCode: res.ResponseCode, ResponseDesc: res.ResponseDesc},
		answer: answer{
			Customer: res.Customer, Desc: res.Desc, Product: res.ProductCode, Expires: res.ExpiredDateTime,
			Message: res.Message, ExtraParams: [3]string{res.ExtraParam1, res.ExtraParam2, res.ExtraParam3},
		},
	}
	// A bad amount in an approved answer is a defect that the check of elements
	// reports; in a refusal it means nothing.
	got.MinAmount, _ = parseRupiah(res.MinAmount)
	got.Payable, _ = parseRupiah(res.Amount)
	got.Fee, _ = parseRupiah(res.Fee)
	return got, nil
}

// askPayment sends ReqPayment.
func askPayment(ctx context.Context, partner wsdl.PaymentPoint, m record, signature string) (result, error) {
	res, err := partner.PaymentContext(ctx, &wsdl.ReqPayment{
		TimeStamp: m.TimeStamp, MessageID: m.MessageID, PaymentCode: m.PaymentCode,
		Amount: strconv.FormatInt(m.Amount, 10), TrackingRef: m.TrackingRef, ProductCode: m.ProductCode,
		StoreID: m.StoreID, Signature: signature,
	})
	if err != nil {
		return result{}, err
	}
	return result{
		record: record{ResponseCode: res.ResponseCode, ResponseDesc: res.ResponseDesc, ReceiptCode: res.ReceiptCode},
		answer: answer{Message: res.Message},
	}, nil
}

// askReversal sends ReqReversal, with the PaymentCode, TrackingRef and Amount of
// the payment to take back.
func askReversal(ctx context.Context, partner wsdl.PaymentPoint, m record, signature string) (result, error) {
	res, err := partner.ReversalContext(ctx, &wsdl.ReqReversal{
		TimeStamp: m.TimeStamp, MessageID: m.MessageID, PaymentCode: m.PaymentCode,
		Amount: strconv.FormatInt(m.Amount, 10), TrackingRef: m.TrackingRef, ProductCode: m.ProductCode,
		StoreID: m.StoreID, Signature: signature,
	})
	if err != nil {
		return result{}, err
	}
	return result{record: record{ResponseCode: res.ResponseCode, ResponseDesc: res.ResponseDesc}}, nil
}
