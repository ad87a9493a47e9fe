package finance

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/sheet"
	"paypoint/reconcile/statement"
)

// Statement is what a merchant is owed for a span of business days. The sums are
// as in package reconcile/statement.
type Statement struct {
	Merchant string `json:"merchant"`
	// No counts the merchant's statements from 1; From and To are the first and the
	// last business day.
	No   uint64     `json:"no"`
	From ledger.Day `json:"from"`
	To   ledger.Day `json:"to"`
	// Sales are payments less reversals, with adjustments. The two fees, the taxes
	// VAT and Collected are taken from them, Withheld is given back.
	Sales      ledger.Rupiah `json:"sales"`
	PartnerFee ledger.Rupiah `json:"partner_fee"`
	OwnFee     ledger.Rupiah `json:"own_fee"`
	VAT        ledger.Rupiah `json:"vat"`
	Withheld   ledger.Rupiah `json:"withheld"`
	Collected  ledger.Rupiah `json:"collected"`
	// NetPayable is what is left; negative where the merchant owes it.
	NetPayable ledger.Rupiah `json:"net_payable"`
	// PaidOut is what was paid of it, Outstanding what is left.
	PaidOut     ledger.Rupiah `json:"paid_out"`
	Outstanding ledger.Rupiah `json:"outstanding"`
	// SHA256 is its JSON file's, PreviousSHA256 that of the one before.
	SHA256         string `json:"sha256"`
	PreviousSHA256 string `json:"previous_sha256,omitempty"`
	// At is when it was closed, By by whom.
	At time.Time `json:"at"`
	By string    `json:"by"`
}

func statementView(s ledger.Statement) Statement {
	return Statement{
		Merchant: s.Merchant, No: s.No, From: s.From, To: s.To,
		Sales: s.Sales, PartnerFee: s.PartnerFee, OwnFee: s.OwnFee, VAT: s.VAT, Withheld: s.Withheld, Collected: s.Collected,
		NetPayable: s.NetPayable, PaidOut: s.PaidOut, Outstanding: s.Outstanding(),
		SHA256: s.SHA256, PreviousSHA256: s.PreviousSHA256, At: moment(s.At), By: s.By,
	}
}

func statementViews(page []ledger.Statement) []Statement {
	list := make([]Statement, 0, len(page))
	for _, s := range page {
		list = append(list, statementView(s))
	}
	return list
}

// StatementList is a page of statements, by merchant and number.
type StatementList struct {
	Statements []Statement `json:"statements"`
	NextCursor string      `json:"next_cursor,omitempty"`
}

// listStatements answers a page of a merchant's statements, or of all merchants'.
func (a *api) listStatements(c *call) error {
	values, after, limit, err := placeQuery(c, "merchant")
	if err != nil {
		return err
	}
	c.act.Merchant = values["merchant"]
	page, next, err := a.Ledger.Statements(c.r.Context(), c.act.Merchant, after, limit)
	return answered(c, StatementList{statementViews(page), placeCursor(next)}, err)
}

// exportStatements writes the list as a table.
func (a *api) exportStatements(c *call) error {
	values, err := c.parameters("merchant", "format")
	if err != nil {
		return err
	}
	c.act.Merchant = values["merchant"]
	format, err := sheetFormat(c, values)
	if err != nil {
		return err
	}
	return c.sendTable("statements", format, func(ctx context.Context, f sheet.Format, w io.Writer, p reconcile.Progress) error {
		return a.Cash.ExportStatements(ctx, c.act.Merchant, f, w, p)
	})
}

// statementOf is the statement in the path.
func (a *api) statementOf(c *call) (ledger.Statement, error) {
	merchant := c.r.PathValue("merchant")
	no, err := strconv.ParseUint(c.r.PathValue("no"), 10, 64)
	if err != nil {
		return ledger.Statement{}, failure{
			status: http.StatusUnprocessableEntity, Code: "bad_statement",
			Message: "no: want a statement's number", Field: "no",
		}
	}
	c.act.Merchant, c.act.Statement = merchant, no
	s, err := a.Ledger.Statement(c.r.Context(), merchant, no)
	return s, aboutStatement(merchant, no, err)
}

// getStatement answers a closed statement's sums.
func (a *api) getStatement(c *call) error {
	s, err := a.statementOf(c)
	if err != nil {
		return err
	}
	if _, err := c.parameters(); err != nil {
		return err
	}
	return c.reply(http.StatusOK, statementView(s))
}

// statementFile streams a closed statement's file. Whatever its format, the
// header Statement-SHA256 is the hash of the JSON file, which is the record.
func (a *api) statementFile(c *call) error {
	values, err := c.parameters("format", "language")
	if err != nil {
		return err
	}
	format := statement.Format(values["format"])
	if values["format"] == "" {
		format = statement.PDF
	}
	if !slices.Contains(statement.Formats(), format) {
		return badParameter("format", "want json, csv, xlsx or pdf")
	}
	language := statement.Language(values["language"])
	if language != "" && language != statement.Indonesian && language != statement.English {
		return badParameter("language", "want id or en")
	}
	c.act.Format = string(format)
	s, err := a.statementOf(c)
	if err != nil {
		return err
	}
	// A file is named by these alone; the whole head is read where it is written.
	head := statement.Head{Merchant: statement.Party{ID: s.Merchant}, No: s.No, From: s.From, To: s.To}
	return c.send(download{
		name: statement.FileName(head, format), contentType: format.ContentType(),
		header: [2]string{"Statement-SHA256", s.SHA256}, onDisk: format == statement.XLSX,
		write: func(ctx context.Context, w io.Writer, told reconcile.Progress) error {
			return a.Statements.ExportStatement(ctx, s.Merchant, s.No, format, language, w, told)
		},
	})
}
