package settlement_test

import (
	"bytes"
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
	"paypoint/store/memory"
)

func TestCloseRecordsTheFile(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, d *desk) {
		d.at(t, "2026-11-20 10:00:00")
		kept := d.pay(t, 50000, 5000)
		require.Equal(t, ledger.ReasonApproved, d.reverse(t, d.pay(t, 70000, 0)))
		d.at(t, "2026-11-21 02:00:00")
		batch := d.close(t, friday)

		file := d.export(t, friday, settlement.TXT)
		require.Equal(t, sum(file), batch.SHA256)
		rows := lines(file)
		require.Len(t, rows, 4)
		require.Equal(t, []string{"H", "1", "PAYPOINT", "2026-11-20", "1", "2026-11-21 02:00:00", "N", "1", noHash}, rows[0])
		require.Equal(t, []string{"50000", "5000", "55000", "PAID"}, rows[1][7:11])
		require.Equal(t, []string{"70000", "0", "70000", "REVERSED"}, rows[2][7:11])
		dLines := bytes.Join(bytes.SplitAfter(file, []byte("\n"))[1:3], nil)
		require.Equal(t, []string{"T", "1", "50000", "1", "70000", "5000", "55000", sum(dLines)}, rows[3])

		require.Equal(t, ledger.ReasonSettled, d.reverse(t, kept), "what a closed day's file lists stays")
		require.Equal(t, batch, d.close(t, friday), "closing again changes nothing")
	})
}

func TestExportTwiceGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, d *desk) {
		d.at(t, "2026-11-20 10:00:00")
		for range 20 {
			d.pay(t, 50000, 5000)
		}
		d.at(t, "2026-11-21 02:00:00")
		d.close(t, friday)
		for _, format := range []settlement.Format{settlement.TXT, settlement.CSV, settlement.XLSX} {
			once := d.export(t, friday, format)
			d.at(t, "2027-01-01 00:00:00") // the clock is no part of a file
			require.Equal(t, once, d.export(t, friday, format), format)
		}
	})
}

func TestThreeDaysAreAChain(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, d *desk) {
		var files [][]byte
		for i, day := range []ledger.Day{friday, saturday, sunday} {
			if day != saturday { // a day without payments has a file too
				d.at(t, string(day)+" 10:00:00")
				d.pay(t, 50000, 5000)
			}
			d.at(t, string(day.Next())+" 02:00:00")
			batch := d.close(t, day)
			require.Equal(t, uint64(i+1), batch.No)
			files = append(files, d.export(t, day, settlement.TXT))
		}
		require.Len(t, lines(files[1]), 2)
		require.NoError(t, settlement.VerifyChain(readers(files)...))
	})
}

func TestLatePaymentStandsInTheNextFile(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, d *desk) {
		d.at(t, "2026-11-21 02:00:00")
		d.close(t, friday)
		d.at(t, "2026-11-21 03:00:00")
		_, err := d.book(wib(t, "2026-11-20 23:59:58"), 50000, 0)
		require.NoError(t, err)
		d.pay(t, 60000, 0)
		d.at(t, "2026-11-22 02:00:00")
		d.close(t, saturday)
		rows := lines(d.export(t, saturday, settlement.TXT))
		require.Len(t, rows, 4)
		require.Equal(t, []string{"2026-11-20 23:59:58", "Y"}, []string{rows[1][2], rows[1][13]})
		require.Equal(t, []string{"2026-11-21 03:00:00", "N"}, []string{rows[2][2], rows[2][13]})
		require.Len(t, lines(d.export(t, friday, settlement.TXT)), 2)
	})
}

func TestEarlyClose(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, d *desk) {
		d.at(t, "2026-11-20 10:00:00")
		d.pay(t, 50000, 0)
		d.pay(t, 60000, 0)
		_, err := d.settlement.Close(t.Context(), friday, false, "operator")
		require.ErrorIs(t, err, ledger.ErrDayOpen)
		_, err = d.settlement.Close(t.Context(), saturday, true, "operator")
		require.ErrorIs(t, err, ledger.ErrDayAhead)
		batch, err := d.settlement.Close(t.Context(), friday, true, "operator")
		require.NoError(t, err)
		require.True(t, batch.Early)
		require.Equal(t, 2, batch.Paid, "payments beyond reversal")
		d.pay(t, 70000, 0)
		require.Len(t, lines(d.export(t, friday, settlement.TXT)), 4)
		next, err := d.settlement.Get(t.Context(), saturday)
		require.NoError(t, err)
		require.Equal(t, ledger.Rupiah(70000), next.PaidAmount)
	})
}

func TestOnlyClosedDaysHaveFiles(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, d *desk) {
		d.at(t, "2026-11-20 10:00:00")
		d.pay(t, 50000, 0)
		var out bytes.Buffer
		for _, format := range []settlement.Format{settlement.TXT, settlement.CSV, settlement.XLSX} {
			require.ErrorIs(t, d.settlement.Export(t.Context(), friday, format, &out, nil), ledger.ErrNotClosed)
			require.ErrorIs(t, d.settlement.Export(t.Context(), saturday, format, &out, nil), ledger.ErrNotFound)
		}
		require.Zero(t, out.Len())
		_, err := d.settlement.Get(t.Context(), saturday)
		require.ErrorIs(t, err, ledger.ErrNotFound)
		d.at(t, "2026-11-21 02:00:00")
		d.close(t, friday)
		require.ErrorIs(t, d.settlement.Export(t.Context(), friday, "pdf", &out, nil), settlement.ErrFormat)
		require.Zero(t, out.Len())
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, d *desk) {
		d.at(t, "2026-11-23 02:00:00")
		for _, day := range []ledger.Day{friday, saturday, sunday} {
			d.close(t, day)
		}
		batches, err := d.settlement.List(t.Context(), saturday, 1)
		require.NoError(t, err)
		require.Len(t, batches, 1)
		require.Equal(t, saturday, batches[0].Day)
		batches, err = d.settlement.List(t.Context(), "", settlement.MaxList+1)
		require.NoError(t, err)
		require.Len(t, batches, 3)
	})
}

// A program that ends between the record of a closing and that of the hash
// leaves the ledger as the ledger's own Close does.
func TestKillBetweenCloseAndSealIsHealed(t *testing.T) {
	t.Parallel()
	healers := map[string]func(d *desk) error{
		"by an export": func(d *desk) error {
			return d.settlement.Export(context.Background(), saturday, settlement.XLSX, &bytes.Buffer{}, nil)
		},
		"by closing again": func(d *desk) error {
			_, err := d.settlement.Close(context.Background(), saturday, false, "operator")
			return err
		},
		"by the next closing": func(d *desk) error {
			_, err := d.settlement.Close(context.Background(), sunday, false, "operator")
			return err
		},
	}
	for name, heal := range healers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "ledger.db")
			d := setup(t, openBolt(t, path))
			for _, day := range []ledger.Day{friday, saturday} {
				d.at(t, string(day)+" 10:00:00")
				d.pay(t, 50000, 5000)
				d.at(t, string(day.Next())+" 02:00:00")
				_, err := d.ledger.Close(t.Context(), day, false, "operator")
				require.NoError(t, err)
			}
			require.NoError(t, d.store.Close())

			d = setup(t, openBolt(t, path))
			d.at(t, "2026-11-23 09:00:00")
			batch, err := d.settlement.Get(t.Context(), saturday)
			require.NoError(t, err)
			require.Empty(t, batch.SHA256)
			require.NoError(t, heal(d))

			files := [][]byte{d.export(t, friday, settlement.TXT), d.export(t, saturday, settlement.TXT)}
			batch, err = d.settlement.Get(t.Context(), saturday)
			require.NoError(t, err)
			require.Equal(t, sum(files[1]), batch.SHA256)
			require.Contains(t, string(files[1]), "|2026-11-22 02:00:00|", "the file's time is the closing's, not the healing's")
			require.NoError(t, settlement.VerifyChain(readers(files)...))
		})
	}
}

func TestManyCloseOneDay(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, d *desk) {
		d.at(t, "2026-11-20 10:00:00")
		d.pay(t, 50000, 0)
		d.at(t, "2026-11-21 02:00:00")
		var wait sync.WaitGroup
		batches := make([]ledger.Batch, 16)
		errs := make([]error, len(batches))
		for i := range batches {
			wait.Go(func() { batches[i], errs[i] = d.settlement.Close(t.Context(), friday, false, "operator") })
		}
		wait.Wait()
		for i := range batches {
			require.NoError(t, errs[i])
			require.Equal(t, batches[0], batches[i])
		}
	})
}

func TestExportDuringPayments(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, d *desk) {
		d.at(t, "2026-11-20 10:00:00")
		for range 50 {
			d.pay(t, 50000, 5000)
		}
		d.at(t, "2026-11-21 02:00:00")
		d.close(t, friday)
		want := d.export(t, friday, settlement.TXT)

		stop := make(chan struct{})
		var tills sync.WaitGroup
		var failed error
		tills.Go(func() {
			for failed == nil {
				select {
				case <-stop:
					return
				default:
					_, failed = d.book(wib(t, "2026-11-21 02:00:00"), 10000, 0)
				}
			}
		})
		begun := d.messages.Load()
		for exports := 0; exports < 20 || d.messages.Load() < begun+20; exports++ {
			require.Equal(t, want, d.export(t, friday, settlement.TXT))
		}
		close(stop)
		tills.Wait()
		require.NoError(t, failed)
		next, err := d.settlement.Get(t.Context(), saturday)
		require.NoError(t, err)
		require.Positive(t, next.Paid)
	})
}

func TestPagesMeet(t *testing.T) {
	t.Parallel()
	const page = 5000
	for name, payments := range map[string]int{"one page": page, "one more": page + 1, "two pages": 2 * page} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, memory.Open())
			d.at(t, "2026-11-20 10:00:00")
			for range payments {
				d.pay(t, 1000, 0)
			}
			d.at(t, "2026-11-21 02:00:00")
			d.close(t, friday)
			var out bytes.Buffer
			var told [][2]int
			progress := func(done, total int) { told = append(told, [2]int{done, total}) }
			require.NoError(t, d.settlement.Export(t.Context(), friday, settlement.TXT, &out, progress))
			require.Len(t, lines(out.Bytes()), payments+2)
			require.Equal(t, [2]int{page, payments}, told[0])
			require.Equal(t, [2]int{payments, payments}, told[len(told)-1])
		})
	}
}
