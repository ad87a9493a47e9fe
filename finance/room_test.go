package finance_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/finance"
	"paypoint/reconcile"
	"paypoint/reconcile/sheet"
)

// over has the office's API on a disk with some room, and with a cash of its own
// where one is given.
func (o *office) over(t *testing.T, free *atomic.Uint64, cash finance.Cash) {
	t.Helper()
	o.config.Room = func(string) (uint64, error) { return free.Load(), nil }
	if cash != nil {
		o.config.Cash = cash
	}
	o.serve(t, httptest.NewUnstartedServer(finance.New(o.config)))
}

// Workbooks are made on the ledger's disk: none takes the last of its room. What is
// sent as it is made takes none.
func TestWorkbooksLeaveTheLedgerItsRoom(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.done(t, clerk, "POST", "statements/close", `{"to":"2026-11-20"}`)
	var free atomic.Uint64
	o.over(t, &free, nil)
	merchant := o.done(t, viewer, "GET", "statements", "")["statements"].([]any)[0].(map[string]any)["merchant"].(string)
	files := []string{
		"transfers/export", "payouts/export", "receivables/export", "trial-balance/export", "statements/export", "cases/export",
		"settlements/2026-11-20/file", "statements/" + merchant + "/1/file",
	}
	for _, path := range files {
		free.Store(sheet.DiskReserve - 1)
		calls := len(o.acts)
		refusal := o.refused(t, clerk, "GET", path+"?format=xlsx", "", http.StatusInsufficientStorage, "no_room")
		require.Contains(t, refusal["message"], "Other formats need none", path)
		require.ErrorContains(t, o.lastAct(t, calls+1).Err, "1073741823 bytes are free", path)
		_, text := o.download(t, clerk, path+"?format=csv")
		require.NotEmpty(t, text, path)
		free.Store(sheet.DiskReserve)
		_, book := o.download(t, clerk, path+"?format=xlsx")
		require.Equal(t, "PK", string(book[:2]), path)
	}
}

// filled is a cash whose tables fill the disk as they are made.
type filled struct {
	*reconcile.Service

	fill func() error
}

func (f filled) ExportTransfers(ctx context.Context, _ sheet.Format, _ io.Writer, told reconcile.Progress) error {
	told(1_000, 0)
	if err := f.fill(); err != nil {
		return err
	}
	told(20_000, 0)
	return ctx.Err()
}

// A workbook that fills the disk is ended, and a disk that is full says so itself.
func TestAWorkbookThatFillsTheDiskIsEnded(t *testing.T) {
	t.Parallel()
	var free atomic.Uint64
	for _, fill := range map[string]func() error{
		"the reserve is reached": func() error { free.Store(0); return nil },
		"the disk is full":       func() error { return &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC} },
	} {
		free.Store(sheet.DiskReserve)
		o := setup(t)
		o.over(t, &free, filled{o.reconcile, fill})
		o.refused(t, clerk, "GET", "transfers/export?format=xlsx", "", http.StatusInsufficientStorage, "no_room")
	}
	free.Store(sheet.DiskReserve)
	o := setup(t)
	o.over(t, &free, filled{o.reconcile, func() error { return errors.New("another fault") }})
	o.refused(t, clerk, "GET", "transfers/export?format=xlsx", "", http.StatusInternalServerError, "internal")
}
