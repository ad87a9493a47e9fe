package payments_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/clocktest"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/console/payments"
	"paypoint/ledger"
	"paypoint/notify"
	"paypoint/notify/notifytest"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/settlement"
	"paypoint/soap"
	"paypoint/store/boltdb"
	"paypoint/store/memory"
)

// The clock of frametest stands at 14:05:09 on a Sunday.
const (
	friday   ledger.Day = "2026-11-20"
	saturday ledger.Day = "2026-11-21"
	sunday   ledger.Day = "2026-11-22"
)

// desk is a console with the area over a whole bundle: ledger, notifications,
// reconciliation and wire messages, all of them the real ones.
type desk struct {
	t         testing.TB
	site      *frametest.Site
	clock     *clocktest.Clock
	ledger    *ledger.Service
	directory *access.Directory
	notify    *notify.Service
	settle    *settlement.Service
	finance   *reconcile.Service
	wire      *soap.WireLog
	receiver  *httptest.Server
	// answer is what the merchants' receiver answers.
	answer atomic.Int32
	// mine is the merchant of frametest's person, other another one.
	mine, other access.Merchant
	made        int
}

// setup is a desk whose ledger is on disk.
func setup(t *testing.T) *desk {
	t.Helper()
	store, err := boltdb.Open(filepath.Join(t.TempDir(), "ledger.db"), boltdb.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return over(t, store)
}

// inMemory is a desk for tests of many payments.
func inMemory(t *testing.T) *desk { return over(t, memory.Open()) }

func over(t *testing.T, store ledger.Store) *desk {
	t.Helper()
	d := &desk{t: t, clock: clocktest.At(frametest.Start())}
	agreement := ledger.Agreement{PartnerID: "PAYPOINT", Grace: 5 * time.Minute, CutOff: 24 * time.Hour, CloseDelay: 2 * time.Hour, FeeRemitted: true}
	d.ledger = ledger.NewService(store, agreement, d.clock.Now)
	d.openDirectory()
	d.openNotify()
	d.settle = settlement.New(settlement.Config{Ledger: d.ledger, TempDir: t.TempDir()})
	d.finance = reconcile.New(reconcile.Config{
		Ledger: d.ledger, Settlement: d.settle, Dir: filepath.Join(t.TempDir(), "files"), TempDir: t.TempDir(),
		Profile: partnerfile.Simulated(), Now: d.clock.Now,
	})
	var err error
	d.wire, err = soap.OpenWireLog(soap.WireLogConfig{
		Dir: filepath.Join(t.TempDir(), "wire"), Flush: time.Millisecond, Now: d.clock.Now, Key: bytes.Repeat([]byte{7}, 32),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.wire.Close()) })
	area := payments.New(payments.Config{
		Ledger: d.ledger, Notifications: d.notify, Messages: d.wire, Reconciliation: d.finance, Merchants: d.directory,
	})
	d.site = frametest.NewWith(t, frametest.Options{Clock: d.clock, Areas: func(*frametest.Site) []frame.Area { return []frame.Area{area} }})
	return d
}

func (d *desk) openDirectory() {
	d.t.Helper()
	key, err := access.CreateMasterKey(filepath.Join(d.t.TempDir(), "master.key"))
	require.NoError(d.t, err)
	sealer, err := access.NewSealer(key)
	require.NoError(d.t, err)
	d.directory, err = access.OpenDirectory(d.t.Context(), d.ledger, sealer, d.clock.Now)
	require.NoError(d.t, err)
	d.mine, d.other = d.merchant("Toko Maju"), d.merchant("Warung Sari")
	require.Equal(d.t, frametest.Merchant, d.mine.ID)
}

// merchant adds one with a hold of a minute.
func (d *desk) merchant(name string) access.Merchant {
	d.t.Helper()
	m, _, err := d.directory.Add(d.t.Context(), "tester", access.NewMerchant{Name: name, Hold: time.Minute})
	require.NoError(d.t, err)
	return m
}

func (d *desk) openNotify() {
	d.t.Helper()
	d.answer.Store(http.StatusOK)
	d.receiver = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(d.answer.Load()))
	}))
	d.t.Cleanup(d.receiver.Close)
	d.notify = notify.New(notify.Config{
		Ledger: d.ledger, Merchants: d.directory, History: notifytest.History(d.t), Render: charge.Notification, Now: d.clock.Now,
		Jitter: func(time.Duration) time.Duration { return 0 }, AllowPrivate: true,
		Report: notify.Report{Error: func(err error) { d.t.Error(err) }},
	})
}

// told sets where a merchant is told of changes.
func (d *desk) told(m access.Merchant) {
	d.t.Helper()
	require.NoError(d.t, d.directory.SetNotificationURLs(d.t.Context(), "tester", m.ID, []string{d.receiver.URL}, true))
}

// step releases what is due and delivers what waits.
func (d *desk) step() {
	d.t.Helper()
	_, err := d.ledger.Sweep(d.t.Context())
	require.NoError(d.t, err)
	require.NoError(d.t, d.notify.Step(d.t.Context()))
	d.notify.Wait()
}

// paid is a payment as the tests know it.
type paid struct {
	ID, Order, Store, Receipt string
	Code                      ledger.PaymentCode
	Ref                       ledger.TrackingRef
	Amount, Fee               ledger.Rupiah
	At                        time.Time
	Merchant                  string
	Phone                     string
}

func (p paid) path() string { return "/payments/" + p.ID }

// charge gives out a code. alter changes what is asked for.
func (d *desk) charge(m access.Merchant, amount ledger.Rupiah, alter ...func(*ledger.NewCharge)) paid {
	d.t.Helper()
	d.made++
	n := ledger.NewCharge{
		ID: uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, d.made)).String(), Merchant: m.ID, Prefix: m.Prefix, Hold: m.Hold,
		Order: fmt.Sprintf("INV-%d", d.made), Amount: amount, MinAmount: amount, Fee: 5000,
		Expires: d.clock.Now().Add(48 * time.Hour), Details: ledger.Details{Salt: "5a", Customer: "Siti", Desc: "Sepatu"},
	}
	for _, change := range alter {
		change(&n)
	}
	c, err := d.ledger.Charge(d.t.Context(), n)
	require.NoError(d.t, err)
	return paid{
		ID: c.ID, Order: c.Order, Code: c.Code, Store: "T001", Amount: c.Amount, Fee: c.Fee, Merchant: m.ID,
		Ref: ledger.TrackingRef(fmt.Sprintf("TRX%06d", d.made)), Receipt: fmt.Sprintf("STR%06d", d.made),
	}
}

// pay books a payment of a new code.
func (d *desk) pay(m access.Merchant, amount ledger.Rupiah, alter ...func(*ledger.NewCharge)) paid {
	d.t.Helper()
	return d.book(d.charge(m, amount, alter...))
}

// book books a payment.
func (d *desk) book(p paid) paid {
	d.t.Helper()
	p.At = d.clock.Now()
	result, err := d.ledger.Pay(d.t.Context(), ledger.Payment{
		Code: p.Code, Ref: p.Ref, Amount: p.Amount, Store: p.Store, MessageID: "M" + string(p.Ref), TimeStamp: p.At, Receipt: p.Receipt,
	})
	require.NoError(d.t, err)
	require.Equal(d.t, ledger.ReasonApproved, result.Reason)
	return p
}

// released books a payment and lets its hold pass.
func (d *desk) released(m access.Merchant, amount ledger.Rupiah, alter ...func(*ledger.NewCharge)) paid {
	d.t.Helper()
	p := d.pay(m, amount, alter...)
	d.clock.Advance(2 * time.Minute)
	d.step()
	return p
}

func (d *desk) reverse(p paid) ledger.Reason {
	d.t.Helper()
	result, err := d.ledger.Reverse(d.t.Context(), ledger.Reversal{Code: p.Code, Ref: p.Ref, Amount: p.Amount, Store: p.Store})
	require.NoError(d.t, err)
	return result.Reason
}

// compare closes a day and compares it with Indomaret's file of payments.
func (d *desk) compare(day ledger.Day, theirs ...paid) {
	d.t.Helper()
	_, err := d.settle.Close(d.t.Context(), day, true, "operator")
	require.NoError(d.t, err)
	d.take(day, theirs...)
}

// take imports Indomaret's file of a day and matches the day.
func (d *desk) take(day ledger.Day, theirs ...paid) {
	d.t.Helper()
	file := reconcile.FileIn{Day: day, Name: "day.txt", Body: bytes.NewReader(fileOf(day, theirs...)), By: "ani"}
	_, isNew, err := d.finance.Import(d.t.Context(), file, nil)
	require.NoError(d.t, err)
	require.True(d.t, isNew)
	outcome, err := d.finance.Match(d.t.Context(), day, "ani", nil)
	require.NoError(d.t, err)
	require.True(d.t, outcome.Done)
}

// fileOf is Indomaret's file of a day, in the shape of partnerfile.Simulated.
func fileOf(day ledger.Day, payments ...paid) []byte {
	var lines, file bytes.Buffer
	var amount, fee ledger.Rupiah
	for i, p := range payments {
		amount, fee = amount+p.Amount, fee+p.Fee
		fmt.Fprintf(&lines, "D|%d|%s|%s|%s|%s||%d|%d|%d|PAID|||%s\n", i+1, p.At.In(ledger.WIB).Format(ledger.WireTime), p.Store, p.Ref, p.Code,
			p.Amount, p.Fee, p.Amount, p.Phone)
	}
	fmt.Fprintf(&file, "H|1|INDOMARET|%s|1|%s 23:59:59|N\n%s", day, day, lines.Bytes())
	fmt.Fprintf(&file, "T|%d|%d|0|0|%d|%d|%x\n", len(payments), amount, fee, amount, sha256.Sum256(lines.Bytes()))
	return file.Bytes()
}

// sent puts a till's message into the wire log, and waits until it is found.
func (d *desk) sent(operation soap.Operation, p paid, reason ledger.Reason, answer soap.Answer) {
	d.t.Helper()
	before, err := d.wire.OfCode(d.t.Context(), p.Code, ledger.MaxMessages)
	if err != nil {
		require.ErrorIs(d.t, err, ledger.ErrMessagesNotReady)
	}
	d.wire.Append(soap.Exchange{
		Caller: netip.MustParseAddr("192.0.2.7"), Signed: true, Status: http.StatusOK, Reason: string(reason), Answer: answer, Took: 4 * time.Millisecond,
		Message: &soap.Message{
			Operation: operation, TimeStamp: d.clock.Now().In(ledger.WIB).Format(ledger.WireTime), MessageID: "M" + string(p.Ref),
			PaymentCode: string(p.Code), Amount: p.Amount.String(), TrackingRef: string(p.Ref), StoreID: p.Store, Signature: "signature",
		},
	})
	require.Eventually(d.t, func() bool {
		now, err := d.wire.OfCode(d.t.Context(), p.Code, ledger.MaxMessages)
		return err == nil && len(now) > len(before)
	}, 10*time.Second, 5*time.Millisecond)
}

// text is what a page says, its blanks made one.
func text(s *goquery.Selection) string { return strings.Join(strings.Fields(s.Text()), " ") }

// cells are the texts of the list's column, the newest row first.
func cells(page *goquery.Document, label string) []string {
	all := []string{}
	page.Find("tr[data-row]").Each(func(_ int, row *goquery.Selection) {
		all = append(all, text(row.Find(`td[data-label="`+label+`"]`)))
	})
	return all
}

// fact is the value of a line of a short list.
func fact(page *goquery.Document, label string) string {
	value := ""
	page.Find("dl.facts dt").Each(func(_ int, dt *goquery.Selection) {
		if text(dt) == label {
			value = text(dt.Parent().Find("dd bdi, dd time").First())
		}
	})
	return value
}

// noticesOf are the numbers of the notices that a page can resend.
func noticesOf(page *goquery.Document) []string {
	var all []string
	page.Find(`form[action$="/resend"] input[name=notice]`).Each(func(_ int, input *goquery.Selection) {
		all = append(all, input.AttrOr("value", ""))
	})
	return all
}

// noticeOf is the number of the notice that tells of an event.
func noticeOf(page *goquery.Document, event string) string {
	found := ""
	page.Find("tr:has(input[name=notice])").Each(func(_ int, row *goquery.Selection) {
		if strings.HasPrefix(text(row.Find("th")), event+" ·") {
			found = row.Find("input[name=notice]").AttrOr("value", "")
		}
	})
	return found
}

func casePath(id uint64) string { return fmt.Sprintf("/cases/%d", id) }
