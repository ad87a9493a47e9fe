package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// The faults that a settlement file can be made with: what finance staff find when
// they match it against the partner's books. Each is named for what the partner
// will find.
const (
	faultDateShift          = "date_shift"
	faultMissingAtPartner   = "missing_at_partner"
	faultMissingAtIndomaret = "missing_at_indomaret"
	faultAmount             = "amount_mismatch"
	faultFee                = "fee_mismatch"
	faultReversedSettled    = "reversed_but_settled"
	faultPaidReversed       = "paid_but_reversed_there"
	faultDuplicateLine      = "duplicate_in_file"
	faultDuplicatePayment   = "duplicate_payment"
	faultUnknownCode        = "unknown_code"
	faultTotals             = "totals_mismatch"
	faultFileMissing        = "file_missing"
	faultFileRepeated       = "file_repeated"
)

// faults lists them in the order in which they are planted: one seed gives one
// file, whatever the order on the command line.
func faults() []string {
	return []string{
		faultDateShift, faultMissingAtPartner, faultMissingAtIndomaret, faultAmount, faultFee,
		faultReversedSettled, faultPaidReversed, faultDuplicateLine, faultDuplicatePayment, faultUnknownCode,
		faultTotals, faultFileMissing, faultFileRepeated,
	}
}

// ofFile tells whether a fault is one of the file as a whole, which can be there
// once.
func ofFile(class string) bool {
	return class == faultTotals || class == faultFileMissing || class == faultFileRepeated
}

// plantedFault is one line of the list of what was planted.
type plantedFault struct {
	Class string `json:"class"`
	// Line is the number of the D line that Is stands in; 0 where there is none.
	Line int `json:"line,omitempty"`
	// Was is the payment as the tills know it, Is what the file says.
	Was *faultLine `json:"was,omitempty"`
	Is  *faultLine `json:"is,omitempty"`
	// Detail tells what is wrong with the file as a whole.
	Detail string `json:"detail,omitempty"`

	is *booked // the line, until it has its number
}

// faultLine is a payment in a list of faults, in the words of the file's D line.
// Amounts are whole rupiah, amount without the fee.
type faultLine struct {
	TimeStamp   string `json:"trx_time"`
	StoreID     string `json:"store_id"`
	TrackingRef string `json:"tracking_ref"`
	PaymentCode string `json:"payment_code"`
	ProductCode string `json:"product_code,omitempty"`
	Amount      int64  `json:"amount"`
	Fee         int64  `json:"fee"`
	Status      status `json:"status"`
	ReceiptCode string `json:"receipt_code,omitempty"`
	MessageID   string `json:"message_id,omitempty"`
	Phone       string `json:"phone,omitempty"`
}

// faultLineOf is a payment for the list.
func faultLineOf(p *booked) *faultLine {
	return &faultLine{
		TimeStamp: p.TimeStamp, StoreID: p.StoreID, TrackingRef: p.TrackingRef, PaymentCode: p.PaymentCode,
		ProductCode: p.ProductCode, Amount: p.amountWithoutFee(), Fee: p.Fee, Status: p.status(),
		ReceiptCode: p.ReceiptCode, MessageID: p.MessageID, Phone: p.Phone,
	}
}

// booked is the payment that a list tells of.
func (l *faultLine) booked() *booked {
	return &booked{
		record: record{
			Op: payment, TimeStamp: l.TimeStamp, StoreID: l.StoreID, TrackingRef: l.TrackingRef, PaymentCode: l.PaymentCode,
			ProductCode: l.ProductCode, Amount: l.Amount, Fee: l.Fee, ReceiptCode: l.ReceiptCode, MessageID: l.MessageID, Phone: l.Phone,
		},
		wasApproved: true, wasReversed: l.Status == statusReversed,
	}
}

// writeFaults writes a list, a JSON object to a line.
func writeFaults(to io.Writer, list []plantedFault) error {
	encoder := json.NewEncoder(to)
	for _, f := range list {
		// As finance staff name the classes.
		f.Class = strings.ToUpper(f.Class)
		if err := encoder.Encode(f); err != nil {
			return err
		}
	}
	return nil
}

// maxFaultLine is the longest line of a list in bytes.
const maxFaultLine = 16 << 10

// readShifted reads from the list of the day before what was shifted into the
// file of date.
func readShifted(path, date string) ([]*booked, error) {
	file, err := os.Open(path) // #nosec G304 -- the operator names the file
	if err != nil {
		return nil, fmt.Errorf("read faults of the day before: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxFaultLine)
	var shifted []*booked
	number := 0
	for lines.Scan() {
		number++
		p, err := shiftedPayment(lines.Bytes(), date)
		if err != nil {
			return nil, fmt.Errorf("faults of the day before, %s: line %d: %w", path, number, err)
		}
		if p != nil {
			shifted = append(shifted, p)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("faults of the day before, %s: line %d: %w", path, number+1, err)
	}
	return shifted, nil
}

// shiftedPayment reads a line of the list; nil if it is none that was shifted
// into the file of date. What was shifted from the day before that one stands in
// the list too, with the line that it got.
func shiftedPayment(line []byte, date string) (*booked, error) {
	var f plantedFault
	if err := json.Unmarshal(line, &f); err != nil {
		return nil, err
	}
	if !strings.EqualFold(f.Class, faultDateShift) || f.Was == nil {
		return nil, nil
	}
	at, err := time.ParseInLocation(wireTime, f.Was.TimeStamp, wib)
	if err != nil {
		return nil, fmt.Errorf("trx_time: %w", err)
	}
	if next := at.AddDate(0, 0, 1).Format(time.DateOnly); next != date {
		return nil, fmt.Errorf("a payment of %s was shifted to %s, not to %s", at.Format(time.DateOnly), next, date)
	}
	return f.Was.booked(), nil
}
