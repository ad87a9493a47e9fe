package torture_test

import (
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

const (
	// hangDelay is how long each synchronisation of the ledger's disk takes: a commit
	// takes two, and one reading of the ledger must be late by then.
	hangDelay = 6 * time.Second
	// scrapeMost is how long a scrape may take on a busy machine; one that waits for
	// the disk takes longer.
	scrapeMost = 4 * time.Second
)

// TestHungDiskIsSeen looks at the monitoring while a commit hangs: a scrape must tell
// of it, and /readyz say what is wrong, with the disk still hanging.
func TestHungDiskIsSeen(t *testing.T) {
	t.Parallel()
	dir := play.Folder(t)
	s := newFaultScene(t, play.Setup{Dir: dir})
	s.charge("first")
	s.server.Kill()
	under := faultInject(t, "fdatasync", "delay_enter="+strconv.FormatInt(hangDelay.Microseconds(), 10), dir+"/ledger.db")
	s = newFaultScene(t, play.Setup{Dir: dir, Under: under})
	told := make(chan error, 1)
	go func() {
		_, err := s.shop.Charge(t.Context(), play.Terms{Order: "second", Amount: faultAmount})
		told <- err
	}()
	require.Eventually(t, func() bool { return s.scraped("paypoint_ledger_waiting_work") > 0 }, faultPatience, 50*time.Millisecond)
	status, said := s.probe("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, said, "the ledger does not answer")
	const age = `paypoint_state_age_seconds{of="ledger"}`
	require.Greater(t, s.scraped(age), 2.5, "nothing was read since the commit began")
	require.InDelta(t, 0, s.scraped("paypoint_maintenance"), 0)
	require.Empty(t, told, "the disk hangs still")

	require.NoError(t, <-told)
	status, said = s.probe("/readyz")
	require.Equal(t, http.StatusOK, status, said)
	require.Less(t, s.scraped(age), hangDelay.Seconds())
	s.server.Kill()
}

// scraped is a number of /metrics, which must not wait for the disk.
func (s *faultScene) scraped(name string) float64 {
	s.t.Helper()
	began := time.Now()
	text := s.metrics()
	require.Less(s.t, time.Since(began), scrapeMost)
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)\s*$`).FindStringSubmatch(text)
	require.NotEmpty(s.t, found, "%s in\n%s", name, text)
	number, err := strconv.ParseFloat(found[1], 64)
	require.NoError(s.t, err)
	return number
}

// probe asks as a load balancer does.
func (s *faultScene) probe(path string) (status int, said string) {
	s.t.Helper()
	text := faultGet(s.t, s.server.URL()+path)
	found := regexp.MustCompile(`^HTTP/1\.1 (\d+)`).FindStringSubmatch(text)
	require.NotEmpty(s.t, found, text)
	status, err := strconv.Atoi(found[1])
	require.NoError(s.t, err)
	return status, text
}
