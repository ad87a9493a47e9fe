package boltdb

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

	"paypoint/ledger"
)

// rowVersion begins every row. A row of another version is not guessed at.
const rowVersion = 1

// errRow reports bytes that are no row of this version.
var errRow = errors.New("not a row of a version that this program reads")

// Rows are CBOR (RFC 8949) with numbered members, a third of the size of their
// JSON: every message reads and writes a few. The journal, which people read
// and which is shipped, is JSON. The encoding is deterministic, for verify
// compares bytes; these constant options are valid together.
var rowEncoding, _ = cbor.CoreDetEncOptions().UserBufferEncMode()

// What was once written can be read again: text that is no UTF-8 is refused
// where it comes in, and must not make a row unreadable here.
var rowDecoding, _ = cbor.DecOptions{UTF8: cbor.UTF8DecodeInvalid}.DecMode()

// encode gives a row's bytes.
func encode(row any) ([]byte, error) {
	value := bytes.NewBuffer(make([]byte, 0, 192))
	value.WriteByte(rowVersion)
	if err := rowEncoding.MarshalToBuffer(row, value); err != nil {
		return nil, err
	}
	return value.Bytes(), nil
}

// decode reads a row's bytes.
func decode[R any](value []byte) (*R, error) {
	if len(value) == 0 || value[0] != rowVersion {
		return nil, errRow
	}
	row := new(R)
	if err := rowDecoding.Unmarshal(value[1:], row); err != nil {
		return nil, fmt.Errorf("%w: %w", errRow, err)
	}
	return row, nil
}

// millis is a moment as rows keep it, 0 for none. The ledger's times are whole
// milliseconds.
type millis int64

func toMillis(t time.Time) millis {
	if t.IsZero() {
		return 0
	}
	return millis(t.UnixMilli())
}

func (m millis) time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).In(ledger.WIB)
}

// chargeRow is a ledger.Charge. Its number is in the key.
type chargeRow struct {
	Code       ledger.PaymentCode `cbor:"1,keyasint"`
	ID         string             `cbor:"2,keyasint"`
	Merchant   string             `cbor:"3,keyasint"`
	Order      string             `cbor:"4,keyasint"`
	Amount     ledger.Rupiah      `cbor:"5,keyasint"`
	MinAmount  ledger.Rupiah      `cbor:"6,keyasint"`
	Fee        ledger.Rupiah      `cbor:"7,keyasint,omitempty"`
	Product    string             `cbor:"8,keyasint,omitempty"`
	Hold       time.Duration      `cbor:"9,keyasint,omitempty"`
	Created    millis             `cbor:"10,keyasint"`
	ValidFrom  millis             `cbor:"11,keyasint,omitempty"`
	Expires    millis             `cbor:"12,keyasint"`
	Status     ledger.Status      `cbor:"13,keyasint"`
	Deadline   millis             `cbor:"14,keyasint"`
	GraceUntil millis             `cbor:"15,keyasint,omitempty"`
	PaidBy     ledger.TrackingRef `cbor:"16,keyasint,omitempty"`
	ReleaseAt  millis             `cbor:"17,keyasint,omitempty"`
	Final      millis             `cbor:"18,keyasint,omitempty"`
	Notify     bool               `cbor:"19,keyasint,omitempty"`
	Last       uint64             `cbor:"20,keyasint,omitempty"`
}

func toChargeRow(c ledger.Charge) chargeRow {
	return chargeRow{
		Code: c.Code, ID: c.ID, Merchant: c.Merchant, Order: c.Order,
		Amount: c.Amount, MinAmount: c.MinAmount, Fee: c.Fee, Product: c.Product, Hold: c.Hold,
		Created: toMillis(c.Created), ValidFrom: toMillis(c.ValidFrom), Expires: toMillis(c.Expires),
		Status: c.Status, Deadline: toMillis(c.Deadline), GraceUntil: toMillis(c.GraceUntil),
		PaidBy: c.PaidBy, ReleaseAt: toMillis(c.ReleaseAt), Final: toMillis(c.Final),
		Notify: c.Notify, Last: c.Last,
	}
}

func (r chargeRow) charge(number uint64) ledger.Charge {
	return ledger.Charge{
		Number: number, Code: r.Code, ID: r.ID, Merchant: r.Merchant, Order: r.Order,
		Amount: r.Amount, MinAmount: r.MinAmount, Fee: r.Fee, Product: r.Product, Hold: r.Hold,
		Created: r.Created.time(), ValidFrom: r.ValidFrom.time(), Expires: r.Expires.time(),
		Status: r.Status, Deadline: r.Deadline.time(), GraceUntil: r.GraceUntil.time(),
		PaidBy: r.PaidBy, ReleaseAt: r.ReleaseAt.time(), Final: r.Final.time(),
		Notify: r.Notify, Last: r.Last,
	}
}

// transactionRow is a ledger.Transaction. Its code and TrackingRef are in the
// key.
type transactionRow struct {
	State       ledger.TxState `cbor:"1,keyasint"`
	Amount      ledger.Rupiah  `cbor:"2,keyasint"`
	Fee         ledger.Rupiah  `cbor:"3,keyasint,omitempty"`
	FeeRemitted bool           `cbor:"4,keyasint,omitempty"`
	Store       string         `cbor:"5,keyasint,omitempty"`
	Receipt     string         `cbor:"6,keyasint,omitempty"`
	Day         ledger.Day     `cbor:"7,keyasint,omitempty"`
	Booked      millis         `cbor:"8,keyasint"`
	Reversed    millis         `cbor:"9,keyasint,omitempty"`
	FeeIncluded bool           `cbor:"10,keyasint,omitempty"`
	Recovered   bool           `cbor:"11,keyasint,omitempty"`
	WrittenOff  ledger.Rupiah  `cbor:"12,keyasint,omitempty"`
	Of          ledger.Day     `cbor:"13,keyasint,omitempty"`
	Refunded    ledger.Rupiah  `cbor:"14,keyasint,omitempty"`
	PaidBack    ledger.Rupiah  `cbor:"15,keyasint,omitempty"`
}

func toTransactionRow(t ledger.Transaction) transactionRow {
	return transactionRow{
		State: t.State, Amount: t.Amount, Fee: t.Fee, FeeRemitted: t.FeeRemitted,
		Store: t.Store, Receipt: t.Receipt, Day: t.Day,
		Booked: toMillis(t.Booked), Reversed: toMillis(t.Reversed), FeeIncluded: t.FeeIncluded,
		Recovered: t.Recovered, WrittenOff: t.WrittenOff, Of: t.Of, Refunded: t.Refunded, PaidBack: t.PaidBack,
	}
}

func (r transactionRow) transaction(code ledger.PaymentCode, ref ledger.TrackingRef) ledger.Transaction {
	return ledger.Transaction{
		Code: code, Ref: ref, State: r.State, Amount: r.Amount, Fee: r.Fee, FeeRemitted: r.FeeRemitted,
		Store: r.Store, Receipt: r.Receipt, Day: r.Day,
		Booked: r.Booked.time(), Reversed: r.Reversed.time(), FeeIncluded: r.FeeIncluded,
		Recovered: r.Recovered, WrittenOff: r.WrittenOff, Of: r.Of, Refunded: r.Refunded, PaidBack: r.PaidBack,
	}
}

// refUseRow is a ledger.RefUse. Its store is in the key.
type refUseRow struct {
	Code   ledger.PaymentCode `cbor:"1,keyasint"`
	Booked millis             `cbor:"2,keyasint"`
}

// batchRow is a ledger.Batch. Its day is in the key.
type batchRow struct {
	No             uint64        `cbor:"1,keyasint,omitempty"`
	ClosedAt       millis        `cbor:"2,keyasint,omitempty"`
	Early          bool          `cbor:"3,keyasint,omitempty"`
	First          uint64        `cbor:"4,keyasint,omitempty"`
	Last           uint64        `cbor:"5,keyasint,omitempty"`
	Paid           int           `cbor:"6,keyasint,omitempty"`
	PaidAmount     ledger.Rupiah `cbor:"7,keyasint,omitempty"`
	PaidFee        ledger.Rupiah `cbor:"8,keyasint,omitempty"`
	RemittedFee    ledger.Rupiah `cbor:"9,keyasint,omitempty"`
	Reversed       int           `cbor:"10,keyasint,omitempty"`
	ReversedAmount ledger.Rupiah `cbor:"11,keyasint,omitempty"`
	SHA256         string        `cbor:"12,keyasint,omitempty"`
	PreviousSHA256 string        `cbor:"13,keyasint,omitempty"`
	Partner        string        `cbor:"14,keyasint,omitempty"`
	Adjustments    int           `cbor:"15,keyasint,omitempty"`
	Adjusted       ledger.Rupiah `cbor:"16,keyasint,omitempty"`
	Transfer       string        `cbor:"17,keyasint,omitempty"`
	ClosedBy       string        `cbor:"18,keyasint,omitempty"`
	Reprocessed    bool          `cbor:"19,keyasint,omitempty"`
}

func toBatchRow(b ledger.Batch) batchRow {
	return batchRow{
		No: b.No, ClosedAt: toMillis(b.ClosedAt), Early: b.Early, First: b.First, Last: b.Last,
		Paid: b.Paid, PaidAmount: b.PaidAmount, PaidFee: b.PaidFee, RemittedFee: b.RemittedFee,
		Reversed: b.Reversed, ReversedAmount: b.ReversedAmount,
		SHA256: b.SHA256, PreviousSHA256: b.PreviousSHA256, Partner: b.Partner,
		Adjustments: b.Adjustments, Adjusted: b.Adjusted, Transfer: b.Transfer, ClosedBy: b.ClosedBy,
		Reprocessed: b.Reprocessed,
	}
}

func (r batchRow) batch(day ledger.Day) ledger.Batch {
	return ledger.Batch{
		Day: day, No: r.No, ClosedAt: r.ClosedAt.time(), Early: r.Early, First: r.First, Last: r.Last,
		Paid: r.Paid, PaidAmount: r.PaidAmount, PaidFee: r.PaidFee, RemittedFee: r.RemittedFee,
		Reversed: r.Reversed, ReversedAmount: r.ReversedAmount,
		SHA256: r.SHA256, PreviousSHA256: r.PreviousSHA256, Partner: r.Partner,
		Adjustments: r.Adjustments, Adjusted: r.Adjusted, Transfer: r.Transfer, ClosedBy: r.ClosedBy,
		Reprocessed: r.Reprocessed,
	}
}

// detailsRow is a ledger.Details.
type detailsRow struct {
	Salt     string   `cbor:"1,keyasint"`
	Customer string   `cbor:"2,keyasint,omitempty"`
	Desc     string   `cbor:"3,keyasint,omitempty"`
	Extra    []string `cbor:"4,keyasint,omitempty"`
	Fields   []string `cbor:"5,keyasint,omitempty"`
	Metadata string   `cbor:"6,keyasint,omitempty"`
	Targets  []string `cbor:"7,keyasint,omitempty"`
	Only     bool     `cbor:"8,keyasint,omitempty"`
	Request  string   `cbor:"9,keyasint,omitempty"`
}

func toDetailsRow(d ledger.Details) detailsRow {
	row := detailsRow{
		Salt: d.Salt, Customer: d.Customer, Desc: d.Desc,
		Metadata: d.Metadata, Targets: d.Targets, Only: d.OnlyTargets, Request: d.Request,
	}
	if d.Fields != [3]string{} {
		row.Fields = d.Fields[:]
	}
	if d.Extra != [3]string{} {
		row.Extra = d.Extra[:]
	}
	return row
}

func (r detailsRow) details() ledger.Details {
	d := ledger.Details{
		Salt: r.Salt, Customer: r.Customer, Desc: r.Desc,
		Metadata: r.Metadata, Targets: r.Targets, OnlyTargets: r.Only, Request: r.Request,
	}
	copy(d.Extra[:], r.Extra)
	copy(d.Fields[:], r.Fields)
	return d
}

// noticeRow is a ledger.Notice. Its Seq is in the key.
type noticeRow struct {
	Number   uint64          `cbor:"1,keyasint"`
	Merchant string          `cbor:"2,keyasint"`
	Standing ledger.Standing `cbor:"3,keyasint"`
	At       millis          `cbor:"4,keyasint"`
	Failed   bool            `cbor:"5,keyasint,omitempty"`
}

func toNoticeRow(n ledger.Notice) noticeRow {
	return noticeRow{Number: n.Number, Merchant: n.Merchant, Standing: n.Standing, At: toMillis(n.At), Failed: n.Failed}
}

func (r noticeRow) notice(seq uint64) ledger.Notice {
	return ledger.Notice{Seq: seq, Number: r.Number, Merchant: r.Merchant, Standing: r.Standing, At: r.At.time(), Failed: r.Failed}
}
