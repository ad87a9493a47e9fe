package reconcile_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/sheet"
)

// unpacked is a version's file as it came.
func unpacked(t testing.TB, o *office, day ledger.Day, version int) []byte {
	t.Helper()
	file, err := os.Open(filepath.Join(o.config.Dir, string(day), "v"+string(rune('0'+version))+".raw.gz"))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	packed, err := gzip.NewReader(file)
	require.NoError(t, err)
	text, err := io.ReadAll(packed)
	require.NoError(t, err)
	return text
}

const phone = "081234567890"

func (o *office) phone(t testing.TB, day ledger.Day, p payment) partnerfile.Phone {
	t.Helper()
	number, err := o.finance.Phone(t.Context(), day, p.key())
	require.NoError(t, err)
	return number
}

// A phone number is where it belongs and nowhere else, for the owner only.
func TestPhonesAreKeptApart(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p, silent := o.pay(t, 50_000, 2500), o.pay(t, 20_000, 0)
	theirs := p
	theirs.Phone, theirs.Amount = phone, 50_001
	outcome := o.matched(t, friday, theirs, silent)
	require.Equal(t, 1, outcome.Opened)

	number := o.phone(t, friday, p)
	require.Equal(t, phone, number.Reveal())
	require.Equal(t, "***890", number.String())
	require.False(t, o.phone(t, friday, silent).Known())
	require.False(t, o.phone(t, saturday, p).Known(), "there is no file")

	for name := range tree(t, o.config.Dir) {
		path := filepath.Join(o.config.Dir, name)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, strings.HasSuffix(name, ".phones"), bytes.Contains(text, []byte(phone)), name)
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
	var table bytes.Buffer
	require.NoError(t, o.finance.ExportFindings(t.Context(), friday, sheet.CSV, &table, nil))
	require.NotContains(t, table.String(), phone[4:])
	records, err := o.ledger.Reader().Records(t.Context(), 0, 100)
	require.NoError(t, err)
	for _, r := range records {
		text, err := ledger.MarshalRecord(r)
		require.NoError(t, err)
		require.NotContains(t, string(text), phone)
	}
}

// When their time is over the numbers go, with the bytes that have them too. All
// else stays.
func TestDropPhones(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 2500)
	p.Phone = phone
	o.take(t, friday, fileOf(friday, 1, p))
	o.take(t, saturday, fileOf(saturday, 1))
	o.at(t, saturday, "10:00:00")
	o.take(t, friday, fileOf(friday, 2, p))
	// An import that died long before has no record in the ledger.
	orphan := filepath.Join(o.config.Dir, string(saturday), "v2.phones")
	require.NoError(t, os.WriteFile(orphan, []byte(phone), 0o600))
	require.NoError(t, os.Chtimes(orphan, time.Time{}, time.Date(2026, 10, 1, 0, 0, 0, 0, ledger.WIB)))

	drop := func(before string) int {
		moment, err := time.ParseInLocation(ledger.WireTime, before, ledger.WIB)
		require.NoError(t, err)
		n, err := o.finance.DropPhones(t.Context(), moment)
		require.NoError(t, err)
		return n
	}
	require.Zero(t, drop("2026-09-30 00:00:00"))
	require.Len(t, names(t, o.config.Dir), 9)
	require.Equal(t, 1, drop("2026-11-20 10:00:00"), "the orphan alone is older")
	require.Equal(t, 1, drop("2026-11-20 10:00:01"))
	require.Equal(t, []string{
		"2026-11-20/v1.entries", "2026-11-20/v2.entries", "2026-11-20/v2.phones", "2026-11-20/v2.raw.gz",
		"2026-11-21/v1.entries", "2026-11-21/v1.raw.gz",
	}, names(t, o.config.Dir))
	require.Equal(t, 1, drop("2026-12-01 00:00:00"))
	require.False(t, o.phone(t, friday, p).Known())

	// The same file is known by its hash still, and is not read again.
	_, isNew, err := o.finance.Import(t.Context(), reconcile.FileIn{Day: friday, Body: bytes.NewReader(fileOf(friday, 1, p))}, nil)
	require.NoError(t, err)
	require.False(t, isNew)
	require.NotContains(t, names(t, o.config.Dir), "2026-11-20/v1.phones")
	o.close(t, friday)
	require.Equal(t, 2, o.match(t, friday).Version)
}
