package settlements_test

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	"paypoint/console/settlements"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/settlement"
	"paypoint/reconcile/statement"
	"paypoint/store/memory"
)

// The days of most tests: the site's clock stands on the Sunday.
const (
	friday   ledger.Day = "2026-11-20"
	saturday ledger.Day = "2026-11-21"
	sunday   ledger.Day = "2026-11-22"
)

// other is a merchant beside frametest.Merchant.
const other = "G000000002"

// office is the area over the real ledger, settlement and statements.
type office struct {
	*frametest.Site

	ledger     *ledger.Service
	settlement *settlement.Service
	finance    *reconcile.Service
	area       frame.Area
	runs       runs
	// bend, where it is set, changes the bytes of text files as damage would.
	bend func(string) string
	// forge, where it is set, is the recorded hash of every listed batch.
	forge string
	// broken, where it is set, is why no file can be made.
	broken error
	// failed takes what is told to the log of checks that could not be made.
	failed   chan string
	payments int
}

// runs are the schedule's records, by day. Those with noRecords can't be used.
type runs map[ledger.Day]delivery.Run

const noRecords ledger.Day = "damaged"

func (r runs) err() error {
	if _, damaged := r[noRecords]; damaged {
		return delivery.ErrDamaged
	}
	return nil
}

func (r runs) Get(_ context.Context, _ string, day ledger.Day) (delivery.Run, error) {
	if err := r.err(); err != nil {
		return delivery.Run{}, err
	}
	run, is := r[day]
	if !is {
		return run, delivery.ErrNoRun
	}
	return run, nil
}

func (r runs) List(_ context.Context, _ string, before ledger.Day, _ int) ([]delivery.Run, error) {
	if err := r.err(); err != nil {
		return nil, err
	}
	var list []delivery.Run
	for day, run := range r {
		if day < before {
			list = append(list, run)
		}
	}
	return list, nil
}

// bent is a settlement whose files may be damaged.
type bent struct {
	*settlement.Service

	office *office
}

func (b bent) Export(ctx context.Context, day ledger.Day, f settlement.Format, w io.Writer, p settlement.Progress) error {
	if b.office.broken != nil {
		return b.office.broken
	}
	if b.office.bend == nil || f != settlement.TXT {
		return b.Service.Export(ctx, day, f, w, p)
	}
	var whole strings.Builder
	err := b.Service.Export(ctx, day, f, &whole, p)
	_, writeErr := io.WriteString(w, b.office.bend(whole.String()))
	return errors.Join(err, writeErr)
}

func (b bent) List(ctx context.Context, from ledger.Day, limit int) ([]ledger.Batch, error) {
	list, err := b.Service.List(ctx, from, limit)
	for i := range list {
		if b.office.forge != "" {
			list[i].SHA256 = b.office.forge
		}
	}
	return list, err
}

func setup(t *testing.T) *office {
	t.Helper()
	o := &office{runs: runs{}, failed: make(chan string, 10)}
	clock := clocktest.At(frametest.Start())
	agreement := ledger.Agreement{PartnerID: "PAYPOINT", CutOff: 24 * time.Hour, CloseDelay: 2 * time.Hour, FeeRemitted: true}
	o.ledger = ledger.NewService(memory.Open(), agreement, clock.Now)
	o.settlement = settlement.New(settlement.Config{Ledger: o.ledger, TempDir: t.TempDir()})
	o.finance = reconcile.New(reconcile.Config{
		Ledger: o.ledger, Settlement: o.settlement, Dir: filepath.Join(t.TempDir(), "files"), TempDir: t.TempDir(),
		Profile: partnerfile.Simulated(), Now: clock.Now, Issuer: statement.Party{Name: "Paypoint"},
		Party: func(_ context.Context, merchant string) (statement.Party, error) {
			return statement.Party{ID: merchant, Name: "Toko " + merchant}, nil
		},
		DefaultTerms: statement.Terms{{From: "2026-01-01", Own: statement.Tariff{Fixed: 1000}, VAT: 1100}},
	})
	o.area = settlements.New(settlements.Config{
		Settlement: bent{o.settlement, o}, Days: o.finance, Payments: o.ledger, Journal: o.ledger.Reader(), Runs: o.runs,
		Statements: o.finance, Books: o.ledger, SettleJob: "settle", CutOff: 24 * time.Hour, Now: clock.Now,
		Failed: func(what string, err error) { o.failed <- what + ": " + err.Error() },
	})
	o.Site = frametest.NewWith(t, frametest.Options{Clock: clock, Areas: func(*frametest.Site) []frame.Area { return []frame.Area{o.area} }})
	return o
}

// at moves the clock to a time of a day, in WIB.
func (o *office) at(t *testing.T, day ledger.Day, clock string) {
	t.Helper()
	at, err := time.ParseInLocation(ledger.WireTime, string(day)+" "+clock, ledger.WIB)
	require.NoError(t, err)
	o.Clock.Advance(at.Sub(o.Clock.Now()))
}

// pay books a payment of a new code, with the clock's time as its TimeStamp.
func (o *office) pay(t *testing.T, merchant string, amount ledger.Rupiah) ledger.Payment {
	t.Helper()
	return o.payStamped(t, merchant, amount, o.Clock.Now())
}

// payStamped books one whose message was sent at another time.
func (o *office) payStamped(t *testing.T, merchant string, amount ledger.Rupiah, stamp time.Time) ledger.Payment {
	t.Helper()
	o.payments++
	charge, err := o.ledger.Charge(t.Context(), ledger.NewCharge{
		ID: fmt.Sprintf("charge-%d", o.payments), Merchant: merchant, Prefix: "888", Order: fmt.Sprintf("order-%d", o.payments),
		Amount: amount, MinAmount: amount, Fee: 2500, Expires: o.Clock.Now().Add(time.Hour),
	})
	require.NoError(t, err)
	p := ledger.Payment{
		Code: charge.Code, Ref: ledger.TrackingRef(fmt.Sprintf("T%09d", o.payments)), Amount: amount, Store: "T001",
		MessageID: fmt.Sprintf("M%09d", o.payments), TimeStamp: stamp, Receipt: fmt.Sprintf("R%09d", o.payments),
	}
	result, err := o.ledger.Pay(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
	return p
}

// close closes days as an operator does.
func (o *office) close(t *testing.T, days ...ledger.Day) {
	t.Helper()
	for _, day := range days {
		_, err := o.settlement.Close(t.Context(), day, true, "operator")
		require.NoError(t, err)
	}
}

// sold is an office with payments on three days, of two merchants; it is Sunday.
func sold(t *testing.T) *office {
	t.Helper()
	o := setup(t)
	o.at(t, friday, "10:00:00")
	o.pay(t, frametest.Merchant, 50_000)
	o.at(t, saturday, "10:00:00")
	o.pay(t, frametest.Merchant, 70_000)
	o.pay(t, other, 30_000)
	o.at(t, sunday, "09:00:00")
	o.pay(t, other, 20_000)
	return o
}

func (o *office) clerk() *frametest.Client { return o.As(access.RoleFinance) }

// text is what a page's main part reads, with single blanks.
func text(page *goquery.Document) string {
	return strings.Join(strings.Fields(page.Find("main").Text()), " ")
}
