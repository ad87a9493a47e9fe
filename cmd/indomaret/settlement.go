package main

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// settlementLayout is the version of the file's layout, the second field of its
// first line.
const settlementLayout = 1

// statement is the settlement of one business day as Indomaret sees it.
type statement struct {
	// date is yyyy-MM-dd in WIB: a business day ends at 24:00 there.
	date     string
	sequence int // 1 for the first file of the day
	// feeRemitted tells that the agreement has Indomaret pass the fee on to the
	// partner: net is then amount + fee.
	feeRemitted bool
	payments    []*booked
	asOf        time.Time // of the last record taken into account

	// What faults are made with: the store of payments that no till has made, and
	// what sum_amount is too high by.
	store string
	lie   int64
}

// readStatement reads the payments of one day from the journal, repeated attempts
// taken together. The day of a payment is that of its first TimeStamp in WIB;
// reversals count whenever they were made.
func readStatement(path, date string) (*statement, error) {
	s := &statement{date: date, sequence: 1}
	books := newBook(func(r record) bool { return strings.HasPrefix(r.TimeStamp, date+" ") })
	err := readJournal(path, func(r record) {
		books.add(r)
		// A reversal of the next morning counts too, and moves the time with it.
		if books.byKey[r.key()] != nil {
			s.asOf = r.At
		}
	})
	s.payments = books.payments
	return s, err
}

// count returns how many payments stand at want.
func (s *statement) count(want status) (n int) {
	for _, p := range s.payments {
		if p.status() == want {
			n++
		}
	}
	return n
}

// lines numbers the payments that stand at one of wanted, from 1.
func (s *statement) lines(wanted ...status) iter.Seq2[int, *booked] {
	return func(yield func(int, *booked) bool) {
		number := 0
		for _, p := range s.payments {
			if !slices.Contains(wanted, p.status()) {
				continue
			}
			number++
			if !yield(number, p) {
				return
			}
		}
	}
}

// totals are the sums of the trailer in whole rupiah. Fees and nets are those of
// PAID lines.
type totals struct {
	paid, reversed                  int
	sumPaid, sumReversed, fees, net int64
}

// write writes the file with the payments that stand at one of wanted. The same
// journal gives the same bytes.
func (s *statement) write(to io.Writer, wanted ...status) error {
	out := bufio.NewWriter(to)
	reprocessed := "N"
	if s.sequence > 1 {
		reprocessed = "Y"
	}
	asOf := "" // of a day without payments: nothing was taken into account
	if !s.asOf.IsZero() {
		asOf = s.asOf.In(wib).Format(wireTime)
	}
	fmt.Fprintf(out, "H|%d|INDOMARET|%s|%d|%s|%s\n", settlementLayout, s.date, s.sequence, asOf, reprocessed)

	var sum totals
	// The trailer's digest is fed as the lines go by: the file is never whole in
	// memory.
	digest := sha256.New()
	for number, p := range s.lines(wanted...) {
		fmt.Fprint(io.MultiWriter(out, digest), s.line(number, p))
		s.add(&sum, p)
	}
	if slices.Contains(wanted, statusPaid) {
		sum.sumPaid += s.lie
	}
	fmt.Fprintf(out, "T|%d|%d|%d|%d|%d|%d|%x\n",
		sum.paid, sum.sumPaid, sum.reversed, sum.sumReversed, sum.fees, sum.net, digest.Sum(nil))
	return out.Flush() // reports the first failure of all writes
}

// line is the D line of a payment.
func (s *statement) line(number int, p *booked) string {
	return fmt.Sprintf("D|%d|%s|%s|%s|%s|%s|%d|%d|%d|%s|%s|%s|%s\n", number, p.TimeStamp, p.StoreID, p.TrackingRef,
		p.PaymentCode, p.ProductCode, p.amountWithoutFee(), p.Fee, s.net(p), p.status(), p.ReceiptCode, p.MessageID, p.Phone)
}

// net is what Indomaret remits for a payment, in whole rupiah.
func (s *statement) net(p *booked) int64 {
	if s.feeRemitted {
		return p.amountWithoutFee() + p.Fee
	}
	return p.amountWithoutFee()
}

// add counts a payment into the trailer.
func (s *statement) add(sum *totals, p *booked) {
	switch p.status() {
	case statusPaid:
		sum.paid++
		sum.sumPaid += p.amountWithoutFee()
		sum.fees += p.Fee
		sum.net += s.net(p)
	case statusReversed:
		sum.reversed++
		sum.sumReversed += p.amountWithoutFee()
	}
}

// settlementCmd writes the settlement file of a day.
type settlementCmd struct {
	Date        string `required:"" placeholder:"YYYY-MM-DD" help:"Business day, in WIB."`
	Out         string `placeholder:"FILE" help:"Where to write; standard output without it. An existing file is replaced."`
	Suspects    string `placeholder:"FILE" help:"Also write the payments of unknown outcome, in the same layout with status SUSPECT."`
	Seq         int    `default:"1" help:"Number of this file among those of its day; from 2 on it says that it is reprocessed."`
	FeeRemitted bool   `help:"The agreement passes the fee on to the partner: net is amount plus fee."`

	Faults plantFlags `embed:""`
}

// Help is the long help text: the layout of the file.
func (*settlementCmd) Help() string {
	return `The file is text in ASCII, fields separated by |, one line feed at each line's end:

  H|layout|sender|business_date|seq|as_of|reprocessed
  D|line|trx_time|store_id|tracking_ref|payment_code|product_code|amount|fee|net|status|receipt_code|message_id|phone
  T|count_paid|sum_amount|count_reversed|sum_reversed|sum_fee|sum_net|sha256_of_D_lines

layout is 1, sender INDOMARET, reprocessed Y from seq 2 on. Dates are yyyy-MM-dd, times yyyy-MM-dd HH:mm:ss in WIB; as_of
is the time of the last journal record that the file takes into account, so that one journal always gives the same bytes.

The lines are the day's payments by the TimeStamp of their first message, in the journal's order. status is PAID (answered
00, no reversal answered 00) or REVERSED (both). A payment without an answer that was taken back never succeeded and has
no line; one that was not taken back is a suspect: see --suspects and "reverse --suspects". A file of suspects has totals
of 0.

Amounts are whole rupiah; amount never includes the fee. The sums of amount, fee and net are those of PAID lines;
sum_reversed is of amounts. sha256_of_D_lines is over the D lines with their line feeds, in lower-case hexadecimal. phone
is what "pay --phone" was given, else empty.` + plantHelp
}

// Validate checks what kong cannot; that --date is there, it can.
func (c *settlementCmd) Validate() error {
	if _, err := time.Parse(time.DateOnly, c.Date); err != nil && c.Date != "" {
		return fmt.Errorf("--date %q: must be a day, yyyy-mm-dd", c.Date)
	}
	if c.Faults.Plant[faultFileRepeated] > 0 && c.Out == "" {
		return errors.New("--plant file_repeated: needs --out")
	}
	if c.Seq < 1 {
		return fmt.Errorf("--seq %d: must be at least 1", c.Seq)
	}
	return nil
}

// Run writes the file or files.
func (c *settlementCmd) Run(d *desk) error {
	s, err := readStatement(d.settings.Journal, c.Date)
	if err != nil {
		return err
	}
	s.sequence, s.feeRemitted = c.Seq, c.FeeRemitted
	if err := c.writePlanted(d, s); err != nil {
		return err
	}
	if c.Suspects != "" {
		err := replaceFile(c.Suspects, func(to io.Writer) error { return s.write(to, statusSuspect) })
		if err != nil {
			return fmt.Errorf("suspects of %s: %w", c.Date, err)
		}
	}
	if n := s.count(statusSuspect); n > 0 {
		d.note("%d payments of %s have no known outcome and are not in the file; \"indomaret reverse --suspects\" takes them back", n, c.Date)
	}
	return nil
}

// writePlanted writes the settlement with the faults asked for, if any, and then
// their list.
func (c *settlementCmd) writePlanted(d *desk, s *statement) error {
	planted, err := c.Faults.plantInto(d, s)
	if err != nil {
		return err
	}
	if c.Faults.Plant[faultFileMissing] == 0 {
		if err := c.writeMain(d, s); err != nil {
			return fmt.Errorf("settlement of %s: %w", c.Date, err)
		}
	}
	if err := c.Faults.writeList(planted); err != nil {
		return fmt.Errorf("settlement of %s: %w", c.Date, err)
	}
	return nil
}

// writeMain writes the settlement itself to standard output or to its file, and
// then says what it holds.
func (c *settlementCmd) writeMain(d *desk, s *statement) error {
	write := func(to io.Writer) error { return s.write(to, statusPaid, statusReversed) }
	if c.Out == "" {
		return write(d.out)
	}
	if err := replaceFile(c.Out, write); err != nil {
		return err
	}
	if c.Faults.Plant[faultFileRepeated] > 0 {
		if err := replaceFile(c.Out+".again", write); err != nil {
			return err
		}
	}
	written := struct {
		File     string `json:"file"`
		Date     string `json:"date"`
		Paid     int    `json:"paid"`
		Reversed int    `json:"reversed"`
		Suspect  int    `json:"suspect"`
	}{c.Out, c.Date, s.count(statusPaid), s.count(statusReversed), s.count(statusSuspect)}
	return d.print(written, fmt.Sprintf("%s: %d paid, %d reversed\n", c.Out, written.Paid, written.Reversed))
}

// replaceFile makes the file at path whole or not at all: a reader never sees
// half of it.
func replaceFile(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // fails when it has been renamed
	if err := errors.Join(write(file), file.Sync(), file.Close()); err != nil {
		return err
	}
	// The name last: by now the bytes are on the disk.
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}
