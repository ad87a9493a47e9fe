package notifications_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/console/notifications"
	"paypoint/ledger"
	"paypoint/notify"
	"paypoint/notify/notifytest"
)

// bundle is the console over a real ledger, with real deliveries to real receivers.
type bundle struct {
	*frametest.Site
	notify *notify.Service
	area   frame.Area
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{}
	b.Site = frametest.NewWith(t, frametest.Options{Areas: func(s *frametest.Site) []frame.Area {
		b.notify = notify.New(notify.Config{
			Ledger: s.Ledger, Merchants: s.Directory, History: notifytest.History(t), Render: charge.Notification, Now: s.Clock.Now,
			Jitter: func(time.Duration) time.Duration { return 0 }, AllowPrivate: true, Timeout: 5 * time.Second,
		})
		b.area = notifications.New(notifications.Config{
			Ledger: s.Ledger, Deliveries: b.notify, Merchants: s.Directory, MaskURL: notify.MaskURL, ID: charge.NotificationID, Now: s.Clock.Now,
		})
		return []frame.Area{b.area}
	}})
	return b
}

// notifyAt sets the URLs of a merchant.
func (b *bundle) notifyAt(t *testing.T, merchant string, urls ...string) {
	t.Helper()
	require.NoError(t, b.Directory.SetNotificationURLs(t.Context(), "tester", merchant, urls, true))
}

// merchant adds one that is notified at URLs.
func (b *bundle) merchant(t *testing.T, name string, urls ...string) access.Merchant {
	t.Helper()
	m, _, err := b.Directory.Add(t.Context(), "tester", access.NewMerchant{Name: name})
	require.NoError(t, err)
	b.notifyAt(t, m.ID, urls...)
	return m
}

// charge makes one and returns its notice's Seq.
func (b *bundle) charge(t *testing.T, merchant, order string) (ledger.Charge, uint64) {
	t.Helper()
	c, err := b.Ledger.Charge(t.Context(), b.NewCharge(merchant, order))
	require.NoError(t, err)
	_, life, err := b.Ledger.Life(t.Context(), merchant, c.ID)
	require.NoError(t, err)
	return c, life[0].Seq
}

// deliver lets everything be tried that is due.
func (b *bundle) deliver(t *testing.T) {
	t.Helper()
	require.NoError(t, b.notify.Step(t.Context()))
	b.notify.Wait()
}

// pageOf is the page of a notification.
func pageOf(seq uint64) string { return fmt.Sprintf("/notifications/%d", seq) }
