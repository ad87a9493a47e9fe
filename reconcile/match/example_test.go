package match_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// compare sorts both sides of a day, compares them, prints what was found, and
// returns what is carried to the next day.
func compare(ctx context.Context, day ledger.Day, ours, theirs iter.Seq2[match.Entry, error]) (next [2][]match.Entry, err error) {
	var sides [2]*match.Sorted
	for i, side := range []iter.Seq2[match.Entry, error]{ours, theirs} {
		if sides[i], err = match.Sort(ctx, side, match.SortOptions{Dir: os.TempDir()}); err != nil {
			return next, err
		}
		defer func() { err = errors.Join(err, sides[i].Close()) }()
	}
	o := match.Options{Day: day, Standing: func(match.Key) (match.Standing, error) { return match.Awaited, nil }}
	totals, err := match.Match(sides[0].All(ctx), sides[1].All(ctx), o, func(f match.Finding) error {
		fmt.Println(day, f.Class)
		for i, e := range []*match.Entry{f.Ours, f.Theirs} {
			if f.Class == match.Carried && e != nil {
				next[i] = append(next[i], *e)
			}
		}
		return nil
	})
	if err != nil {
		return next, err
	}
	for _, step := range totals.Bridge().Steps {
		fmt.Println("  ours minus theirs:", step.Class, step.Money.Amount)
	}
	return next, nil
}

// A payment at midnight stands in Friday's file and in our Saturday's batch.
func ExampleMatch() {
	e := match.Entry{Code: "1000127705249943", Ref: "261120RZIN4U01", Day: friday, Amount: 50_000, Line: 1}
	next, err := compare(context.Background(), friday, stream(), stream(e))
	if err != nil {
		fmt.Println(err)
		return
	}
	e.Day = friday.Next()
	if _, err := compare(context.Background(), friday.Next(), stream(e), streamOf(next[1])); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 2026-11-20 CARRIED
	//   ours minus theirs: CARRIED -50000
	// 2026-11-21 DATE_SHIFT
	//   ours minus theirs: DATE_SHIFT 0
}
