package boltdb

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// BenchmarkPay pays codes in random order, durably, one till or 64 at once, of
// a merchant who is told of it at once or not at all: with a row in the outbox,
// which nobody delivers, or without.
// The large ledger takes half a minute to make, so it is left out of -short.
func BenchmarkPay(b *testing.B) {
	sizes := []int{10_000, 1_000_000}
	if testing.Short() {
		sizes = sizes[:1]
	}
	for _, size := range sizes {
		path := filepath.Join(b.TempDir(), "ledger.db")
		chargeMany(b, path, 1, size)
		whole := int64(0)
		if info, err := os.Stat(path); err == nil {
			whole = info.Size()
		}
		codes := &unpaid{path: path, last: size}
		codes.shuffle(1)
		for _, tills := range []int{1, 64} {
			for _, urls := range []string{"", "https://shop.example/n"} {
				b.Run(fmt.Sprintf("codes=%d/tills=%d/notify=%t", size, tills, urls != ""), func(b *testing.B) {
					numbers := codes.take(b, b.N)
					setNotify(b, path, urls)
					payMany(b, path, numbers, tills, Shipping{})
					b.ReportMetric(float64(whole)/float64(size), "file-B/code")
				})
			}
		}
	}
}

// BenchmarkPayShipped pays codes while the journal is shipped into a folder on
// the same disk, which is the worst place: not at all, beside the commits, or
// waited for. One that is run again and again takes the three in turns.
func BenchmarkPayShipped(b *testing.B) {
	const size = 10_000
	path := filepath.Join(b.TempDir(), "ledger.db")
	chargeMany(b, path, 1, size)
	codes := &unpaid{path: path, last: size}
	codes.shuffle(1)
	for _, tills := range []int{1, 64} {
		for _, how := range []string{"not", "beside", "waited"} {
			b.Run(fmt.Sprintf("tills=%d/shipped=%s", tills, how), func(b *testing.B) {
				to := Shipping{}
				if how != "not" {
					to = Shipping{Dir: b.TempDir(), Wait: how == "waited"}
				}
				payMany(b, path, codes.take(b, b.N), tills, to)
			})
		}
	}
}

// unpaid are the codes of a ledger that no run has paid yet, in random order.
type unpaid struct {
	path    string
	last    int
	numbers []int
}

// shuffle adds the charges from a number to the last.
func (u *unpaid) shuffle(from int) {
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(u.last - from + 1) {
		u.numbers = append(u.numbers, from+i)
	}
}

// take gives up n codes; where there are too few, more are charged.
func (u *unpaid) take(b *testing.B, n int) []int {
	if short := n - len(u.numbers); short > 0 {
		from := u.last + 1
		u.last += short
		chargeMany(b, u.path, from, u.last)
		u.shuffle(from)
	}
	taken := u.numbers[:n]
	u.numbers = u.numbers[n:]
	return taken
}

// chargeMany gives out the codes of charges first to last, many in one commit.
func chargeMany(b *testing.B, path string, first, last int) {
	store, err := Open(path, Options{})
	require.NoError(b, err)
	const group = 5_000
	for from := first; from <= last; from += group {
		err := store.Apply(context.Background(), ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
			change := ledger.Change{At: noon(), Details: &ledger.Details{Salt: "5a17", Customer: "PEMBELI"}}
			for n := from; n < from+group && n <= last; n++ {
				code, err := store.codes.Code("812", uint64(n))
				if err != nil {
					return ledger.Change{}, err
				}
				change.Entries = append(change.Entries, ledger.Entry{Event: ledger.Charged{
					Number: uint64(n), Code: code, ID: fmt.Sprintf("id-%08d", n), Merchant: "G1", Order: fmt.Sprintf("order-%08d", n),
					Amount: 50_000, MinAmount: 50_000, Expires: noon().AddDate(0, 0, 1), Details: change.Details.Hash(),
				}})
			}
			return change, nil
		})
		require.NoError(b, err)
	}
	require.NoError(b, store.Close())
}

// setNotify sets whom to tell of G1's charges, or nobody.
func setNotify(b *testing.B, path, urls string) {
	store, err := Open(path, Options{})
	require.NoError(b, err)
	service := ledger.NewService(store, testAgreement(), noon)
	err = service.Alter(context.Background(), ledger.SettingNotify("G1"), "operator", func([]byte) ([]byte, error) { return []byte(urls), nil })
	require.NoError(b, err)
	require.NoError(b, store.Close())
}

// payMany pays charges by their numbers.
func payMany(b *testing.B, path string, numbers []int, tills int, to Shipping) {
	var commits atomic.Int64
	store, err := Open(path, Options{Committed: func(int, time.Duration) { commits.Add(1) }, Ship: to})
	require.NoError(b, err)
	service := ledger.NewService(store, testAgreement(), noon)
	var next atomic.Int64
	var callers sync.WaitGroup
	// What there was before is no cost of a payment.
	for state, on := store.Shipping(); on && state.Shipped < state.Head; state, on = store.Shipping() {
		runtime.Gosched()
	}
	b.ResetTimer()
	for range tills {
		callers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(numbers)); i = next.Add(1) - 1 {
				if err := payCode(service, store, uint64(numbers[i])); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "payments/s")
	b.ReportMetric(float64(b.N)/float64(commits.Load()), "payments/commit")
	require.NoError(b, store.Close())
}

func payCode(service *ledger.Service, store *Store, number uint64) error {
	code, err := store.codes.Code("812", number)
	if err != nil {
		return err
	}
	result, err := service.Pay(context.Background(), ledger.Payment{
		Code: code, Ref: ledger.TrackingRef(fmt.Sprintf("T%08d", number)), Amount: 50_000, Store: fmt.Sprintf("TA%02d", number%50),
		MessageID: "M", TimeStamp: noon(), Receipt: fmt.Sprintf("R%08d", number), Request: "aa",
	})
	if err == nil && result.Reason != ledger.ReasonApproved {
		return fmt.Errorf("pay charge %d: %s", number, result.Reason)
	}
	return err
}
