package reconcile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// again imports a file that is known.
func (o *office) again(t *testing.T, day ledger.Day, file []byte) (ledger.PartnerFile, bool, error) {
	t.Helper()
	return o.finance.Import(t.Context(), reconcile.FileIn{Day: day, Body: bytes.NewReader(file), By: "ani"}, nil)
}

// What the disk has damaged of a match is made anew by the next, of whichever day;
// until then only that day can't be read.
func TestDamagedMatchIsMadeAnew(t *testing.T) {
	t.Parallel()
	damages := map[string]func(folder string) error{
		"outcome cut": func(f string) error { return os.WriteFile(filepath.Join(f, "outcome.json"), []byte("{"), 0o600) },
		"outcome of other": func(f string) error {
			return os.WriteFile(filepath.Join(f, "outcome.json"), []byte(`{"day":"2026-11-20","run":-5,"done_run":999}`), 0o600)
		},
		"findings missing": func(f string) error { return os.Remove(filepath.Join(f, "run-1.findings")) },
		"findings cut":     func(f string) error { return os.Truncate(filepath.Join(f, "run-1.findings"), 20) },
	}
	for name, damage := range damages {
		for _, matched := range []ledger.Day{friday, saturday, sunday} {
			t.Run(name+", "+string(matched), func(t *testing.T) {
				t.Parallel()
				o := inMemory(t)
				p, q := o.pay(t, 50_000, 0), o.pay(t, 60_000, 0)
				wrong := p
				wrong.Amount++
				o.at(t, monday, "10:00:00")
				o.matched(t, friday, wrong)
				o.matched(t, saturday)
				o.matched(t, sunday)
				require.NoError(t, os.WriteFile(filepath.Join(o.config.Dir, string(thursday)), nil, 0o600), "no folder of a day")
				cases := o.cases(t, true)
				require.NoError(t, damage(filepath.Join(o.config.Dir, string(friday))))

				_, err := o.finance.Findings(t.Context(), friday, "", 0, 10)
				require.ErrorIs(t, err, reconcile.ErrDamaged)
				_, err = o.finance.Findings(t.Context(), saturday, "", 0, 10)
				require.NoError(t, err)
				days, err := o.finance.Days(t.Context(), "", 10)
				require.NoError(t, err)
				require.Len(t, days, 3)
				require.False(t, days[1].Damaged)
				require.NotNil(t, days[2].Outcome)

				require.Equal(t, []ledger.Day{friday}, o.match(t, matched).Remade)
				require.Equal(t, []string{is(match.AmountMismatch, p), is(match.Carried, q)}, o.findings(t, friday))
				require.Equal(t, []string{is(match.MissingAtIndomaret, q)}, o.findings(t, saturday))
				require.Equal(t, cases, o.cases(t, true))
				require.Empty(t, o.match(t, matched).Remade)
			})
		}
	}
}

// A day of which the file is gone too keeps no other day from being matched.
func TestDamagedDayThatCanNotBeMatched(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 0)
	o.at(t, monday, "10:00:00")
	o.matched(t, friday)
	o.matched(t, saturday)
	folder := filepath.Join(o.config.Dir, string(friday))
	require.NoError(t, os.Remove(filepath.Join(folder, "v1.entries")))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "outcome.json"), nil, 0o600))
	days, err := o.finance.Days(t.Context(), "", 10)
	require.NoError(t, err)
	require.True(t, days[0].Damaged)
	outcome, err := o.finance.Match(t.Context(), saturday, "ani", nil)
	require.ErrorIs(t, err, reconcile.ErrDamaged, "of Friday's file")
	require.True(t, outcome.Done)
	require.False(t, outcome.AfterMatched)
	o.match(t, saturday)
	require.Equal(t, p.Ref, o.the(t, match.MissingAtIndomaret).Ref)
}
