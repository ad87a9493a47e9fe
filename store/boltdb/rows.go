package boltdb

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// rows are ledger.Rows in one bbolt transaction. Rows that one group changes
// again and again (the charge of a message, the day's batch, the balances) are
// kept here until flush.
type rows struct {
	tx       *bolt.Tx
	codes    *ledger.Codes
	charges  map[uint64]keptCharge
	batches  map[ledger.Day]ledger.Batch
	postings map[accountDay]ledger.Rupiah
}

// accountDay is an account on a day.
type accountDay struct {
	account ledger.Account
	day     ledger.Day
}

// keptCharge is a charge as read, or as it will be written.
type keptCharge struct {
	row   ledger.Charge
	dirty bool
}

func newRows(tx *bolt.Tx, codes *ledger.Codes) *rows {
	return &rows{
		tx: tx, codes: codes,
		charges:  map[uint64]keptCharge{},
		batches:  map[ledger.Day]ledger.Batch{},
		postings: map[accountDay]ledger.Rupiah{},
	}
}

// flush writes what was kept back.
func (r *rows) flush() error {
	return errors.Join(r.flushCharges(), r.flushBatches(), r.flushPostings())
}

// flushCharges writes in the order of the keys, which costs bbolt least.
func (r *rows) flushCharges() error {
	for _, number := range slices.Sorted(maps.Keys(r.charges)) {
		kept := r.charges[number]
		if !kept.dirty {
			continue
		}
		if err := r.put(bucketCharges, chargeKey(number), toChargeRow(kept.row)); err != nil {
			return err
		}
	}
	clear(r.charges)
	return nil
}

func (r *rows) flushBatches() error {
	for _, b := range r.batches {
		if err := r.put(bucketBatches, []byte(b.Day), toBatchRow(b)); err != nil {
			return err
		}
		if !b.Closed() {
			continue
		}
		if err := r.tx.Bucket(bucketBatchNos).Put(numberKey(b.No), []byte(b.Day)); err != nil {
			return err
		}
	}
	clear(r.batches)
	return nil
}

func (r *rows) flushPostings() error {
	for at, amount := range r.postings {
		key := balanceKey(at)
		balance, err := r.balance(key)
		if err != nil {
			return err
		}
		if err := r.tx.Bucket(bucketBalances).Put(key, rupiahValue(balance+amount)); err != nil {
			return err
		}
	}
	clear(r.postings)
	return nil
}

// get reads a row; nil when there is none.
func get[R any](tx *bolt.Tx, bucket, key []byte) (*R, error) {
	value := tx.Bucket(bucket).Get(key)
	if value == nil {
		return nil, nil
	}
	row, err := decode[R](value)
	if err != nil {
		return nil, fmt.Errorf("%s row %x: %w", bucket, key, err)
	}
	return row, nil
}

func (r *rows) put(bucket, key []byte, row any) error {
	value, err := encode(row)
	if err != nil {
		return fmt.Errorf("%s row %x: %w", bucket, key, err)
	}
	return r.tx.Bucket(bucket).Put(key, value)
}

func (r *rows) number(bucket, key []byte) (uint64, error) {
	value := r.tx.Bucket(bucket).Get(key)
	if value == nil {
		return 0, nil
	}
	n, err := parseNumber(value)
	if err != nil {
		return 0, fmt.Errorf("%s row %x: %w", bucket, key, err)
	}
	return n, nil
}

// balance is what an account was posted on a day; 0 where there is no row.
func (r *rows) balance(key []byte) (ledger.Rupiah, error) {
	value := r.tx.Bucket(bucketBalances).Get(key)
	if value == nil {
		return 0, nil
	}
	_, sum, err := parseBalance(key, value)
	return sum, err
}

func (r *rows) Codes() *ledger.Codes { return r.codes }

// LastNumber is kept as the charges bucket's sequence.
func (r *rows) LastNumber() (uint64, error) {
	return r.tx.Bucket(bucketCharges).Sequence(), nil
}

func (r *rows) Charge(number uint64) (*ledger.Charge, error) {
	if kept, ok := r.charges[number]; ok {
		return &kept.row, nil
	}
	row, err := get[chargeRow](r.tx, bucketCharges, chargeKey(number))
	if row == nil {
		return nil, err
	}
	charge := row.charge(number)
	r.charges[number] = keptCharge{row: charge}
	return &charge, nil
}

func (r *rows) PutLastNumber(number uint64) error {
	bucket := r.tx.Bucket(bucketCharges)
	if number <= bucket.Sequence() {
		return nil
	}
	return bucket.SetSequence(number)
}

func (r *rows) PutCharge(c ledger.Charge) error {
	if err := r.PutLastNumber(c.Number); err != nil {
		return err
	}
	r.charges[c.Number] = keptCharge{row: c, dirty: true}
	return nil
}

func (r *rows) PutHandles(c ledger.Charge) error {
	r.tx.Bucket(bucketIDs).FillPercent = growingFill
	if err := r.tx.Bucket(bucketIDs).Put([]byte(c.ID), numberKey(c.Number)); err != nil {
		return err
	}
	return r.tx.Bucket(bucketOrders).Put(pairKey(c.Merchant, c.Order), numberKey(c.Number))
}

func (r *rows) ByID(id string) (uint64, error) { return r.number(bucketIDs, []byte(id)) }

func (r *rows) ByOrder(merchant, order string) (uint64, error) {
	return r.number(bucketOrders, pairKey(merchant, order))
}

func (r *rows) Details(number uint64) (*ledger.Details, error) {
	row, err := get[detailsRow](r.tx, bucketDetails, numberKey(number))
	if row == nil {
		return nil, err
	}
	details := row.details()
	return &details, nil
}

func (r *rows) PutDetails(number uint64, d ledger.Details) error {
	r.tx.Bucket(bucketDetails).FillPercent = growingFill
	return r.put(bucketDetails, numberKey(number), toDetailsRow(d))
}

func (r *rows) OldestDetails(limit int) ([]uint64, error) {
	return r.detailed(func(_ uint64, before int) bool { return before < limit })
}

func (r *rows) DeleteDetails(through uint64) error {
	numbers, err := r.detailed(func(number uint64, _ int) bool { return number <= through })
	if err != nil {
		return err
	}
	for _, number := range numbers {
		if err := r.tx.Bucket(bucketDetails).Delete(numberKey(number)); err != nil {
			return err
		}
	}
	return nil
}

// detailed lists numbers of charges that have details, from the least on, while
// those before it are as wanted.
func (r *rows) detailed(wanted func(number uint64, before int) bool) ([]uint64, error) {
	var numbers []uint64
	cursor := r.tx.Bucket(bucketDetails).Cursor()
	for key, _ := cursor.First(); key != nil; key, _ = cursor.Next() {
		number, err := parseNumber(key)
		if err != nil {
			return nil, fmt.Errorf("%s row %x: %w", bucketDetails, key, err)
		}
		if !wanted(number, len(numbers)) {
			break
		}
		numbers = append(numbers, number)
	}
	return numbers, nil
}

func (r *rows) Transaction(code ledger.PaymentCode, ref ledger.TrackingRef) (*ledger.Transaction, error) {
	row, err := get[transactionRow](r.tx, bucketCharges, transactionKey(r.codes, code, ref))
	if row == nil {
		return nil, err
	}
	tx := row.transaction(code, ref)
	return &tx, nil
}

func (r *rows) PutTransaction(t ledger.Transaction) error {
	return r.put(bucketCharges, transactionKey(r.codes, t.Code, t.Ref), toTransactionRow(t))
}

func (r *rows) RefUse(ref ledger.TrackingRef, store string) (*ledger.RefUse, bool, error) {
	own := pairKey(string(ref), store)
	row, err := get[refUseRow](r.tx, bucketRefs, own)
	if err != nil {
		return nil, false, err
	}
	var use *ledger.RefUse
	if row != nil {
		use = &ledger.RefUse{Code: row.Code, Store: store, Booked: row.Booked.time()}
	}
	prefix := pairKey(string(ref), "")
	cursor := r.tx.Bucket(bucketRefs).Cursor()
	key, _ := cursor.Seek(prefix)
	if bytes.Equal(key, own) {
		key, _ = cursor.Next()
	}
	return use, bytes.HasPrefix(key, prefix), nil
}

func (r *rows) PutRefUse(ref ledger.TrackingRef, use ledger.RefUse) error {
	return r.put(bucketRefs, pairKey(string(ref), use.Store), refUseRow{use.Code, toMillis(use.Booked)})
}

func (r *rows) Document(key string) ([]byte, error) {
	return bytes.Clone(r.tx.Bucket(bucketDocuments).Get([]byte(key))), nil
}

func (r *rows) PutDocument(key string, value []byte) error {
	return r.putText(bucketDocuments, key, value)
}

func (r *rows) Batch(day ledger.Day) (ledger.Batch, error) {
	if batch, ok := r.batches[day]; ok {
		return batch, nil
	}
	row, err := get[batchRow](r.tx, bucketBatches, []byte(day))
	if row == nil {
		return ledger.Batch{Day: day}, err
	}
	return row.batch(day), nil
}

func (r *rows) BatchNo(no uint64) (ledger.Batch, error) {
	day := r.tx.Bucket(bucketBatchNos).Get(numberKey(no))
	if day == nil {
		return ledger.Batch{}, nil
	}
	return r.Batch(ledger.Day(day))
}

func (r *rows) LastBatch() (ledger.Batch, error) {
	_, day := r.tx.Bucket(bucketBatchNos).Cursor().Last()
	if day == nil {
		return ledger.Batch{}, nil
	}
	return r.Batch(ledger.Day(day))
}

// PutBatch keeps an open batch until flush. One that closes is written at
// once, so that LastBatch finds it in the same transaction.
func (r *rows) PutBatch(b ledger.Batch) error {
	r.batches[b.Day] = b
	if b.Closed() {
		return r.flushBatches()
	}
	return nil
}

func (r *rows) PutDue(d ledger.Due) error {
	return r.tx.Bucket(bucketDue).Put(dueKey(d), []byte{rowVersion})
}

func (r *rows) DeleteDue(d ledger.Due) error {
	return r.tx.Bucket(bucketDue).Delete(dueKey(d))
}

func (r *rows) Notice(seq uint64) (*ledger.Notice, error) {
	row, err := get[noticeRow](r.tx, bucketOutbox, numberKey(seq))
	if row == nil {
		return nil, err
	}
	notice := row.notice(seq)
	return &notice, nil
}

func (r *rows) PutNotice(n ledger.Notice) error {
	r.tx.Bucket(bucketOutbox).FillPercent = growingFill
	return r.put(bucketOutbox, numberKey(n.Seq), toNoticeRow(n))
}

func (r *rows) DeleteNotice(seq uint64) error {
	return r.tx.Bucket(bucketOutbox).Delete(numberKey(seq))
}

func (r *rows) Setting(key string) ([]byte, error) {
	return bytes.Clone(r.tx.Bucket(bucketSettings).Get([]byte(key))), nil
}

func (r *rows) PutSetting(key string, value []byte) error {
	return r.putText(bucketSettings, key, value)
}

// putText writes a row that is a text, or removes it where it is empty.
func (r *rows) putText(bucket []byte, key string, value []byte) error {
	if len(value) == 0 {
		return r.tx.Bucket(bucket).Delete([]byte(key))
	}
	return r.tx.Bucket(bucket).Put([]byte(key), value)
}

func (r *rows) Post(day ledger.Day, p ledger.Posting) error {
	r.postings[accountDay{p.Account, day}] += p.Amount
	return nil
}
