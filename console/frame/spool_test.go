package frame_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/reconcile/sheet"
)

// disk is the room that a test says is left, and the folder that was asked for.
type disk struct {
	free   atomic.Uint64
	folder atomic.Value
	err    error
}

func (d *disk) room(folder string) (uint64, error) {
	d.folder.Store(folder)
	return d.free.Load(), d.err
}

// empty requires that no file was left in the folder of exports.
func (d *disk) empty(t *testing.T) {
	t.Helper()
	left, err := os.ReadDir(d.folder.Load().(string))
	require.NoError(t, err)
	require.Empty(t, left)
}

// onDisk serves an area on a disk that has the reserve, and some bytes beyond.
func onDisk(t *testing.T, area frame.Area) (*frametest.Site, *disk) {
	t.Helper()
	d := &disk{}
	d.free.Store(sheet.DiskReserve)
	return frametest.NewWith(t, frametest.Options{Room: d.room, Areas: func(*frametest.Site) []frame.Area { return []frame.Area{area} }}), d
}

// The ledger stops where it finds no room: no export takes the last of it.
func TestExportsLeaveTheLedgerItsRoom(t *testing.T) {
	t.Parallel()
	site, disk := onDisk(t, sample())
	finance := site.As(access.RoleFinance)
	require.Equal(t, http.StatusOK, finance.Try("/sample.csv").Status)
	disk.free.Store(sheet.DiskReserve - 1)
	for language, told := range map[string]string{"en": "too little room", "id": "Ruang disk tidak cukup"} {
		for _, path := range []string{"/sample.csv", "/sample.xlsx", "/sample.json", "/sample/file"} {
			finance.Header.Set("Accept-Language", language)
			refused := finance.Try(path)
			require.Equal(t, http.StatusServiceUnavailable, refused.Status, path)
			frametest.CheckPage(t, refused.Doc)
			require.Contains(t, refused.Doc.Find("main").Text(), told)
			require.Empty(t, refused.Header.Get("Content-Disposition"), "no download")
		}
		require.Equal(t, http.StatusOK, finance.Try("/sample").Status, "pages are shown all the same")
	}
	require.Len(t, site.Errors(), 8, "operators are told of each")
	require.ErrorContains(t, site.Errors()[0], "1073741823 bytes are free")
	disk.empty(t)
	disk.free.Store(sheet.DiskReserve)
	require.Equal(t, http.StatusOK, finance.Try("/sample.csv").Status, "who was refused has taken no turn")
}

// many is a list of many rows, after whose first the disk fills.
func many(rows int, fill func()) func(*frame.Area) {
	return func(area *frame.Area) {
		area.Routes = append(area.Routes, frame.Route{Pattern: "GET /sample/many", Action: access.ActPaymentsExport, Export: true, Handle: func(c *frame.Call) error {
			q, err := c.Query()
			if err != nil {
				return err
			}
			return c.List("Many", frame.List{
				Name: "many", Query: q, Columns: []sheet.Column{{Name: "n", Kind: sheet.Count}},
				Rows: func(context.Context) iter.Seq2[[]any, error] {
					return func(yield func([]any, error) bool) {
						for i := range rows {
							if fill(); !yield([]any{i}, nil) {
								return
							}
						}
					}
				},
			})
		}})
	}
}

// large is a download of as many megabytes, after whose first the disk fills.
func large(megabytes int, fill func() error) func(*frame.Area) {
	return func(area *frame.Area) {
		area.Routes = append(area.Routes, frame.Route{Pattern: "GET /sample/large", Action: access.ActPaymentsExport, Handle: func(c *frame.Call) error {
			return c.Download("large.bin", "application/octet-stream", func(w io.Writer) error {
				for range megabytes {
					if _, err := w.Write(bytes.Repeat([]byte("x"), 1<<20)); err != nil {
						return fmt.Errorf("write a part: %w", err)
					}
					if err := fill(); err != nil {
						return err
					}
				}
				return nil
			})
		}})
	}
}

// What fills the disk is mostly the file itself: it is ended, and given back.
func TestAnExportThatFillsTheDiskIsEnded(t *testing.T) {
	t.Parallel()
	var disk *disk
	fill := func() { disk.free.Store(1 << 20) }
	for path, area := range map[string]frame.Area{
		"/sample/large":     sample(large(40, func() error { fill(); return nil })),
		"/sample/many.csv":  sample(many(50_000, fill)),
		"/sample/many.xlsx": sample(many(50_000, fill)),
		// A disk that is full says so itself.
		"/sample/large?full": sample(large(1, func() error { return &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC} })),
	} {
		var site *frametest.Site
		site, disk = onDisk(t, area)
		finance := site.As(access.RoleFinance)
		answer := finance.Try(path)
		require.Equal(t, http.StatusServiceUnavailable, answer.Status, path)
		require.Contains(t, answer.Doc.Find("main").Text(), "too little room", path)
		require.Len(t, site.Errors(), 1, path)
		disk.empty(t)
	}
}

func TestRoomThatCanNotBeRead(t *testing.T) {
	t.Parallel()
	site, disk := onDisk(t, sample())
	disk.err = errors.New("no such file system")
	answer := site.As(access.RoleFinance).Try("/sample.csv")
	require.Equal(t, http.StatusInternalServerError, answer.Status)
	require.NotContains(t, string(answer.Body), "file system")
	require.Len(t, site.Errors(), 1)
}

// The room of the real file system is read where nothing else is given, of the
// folder where exports are made.
func TestTheRealDiskIsAsked(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	require.NotEmpty(t, site.Frame.TempDir)
	free, err := site.Frame.Room(site.Frame.TempDir)
	require.NoError(t, err)
	var stat syscall.Statfs_t
	require.NoError(t, syscall.Statfs(site.Frame.TempDir, &stat))
	require.LessOrEqual(t, free, stat.Blocks*uint64(stat.Bsize)) // #nosec G115 -- above 0
	require.NotZero(t, free)
	_, err = site.Frame.Room(site.Frame.TempDir + "/none")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Operators are alarmed, and exports end, at the same figure.
func TestTheReserveIsTheAlarms(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/prometheus/paypoint.rules.yaml")
	require.NoError(t, err)
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	found := false
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			if rule.Alert == "PaypointDiskFull" {
				found = true
				require.Equal(t, fmt.Sprintf("paypoint_disk_free_bytes < %d", sheet.DiskReserve), rule.Expr)
			}
		}
	}
	require.True(t, found)
}
