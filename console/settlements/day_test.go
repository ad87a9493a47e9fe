package settlements_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame/frametest"
	"paypoint/reconcile/delivery"
)

// reason is the form of an early closing.
var reason = url.Values{"reason": {"the till was moved <script>"}}

func TestADayIsClosedOnceAndThenDownloaded(t *testing.T) {
	t.Parallel()
	o := sold(t)
	clerk := o.clerk()
	page := clerk.Get("/settlements/2026-11-21/close")
	require.Contains(t, text(page), "2 payments can't be reversed by a till any more")
	require.Zero(t, page.Find("textarea").Length(), "a day that is over needs no reason")
	answer := clerk.PostFrom(page, "main form", nil)
	day := clerk.Follow(answer)
	require.Contains(t, day.Text(), "is closed as batch 1: 2 payments")
	// The same form again acts no more, and is answered alike.
	again := clerk.PostFrom(page, "main form", nil)
	require.Equal(t, answer.Location, again.Location)
	require.Equal(t, 1, acts(o, "settlement.close"))

	file := clerk.Try(strings.TrimPrefix(day.Find("main a.primary").AttrOr("href", ""), "/console"))
	require.Equal(t, http.StatusOK, file.Status)
	sum := sha256.Sum256(file.Body)
	batch, err := o.settlement.Get(t.Context(), saturday)
	require.NoError(t, err)
	require.Equal(t, batch.SHA256, hex.EncodeToString(sum[:]))
	require.Equal(t, "finance", batch.ClosedBy)
	// The page says of each file what its download has.
	day.Find("table").Eq(1).Find("tbody tr").Each(func(i int, row *goquery.Selection) {
		file := clerk.Try(strings.TrimPrefix(row.Find("th a").AttrOr("href", ""), "/console"))
		sum := sha256.Sum256(file.Body)
		require.Equal(t, hex.EncodeToString(sum[:]), row.Find("code").Text())
	})
}

// acts counts the audit log's entries of an act.
func acts(o *office, act string) int {
	count := 0
	for _, e := range o.Recorded() {
		if e.Act == act {
			count++
		}
	}
	return count
}

// The record of acts says of one person that they closed the day, and it is who did.
func TestOfTwoPersonsOneClosesTheDay(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.at(t, sunday, "03:00:00")
	first, second := o.clerk(), o.As(access.RoleApprover)
	path := "/settlements/" + string(friday)
	form := "main form"
	page, late := first.Get(path+"/close"), second.Get(path+"/close")
	require.Equal(t, http.StatusSeeOther, first.PostFrom(page, form, nil).Status)
	require.Equal(t, http.StatusConflict, second.PostFrom(late, form, nil).Status)
	var done []string
	for _, entry := range o.Recorded() {
		if entry.Object.Kind == "day" && entry.Result == audit.Done {
			done = append(done, entry.Who)
		}
	}
	require.Equal(t, []string{"finance"}, done)
}

func TestClosingEarlyNeedsAReason(t *testing.T) {
	t.Parallel()
	o := sold(t)
	clerk := o.clerk()
	page := clerk.Get("/settlements/2026-11-22/close")
	require.Contains(t, text(page), "it closes from 23 Nov 2026, 02:00 WIB on")
	refused := clerk.PostFrom(page, "main form", nil)
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	batch, err := o.settlement.Get(t.Context(), sunday)
	require.NoError(t, err)
	require.False(t, batch.Closed())
	clerk.Follow(clerk.PostFrom(page, "main form", reason))
	batch, err = o.settlement.Get(t.Context(), sunday)
	require.NoError(t, err)
	require.True(t, batch.Early)
	entries := o.Recorded()
	require.Equal(t, reason.Get("reason"), entries[len(entries)-1].Reason)
	require.Equal(t, http.StatusConflict, clerk.Try("/settlements/2026-11-22/close").Status, "it is closed")
}

func TestADayWithoutPaymentsIsClosedToo(t *testing.T) {
	t.Parallel()
	o := sold(t)
	clerk := o.clerk()
	page := clerk.Get("/settlements/2026-11-19/close")
	require.Contains(t, text(page), "0 payments")
	clerk.Follow(clerk.PostFrom(page, "main form", nil))
	require.Equal(t, http.StatusConflict, clerk.Post("/settlements/2026-12-25/close", reason).Status, "a day that has not begun")
}

func TestADayShowsItsPlaceInTheChain(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.close(t, friday, saturday)
	before, err := o.settlement.Get(t.Context(), friday)
	require.NoError(t, err)
	day := o.clerk().Get("/settlements/2026-11-21")
	require.Equal(t, before.SHA256, day.Find("ol.chain code").First().Text())
	require.Equal(t, "/console/settlements/2026-11-20", day.Find("ol.chain a").AttrOr("href", ""))
}

func TestLatePaymentsAreToldWhereTheyWentAndCameFrom(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.close(t, friday, saturday)
	late := o.payStamped(t, frametest.Merchant, 45_000, o.Clock.Now().Add(-20*time.Hour))
	clerk := o.clerk()
	own := clerk.Get("/settlements/2026-11-21")
	require.Contains(t, text(own), "went to the batch of 22 Nov 2026")
	require.Contains(t, text(own), string(late.Code))
	batch := clerk.Get("/settlements/2026-11-22")
	require.Contains(t, text(batch), "came from 21 Nov 2026")
	require.NotContains(t, text(clerk.Get("/settlements/2026-11-20")), string(late.Code))
}

func TestDeliveriesAreShownWithTheirAnswers(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.close(t, saturday)
	o.runs[saturday] = delivery.Run{
		Job: "settle", Day: saturday, State: delivery.Open, Steps: []delivery.StepDone{{Name: "close", At: o.Clock.Now()}, {Name: "export", At: o.Clock.Now()}},
		Step: "upload", Tried: o.Clock.Now(), Error: "connection refused <b>", NextAt: o.Clock.Now().Add(time.Minute),
	}
	day := o.clerk().Get("/settlements/2026-11-21")
	require.Contains(t, text(day), "connection refused <b>")
	require.Contains(t, text(day), "failed, is tried again")
	require.Contains(t, text(day), "closed", "not delivered yet")
	run := o.runs[saturday]
	run.State, run.Error, run.Steps = delivery.Done, "", append(run.Steps, delivery.StepDone{Name: "upload", At: o.Clock.Now()})
	o.runs[saturday] = run
	require.Equal(t, "delivered", o.clerk().Get("/settlements/2026-11-21").Find("main .tag").First().Text())
}

// Without the schedule's records the days still show, and say what is not known; a
// file, which could not say it, is not made.
func TestDaysWithoutTheSchedulesRecords(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.close(t, saturday)
	o.runs[noRecords] = delivery.Run{}
	clerk := o.clerk()
	for _, path := range []string{"/settlements?month=2026-11", "/settlements/2026-11-21"} {
		page := text(clerk.Get(path))
		require.Contains(t, page, "What was delivered isn't known now", path)
		require.NotContains(t, page, "The schedule has done nothing", path)
	}
	answer := clerk.Try("/settlements.csv?month=2026-11")
	require.Equal(t, http.StatusServiceUnavailable, answer.Status)
	require.Contains(t, text(answer.Doc), "What was delivered isn't known now")
	require.Equal(t, http.StatusOK, clerk.Try("/settlements/2026-11-21/file/txt").Status)
	require.Len(t, o.Errors(), 1, "the log says why")
}

func TestWhatIsNoDayOrFileIsNotFound(t *testing.T) {
	t.Parallel()
	o := sold(t)
	clerk := o.clerk()
	for _, path := range []string{
		"/settlements/2026-02-30", "/settlements/2026-11-01", "/settlements/%3Cscript%3E", "/settlements/2026-11-21/file/pdf",
		"/settlements/x/file/txt", "/statements/G000000001/1", "/statements/G000000001/x",
	} {
		require.Equal(t, http.StatusNotFound, clerk.Try(path).Status, path)
	}
	require.Equal(t, http.StatusConflict, clerk.Try("/settlements/2026-11-21/file/txt").Status, "an open day has no file")
	require.Equal(t, http.StatusUnprocessableEntity, clerk.Try("/settlements?month=2026-13").Status)
	require.Equal(t, http.StatusUnprocessableEntity, clerk.Try("/settlements?nonsense=1").Status)
}

// Each role sees what it may do, and is refused the rest.
func TestRolesMayWhatTheTableSays(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.close(t, friday)
	for _, role := range access.Roles() {
		t.Run(string(role), func(t *testing.T) {
			client := o.As(role)
			for path, action := range map[string]access.Action{
				"/settlements": access.ActSettlementRead, "/settlements/2026-11-21": access.ActSettlementRead,
				"/settlements/2026-11-21/close": access.ActSettlementClose, "/settlements/2026-11-20/file/txt": access.ActSettlementExport,
				"/settlements.csv": access.ActSettlementExport, "/statements": access.ActStatementRead, "/statements/close": access.ActStatementClose,
			} {
				want := http.StatusForbidden
				if role.May(action) {
					want = http.StatusOK
				}
				require.Equal(t, want, client.Try(path).Status, path)
			}
			if role.May(access.ActSettlementRead) {
				shown := client.Get("/settlements/2026-11-21").Find("a[href$='/close']").Length() > 0
				require.Equal(t, role.May(access.ActSettlementClose), shown)
			}
			if !role.May(access.ActSettlementClose) {
				require.Equal(t, http.StatusForbidden, client.Post("/settlements/2026-11-21/close", nil).Status)
				require.Equal(t, http.StatusForbidden, client.Post("/statements/close", nil).Status)
			}
		})
	}
	batch, err := o.settlement.Get(t.Context(), saturday)
	require.NoError(t, err)
	require.False(t, batch.Closed())
}

// A closed day's files never change: however often its page is looked at, they are
// made once.
func TestFilesAreMeasuredOnce(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.close(t, friday, saturday)
	var made atomic.Int32
	o.bend = func(s string) string {
		made.Add(1)
		return s
	}
	clerk := o.clerk()
	first := text(clerk.Get("/settlements/2026-11-21"))
	for range 3 {
		require.Equal(t, first, text(clerk.Get("/settlements/2026-11-21")))
	}
	require.EqualValues(t, 1, made.Load(), "the text file")
	batch, err := o.settlement.Get(t.Context(), saturday)
	require.NoError(t, err)
	require.Contains(t, first, batch.SHA256)
}
