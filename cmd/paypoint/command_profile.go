package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile/partnerfile"
)

type profileCommand struct {
	Test profileTestCommand `cmd:"" help:"Show how a profile reads a file; nothing is kept, no server is needed."`
}

type profileTestCommand struct {
	File    string `arg:"" help:"A file of Indomaret's, as it came." type:"existingfile"`
	Profile string `help:"Profile to try; the one of the configuration when left out." placeholder:"FILE" type:"existingfile"`
	Day     string `help:"Business day of which it is to be (yyyy-mm-dd)." placeholder:"DAY"`
	Lines   int    `help:"How many lines to show." default:"10"`
	Faults  int    `help:"How many faulty lines to show." default:"20"`
}

// Help says what is shown.
func (profileTestCommand) Help() string {
	return "Shows the first lines as they were read and the totals, or what is wrong: line, column, text and rule.\n" +
		"Exit code 4 when import would refuse the file.\n\n" +
		"Examples:\n  paypoint reconcile profile test INDOMARET_20260131_01.txt\n" +
		"  paypoint reconcile profile test file.csv --profile indomaret.yaml --day 2026-01-31"
}

// Run tries a profile.
func (c *profileTestCommand) Run(s *session) error {
	options := partnerfile.Options{Name: filepath.Base(c.File)}
	if c.Day != "" {
		day, err := ledger.ParseDay(c.Day)
		if err != nil {
			return fmt.Errorf("%w: --day: %w", errUsage, err)
		}
		options.Day = day
	}
	if c.Lines < 1 || c.Lines > partnerfile.MaxTrial || c.Faults < 1 || c.Faults > partnerfile.MaxTrial {
		return fmt.Errorf("%w: --lines and --faults: want 1 to %d", errUsage, partnerfile.MaxTrial)
	}
	profile, err := c.profile(s, &options)
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	body := io.TeeReader(file, &meter{show: s.progress, name: c.File})
	trial := partnerfile.Try(s, body, profile, options, partnerfile.Bounds{Lines: c.Lines, Faults: c.Faults})
	s.progress("")
	if err := show(s, finance.TrialOf(trial), s.printTrial); err != nil {
		return err
	}
	if !trial.OK() {
		return fmt.Errorf("%s: %w", c.File, errRefusedFile)
	}
	return nil
}

// profile is the one to try. That of the configuration comes with its cut-off.
func (c *profileTestCommand) profile(s *session, options *partnerfile.Options) (partnerfile.Profile, error) {
	cfg, err := s.loadConfig(Overrides{})
	switch {
	case err == nil:
		options.CutOff = cfg.Settlement.CutOff.SinceMidnight()
	case s.flags.Config != "":
		return partnerfile.Profile{}, err
	default:
		cfg.Reconcile.Profile = partnerfile.Simulated() // without a configuration, its defaults
	}
	if c.Profile == "" {
		return cfg.Reconcile.Profile, nil
	}
	text, err := readLimited(c.Profile, maxConfigBytes)
	if err != nil {
		return partnerfile.Profile{}, fmt.Errorf("%w: --profile: %w", errUsage, err)
	}
	profile, err := partnerfile.ParseProfile(text)
	if err != nil {
		return partnerfile.Profile{}, fmt.Errorf("%w: %s: %w", errUsage, c.Profile, err)
	}
	return profile, nil
}

func (s *session) printTrial(t finance.Trial) error {
	err := s.printTable("line\tcode\tref\tstore\ttime\tday\tamount\tfee\tstatus\tphone", func(w table) {
		for _, l := range t.Lines {
			status := "PAID"
			if l.Reversed {
				status = "REVERSED"
			}
			w.printf("%d\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", l.Line, l.Code, l.Ref, cmp.Or(l.Store, "-"),
				clock(l.At), l.Day, l.Amount, l.Fee, status, cmp.Or(l.Phone, "-"))
		}
	})
	if err != nil {
		return err
	}
	for _, f := range t.Faults {
		s.printf("line %d, %s %s: %s\n", f.Line, cmp.Or(f.Column, "the whole line"), strconv.Quote(f.Text), f.Rule)
	}
	if t.More {
		s.printf("and more: the rest was not read\n")
	}
	if t.Error != "" {
		s.printf("%s\n", t.Error)
	}
	sum := t.Summary
	s.printf("profile %s, day %s: %d lines, %d paid, Rp %d, fees Rp %d; %d reversed, Rp %d; %d phone numbers\n",
		sum.Profile, cmp.Or(sum.Day, "-"), sum.Lines, sum.Paid, sum.Amount, sum.Fee, sum.Reversed, sum.ReversedAmount, sum.Phones)
	return nil
}
