package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"paypoint/ledger"
	"paypoint/store/boltdb"
)

// What the ledger of the part console is like: a month of a chain of shops, of
// which the first have most.
const (
	soldDays      = 30
	soldStores    = 10_000
	soldMerchants = 50
	// soldGroup is how many payments are written in one commit.
	soldGroup = 5_000
	// soldFee is what the customer pays on top.
	soldFee = 2_500
)

// sold is a payment of that ledger with what it is searched by.
type sold struct {
	number                    uint64
	at                        time.Time
	code, id, merchant, order string
	ref, receipt, store       string
	amount                    ledger.Rupiah
	reversed                  bool
}

// month is a ledger that is being sold into.
type month struct {
	store      *boltdb.Store
	random     *rand.Rand
	begin, end time.Time
	payments   int
	closed     uint64
	day        ledger.Day
}

// sell makes a ledger of payments over the days before end, the newest last. It
// tells each of them.
func sell(ctx context.Context, dir string, payments int, end time.Time, each func(sold) error) (err error) {
	store, err := boltdb.Open(filepath.Join(dir, "ledger.db"), boltdb.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	m := &month{
		store: store, random: rand.New(rand.NewPCG(1, 2)), // #nosec G404 -- must repeat; no secret
		begin: end.AddDate(0, 0, -soldDays), end: end, payments: payments,
	}
	for from := 1; from <= payments; from += soldGroup {
		group, err := m.sellGroup(ctx, from)
		for _, s := range group {
			err = errors.Join(err, each(s))
		}
		if err != nil {
			return fmt.Errorf("sell payments from %d on: %w", from, err)
		}
	}
	return nil
}

// sellGroup charges some codes, and pays them in one commit, all at one moment. A
// day that is over is closed.
func (m *month) sellGroup(ctx context.Context, from int) ([]sold, error) {
	share := float64(from) / float64(m.payments)
	at := m.begin.Add(time.Duration(share * float64(m.end.Sub(m.begin)))).Truncate(time.Millisecond)
	change, day := ledger.Change{At: at}, ledger.CalendarDay(at)
	if m.day != "" && day != m.day {
		m.closed++
		change.Entries = append(change.Entries, ledger.Entry{Event: ledger.Closed{Day: m.day, No: m.closed, By: "bench"}})
	}
	m.day = day
	group := make([]sold, min(soldGroup, m.payments-from+1))
	for i := range group {
		group[i] = m.sale(from+i, at)
	}
	service := ledger.NewService(m.store, ledger.Agreement{}, func() time.Time { return at })
	_, err := together(ctx, len(group), ledgerCallers, func(ctx context.Context, i int) (string, error) {
		s := &group[i]
		charge, err := service.Charge(ctx, ledger.NewCharge{
			ID: s.id, Merchant: s.merchant, Prefix: codePrefix, Order: s.order, Amount: s.amount, MinAmount: s.amount, Fee: soldFee,
			Expires: at.Add(codeLife), Details: ledger.Details{Salt: s.id, Customer: "Andi Sujono", Desc: "Benchmark"},
		})
		s.number, s.code = charge.Number, string(charge.Code)
		return s.code, err
	})
	if err != nil {
		return nil, err
	}
	for _, s := range group {
		change.Entries = append(change.Entries, s.entries(day)...)
	}
	return group, m.store.Apply(ctx, ledger.Keys{}, func(ledger.State) (ledger.Change, error) { return change, nil })
}

func (m *month) sale(n int, at time.Time) sold {
	skewed := func(of int) int { return int(float64(of) * m.random.Float64() * m.random.Float64()) }
	return sold{
		at: at, id: orderID(n), merchant: fmt.Sprintf("G%09d", 1+skewed(soldMerchants)), order: fmt.Sprintf("INV-%012x", m.random.Uint64()>>16),
		ref: trackingRef(n), receipt: fmt.Sprintf("R%010x", m.random.Uint64()>>24),
		store: fmt.Sprintf("T%05d", skewed(soldStores)), amount: ledger.Rupiah(10_000 + 500*skewed(2_000)), reversed: n%100 == 0,
	}
}

// entries are what the journal has of its payment: that, its release, and a
// reversal.
func (s sold) entries(day ledger.Day) []ledger.Entry {
	receivable, payable := ledger.IndomaretReceivable, ledger.MerchantPayable(s.merchant)
	code, ref := ledger.PaymentCode(s.code), ledger.TrackingRef(s.ref)
	entries := []ledger.Entry{
		{
			Event: ledger.Paid{
				Number: s.number, Code: code, Ref: ref, Store: s.store, MessageID: "M" + s.ref, TimeStamp: s.at,
				Amount: s.amount, Fee: soldFee, FeeRemitted: true, Receipt: s.receipt, Day: day, Request: "aa",
			},
			Postings: []ledger.Posting{{Account: receivable, Amount: s.amount + soldFee}, {Account: payable, Amount: -s.amount}, {Account: ledger.Fees, Amount: -soldFee}},
		},
		{Event: ledger.Released{Number: s.number, Ref: ref}},
	}
	if !s.reversed {
		return entries
	}
	return append(entries, ledger.Entry{
		Event:    ledger.Reversed{Number: s.number, Code: code, Ref: ref, Store: s.store, MessageID: "V" + s.ref, Day: day, Deny: true, Request: "bb"},
		Postings: []ledger.Posting{{Account: receivable, Amount: -s.amount - soldFee}, {Account: payable, Amount: s.amount}, {Account: ledger.Fees, Amount: soldFee}},
	})
}
