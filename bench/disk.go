package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// syncs is how often the disk is asked, before a run and after it.
	syncs = 500
	// syncedBytes are appended before each.
	syncedBytes = 512
)

// syncTimes are the disk's own: of appending a little and waiting until it is durable.
type syncTimes struct {
	P50, P99 time.Duration
}

// timeSyncs asks the disk on which dir lies, and appends what it took to earlier times.
func timeSyncs(dir string, earlier []time.Duration) (times []time.Duration, err error) {
	path := filepath.Join(dir, "syncs")
	file, err := os.Create(path) // #nosec G304 -- in bench's own scratch folder
	if err != nil {
		return nil, fmt.Errorf("time the disk: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(path)) }()
	times = earlier
	line := make([]byte, syncedBytes)
	for range syncs {
		began := time.Now()
		if _, err := file.Write(line); err != nil {
			return nil, fmt.Errorf("time the disk: %w", err)
		}
		if err := syncData(file); err != nil {
			return nil, fmt.Errorf("time the disk: %w", err)
		}
		times = append(times, time.Since(began))
	}
	return times, nil
}

func newSyncTimes(times []time.Duration) syncTimes {
	sorted := slices.Sorted(slices.Values(times))
	return syncTimes{P50: percentile(sorted, 0.50), P99: percentile(sorted, 0.99)}
}

// runBesideDisk runs a load, and times the disk just before and just after.
func (l load) runBesideDisk(ctx context.Context, dir string) (figures, error) {
	before, err := timeSyncs(dir, nil)
	if err != nil {
		return figures{}, err
	}
	f, err := l.run(ctx)
	if err != nil {
		return figures{}, err
	}
	times, err := timeSyncs(dir, before)
	f.Sync = newSyncTimes(times)
	return f, err
}
