package statement

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"time"

	"paypoint/ledger"
)

const (
	// layout is the version of the record's members.
	layout = 1
	// hashSize is that of a SHA-256 in bytes.
	hashSize = sha256.Size
	// recordBuffer collects lines before they are written, in bytes.
	recordBuffer = 64 << 10
)

// record writes the JSON file, an item to a line, and hashes it.
type record struct {
	out  *bufio.Writer
	hash hash.Hash
	head Head
	// recorded is the hash that the file must have; empty when it is made for
	// the first time.
	recorded string
	begun    bool
}

func newRecord(w io.Writer, h Head) *record {
	sum := sha256.New()
	return &record{out: bufio.NewWriterSize(io.MultiWriter(w, sum), recordBuffer), hash: sum, head: h}
}

// recordHead is the first member. What the journal's numbers would tell a
// merchant is not in it.
type recordHead struct {
	Issuer         Party      `json:"issuer"`
	Merchant       Party      `json:"merchant"`
	No             uint64     `json:"no"`
	From           ledger.Day `json:"from"`
	To             ledger.Day `json:"to"`
	ClosedAt       string     `json:"closed_at"`
	Terms          Terms      `json:"terms"`
	PreviousSHA256 string     `json:"prev_sha256,omitempty"`
}

// recordLine is an item. Amounts that are 0 for most lines are left out then.
type recordLine struct {
	Line   int        `json:"line"`
	Status Status     `json:"status"`
	At     string     `json:"trx_time"`
	Day    ledger.Day `json:"business_date"`
	Of     ledger.Day `json:"corrects_date,omitempty"`
	Late   bool       `json:"late,omitempty"`
	// What names the payment, as it came: JSON can hold any text.
	Order string             `json:"order_id"`
	Code  ledger.PaymentCode `json:"payment_code"`
	Ref   ledger.TrackingRef `json:"tracking_ref"`
	Store string             `json:"store_id"`
	// Whole rupiah; sums of these are the totals of the same name.
	Gross       ledger.Rupiah `json:"gross"`
	Reversal    ledger.Rupiah `json:"reversal"`
	Adjustment  ledger.Rupiah `json:"adjustment"`
	PartnerFee  ledger.Rupiah `json:"partner_fee"`
	OwnFee      ledger.Rupiah `json:"own_fee"`
	Net         ledger.Rupiah `json:"net_before_tax"`
	CustomerFee ledger.Rupiah `json:"customer_fee"`
	Note        string        `json:"note,omitempty"`
}

// rfc3339 is a moment in WIB for programs.
func rfc3339(t time.Time) string { return t.In(ledger.WIB).Format(time.RFC3339) }

// marshal is JSON without the escapes that HTML needs.
//
// json.Marshal would write "&" as \u0026, and who looks for an order id in the file
// would not find it.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// begin writes what stands before the first item, once.
func (r *record) begin() error {
	if r.begun {
		return nil
	}
	r.begun = true
	h := r.head
	head, err := marshal(recordHead{
		Issuer: h.Issuer, Merchant: h.Merchant, No: h.No, From: h.From, To: h.To,
		ClosedAt: rfc3339(h.ClosedAt), Terms: h.Terms, PreviousSHA256: h.PreviousSHA256,
	})
	if err != nil {
		return fmt.Errorf("encode head: %w", err)
	}
	_, err = fmt.Fprintf(r.out, "{\"layout\":%d,\n\"statement\":%s,\n\"items\":[", layout, head)
	return err
}

// line writes an item in a line of its own, so that files can be compared line by
// line.
func (r *record) line(l line) error {
	if err := r.begin(); err != nil {
		return err
	}
	text, err := marshal(recordLine{
		Line: l.number, Status: l.Status, At: rfc3339(l.At), Day: l.Day, Of: l.Of, Late: l.late,
		Order: l.Order, Code: l.Code, Ref: l.Ref, Store: l.Store,
		Gross: l.gross, Reversal: l.reversal, Adjustment: l.adjustment,
		PartnerFee: l.partnerFee, OwnFee: l.ownFee, Net: l.net(), CustomerFee: l.CustomerFee, Note: l.Note,
	})
	if err != nil {
		return fmt.Errorf("encode item: %w", err)
	}
	separator := ",\n"
	if l.number == 1 {
		separator = "\n"
	}
	_, err = fmt.Fprintf(r.out, "%s%s", separator, text)
	return err
}

// finish writes the totals. They come last, for they are known last, and a file
// that breaks off can't be taken for a whole one.
func (r *record) finish(t Totals) error {
	if err := r.begin(); err != nil {
		return err
	}
	totals, err := marshal(t)
	if err != nil {
		return fmt.Errorf("encode totals: %w", err)
	}
	// In two parts: of a file with the wrong hash the end is missing.
	end := fmt.Sprintf("\n],\n\"totals\":%s}\n", totals)
	if err := r.out.Flush(); err != nil {
		return err
	}
	if err := r.verify(end); err != nil {
		return err
	}
	_, _ = r.out.WriteString(end) // Flush reports what fails
	return r.out.Flush()
}

// verify holds the file's hash, with the end that is still to come, against the
// recorded one.
func (r *record) verify(end string) error {
	if r.recorded == "" {
		return nil
	}
	whole, err := r.hash.(hash.Cloner).Clone()
	if err != nil {
		return fmt.Errorf("copy hash: %w", err)
	}
	_, _ = io.WriteString(whole, end) // a hash never fails
	if sum := hex.EncodeToString(whole.Sum(nil)); sum != r.recorded {
		return fmt.Errorf("it has %s, recorded is %s: %w", sum, r.recorded, ErrHash)
	}
	return nil
}

// sum is the hex SHA-256 of all that was written.
func (r *record) sum() string { return hex.EncodeToString(r.hash.Sum(nil)) }
