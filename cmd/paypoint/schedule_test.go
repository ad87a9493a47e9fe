package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/match"
	"paypoint/reconcile/partnerfile"
)

// runJob runs a day of a job by command. The schedule itself may be at it, or
// have done it, where a test takes longer than it sleeps.
func (s *stage) runJob(job string, day ledger.Day) (run delivery.Run, code int, errOut string) {
	s.t.Helper()
	var out string
	require.Eventually(s.t, func() bool {
		code, out, errOut = s.command("schedule", "run", job, string(day), "--json")
		return !strings.Contains(errOut, delivery.ErrBusy.Error())
	}, patience, 10*time.Millisecond)
	if strings.Contains(errOut, delivery.ErrDone.Error()) {
		done, err := s.app.runs.Get(s.t.Context(), job, day)
		require.NoError(s.t, err)
		return done, exitDone, ""
	}
	if out != "" {
		run = decode[delivery.Run](s.t, out)
	}
	return run, code, errOut
}

// requireOnce checks that a day that is done is not done again.
func (s *stage) requireOnce(job string, day ledger.Day) {
	s.t.Helper()
	code, _, errOut := s.command("schedule", "run", job, string(day))
	require.Equal(s.t, exitFailed, code)
	require.Contains(s.t, errOut, "the run is done already")
}

// stepsOf are those that a run has done.
func stepsOf(run delivery.Run) string {
	names := make([]string, len(run.Steps))
	for i, step := range run.Steps {
		names[i] = step.Name
	}
	return strings.Join(names, " ")
}

func TestScheduleClosesAndDelivers(t *testing.T) {
	t.Parallel()
	partner, box := startPartnerServer(t), startMailbox(t)
	s, _ := soldStage(t, stageSetup{change: func(c *Config) {
		c.Schedule.Settle.Enabled = true
		c.Delivery.SFTP, c.Delivery.Mail = partner.settings, box.settings
	}})
	_, code, errOut := s.runJob(jobSettle, stageDay)
	require.Equal(t, exitFailed, code)
	require.NotEmpty(t, errOut, "the day is not over")

	s.clock.turn(17 * time.Hour) // 03:00 of the next day
	run, code, errOut := s.runJob(jobSettle, stageDay)
	require.Equal(t, exitDone, code, errOut)
	require.Equal(t, "close export upload mail", stepsOf(run))
	name := "settlement-" + string(stageDay) + ".txt"
	require.Equal(t, []string{name, name + ".sha256"}, namesIn(t, partner.path("in")))
	uploaded, err := os.ReadFile(partner.path(filepath.Join("in", name)))
	require.NoError(t, err)
	require.Equal(t, s.operate("settlement", "export", string(stageDay)), string(uploaded))
	mails := box.taken(t)
	require.Len(t, mails, 1)
	require.Contains(t, mails[0], "Subject: Settlement "+string(stageDay)+": 3 payments, Rp 150000 net")
	require.Contains(t, mails[0], `filename="`+name+`"`)

	s.requireOnce(jobSettle, stageDay)
	require.Len(t, box.taken(t), 1)
	listed := decode[finance.ScheduleList](t, s.operate("schedule", "list", "--json"))
	require.Equal(t, stageDay, listed.Jobs[0].LastGood.Day)
	require.Regexp(t, `(?m)^settle +`+string(stageDay)+` +0 +wait +2026-01-31 +close +2026-02-01 02:00:00 +-$`, s.operate("schedule", "list"))
	require.Contains(t, s.metrics(), `paypoint_schedule_behind_days{job="settle"} 0`+"\n")
	require.Regexp(t, `paypoint_schedule_last_good_timestamp_seconds\{job="settle"\} 1\.7698\d+e\+09`, s.metrics())
	require.Contains(t, s.metrics(), `paypoint_schedule_bad_total{job="settle"} 0`+"\n")
}

// What was done before a restart is not done again, and what failed is.
func TestScheduleGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	partner, box := startPartnerServer(t), startMailbox(t)
	s, _ := soldStage(t, stageSetup{change: func(c *Config) {
		c.Schedule.Settle.Enabled = true
		c.Delivery.SFTP, c.Delivery.Mail = partner.settings, box.settings
		c.Delivery.Mail.Address = "127.0.0.1:1" // nobody there
	}})
	s.clock.turn(17 * time.Hour)
	run, code, errOut := s.runJob(jobSettle, stageDay)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errOut, "settle of "+string(stageDay)+": the day is not done")
	require.Equal(t, "close export upload", stepsOf(run))
	require.Equal(t, "mail", run.Step)
	require.Regexp(t, `mail, attempt \d+: `, s.operate("schedule", "list"))
	require.Regexp(t, `paypoint_schedule_bad_total\{job="settle"\} [1-9]`, s.metrics())

	name := partner.path("in/settlement-" + string(stageDay) + ".txt")
	before, err := os.Stat(name)
	require.NoError(t, err)
	s.app.config.Delivery.Mail.Address = box.settings.Address
	s.restart()
	again, code, errOut := s.runJob(jobSettle, stageDay)
	require.Equal(t, exitDone, code, errOut)
	require.Equal(t, "close export upload mail", stepsOf(again))
	require.True(t, run.Steps[2].At.Equal(again.Steps[2].At), "uploaded once")
	after, err := os.Stat(name)
	require.NoError(t, err)
	require.Equal(t, before.ModTime(), after.ModTime())
	require.Len(t, box.taken(t), 1)
}

// The first day is that of the first start with the job, whenever it runs first.
func TestScheduleBeginsWhenItIsTurnedOn(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{change: func(c *Config) { c.Schedule.Settle.Enabled = true }})
	s.clock.turn(3*24*time.Hour + 17*time.Hour)
	s.restart()
	// By itself: nobody asks for it.
	require.Eventually(t, func() bool {
		job := decode[finance.ScheduleList](t, s.operate("schedule", "list", "--json")).Jobs[0]
		return job.Behind == 0 && job.LastGood != nil
	}, patience, 10*time.Millisecond)
	listed := decode[finance.ScheduleList](t, s.operate("schedule", "list", "--json"))
	require.Equal(t, ledger.Day("2026-02-02"), listed.Jobs[0].LastGood.Day, "missed days are caught up")
	var days []finance.Settlement
	require.NoError(t, json.Unmarshal([]byte(s.operate("settlement", "list", "--json")), &days))
	require.Len(t, days, 4)
	require.Equal(t, stageDay, days[0].BusinessDate)
}

// A program that is killed again and again delivers each day's file whole and
// once: what lies there after the next start is what was delivered.
func TestScheduleOfAKilledProgram(t *testing.T) {
	t.Parallel()
	partner, data := startPartnerServer(t), stageFolder(t)
	const days = 12
	first := ledger.BusinessDay(time.Now().AddDate(0, 0, -days), midnight.SinceMidnight())
	config := save(t, "paypoint.yaml", fmt.Sprintf("schedule: {settle: {enabled: true, first_day: %s}, retry: {first: 1s, most: 1s}}\ndelivery:\n  sftp: {address: %q, user: %s, key_file: %s, host_keys: [%q], put_folder: %s}\n",
		first, partner.settings.Address, partner.settings.User, partner.settings.KeyFile, partner.settings.HostKeys[0], partner.settings.PutFolder))
	serve := []string{"serve", "--sandbox", "--config", config, "--data", data, "--listen", "127.0.0.1:0"}
	delivered := func() int { return len(partner.whole(t)) }
	for _, enough := range []int{1, 4, 7} {
		p := launch(t, serve...)
		require.Eventually(t, func() bool { return delivered() >= enough }, patience, time.Millisecond)
		p.kill()
	}
	p := launch(t, serve...)
	require.Eventually(t, func() bool {
		_, out, _ := runCommand("schedule", "list", "--data", data, "--json")
		var all finance.ScheduleList
		return json.Unmarshal([]byte(out), &all) == nil && len(all.Jobs) == 1 && all.Jobs[0].Behind == 0
	}, patience, 20*time.Millisecond)
	names := partner.whole(t)
	require.Contains(t, []int{days - 1, days, days + 1}, len(names), "as midnight and the close delay have it: %v", names)
	require.Len(t, namesIn(t, partner.path("in")), 2*len(names), "nothing but files and their checksums")
	for day, i := first, 0; i < len(names); day, i = day.Next(), i+1 {
		require.Equal(t, "settlement-"+string(day)+".txt", names[i])
		code, out, errOut := runCommand("settlement", "export", string(day), "--data", data)
		require.Equal(t, exitDone, code, errOut)
		text, err := os.ReadFile(partner.path(filepath.Join("in", names[i])))
		require.NoError(t, err)
		require.Equal(t, out, string(text))
	}
	require.Equal(t, exitDone, p.stop())
}

// receiver is a webhook's receiver with all that it was told.
type receiver struct {
	url    string
	secret Secret
	mu     sync.Mutex
	told   []webhookEvent
	ids    []string
	refuse bool
}

func startReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{secret: Secret(strings.Repeat("w", 32))}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil || !r.knows(request.Header, body) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.take(w, request.Header.Get("webhook-id"), body)
	}))
	t.Cleanup(server.Close)
	r.url = server.URL + "/in?token=hunter2"
	return r
}

// knows checks the signature as Standard Webhooks says.
func (r *receiver) knows(header http.Header, body []byte) bool {
	mac := hmac.New(sha256.New, []byte(r.secret.Reveal()))
	_, _ = mac.Write([]byte(header.Get("webhook-id") + "." + header.Get("webhook-timestamp") + "." + string(body)))
	return header.Get("webhook-signature") == "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (r *receiver) take(w http.ResponseWriter, id string, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var event webhookEvent
	if r.refuse || json.Unmarshal(body, &event) != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.told, r.ids = append(r.told, event), append(r.ids, id)
}

// found are the classes that were told, event by event.
func (r *receiver) found() (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, event := range r.told {
		for _, found := range event.Data.Found {
			all = append(all, string(event.Data.BusinessDate)+" "+found.Class)
		}
	}
	return all
}

// reconcileSetup turns the job on, with all ways in and out.
func reconcileSetup(partner *partnerServer, box *mailbox, hook *receiver) func(*Config) {
	return func(c *Config) {
		c.Schedule.Settle.Enabled, c.Schedule.Reconcile.Enabled = true, true
		c.Delivery.SFTP, c.Delivery.Mail = partner.settings, box.settings
		c.Delivery.SFTP.PutFolder = ""
		c.Delivery.Webhook = Webhook{URL: hook.url, Secret: hook.secret}
		c.Reconcile.Profile.FileName = partnerfile.FileName{Template: "IDM_{date:yyyyMMdd}_{seq:2}.txt"}
	}
}

func TestScheduleFetchesAndMatches(t *testing.T) {
	t.Parallel()
	partner, box, hook := startPartnerServer(t), startMailbox(t), startReceiver(t)
	s, text := soldStage(t, stageSetup{change: reconcileSetup(partner, box, hook)})
	partner.put(t, "IDM_20260130_01.txt", text)
	partner.put(t, "IDM_20260129_01.txt", "another day's")
	s.clock.turn(24 * time.Hour) // 10:00: match_after
	_, code, errOut := s.runJob(jobSettle, stageDay)
	require.Equal(t, exitDone, code, errOut)

	run, code, errOut := s.runJob(jobReconcile, stageDay)
	require.Equal(t, exitDone, code, errOut)
	require.Equal(t, "fetch late-mail late-webhook corrected corrected-mail corrected-webhook match mail webhook", stepsOf(run))
	require.ElementsMatch(t, []string{"2026-01-30 AMOUNT_MISMATCH", "2026-01-30 PAID_BUT_REVERSED_THERE"}, hook.found())
	mails := box.taken(t)
	require.Len(t, mails, 2, "the settlement's and the outcome's: none was late")
	require.Contains(t, strings.Join(mails, ""), "Subject: Reconciliation 2026-01-30: 2 differences")
	require.Len(t, decode[[]finance.Case](t, s.operate("case", "list", "--json")), 2)
	days := decode[[]finance.Day](t, s.operate("reconcile", "list", "--json"))
	require.Equal(t, "IDM_20260130_01.txt", days[0].Files[0].Name)
	require.Equal(t, scheduleBy, days[0].Files[0].By)
	require.Empty(t, namesIn(t, scratchFolder(s.data)), "what was fetched is kept in one place")

	s.requireOnce(jobReconcile, stageDay)
	require.Len(t, hook.found(), 2, "told once")
}

// A file that does not come is told of once, looked for all the same, and matched
// when it comes.
func TestScheduleTellsOfAMissingFile(t *testing.T) {
	t.Parallel()
	partner, box, hook := startPartnerServer(t), startMailbox(t), startReceiver(t)
	s, text := soldStage(t, stageSetup{change: reconcileSetup(partner, box, hook)})
	s.clock.turn(21 * time.Hour) // 07:00: fetch_after has come, match_after not
	_, code, errOut := s.runJob(jobSettle, stageDay)
	require.Equal(t, exitDone, code, errOut)
	run, code, _ := s.runJob(jobReconcile, stageDay)
	require.Equal(t, exitFailed, code)
	require.Equal(t, "fetch", run.Step)
	require.Contains(t, run.Error, "no file of Indomaret's")
	require.Empty(t, hook.found())

	s.clock.turn(3 * time.Hour)
	partner.put(t, "IDM_20260130_01.txt", text[:len(text)-20]) // still being written, or cut off
	for range 2 {
		run, code, _ = s.runJob(jobReconcile, stageDay)
		require.Equal(t, exitFailed, code)
		require.Equal(t, "fetch late-mail late-webhook corrected corrected-mail corrected-webhook", stepsOf(run))
		require.Equal(t, "match", run.Step)
	}
	require.Len(t, hook.found(), 1, "told once")
	require.Equal(t, "2026-01-30 TOTALS_MISMATCH", hook.found()[0])
	require.Contains(t, strings.Join(box.taken(t), ""), "Subject: Indomaret's file of 2026-01-30: ")

	partner.put(t, "IDM_20260130_01.txt", text)
	run, code, errOut = s.runJob(jobReconcile, stageDay)
	require.Equal(t, exitDone, code, errOut)
	require.Len(t, hook.found(), 3)
}

// A webhook that is refused is told again, and no error shows its URL.
func TestScheduleTellsTheWebhookAgain(t *testing.T) {
	t.Parallel()
	hook := startReceiver(t)
	hook.refuse = true
	s, text := soldStage(t, stageSetup{change: func(c *Config) {
		c.Schedule.Reconcile.Enabled = true
		c.Delivery.Webhook = Webhook{URL: hook.url, Secret: hook.secret}
	}})
	s.clock.turn(24 * time.Hour)
	s.operate("settlement", "close", string(stageDay))
	s.operate("reconcile", "import", save(t, "INDOMARET.txt", text))
	run, code, errOut := s.runJob(jobReconcile, stageDay)
	require.Equal(t, exitFailed, code, errOut)
	require.Equal(t, "late-webhook match", stepsOf(run))
	require.Contains(t, run.Error, "it answered 503: want 2xx")
	require.NotContains(t, run.Error, "hunter2")

	hook.mu.Lock()
	hook.refuse = false
	hook.mu.Unlock()
	_, code, errOut = s.runJob(jobReconcile, stageDay)
	require.Equal(t, exitDone, code, errOut)
	require.Len(t, hook.found(), 2)
}

// A step under way does not hold up the end of the program, and is done by the
// next one.
func TestScheduleStopsInTheMiddle(t *testing.T) {
	t.Parallel()
	hook := startReceiver(t)
	asked := make(chan struct{}, 1)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the caller's hang-up is seen
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	s, text := soldStage(t, stageSetup{change: func(c *Config) {
		c.Schedule.Reconcile.Enabled = true
		c.Delivery.Webhook = Webhook{URL: silent.URL, Secret: hook.secret}
	}})
	s.clock.turn(24 * time.Hour)
	s.operate("settlement", "close", string(stageDay))
	s.operate("reconcile", "import", save(t, "INDOMARET.txt", text))
	s.restart() // it begins at once with what is due
	<-asked
	s.app.config.Delivery.Webhook.URL = hook.url
	s.restart()
	require.Eventually(t, func() bool { return len(hook.found()) == 2 }, patience, 10*time.Millisecond)
	require.Eventually(t, func() bool {
		run, err := s.app.runs.Get(t.Context(), jobReconcile, stageDay)
		return err == nil && run.State == delivery.Done && run.Bad == 0
	}, patience, 10*time.Millisecond, "a stop is no failure")
}

func TestClassesOfFilesThatAreNotTaken(t *testing.T) {
	t.Parallel()
	refused := func(why error) error { return fmt.Errorf("%w: %w", errFileRefused, why) }
	for want, cause := range map[match.Class]error{
		match.FileMissing:    fmt.Errorf("2026-01-30: %w", reconcile.ErrNoFile),
		match.TotalsMismatch: refused(partnerfile.ErrTrailer),
		match.FileRepeated:   refused(ledger.ErrRepeated),
		fileRefused:          refused(&partnerfile.LineError{Line: 7, Rule: "a fraction"}),
	} {
		require.Equal(t, want, fileClass(cause))
	}
	require.Equal(t, match.FileMissing, fileClass(errors.New("connection refused")), "nothing came")
	require.Equal(t, wrongHostKey, fileClass(delivery.ErrHostKey), "it may be another server")
}
