package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile/cases"
)

type caseCommand struct {
	List     caseListCommand     `cmd:"" help:"List the open cases, oldest first."`
	Show     caseShowCommand     `cmd:"" help:"Show a case: what it means, what can be done, what was done."`
	Note     caseNoteCommand     `cmd:"" help:"Add a note to a case."`
	Assign   caseAssignCommand   `cmd:"" help:"Give a case to an owner."`
	Propose  caseProposeCommand  `cmd:"" help:"Propose how to resolve a case."`
	Withdraw caseWithdrawCommand `cmd:"" help:"Take a proposal back, or reject another's."`
	Approve  caseApproveCommand  `cmd:"" help:"Approve what another person proposed: it is booked."`
	Ageing   caseAgeingCommand   `cmd:"" help:"Show how old the open cases are, by class and owner."`
	Export   caseExportCommand   `cmd:"" help:"Write cases to a file."`
}

// casesPath is where the finance API has the cases.
const casesPath = financePaths + "cases"

// casePath is where it has one of them, or a part of it.
func casePath(id uint64, part string) string {
	return casesPath + "/" + strconv.FormatUint(id, 10) + part
}

// caseFilter says which cases are meant.
type caseFilter struct {
	All   bool   `help:"Resolved ones too."`
	Class string `help:"Of this class only." placeholder:"CLASS"`
	Owner string `help:"Of this owner only." placeholder:"PERSON"`
	Code  string `help:"Of this payment code only." placeholder:"CODE"`
}

func (f caseFilter) pairs() []string {
	open := "true"
	if f.All {
		open = ""
	}
	return []string{"open", open, "class", f.Class, "owner", f.Owner, "code", f.Code}
}

type caseListCommand struct{ caseFilter }

// Help shows examples.
func (caseListCommand) Help() string {
	return "Examples:\n  paypoint case list\n  paypoint case list --owner siti\n  paypoint case list --all --class AMOUNT_MISMATCH"
}

// Run lists cases.
func (c *caseListCommand) Run(s *session) error {
	return list(s, casesPath, filters(c.pairs()...), func(page finance.CaseList) ([]finance.Case, string) {
		return page.Cases, page.NextCursor
	}, func(all []finance.Case) error {
		return s.printTable("case\tclass\tday\tcode\tref\tsurplus\tage\tstate\tproposal\towner", func(w table) {
			for _, one := range all {
				w.printf("%d\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", one.ID, one.Class, cmp.Or(one.Day, "-"), cmp.Or(one.Code, "-"),
					cmp.Or(one.Ref, "-"), one.Surplus, one.Age, one.State, proposalNumber(one.Proposal), cmp.Or(one.Owner, "-"))
			}
		})
	})
}

// proposalNumber is what approve asks for, or - where nothing is proposed.
func proposalNumber(p *ledger.Proposal) string {
	if p == nil {
		return "-"
	}
	return strconv.FormatUint(p.Seq, 10)
}

// caseID is the argument of the commands about a case.
type caseID struct {
	ID uint64 `arg:"" name:"case" help:"Number of the case, as list shows it."`
}

type caseShowCommand struct{ caseID }

// Help shows an example.
func (caseShowCommand) Help() string { return "Example:\n  paypoint case show 17" }

// Run shows a case.
func (c *caseShowCommand) Run(s *session) error {
	return ask(s, "GET", casePath(c.ID, ""), nil, func(d finance.CaseDetail) error {
		s.printCase(d.Case)
		if d.Phone != "" {
			s.printf("phone %s\n", d.Phone)
		}
		if d.Gone {
			s.printf("gone: Indomaret's newest files do not show this difference any more\n")
		}
		acts := make([]string, len(d.Fitting))
		for i, act := range d.Fitting {
			acts[i] = string(act)
		}
		s.printf("means: %s\ndo: %s\nacts: %s\n", d.Explanation.Means, d.Explanation.Do, strings.Join(acts, ", "))
		return s.printTable("time\twhat\tby\tabout", func(w table) {
			for _, e := range d.History {
				if e.What == finance.EventOpened {
					e.Text = "" // the note above
				}
				w.printf("%s\t%s\t%s\t%s\n", clock(e.At), e.What, cmp.Or(e.By, "-"), cmp.Or(eventText(e), "-"))
			}
		})
	})
}

// eventText is what else a line of a case's history says.
func eventText(e finance.CaseEvent) string {
	var parts []string
	if e.Act != "" {
		parts = append(parts, string(e.Act))
	}
	if e.Amount != 0 {
		parts = append(parts, fmt.Sprintf("Rp %d", e.Amount))
	}
	if e.What == finance.EventAssigned {
		parts = append(parts, "to "+cmp.Or(e.Owner, "nobody"))
	}
	switch {
	case e.What == finance.EventPaidOut:
		parts = append(parts, e.Reference, "on "+string(e.Day))
	case e.Day != "":
		parts = append(parts, "in the batch of "+string(e.Day))
	}
	if e.Text != "" {
		parts = append(parts, e.Text)
	}
	return strings.Join(parts, ", ")
}

func (s *session) printCase(c finance.Case) {
	s.printf("case %d, %s, %s, %s old\n", c.ID, c.Class, c.State, plural(c.Age, "business day"))
	if c.Reason != "" {
		s.printf("refused because %s\n", c.Reason)
	}
	s.printf("day %s, code %s, ref %s, store %s\n", cmp.Or(c.Day, "-"), cmp.Or(c.Code, "-"), cmp.Or(c.Ref, "-"), cmp.Or(c.Store, "-"))
	s.printf("ours Rp %d (fee Rp %d), theirs Rp %d (fee Rp %d): surplus Rp %d; owner %s\n",
		c.Ours, c.OursFee, c.Theirs, c.TheirsFee, c.Surplus, cmp.Or(c.Owner, "-"))
	if c.Note != "" {
		s.printf("note: %s\n", c.Note)
	}
	if p := c.Proposal; p != nil {
		amount := ""
		if p.Amount != 0 {
			amount = fmt.Sprintf(" Rp %d", p.Amount)
		}
		s.printf("proposal %d by %s: %s%s: %s\n", p.Seq, p.By, p.Act, amount, p.Why)
	}
	if c.State == ledger.CaseResolved {
		s.printf("approved by %s\n", c.ApprovedBy)
	}
}

// act asks for something about a case, and shows the case as it stands then.
func (c caseID) act(s *session, method, part string, body any) error {
	return ask(s, method, casePath(c.ID, part), body, func(after finance.Case) error {
		s.printCase(after)
		return nil
	})
}

type caseNoteCommand struct {
	caseID
	Text string `arg:"" help:"What there is to say."`
}

// Help shows an example.
func (caseNoteCommand) Help() string {
	return "Needs a person's token.\n\nExample:\n  paypoint case note 17 'asked Indomaret, ticket 4711'"
}

// Run adds a note.
func (c *caseNoteCommand) Run(s *session) error {
	return c.act(s, "POST", "/notes", map[string]string{"text": c.Text})
}

type caseAssignCommand struct {
	caseID
	Owner string `arg:"" optional:"" help:"Person who looks into it; nobody when left out."`
}

// Help shows examples.
func (caseAssignCommand) Help() string {
	return "Needs a person's token.\n\nExamples:\n  paypoint case assign 17 siti\n  paypoint case assign 17"
}

// Run gives a case to an owner.
func (c *caseAssignCommand) Run(s *session) error {
	return c.act(s, "PUT", "/owner", map[string]string{"owner": c.Owner})
}

type caseProposeCommand struct {
	caseID
	Act    string        `arg:"" help:"recover, reverse, refund, write_off or accept; case show lists what fits." enum:"recover,reverse,refund,write_off,accept"`
	Why    string        `help:"Reason, for who approves it." required:"" placeholder:"TEXT"`
	Amount ledger.Rupiah `help:"Rupiah, where the act takes an amount." placeholder:"RP"`
}

// proposal is the request for one.
type proposal struct {
	Act    string        `json:"act"`
	Amount ledger.Rupiah `json:"amount,omitempty"`
	Why    string        `json:"why"`
}

// Help shows examples.
func (caseProposeCommand) Help() string {
	return "Needs a person's token. Nothing is booked until another person approves it.\n\n" +
		"Examples:\n  paypoint case propose 17 recover --why 'the till has the receipt'\n" +
		"  paypoint case propose 18 write_off --amount 500 --why 'rounding at the store'\n" +
		"  paypoint case propose 19 write_off --amount=-42000 --why 'never paid at the till'"
}

// Run proposes a resolution.
func (c *caseProposeCommand) Run(s *session) error {
	return c.act(s, "POST", "/proposal", proposal{Act: c.Act, Amount: c.Amount, Why: c.Why})
}

type caseWithdrawCommand struct {
	caseID
	Why string `help:"Reason." required:"" placeholder:"TEXT"`
}

// Help shows an example.
func (caseWithdrawCommand) Help() string {
	return "Needs a person's token.\n\nExample:\n  paypoint case withdraw 17 --why 'Indomaret found it'"
}

// Run takes a proposal back.
func (c *caseWithdrawCommand) Run(s *session) error {
	return c.act(s, "DELETE", "/proposal", map[string]string{"why": c.Why})
}

type caseApproveCommand struct {
	caseID
	Proposal uint64 `arg:"" help:"Number of the proposal, as show has it: what was changed since is not approved."`
}

// Help shows an example.
func (caseApproveCommand) Help() string {
	return "Needs the token of an approver who is not the proposer.\n\nExample:\n  paypoint case approve 17 42"
}

// Run approves a proposal.
func (c *caseApproveCommand) Run(s *session) error {
	return c.act(s, "POST", "/approval", map[string]uint64{"proposal": c.Proposal})
}

type caseAgeingCommand struct{}

// Help shows an example.
func (caseAgeingCommand) Help() string { return "Example:\n  paypoint case ageing" }

// Run shows how old the open cases are.
func (c *caseAgeingCommand) Run(s *session) error {
	return ask(s, "GET", casesPath+"/ageing", nil, func(report finance.Ageing) error {
		header := "business days\tcases\trupiah"
		for _, bucket := range cases.Buckets() {
			header += "\t" + string(bucket)
		}
		return s.printTable(header, func(w table) {
			rows := func(kind string, all ...cases.Row) {
				for _, row := range all {
					w.printf("%s%s\t%d\t%d", kind, cmp.Or(row.Name, "-"), row.Count, row.Amount)
					for _, age := range row.Ages {
						w.printf("\t%d", age.Count)
					}
					w.printf("\n")
				}
			}
			rows("", report.Classes...)
			rows("owner ", report.Owners...)
			report.Total.Name = "total"
			rows("", report.Total)
		})
	})
}

type caseExportCommand struct {
	caseFilter
	Format string `help:"csv, xlsx or json." enum:"csv,xlsx,json" default:"csv"`
	Out    string `short:"o" help:"File to write; standard output when left out." placeholder:"FILE" type:"path"`
}

// Help shows an example.
func (caseExportCommand) Help() string {
	return "Example:\n  paypoint case export --format xlsx --out cases.xlsx"
}

// Run writes cases.
func (c *caseExportCommand) Run(s *session) error {
	return s.save(casesPath+"/export?"+filters(append(c.pairs(), "format", c.Format)...).Encode(), c.Out)
}
