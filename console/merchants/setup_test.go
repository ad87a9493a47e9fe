package merchants_test

import (
	"context"
	"crypto/rand"
	"iter"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/console/merchants"
	"paypoint/ledger"
	"paypoint/notify"
	"paypoint/notify/notifytest"
	"paypoint/reconcile"
	"paypoint/reconcile/settlement"
	"paypoint/reconcile/statement"
)

// bundle is the pages over a real ledger, real deliveries and real books.
type bundle struct {
	*frametest.Site
	notify *notify.Service
	books  *reconcile.Service
	area   frame.Area
	// during happens once while a page lists payments.
	during func()
	// endless drops the ends of old keys, as rotations by an earlier program had none.
	endless bool
}

// rotatedEarlier is a directory whose rotations may be those of an earlier program.
type rotatedEarlier struct {
	*access.Directory
	b *bundle
}

func (d rotatedEarlier) Merchant(id string) (access.Merchant, bool) {
	m, is := d.Directory.Merchant(id)
	if d.b.endless {
		m.Keys[0].Ends = time.Time{}
	}
	return m, is
}

// meddled is a ledger in which something happens while its payments are listed.
type meddled struct {
	*ledger.Service
	b *bundle
}

func (m meddled) EachPayment(ctx context.Context, q ledger.PaymentQuery) iter.Seq2[ledger.PaymentRow, error] {
	if happens := m.b.during; happens != nil {
		m.b.during = nil
		happens()
	}
	return m.Service.EachPayment(ctx, q)
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{}
	b.Site = frametest.NewWith(t, frametest.Options{Areas: func(s *frametest.Site) []frame.Area {
		b.notify = notify.New(notify.Config{
			Ledger: s.Ledger, Merchants: s.Directory, History: notifytest.History(t), Render: charge.Notification, Now: s.Clock.Now, AllowPrivate: true,
		})
		b.books = reconcile.New(reconcile.Config{
			Ledger: s.Ledger, Settlement: settlement.New(settlement.Config{Ledger: s.Ledger, TempDir: t.TempDir()}), Dir: t.TempDir(), Now: s.Clock.Now,
			Issuer: statement.Party{Name: "Issuer"}, DefaultTerms: statement.Terms{{From: "2026-01-01", Own: statement.Tariff{Fixed: 1_500, Share: 50}, VAT: 1_100}},
			Party: func(_ context.Context, id string) (statement.Party, error) {
				m, _ := s.Directory.Merchant(id)
				return statement.Party{ID: id, Name: m.Name}, nil
			},
		})
		b.area = merchants.New(merchants.Config{
			Merchants: rotatedEarlier{s.Directory, b}, Staff: s.Staff, Ledger: meddled{s.Ledger, b}, Books: b.books, Deliveries: b.notify, MaskURL: notify.MaskURL, AllowPrivate: true,
			Limits: merchants.Limits{RequestsPerSecond: 20, Burst: 40, AtOnce: 8, MinAmount: 10_000, MaxAmount: 5_000_000}, Now: s.Clock.Now,
			Test: func(ctx context.Context, merchant string) (string, error) { return b.test(ctx, merchant) },
		})
		return []frame.Area{b.area}
	}})
	return b
}

// test makes a test charge as the program does, and delivers what it tells.
func (b *bundle) test(ctx context.Context, merchant string) (string, error) {
	m, _ := b.Directory.Merchant(merchant)
	made, _, err := charge.MakeTest(ctx, b.Ledger, b.Directory, charge.Test{
		Merchant: m, Terms: charge.Terms{MinAmount: 10_000, MaxAmount: 5_000_000, MinExpiry: time.Minute}, ID: uuid.NewString(), Salt: rand.Text(), Now: b.Clock.Now(),
	})
	if err != nil {
		return "", err
	}
	if err := b.notify.Step(ctx); err != nil {
		return "", err
	}
	b.notify.Wait()
	return made.ID, nil
}

// merchant adds one.
func (b *bundle) merchant(t *testing.T, name string) access.Merchant {
	t.Helper()
	m, _, err := b.Directory.Add(t.Context(), "tester", access.NewMerchant{Name: name})
	require.NoError(t, err)
	return m
}

// charge makes a charge of a merchant.
func (b *bundle) charge(t *testing.T, merchant, order string) ledger.Charge {
	t.Helper()
	c, err := b.Ledger.Charge(t.Context(), b.NewCharge(merchant, order))
	require.NoError(t, err)
	return c
}

// held makes a charge whose payment is kept from its merchant for an hour.
func (b *bundle) held(t *testing.T, order string) ledger.Charge {
	t.Helper()
	m, _ := b.Directory.Merchant(frametest.Merchant)
	n := b.NewCharge(m.ID, order)
	n.Hold = m.Hold
	c, err := b.Ledger.Charge(t.Context(), n)
	require.NoError(t, err)
	return c
}

// reverse takes a payment back at its till.
func (b *bundle) reverse(t *testing.T, c ledger.Charge, ref ledger.TrackingRef) {
	t.Helper()
	result, err := b.Ledger.Reverse(t.Context(), ledger.Reversal{
		Code: c.Code, Ref: ref, Store: "TJKT0001", MessageID: rand.Text(), TimeStamp: b.Clock.Now(), Amount: c.Amount,
	})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
}

// pay pays a charge at a till.
func (b *bundle) pay(t *testing.T, c ledger.Charge, ref ledger.TrackingRef) {
	t.Helper()
	result, err := b.Ledger.Pay(t.Context(), ledger.Payment{
		Code: c.Code, Ref: ref, Store: "TJKT0001", MessageID: rand.Text(), TimeStamp: b.Clock.Now(), Amount: c.Amount, Receipt: rand.Text()[:16],
		Request: "0000000000000000000000000000000000000000000000000000000000000000",
	})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
}
