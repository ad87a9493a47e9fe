package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
	"go.uber.org/zap"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/finance"
	"paypoint/ledger"
)

func TestAuditOfTheFinanceAPI(t *testing.T) {
	t.Parallel()
	caller := finance.Act{Who: "siti", Role: access.RoleFinance, Caller: "192.0.2.1:50000", Status: http.StatusOK}
	with := func(alter func(*finance.Act)) finance.Act {
		act := caller
		alter(&act)
		return act
	}
	by := audit.Entry{Who: "siti", Role: "finance", Address: "192.0.2.1", Result: audit.Done, Status: http.StatusOK}
	as := func(alter func(*audit.Entry)) audit.Entry {
		e := by
		alter(&e)
		return e
	}
	for name, c := range map[string]struct {
		act  finance.Act
		want audit.Entry
	}{
		"a change": {
			with(func(a *finance.Act) {
				a.Changes, a.Name, a.Case, a.Proposed, a.Amount = true, "case.propose", 12, ledger.ActRefund, 700
			}),
			as(func(e *audit.Entry) {
				e.Act, e.Object, e.After = "case.propose", audit.Object{Kind: "case", ID: "12"}, "proposed=refund amount=700"
			}),
		},
		"an export": {
			with(func(a *finance.Act) { a.Name, a.Query = "case.export", "open=true&code=1234567890123452" }),
			as(func(e *audit.Entry) { e.Act, e.Filter = "case.export", "open=true&code=123*************" }),
		},
		"a day's file": {
			with(func(a *finance.Act) { a.Name, a.Day = "settlement.file", "2026-11-20" }),
			as(func(e *audit.Entry) { e.Act, e.Object = "settlement.file", audit.Object{Kind: "day", ID: "2026-11-20"} }),
		},
		"a refusal of reading": {
			with(func(a *finance.Act) {
				a.Name, a.Action, a.Status, a.Code = "case.get", access.ActCaseRead, 403, "forbidden"
			}),
			as(func(e *audit.Entry) {
				e.Act, e.Result, e.Status, e.Reason = string(access.ActCaseRead), audit.Refused, 403, "forbidden"
			}),
		},
		"a failure": {
			with(func(a *finance.Act) {
				a.Name, a.Changes, a.Status, a.Code, a.Day = "settlement.close", true, 503, "unavailable", "2026-11-20"
			}),
			as(func(e *audit.Entry) {
				e.Act, e.Result, e.Status, e.Reason, e.Object = "settlement.close", audit.Failed, 503, "unavailable", audit.Object{Kind: "day", ID: "2026-11-20"}
			}),
		},
		"a path that is none": {
			with(func(a *finance.Act) { a.Name, a.Status, a.Code = audit.ActUnknown, 404, "not_found" }),
			as(func(e *audit.Entry) {
				e.Act, e.Result, e.Status, e.Reason = audit.ActUnknown, audit.Refused, 404, "not_found"
			}),
		},
		"a payout": {
			with(func(a *finance.Act) {
				a.Name, a.Changes, a.Reference, a.Amount = audit.ActPayoutRecord, true, "OUT-1", 700
			}),
			as(func(e *audit.Entry) {
				e.Act, e.Object, e.After = audit.ActPayoutRecord, audit.Object{Kind: audit.KindPayout, ID: "OUT-1"}, "amount=700"
			}),
		},
		"the gap": {
			with(func(a *finance.Act) { a.Name, a.Changes = audit.ActRecoverySignOff, true }),
			as(func(e *audit.Entry) {
				e.Act, e.Object = audit.ActRecoverySignOff, audit.Object{Kind: audit.KindRecovery}
			}),
		},
		"a transfer": {
			with(func(a *finance.Act) {
				a.Name, a.Changes, a.Reference, a.Amount = "transfer.record", true, "BANK-1", 700
			}),
			as(func(e *audit.Entry) {
				e.Act, e.Object, e.After = "transfer.record", audit.Object{Kind: "transfer", ID: "BANK-1"}, "amount=700"
			}),
		},
		"a token by mistake": {
			with(func(a *finance.Act) {
				a.Name, a.Changes, a.Merchant = "terms.set", true, "ppf_ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			}),
			as(func(e *audit.Entry) {
				e.Act, e.Object = "terms.set", audit.Object{Kind: "merchant", ID: "ppf" + strings.Repeat("*", 27)}
			}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, audited := auditFinance(c.act)
			require.True(t, audited)
			require.Equal(t, c.want, got)
		})
	}
	_, audited := auditFinance(with(func(a *finance.Act) { a.Name = "case.list" }))
	require.False(t, audited, "mere reading has no entry")
	_, audited = auditFinance(with(func(a *finance.Act) { a.Who, a.Name, a.Status = "", "unknown", http.StatusUnauthorized }))
	require.False(t, audited, "nor has what a stranger sends")
}

// recorded lists the audit log of a running server, oldest first.
func recorded(t *testing.T, a *application) (all []audit.Entry) {
	t.Helper()
	for e, err := range a.audit.Each(t.Context(), audit.Query{}) {
		require.NoError(t, err)
		all = append([]audit.Entry{e}, all...)
	}
	return all
}

// Every act of operators and of finance is in the audit log once, with who did it;
// what is merely read is not.
func TestActsAreAudited(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	s.operate("user", "add", "siti", "Siti Rahayu", "--role", "admin")
	s.operate("user", "list")
	s.operate("user", "role", "siti", "finance")
	password := decode[temporaryPassword](t, s.operate("user", "password", "siti", "--json")).Password
	code, _, _ := s.command("user", "role", "nobody", "viewer")
	require.Equal(t, exitFailed, code)
	token := decode[issuedToken](t, s.operate("user", "token", "issue", "siti", "desk", "--json")).Token
	s.operate("maintenance", "on")
	status, _ := s.asks(token, http.MethodGet, "cases", "")
	require.Equal(t, http.StatusOK, status)
	status, _ = s.asks(token, http.MethodGet, "cases/export", "")
	require.Equal(t, http.StatusOK, status)
	status, _ = s.asks(token, http.MethodPost, "recovery/sign-off", `{"why":"seen"}`)
	require.Equal(t, http.StatusForbidden, status)
	status, _ = s.asks("nobody's", http.MethodGet, "cases", "")
	require.Equal(t, http.StatusUnauthorized, status)

	type line struct {
		who, act, object string
		result           audit.Result
	}
	operator := operatorPrefix
	want := []line{
		{operator, "user.add", "user siti", audit.Done}, {operator, "user.role", "user siti", audit.Done}, {operator, "user.password", "user siti", audit.Done},
		{operator, "user.role", "user nobody", audit.Refused}, {operator, "user.token_issue", "user siti", audit.Done}, {operator, audit.ActMaintenanceBegin, "system ", audit.Done},
		{"siti", "case.export", " ", audit.Done}, {"siti", audit.ActRecoverySignOff, "recovery ", audit.Refused},
	}
	var got []line
	require.Eventually(t, func() bool { return len(recorded(t, s.app)) >= len(want) }, patience, 5*time.Millisecond)
	for _, e := range recorded(t, s.app) {
		if strings.HasPrefix(e.Who, operatorPrefix) {
			require.Equal(t, roleOfOperators, e.Role)
			e.Who = operatorPrefix
		}
		got = append(got, line{e.Who, e.Act, e.Object.Kind + " " + e.Object.ID, e.Result})
	}
	require.Equal(t, want, got)

	require.NoError(t, s.app.anchorHead(t.Context()))
	require.NoError(t, s.app.anchorHead(t.Context()), "it has not grown")
	heads, err := s.app.auditHeads(t.Context())
	require.NoError(t, err)
	require.Len(t, heads, 1)
	report, err := s.app.audit.Check(t.Context(), heads, nil)
	require.NoError(t, err)
	require.Empty(t, report.Faults)
	require.EqualValues(t, len(want), report.Entries)

	for _, name := range []string{"audit.db", "ledger.db", "console.db"} {
		file, err := os.ReadFile(filepath.Join(s.app.config.DataDir, name))
		require.NoError(t, err)
		require.NotContains(t, string(file), password, name)
		require.NotContains(t, string(file), token, name)
	}
}

// Whoever begins the audit log anew and fills it past where it was is found out, and
// stays so: the ledger keeps what it was told.
func TestAnAuditLogMadeAnewIsNotAnchored(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	record := func(act string) {
		for range 3 {
			s.app.recordAudit(audit.Entry{Who: "siti", Act: act, Result: audit.Done})
		}
	}
	record("case.approve")
	require.NoError(t, s.app.anchorHead(t.Context()))
	before, err := s.app.auditHeads(t.Context())
	require.NoError(t, err)
	s.stop()
	require.NoError(t, <-s.ended)
	require.NoError(t, os.Remove(s.app.staffFile(auditName)))
	s.start(s.app.config)
	for range 2 { // as it is shorter, and as it is longer
		record("case.note")
		require.ErrorIs(t, s.app.anchorHead(t.Context()), errAuditCut)
	}
	after, err := s.app.auditHeads(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, after)
	report, err := s.app.audit.Check(t.Context(), after, nil)
	require.NoError(t, err)
	require.Equal(t, []audit.Fault{{Seq: before[0].Seq, Problem: audit.Replaced}}, report.Faults)
}

// TestOperatorsActsAreKnown: what operators do is one of the audit log's acts, about
// one of its kinds of things.
func TestOperatorsActsAreKnown(t *testing.T) {
	t.Parallel()
	for pattern, act := range operatorActs() {
		require.True(t, audit.IsAct(act.name), "%s: %s", pattern, act.name)
		require.Contains(t, audit.Kinds(), act.kind, pattern)
	}
}

// What was recorded since the ledger was last told of the audit log can't vanish while
// no server runs: an orderly end tells the ledger too.
func TestAnAuditLogCutBetweenTwoServersIsFoundOut(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	s.operate("user", "add", "siti", "Siti Rahayu", "--role", "viewer")
	require.Eventually(t, func() bool { return len(recorded(t, s.app)) == 1 }, patience, 5*time.Millisecond)
	require.NoError(t, s.app.anchorHead(t.Context()))
	s.stop()
	require.NoError(t, <-s.ended)
	before, err := os.ReadFile(s.app.staffFile(auditName))
	require.NoError(t, err)

	s.start(s.app.config)
	s.operate("user", "role", "siti", "approver")
	require.Eventually(t, func() bool { return len(recorded(t, s.app)) == 2 }, patience, 5*time.Millisecond)
	s.stop()
	require.NoError(t, <-s.ended)
	require.NoError(t, os.WriteFile(s.app.staffFile(auditName), before, 0o600))

	s.start(s.app.config)
	heads, err := s.app.auditHeads(t.Context())
	require.NoError(t, err)
	require.Len(t, heads, 1)
	report, err := s.app.audit.Check(t.Context(), heads, nil)
	require.NoError(t, err)
	require.Equal(t, []audit.Fault{{Seq: 2, Problem: audit.Missing}}, report.Faults)
	require.ErrorIs(t, s.app.anchorHead(t.Context()), errAuditCut)
}

// Where the audit log is damaged while the server runs, finance's acts and those of the
// console wait for another start; tills do not, and the server still ends well.
func TestADamagedAuditLogStopsActsAlone(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	token, _ := s.hired("siti", access.RoleFinance)
	code, _ := s.charge(chargeTerms{})
	require.NoError(t, os.Truncate(s.app.staffFile(auditName), 0))
	require.ErrorIs(t, s.app.audit.Record(t.Context(), audit.Entry{Act: audit.ActBackup, Result: audit.Done}), audit.ErrDamaged)
	for path, method := range map[string]string{"cases/export": http.MethodGet, "settlements/today/close?early=true": http.MethodPost} {
		status, refusal := s.asks(token, method, path, "")
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Equal(t, "unavailable", refusal)
	}
	status, _ := s.asks(token, http.MethodGet, "cases", "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, saysApproved, s.send(s.payment(code, tillRef, stageAmount)).String())
}

// The ledger is told of what was recorded soon, but not more often than once in
// anchorInterval, and of nothing twice.
func TestTheLedgerIsToldSoonAndNotOften(t *testing.T) {
	t.Parallel()
	cfg, clock := sandboxHere(t), newStageClock()
	a := newApplication(cfg, zap.NewNop())
	a.now = clock.Now
	require.NoError(t, a.open(t.Context()))
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	k := &anchor{app: a}
	told := func(want uint64) {
		t.Helper()
		for range 3 {
			k.look(t.Context())
		}
		heads, err := a.auditHeads(t.Context())
		require.NoError(t, err)
		require.Len(t, heads, 1)
		require.Equal(t, want, heads[0].Seq)
	}
	record := func() { a.recordAudit(audit.Entry{Who: "siti", Act: audit.ActCaseNote, Result: audit.Done}) }
	size := func() uint64 {
		t.Helper()
		size, err := a.store.(sizedStore).Size()
		require.NoError(t, err)
		return size.Records
	}

	before := size()
	k.look(t.Context())
	require.Equal(t, before, size(), "an empty log has no end to tell of")
	record()
	told(1)
	require.Equal(t, before+1, size())
	record()
	told(1)
	clock.turn(anchorInterval - time.Second)
	told(1)
	clock.turn(time.Second)
	told(2)
	clock.turn(24 * time.Hour)
	told(2)
	require.Equal(t, before+2, size())
	record()
	clock.turn(-48 * time.Hour)
	told(3)
}

// A log that was cut is told of at the start, and once for each time that it has grown,
// not every second.
func TestACutAuditLogIsToldOfWhenItGrows(t *testing.T) {
	t.Parallel()
	cfg, clock, logs := sandboxHere(t), newStageClock(), &logBuffer{}
	open := func() *application {
		t.Helper()
		a := newApplication(cfg, newLogger(cfg, logs))
		a.now = clock.Now
		require.NoError(t, a.open(t.Context()))
		return a
	}
	record := func(a *application) {
		a.recordAudit(audit.Entry{Who: "siti", Act: audit.ActCaseNote, Result: audit.Done})
	}
	a := open()
	record(a)
	record(a)
	require.NoError(t, a.Close())
	require.NoError(t, os.Remove(a.staffFile(auditName)))
	a = open()
	k := &anchor{app: a}
	for _, want := range []int{1, 2, 3} {
		if want > 1 { // the first time it is empty still
			record(a)
		}
		clock.turn(anchorInterval)
		for range 3 {
			k.look(t.Context())
			clock.turn(anchorInterval)
		}
		require.Equal(t, want, strings.Count(logs.String(), "the audit log lacks entries that the ledger knows of"))
		require.Contains(t, logs.String(), errAuditCut.Error())
	}
	require.NoError(t, a.Close())
}

// A killed server has told the ledger of what was recorded before the last interval:
// whoever cuts that off is found out by the next one.
func TestKillDoesNotHideACutAuditLog(t *testing.T) {
	t.Parallel()
	folder, shipped := stageFolder(t), t.TempDir()
	config := save(t, "paypoint.yaml", fmt.Sprintf("journal: {ship_dir: %q}\n", shipped))
	serve := func() *process {
		return launch(t, "serve", "--sandbox", "--config", config, "--data", folder, "--listen", "127.0.0.1:0")
	}
	operate := func(args ...string) {
		t.Helper()
		code, _, errOut := runCommand(append(args, "--data", folder)...)
		require.Equal(t, exitDone, code, errOut)
	}
	p := serve()
	operate("user", "add", "siti", "Siti Rahayu", "--role", "viewer")
	require.Eventually(t, func() bool { return shippedAnchor(t, shipped, 1) }, patience, 20*time.Millisecond, "at once, after a quiet time")
	operate("user", "role", "siti", "approver")
	operate("sandbox", "clock", (2 * anchorInterval).String())
	require.Eventually(t, func() bool { return shippedAnchor(t, shipped, 3) }, patience, 20*time.Millisecond, "after the interval")
	p.kill()

	cutAudit(t, filepath.Join(folder, auditName), 1)
	p = serve()
	require.Eventually(t, func() bool { return strings.Contains(p.log(), errAuditCut.Error()) }, patience, 50*time.Millisecond)
	require.Contains(t, p.log(), "it ends at entry 1, and lacks entry 3 as it was")
	require.Equal(t, exitDone, p.stop())
}

// shippedAnchor says whether the shipped journal has that the ledger was told of an
// entry of the audit log. A record has a setting's value in base64, of which 9 bytes
// stand for themselves.
func shippedAnchor(t *testing.T, shipped string, seq int) bool {
	t.Helper()
	value := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"seq":%d,`, seq))
	for _, name := range namesIn(t, shipped) {
		text, err := os.ReadFile(filepath.Join(shipped, name))
		require.NoError(t, err)
		if bytes.Contains(text, []byte(value)) {
			return true
		}
	}
	return false
}

// cutAudit makes an audit log what it was when it had fewer entries.
func cutAudit(t *testing.T, path string, keep uint64) {
	t.Helper()
	alterLedger(t, path, func(tx *bolt.Tx) error {
		entries := tx.Bucket([]byte("entries"))
		last := binary.BigEndian.AppendUint64(nil, keep)
		hash := bytes.Clone(entries.Get(last)[:sha256.Size])
		cursor := entries.Cursor()
		for key, _ := cursor.Seek(binary.BigEndian.AppendUint64(nil, keep+1)); key != nil; key, _ = cursor.Seek(binary.BigEndian.AppendUint64(nil, keep+1)) {
			if err := cursor.Delete(); err != nil {
				return err
			}
		}
		return tx.Bucket([]byte("meta")).Put([]byte("head"), append(last, hash...))
	})
}
