package torture_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
)

// What a run may write for each payment that is in force at its day's end, with all
// that comes beside it: charges that nobody pays, second tries, reversals, the
// outbox. In bytes of pages, their unused parts included.
const (
	longLedgerEach = 4_500
	longIndexEach  = 900
	// longWireEach is what the wire log may have for each of the tills' messages.
	longWireEach = 700
)

// longBucket is what a table of a file takes.
type longBucket struct {
	file, name string
	keys       int
	// pages is what its pages take, used what of that is filled, both in bytes.
	pages, used int64
}

// longSize is what a file takes on the disk, and how much of it are pages that no
// table needs: freed by changes, or made ahead. In bytes.
type longSize struct{ all, free int64 }

// measureFiles opens the files of a ledger that no process has open.
func measureFiles(t *testing.T, dir string) (buckets []longBucket, size map[string]longSize) {
	t.Helper()
	size = map[string]longSize{}
	for _, file := range []string{"ledger.db", "ledger.index.db", "notifications.db"} {
		path := filepath.Join(dir, file)
		info, err := os.Stat(path)
		require.NoError(t, err)
		db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, PreLoadFreelist: true})
		require.NoError(t, err)
		var ahead int64
		require.NoError(t, db.View(func(tx *bolt.Tx) error {
			ahead = max(0, info.Size()-tx.Size()) // behind the last page that was ever used
			return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
				s := b.Stats()
				buckets = append(buckets, longBucket{
					file, string(name), s.KeyN, int64(s.BranchAlloc + s.LeafAlloc), int64(s.BranchInuse + s.LeafInuse),
				})
				return nil
			})
		}))
		// The count is made when a transaction ends.
		size[file] = longSize{info.Size(), ahead + int64(db.Stats().FreePageN)*int64(db.Info().PageSize)}
		require.NoError(t, db.Close())
	}
	slices.SortFunc(buckets, func(a, b longBucket) int { return int(b.pages - a.pages) })
	return buckets, size
}

// pagesOf is what a file's tables take together, in bytes.
func pagesOf(buckets []longBucket, file string) (all int64) {
	for _, b := range buckets {
		if b.file == file {
			all += b.pages
		}
	}
	return all
}

// describeFiles explains a run's files by table, for each payment.
func describeFiles(buckets []longBucket, size map[string]longSize, paid int) string {
	var b strings.Builder
	for _, file := range []string{"ledger.db", "ledger.index.db", "notifications.db"} {
		fmt.Fprintf(&b, "%s: %.1f MB on the disk, %.1f MB of it free; %d bytes in tables for each paid charge",
			file, float64(size[file].all)/1e6, float64(size[file].free)/1e6, pagesOf(buckets, file)/int64(paid))
		for _, one := range buckets {
			if one.file == file && one.pages >= int64(paid) { // a table of less than a byte each says nothing
				fmt.Fprintf(&b, "\n    %-16s %6d bytes (%d filled), %.2f rows", one.name, one.pages/int64(paid), one.used/int64(paid), float64(one.keys)/float64(paid))
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
