package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// plantFlags ask for faults in a settlement file.
type plantFlags struct {
	Plant   map[string]int `mapsep:"," placeholder:"CLASS=N,…" help:"Plant N faults of each class; the classes are above."`
	Seed    uint64         `default:"1" help:"Decides where the faults are: one journal, one seed and the same faults give the same bytes."`
	Planted string         `placeholder:"FILE" help:"Also write what was planted, a JSON object to a line."`
	Unpaid  string         `placeholder:"FILE" help:"Codes of the partner's that nobody has paid, each with its amount, for missing_at_partner; - is standard input."`
	Carry   string         `placeholder:"FILE" help:"What was --planted in the file of the day before: its date_shift lines stand in this file."`
}

// plantHelp is the part of the long help text on faults.
const plantHelp = `

Faults. With --plant the file differs from what the tills know, for tests of the partner's reconciliation. Each fault is
made of a payment of its own, of a code with one payment that day; where there are too few, nothing is written.

  date_shift               a PAID line is left out; with --carry it stands in the next day's file
  missing_at_partner       a PAID line for a code of --unpaid
  missing_at_indomaret     a PAID line is left out
  amount_mismatch          a PAID line's amount is up to 10000 more or less
  fee_mismatch             a PAID line's fee is up to 10000 more or less
  reversed_but_settled     a REVERSED line says PAID
  paid_but_reversed_there  a PAID line says REVERSED
  duplicate_in_file        a PAID line stands there once more, further down
  duplicate_payment        a second PAID line for a paid code further down, with another tracking_ref
  unknown_code             a PAID line for a code that nobody has issued
  totals_mismatch=1        the trailer's sum_amount is not that of the lines
  file_missing=1           no file is written; not with others
  file_repeated=1          the file is written twice, the second time as FILE.again

The trailer fits the lines as they stand, but for totals_mismatch. --planted lists for each fault its class, the payment as
the tills know it (was), as the file has it (is), and the number of its line:

  {"class":"AMOUNT_MISMATCH","line":12,"was":{…,"amount":50000,…},"is":{…,"amount":50731,…}}

Examples:

  indomaret settlement --date 2026-11-22 --out day.txt --plant amount_mismatch=3,unknown_code=1 --seed 7 --planted day.jsonl
  indomaret settlement --date 2026-11-22 --out day.txt --plant missing_at_partner=2 --unpaid codes.txt --planted day.jsonl
  indomaret settlement --date 2026-11-21 --out 21.txt --plant date_shift=1 --planted 21.jsonl
  indomaret settlement --date 2026-11-22 --out 22.txt --carry 21.jsonl --planted 22.jsonl`

// Validate checks what kong cannot.
func (f *plantFlags) Validate() error {
	for class, n := range f.Plant {
		switch {
		case !slices.Contains(faults(), class):
			return fmt.Errorf("--plant %s: must be one of %s", class, strings.Join(faults(), ", "))
		case n < 0 || ofFile(class) && n > 1:
			return fmt.Errorf("--plant %s=%d: must be 0 or more, of the file as a whole 0 or 1", class, n)
		}
	}
	if f.Plant[faultFileMissing] > 0 && len(f.Plant) > 1 {
		return errors.New("--plant file_missing: not with other faults, which no file would have")
	}
	if f.Plant[faultMissingAtPartner] > 0 && f.Unpaid == "" {
		return errors.New("--plant missing_at_partner: needs --unpaid")
	}
	return nil
}

// plantInto puts the faults into a settlement and returns what was planted.
func (f *plantFlags) plantInto(d *desk, s *statement) ([]plantedFault, error) {
	if len(f.Plant) == 0 && f.Carry == "" {
		return nil, nil
	}
	s.store = d.settings.Store
	var unpaid []codeLine
	if f.Unpaid != "" {
		var err error
		if unpaid, err = openCodes(f.Unpaid, d.in, true); err != nil {
			return nil, usageError{fmt.Errorf("--unpaid: %w", err)}
		}
	}
	p := newPlanter(s, f.Seed, unpaid)
	for _, class := range faults() {
		if err := p.plant(class, f.Plant[class]); err != nil {
			return nil, usageError{err}
		}
	}
	// Last, so that no fault is made of another.
	if err := p.carryOver(f.Carry); err != nil {
		return nil, err
	}
	return p.faultsPlanted(statusPaid, statusReversed), nil
}

// carryOver adds what was shifted here from the day before.
func (p *planter) carryOver(path string) error {
	if path == "" {
		return nil
	}
	shifted, err := readShifted(path, p.statement.date)
	for _, b := range shifted {
		p.add(plantedFault{Class: faultDateShift, is: b}, 0)
	}
	return err
}

// writeList writes the list where it was asked for.
func (f *plantFlags) writeList(list []plantedFault) error {
	if f.Planted == "" {
		return nil
	}
	if err := replaceFile(f.Planted, func(to io.Writer) error { return writeFaults(to, list) }); err != nil {
		return fmt.Errorf("list of faults: %w", err)
	}
	return nil
}
