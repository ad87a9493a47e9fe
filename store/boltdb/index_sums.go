package boltdb

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// hourTotal are an hour's sums, with the journal numbers between which its
// payments were booked.
type hourTotal struct {
	ledger.HourSums
	first, last uint64
}

func (h *hourTotal) add(s recordSums) {
	h.HourSums.Add(s.sums)
	if s.booked == 0 {
		return
	}
	if h.first == 0 || s.booked < h.first {
		h.first = s.booked
	}
	h.last = max(h.last, s.booked)
}

// numbers are what an hour's row keeps.
func (h *hourTotal) numbers() []int64 {
	return []int64{
		int64(h.first), int64(h.last), int64(h.Paid), int64(h.Amount), int64(h.Fee), // #nosec G115 -- far below 2^63
		int64(h.Reversed), int64(h.ReversedAmount), int64(h.Charged), int64(h.Ended),
	}
}

func parseHour(key, value []byte) (hourTotal, error) {
	var n [9]int64
	if _, ok := parseNumbers(value, n[:]); !ok || len(key) < 8 {
		return hourTotal{}, fmt.Errorf("%w: hour %x is damaged", errIndexFile, key)
	}
	return hourTotal{
		HourSums: ledger.HourSums{
			Hour: parseTime(key[len(key)-8:]), Paid: int(n[2]), Amount: ledger.Rupiah(n[3]), Fee: ledger.Rupiah(n[4]),
			Reversed: int(n[5]), ReversedAmount: ledger.Rupiah(n[6]), Charged: int(n[7]), Ended: int(n[8]),
		},
		first: uint64(n[0]), last: uint64(n[1]), // #nosec G115 -- as numbers wrote them
	}, nil
}

// hourKey is of a merchant, or of all where it is empty.
func hourKey(merchant string, hour time.Time) []byte { return appendTime(pairKey(merchant, ""), hour) }

// eachHour reads the hours that begin from a moment on and before another; zero
// moments bound nothing. It reads at most limit, and says how many it has read.
func eachHour(tx *bolt.Tx, merchant string, from, to time.Time, limit int, each func(hourTotal)) (read int, err error) {
	prefix := pairKey(merchant, "")
	start := prefix
	// Moments before 1970 do not sort as keys; nothing was booked then.
	if from.Unix() > 0 {
		start = hourKey(merchant, from)
	}
	cursor := tx.Bucket(bucketHours).Cursor()
	key, value := cursor.Seek(start)
	for ; bytes.HasPrefix(key, prefix) && read < limit; key, value = cursor.Next() {
		hour, err := parseHour(key, value)
		if err != nil {
			return read, err
		}
		if !to.IsZero() && !hour.Hour.Before(to) {
			break
		}
		each(hour)
		read++
	}
	return read, nil
}

// putSums adds what was found to the sums of the file.
func putSums(tx *bolt.Tx, found []recordSums) error {
	hours, open := map[string]*hourTotal{}, map[string]int64{}
	stores := map[string]map[string]ledger.StoreSum{}
	for _, s := range found {
		for _, merchant := range [...]string{s.merchant, ""} {
			key := string(hourKey(merchant, s.sums.Hour))
			if hours[key] == nil {
				hours[key] = &hourTotal{}
			}
			hours[key].add(s)
			open[merchant] += int64(s.open)
		}
		if s.store != "" {
			addStore(stores, s)
		}
	}
	if err := putHours(tx.Bucket(bucketHours), hours); err != nil {
		return err
	}
	for merchant, more := range open {
		count, err := readOpen(tx, merchant)
		if err != nil {
			return err
		}
		if err := tx.Bucket(bucketOpen).Put(openKey(merchant), appendNumbers(nil, count+more)); err != nil {
			return err
		}
	}
	return putStores(tx.Bucket(bucketStoreDays), stores)
}

func putHours(bucket *bolt.Bucket, hours map[string]*hourTotal) error {
	for _, key := range slices.Sorted(maps.Keys(hours)) {
		more := hours[key]
		if value := bucket.Get([]byte(key)); value != nil {
			hour, err := parseHour([]byte(key), value)
			if err != nil {
				return err
			}
			more.HourSums.Add(hour.HourSums)
			more.last = max(more.last, hour.last)
			if hour.first != 0 && (more.first == 0 || hour.first < more.first) {
				more.first = hour.first
			}
		}
		if err := bucket.Put([]byte(key), appendNumbers(nil, more.numbers()...)); err != nil {
			return err
		}
	}
	return nil
}

// openKey is of a merchant, or of all where it is empty: no key may be.
func openKey(merchant string) []byte { return pairKey(merchant, "") }

func readOpen(tx *bolt.Tx, merchant string) (int64, error) {
	value := tx.Bucket(bucketOpen).Get(openKey(merchant))
	var count [1]int64
	if _, ok := parseNumbers(value, count[:]); !ok && value != nil {
		return 0, fmt.Errorf("%w: the count of open codes of %q is damaged", errIndexFile, merchant)
	}
	return count[0], nil
}

// Of the stores' days there are many: a month of ten thousand stores is read at
// once. So a day's stores are in a few rows, each with those whose names have one
// hash, in the order of their names:
//
//	store_days   day (4) shard (1)  ->  name, paid, amount, reversed, reversed amount …
const storeShards = 64

func storeKey(day uint32, store string) []byte {
	h := fnv.New32a()
	_, _ = h.Write([]byte(store)) // a hash takes all
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 5), day), byte(h.Sum32()%storeShards))
}

func addStore(stores map[string]map[string]ledger.StoreSum, s recordSums) {
	day, ok := epochDay(ledger.CalendarDay(s.at))
	if !ok {
		return
	}
	key := string(storeKey(day, s.store))
	if stores[key] == nil {
		stores[key] = map[string]ledger.StoreSum{}
	}
	sum := stores[key][s.store]
	sum.Add(s.sums.Store(s.store))
	stores[key][s.store] = sum
}

func putStores(bucket *bolt.Bucket, stores map[string]map[string]ledger.StoreSum) error {
	for _, key := range slices.Sorted(maps.Keys(stores)) {
		sums := stores[key]
		err := eachStore([]byte(key), bucket.Get([]byte(key)), func(name []byte, was ledger.StoreSum) {
			sum := sums[string(name)]
			sum.Add(was)
			sums[string(name)] = sum
		})
		if err != nil {
			return err
		}
		var value []byte
		for _, name := range slices.Sorted(maps.Keys(sums)) {
			value = binary.AppendUvarint(value, uint64(len(name)))
			value = append(value, name...)
			sum := sums[name]
			value = appendNumbers(value, int64(sum.Paid), int64(sum.Amount), int64(sum.Reversed), int64(sum.ReversedAmount))
		}
		if err := bucket.Put([]byte(key), value); err != nil {
			return err
		}
	}
	return nil
}

// eachStore reads the stores of a row. The name belongs to the transaction.
func eachStore(key, value []byte, each func(name []byte, sum ledger.StoreSum)) error {
	for len(value) > 0 {
		length, size := binary.Uvarint(value)
		// #nosec G115 -- no more was read than there is
		if size <= 0 || length > uint64(len(value)-size) {
			return fmt.Errorf("%w: stores %x are damaged", errIndexFile, key)
		}
		name := value[size : size+int(length)] // #nosec G115 -- it is within value
		var n [4]int64
		rest, ok := parseNumbers(value[size+len(name):], n[:])
		if !ok {
			return fmt.Errorf("%w: stores %x are damaged", errIndexFile, key)
		}
		each(name, ledger.StoreSum{
			Paid: int(n[0]), Amount: ledger.Rupiah(n[1]), Reversed: int(n[2]), ReversedAmount: ledger.Rupiah(n[3]),
		})
		value = rest
	}
	return nil
}

// sumStores joins the days of all stores, the store with most payments first.
func sumStores(tx *bolt.Tx, from, to ledger.Day) ([]ledger.StoreSum, error) {
	sums := map[string]*ledger.StoreSum{}
	err := eachStoreRow(tx, from, to, func(key, value []byte) error {
		return eachStore(key, value, func(name []byte, sum ledger.StoreSum) {
			at := sums[string(name)]
			if at == nil {
				at = &ledger.StoreSum{Store: string(name)}
				sums[at.Store] = at
			}
			at.Add(sum)
		})
	})
	if err != nil {
		return nil, err
	}
	all := make([]ledger.StoreSum, 0, len(sums))
	for _, sum := range sums {
		all = append(all, *sum)
	}
	slices.SortFunc(all, func(a, b ledger.StoreSum) int {
		return cmp.Or(cmp.Compare(b.Paid, a.Paid), cmp.Compare(a.Store, b.Store))
	})
	return all, nil
}

func eachStoreRow(tx *bolt.Tx, from, to ledger.Day, each func(key, value []byte) error) error {
	first, ok := epochDay(from)
	last, okLast := epochDay(to)
	if !ok || !okLast {
		return nil
	}
	end := binary.BigEndian.AppendUint32(nil, last+1)
	cursor := tx.Bucket(bucketStoreDays).Cursor()
	key, value := cursor.Seek(binary.BigEndian.AppendUint32(nil, first))
	for ; key != nil && bytes.Compare(key, end) < 0; key, value = cursor.Next() {
		if err := each(key, value); err != nil {
			return err
		}
	}
	return nil
}

// listStore lists the days of one store: one row of each.
func listStore(tx *bolt.Tx, store string, from, to ledger.Day) ([]ledger.StoreDay, error) {
	days := []ledger.StoreDay{}
	for day := from; day <= to; day = day.Next() {
		at, ok := epochDay(day)
		if !ok {
			break
		}
		key := storeKey(at, store)
		err := eachStore(key, tx.Bucket(bucketStoreDays).Get(key), func(name []byte, sum ledger.StoreSum) {
			if sum.Store = store; string(name) == store {
				days = append(days, ledger.StoreDay{Day: day, StoreSum: sum})
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return days, nil
}
