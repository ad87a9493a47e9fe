package main

import (
	"cmp"
	"fmt"
	"strings"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile"
)

type recoveryCommand struct {
	Show    recoveryShowCommand    `cmd:"" help:"Show what a restored ledger lacks, and what still hinders its sign-off."`
	Import  recoveryImportCommand  `cmd:"" help:"Propose what a file of Indomaret's has and the ledger lacks."`
	SignOff recoverySignOffCommand `cmd:"" name:"sign-off" help:"Approve what was proposed and serve again."`
}

// recoveryPath is where the finance API has the recovery.
const recoveryPath = financePaths + "recovery"

type recoveryShowCommand struct{}

// Help says what the columns mean, and shows an example.
func (recoveryShowCommand) Help() string {
	return "A ledger that was restored lacks what was booked after its last record: tills get 90 or no answer, merchants 503,\n" +
		"until Indomaret's files of all days of the gap are imported and another person has signed off.\n\n" +
		"proposed waits for the sign-off, approved is booked, left are other cases; each with what Indomaret owes more.\n" +
		"A day that may have been closed in the gap gets another settlement file when it is closed again: tell who has the first.\n\n" +
		"Example:\n  paypoint recovery show"
}

// Run shows the gap.
func (c *recoveryShowCommand) Run(s *session) error {
	return ask(s, "GET", recoveryPath, nil, func(r finance.Recovery) error {
		if !r.Active {
			s.printf("the ledger is not in recovery\n")
			return nil
		}
		return s.printGap(*r.Gap)
	})
}

// printGap shows a gap, day by day, and what hinders.
func (s *session) printGap(g reconcile.Gap) error {
	if g.Seq == 0 {
		s.printf("restored %s by %s, without any record: all is missing, from the ledger's beginning on\n", clock(g.Until), g.By)
	} else {
		s.printf("restored %s by %s, up to record %d of %s: what was booked after that is missing\n", clock(g.Until), g.By, g.Seq, clock(g.Since))
	}
	s.printf("payment codes from number %d on: those before may have been given out\n", g.NumbersFrom)
	err := s.printTable("day\tfile\tmatched\tproposed\tRp\tapproved\tRp\tleft\tRp\tcarried\tnote", func(w table) {
		for _, d := range g.Days {
			file := "-"
			if d.Version > 0 {
				file = fmt.Sprintf("version %d", d.Version)
			}
			w.printf("%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", d.Day, file, yesNo(d.Matched),
				d.Proposed.Payments, d.Proposed.Amount, d.Approved.Payments, d.Approved.Amount, d.Left.Payments, d.Left.Amount,
				d.Carried, cmp.Or(dayNote(d), "-"))
		}
	})
	if err != nil {
		return err
	}
	s.printf("%s can be paid after the sign-off: those too that merchants cancelled or expired in the gap\n", pendingCodes(g.Pending))
	s.printf("persons, keys and addresses are as they were before the gap: what was revoked or changed since has to be again\n")
	if len(g.Hands) > 0 {
		s.printf("imported or proposed by %s, who can't sign off\n", strings.Join(g.Hands, ", "))
	}
	for _, h := range g.Hinders {
		s.printf("missing: %s\n", hindrance(h))
	}
	if len(g.Hinders) == 0 {
		s.printf("nothing is missing: paypoint recovery sign-off\n")
	}
	return nil
}

// pendingCodes says how many codes can be paid, as far as they are counted.
func pendingCodes(n int) string {
	if n >= ledger.MaxPending {
		return "at least " + plural(n, "code")
	}
	return plural(n, "code")
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// dayNote is what else there is to know of a day.
func dayNote(d reconcile.GapDay) string {
	var notes []string
	if !d.Ended {
		notes = append(notes, "not over yet")
	}
	if d.Reprocessed {
		notes = append(notes, "may have been closed and its file be out")
	}
	return strings.Join(notes, ", ")
}

// hindrance is what has to be done about it.
func hindrance(h reconcile.Hindrance) string {
	switch h.Want {
	case reconcile.WantFile:
		return fmt.Sprintf("Indomaret's file of %s: paypoint recovery import FILE", h.Day)
	case reconcile.WantWhole:
		return fmt.Sprintf("Indomaret's file of all of %s: the one that was imported came before the day or the gap was over; where Indomaret made it after the "+
			"restoration, paypoint recovery sign-off --accept-missing %s", h.Day, h.Day)
	case reconcile.WantMatch:
		return fmt.Sprintf("the match of %s: paypoint recovery import its file again", h.Day)
	default:
		return fmt.Sprintf("proposals for payments of %s: paypoint recovery import its file again, or case propose", h.Day)
	}
}

type recoveryImportCommand struct{ importedFile }

// Help says what is proposed, and shows examples.
func (recoveryImportCommand) Help() string {
	return "Needs a person's token. The file is taken and matched; each payment that it has and the ledger lacks is proposed to be\n" +
		"booked, each that it has as reversed to be taken back. What can't be, such as a code that the ledger never gave out,\n" +
		"is left as a case. The same file again goes on where it broke off.\n\n" +
		"Examples:\n  paypoint recovery import INDOMARET_20260131_01.txt\n  paypoint recovery import file.txt.gz --day 2026-01-31"
}

// Run imports a file.
func (c *recoveryImportCommand) Run(s *session) error {
	return upload(s, recoveryPath+"/files?"+c.query(), c.File, func(filled reconcile.GapFilled) error {
		f, how := filled.File, "taken as"
		if !filled.Taken {
			how = "known already:"
		}
		s.printf("%s version %d of %s: %d paid, Rp %d; %d reversed, Rp %d\n", how, f.Version, f.Day, f.Paid, f.Amount, f.Reversed, f.ReversedAmount)
		s.printf("%s matched: %s, %s proposed now\n", f.Day, plural(filled.Outcome.Differences, "difference"), plural(filled.Proposed, "act"))
		return s.printGap(filled.Gap)
	})
}

type recoverySignOffCommand struct {
	Why           string   `help:"What was done to be sure, for the journal." required:"" placeholder:"TEXT"`
	AcceptMissing []string `help:"Business day (yyyy-mm-dd) without a whole file that is accepted so; may be repeated." placeholder:"DAY" sep:"none"`
}

// Help says who may, and shows examples.
func (recoverySignOffCommand) Help() string {
	return "Needs the token of an approver who has neither imported nor proposed. All proposals are booked, merchants are told, and the\n" +
		"server serves again at once. Where it breaks off, give it again. A day is accepted without a whole file only where another\n" +
		"person has imported one.\n\n" +
		"Examples:\n  paypoint recovery sign-off --why 'all files compared, totals confirmed by Indomaret'\n" +
		"  paypoint recovery sign-off --why 'Indomaret was closed' --accept-missing 2026-02-01"
}

// Run signs off.
func (c *recoverySignOffCommand) Run(s *session) error {
	body := finance.SignOff{Why: c.Why}
	for _, day := range c.AcceptMissing {
		body.AcceptMissing = append(body.AcceptMissing, ledger.Day(day))
	}
	return s.operate(func(client *operatorClient) error {
		signed, err := work[reconcile.SignedOff](s, client, recoveryPath+"/sign-off", body, "signing off", "proposals")
		if err != nil {
			return err
		}
		return show(s, signed, func(signed reconcile.SignedOff) error {
			s.printf("recovery is over: %s approved now, the server serves again\n", plural(signed.Approved, "proposal"))
			if signed.Gap.Pending > 0 {
				s.printf("%s can be paid, those too that merchants cancelled or expired in the gap: let them do it again, or\n"+
					"paypoint merchant deactivate ID --cancel-open\n", pendingCodes(signed.Gap.Pending))
			}
			for _, day := range signed.Accepted {
				s.printf("%s was accepted without a whole file of Indomaret's\n", day)
			}
			for _, d := range signed.Gap.Days {
				if d.Reprocessed {
					s.printf("%s may have been closed before: its settlement file will be another one, marked as reprocessed\n", d.Day)
				}
			}
			return nil
		})
	})
}
