package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func serialDuties() []duty {
	return []duty{
		{"of many tills that pay one code, one does", manyTillsOneCode},
		{"many retries of one payment get one receipt", manyRetriesOneReceipt},
		{"payments and reversals of one code take turns", payAndReverseTakeTurns},
		{"each decision sees the ones before it", decisionsSeeEarlier},
		{"numbers and codes are given out without a gap", numbersAreGapless},
		{"an order id is given out once", orderIsTakenOnce},
	}
}

// together calls f from many goroutines at once and waits for all of them.
func together(f func(i int)) {
	var callers sync.WaitGroup
	start := make(chan struct{})
	for i := range crowd {
		callers.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	callers.Wait()
}

func manyTillsOneCode(t *testing.T, w *world) {
	c := w.charge()
	results, outcomes := make([]ledger.PaymentResult, crowd), make([]error, crowd)
	together(func(i int) {
		ref := ledger.TrackingRef(fmt.Sprintf("T%02d", i))
		results[i], outcomes[i] = w.service.Pay(w.ctx, w.payment(c.Code, ref))
	})
	reasons := map[ledger.Reason]int{}
	var receipt string
	for i, result := range results {
		require.NoError(t, outcomes[i])
		reasons[result.Reason]++
		receipt += result.Receipt
	}
	require.Equal(t, map[ledger.Reason]int{ledger.ReasonApproved: 1, ledger.ReasonAlreadyPaid: crowd - 1}, reasons)
	require.Equal(t, 1, w.count(ledger.KindPaid))
	paying := w.load(ledger.Keys{Code: c.Code}).Paying
	require.Equal(t, receipt, paying.Receipt)
}

func manyRetriesOneReceipt(t *testing.T, w *world) {
	c := w.charge()
	results, outcomes := make([]ledger.PaymentResult, crowd), make([]error, crowd)
	together(func(i int) {
		results[i], outcomes[i] = w.service.Pay(w.ctx, w.payment(c.Code, "A1"))
	})
	booked := 0
	for i, result := range results {
		require.NoError(t, outcomes[i])
		require.Equal(t, ledger.ReasonApproved, result.Reason)
		require.Equal(t, results[0].Receipt, result.Receipt)
		if !result.Replayed {
			booked++
		}
	}
	require.Equal(t, 1, booked)
	require.Equal(t, 1, w.count(ledger.KindPaid))
}

// payAndReverseTakeTurns sends a payment and its reversal at once, under many
// refs. Whichever comes first, no money stays with a ref that was reversed.
func payAndReverseTakeTurns(t *testing.T, w *world) {
	c := w.charge()
	together(func(i int) {
		ref := ledger.TrackingRef(fmt.Sprintf("T%02d", i/2))
		if i%2 == 0 {
			_, err := w.service.Pay(w.ctx, w.payment(c.Code, ref))
			require.NoError(w.t, err)
			return
		}
		result := w.reverse(c.Code, ref)
		require.Equal(w.t, ledger.ReasonApproved, result.Reason)
	})
	state := w.load(ledger.Keys{Code: c.Code})
	require.Empty(t, state.Charge.PaidBy)
	require.Equal(t, w.count(ledger.KindPaid), w.count(ledger.KindReversed))
	for i := range crowd / 2 {
		tx := w.load(ledger.Keys{Code: c.Code, Ref: ledger.TrackingRef(fmt.Sprintf("T%02d", i))}).Tx
		require.NotNil(t, tx)
		require.NotEqual(t, ledger.TxPaid, tx.State)
	}
}

// decisionsSeeEarlier counts in a setting: each decision reads the number that
// the one before it wrote, in whatever group they are committed.
func decisionsSeeEarlier(t *testing.T, w *world) {
	const each = 5
	together(func(int) {
		for range each {
			err := w.service.Alter(w.ctx, "counter", "operator", func(value []byte) ([]byte, error) {
				n, _ := strconv.Atoi(string(value))
				return strconv.AppendInt(nil, int64(n)+1, 10), nil
			})
			require.NoError(w.t, err)
		}
	})
	value := w.load(ledger.Keys{Setting: "counter"}).Setting
	require.Equal(t, strconv.Itoa(crowd*each), string(value))
	for i, r := range w.records() {
		require.Equal(t, strconv.Itoa(i+1), string(r.Event.(ledger.Set).Value))
	}
}

func numbersAreGapless(t *testing.T, w *world) {
	charges := make([]ledger.Charge, crowd)
	together(func(i int) { charges[i] = w.charge() })
	numbers, codes := map[uint64]bool{}, map[ledger.PaymentCode]bool{}
	for _, c := range charges {
		require.Positive(t, c.Number)
		require.LessOrEqual(t, c.Number, uint64(crowd))
		require.Len(t, c.Code, ledger.DefaultCodeLength)
		require.Equal(t, prefix, c.Code.Prefix())
		numbers[c.Number], codes[c.Code] = true, true
	}
	require.Len(t, numbers, crowd)
	require.Len(t, codes, crowd)
}

func orderIsTakenOnce(t *testing.T, w *world) {
	outcomes := make([]error, crowd)
	together(func(i int) {
		_, outcomes[i] = w.service.Charge(w.ctx, w.order(func(n *ledger.NewCharge) { n.Order = "once" }))
	})
	taken := 0
	for _, err := range outcomes {
		if errors.Is(err, ledger.ErrOrderTaken) {
			taken++
			continue
		}
		require.NoError(t, err)
	}
	require.Equal(t, crowd-1, taken)
	require.Equal(t, 1, w.count(ledger.KindCharged))
}
