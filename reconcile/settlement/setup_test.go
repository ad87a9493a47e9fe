package settlement_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
	"paypoint/store/boltdb"
	"paypoint/store/memory"
)

// The days of most tests, in the order of the calendar.
const (
	friday   ledger.Day = "2026-11-20"
	saturday ledger.Day = "2026-11-21"
	sunday   ledger.Day = "2026-11-22"
	monday   ledger.Day = "2026-11-23"
)

// desk is a ledger whose clock the test sets, and its settlement.
type desk struct {
	store      ledger.Store
	ledger     *ledger.Service
	settlement *settlement.Service
	clock      atomic.Int64
	messages   atomic.Int64
}

func setup(t testing.TB, store ledger.Store) *desk {
	t.Helper()
	d := &desk{store: store}
	agreement := ledger.Agreement{PartnerID: "PAYPOINT", CutOff: 24 * time.Hour, CloseDelay: 2 * time.Hour, FeeRemitted: true}
	d.ledger = ledger.NewService(store, agreement, func() time.Time { return time.UnixMilli(d.clock.Load()) })
	d.settlement = settlement.New(settlement.Config{Ledger: d.ledger, TempDir: t.TempDir()})
	return d
}

// overEngines runs a test on every engine.
func overEngines(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, setup(t, memory.Open()))
	})
	t.Run("boltdb", func(t *testing.T) {
		t.Parallel()
		test(t, setup(t, openBolt(t, filepath.Join(t.TempDir(), "ledger.db"))))
	})
}

func openBolt(t testing.TB, path string) *boltdb.Store {
	t.Helper()
	store, err := boltdb.Open(path, boltdb.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() }) // a test may have closed it already
	return store
}

// at sets the clock to a wire time.
func (d *desk) at(t testing.TB, wire string) {
	t.Helper()
	d.clock.Store(wib(t, wire).UnixMilli())
}

func wib(t testing.TB, wire string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation(ledger.WireTime, wire, ledger.WIB)
	require.NoError(t, err)
	return moment
}

// pay books a payment of a new charge, stamped with the clock.
func (d *desk) pay(t testing.TB, amount, fee ledger.Rupiah) ledger.Payment {
	t.Helper()
	p, err := d.book(time.UnixMilli(d.clock.Load()), amount, fee)
	require.NoError(t, err)
	return p
}

// book books a payment with a stamp, from any goroutine.
func (d *desk) book(stamp time.Time, amount, fee ledger.Rupiah) (ledger.Payment, error) {
	n := d.messages.Add(1)
	now := time.UnixMilli(d.clock.Load())
	charge, err := d.ledger.Charge(context.Background(), ledger.NewCharge{
		ID: fmt.Sprintf("charge-%d", n), Merchant: "G000000001", Prefix: "888", Hold: time.Minute,
		Order: fmt.Sprintf("order-%d", n), Amount: amount, MinAmount: amount, Fee: fee, Expires: now.Add(24 * time.Hour),
	})
	if err != nil {
		return ledger.Payment{}, err
	}
	p := ledger.Payment{
		Code: charge.Code, Ref: ledger.TrackingRef(fmt.Sprintf("T%09d", n)), Amount: amount, Store: "T001",
		MessageID: fmt.Sprintf("M%09d", n), TimeStamp: stamp, Receipt: fmt.Sprintf("R%09d", n),
	}
	result, err := d.ledger.Pay(context.Background(), p)
	if err != nil {
		return p, err
	}
	if result.Reason != ledger.ReasonApproved {
		return p, fmt.Errorf("payment %d: %s", n, result.Reason)
	}
	return p, nil
}

// reverse takes a payment back.
func (d *desk) reverse(t testing.TB, p ledger.Payment) ledger.Reason {
	t.Helper()
	result, err := d.ledger.Reverse(t.Context(), ledger.Reversal{Code: p.Code, Ref: p.Ref, Amount: p.Amount, Store: p.Store})
	require.NoError(t, err)
	return result.Reason
}

// export is a day's file.
func (d *desk) export(t testing.TB, day ledger.Day, f settlement.Format) []byte {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, d.settlement.Export(t.Context(), day, f, &file, nil))
	return file.Bytes()
}

func (d *desk) close(t testing.TB, day ledger.Day) ledger.Batch {
	t.Helper()
	batch, err := d.settlement.Close(t.Context(), day, false, "operator")
	require.NoError(t, err)
	return batch
}

// noHash stands in the first file for the one before.
var noHash = strings.Repeat("0", 64)

// lines are a text file's fields.
func lines(file []byte) [][]string {
	var rows [][]string
	for line := range strings.Lines(string(file)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "|"))
	}
	return rows
}

func readers(files [][]byte) []io.Reader {
	var all []io.Reader
	for _, file := range files {
		all = append(all, bytes.NewReader(file))
	}
	return all
}

func sum(file []byte) string {
	digest := sha256.Sum256(file)
	return hex.EncodeToString(digest[:])
}
