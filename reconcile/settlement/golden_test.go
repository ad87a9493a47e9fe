package settlement_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
	"paypoint/store/memory"
)

var update = flag.Bool("update", false, "write the golden files anew")

// story books three days straight into the journal, so that codes, times and
// texts are the same in every run: an ordinary day with all that a field may
// hold, a day without payments, and one on which the partner keeps the fee.
func story(t *testing.T) *desk {
	t.Helper()
	d := setup(t, memory.Open())
	paid := func(n uint64, code ledger.PaymentCode, ref ledger.TrackingRef, stamp string, p ledger.Paid) ledger.Paid {
		p.Number, p.Code, p.Ref, p.TimeStamp = n, code, ref, wib(t, stamp)
		return p
	}
	first := paid(1, "0080000000000017", "1876500001", "2026-11-20 08:15:00", ledger.Paid{
		Store: "T001", Product: "GAME", MessageID: "4f2a", Amount: 50000, Fee: 5000, FeeRemitted: true, Receipt: "PP00000001", Day: friday,
	})
	reversed := paid(2, "0080000000000025", "1876500002", "2026-11-20 08:16:30", ledger.Paid{
		Store: "T001", MessageID: "4f2b", Amount: 70000, Fee: 2500, FeeRemitted: true, Receipt: "PP00000002", Day: friday,
	})
	strange := paid(3, "0080000000000033", "=1+1", "2026-11-20 23:59:59", ledger.Paid{
		Store: "-T|2", Product: "+62", MessageID: "100% \"sure\",\r\nTöko 店|\\ \u2028", Amount: 999_999_999_999, Receipt: "@SUM(A1)", Day: friday,
	})
	late := paid(4, "0080000000000041", "1876500004", "2026-11-19 23:58:00", ledger.Paid{
		Store: "T003", MessageID: "4f2d", Amount: 15000, Receipt: "PP00000004", Day: friday, Late: true,
	})
	sundays := paid(5, "0080000000000058", "1876500005", "2026-11-22 12:00:00", ledger.Paid{
		Store: "T001", MessageID: "'4f2e", Amount: 25000, Fee: 5000, Receipt: "PP00000005", Day: sunday,
	})
	for _, p := range []ledger.Paid{first, reversed, strange, late, sundays} {
		d.journal(t, "2026-11-19 07:00:00", ledger.Charged{
			Number: p.Number, Code: p.Code, ID: string(p.Code), Merchant: "G000000001", Order: string(p.Code),
			Amount: p.Amount, MinAmount: p.Amount, Fee: p.Fee, Expires: wib(t, "2026-12-01 00:00:00"),
		})
	}
	d.journal(t, "2026-11-20 23:59:59", first, reversed, strange, late)
	d.journal(t, "2026-11-20 23:59:59", ledger.Reversed{Number: reversed.Number, Code: reversed.Code, Ref: reversed.Ref, Day: friday})
	d.at(t, "2026-11-21 02:00:00")
	d.close(t, friday)
	d.at(t, "2026-11-22 02:00:00")
	d.close(t, saturday)
	d.journal(t, "2026-11-22 12:00:00", sundays)
	d.at(t, "2026-11-23 02:30:00")
	d.close(t, sunday)
	return d
}

// journal writes events as they are, past the decisions.
func (d *desk) journal(t testing.TB, at string, events ...ledger.Event) {
	t.Helper()
	change := ledger.Change{At: wib(t, at)}
	for _, event := range events {
		change.Entries = append(change.Entries, ledger.Entry{Event: event})
	}
	err := d.store.Apply(t.Context(), ledger.Keys{}, func(ledger.State) (ledger.Change, error) { return change, nil })
	require.NoError(t, err)
}

var goldenDays = map[string]ledger.Day{"ordinary_day": friday, "zero_day": saturday, "fee_kept_by_partner": sunday}

func TestExportMatchesGoldenFiles(t *testing.T) {
	t.Parallel()
	d := story(t)
	for name, day := range goldenDays {
		for _, format := range []settlement.Format{settlement.TXT, settlement.CSV} {
			t.Run(name+"."+string(format), func(t *testing.T) {
				path := filepath.Join("../../testdata/settlement", name+"."+string(format))
				got := d.export(t, day, format)
				if *update {
					require.NoError(t, os.WriteFile(path, got, 0o644))
				}
				want, err := os.ReadFile(path)
				require.NoError(t, err)
				require.Equal(t, string(want), string(got))
			})
		}
	}
}

func TestGoldenFilesAreAChain(t *testing.T) {
	t.Parallel()
	var files [][]byte
	for _, name := range []string{"ordinary_day", "zero_day", "fee_kept_by_partner"} {
		file, err := os.ReadFile(filepath.Join("../../testdata/settlement", name+".txt"))
		require.NoError(t, err)
		files = append(files, file)
	}
	tampered := bytes.Replace(files[1], []byte("|0|"), []byte("|1|"), 1)
	other := bytes.Replace(files[0], []byte("|2026-11-20|"), []byte("|2026-11-19|"), 1)
	cases := map[string]struct {
		files [][]byte
		err   string
	}{
		"all three":         {files: files},
		"the last two":      {files: files[1:]},
		"none":              {},
		"one changed":       {[][]byte{files[0], tampered, files[2]}, "settlement file 3: prev_sha256 is " + sum(files[1])},
		"first replaced":    {[][]byte{other, files[1]}, "settlement file 2: prev_sha256 is " + sum(files[0])},
		"one missing":       {[][]byte{files[0], files[2]}, "settlement file 2: batch_no 3 follows 1"},
		"one twice":         {[][]byte{files[0], files[0]}, "settlement file 2: batch_no 1 follows 1"},
		"no zeros in first": {[][]byte{bytes.Replace(files[0], []byte("|1|000"), []byte("|1|100"), 1)}, "settlement file 1: prev_sha256 is 1"},
		"not one of ours":   {[][]byte{[]byte("H|2|x\n")}, "line 1: no H line of layout 1 with 9 fields"},
		"number is no word": {[][]byte{bytes.Replace(files[0], []byte("|N|1|"), []byte("|N|x|"), 1)}, `line 1: batch_no "x" is no number from 1 on`},
		"empty":             {[][]byte{{}}, "settlement file 1: read H line: EOF"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := settlement.VerifyChain(readers(c.files)...)
			if c.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.err)
			if !strings.HasSuffix(c.err, "EOF") {
				require.ErrorIs(t, err, settlement.ErrChain)
			}
		})
	}
}
