package reconcile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
	"paypoint/reconcile/partnerfile"
)

// indomaret is the program that plays Indomaret, with its tills' record of some
// payments.
type indomaret struct {
	program, folder string
}

// newIndomaret builds the program and writes what its tills have sold: payments
// that were answered 00, and reversals.
func newIndomaret(t *testing.T, sold []payment) *indomaret {
	t.Helper()
	i := &indomaret{program: filepath.Join(t.TempDir(), "indomaret"), folder: t.TempDir()}
	built, err := exec.CommandContext(t.Context(), "go", "build", "-o", i.program, "paypoint/cmd/indomaret").CombinedOutput()
	require.NoError(t, err, string(built))
	var journal bytes.Buffer
	lines := json.NewEncoder(&journal)
	for _, p := range sold {
		for _, operation := range []string{"payment", "reversal"} {
			for _, phase := range []string{"intent", "outcome"} {
				if operation == "reversal" && !p.Reversed {
					continue
				}
				line := map[string]any{
					"at": p.At, "phase": phase, "op": operation, "message_id": "M" + p.Ref, "time_stamp": p.At.In(ledger.WIB).Format(ledger.WireTime),
					"store_id": p.Store, "payment_code": p.Code, "tracking_ref": p.Ref, "amount": p.Amount, "fee": p.Fee, "phone": p.Phone,
				}
				if phase == "outcome" {
					line["response_code"] = "00"
				}
				require.NoError(t, lines.Encode(line))
			}
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(i.folder, "journal"), journal.Bytes(), 0o600))
	return i
}

// settle writes a day's file and returns its path.
func (i *indomaret) settle(t *testing.T, day ledger.Day, flags ...string) string {
	t.Helper()
	path := filepath.Join(i.folder, string(day)+".txt")
	args := append([]string{"--journal", filepath.Join(i.folder, "journal"), "settlement", "--date", string(day), "--out", path, "--planted", path + ".planted"}, flags...)
	said, err := exec.CommandContext(t.Context(), i.program, args...).CombinedOutput()
	require.NoError(t, err, string(said))
	return path
}

// planted is what the program says of a fault.
type planted struct {
	Class match.Class
	Line  int
	Was   *plantedLine
	Is    *plantedLine
}

type plantedLine struct {
	Ref  ledger.TrackingRef `json:"tracking_ref"`
	Code ledger.PaymentCode `json:"payment_code"`
}

func (i *indomaret) planted(t *testing.T, day ledger.Day) []planted {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(i.folder, string(day)+".txt.planted"))
	require.NoError(t, err)
	var all []planted
	for line := range strings.Lines(string(text)) {
		var p planted
		require.NoError(t, json.Unmarshal([]byte(line), &p))
		all = append(all, p)
	}
	return all
}

// expected are the findings that planted faults must lead to, by day: what may
// be a shift of days is carried first.
func expected(faults map[ledger.Day][]planted) map[ledger.Day][]string {
	want := map[ledger.Day][]string{}
	for day, list := range faults {
		for _, f := range list {
			if f.Class == match.DateShift && f.Was == nil {
				continue // what the day before has shifted here
			}
			line := f.Is
			if line == nil {
				line = f.Was
			}
			p := payment{Code: line.Code, Ref: line.Ref}
			switch f.Class {
			case match.DateShift, match.MissingAtPartner, match.MissingAtIndomaret:
				want[day] = append(want[day], is(match.Carried, p))
				want[day.Next()] = append(want[day.Next()], is(f.Class, p))
			default:
				want[day] = append(want[day], is(f.Class, p))
			}
		}
	}
	for day := range want {
		slices.Sort(want[day])
	}
	return want
}

// sell books a day of payments, some of them reversed, as the tills know them.
func (o *office) sell(t *testing.T, day ledger.Day, count int) []payment {
	t.Helper()
	var sold []payment
	for n := range count {
		o.at(t, day, fmt.Sprintf("%02d:%02d:00", 8+n/60, n%60))
		p := o.pay(t, ledger.Rupiah(20_000+n), 2500)
		p.Phone = fmt.Sprintf("0812345%05d", n)
		if n%5 == 0 {
			require.Equal(t, ledger.ReasonApproved, o.reverse(t, p))
			p.Reversed = true
		}
		sold = append(sold, p)
	}
	return sold
}

// unpaid writes a list of codes that nobody has paid.
func (o *office) unpaid(t *testing.T, folder string, count int) string {
	t.Helper()
	var list strings.Builder
	for range count {
		p := o.charge(t, 33_000, 0)
		fmt.Fprintf(&list, "%s %d\n", p.Code, p.Amount)
	}
	path := filepath.Join(folder, "unpaid")
	require.NoError(t, os.WriteFile(path, []byte(list.String()), 0o600))
	return path
}

// Every class that Indomaret's file can hold is planted twice on each of two
// days: each is found in its class, and none besides.
func TestMatchFindsWhatIndomaretPlants(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, o *office) {
		days := []ledger.Day{friday, saturday, sunday}
		var sold []payment
		for _, day := range days {
			sold = append(sold, o.sell(t, day, 60)...)
		}
		partner := newIndomaret(t, sold)
		faults := map[ledger.Day][]planted{}
		carry := []string(nil)
		for n, day := range days {
			o.at(t, day.Next(), "02:00:00")
			flags := slices.Concat(carry, []string{"--seed", fmt.Sprint(n + 7)})
			if day != sunday {
				flags = append(flags, "--unpaid", o.unpaid(t, partner.folder, 2), "--plant",
					"date_shift=2,missing_at_partner=2,missing_at_indomaret=2,amount_mismatch=2,fee_mismatch=2,reversed_but_settled=2,"+
						"paid_but_reversed_there=2,duplicate_in_file=2,duplicate_payment=2,unknown_code=2")
			}
			path := partner.settle(t, day, flags...)
			faults[day] = partner.planted(t, day)
			carry = []string{"--carry", path + ".planted"}
			file, err := os.ReadFile(path)
			require.NoError(t, err)
			o.take(t, day, file)
			o.close(t, day)
			o.match(t, day)
		}
		want := expected(faults)
		require.Len(t, want[friday], 20)
		require.Len(t, want[saturday], 26)
		require.Len(t, want[sunday], 6)
		for _, day := range days {
			require.Equal(t, want[day], o.findings(t, day), day)
		}
		// Every class that needs a person, twice on each of two days.
		var wanted []string
		for _, class := range match.Classes() {
			if !class.Clean() && class != match.Carried {
				wanted = append(wanted, slices.Repeat([]string{string(class)}, 4)...)
			}
		}
		slices.Sort(wanted)
		require.Equal(t, wanted, classes(o.cases(t, true)))

		before := o.cases(t, true)
		for _, day := range days {
			outcome := o.match(t, day)
			require.Zero(t, outcome.Opened)
			require.Zero(t, outcome.Noted)
		}
		require.Equal(t, before, o.cases(t, true))
	})
}

// Faults of a file as a whole stop it.
func TestFilesThatIndomaretSpoils(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	partner := newIndomaret(t, o.sell(t, friday, 10))
	read := func(path string) reconcile.FileIn {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return reconcile.FileIn{Day: friday, Body: bytes.NewReader(text), By: "ani"}
	}
	path := partner.settle(t, friday, "--plant", "totals_mismatch=1")
	_, _, err := o.finance.Import(t.Context(), read(path), nil)
	require.ErrorIs(t, err, partnerfile.ErrTrailer)
	o.requireUntouched(t, friday)

	require.NoError(t, os.Remove(path))
	partner.settle(t, friday, "--plant", "file_missing=1")
	require.NoFileExists(t, path)
	o.at(t, saturday, "02:00:00")
	o.close(t, friday)
	_, err = o.finance.Match(t.Context(), friday, "ani", nil)
	require.ErrorIs(t, err, reconcile.ErrNoFile)

	partner.settle(t, friday, "--plant", "file_repeated=1")
	for n, name := range []string{path, path + ".again"} {
		taken, isNew, err := o.finance.Import(t.Context(), read(name), nil)
		require.NoError(t, err)
		require.Equal(t, n == 0, isNew)
		require.Equal(t, 1, taken.Version)
	}
	require.Equal(t, 10, o.match(t, friday).Of(match.Matched).Findings)
}
