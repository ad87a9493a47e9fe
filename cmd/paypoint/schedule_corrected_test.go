package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile/delivery"
)

// matchedStage has matched its day by the schedule, with the file that came; text
// is that file.
func matchedStage(t *testing.T) (s *stage, partner *partnerServer, box *mailbox, hook *receiver, text string) {
	t.Helper()
	partner, box, hook = startPartnerServer(t), startMailbox(t), startReceiver(t)
	s, text = soldStage(t, stageSetup{change: reconcileSetup(partner, box, hook)})
	partner.put(t, "IDM_20260130_01.txt", text)
	s.clock.turn(24 * time.Hour)
	s.operate("settlement", "close", string(stageDay))
	run, code, errOut := s.runJob(jobReconcile, stageDay)
	require.Equal(t, exitDone, code, errOut+run.Error)
	require.Len(t, hook.found(), 2)
	return s, partner, box, hook, text
}

// nextDay runs the day after the stage's as far as it goes without a file.
func (s *stage) nextDay() delivery.Run {
	s.t.Helper()
	s.clock.turn(24 * time.Hour)
	_, code, errOut := s.runJob(jobSettle, stageDay.Next())
	require.Equal(s.t, exitDone, code, errOut)
	run, _, _ := s.runJob(jobReconcile, stageDay.Next())
	require.Equal(s.t, "match", run.Step, run.Error)
	return run
}

// A corrected file that comes a day late is found, the day is matched by it, and
// who was told before is told again, once.
func TestScheduleFindsACorrectedFile(t *testing.T) {
	t.Parallel()
	s, partner, box, hook, text := matchedStage(t)
	partner.put(t, "IDM_20260130_02.txt", second(text))
	run := s.nextDay()
	require.Equal(t, "fetch late-mail late-webhook corrected corrected-mail corrected-webhook", stepsOf(run))

	outcome, err := s.app.reconcile.Outcome(t.Context(), stageDay)
	require.NoError(t, err)
	require.Equal(t, 2, outcome.Version)
	require.Equal(t, scheduleBy, outcome.By)
	require.Equal(t, 1, s.mailsWith(box, "Subject: Reconciliation 2026-01-30: 2 differences (corrected file)"))
	require.Equal(t, 2, hook.corrected())

	s.runJob(jobReconcile, stageDay.Next())
	require.Equal(t, 1, s.mailsWith(box, "(corrected file)"), "told once")
	require.Equal(t, 2, hook.corrected())
	// The day after looks again, and finds nothing new.
	partner.put(t, "IDM_20260131_01.txt", partnerFile(stageDay.Next()))
	run, code, errOut := s.runJob(jobReconcile, stageDay.Next())
	require.Equal(t, exitDone, code, errOut+run.Error)
	again, err := s.app.reconcile.Outcome(t.Context(), stageDay)
	require.NoError(t, err)
	require.Equal(t, outcome.Run, again.Run)
}

// A file that came after the match and is wrong is left for a person to see; the
// day stays as it was matched.
func TestScheduleShowsABadCorrectedFile(t *testing.T) {
	t.Parallel()
	s, partner, _, hook, text := matchedStage(t)
	later := second(text)
	partner.put(t, "IDM_20260130_02.txt", later[:len(later)-20])
	s.clock.turn(24 * time.Hour)
	s.runJob(jobSettle, stageDay.Next())
	s.runJob(jobReconcile, stageDay.Next())
	for range lookAttempts {
		s.clock.turn(time.Hour)
		_, err := s.app.schedule.Advance(t.Context(), jobReconcile)
		require.True(t, err == nil || errors.Is(err, delivery.ErrBusy), err)
	}
	run, err := s.app.runs.Get(t.Context(), jobReconcile, stageDay.Next())
	require.NoError(t, err)
	require.Contains(t, stepsOf(run), "corrected corrected-mail corrected-webhook")
	require.Regexp(t, `reconcile 2026-01-31, corrected left undone: .*the file of Indomaret is refused`, s.operate("schedule", "list"))
	require.Zero(t, hook.corrected())
	outcome, err := s.app.reconcile.Outcome(t.Context(), stageDay)
	require.NoError(t, err)
	require.Equal(t, 1, outcome.Version)
}

// A day that is given up is told of once, by all ways, whenever these can be used.
func TestScheduleTellsOfAFailedJob(t *testing.T) {
	t.Parallel()
	box, hook := startMailbox(t), startReceiver(t)
	hook.refuse = true
	s, _ := soldStage(t, stageSetup{change: func(c *Config) {
		c.Schedule.Reconcile.Enabled = true
		c.Schedule.Retry.Attempts = 1
		c.Delivery.Mail, c.Delivery.Webhook = box.settings, Webhook{URL: hook.url, Secret: hook.secret}
	}})
	require.NoError(t, s.app.tellFailures(t.Context()))
	require.Zero(t, s.mailsWith(box, jobFailed))

	s.clock.turn(24 * time.Hour)
	require.Eventually(t, func() bool {
		run, _, _ := s.runJob(jobReconcile, stageDay) // there is no file, nor a closed batch
		return run.State == delivery.Failed
	}, patience, 10*time.Millisecond)
	require.ErrorContains(t, s.app.tellFailures(t.Context()), "it answered 503")
	require.Equal(t, 1, s.mailsWith(box, "Subject: reconcile of 2026-01-30: JOB_FAILED"))
	hook.mu.Lock()
	hook.refuse = false
	hook.mu.Unlock()
	for range 2 {
		require.NoError(t, s.app.tellFailures(t.Context()))
	}
	require.Equal(t, 1, s.mailsWith(box, jobFailed))
	require.Contains(t, hook.found(), string(stageDay)+" "+jobFailed)
	hook.mu.Lock()
	defer hook.mu.Unlock()
	require.Len(t, hook.told, 1)
	require.Equal(t, jobReconcile, hook.told[0].Data.Job)
}

// A clock that is years ahead stops a job: that is told, with what to do.
func TestScheduleTellsOfAStuckJob(t *testing.T) {
	t.Parallel()
	a := &application{}
	failures, err := a.failuresOf(t.Context(), delivery.Standing{Job: jobSettle, Next: delivery.Decision{Act: delivery.Stuck, Day: stageDay}})
	require.NoError(t, err)
	require.Len(t, failures, 1)
	require.True(t, failures[0].stuck)
	require.Equal(t, stageDay, failures[0].day)
}

// mailsWith counts the mails that hold a text, however their subjects are folded.
func (s *stage) mailsWith(box *mailbox, text string) (count int) {
	s.t.Helper()
	for _, mail := range box.taken(s.t) {
		if strings.Contains(strings.NewReplacer("\r\n ", " ", "\n ", " ").Replace(mail), text) {
			count++
		}
	}
	return count
}

// corrected counts the classes that were told of corrected files.
func (r *receiver) corrected() (count int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, event := range r.told {
		if event.Data.Corrected {
			count += len(event.Data.Found)
		}
	}
	return count
}

// The lines of a settlement's letter add up to its net.
func TestSettlementLetterAddsUp(t *testing.T) {
	t.Parallel()
	letter := settlementLetter(ledger.Batch{
		Day: stageDay, No: 7, Paid: 1, PaidAmount: 100_000, PaidFee: 3_000, RemittedFee: 1_000, Adjustments: 2, Adjusted: -50_000,
	})
	require.Equal(t, "Settlement 2026-01-30: 1 payment, Rp 51000 net", letter.Subject)
	require.Contains(t, letter.Text, "Paid       1 payment, Rp 100000\nFees       Rp 3000, of which Indomaret remits Rp 1000\nAdjusted   2 corrections, Rp -50000\nNet        Rp 51000\n")
}

// A letter that is sent again has the same date.
func TestLateLettersDate(t *testing.T) {
	t.Parallel()
	a := &application{}
	a.config.Settlement.CutOff = midnight
	a.config.Schedule.Reconcile.MatchAfter = 10 * time.Hour
	require.Equal(t, "2026-01-31T10:00:00+07:00", a.matchFrom(stageDay).In(ledger.WIB).Format(time.RFC3339))
}

// A case shows what approve asks for, and why a reversal was refused.
func TestCasesShowProposalsAndReasons(t *testing.T) {
	t.Parallel()
	require.Equal(t, "-", proposalNumber(nil))
	require.Equal(t, "42", proposalNumber(&ledger.Proposal{Seq: 42}))
	var out strings.Builder
	s := &session{out: &out}
	s.printCase(finance.Case{ID: 3, Class: ledger.ClassReversalRefused, State: ledger.CaseOpen, Age: 1, Reason: "too late"})
	require.Contains(t, out.String(), "case 3, REVERSAL_REFUSED, open, 1 business day old\nrefused because too late\n")
}
