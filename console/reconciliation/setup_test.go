package reconciliation_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/clocktest"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/console/reconciliation"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/settlement"
	"paypoint/store/memory"
)

// saturday and sunday are the days before the site's clock, and of it.
const (
	saturday ledger.Day = "2026-11-21"
	sunday   ledger.Day = "2026-11-22"
)

// office is the area over the real ledger, settlement and reconciliation.
type office struct {
	*frametest.Site

	ledger     *ledger.Service
	settlement *settlement.Service
	finance    *reconcile.Service
	area       frame.Area
	// gate, where it is set, holds imports until it is closed or its context ends.
	gate chan struct{}
	// matching, where it is set, holds matches until it is closed.
	matching chan struct{}
	// panics, where it is set, is told what the log is, and imports panic.
	panics chan error
	// temp takes what is uploaded.
	temp     string
	payments int
}

// held is reconciliation whose imports wait at a gate.
type held struct {
	*reconcile.Service

	office *office
}

func (h held) Import(ctx context.Context, in reconcile.FileIn, p reconcile.Progress) (ledger.PartnerFile, bool, error) {
	if h.office.panics != nil {
		panic("a reader's fault")
	}
	if h.office.gate != nil {
		p(1234, 0)
		select {
		case <-h.office.gate:
		case <-ctx.Done():
			return ledger.PartnerFile{}, false, ctx.Err()
		}
	}
	return h.Service.Import(ctx, in, p)
}

func (h held) Match(ctx context.Context, day ledger.Day, by string, p reconcile.Progress) (reconcile.Outcome, error) {
	if h.office.matching != nil {
		<-h.office.matching
	}
	return h.Service.Match(ctx, day, by, p)
}

func setup(t *testing.T) *office {
	t.Helper()
	return setupOver(t, memory.Open())
}

func setupOver(t *testing.T, store ledger.Store) *office {
	t.Helper()
	o := &office{temp: t.TempDir()}
	clock := clocktest.At(frametest.Start())
	agreement := ledger.Agreement{PartnerID: "PAYPOINT", CutOff: 24 * time.Hour, CloseDelay: 2 * time.Hour, FeeRemitted: true}
	o.ledger = ledger.NewService(store, agreement, clock.Now)
	o.settlement = settlement.New(settlement.Config{Ledger: o.ledger, TempDir: t.TempDir()})
	o.finance = reconcile.New(reconcile.Config{
		Ledger: o.ledger, Settlement: o.settlement, Dir: filepath.Join(t.TempDir(), "files"), TempDir: t.TempDir(),
		Profile: partnerfile.Simulated(), Now: clock.Now,
	})
	o.area = reconciliation.New(reconciliation.Config{
		Reconciliation: held{o.finance, o}, Cases: o.ledger, Profile: partnerfile.Simulated(), CutOff: 24 * time.Hour,
		Ours: "PT Pihak Pertama", Theirs: "Indomaret", NewReceipt: func() string { return "RECEIPT0000000001" },
		TempDir: o.temp, Now: clock.Now, Failed: func(what string, err error) {
			if o.panics == nil {
				t.Errorf("%s: %v", what, err)
				return
			}
			o.panics <- err
		},
	})
	o.Site = frametest.NewWith(t, frametest.Options{Clock: clock, Areas: func(*frametest.Site) []frame.Area { return []frame.Area{o.area} }})
	return o
}

// payment is one as both sides may have it.
type payment struct {
	Code        ledger.PaymentCode
	Ref         ledger.TrackingRef
	Store       string
	At          time.Time
	Amount, Fee ledger.Rupiah
	Reversed    bool
}

// at moves the clock to a time of a day, in WIB.
func (o *office) at(t *testing.T, day ledger.Day, clock string) {
	t.Helper()
	at, err := time.ParseInLocation(ledger.WireTime, string(day)+" "+clock, ledger.WIB)
	require.NoError(t, err)
	o.Clock.Advance(at.Sub(o.Clock.Now()))
}

// pay books a payment of a new code at the clock's time.
func (o *office) pay(t *testing.T, amount ledger.Rupiah, store string) payment {
	t.Helper()
	o.payments++
	now := o.Clock.Now()
	charge, err := o.ledger.Charge(t.Context(), ledger.NewCharge{
		ID: fmt.Sprintf("charge-%d", o.payments), Merchant: frametest.Merchant, Prefix: "888",
		Order: fmt.Sprintf("order-%d", o.payments), Amount: amount, MinAmount: amount, Expires: now.Add(time.Hour),
	})
	require.NoError(t, err)
	p := payment{
		Code: charge.Code, Ref: ledger.TrackingRef(fmt.Sprintf("T%09d", o.payments)), Store: store, At: now, Amount: amount,
	}
	result, err := o.ledger.Pay(t.Context(), ledger.Payment{
		Code: p.Code, Ref: p.Ref, Amount: amount, Store: store, MessageID: "M" + string(p.Ref), TimeStamp: now, Receipt: "R" + string(p.Ref),
	})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
	return p
}

// closed is an office whose Saturday is closed with two payments.
func closed(t *testing.T) (*office, []payment) {
	t.Helper()
	o := setup(t)
	o.at(t, saturday, "10:00:00")
	paid := []payment{o.pay(t, 50_000, "T001"), o.pay(t, 70_000, "T002")}
	o.at(t, sunday, "08:00:00")
	_, err := o.settlement.Close(t.Context(), saturday, false, "operator")
	require.NoError(t, err)
	return o, paid
}

// fileOf is Indomaret's file of a day, in the shape of partnerfile.Simulated.
func fileOf(day ledger.Day, sequence int, payments ...payment) string {
	var lines bytes.Buffer
	var paid, reversed int
	var amount, reversedAmount, fee ledger.Rupiah
	for i, p := range payments {
		status := "PAID"
		if p.Reversed {
			status, reversed, reversedAmount = "REVERSED", reversed+1, reversedAmount+p.Amount
		} else {
			paid, amount, fee = paid+1, amount+p.Amount, fee+p.Fee
		}
		fmt.Fprintf(&lines, "D|%d|%s|%s|%s|%s||%d|%d|%d|%s|||\n", i+1, p.At.In(ledger.WIB).Format(ledger.WireTime), p.Store, p.Ref, p.Code,
			p.Amount, p.Fee, p.Amount, status)
	}
	return fmt.Sprintf("H|1|INDOMARET|%s|%d|%s 23:59:59|N\n%sT|%d|%d|%d|%d|%d|%d|%x\n", day, sequence, day, lines.String(),
		paid, amount, reversed, reversedAmount, fee, amount, sha256.Sum256(lines.Bytes()))
}

// upload sends a file as a browser sends the form of a page.
func (o *office) upload(t *testing.T, as *frametest.Client, page, name, body string) *frametest.Answer {
	t.Helper()
	return o.send(t, as, as.Get(page), name, strings.NewReader(body))
}

// send is upload from a page that was fetched before.
func (o *office) send(t *testing.T, as *frametest.Client, page *goquery.Document, name string, body io.Reader) *frametest.Answer {
	t.Helper()
	form := page.Find("form.upload")
	require.Equal(t, 1, form.Length())
	var multi bytes.Buffer
	w := multipart.NewWriter(&multi)
	for key, values := range frametest.Values(form) {
		require.NoError(t, w.WriteField(key, values[0]))
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", fmt.Sprintf(`form-data; name="file"; filename="%s"`, strings.NewReplacer("\\", "\\\\", `"`, "\\\"").Replace(name)))
	header.Set("Content-Type", "application/octet-stream")
	part, err := w.CreatePart(header)
	require.NoError(t, err)
	_, err = io.Copy(part, body)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	to := strings.TrimPrefix(form.AttrOr("action", ""), frame.Root)
	return as.Do(http.MethodPost, to, &multi, http.Header{"Content-Type": {w.FormDataContentType()}, "Origin": {o.URL}})
}

func (o *office) clerk() *frametest.Client { return o.As(access.RoleFinance) }

// uploadSlowly begins to upload a file, whose bytes the caller writes into sender.
func (o *office) uploadSlowly(t *testing.T, clerk *frametest.Client, name string) (sender *io.PipeWriter, answers <-chan *frametest.Answer) {
	t.Helper()
	body, sender := io.Pipe()
	page := clerk.Get("/reconciliation/upload")
	header := http.Header{"Content-Type": {"multipart/form-data; boundary=b"}, "Origin": {o.URL}}
	answered := make(chan *frametest.Answer, 1)
	go func() { answered <- clerk.Do(http.MethodPost, "/reconciliation/upload", body, header) }()
	for key, values := range frametest.Values(page.Find("form.upload")) {
		_, err := fmt.Fprintf(sender, "--b\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", key, values[0])
		require.NoError(t, err)
	}
	_, err := fmt.Fprintf(sender, "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=%q\r\n\r\n", name)
	require.NoError(t, err)
	return sender, answered
}

// text is what a page's main part reads, with single blanks.
func text(page *goquery.Document) string {
	return strings.Join(strings.Fields(page.Find("main").Text()), " ")
}
