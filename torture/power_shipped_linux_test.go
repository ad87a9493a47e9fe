package torture_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/store/boltdb"
	"paypoint/torture/disklog"
)

// TestPowerLossOfTheWholeDataDirectory cuts the power of a server whose answers
// wait for the shipped journal, and takes its data directory away besides. What
// is restored from the other disk has all that had been answered.
func TestPowerLossOfTheWholeDataDirectory(t *testing.T) {
	t.Parallel()
	rounds, seed := powerSettings(t)
	rounds /= 2
	began := time.Now()
	r := powerRecord(t, seed, "PAYPOINT_JOURNAL_SHIP_DIR=ROOT/shipped", "PAYPOINT_JOURNAL_WAIT=true")
	fates := powerCuts(t, r, rounds, seed, func(int) func(int) bool { return disklog.Truthful }, r.restored)
	answered := 0
	for round, fate := range fates {
		answered += fate.answered
		require.NoError(t, fate.unreadable, "round %d", round)
		require.Empty(t, fate.lost, "round %d", round)
	}
	lost := powerLost(powerCuts(t, r, powerControls, seed, func(int) func(int) bool { return r.after(r.said[0].event) }, r.restored))
	t.Logf("%d cuts, seed %d: of %d answers before them 0 lost with the data directory; of %d cuts with a disk that lies %d lost an answer; %s",
		rounds, seed, answered, powerControls, lost, time.Since(began).Round(time.Millisecond))
	require.Greater(t, lost, powerControls*3/4, "a disk that lies loses nothing: the test does not see")
}

// restored takes the data directory away and makes it anew from what was shipped.
// Where nothing was shipped yet, the journal is empty.
func (r *powerRecording) restored(dir string) ([]ledger.Record, error) {
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
		return nil, err
	}
	shipped := filepath.Join(filepath.Dir(dir), r.shipped)
	_, err := boltdb.Restore(boltdb.RestoreOptions{Journal: shipped, Path: filepath.Join(dir, "ledger.db")})
	if errors.Is(err, boltdb.ErrNothingToRestore) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return powerOpen(dir)
}
