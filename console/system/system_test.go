package system_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/console/system"
	"paypoint/ledger"
	"paypoint/reconcile/delivery"
)

// bundle is the pages over a real ledger and a real schedule. What the process
// knows of itself is given.
type bundle struct {
	*frametest.Site
	state system.State
	// check is what a self-check does.
	check func(ctx context.Context, progress func(done, total uint64)) (system.Check, error)
	// step is what the job's one step does.
	step     func() error
	schedule *delivery.Schedule
	area     frame.Area
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{step: func() error { return nil }}
	b.Site = frametest.NewWith(t, frametest.Options{Areas: func(s *frametest.Site) []frame.Area {
		runs, err := delivery.OpenRuns(filepath.Join(t.TempDir(), delivery.RunFile))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, runs.Close()) })
		b.schedule, err = delivery.NewSchedule(delivery.ScheduleConfig{Runs: runs, Now: s.Clock.Now, Jobs: []delivery.Job{{
			Name: "settle", First: "2026-11-20", CutOff: 24 * time.Hour, Retry: delivery.DefaultRetry(),
			Steps: []delivery.Step{{Name: "close", Do: func(context.Context, ledger.Day) error { return b.step() }}},
		}}})
		require.NoError(t, err)
		b.area = system.New(system.Config{
			Ledger: s.Ledger, Schedule: b.schedule, Runs: runs, Products: []string{"PULSA", "TOKEN"},
			State: func(context.Context) system.State { return b.state },
			Check: func(ctx context.Context, progress func(done, total uint64)) (system.Check, error) {
				return b.check(ctx, progress)
			},
			SelfCheckEvery: 25 * time.Hour, BackupEvery: 25 * time.Hour, Now: s.Clock.Now,
		})
		return []frame.Area{b.area}
	}})
	return b
}

func TestWords(t *testing.T) {
	t.Parallel()
	frametest.CheckWords(t, setup(t).area)
}

// lines are the overview's lines, by their names.
func lines(page *goquery.Document) map[string]string {
	all := map[string]string{}
	page.Find("tbody tr[data-row]").Each(func(_ int, row *goquery.Selection) {
		all[strings.TrimSpace(row.Find("th").Text())] = strings.Join(strings.Fields(row.Text()), " ")
	})
	return all
}

func TestTheOverviewSaysWhatIsWell(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := b.Clock.Now()
	b.state = system.State{
		Version: "1.2.3", Started: now.Add(-time.Hour), Backup: now.Add(-2 * time.Hour),
		SelfCheck: &system.Check{At: now.Add(-3 * time.Hour), Records: 12_345, Head: "abc", Sound: true},
		Shipped:   system.Shipped{On: true, Known: true},
		Size:      system.Size{Records: 12_345, File: 5 << 20, Free: 1 << 20, Index: 2 << 20, DiskFree: 50 << 30, DiskSize: 100 << 30},
		WireLog:   system.WireLog{Days: 90}, Skew: -2 * time.Second, SkewAt: now,
		Certificates: []system.Certificate{{Listener: "partner", Ends: now.AddDate(0, 6, 0)}},
	}
	page := b.As(access.RoleOperator).Get("/system")
	require.Zero(t, page.Find("main .tag.bad, main .tag.wait").Length(), "all is well: %v", lines(page))
	got := lines(page)
	require.Contains(t, got["Self-check"], "12.345 journal records checked")
	require.Contains(t, got["Disk"], "50 GiB free of 100 GiB.")
	require.Contains(t, got["Indomaret's clock"], "2s behind ours.")
	require.Contains(t, page.Find("dl").Text(), "1.2.3")
	require.Contains(t, page.Find("dl").Text(), "5 MiB")
	require.NotContains(t, page.Text(), "download it", "no backup is offered")
}

func TestTheOverviewSaysWhatIsNot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := b.Clock.Now()
	b.state = system.State{
		SelfCheck: &system.Check{At: now, Problem: "record 7: <b>row differs</b>"},
		Shipped:   system.Shipped{On: true, Known: true, Behind: 9, Oldest: now.Add(-time.Hour)},
		Size:      system.Size{DiskFree: 1 << 30, DiskSize: 100 << 30},
		WireLog:   system.WireLog{Lost: 3}, AuditBroken: true, JobsBroken: true, Skew: 5 * time.Minute, SkewAt: now,
		Certificates: []system.Certificate{{Listener: "partner", Ends: now.AddDate(0, 0, 3)}, {Listener: "merchant", Ends: now.AddDate(0, 0, -1)}},
		Scans:        []system.Scan{{Store: "<script>T1</script>", Unknown: 30, Asked: 31, Since: now, Last: now, Alarm: true}},
	}
	b.set(t, ledger.SettingMaintenance)
	require.NoError(t, b.Directory.SetNotificationURLs(t.Context(), "tester", frametest.Merchant, []string{"https://shop.example/n"}, false))
	page := b.As(access.RoleAdmin).Get("/system")
	for name, want := range map[string]string{
		"Selling": "Maintenance", "Self-check": "Differs", "Backup": "Never", "Shipped journal": "Behind", "Disk": "Low", "Wire log": "Lost",
		"Certificate": "Ended", "Indomaret's clock": "Skewed", "Stores that try codes": "Alarm",
		"Audit log": "Broken", "Records of the daily jobs": "Broken",
	} {
		require.Contains(t, lines(page)[name], want, name)
	}
	require.Equal(t, "record 7: <b>row differs</b>", page.Find("pre").Text())
	require.Zero(t, page.Find("main script").Length())
	require.Contains(t, page.Find("main").Text(), "<script>T1</script>")
	require.Zero(t, page.Find("main form").Length(), "an admin only reads")
}

// set switches a setting on behind the page's back.
func (b *bundle) set(t *testing.T, key string) {
	t.Helper()
	require.NoError(t, b.Ledger.Alter(t.Context(), key, "tester", func([]byte) ([]byte, error) { return []byte("on"), nil }))
}

func TestOnlyOperatorsAct(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, role := range access.Roles() {
		for path, action := range map[string]access.Action{
			"/system": access.ActSystemRead, "/system/maintenance": access.ActSystemMaintain, "/system/schedule": access.ActScheduleRead,
		} {
			want := http.StatusForbidden
			if role.May(action) {
				want = http.StatusOK
			}
			require.Equal(t, want, b.As(role).Try(path).Status, "%s %s", role, path)
		}
		if !role.May(access.ActSystemMaintain) {
			require.Equal(t, http.StatusForbidden, b.As(role).Post("/system/maintenance", url.Values{"on": {"yes"}, "reason": {"x"}}).Status, role)
			require.Equal(t, http.StatusForbidden, b.As(role).Post("/system/products", url.Values{"product": {"PULSA"}, "pause": {"yes"}}).Status, role)
		}
		if !role.May(access.ActSystemCheck) {
			require.Equal(t, http.StatusForbidden, b.As(role).Post("/system/check", nil).Status, role)
		}
		if !role.May(access.ActScheduleRun) {
			require.Equal(t, http.StatusForbidden, b.As(role).Post("/system/schedule/settle", url.Values{"day": {"2026-11-20"}}).Status, role)
		}
	}
}

func TestMaintenanceAndProducts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.As(access.RoleOperator)
	maintained := func() bool {
		state, err := b.Ledger.Reader().Load(t.Context(), ledger.Keys{})
		require.NoError(t, err)
		return state.Maintenance
	}
	page := operator.Get("/system/maintenance")
	answer := operator.PostFrom(page, "form[action='/console/system/maintenance']", nil)
	require.Equal(t, http.StatusUnprocessableEntity, answer.Status, "a reason is wanted")
	require.False(t, maintained())
	page = operator.Follow(operator.PostFrom(page, "form[action='/console/system/maintenance']", url.Values{"reason": {"disk change"}}))
	require.True(t, maintained())
	require.Contains(t, page.Text(), "Maintenance has begun")
	entries := b.Recorded()
	last := entries[len(entries)-1]
	require.Equal(t, []string{"operator", "disk change", "on=false", "on=true"}, []string{last.Who, last.Reason, last.Before, last.After})
	require.Equal(t, audit.Done, last.Result)
	page = operator.Get("/system/maintenance")
	operator.Follow(operator.PostFrom(page, "form[action='/console/system/maintenance']", url.Values{"reason": {"done"}}))
	require.False(t, maintained())

	operator.Follow(operator.Post("/system/products", url.Values{"product": {"PULSA"}, "pause": {"yes"}}))
	paused, err := b.Ledger.Reader().Settings(t.Context(), ledger.SettingPaused(""))
	require.NoError(t, err)
	require.Len(t, paused, 1)
	require.Contains(t, lines(operator.Get("/system"))["Selling"], "1 product is paused.")
	require.Contains(t, operator.Get("/system/maintenance").Text(), "Sell PULSA again")
	operator.Follow(operator.Post("/system/products", url.Values{"product": {"PULSA"}, "pause": {"no"}}))
	for _, product := range []string{"", "../x", "A B", strings.Repeat("A", 11)} {
		answer := operator.Post("/system/products", url.Values{"product": {product}, "pause": {"yes"}})
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status, product)
	}
	paused, err = b.Ledger.Reader().Settings(t.Context(), ledger.SettingPaused(""))
	require.NoError(t, err)
	require.Empty(t, paused)
	var acts []string
	for _, e := range b.Recorded() {
		if e.Result == audit.Done {
			acts = append(acts, strings.TrimSpace(e.Act+" "+e.Object.Kind+" "+e.Object.ID))
		}
	}
	require.Equal(t, []string{"maintenance.begin system", "maintenance.end system", "product.pause product PULSA", "product.resume product PULSA"}, acts)
}

func TestASelfCheckShowsItsProgress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	told, goOn := make(chan struct{}), make(chan struct{})
	b.check = func(ctx context.Context, progress func(done, total uint64)) (system.Check, error) {
		progress(1_500, 3_000)
		close(told)
		<-goOn
		return system.Check{At: b.Clock.Now(), Records: 3_000, Head: "feed", Sound: true}, ctx.Err()
	}
	operator := b.As(access.RoleOperator)
	done := operator.PostFrom(operator.Get("/system"), "main form[method=post]", nil)
	<-told
	running := operator.Try(done.Location)
	require.Contains(t, running.Doc.Text(), "1.500 of 3.000 journal records are checked.")
	require.NotEmpty(t, running.Header.Get("Refresh"))
	again := operator.Post("/system/check", nil)
	require.Equal(t, done.Location, again.Location, "one at a time")
	close(goOn)
	require.Eventually(t, func() bool {
		return strings.Contains(operator.Try(done.Location).Doc.Text(), "The ledger is what its journal says: 3.000 records.")
	}, 10*time.Second, 10*time.Millisecond)
	require.Contains(t, operator.Get(done.Location).Text(), "feed")
	require.Equal(t, http.StatusNotFound, operator.Try("/system/check/unknown").Status)
}

func TestASelfCheckThatFinds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.As(access.RoleOperator)
	b.check = func(context.Context, func(done, total uint64)) (system.Check, error) {
		return system.Check{At: b.Clock.Now(), Problem: "record 7 differs"}, nil
	}
	page := operator.Follow(operator.Post("/system/check", nil))
	require.Contains(t, page.Text(), "The ledger is not what its journal says.")
	require.Contains(t, page.Find("pre").Text(), "record 7 differs")
	b.check = func(context.Context, func(done, total uint64)) (system.Check, error) {
		return system.Check{}, errors.New("/var/lib: no room")
	}
	page = operator.Follow(operator.Post("/system/check", nil))
	require.Contains(t, page.Text(), "could not be made")
	require.NotContains(t, page.Text(), "/var/lib", "inner errors are for the log")
}

func TestADayIsRunNow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	finance := b.As(access.RoleFinance)
	b.step = func() error { return errors.New("the bank is closed") }
	page := finance.Follow(finance.Post("/system/schedule/settle", url.Values{"day": {"2026-11-20"}}))
	require.Contains(t, page.Text(), "Under way")
	require.Contains(t, page.Find("pre").Text(), "the bank is closed")
	page = finance.Get("/system/schedule")
	require.Contains(t, page.Find("section").Text(), "20 Nov 2026")
	b.step = func() error { return nil }
	page = finance.Follow(finance.PostFrom(page, "main form[method=post]", nil))
	require.Contains(t, page.Find("main").Text(), "Done")
	for path, want := range map[string]int{"/system/schedule/settle?2026-11-20": 409, "/system/schedule/settle?2026-11-22": 409, "/system/schedule/settle?2026-11-01": 404, "/system/schedule/nothing?2026-11-20": 404} {
		path, day, _ := strings.Cut(path, "?")
		require.Equal(t, want, finance.Post(path, url.Values{"day": {day}}).Status, "%s %s", path, day)
	}
	require.Zero(t, b.As(access.RoleViewer).Get("/system/schedule").Find("main form").Length())
}

// Jobs whose records can't be used are done by nobody, and the pages say so.
func TestJobsWithoutRecords(t *testing.T) {
	t.Parallel()
	runs := delivery.UnusableRuns(errors.New("/var/lib is gone"))
	schedule, err := delivery.NewSchedule(delivery.ScheduleConfig{Runs: runs, Now: time.Now, Jobs: []delivery.Job{{
		Name: "settle", First: "2026-11-20", CutOff: 24 * time.Hour, Retry: delivery.DefaultRetry(),
		Steps: []delivery.Step{{Name: "close", Do: func(context.Context, ledger.Day) error { panic("it is done") }}},
	}}})
	require.NoError(t, err)
	s := frametest.NewWith(t, frametest.Options{Areas: func(s *frametest.Site) []frame.Area {
		return []frame.Area{system.New(system.Config{
			Ledger: s.Ledger, Schedule: schedule, Runs: runs, State: func(context.Context) system.State { return system.State{} }, Now: s.Clock.Now,
		})}
	}})
	finance := s.As(access.RoleFinance)
	for _, answer := range []*frametest.Answer{
		finance.Try("/system/schedule"), finance.Post("/system/schedule/settle", url.Values{"day": {"2026-11-20"}}),
	} {
		require.Equal(t, http.StatusServiceUnavailable, answer.Status)
		require.Contains(t, answer.Doc.Find("main").Text(), "The records of the daily jobs can't be used: no job is done, tills go on.")
		require.NotContains(t, answer.Doc.Text(), "/var/lib", "inner errors are for the log")
	}
	require.Len(t, s.Errors(), 2)
}

func TestWithoutJobs(t *testing.T) {
	t.Parallel()
	s := frametest.NewWith(t, frametest.Options{Areas: func(s *frametest.Site) []frame.Area {
		return []frame.Area{system.New(system.Config{Ledger: s.Ledger, State: func(context.Context) system.State { return system.State{} }, Now: s.Clock.Now})}
	}})
	finance := s.As(access.RoleFinance)
	require.Contains(t, finance.Get("/system/schedule").Text(), "No daily job is turned on")
	require.Equal(t, http.StatusNotFound, finance.Post("/system/schedule/settle", url.Values{"day": {"2026-11-20"}}).Status)
}
