package settlement_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
	"paypoint/store/memory"
)

// tampered is a ledger whose payments read other than they were booked.
type tampered struct {
	ledger.Store
	alter func([]ledger.Line) ([]ledger.Line, error)
}

func (s *tampered) Lines(ctx context.Context, day ledger.Day, after uint64, limit int) ([]ledger.Line, error) {
	lines, err := s.Store.Lines(ctx, day, after, limit)
	if err != nil || s.alter == nil || len(lines) == 0 {
		return lines, err
	}
	return s.alter(lines)
}

var errDisk = errors.New("the disk is gone")

func TestExportOfDamagedLedgerFails(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		alter   func([]ledger.Line) ([]ledger.Line, error)
		want    error
		formats []settlement.Format
	}{
		"a payment is missing": {
			func(l []ledger.Line) ([]ledger.Line, error) { return l[1:], nil },
			settlement.ErrTotals, []settlement.Format{settlement.TXT, settlement.CSV, settlement.XLSX},
		},
		"a reversal is missing": {
			func(l []ledger.Line) ([]ledger.Line, error) { l[1].Reversed = false; return l, nil },
			settlement.ErrTotals, []settlement.Format{settlement.TXT, settlement.CSV, settlement.XLSX},
		},
		"a fee is another's": {
			func(l []ledger.Line) ([]ledger.Line, error) { l[0].FeeRemitted = false; return l, nil },
			settlement.ErrTotals, []settlement.Format{settlement.TXT, settlement.CSV, settlement.XLSX},
		},
		"a text is changed": {
			func(l []ledger.Line) ([]ledger.Line, error) { l[0].Receipt = "R1"; return l, nil },
			settlement.ErrHash, []settlement.Format{settlement.TXT},
		},
		"it can't be read": {
			func([]ledger.Line) ([]ledger.Line, error) { return nil, errDisk },
			errDisk, []settlement.Format{settlement.TXT, settlement.CSV, settlement.XLSX},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &tampered{Store: memory.Open()}
			d := setup(t, store)
			d.at(t, "2026-11-20 10:00:00")
			d.pay(t, 50000, 5000)
			d.reverse(t, d.pay(t, 60000, 5000))
			d.at(t, "2026-11-21 02:00:00")
			d.close(t, friday)
			store.alter = c.alter
			for _, format := range c.formats {
				var out bytes.Buffer
				require.ErrorIs(t, d.settlement.Export(t.Context(), friday, format, &out, nil), c.want, format)
				require.Zero(t, out.Len(), "%s: of so short a file nothing is written", format)
			}
		})
	}
}

func TestCloseOfDamagedLedger(t *testing.T) {
	t.Parallel()
	store := &tampered{Store: memory.Open(), alter: func(l []ledger.Line) ([]ledger.Line, error) { return l[1:], nil }}
	d := setup(t, store)
	d.at(t, "2026-11-20 10:00:00")
	d.pay(t, 50000, 5000)
	d.at(t, "2026-11-21 02:00:00")
	batch, err := d.settlement.Close(t.Context(), friday, false, "operator")
	require.ErrorIs(t, err, settlement.ErrNotSealed)
	require.ErrorIs(t, err, settlement.ErrTotals)
	require.True(t, batch.Closed())
	store.alter = nil
	require.NotEmpty(t, d.close(t, friday).SHA256)
}

// A file is headed as it was when its day was closed: a new agreement does not
// rewrite it.
func TestExportUnderAnotherAgreementIsTheSame(t *testing.T) {
	t.Parallel()
	d := setup(t, memory.Open())
	d.at(t, "2026-11-21 02:00:00")
	d.close(t, friday)
	var before, after bytes.Buffer
	require.NoError(t, d.settlement.Export(t.Context(), friday, settlement.TXT, &before, nil))
	other := settlement.New(settlement.Config{Ledger: ledger.NewService(d.store, ledger.Agreement{PartnerID: "OTHER"}, time.Now)})
	require.NoError(t, other.Export(t.Context(), friday, settlement.TXT, &after, nil))
	require.Equal(t, before.String(), after.String())
	require.Contains(t, after.String(), "H|1|PAYPOINT|")
}

// full is a disk or a connection that takes no more.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, errDisk
	}
	f.room -= len(p)
	return len(p), nil
}

func TestExportToFullDiskFails(t *testing.T) {
	t.Parallel()
	d := setup(t, memory.Open())
	d.at(t, "2026-11-20 10:00:00")
	for range 1000 {
		d.pay(t, 50000, 5000)
	}
	d.at(t, "2026-11-21 02:00:00")
	d.close(t, friday)
	for _, format := range []settlement.Format{settlement.TXT, settlement.CSV, settlement.XLSX} {
		for _, room := range []int{0, 8 << 10, 64 << 10} {
			require.ErrorIs(t, d.settlement.Export(t.Context(), friday, format, &full{room}, nil), errDisk, "%s after %d bytes", format, room)
		}
	}
}

func TestExportStopsWithItsCaller(t *testing.T) {
	t.Parallel()
	d := setup(t, memory.Open())
	d.at(t, "2026-11-20 10:00:00")
	for range 5001 {
		d.pay(t, 1000, 0)
	}
	d.at(t, "2026-11-21 02:00:00")
	d.close(t, friday)
	for _, format := range []settlement.Format{settlement.TXT, settlement.CSV, settlement.XLSX} {
		ctx, cancel := context.WithCancel(t.Context())
		hangUp := func(int, int) { cancel() }
		require.ErrorIs(t, d.settlement.Export(ctx, friday, format, &bytes.Buffer{}, hangUp), context.Canceled)
	}
}

func TestWorkbookNeedsItsTemporaryFolder(t *testing.T) {
	t.Parallel()
	d := setup(t, memory.Open())
	d.at(t, "2026-11-21 02:00:00")
	d.close(t, friday)
	missing := filepath.Join(t.TempDir(), "missing")
	other := settlement.New(settlement.Config{Ledger: d.ledger, TempDir: missing})
	err := other.Export(t.Context(), friday, settlement.XLSX, &bytes.Buffer{}, nil)
	require.ErrorContains(t, err, "make temporary file")
	require.NoError(t, other.Export(t.Context(), friday, settlement.TXT, &bytes.Buffer{}, nil))
}
