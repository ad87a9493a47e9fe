package audit_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access/audit"
	"paypoint/clocktest"
	"paypoint/ledger"
)

// noon is when the tests begin.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, ledger.WIB)

// archive is a log with its clock.
type archive struct {
	*clocktest.Clock
	path string
	log  *audit.Log
}

func setup(t *testing.T) *archive {
	t.Helper()
	a := &archive{path: filepath.Join(t.TempDir(), "audit.db"), Clock: clocktest.At(noon)}
	a.open(t)
	t.Cleanup(func() { require.NoError(t, a.log.Close()) })
	return a
}

func (a *archive) open(t *testing.T) {
	t.Helper()
	var err error
	a.log, err = audit.Open(a.path, a.Now)
	require.NoError(t, err)
}

func (a *archive) restart(t *testing.T) {
	t.Helper()
	require.NoError(t, a.log.Close())
	a.open(t)
}

func (a *archive) record(t *testing.T, entries ...audit.Entry) {
	t.Helper()
	for _, e := range entries {
		require.NoError(t, a.log.Record(t.Context(), e))
	}
}

// story records entries of several persons, a minute after each other.
func (a *archive) story(t *testing.T, count int) {
	t.Helper()
	var group sync.WaitGroup
	for i := range count {
		e := audit.Entry{
			Who: []string{"siti", "budi", ""}[i%3], Role: "finance", Act: []string{"case.note", "sign_in", "payments.export", "case.approve"}[i%4],
			Result: []audit.Result{audit.Done, audit.Refused}[i%2], Status: 200, Address: "192.0.2.1",
		}
		if i%4 == 0 {
			e.Object = audit.Object{Kind: "case", ID: []string{"1", "12", "123"}[i%3]}
		}
		// The clock moves with each, so they are written one after the other where
		// their order counts, and together where there are many.
		if count > 200 {
			group.Go(func() { a.record(t, e) })
			continue
		}
		a.record(t, e)
		a.Advance(time.Minute)
	}
	group.Wait()
}

// all lists everything a query finds, page by page.
func (a *archive) all(t *testing.T, q audit.Query) (found []audit.Entry) {
	t.Helper()
	for {
		page, err := a.log.List(t.Context(), q)
		require.NoError(t, err)
		found = append(found, page.Entries...)
		if q.Before = page.Older; q.Before == 0 {
			return found
		}
	}
}

// whole says that a check finds nothing wrong, and what it found.
func (a *archive) whole(t *testing.T, known ...audit.Head) audit.Report {
	t.Helper()
	report, err := a.log.Check(t.Context(), known, nil)
	require.NoError(t, err)
	require.Empty(t, report.Faults)
	return report
}
