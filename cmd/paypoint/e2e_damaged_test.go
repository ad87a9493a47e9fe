package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/notify"
	"paypoint/reconcile/delivery"
)

// What is said where nothing can be recorded.
const (
	saysUnrecorded   = "The audit log can't be written now, so nothing is done that it would lack, and nobody can sign in."
	saysUnrecordedID = "Log audit saat ini tidak dapat ditulis, sehingga tidak ada yang dilakukan tanpa tercatat dan tidak ada yang dapat masuk."
	saysUnreadable   = "The audit log can't be read now."
	saysNoJobs       = "The records of the daily jobs can't be used: no job is done, tills go on."
)

// A server whose audit log can't be opened sells, and does nothing that would have to
// be recorded. After the runbook all is as before, and the journal tells of the cut.
func TestEndToEndDamagedAuditLog(t *testing.T) {
	t.Parallel()
	for name, harm := range fileDamages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, stageSetup{})
			token, _ := s.hired("siti", access.RoleFinance)
			admin, operator := s.signedIn(access.SandboxAdmin, "en"), s.signedIn(access.SandboxOperator, "id")
			status, page := admin.submit("/preferences", "form#preferences", url.Values{})
			require.Equal(t, http.StatusSeeOther, status, page.Find("main").Text())
			path := s.app.staffFile(auditName)
			require.EqualValues(t, 1, metricValue(t, s.metrics(), "paypoint_audit_log_ok"))

			left := s.harmed(path, harm)
			s.trades(tillRef)
			require.Zero(t, metricValue(t, s.metrics(), "paypoint_audit_log_ok"))
			s.requireNothingUnrecorded(token, admin, operator)
			s.operate("maintenance", "on") // so that the machine can be mended
			s.operate("maintenance", "off")

			known, err := s.app.auditHeads(t.Context())
			require.NoError(t, err)
			require.NotEmpty(t, known, "the ledger was told at the end of the first server")
			s.putAside(path, left)
			s.trades(otherRef)
			require.EqualValues(t, 1, metricValue(t, s.metrics(), "paypoint_audit_log_ok"))
			status, page = admin.submit("/preferences", "form#preferences", url.Values{})
			require.Equal(t, http.StatusSeeOther, status, page.Find("main").Text())
			status, _ = s.asks(token, http.MethodGet, "cases/export", "")
			require.Equal(t, http.StatusOK, status)
			require.ErrorIs(t, s.app.anchorHead(t.Context()), errAuditCut)
			report, err := s.app.audit.Check(t.Context(), known, nil)
			require.NoError(t, err)
			require.NotEmpty(t, report.Faults, "what the ledger knows is missing")
		})
	}
}

// requireNothingUnrecorded tries what has to be recorded, and what has not.
func (s *stage) requireNothingUnrecorded(token string, admin, operator *desk) {
	s.t.Helper()
	for path, method := range map[string]string{"cases/export": http.MethodGet, "settlements/" + string(stageDay) + "/close?early=true": http.MethodPost} {
		status, code := s.asks(token, method, path, "")
		require.Equal(s.t, http.StatusServiceUnavailable, status, path)
		require.Equal(s.t, "unavailable", code, path)
	}
	status, _ := s.asks(token, http.MethodGet, "cases", "")
	require.Equal(s.t, http.StatusOK, status)
	batch, err := s.app.settlement.Get(s.t.Context(), stageDay)
	require.NoError(s.t, err)
	require.False(s.t, batch.Closed())

	status, page := admin.submit("/preferences", "form#preferences", url.Values{})
	admin.says(http.StatusServiceUnavailable, saysUnrecorded, status, page)
	status, page = operator.submit("/preferences", "form#preferences", url.Values{})
	operator.says(http.StatusServiceUnavailable, saysUnrecordedID, status, page)
	visitor := s.seat("en")
	status, page = visitor.signIn(access.SandboxFinance)
	visitor.says(http.StatusServiceUnavailable, saysUnrecorded, status, page)
	status, page = admin.get("/audit")
	admin.says(http.StatusServiceUnavailable, saysUnreadable, status, page)
	require.Equal(s.t, "Broken", admin.row("Audit log"))
	status, _ = admin.get("/payments")
	require.Equal(s.t, http.StatusOK, status, "pages are read")
}

// An audit log that is damaged while the server runs is found out before the next act.
func TestEndToEndAuditLogDamagedWhileServing(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(*testing.T, string){
		"emptied": truncate(0),
		"cut":     truncate(int64(2 * os.Getpagesize())),
		"removed": func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Remove(path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, stageSetup{})
			token, _ := s.hired("siti", access.RoleFinance)
			admin, operator := s.signedIn(access.SandboxAdmin, "en"), s.signedIn(access.SandboxOperator, "id")
			harm(t, s.app.staffFile(auditName))
			s.trades(tillRef)
			s.requireActsRefused(token, admin)
			require.Zero(t, metricValue(t, s.metrics(), "paypoint_audit_log_ok"))
			require.Equal(t, "Rusak", operator.row("Log audit"))
			s.trades(otherRef)
		})
	}
}

// requireActsRefused tries an act of the finance API and one of the console.
func (s *stage) requireActsRefused(token string, person *desk) {
	s.t.Helper()
	status, code := s.asks(token, http.MethodPost, "settlements/"+string(stageDay)+"/close?early=true", "")
	require.Equal(s.t, http.StatusServiceUnavailable, status)
	require.Equal(s.t, "unavailable", code)
	batch, err := s.app.settlement.Get(s.t.Context(), stageDay)
	require.NoError(s.t, err)
	require.False(s.t, batch.Closed(), "it was the first act after the damage")
	status, page := person.submit("/preferences", "form#preferences", url.Values{})
	person.says(http.StatusServiceUnavailable, saysUnrecorded, status, page)
}

// settling turns the job on that closes days.
func settling(cfg *Config) { cfg.Schedule.Settle.Enabled = true }

// A server whose records of the daily jobs can't be opened sells and does none of them.
func TestEndToEndDamagedSchedule(t *testing.T) {
	t.Parallel()
	for name, harm := range fileDamages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, stageSetup{change: settling})
			path := filepath.Join(s.data, delivery.RunFile)
			require.EqualValues(t, 1, metricValue(t, s.metrics(), "paypoint_schedule_records_ok"))

			left := s.harmed(path, harm)
			s.trades(tillRef)
			s.clock.turn(48 * time.Hour)
			s.requireNoJobs(s.signedIn(access.SandboxOperator, "en"))
			s.trades(otherRef)

			s.putAside(path, left)
			require.EqualValues(t, 1, metricValue(t, s.metrics(), "paypoint_schedule_records_ok"))
			run, code, errOut := s.runJob(jobSettle, stageDay)
			require.Equal(t, exitDone, code, errOut)
			require.Equal(t, delivery.Done, run.State, "from the first day on that the ledger knows")
			require.Equal(t, "Whole", s.signedIn(access.SandboxOperator, "en").row("Records of the daily jobs"))
		})
	}
}

// requireNoJobs holds that no day is done and that all who ask are told why.
func (s *stage) requireNoJobs(operator *desk) {
	s.t.Helper()
	text := s.metrics()
	require.Zero(s.t, metricValue(s.t, text, "paypoint_schedule_records_ok"))
	require.NotContains(s.t, text, "paypoint_schedule_behind_days{", "nobody knows")
	require.Less(s.t, metricValue(s.t, text, `paypoint_state_age_seconds{of="schedule"}`), 60.0, "it is not a disk that hangs")
	_, err := s.app.schedule.Advance(s.t.Context(), jobSettle)
	require.ErrorIs(s.t, err, delivery.ErrUnusable)
	for _, command := range [][]string{{"schedule", "list"}, {"schedule", "run", jobSettle, string(stageDay)}} {
		code, _, errOut := s.command(command...)
		require.Equal(s.t, exitFailed, code)
		require.Contains(s.t, errOut, "the schedule's records can't be used, and no job is done before they are mended")
	}
	batch, err := s.app.settlement.Get(s.t.Context(), stageDay)
	require.NoError(s.t, err)
	require.False(s.t, batch.Closed())

	status, page := operator.get("/system/schedule")
	operator.says(http.StatusServiceUnavailable, saysNoJobs, status, page)
	require.Equal(s.t, "Broken", operator.row("Records of the daily jobs"))
	for _, path := range []string{"/today", "/settlements", "/settlements/" + string(stageDay)} {
		status, page := operator.get(path)
		require.Equal(s.t, http.StatusOK, status, "%s: %s", path, page.Find("main").Text())
	}
	_, err = s.app.Attention()
	require.NoError(s.t, err)
}

// Records that are damaged while the server runs stop the jobs, and nothing else: the
// server ends well too.
func TestEndToEndScheduleDamagedWhileServing(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{change: settling})
	require.NoError(t, os.Truncate(filepath.Join(s.data, delivery.RunFile), 0))
	s.trades(tillRef)
	s.clock.turn(48 * time.Hour)
	s.requireNoJobs(s.signedIn(access.SandboxOperator, "en"))
	s.trades(otherRef)
}

// No other file beside the ledger keeps tills waiting either.
func TestEndToEndDamageBesideTheLedger(t *testing.T) {
	t.Parallel()
	for _, file := range []string{loginsName, notify.HistoryFile, filepath.Join("wire", "wire.index.db"), "ledger.index.db"} {
		for name, harm := range fileDamages() {
			t.Run(filepath.Base(file)+" "+name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, stageSetup{})
				s.trades(otherRef)
				s.listsPayments(1)
				s.stop()
				require.NoError(t, <-s.ended)
				path := filepath.Join(s.data, file)
				require.FileExists(t, path)
				harm(t, path)
				s.start(s.app.config)
				s.trades(tillRef)
				if file != "ledger.index.db" || name != heldByAnother {
					s.listsPayments(2) // else what is listed waits until that lets go of it
				}
			})
		}
	}
}

// Nor does a wire log whose folder can't be made: what it lacks is counted.
func TestEndToEndWireLogWithoutItsFolder(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	folder := filepath.Join(s.data, "wire")
	s.harmed(folder, func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.RemoveAll(path))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
	})
	s.trades(tillRef)
	require.Eventually(t, func() bool { return metricValue(t, s.metrics(), "paypoint_wire_log_lost_entries") >= 3 }, patience, 20*time.Millisecond)
}

// listsPayments signs a person in who looks at the payments, of which there are so many.
func (s *stage) listsPayments(many int) {
	s.t.Helper()
	status, page := s.signedIn(access.SandboxViewer, "en").get("/payments")
	require.Equal(s.t, http.StatusOK, status, page.Find("main").Text())
	require.Equal(s.t, many, page.Find("tr[data-row]").Length(), page.Find("main").Text())
}
