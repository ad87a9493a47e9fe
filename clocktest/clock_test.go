package clocktest_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/clocktest"
)

func TestAClockMovesOnlyWhenItIsMoved(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("WIB", 7*60*60))
	clock, other := clocktest.At(start), clocktest.At(start)
	require.Equal(t, start, clock.Now())
	require.Equal(t, clock.Now(), clock.Now())
	clock.Advance(90 * time.Minute)
	require.Equal(t, "13:30:00 WIB", clock.Now().Format("15:04:05 MST"))
	clock.Advance(-30 * time.Minute)
	require.Equal(t, start.Add(time.Hour), clock.Now())
	require.Equal(t, start, other.Now(), "a clock of its own")
}

func TestManyMoveAClockAtOnce(t *testing.T) {
	t.Parallel()
	clock := clocktest.At(time.Time{})
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() { clock.Advance(time.Second) })
	}
	group.Wait()
	require.Equal(t, time.Time{}.Add(100*time.Second), clock.Now())
}
