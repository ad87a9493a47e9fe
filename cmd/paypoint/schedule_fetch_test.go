package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/delivery"
)

func TestJudgeOfRefusedFiles(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 30, 12, 0, 0, 0, ledger.WIB)
	good := attempt{Fetched: delivery.Fetched{SHA256: "good", Modified: noon}}
	bad := attempt{Fetched: delivery.Fetched{SHA256: "bad", Modified: noon}, err: errFileRefused}
	ofServer := ledger.PartnerFile{SHA256: "good", At: noon.Add(time.Hour)}
	byHand := func(after time.Duration) ledger.PartnerFile {
		return ledger.PartnerFile{SHA256: "hand", At: noon.Add(after)}
	}
	numbered := func(of attempt, sequence int) attempt {
		of.sequence = sequence
		return of
	}
	numberedHand := func(sequence int, after time.Duration) ledger.PartnerFile {
		file := byHand(after)
		file.Sequence = sequence
		return file
	}
	for name, test := range map[string]struct {
		attempts         []attempt
		files            []ledger.PartnerFile
		missing, refused bool
	}{
		"all is well":                      {[]attempt{good}, []ledger.PartnerFile{ofServer}, false, false},
		"a good one came after":            {[]attempt{bad, good}, []ledger.PartnerFile{ofServer}, false, true},
		"the newest is bad":                {[]attempt{good, bad}, []ledger.PartnerFile{ofServer}, true, false},
		"only a bad one":                   {[]attempt{bad}, nil, true, false},
		"then one was taken by hand":       {[]attempt{good, bad}, []ledger.PartnerFile{ofServer, byHand(time.Hour)}, false, true},
		"a higher number by hand, before":  {[]attempt{numbered(bad, 1)}, []ledger.PartnerFile{numberedHand(2, -time.Hour)}, false, true},
		"a lower number by hand, after it": {[]attempt{numbered(bad, 2)}, []ledger.PartnerFile{numberedHand(1, time.Hour)}, true, false},
		"the same number by hand, after":   {[]attempt{numbered(bad, 2)}, []ledger.PartnerFile{numberedHand(2, time.Hour)}, false, true},
		"by hand without a number":         {[]attempt{numbered(bad, 2)}, []ledger.PartnerFile{byHand(time.Hour)}, false, true},
		"by hand, but before it":           {[]attempt{bad}, []ledger.PartnerFile{byHand(-time.Hour)}, true, false},
	} {
		result := judge(test.attempts, test.files)
		require.Equal(t, test.missing, errors.Is(result.missing, errFileRefused), name)
		require.Equal(t, test.refused, errors.Is(result.refused, errFileRefused), name)
	}
}

// second is a day's file with the sequence number 2 in its header.
func second(text string) string { return strings.Replace(text, "|2026-01-30|1|", "|2026-01-30|2|", 1) }

// A bad file that stays on the server is told of once, and the day is matched by
// the good one.
func TestScheduleMatchesBesideABadFile(t *testing.T) {
	t.Parallel()
	partner, box, hook := startPartnerServer(t), startMailbox(t), startReceiver(t)
	s, text := soldStage(t, stageSetup{change: reconcileSetup(partner, box, hook)})
	partner.put(t, "IDM_20260130_01.txt", text[:len(text)-20])
	partner.put(t, "IDM_20260130_02.txt", second(text))
	s.clock.turn(24 * time.Hour)
	s.operate("settlement", "close", string(stageDay))
	run, code, errOut := s.runJob(jobReconcile, stageDay)
	require.Equal(t, exitDone, code, errOut+run.Error)
	require.Equal(t, delivery.Done, run.State)
	require.Contains(t, hook.found(), "2026-01-30 FILE_REFUSED")
	require.Len(t, hook.found(), 3)
	mails := strings.Join(box.taken(t), "")
	require.Equal(t, 1, strings.Count(mails, "Subject: Indomaret's file of 2026-01-30: FILE_REFUSED"))
	require.Contains(t, mails, "was taken, and the day is matched by it.")
}

// A server that is down keeps nobody from matching what was imported by hand.
func TestScheduleMatchesWhatWasImportedByHand(t *testing.T) {
	t.Parallel()
	partner, box, hook := startPartnerServer(t), startMailbox(t), startReceiver(t)
	s, text := soldStage(t, stageSetup{change: func(c *Config) {
		reconcileSetup(partner, box, hook)(c)
		c.Delivery.SFTP.Address = "127.0.0.1:1" // nobody there
	}})
	s.clock.turn(24 * time.Hour)
	s.operate("settlement", "close", string(stageDay))
	s.operate("reconcile", "import", save(t, "IDM_20260130_01.txt", text))
	run, code, errOut := s.runJob(jobReconcile, stageDay)
	require.Equal(t, exitDone, code, errOut+run.Error)
	require.Len(t, hook.found(), 2, "no file is missing")
	require.NotContains(t, strings.Join(box.taken(t), ""), "FILE_MISSING")
}

// A mail server that is down does not keep the day from being matched.
func TestScheduleMatchesThoughNobodyCanBeTold(t *testing.T) {
	t.Parallel()
	partner, box, hook := startPartnerServer(t), startMailbox(t), startReceiver(t)
	s, text := soldStage(t, stageSetup{change: func(c *Config) {
		reconcileSetup(partner, box, hook)(c)
		c.Delivery.Mail.Address = "127.0.0.1:1" // nobody there
	}})
	partner.put(t, "IDM_20260130_01.txt", text[:len(text)-20])
	partner.put(t, "IDM_20260130_02.txt", second(text))
	s.clock.turn(24 * time.Hour)
	s.operate("settlement", "close", string(stageDay))
	s.runJob(jobReconcile, stageDay)
	for range tellAttempts {
		s.clock.turn(time.Hour)
		_, err := s.app.schedule.Advance(t.Context(), jobReconcile)
		require.True(t, err == nil || errors.Is(err, delivery.ErrBusy), err)
	}
	require.Eventually(t, func() bool {
		run, err := s.app.runs.Get(t.Context(), jobReconcile, stageDay)
		return err == nil && run.Step == "mail"
	}, patience, 10*time.Millisecond, "what was found is still to be told")
	require.Contains(t, s.operate("reconcile", "show", string(stageDay)), "2 differences, 2 new cases")
}

// The tenth file of a day is newer than its second.
func TestFilesAreTakenByTheirNumbers(t *testing.T) {
	t.Parallel()
	a := &application{}
	a.config.Reconcile.Profile.FileName.Template = "IDM_{date:yyyyMMdd}_{seq}.txt"
	var names []string
	for _, each := range a.inOrder([]delivery.Fetched{{Name: "IDM_20260130_1.txt"}, {Name: "IDM_20260130_10.txt"}, {Name: "IDM_20260130_2.txt"}, {Name: "another"}}) {
		names = append(names, each.Name)
	}
	require.Equal(t, []string{"another", "IDM_20260130_1.txt", "IDM_20260130_2.txt", "IDM_20260130_10.txt"}, names)
}
