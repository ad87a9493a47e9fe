package reconciliation_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/reconciliation"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
)

func TestTheSameFormActsOnce(t *testing.T) {
	t.Parallel()
	o, paid := closed(t)
	clerk := o.clerk()
	page := clerk.Get("/reconciliation/upload")
	body := fileOf(saturday, 1, paid...)
	first := o.send(t, clerk, page, "a.txt", strings.NewReader(body))
	again := o.send(t, clerk, page, "a.txt", strings.NewReader(body))
	require.Equal(t, http.StatusSeeOther, first.Status)
	require.Equal(t, first.Location, again.Location, "the second is answered as the first")
	files, err := o.finance.Files(t.Context(), saturday)
	require.NoError(t, err)
	require.Len(t, files, 1)
	imports := 0
	for _, e := range o.Recorded() {
		if e.Act == "file.import" {
			imports++
			require.Contains(t, e.After, "version 1 of 2026-11-21")
		}
	}
	require.Equal(t, 1, imports)
}

func TestTheSameFileIsToldToBeKnownAndANewOneWhatItChanges(t *testing.T) {
	t.Parallel()
	o, paid := closed(t)
	clerk := o.clerk()
	body := fileOf(saturday, 1, paid[0])
	clerk.Follow(o.upload(t, clerk, "/reconciliation/upload", "a.txt", body))
	known := clerk.Follow(o.upload(t, clerk, "/reconciliation/upload", "b.txt", body))
	require.Contains(t, text(known), "These bytes are version 1 of 21 Nov 2026 already, taken by finance on 22 Nov 2026, 08:00")
	newer := clerk.Follow(o.upload(t, clerk, "/reconciliation/upload", "c.txt", fileOf(saturday, 2, paid...)))
	require.Contains(t, text(newer), "1 lines, 1 paid, 0 reversed, amount +Rp70.000, fee Rp0")
	run := clerk.Get("/reconciliation/2026-11-21")
	require.Equal(t, "agreed", run.Find("main .tag").First().Text())
}

func TestAFileOfAnOpenDayIsKeptAndMatchedAfterItsClosing(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.at(t, saturday, "10:00:00")
	p := o.pay(t, 50_000, "T001")
	clerk := o.clerk()
	work := clerk.Follow(o.upload(t, clerk, "/reconciliation/upload", "a.txt", fileOf(saturday, 1, p)))
	require.Contains(t, text(work), "The file is kept: close the day, then match it.")
	require.Equal(t, "day open", clerk.Get("/reconciliation/2026-11-21").Find("main .tag").First().Text())
	require.Equal(t, http.StatusConflict, clerk.Post("/reconciliation/2026-11-21/match", nil).Status)
	_, err := o.settlement.Close(t.Context(), saturday, true, "operator")
	require.NoError(t, err)
	page := clerk.Get("/reconciliation/2026-11-21")
	run := clerk.Follow(clerk.PostFrom(page, "form[action$='/match']", nil))
	require.Equal(t, "agreed", run.Find("main .tag").First().Text())
	require.Contains(t, text(run), "21 Nov 2026 was matched.")
}

// Each broken file of the readers' own tests is refused whole, in words of the
// console's, and what is wrong with its lines is a table and a CSV file.
func TestBadFilesAreRefusedWhole(t *testing.T) {
	t.Parallel()
	o, _ := closed(t)
	paths, err := filepath.Glob("../../testdata/partnerfile/broken/simulated_*")
	require.NoError(t, err)
	require.Greater(t, len(paths), 30)
	clerk := o.clerk()
	for _, path := range paths {
		body, err := os.ReadFile(path)
		require.NoError(t, err)
		name := filepath.Base(path)
		if name == "simulated_other_day.txt" {
			continue // without an expected day it is right
		}
		work := clerk.Follow(o.upload(t, clerk, "/reconciliation/upload", name, string(body)))
		require.Equal(t, "The file was not taken", work.Find("h1").Text(), name)
		require.Contains(t, text(work), "Nothing of the file was taken.", name)
		require.NotContains(t, text(work), "failed on our side", name)
	}
	days, err := o.finance.Days(t.Context(), "", 10)
	require.NoError(t, err)
	for _, day := range days {
		require.Empty(t, day.Files)
	}
}

func TestAFileOfAnotherDayThanExpectedIsRefused(t *testing.T) {
	t.Parallel()
	o, paid := closed(t)
	clerk := o.clerk()
	page := clerk.Get("/reconciliation/upload?day=2026-11-20")
	require.Equal(t, "2026-11-20", page.Find("input[name=day]").AttrOr("value", ""))
	work := clerk.Follow(o.send(t, clerk, page, "a.txt", strings.NewReader(fileOf(saturday, 1, paid...))))
	require.Contains(t, text(work), "The file is another day's.")
	days, err := o.finance.Files(t.Context(), saturday)
	require.NoError(t, err)
	require.Empty(t, days)
}

func TestAllFaultsOfAFileAreListed(t *testing.T) {
	t.Parallel()
	o, paid := closed(t)
	clerk := o.clerk()
	body := strings.NewReplacer("|50000|", "|=cmd()|", "|70000|", "|-70000|").Replace(fileOf(saturday, 1, paid...))
	answer := o.upload(t, clerk, "/reconciliation/upload", "a.txt", body)
	work := clerk.Follow(answer)
	rows := work.Find("table tbody tr")
	require.GreaterOrEqual(t, rows.Length(), 2)
	require.Equal(t, "2", rows.First().Find("th").Text())
	require.Contains(t, rows.First().Text(), "=cmd()")
	file := clerk.Try(answer.Location + "/faults")
	require.Equal(t, http.StatusOK, file.Status)
	records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(file.Body), "\ufeff"))).ReadAll()
	require.NoError(t, err)
	require.Len(t, records, rows.Length()+1)
	require.Equal(t, []string{"line", "column", "text", "reason"}, records[0])
	require.Equal(t, "'=cmd()", records[1][2], "guarded against formulas")
}

func TestHostileFileNamesAreInert(t *testing.T) {
	t.Parallel()
	o, paid := closed(t)
	clerk := o.clerk()
	for i, name := range []string{
		`<script>alert(1)</script>.txt`, `"><img src=x onerror=alert(1)>.txt`, `../../../etc/passwd`, `..\..\boot.ini`, "\u202egnp.txt", `=cmd()|'/c calc'!A1.txt`,
		strings.Repeat("x", 1000), "{{.}}.txt", "a'b`c.txt",
	} {
		work := clerk.Follow(o.upload(t, clerk, "/reconciliation/upload", name, fileOf(saturday, i+1, paid...)))
		require.Zero(t, work.Find("main script, main img").Length(), name)
		shown := work.Find("dl.facts bdi").Text()
		require.NotContains(t, shown, "..", name)
		require.NotContains(t, shown, "/etc", name)
		require.LessOrEqual(t, len(shown), partnerfile.MaxName)
	}
	clerk.Get("/reconciliation/2026-11-21")
	clerk.Get("/reconciliation?month=2026-11")
	export := clerk.Try("/reconciliation.csv?month=2026-11")
	require.Equal(t, http.StatusOK, export.Status)
	require.NotContains(t, string(export.Body), ",=cmd", "guarded against formulas")
}

func TestAFormWithoutAFileSaysSo(t *testing.T) {
	t.Parallel()
	o, _ := closed(t)
	clerk := o.clerk()
	require.Equal(t, http.StatusUnprocessableEntity, o.upload(t, clerk, "/reconciliation/upload", "", "").Status)
	empty := clerk.Follow(o.upload(t, clerk, "/reconciliation/upload", "empty.txt", ""))
	require.Equal(t, "The file was not taken", empty.Find("h1").Text())
}

func TestAnUploadIsSeenAndStoppedWhileItIsUnderWay(t *testing.T) {
	t.Parallel()
	o, paid := closed(t)
	o.gate = make(chan struct{})
	clerk := o.clerk()
	answer := o.upload(t, clerk, "/reconciliation/upload", "slow.txt", fileOf(saturday, 1, paid...))
	work := clerk.Follow(answer)
	require.Equal(t, "Reading the file", work.Find("h1").Text())
	require.Contains(t, text(work), "1.234 lines read")
	require.Equal(t, 1, work.Find("progress").Length())
	require.Contains(t, text(clerk.Get("/reconciliation")), "slow.txt: reading, finance")
	require.Equal(t, "reading", state(t, clerk.Try(answer.Location+"/state").Body).Phase)

	// Others who may import see it; those who may not get what there is none of.
	o.As(access.RoleApprover).Get(answer.Location)
	for _, role := range []access.Role{access.RoleViewer, access.RoleOperator} {
		for _, end := range []string{"", "/state", "/faults"} {
			require.Equal(t, http.StatusNotFound, o.As(role).Try(answer.Location+end).Status, "%s %s", role, end)
		}
		require.Equal(t, http.StatusForbidden, o.As(role).Post(answer.Location+"/stop", nil).Status)
	}
	stopped := clerk.PostFrom(work, "form.stop", nil)
	require.Equal(t, http.StatusSeeOther, stopped.Status)
	require.Eventually(t, func() bool { return state(t, clerk.Try(answer.Location+"/state").Body).Over }, 5*time.Second, time.Millisecond)
	require.Equal(t, "Stopped", clerk.Get(answer.Location).Find("h1").Text())
	require.Equal(t, http.StatusConflict, clerk.Post(answer.Location+"/stop", nil).Status, "it is over")
	files, err := o.finance.Files(t.Context(), saturday)
	require.NoError(t, err)
	require.Empty(t, files)
}

// A sender who pauses is stopped at once, not with the next bytes.
func TestASenderWhoPausesIsStopped(t *testing.T) {
	t.Parallel()
	o, _ := closed(t)
	clerk := o.clerk()
	sender, answers := o.uploadSlowly(t, clerk, "slow.txt")
	defer func() { _ = sender.Close() }()
	_, err := io.WriteString(sender, "H|1|")
	require.NoError(t, err)
	other := o.As(access.RoleApprover)
	var link string
	require.Eventually(t, func() bool {
		link = other.Get("/reconciliation").Find("main > ul li a").AttrOr("href", "")
		return link != ""
	}, 5*time.Second, time.Millisecond)
	work := strings.TrimPrefix(link, "/console")
	require.Equal(t, "Receiving the file", other.Get(work).Find("h1").Text())
	require.Equal(t, http.StatusSeeOther, other.PostFrom(other.Get(work), "form.stop", nil).Status)
	require.Eventually(t, func() bool { return state(t, other.Try(work+"/state").Body).Over }, 5*time.Second, time.Millisecond)
	require.Equal(t, "Stopped", other.Get(work).Find("h1").Text())
	select {
	case answer := <-answers:
		require.Equal(t, http.StatusSeeOther, answer.Status)
	case <-time.After(10 * time.Second):
		require.Fail(t, "the sender was not answered")
	}
}

type workState struct {
	Phase   string
	Over    bool
	Percent int
	Text    string
}

func state(t *testing.T, body []byte) workState {
	t.Helper()
	var s workState
	require.NoError(t, json.Unmarshal(body, &s))
	return s
}

// What a file makes a reader do ends its own work, and not the server.
func TestAPanicEndsItsWorkAlone(t *testing.T) {
	t.Parallel()
	o, paid := closed(t)
	o.panics = make(chan error, 1)
	clerk := o.clerk()
	answer := o.send(t, clerk, clerk.Get("/reconciliation/upload"), "bad.txt", strings.NewReader(fileOf(saturday, 1, paid...)))
	page := clerk.Follow(answer)
	require.Equal(t, "The file was not taken", page.Find("h1").Text())
	require.Contains(t, page.Text(), "It failed on our side")
	require.NotContains(t, page.Text(), "reader's fault")
	require.ErrorContains(t, <-o.panics, "a reader's fault")
}

// What can't be put aside takes no place from others.
func TestAFileThatCanNotBePutAsideIsRefused(t *testing.T) {
	t.Parallel()
	o, paid := closed(t)
	o.panics = make(chan error, reconciliation.MaxUnderWay+1)
	require.NoError(t, os.Remove(o.temp))
	clerk := o.clerk()
	for range cap(o.panics) {
		answer := o.upload(t, clerk, "/reconciliation/upload", "a.txt", fileOf(saturday, 1, paid...))
		require.Equal(t, http.StatusConflict, answer.Status)
		require.ErrorContains(t, <-o.panics, "put the file aside")
	}
	require.Zero(t, clerk.Get("/reconciliation").Find("main > ul li").Length(), "nothing is under way")
}

func TestADayIsMatchedOnceAtATime(t *testing.T) {
	t.Parallel()
	o, paid := closed(t)
	clerk := o.clerk()
	o.matching = make(chan struct{})
	_, _, err := o.finance.Import(t.Context(), reconcile.FileIn{Name: "a.txt", Body: strings.NewReader(fileOf(saturday, 1, paid...)), By: "finance"}, nil)
	require.NoError(t, err)
	answers := make(chan string, 2)
	for range cap(answers) {
		own := o.clerk()
		own.Get("/reconciliation/2026-11-21")
		go func() { answers <- own.Post("/reconciliation/2026-11-21/match", nil).Location }()
	}
	work := <-answers
	require.Contains(t, work, "/work/")
	require.Equal(t, work, <-answers, "who asks again sees the one that runs")
	require.Equal(t, "Matching the day", clerk.Get(work).Find("h1").Text())
	close(o.matching)
	require.Eventually(t, func() bool { return state(t, clerk.Try(work+"/state").Body).Over }, 5*time.Second, time.Millisecond)
	require.Contains(t, text(clerk.Get(work)), "0 differences need a person")
	outcome, err := o.finance.Outcome(t.Context(), saturday)
	require.NoError(t, err)
	require.EqualValues(t, 1, outcome.Run)
}

func TestSoManyAreUnderWayAtMost(t *testing.T) {
	t.Parallel()
	o, paid := closed(t)
	o.gate = make(chan struct{})
	answers := make(chan int, 5)
	for i := range 5 {
		own := o.clerk()
		form := own.Get("/reconciliation/upload")
		go func() {
			answers <- o.send(t, own, form, fmt.Sprintf("%d.txt", i), strings.NewReader(fileOf(saturday, 1, paid...))).Status
		}()
	}
	got := map[int]int{}
	for range 5 {
		got[<-answers]++
	}
	require.Equal(t, map[int]int{http.StatusSeeOther: 4, http.StatusConflict: 1}, got)
	close(o.gate)
	over := func() bool { return o.clerk().Get("/reconciliation").Find("main > ul li").Length() == 0 }
	require.Eventually(t, over, 10*time.Second, 10*time.Millisecond)
}

// Whoever is shut out, or gets another role, while their file comes in has not sent it.
func TestAFileOfWhoMayNoMoreIsNotTaken(t *testing.T) {
	t.Parallel()
	o, paid := closed(t)
	clerk := o.clerk()
	sender, answers := o.uploadSlowly(t, clerk, "a.txt")
	other := o.As(access.RoleApprover)
	require.Eventually(t, func() bool { return other.Get("/reconciliation").Find("main > ul li a").Length() > 0 }, 5*time.Second, time.Millisecond)
	_, err := o.Staff.SetRole(t.Context(), "admin", "finance", access.RoleViewer, "")
	require.NoError(t, err)
	_, err = io.WriteString(sender, fileOf(saturday, 1, paid...)+"\r\n--b--\r\n")
	require.NoError(t, err)
	require.NoError(t, sender.Close())
	require.Equal(t, http.StatusForbidden, (<-answers).Status)
	files, err := o.finance.Files(t.Context(), saturday)
	require.NoError(t, err)
	require.Empty(t, files)
	require.Zero(t, other.Get("/reconciliation").Find("main > ul li a").Length(), "nothing is under way")
}
