package settlements

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"strconv"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/sheet"
	"paypoint/reconcile/statement"
)

// pageStatements is how many statements stand on a page.
const pageStatements = 50

// statementsView is a page of statements.
type statementsView struct {
	Statements []ledger.Statement
	Merchant   string
	// Own says that the person is a merchant's and sees no other.
	Own bool
}

// merchantOf is the merchant whose statements a person sees; "" is all.
func merchantOf(c *frame.Call, asked string) string {
	if own, all := c.Scope(); !all {
		return own
	}
	return asked
}

// listStatements lists merchants' statements by merchant and number.
func (a *area) listStatements(c *frame.Call) error {
	q, err := c.Query(frame.Param{Name: "merchant", Kind: frame.Text, Word: "settlements.statements.merchant", Max: 100})
	if err != nil {
		return err
	}
	_, all := c.Scope()
	merchant := merchantOf(c, q.Text("merchant"))
	// Another merchant's are not found, as those of one that is not there.
	if asked := q.Text("merchant"); asked != "" && asked != merchant {
		return frame.NotFound("settlements.statements.unknown")
	}
	return c.List(c.T("settlements.statements.title"), frame.List{
		Page: "settlements/statements", Name: "statements", Query: q, Columns: statementColumns(),
		Rows: func(ctx context.Context) iter.Seq2[[]any, error] { return a.statementRows(ctx, merchant) },
		View: func(ctx context.Context) (any, error) {
			page, next, err := a.Statements.Statements(ctx, merchant, q.Before(), pageStatements)
			if errors.Is(err, ledger.ErrPlace) {
				return nil, q.NoPlace()
			}
			q.Shown(len(page))
			q.Next(next)
			return statementsView{Statements: page, Merchant: q.Text("merchant"), Own: !all}, err
		},
	})
}

// statementColumns are those of the export.
func statementColumns() []sheet.Column {
	return []sheet.Column{
		{Name: "merchant"}, {Name: "no", Kind: sheet.Serial}, {Name: "from", Kind: sheet.Day}, {Name: "to", Kind: sheet.Day},
		{Name: "sales", Kind: sheet.Rupiah}, {Name: "partner_fee", Kind: sheet.Rupiah}, {Name: "own_fee", Kind: sheet.Rupiah},
		{Name: "vat", Kind: sheet.Rupiah}, {Name: "withheld", Kind: sheet.Rupiah}, {Name: "collected", Kind: sheet.Rupiah},
		{Name: "net_payable", Kind: sheet.Rupiah}, {Name: "paid_out", Kind: sheet.Rupiah}, {Name: "outstanding", Kind: sheet.Rupiah},
		{Name: "closed_at (WIB)", Kind: sheet.Time}, {Name: "closed_by"}, {Name: "sha256", Width: 66},
	}
}

// statementRows are all of them in the order of statementColumns.
func (a *area) statementRows(ctx context.Context, merchant string) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for after, more := "", true; more; {
			page, next, err := a.Statements.Statements(ctx, merchant, after, pageStatements)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, s := range page {
				row := []any{
					s.Merchant, s.No, s.From, s.To, s.Sales, s.PartnerFee, s.OwnFee, s.VAT, s.Withheld, s.Collected,
					s.NetPayable, s.PaidOut, s.Outstanding(), s.At, s.By, s.SHA256,
				}
				if !yield(row, nil) {
					return
				}
			}
			after, more = next, next != ""
		}
	}
}

// statementIn is the statement in a request's path. Another merchant's is not found,
// as one that is not there.
func (a *area) statementIn(c *frame.Call) (ledger.Statement, error) {
	merchant := c.R.PathValue("merchant")
	no, err := strconv.ParseUint(c.R.PathValue("no"), 10, 64)
	if err != nil || merchantOf(c, merchant) != merchant {
		return ledger.Statement{}, frame.NotFound("settlements.statements.unknown")
	}
	s, err := a.Books.Statement(c.Context(), merchant, no)
	if errors.Is(err, ledger.ErrNotFound) {
		return s, frame.NotFound("settlements.statements.unknown")
	}
	return s, err
}

// statementView is the page of one statement.
type statementView struct {
	ledger.Statement

	Formats   []statement.Format
	Languages []statement.Language
}

// showStatement shows one.
func (a *area) showStatement(c *frame.Call) error {
	s, err := a.statementIn(c)
	if err != nil {
		return err
	}
	if _, err := c.Query(); err != nil {
		return err
	}
	view := statementView{Statement: s, Formats: statement.Formats(), Languages: []statement.Language{statement.Indonesian, statement.English}}
	return c.Page("settlements/statement", frame.Page{
		Title: c.T("settlements.statement.title", "merchant", s.Merchant, "no", int64(s.No)), Data: view, Print: true, // #nosec G115 -- counts statements
	})
}

// sendStatement sends a statement's file, in the language asked for or the person's.
func (a *area) sendStatement(c *frame.Call) error {
	s, err := a.statementIn(c)
	if err != nil {
		return err
	}
	q, err := c.Query(frame.Param{
		Name: "language", Kind: frame.Choice, Choices: []string{string(statement.Indonesian), string(statement.English)},
		Word: "settlements.statement.language", ChoiceWord: "settlements.language.",
	})
	if err != nil {
		return err
	}
	format, language := statement.Format(c.R.PathValue("format")), statement.Language(c.Language())
	if !slices.Contains(statement.Formats(), format) {
		return frame.NotFound("settlements.no_format")
	}
	if asked := q.Choice("language"); asked != "" {
		language = statement.Language(asked)
	}
	c.Object(audit.KindStatement, s.Merchant+"/"+strconv.FormatUint(s.No, 10))
	name := "statement-" + s.Merchant + "-" + strconv.FormatUint(s.No, 10) + "-" + string(s.From) + "-" + string(s.To) + "." + string(format)
	return c.Download(name, format.ContentType(), func(w io.Writer) error {
		return a.Statements.ExportStatement(c.Context(), s.Merchant, s.No, format, language, w, nil)
	})
}

// closingView is the page that asks before statements are closed.
type closingView struct {
	// To is the last closed day, which is suggested.
	To ledger.Day
}

// askStatements shows the form.
func (a *area) askStatements(c *frame.Call) error {
	if _, err := c.Query(); err != nil {
		return err
	}
	return a.statementsPage(c, a.today().Previous(), nil)
}

func (a *area) statementsPage(c *frame.Call, to ledger.Day, faults frame.Faults) error {
	return c.Page("settlements/close-statements", frame.Page{Title: c.T("settlements.closing.title"), Data: closingView{To: to}, Faults: faults})
}

// closeStatements closes the next statement of every merchant up to a day.
func (a *area) closeStatements(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	to := form.Day("to")
	if form.Err() != nil {
		return a.statementsPage(c, a.today().Previous(), form.Faults())
	}
	c.Object(audit.KindDay, string(to))
	c.Patient()
	closed, err := a.Statements.CloseStatements(context.WithoutCancel(c.Context()), to, nil, c.Person().ID, nil)
	if err != nil {
		return notClosed(c, to, len(closed), err)
	}
	return c.Done("/statements", "settlements.closing.closed", "count", len(closed), "day", c.Language().Day(to))
}

// notClosed is why not all statements were closed. Those that were stay so.
func notClosed(c *frame.Call, to ledger.Day, closed int, err error) error {
	switch {
	case errors.Is(err, statement.ErrTerms):
		return frame.Refused("settlements.closing.no_terms", "count", closed)
	case errors.Is(err, reconcile.ErrRatesInUse):
		return frame.Refused("settlements.closing.rates", "count", closed)
	default:
		return aboutDay(c, to, err)
	}
}
