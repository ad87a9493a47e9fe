package soap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

var _ ledger.Messages = (*WireLog)(nil)

// Message is ledger.Messages'.
func (w *WireLog) Message(ctx context.Context, cursor string) (ledger.Message, error) {
	if err := ctx.Err(); err != nil {
		return ledger.Message{}, err
	}
	place, err := parsePlace(cursor)
	if err != nil {
		return ledger.Message{}, err
	}
	files := &wireFiles{dir: w.config.Dir}
	defer files.close()
	m, err := files.read(place)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errWireLine) {
		return ledger.Message{}, fmt.Errorf("%w: %w", ledger.ErrBadMessageCursor, err)
	}
	return m, err
}

// OfCode is ledger.Messages'.
func (w *WireLog) OfCode(ctx context.Context, code ledger.PaymentCode, limit int) ([]ledger.Message, error) {
	return w.newest(ctx, wireRange{bucket: bucketCode, prefix: w.codeMAC(string(code))}, limit)
}

// OfRef is ledger.Messages'.
func (w *WireLog) OfRef(ctx context.Context, ref ledger.TrackingRef, limit int) ([]ledger.Message, error) {
	return w.newest(ctx, wireRange{bucket: bucketRef, prefix: ended(string(ref))}, limit)
}

// newest reads the newest messages of a range.
func (w *WireLog) newest(ctx context.Context, r wireRange, limit int) ([]ledger.Message, error) {
	limit = min(max(limit, 1), ledger.MaxMessages)
	var places []wirePlace
	err := w.view(func(tx *bolt.Tx) error {
		return r.newestFirst(ctx, tx, func(p wirePlace, _ []byte) bool {
			places = append(places, p)
			return len(places) < limit
		})
	})
	if err != nil {
		return nil, fmt.Errorf("search the wire log: %w", err)
	}
	return w.readAll(ctx, places)
}

// Refused is ledger.Messages'.
func (w *WireLog) Refused(ctx context.Context, q ledger.RefusalQuery) (page []ledger.Message, next string, err error) {
	r, err := w.rangeOf(q)
	if err != nil {
		return nil, "", err
	}
	found := refusals{query: q, limit: min(max(q.Limit, 1), ledger.MaxMessages)}
	err = w.view(func(tx *bolt.Tx) error { return r.newestFirst(ctx, tx, found.take) })
	if err != nil {
		return nil, "", fmt.Errorf("search refused messages: %w", err)
	}
	page, err = w.readAll(ctx, found.places)
	return page, found.next, err
}

// rangeOf takes the range that holds the fewest others.
func (w *WireLog) rangeOf(q ledger.RefusalQuery) (wireRange, error) {
	r := wireRange{bucket: bucketRefused, from: q.From, to: q.To}
	switch {
	case q.Code != "":
		r.bucket, r.prefix = bucketCode, w.codeMAC(string(q.Code))
	case q.Ref != "":
		r.bucket, r.prefix = bucketRef, ended(string(q.Ref))
	case q.Store != "":
		r.bucket, r.prefix = bucketRefusedStore, ended(q.Store)
	}
	if q.Before == "" {
		return r, nil
	}
	before, err := parsePlace(q.Before)
	r.before = &before
	return r, err
}

// refusals gathers a page.
type refusals struct {
	query   ledger.RefusalQuery
	limit   int
	places  []wirePlace
	scanned int
	next    string
}

// take takes an entry of a range; false ends the page.
func (r *refusals) take(p wirePlace, value []byte) bool {
	r.scanned++
	summary, refused := parseSummary(value)
	if matches := refused && summary.matches(r.query); matches && len(r.places) == r.limit {
		r.next = r.places[r.limit-1].cursor()
		return false
	} else if matches {
		r.places = append(r.places, p)
	}
	if r.scanned == ledger.MaxRefusalsScanned {
		r.next = p.cursor()
		return false
	}
	return true
}

// readAll reads the messages at places. One whose day was dropped meanwhile is
// left out, and so is one that is not there any more, which is reported: the rest
// can be read.
func (w *WireLog) readAll(ctx context.Context, places []wirePlace) ([]ledger.Message, error) {
	files := &wireFiles{dir: w.config.Dir}
	defer files.close()
	var messages []ledger.Message
	for _, place := range places {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m, err := files.read(place)
		switch {
		case err == nil:
			messages = append(messages, m)
		case errors.Is(err, fs.ErrNotExist):
		case errors.Is(err, errWireLine):
			w.fail(0, fmt.Errorf("read wire log of %s at %d: %w", place.day(), place.offset, err))
		default:
			return nil, fmt.Errorf("read wire log of %s at %d: %w", place.day(), place.offset, err)
		}
	}
	return messages, nil
}

// RefusedHours is ledger.Messages'.
func (w *WireLog) RefusedHours(ctx context.Context, from, to time.Time) ([]ledger.RefusalHour, error) {
	if to.Sub(from) > ledger.MaxMessageDays*24*time.Hour {
		return nil, fmt.Errorf("refused messages by hour: %s to %s is longer than %d days", from, to, ledger.MaxMessageDays)
	}
	var hours []ledger.RefusalHour
	err := w.eachCounter(ctx, bucketHours, ledger.CalendarDay(from), ledger.CalendarDay(to), func(day ledger.Day, key []byte, count int) {
		if hour, ok := parseHourKey(key, day); ok && !hour.Hour.Before(from) && hour.Hour.Before(to) {
			hour.Count = count
			hours = append(hours, hour)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("refused messages by hour: %w", err)
	}
	return hours, nil
}

// RefusedStores is ledger.Messages'.
func (w *WireLog) RefusedStores(ctx context.Context, from, to ledger.Day) (map[string]int, error) {
	if to.Next().Midnight().Sub(from.Midnight()) > ledger.MaxMessageDays*24*time.Hour {
		return nil, fmt.Errorf("refused messages by store: %s to %s is longer than %d days", from, to, ledger.MaxMessageDays)
	}
	stores := map[string]int{}
	err := w.eachCounter(ctx, bucketStores, from, to, func(_ ledger.Day, key []byte, count int) {
		if _, known := stores[string(key)]; known || len(stores) < ledger.MaxMessageStores {
			stores[string(key)] += count
		}
	})
	if err != nil {
		return nil, fmt.Errorf("refused messages by store: %w", err)
	}
	return stores, nil
}

// eachCounter goes through the counters of days, both included.
func (w *WireLog) eachCounter(ctx context.Context, name []byte, from, to ledger.Day, take func(ledger.Day, []byte, int)) error {
	return w.view(func(tx *bolt.Tx) error {
		for day := from; day <= to; day = day.Next() {
			if err := ctx.Err(); err != nil {
				return err
			}
			bucket := tx.Bucket([]byte(day))
			if bucket == nil {
				continue
			}
			err := bucket.Bucket(name).ForEach(func(key, value []byte) error {
				take(day, key, int(number(value))) // #nosec G115 -- counts of messages
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// view reads the index.
func (w *WireLog) view(read func(*bolt.Tx) error) error {
	if w.index == nil {
		return ledger.ErrMessagesNotReady
	}
	return w.index.view(read)
}

// wireRange is a range of an index's bucket over all days: keys that begin with
// prefix and end with a place.
type wireRange struct {
	bucket, prefix []byte
	// from and to, if not zero, bound the times; to is left out.
	from, to time.Time
	// before, if not nil, is newer than all that is wanted.
	before *wirePlace
}

// end is the first place that is too new, if there is one.
func (r wireRange) end() (end wirePlace, bounded bool) {
	if !r.to.IsZero() {
		end, bounded = wirePlace{at: r.to}, true
	}
	if r.before != nil && (!bounded || bytes.Compare(r.before.key(), end.key()) < 0) {
		end, bounded = *r.before, true
	}
	return end, bounded
}

// newestFirst goes through a range until take says no.
func (r wireRange) newestFirst(ctx context.Context, tx *bolt.Tx, take func(wirePlace, []byte) bool) error {
	end, bounded := r.end()
	days := tx.Cursor()
	for name, _ := days.Last(); name != nil; name, _ = days.Prev() {
		day := ledger.Day(name)
		if string(name) == string(bucketAbout) || bounded && day > end.day() {
			continue
		}
		if !r.from.IsZero() && day < ledger.CalendarDay(r.from) {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if !r.ofDay(tx.Bucket(name).Bucket(r.bucket), end, bounded, take) {
			return nil
		}
	}
	return nil
}

// ofDay goes through a day's part of the range; false when take said no.
func (r wireRange) ofDay(bucket *bolt.Bucket, end wirePlace, bounded bool, take func(wirePlace, []byte) bool) bool {
	c := bucket.Cursor()
	// 0xff is above each first byte of a place, for times are not negative.
	beyond := append(slices.Clone(r.prefix), 0xff)
	if bounded {
		beyond = append(slices.Clone(r.prefix), end.key()...)
	}
	step := c.Prev
	if key, _ := c.Seek(beyond); key == nil {
		step = c.Last
	}
	for key, value := step(); bytes.HasPrefix(key, r.prefix) && len(key) == len(r.prefix)+placeSize; key, value = c.Prev() {
		place := placeOf(key)
		if place.at.Before(r.from) || !take(place, value) {
			return false
		}
	}
	return true
}
