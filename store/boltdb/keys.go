package boltdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"paypoint/ledger"
)

// The buckets.
var (
	bucketMeta      = []byte("meta")
	bucketJournal   = []byte("journal")
	bucketCharges   = []byte("charges")
	bucketDetails   = []byte("details")
	bucketIDs       = []byte("ids")
	bucketOrders    = []byte("orders")
	bucketRefs      = []byte("refs")
	bucketDocuments = []byte("documents")
	bucketBatches   = []byte("batches")
	bucketBatchNos  = []byte("batch_nos")
	bucketDue       = []byte("due")
	bucketOutbox    = []byte("outbox")
	bucketSettings  = []byte("settings")
	bucketBalances  = []byte("balances")
)

// buckets lists them all.
func buckets() [][]byte {
	return append([][]byte{bucketMeta, bucketJournal, bucketDetails, bucketDue}, derivedBuckets()...)
}

// derivedBuckets are those whose every byte follows from the journal. Details
// are not in the journal, and the due index may run ahead: they are checked by rules.
func derivedBuckets() [][]byte {
	return [][]byte{
		bucketCharges, bucketIDs, bucketOrders, bucketRefs, bucketDocuments,
		bucketBatches, bucketBatchNos, bucketOutbox, bucketSettings, bucketBalances,
	}
}

// The parts of a charge in its bucket: a row of its own, then its transactions.
const (
	partCharge      = 0
	partTransaction = 1
	// partStray begins the key of a transaction whose code no charge can have.
	partStray = 0xFF
)

func numberKey(n uint64) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 0, 8), n)
}

func parseNumber(text []byte) (uint64, error) {
	if len(text) != 8 {
		return 0, fmt.Errorf("%w: a number has 8 bytes, not %d", errRow, len(text))
	}
	return binary.BigEndian.Uint64(text), nil
}

// rupiahValue keeps a sum with its sign, in two's complement.
func rupiahValue(sum ledger.Rupiah) []byte {
	return numberKey(uint64(sum)) // #nosec G115 -- all bits are kept, for parseRupiah
}

func parseRupiah(value []byte) (ledger.Rupiah, error) {
	n, err := parseNumber(value)
	return ledger.Rupiah(n), err // #nosec G115 -- what rupiahValue kept
}

// appendTime puts a moment into a key as rows keep it. Those from 1970 on sort.
func appendTime(key []byte, at time.Time) []byte {
	return binary.BigEndian.AppendUint64(key, uint64(toMillis(at))) // #nosec G115 -- all bits are kept, for parseTime
}

func parseTime(key []byte) time.Time {
	return millis(binary.BigEndian.Uint64(key)).time() // #nosec G115 -- what appendTime put in
}

func chargeKey(number uint64) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 9), number), partCharge)
}

// transactionKey puts a transaction beside the charge that its code stands for.
// The code's prefix is part of the key because only with its own prefix does a
// code stand for that charge.
func transactionKey(codes *ledger.Codes, code ledger.PaymentCode, ref ledger.TrackingRef) []byte {
	key := make([]byte, 0, 48)
	number, ok := codes.Number(code)
	if !ok {
		key = append(key, partStray)
		key = append(key, code...)
		key = append(key, 0)
		return append(key, ref...)
	}
	// Three digits always fit; Number has checked that they are digits.
	prefix, _ := strconv.ParseUint(code.Prefix(), 10, 16)
	key = append(binary.BigEndian.AppendUint64(key, number), partTransaction)
	key = binary.BigEndian.AppendUint16(key, uint16(prefix))
	return append(key, ref...)
}

// pairKey joins two texts; the first contains no zero byte.
func pairKey(first, second string) []byte {
	key := make([]byte, 0, len(first)+1+len(second))
	key = append(key, first...)
	key = append(key, 0)
	return append(key, second...)
}

// balanceKey sorts an account's days together: no account's name contains a
// zero byte.
func balanceKey(at accountDay) []byte { return pairKey(string(at.account), string(at.day)) }

// parseBalance reads what an account was posted on a day.
func parseBalance(key, value []byte) (accountDay, ledger.Rupiah, error) {
	account, day, ok := bytes.Cut(key, []byte{0})
	amount, err := parseRupiah(value)
	if err == nil && !ok {
		err = fmt.Errorf("%w: its key names no day", errRow)
	}
	if err != nil {
		return accountDay{}, 0, fmt.Errorf("%s row %q: %w", bucketBalances, key, err)
	}
	return accountDay{ledger.Account(account), ledger.Day(day)}, amount, nil
}

// dueKey is in whole milliseconds, as the rows are.
func dueKey(d ledger.Due) []byte {
	return binary.BigEndian.AppendUint64(appendTime(make([]byte, 0, 16), d.At), d.Number)
}

func parseDueKey(key []byte) (ledger.Due, error) {
	if len(key) != 16 {
		return ledger.Due{}, fmt.Errorf("%s row %x: %w", bucketDue, key, errRow)
	}
	return ledger.Due{At: parseTime(key), Number: binary.BigEndian.Uint64(key[8:])}, nil
}
