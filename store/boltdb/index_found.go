package boltdb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// searched is what the index has found among some records for questions about
// payments.
type searched struct {
	rows    []ledger.PaymentRow
	changes []paymentChange
	others  []otherRecord
	sums    []recordSums
}

// paymentChange changes the row of a payment that was booked before.
type paymentChange struct {
	seq uint64
	by  ledger.Record
}

// otherRecord is a record that is listed by a key, and books no payment.
type otherRecord struct {
	key ledger.SearchKey
	seq uint64
}

// recordSums is what one record adds to the sums.
type recordSums struct {
	merchant string
	at       time.Time
	sums     ledger.HourSums
	// open is added to the codes that wait to be paid.
	open int
	// store is the payment's, and booked its journal number if the record books it.
	store  string
	booked uint64
}

func (s *searched) empty() bool { return len(s.changes)+len(s.others)+len(s.rows)+len(s.sums) == 0 }

// put writes all of it into the index's file.
func (s *searched) put(tx *bolt.Tx) error {
	lists := postings{}
	for _, other := range s.others {
		lists.addRecord(other.key, other.seq)
	}
	if err := s.putRows(tx.Bucket(bucketPayments), lists); err != nil {
		return err
	}
	if err := lists.put(tx.Bucket(bucketPostings)); err != nil {
		return err
	}
	return putSums(tx, s.sums)
}

// putRows writes the payments, those too that were changed, and lists them.
func (s *searched) putRows(bucket *bolt.Bucket, lists postings) error {
	bucket.FillPercent = growingFill
	for _, row := range s.rows {
		if err := bucket.Put(numberKey(row.Seq), encodePayment(row)); err != nil {
			return err
		}
		lists.addPayment(row)
	}
	for _, change := range s.changes {
		value := bucket.Get(numberKey(change.seq))
		if value == nil {
			return lostPayment(change.seq)
		}
		row, err := decodePayment(change.seq, value)
		if err != nil {
			return err
		}
		row.Change(change.by)
		if err := bucket.Put(numberKey(change.seq), encodePayment(row)); err != nil {
			return err
		}
		if row.State != ledger.TxPaid {
			lists.addReversal(row)
		}
	}
	return nil
}

// add takes over what was found later.
func (s *searched) add(more searched) {
	s.rows = append(s.rows, more.rows...)
	s.changes = append(s.changes, more.changes...)
	s.others = append(s.others, more.others...)
	s.sums = append(s.sums, more.sums...)
}

// recordPart is a record without its postings, which cost as much again to read.
type recordPart[E ledger.Event] struct {
	Seq   uint64    `json:"seq"`
	At    time.Time `json:"at"`
	Prev  uint64    `json:"prev"`
	Event E         `json:"event"`
}

func partOf[E ledger.Event](text []byte) (ledger.Record, error) {
	var p recordPart[E]
	if err := json.Unmarshal(text, &p); err != nil {
		return ledger.Record{}, fmt.Errorf("read journal record: %w", err)
	}
	return ledger.Record{Seq: p.Seq, At: toMillis(p.At).time(), Prev: p.Prev, Entry: ledger.Entry{Event: p.Event}}, nil
}

// readPart reads a record of the kinds that matter to charges and payments; false
// for others.
func readPart(text []byte) (r ledger.Record, ok bool, err error) {
	switch ledger.KindOf(text) {
	case ledger.KindCharged:
		r, err = partOf[ledger.Charged](text)
	case ledger.KindPaid:
		r, err = partOf[ledger.Paid](text)
	case ledger.KindReleased:
		r, err = partOf[ledger.Released](text)
	case ledger.KindReversed:
		r, err = partOf[ledger.Reversed](text)
	case ledger.KindBuried:
		r, err = partOf[ledger.Buried](text)
	case ledger.KindCancelled:
		r, err = partOf[ledger.Cancelled](text)
	case ledger.KindExpired:
		r, err = partOf[ledger.Expired](text)
	case ledger.KindInquired:
		r, err = partOf[ledger.Inquired](text)
	case ledger.KindAdjusted:
		r, err = partOf[ledger.Adjusted](text)
	default:
		return ledger.Record{}, false, nil
	}
	return r, err == nil, err
}

// take finds what a record is listed by and adds to the sums; merchant and order
// are its charge's, empty where it has none.
func (s *searched) take(tx *bolt.Tx, r ledger.Record, of chargeHandles) error {
	if key, ok := ledger.RecordKey(r.Event); ok {
		s.others = append(s.others, otherRecord{key, r.Seq})
	}
	if _, released := r.Event.(ledger.Released); released {
		return s.release(tx, r)
	}
	row, booked := ledger.PaymentRowOf(r, of.Merchant, of.Order)
	if booked {
		s.rows = append(s.rows, row)
	} else if _, ref, changed := ledger.PaymentChanged(r); changed {
		paid, err := paymentBefore(tx, r, ref)
		if err != nil {
			return err
		}
		row, _ = ledger.PaymentRowOf(paid, of.Merchant, of.Order)
		s.changes = append(s.changes, paymentChange{row.Seq, r})
	}
	sums := recordSums{merchant: of.Merchant, at: r.At, sums: ledger.SumsOf(r, &row), store: row.Store}
	if booked {
		sums.booked = r.Seq
	}
	ended, err := endedBefore(tx, r)
	if err != nil {
		return err
	}
	if sums.open = ledger.OpenChange(r.Event, ended); sums.open != 0 || sums.sums != (ledger.HourSums{Hour: sums.sums.Hour}) {
		s.sums = append(s.sums, sums)
	}
	return nil
}

// release marks the payment of which a merchant is told: mostly it is the record
// just before, and mostly the charge's last one.
func (s *searched) release(tx *bolt.Tx, r ledger.Record) error {
	if last := len(s.rows) - 1; last >= 0 && s.rows[last].Seq == r.Prev {
		s.rows[last].Change(r)
		return nil
	}
	if text, err := recordText(tx, r.Prev); err == nil && ledger.KindOf(text) == ledger.KindPaid {
		s.changes = append(s.changes, paymentChange{r.Prev, r})
		return nil
	}
	_, ref, _ := ledger.PaymentChanged(r)
	paid, err := paymentBefore(tx, r, ref)
	if err == nil {
		s.changes = append(s.changes, paymentChange{paid.Seq, r})
	}
	return err
}

// chargeHandles are the parts of a chargeRow that never change.
type chargeHandles struct {
	Merchant string `cbor:"3,keyasint"`
	Order    string `cbor:"4,keyasint"`
}

func handlesOf(tx *bolt.Tx, number uint64) (chargeHandles, error) {
	row, err := get[chargeHandles](tx, bucketCharges, chargeKey(number))
	if err == nil && row == nil {
		err = fmt.Errorf("charge %d: %w", number, ledger.ErrMissingRow)
	}
	if err != nil {
		return chargeHandles{}, err
	}
	return *row, nil
}

// recordText is the text of one journal record.
func recordText(tx *bolt.Tx, seq uint64) ([]byte, error) {
	_, text, err := unframe(tx.Bucket(bucketJournal).Get(numberKey(seq)))
	if err != nil {
		return nil, fmt.Errorf("read journal record %d: %w", seq, err)
	}
	return text, nil
}

// before walks back along the records of r's charge until found says so; false
// where it comes to the first.
func before(tx *bolt.Tx, r ledger.Record, found func(ledger.Record) bool) (ledger.Record, bool, error) {
	for r.Prev != 0 {
		text, err := recordText(tx, r.Prev)
		if err != nil {
			return ledger.Record{}, false, err
		}
		earlier, ok, err := readPart(text)
		if err != nil {
			return ledger.Record{}, false, err
		}
		if !ok {
			break
		}
		if r = earlier; found(r) {
			return r, true, nil
		}
	}
	return ledger.Record{}, false, nil
}

// paymentBefore is the record that booked the payment which r changes.
func paymentBefore(tx *bolt.Tx, r ledger.Record, ref ledger.TrackingRef) (ledger.Record, error) {
	books := func(r ledger.Record) bool {
		row, ok := ledger.PaymentRowOf(r, "", "")
		return ok && row.Ref == ref
	}
	paid, found, err := before(tx, r, books)
	if err == nil && !found {
		// Records from before they were chained: it is not far.
		paid, found, err = lastPaid(tx, r, books)
	}
	if err == nil && !found {
		err = fmt.Errorf("the payment that journal record %d changes: %w", r.Seq, ledger.ErrMissingRow)
	}
	return paid, err
}

// lastPaid is the newest record below r that books a payment of its charge, and
// that books says yes to.
func lastPaid(tx *bolt.Tx, r ledger.Record, books func(ledger.Record) bool) (ledger.Record, bool, error) {
	number := ledger.ChargeOf(r.Event)
	cursor := tx.Bucket(bucketJournal).Cursor()
	cursor.Seek(numberKey(r.Seq))
	for key, value := cursor.Prev(); key != nil; key, value = cursor.Prev() {
		_, text, err := unframe(value)
		if err != nil {
			return ledger.Record{}, false, fmt.Errorf("read journal record %x: %w", key, err)
		}
		if ledger.KindOf(text) != ledger.KindPaid || !bytes.Contains(text, fmt.Appendf(nil, `"n":%d,`, number)) {
			continue
		}
		paid, _, err := readPart(text)
		if err != nil || ledger.ChargeOf(paid.Event) == number && books(paid) {
			return paid, err == nil, err
		}
	}
	return ledger.Record{}, false, nil
}

// endedBefore says of a recovered payment whether its charge had ended before, so
// that its code did not wait to be paid any more.
func endedBefore(tx *bolt.Tx, r ledger.Record) (bool, error) {
	if e, ok := r.Event.(ledger.Adjusted); !ok || e.Act != ledger.ActRecover {
		return false, nil
	}
	last, _, err := before(tx, r, func(r ledger.Record) bool { return ledger.OpenChange(r.Event, false) != 0 })
	if err != nil || last.Event == nil {
		return true, err
	}
	return ledger.OpenChange(last.Event, false) < 0, nil
}

// lineRecord is the part of a record that names its place and its charge.
type lineRecord struct {
	Seq   uint64 `json:"seq"`
	Event struct {
		Number uint64 `json:"n"`
	} `json:"event"`
}
