package main

import (
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
			log.Error("the journal can't be shipped, trying again", zap.Error(err))
		},
	}
}

// showShipping shows how far what was shipped is behind, where it is at all, and
// warns of a folder that is lost together with the ledger.
func (a *application) showShipping() {
	a.metrics.gauge("paypoint_journal_shipped_lag_records", "Journal records that are not shipped yet; 0 where none are to be.", func() float64 {
		state := a.shipState()
		return float64(state.Head - min(state.Shipped, state.Head))
	})
	a.metrics.gauge("paypoint_journal_shipped_lag_seconds", "Age of the oldest journal record that is not shipped yet; 0 when there is none.", func() float64 {
		oldest := a.shipState().Oldest
		if oldest.IsZero() {
			return 0
		}
		return max(0, a.now().Sub(oldest).Seconds())
	})
	folder, file := a.config.Journal.ShipDir, strings.TrimPrefix(a.config.Store, boltURL)
	if folder != "" && sameFileSystem(folder, filepath.Dir(file)) {
		a.log.Warn("the journal is shipped to the file system that has the ledger: a disk that fails takes both", zap.String("ship_dir", folder))
	}
}

// shipState is how the shipping stands; zero where nothing is shipped.
func (a *application) shipState() boltdb.ShipState {
	file, ok := a.store.(ledgerFileStore)
	if !ok {
		return boltdb.ShipState{}
	}
	state, on := file.Shipping()
	if !on {
		return boltdb.ShipState{}
	}
	return state
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
