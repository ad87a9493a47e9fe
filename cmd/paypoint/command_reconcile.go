package main

import (
	"cmp"
	"fmt"
	"net/url"
	"path/filepath"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile"
)

type reconcileCommand struct {
	Import   reconcileImportCommand   `cmd:"" help:"Take a file of Indomaret's, whole or not at all."`
	Match    reconcileMatchCommand    `cmd:"" help:"Match a closed day with Indomaret's file; differences become cases."`
	List     reconcileListCommand     `cmd:"" help:"List the days with their files and what was matched."`
	Show     reconcileShowCommand     `cmd:"" help:"Show what the last match of a day came to."`
	Findings reconcileFindingsCommand `cmd:"" help:"List what is not plainly matched of a day, payment by payment."`
	Export   reconcileExportCommand   `cmd:"" help:"Write a day's findings to a file."`
	Profile  profileCommand           `cmd:"" help:"Try how Indomaret's files are read."`
}

// reconciliationsPath is where the finance API has the matched days.
const reconciliationsPath = financePaths + "reconciliations"

// matchedDay is where it has one of them, or a part of it.
func matchedDay(day, part string) string {
	return reconciliationsPath + "/" + url.PathEscape(day) + part
}

// importedFile are the arguments of what takes a file of Indomaret's.
type importedFile struct {
	File string `arg:"" help:"Indomaret's file, as it came." type:"existingfile"`
	Day  string `help:"Business day of which it is (yyyy-mm-dd); the file says it when left out." placeholder:"DAY"`
}

// query names the file to the finance API.
func (f importedFile) query() string {
	return filters("day", f.Day, "name", filepath.Base(f.File)).Encode()
}

type reconcileImportCommand struct{ importedFile }

// Help says what is refused, and shows examples.
func (reconcileImportCommand) Help() string {
	return "The file is read by the profile of the configuration. One bad line refuses all of it.\n" +
		"The same file again changes nothing; another one of the day is its next version.\n" +
		"Of several the one with Indomaret's highest number counts, and of these the last that was taken.\n\n" +
		"Examples:\n  paypoint reconcile import INDOMARET_20260131_01.txt\n  paypoint reconcile import file.txt.gz --day 2026-01-31"
}

// Run imports a file.
func (c *reconcileImportCommand) Run(s *session) error {
	return upload(s, financePaths+"files?"+c.query(), c.File, func(done finance.Import) error {
		f, how := done.File, "taken as"
		if !done.Taken {
			how = "known already:"
		}
		s.printf("%s version %d of %s: %d paid, Rp %d, fees Rp %d; %d reversed, Rp %d\n",
			how, f.Version, f.Day, f.Paid, f.Amount, f.Fee, f.Reversed, f.ReversedAmount)
		if done.Counts != f.Version {
			s.printf("version %d is the one that counts\n", done.Counts)
		}
		return nil
	})
}

type reconcileMatchCommand struct {
	Day string `arg:"" help:"Business day (yyyy-mm-dd)."`
}

// Help says what comes of it, and what the exit code tells.
func (reconcileMatchCommand) Help() string {
	return "Each difference becomes a case, once, however often the day is matched. Later days that depend on it are matched again.\n" +
		"Exit code 4 when there are differences.\n\nExample:\n  paypoint reconcile match 2026-01-31"
}

// Run matches a day.
func (c *reconcileMatchCommand) Run(s *session) error {
	return s.operate(func(client *operatorClient) error {
		outcome, err := work[reconcile.Outcome](s, client, matchedDay(c.Day, "/match"), nil, "matching "+c.Day, "entries")
		if err != nil {
			return err
		}
		if err := show(s, outcome, s.printOutcome); err != nil {
			return err
		}
		if outcome.Differences > 0 {
			return fmt.Errorf("%s: %s: %w", outcome.Day, plural(outcome.Differences, "difference"), errUnmatched)
		}
		return nil
	})
}

// printOutcome shows how the differences lead from Indomaret's sum to ours.
func (s *session) printOutcome(o reconcile.Outcome) error {
	s.printf("%s: batch %d, version %d of Indomaret's file, matched %s by %s\n",
		o.Day, o.Batch, o.Version, clock(o.At), o.By)
	err := s.printTable("class\tpayments\tours\ttheirs\tours-theirs\tfees", func(w table) {
		line := func(name string, payments int, ours, theirs reconcile.Sums, difference, fee ledger.Rupiah) {
			w.printf("%s\t%d\t%d\t%d\t%d\t%d\n", name, payments, ours.Amount, theirs.Amount, difference, fee)
		}
		for _, class := range o.Classes {
			line(string(class.Class), class.Findings, class.Ours, class.Theirs, class.Amount, class.Fee)
		}
	})
	if err != nil {
		return err
	}
	s.printf("ours Rp %d (carried from the day before Rp %d), theirs Rp %d (carried from the day before Rp %d)\n",
		o.Ours.Own.Amount, o.Ours.Carried.Amount, o.Theirs.Own.Amount, o.Theirs.Carried.Amount)
	s.printf("%s, %s\n", plural(o.Differences, "difference"), plural(o.Opened, "new case"))
	for _, day := range o.Skipped {
		s.printf("%s was not matched, and payments carried into it wait: import its file, close it and match it\n", day)
	}
	for _, day := range o.Remade {
		s.printf("what was kept of %s's match was damaged; it was matched anew\n", day)
	}
	return nil
}

type reconcileListCommand struct {
	From string `help:"First day (yyyy-mm-dd)." placeholder:"DAY"`
}

// Help shows an example.
func (reconcileListCommand) Help() string {
	return "Example:\n  paypoint reconcile list --from 2026-01-01"
}

// Run lists days.
func (c *reconcileListCommand) Run(s *session) error {
	return list(s, reconciliationsPath, filters("from", c.From), func(page finance.DayList) ([]finance.Day, string) {
		return page.Days, string(page.NextCursor)
	}, func(days []finance.Day) error {
		return s.printTable("day\tsettlement\tnet\tfiles\tmatched\tdifferences\topen cases", func(w table) {
			for _, d := range days {
				status, net, matched, differences := "-", ledger.Rupiah(0), "-", "-"
				if d.Settlement != nil {
					status, net = d.Settlement.Status, d.Settlement.SumNet
				}
				if d.Damaged {
					matched = "damaged"
				}
				if d.Outcome != nil {
					matched, differences = fmt.Sprintf("version %d", d.Outcome.Version), fmt.Sprint(d.Outcome.Differences)
				}
				w.printf("%s\t%s\t%d\t%d\t%s\t%s\t%d\n", d.Day, status, net, len(d.Files), matched, differences, d.OpenCases)
			}
		})
	})
}

type reconcileShowCommand struct {
	Day string `arg:"" help:"Business day (yyyy-mm-dd)."`
}

// Help shows an example.
func (reconcileShowCommand) Help() string {
	return "Example:\n  paypoint reconcile show 2026-01-31"
}

// Run shows a day with the versions of its file.
func (c *reconcileShowCommand) Run(s *session) error {
	return ask(s, "GET", matchedDay(c.Day, ""), nil, func(d finance.Day) error {
		for _, f := range d.Files {
			s.printf("version %d: %s, %s, taken %s by %s, sequence %d, sha256 %.16s\n",
				f.Version, cmp.Or(f.Name, "-"), plural(f.Lines, "line"), clock(f.At), f.By, f.Sequence, f.SHA256)
		}
		if len(d.Files) > 1 {
			s.printf("version %d is the one that counts\n", d.Counts)
		}
		switch {
		case d.Outcome != nil:
			return s.printOutcome(*d.Outcome)
		case d.Damaged:
			s.printf("what was kept of %s's match is damaged: match it again\n", d.Day)
		default:
			s.printf("%s was not matched yet\n", d.Day)
		}
		return nil
	})
}

type reconcileFindingsCommand struct {
	Day   string `arg:"" help:"Business day (yyyy-mm-dd)."`
	Class string `help:"Of this class only, such as MISSING_AT_INDOMARET." placeholder:"CLASS"`
}

// Help shows examples.
func (reconcileFindingsCommand) Help() string {
	return "What both sides agree on (MATCHED) is counted, not listed.\n\n" +
		"Examples:\n  paypoint reconcile findings 2026-01-31\n  paypoint reconcile findings 2026-01-31 --class AMOUNT_MISMATCH"
}

// Run lists findings.
func (c *reconcileFindingsCommand) Run(s *session) error {
	return list(s, matchedDay(c.Day, "/findings"), filters("class", c.Class), func(page finance.FindingList) ([]reconcile.Finding, string) {
		return page.Findings, page.NextCursor
	}, func(all []reconcile.Finding) error {
		return s.printTable("class\tcode\tref\tstore\tours\ttheirs\tdiffer\tknown", func(w table) {
			for _, f := range all {
				e := cmp.Or(f.Ours, f.Theirs)
				w.printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Class, e.Code, e.Ref, cmp.Or(e.Store, "-"),
					side(f.Ours), side(f.Theirs), cmp.Or(f.Differ, "-"), cmp.Or(f.Known, "-"))
			}
		})
	})
}

// side is what one side has of a payment, in few words.
func side(e *reconcile.Entry) string {
	switch {
	case e == nil:
		return "-"
	case e.Reversed:
		return fmt.Sprintf("%d reversed", e.Amount)
	default:
		return fmt.Sprint(e.Amount)
	}
}

type reconcileExportCommand struct {
	Day    string `arg:"" help:"Business day (yyyy-mm-dd)."`
	Format string `help:"csv, xlsx or json." enum:"csv,xlsx,json" default:"csv"`
	Out    string `short:"o" help:"File to write; standard output when left out." placeholder:"FILE" type:"path"`
}

// Help shows examples.
func (reconcileExportCommand) Help() string {
	return "Examples:\n  paypoint reconcile export 2026-01-31\n  paypoint reconcile export 2026-01-31 --format xlsx --out findings.xlsx"
}

// Run writes the findings.
func (c *reconcileExportCommand) Run(s *session) error {
	return s.save(matchedDay(c.Day, "/findings/export?format="+c.Format), c.Out)
}
