package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"paypoint/store/boltdb"
)

// ledgerFileStore is an engine that keeps its ledger in a file.
type ledgerFileStore interface {
	Snapshot(path string) error
	Backup(w io.Writer, taken time.Time, progress func(done, total int64)) (boltdb.BackupInfo, error)
	Shipping() (state boltdb.ShipState, on bool)
}

// shipping is where the ledger's journal goes. Failures are tried again by the
// engine; each is counted, and one a minute logged.
func (a *application) shipping() boltdb.Shipping {
	failures := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "paypoint_journal_ship_failures_total", Help: "Attempts to ship journal records that failed.",
	})
	a.metrics.registry.MustRegister(failures)
	log := sampled(a.log)
	return boltdb.Shipping{
		Dir: a.config.Journal.ShipDir, Wait: a.config.Journal.Wait,
		Failed: func(err error) {
			failures.Inc()
			log.Error("the journal is not shipped", zap.Error(err))
		},
	}
}

// showShipping shows how far what was shipped is behind, where it is at all, and
// warns of a folder that is lost together with the ledger, and of one that is not
// there.
func (a *application) showShipping() {
	ships := newReading(a, "journal", a.shipState)
	a.ships = ships
	a.metrics.gauge("paypoint_journal_shipped_lag_records",
		"Journal records that are not shipped yet; 0 where none are to be, NaN while the folder has not been opened.",
		ships.shows(func(state boltdb.ShipState) float64 { return float64(state.Head - min(state.Shipped, state.Head)) }))
	a.metrics.gauge("paypoint_journal_shipped_lag_seconds",
		"Age of the oldest journal record that is not shipped yet; 0 when there is none, NaN while the folder has not been opened.",
		ships.shows(func(state boltdb.ShipState) float64 {
			if state.Oldest.IsZero() {
				return 0
			}
			return max(0, a.now().Sub(state.Oldest).Seconds())
		}))
	folder, file := a.config.Journal.ShipDir, strings.TrimPrefix(a.config.Store, boltURL)
	if folder != "" && sameFileSystem(folder, filepath.Dir(file)) {
		a.log.Warn("the journal is shipped to the file system that has the ledger: a disk that fails takes both", zap.String("ship_dir", folder))
	}
	// Whatever an earlier run, which waited, has left there says that it is complete.
	// Begun anew in a folder that was empty, the journal says so itself.
	if has, _ := hasShipped(folder); folder != "" && !a.config.Journal.Wait && !has {
		a.log.Warn("nothing is shipped in journal.ship_dir yet, is its disk there? Until the journal is shipped there, what an earlier run has left on that disk "+
			"can't be told that it is outdated: restore from it only with --incomplete", zap.String("ship_dir", folder))
	}
}

// errShippedUnknown: what is in the folder can't be told.
var errShippedUnknown = errors.New("the folder of the shipped journal has not been opened yet")

// shipState is how the shipping stands; zero where nothing is shipped. Error:
// errShippedUnknown.
func (a *application) shipState(context.Context) (boltdb.ShipState, error) {
	file, ok := a.store.(ledgerFileStore)
	if !ok {
		return boltdb.ShipState{}, nil
	}
	state, on := file.Shipping()
	if !on {
		return boltdb.ShipState{}, nil
	}
	if !state.Known {
		return state, errShippedUnknown
	}
	return state, nil
}

// sameFileSystem goes by the device numbers of two folders.
func sameFileSystem(one, other string) bool {
	device := func(path string) (uint64, bool) {
		info, err := os.Stat(path)
		if err != nil {
			return 0, false
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return 0, false
		}
		return stat.Dev, true
	}
	first, known := device(one)
	second, bothKnown := device(other)
	return known && bothKnown && first == second
}
