package boltdb

import (
	"bytes"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// Before schema 3 a case was no more than a key of its message, and a balance
// had no day. The journal must give as many of the one, and as much of the other.

// bucketCases is that of the cases before schema 3.
var bucketCases = []byte("cases")

// oldCases are the cases of an older file, with those that the journal has.
type oldCases struct {
	// bucket is nil in a file of schema 3, whose cases are documents.
	bucket *bolt.Bucket
	known  map[string]bool
}

// find looks for the case that a record opened.
func (c oldCases) find(record ledger.Record) error {
	opened, ok := record.Event.(ledger.CaseOpened)
	if !ok || c.bucket == nil {
		return nil
	}
	key := oldCaseKey(opened)
	if c.bucket.Get(key) == nil {
		return &Difference{place(bucketCases, key), "missing"}
	}
	c.known[string(key)] = true
	return nil
}

// others makes sure that there are no more cases than were found.
func (c oldCases) others() error {
	if c.bucket == nil {
		return nil
	}
	return c.bucket.ForEach(func(key, _ []byte) error {
		if !c.known[string(key)] {
			return &Difference{place(bucketCases, key), "the journal knows nothing of it"}
		}
		return nil
	})
}

// oldCaseKey names the message by its text where its code and TrackingRef do not.
func oldCaseKey(e ledger.CaseOpened) []byte {
	key := pairKey(string(e.Code), string(e.Ref))
	if !e.Unnamed {
		return key
	}
	return append(append(key, 0), e.Request...)
}

// compareOldBalances holds balances without days against the sums of those by day.
func compareOldBalances(old, balances *bolt.Bucket) error {
	was := map[ledger.Account]ledger.Rupiah{}
	err := old.ForEach(func(key, value []byte) error {
		amount, err := parseRupiah(value)
		if err != nil {
			return &Difference{place(bucketBalances, key), err.Error()}
		}
		was[ledger.Account(bytes.Clone(key))] = amount
		return nil
	})
	if err != nil {
		return err
	}
	sums, err := sumBalances(balances, func(accountDay, ledger.Rupiah) {})
	if err != nil {
		return fmt.Errorf("sum the balances by day: %w", err)
	}
	return compareSums(was, sums)
}
