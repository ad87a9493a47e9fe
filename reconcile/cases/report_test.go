package cases_test

import (
	"encoding/json"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/reconcile/cases"
)

func stream(list []ledger.Case) iter.Seq2[ledger.Case, error] {
	return func(yield func(ledger.Case, error) bool) {
		for _, c := range list {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func TestReportAddsUpByClassAndOwner(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-20 10:00:00")
	list := []ledger.Case{
		{Class: "MISSING_AT_PARTNER", Opened: now, Theirs: 50_000, TheirsFee: 2_500, Owner: "sari"},
		{Class: "MISSING_AT_INDOMARET", Opened: at(t, "2026-11-18 10:00:00"), Ours: 30_000},
		{Class: "MISSING_AT_INDOMARET", Opened: at(t, "2026-09-01 10:00:00"), Ours: 20_000, Owner: "sari", State: ledger.CaseProposed},
		{Class: "AMOUNT_MISMATCH", Opened: now, Ours: 90_000, State: ledger.CaseResolved},
	}
	report, err := cases.NewReport(stream(list), cases.Calendar{}, now)
	require.NoError(t, err)
	text, err := json.Marshal(report)
	require.NoError(t, err)
	none := func(bucket string) string { return `{"bucket":"` + bucket + `","count":0,"amount":0}` }
	young, two, old := `{"bucket":"0-1","count":1,"amount":52500}`, `{"bucket":"2-3","count":1,"amount":30000}`, `{"bucket":"\u003e30","count":1,"amount":20000}`
	require.JSONEq(t, `{
		"total":{"name":"","count":3,"amount":102500,"ages":[`+young+`,`+two+`,`+none("4-7")+`,`+none("8-30")+`,`+old+`]},
		"classes":[
			{"name":"MISSING_AT_INDOMARET","count":2,"amount":50000,"ages":[`+none("0-1")+`,`+two+`,`+none("4-7")+`,`+none("8-30")+`,`+old+`]},
			{"name":"MISSING_AT_PARTNER","count":1,"amount":52500,"ages":[`+young+`,`+none("2-3")+`,`+none("4-7")+`,`+none("8-30")+`,`+none(">30")+`]}],
		"owners":[
			{"name":"","count":1,"amount":30000,"ages":[`+none("0-1")+`,`+two+`,`+none("4-7")+`,`+none("8-30")+`,`+none(">30")+`]},
			{"name":"sari","count":2,"amount":72500,"ages":[`+young+`,`+none("2-3")+`,`+none("4-7")+`,`+none("8-30")+`,`+old+`]}]
	}`, string(text))
}

func TestReportOfNoCasesHasEmptyLists(t *testing.T) {
	t.Parallel()
	report, err := cases.NewReport(stream(nil), cases.Calendar{}, time.Time{})
	require.NoError(t, err)
	require.Len(t, report.Total.Ages, len(cases.Buckets()))
	require.Equal(t, []cases.Row{}, report.Classes)
	require.Equal(t, []cases.Row{}, report.Owners)
}

func TestReportStopsAtItsSourcesError(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk")
	_, err := cases.NewReport(func(yield func(ledger.Case, error) bool) {
		if yield(ledger.Case{Class: "UNKNOWN_CODE"}, nil) {
			require.False(t, yield(ledger.Case{}, broken), "nothing is read after an error")
		}
	}, cases.Calendar{}, time.Time{})
	require.ErrorIs(t, err, broken)
}

// Every open case is in one bucket of its class and of its owner.
func TestReportsPartsAddUpToItsTotal(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-20 10:00:00")
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOf(rapid.Custom(func(t *rapid.T) ledger.Case {
			return ledger.Case{
				Class:  rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "class"),
				Owner:  rapid.SampledFrom([]string{"", "sari", "budi"}).Draw(t, "owner"),
				State:  rapid.SampledFrom([]ledger.CaseState{ledger.CaseOpen, ledger.CaseProposed, ledger.CaseResolved}).Draw(t, "state"),
				Ours:   ledger.Rupiah(rapid.Int64Range(0, int64(ledger.MaxRupiah)).Draw(t, "ours")),
				Theirs: ledger.Rupiah(rapid.Int64Range(0, int64(ledger.MaxRupiah)).Draw(t, "theirs")),
				Opened: now.Add(-time.Duration(rapid.IntRange(0, 90*24).Draw(t, "hours")) * time.Hour),
			}
		})).Draw(t, "cases")
		report, err := cases.NewReport(stream(list), cases.Calendar{}, now)
		require.NoError(t, err)
		var want cases.Sum
		for _, c := range list {
			if c.State != ledger.CaseResolved {
				want.Count++
				want.Amount += max(c.Surplus(), -c.Surplus())
			}
		}
		require.Equal(t, want, report.Total.Sum)
		for _, rows := range [][]cases.Row{{report.Total}, report.Classes, report.Owners} {
			var sum, ages cases.Sum
			for _, row := range rows {
				sum = cases.Sum{Count: sum.Count + row.Count, Amount: sum.Amount + row.Amount}
				for _, age := range row.Ages {
					ages = cases.Sum{Count: ages.Count + age.Count, Amount: ages.Amount + age.Amount}
				}
			}
			require.Equal(t, want, sum)
			require.Equal(t, want, ages)
		}
	})
}
