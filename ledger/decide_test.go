package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// The walk: every standing of a charge, with every history of the message's
// payment code and TrackingRef, meets every message. Rows are standings,
// columns histories, cells what must come of it (see outcomes). A dot is a
// scene that can't be; why not stands in the table of scenes.
//
// What the rows and columns mean:
//
//	expired    its time is over by the clock, and no record says so yet
//	lapsed     its time is over, and a record says so
//	grace      its time is over, but an inquiry was answered just before
//	paid       the TrackingRef pays the code, and the message names that amount
//	other      the TrackingRef pays the code, and the message names another amount
//	settled    as paid, in a closed batch
//	same       the same store has used the TrackingRef for another code yesterday
//	long       the same, longer ago than the agreement's window
//	else       another store has used the TrackingRef for another code
//	recovered  finance staff booked the TrackingRef's payment, as Indomaret has it
//	written    as paid, and a part of what Indomaret owes for it was written off
//	taken      the TrackingRef paid the code, and finance staff took it back
//	refunded   finance staff booked the TrackingRef's money as owed back to its payer
//	repaid     as paid, and what Indomaret has beyond it was booked as owed back
const (
	scenes = `
	          none paid  other reversed buried settled same long else recovered written taken refunded repaid
	unknown   ok   new   new   new      ok     new     ok   ok   ok   new       new     new   ok       new
	future    ok   ahead ahead ahead    ok     ahead   ok   ok   ok   told      ahead   ahead ok       ahead
	active    ok   pays  pays  ok       ok     pays    ok   ok   ok   pays      pays    ok    ok       pays
	held      ok   ok    ok    ok       ok     ok      ok   ok   ok   told      ok      ok    ok       ok
	released  ok   ok    ok    ok       ok     ok      ok   ok   ok   ok        ok      ok    ok       ok
	expired   ok   pays  pays  ok       ok     pays    ok   ok   ok   pays      pays    ok    ok       pays
	lapsed    ok   pays  pays  ok       ok     pays    ok   ok   ok   pays      pays    ok    ok       pays
	grace     ok   pays  pays  ok       ok     pays    ok   ok   ok   pays      pays    ok    ok       pays
	cancelled ok   pays  pays  ok       ok     pays    ok   ok   ok   pays      pays    ok    ok       pays
	denied    ok   pays  pays  ok       ok     pays    ok   ok   ok   pays      pays    ok    ok       pays`

	inquiries = `
	          none paid other reversed buried settled same long else recovered written taken refunded repaid
	unknown   14   .    .     .        14     .       14   14   14   .         .       .     14       .
	future    89   .    .     .        89     .       89   89   89   .         .       .     89       .
	active    00   .    .     00       00     .       00   00   00   .         .       00    00       .
	held      88   88   88    88       88     88      88   88   88   .         88      88    88       88
	released  88   88   88    88       88     88      88   88   88   88        88      88    88       88
	expired   54   .    .     54       54     .       54   54   54   .         .       54    54       .
	lapsed    54   .    .     54       54     .       54   54   54   .         .       54    54       .
	grace     54   .    .     54       54     .       54   54   54   .         .       54    54       .
	cancelled 17   .    .     17       17     .       17   17   17   .         .       17    17       .
	denied    17d  .    .     17d      17d    .       17d  17d  17d  .         .       17d   17d      .`

	payments = `
	          none  paid   other reversed buried settled same long   else   recovered written taken refunded repaid
	unknown   14    .      .     .        94b    .       94c  14     14     .         .       .     94b      .
	future    89    .      .     .        94b    .       94c  89     89     .         .       .     94b      .
	active    book  .      .     94r      94b    .       94c  warn   warn   .         .       94r   94b      .
	held      88    replay 94a   94r      94b    replay  94c  88     88     .         replay  94r   94b      replay
	released  88    replay 94a   94r      94b    replay  94c  88     88     replay    replay  94r   94b      replay
	expired   54    .      .     94r      94b    .       94c  54     54     .         .       94r   94b      .
	lapsed    54    .      .     94r      94b    .       94c  54     54     .         .       94r   94b      .
	grace     grace .      .     94r      94b    .       94c  gracew gracew .         .       94r   94b      .
	cancelled 17    .      .     94r      94b    .       94c  17     17     .         .       94r   94b      .
	denied    17d   .      .     94r      94b    .       94c  17d    17d    .         .       94r   94b      .`

	reversals = `
	          none  paid   other reversed buried settled same long  else  recovered written taken refunded repaid
	unknown   bury? .      .     .        again  .       25   bury? bury? .         .       .     again    .
	future    bury  .      .     .        again  .       25   bury  bury  .         .       .     again    .
	active    bury  .      .     again    again  .       25   bury  bury  .         .       again again    .
	held      bury  reopen 13    again    again  12      25   bury  bury  .         12      again again    12
	released  bury  deny   13    again    again  12      25   bury  bury  12        12      again again    12
	expired   bury  .      .     again    again  .       25   bury  bury  .         .       again again    .
	lapsed    bury  .      .     again    again  .       25   bury  bury  .         .       again again    .
	grace     bury  .      .     again    again  .       25   bury  bury  .         .       again again    .
	cancelled bury  .      .     again    again  .       25   bury  bury  .         .       again again    .
	denied    bury  .      .     again    again  .       25   bury  bury  .         .       again again    .`

	sweeps = `
	          none  paid other reversed buried settled same  long  else  recovered written taken refunded repaid
	unknown   -     .    .     .        -      .       -     -     -     .         .       .     -        .
	future    -     .    .     .        -      .       -     -     -     .         .       .     -        .
	active    -     .    .     -        -      .       -     -     -     .         .       -     -        .
	held      -     -    -     -        -      -       -     -     -     .         -       -     -        -
	released  -     -    -     -        -      -       -     -     -     -         -       -     -        -
	expired   lapse .    .     lapse    lapse  .       lapse lapse lapse .         .       lapse lapse    .
	lapsed    -     .    .     -        -      .       -     -     -     .         .       -     -        .
	grace     -     .    .     -        -      .       -     -     -     .         .       -     -        .
	cancelled -     .    .     -        -      .       -     -     -     .         .       -     -        .
	denied    -     .    .     -        -      .       -     -     -     .         .       -     -        .`

	// releases are sweeps once a hold is over.
	releases = `
	          none    paid    other   reversed buried  settled same    long    else    recovered written taken   refunded repaid
	unknown   -       .       .       .        -       .       -       -       -       .         .       .       -        .
	future    -       .       .       .        -       .       -       -       -       .         .       .       -        .
	active    -       .       .       -        -       .       -       -       -       .         .       -       -        .
	held      release release release release  release release release release release .         release release release  release
	released  -       -       -       -        -       -       -       -       -       -         -       -       -        -
	expired   lapse   .       .       lapse    lapse   .       lapse   lapse   lapse   .         .       lapse   lapse    .
	lapsed    -       .       .       -        -       .       -       -       -       .         .       -       -        .
	grace     -       .       .       -        -       .       -       -       -       .         .       -       -        .
	cancelled -       .       .       -        -       .       -       -       -       .         .       -       -        .
	denied    -       .       .       -        -       .       -       -       -       .         .       -       -        .`

	cancels = `
	          none   paid other reversed buried settled same   long   else   recovered written taken  refunded repaid
	unknown   404    .    .     .        404    .       404    404    404    .         .       .      404      .
	future    cancel .    .     .        cancel .       cancel cancel cancel .         .       .      cancel   .
	active    cancel .    .     cancel   cancel .       cancel cancel cancel .         .       cancel cancel   .
	held      412    412  412   412      412    412     412    412    412    .         412     412    412      412
	released  412    412  412   412      412    412     412    412    412    412       412     412    412      412
	expired   412    .    .     412      412    .       412    412    412    .         .       412    412      .
	lapsed    412    .    .     412      412    .       412    412    412    .         .       412    412      .
	grace     cancel .    .     cancel   cancel .       cancel cancel cancel .         .       cancel cancel   .
	cancelled 412    .    .     412      412    .       412    412    412    .         .       412    412      .
	denied    412    .    .     412      412    .       412    412    412    .         .       412    412      .`

	expires = `
	          none  paid other reversed buried settled same  long  else  recovered written taken refunded repaid
	unknown   404   .    .     .        404    .       404   404   404   .         .       .     404      .
	future    lapse .    .     .        lapse  .       lapse lapse lapse .         .       .     lapse    .
	active    lapse .    .     lapse    lapse  .       lapse lapse lapse .         .       lapse lapse    .
	held      412   412  412   412      412    412     412   412   412   .         412     412   412      412
	released  412   412  412   412      412    412     412   412   412   412       412     412   412      412
	expired   412   .    .     412      412    .       412   412   412   .         .       412   412      .
	lapsed    412   .    .     412      412    .       412   412   412   .         .       412   412      .
	grace     lapse .    .     lapse    lapse  .       lapse lapse lapse .         .       lapse lapse    .
	cancelled 412   .    .     412      412    .       412   412   412   .         .       412   412      .
	denied    412   .    .     412      412    .       412   412   412   .         .       412   412      .`

	closings = `
	          none  paid  other reversed buried settled same  long  else  recovered written taken refunded repaid
	unknown   close .     .     .        close  .       close close close .         .       .     close    .
	future    close .     .     .        close  .       close close close .         .       .     close    .
	active    close .     .     close    close  .       close close close .         .       close close    .
	held      close close close close    close  -       close close close .         close   close close    close
	released  close close close close    close  -       close close close close     close   close close    close
	expired   close .     .     close    close  .       close close close .         .       close close    .
	lapsed    close .     .     close    close  .       close close close .         .       close close    .
	grace     close .     .     close    close  .       close close close .         .       close close    .
	cancelled close .     .     close    close  .       close close close .         .       close close    .
	denied    close .     .     close    close  .       close close close .         .       close close    .`
)

// impossible says why a scene can't be.
var impossible = map[string]string{
	"new":   "a code that was never given out can't have been paid",
	"ahead": "a charge whose time has not come can't have been paid, and time does not run back",
	"pays":  "a payment in force keeps its charge held or released",
	"told":  "a recovered payment is released at once",
}

// outcome is all that a message does.
type outcome struct {
	reason   ledger.Reason
	err      error
	replayed bool
	warnings []ledger.Warning
	writes   []ledger.Kind
	postings []ledger.Posting
	// status is what the charge comes to; empty where it stays.
	status ledger.Status
}

// The postings of a payment of 50.000 whose fee stays with Indomaret.
var (
	took = []ledger.Posting{
		{Account: ledger.IndomaretReceivable, Amount: 50_000},
		{Account: ledger.MerchantPayable(merchant), Amount: -50_000},
	}
	gaveBack = []ledger.Posting{
		{Account: ledger.IndomaretReceivable, Amount: -50_000},
		{Account: ledger.MerchantPayable(merchant), Amount: 50_000},
	}
)

// booked is the outcome of a payment that books, with warnings.
func booked(warnings ...ledger.Warning) outcome {
	return outcome{
		reason: ledger.ReasonApproved, warnings: warnings,
		writes: []ledger.Kind{ledger.KindPaid}, postings: took, status: ledger.StatusHeld,
	}
}

func refusedWithCase(reason ledger.Reason) outcome {
	return outcome{reason: reason, writes: []ledger.Kind{ledger.KindCase}}
}

// outcomes are the cells. Numbers are the response codes that the default table
// gives the reason; 94a to 94c and 17d are the reasons that share one.
func outcomes() map[string]outcome {
	return map[string]outcome{
		"-":   {},
		"00":  {reason: ledger.ReasonApproved},
		"14":  {reason: ledger.ReasonUnknownCode},
		"89":  {reason: ledger.ReasonNotYetPayable},
		"88":  {reason: ledger.ReasonAlreadyPaid},
		"54":  {reason: ledger.ReasonExpired},
		"17":  {reason: ledger.ReasonCancelled},
		"17d": {reason: ledger.ReasonDenied},

		"book":   booked(),
		"warn":   booked(ledger.RefSeenElsewhere),
		"grace":  booked(ledger.BookedInGrace),
		"gracew": booked(ledger.RefSeenElsewhere, ledger.BookedInGrace),
		"replay": {reason: ledger.ReasonApproved, replayed: true},
		"94a":    {reason: ledger.ReasonRefOtherAmount},
		"94r":    {reason: ledger.ReasonRefReversed},
		"94b":    {reason: ledger.ReasonRefBuried},
		"94c":    {reason: ledger.ReasonRefOtherCode},

		"again": {reason: ledger.ReasonApproved, replayed: true},
		"bury":  {reason: ledger.ReasonApproved, writes: []ledger.Kind{ledger.KindBuried}},
		"bury?": {reason: ledger.ReasonUnknownCode, writes: []ledger.Kind{ledger.KindBuried}},
		"13":    refusedWithCase(ledger.ReasonWrongAmount),
		"12":    refusedWithCase(ledger.ReasonSettled),
		"25":    refusedWithCase(ledger.ReasonOriginalNotFound),
		"reopen": {
			reason: ledger.ReasonApproved, writes: []ledger.Kind{ledger.KindReversed},
			postings: gaveBack, status: ledger.StatusPending,
		},
		"deny": {
			reason: ledger.ReasonApproved, writes: []ledger.Kind{ledger.KindReversed},
			postings: gaveBack, status: ledger.StatusDenied,
		},

		"404":    {err: ledger.ErrNotFound},
		"412":    {err: ledger.ErrFinal},
		"cancel": {writes: []ledger.Kind{ledger.KindCancelled}, status: ledger.StatusCancelled},
		"lapse":  {writes: []ledger.Kind{ledger.KindExpired}, status: ledger.StatusExpired},
		"close":  {writes: []ledger.Kind{ledger.KindClosed}},

		"release": {writes: []ledger.Kind{ledger.KindReleased}, status: ledger.StatusReleased},
	}
}

// message sends one message to a scene and says what was answered.
type message struct {
	name  string
	table string
	send  func(*scene) outcome
}

func messages() []message {
	return []message{
		{"inquiry", inquiries, (*scene).sendInquiry},
		{"payment", payments, (*scene).sendPayment},
		{"reversal", reversals, (*scene).sendReversal},
		{"sweep", sweeps, (*scene).sendSweep},
		{"release", releases, (*scene).sendRelease},
		{"cancel", cancels, (*scene).sendCancel},
		{"expire", expires, (*scene).sendExpire},
		{"close", closings, (*scene).sendClose},
	}
}

func (s *scene) sendInquiry() outcome {
	r := s.inquiry(s.code, func(q *ledger.Inquiry) { q.Ref = s.ref })
	return outcome{reason: r.Reason, warnings: r.Warnings}
}

func (s *scene) sendPayment() outcome {
	r := s.pay(s.code, s.ref, func(p *ledger.Payment) { p.Amount = s.amount })
	if r.Reason == ledger.ReasonApproved && r.Replayed {
		require.Equal(s.t, s.receipt, r.Receipt, "a replay gives the first receipt")
	}
	return outcome{reason: r.Reason, warnings: r.Warnings, replayed: r.Replayed}
}

func (s *scene) sendReversal() outcome {
	r := s.reverse(s.code, s.ref, func(r *ledger.Reversal) { r.Amount = s.amount })
	return outcome{reason: r.Reason, warnings: r.Warnings, replayed: r.Replayed}
}

func (s *scene) sendSweep() outcome {
	s.sweep()
	return outcome{}
}

func (s *scene) sendRelease() outcome {
	s.pass(hold)
	s.sweep()
	return outcome{}
}

func (s *scene) sendCancel() outcome {
	_, err := s.service.Cancel(context.Background(), merchant, s.handle)
	return outcome{err: err}
}

func (s *scene) sendExpire() outcome {
	_, err := s.service.Expire(context.Background(), merchant, s.handle)
	return outcome{err: err}
}

func (s *scene) sendClose() outcome {
	_, err := s.service.Close(context.Background(), s.day, true, "operator")
	return outcome{err: err}
}

func TestEveryStandingHistoryAndMessage(t *testing.T) {
	t.Parallel()
	known := outcomes()
	possible := table(t, scenes)
	for _, m := range messages() {
		cells := table(t, m.table)
		for key, able := range possible {
			if able != "ok" {
				continue
			}
			want, ok := known[cells[key]]
			require.True(t, ok, "%s %s: no outcome is called %q", m.name, key, cells[key])
			t.Run(fmt.Sprintf("%s %s", m.name, key), func(t *testing.T) {
				t.Parallel()
				walk(t, key, want, m.send)
			})
		}
	}
}

// walk sends one message to a fresh scene and compares all that it did.
func walk(t *testing.T, key sceneKey, want outcome, send func(*scene) outcome) {
	s := stage(t, key)
	before := s.status()
	s.written()

	got := send(s)
	require.ErrorIs(t, got.err, want.err)
	if want.err == nil {
		require.NoError(t, got.err)
	}
	require.Equal(t, want.reason, got.reason)
	require.Equal(t, want.replayed, got.replayed)
	require.Equal(t, want.warnings, got.warnings)

	var kinds []ledger.Kind
	var postings []ledger.Posting
	for _, r := range s.written() {
		kinds = append(kinds, r.Event.Kind())
		postings = append(postings, r.Postings...)
	}
	require.Equal(t, want.writes, kinds)
	require.Equal(t, want.postings, postings)
	if want.status == "" {
		want.status = before
	}
	require.Equal(t, want.status, s.status())
}

// The tables must agree on what can be, and leave nothing out.
func TestWalkIsComplete(t *testing.T) {
	t.Parallel()
	possible := table(t, scenes)
	require.Len(t, possible, len(standings())*len(histories()))
	tables := map[string]map[sceneKey]string{}
	for _, m := range messages() {
		tables[m.name] = table(t, m.table)
	}
	for _, standing := range standings() {
		for _, history := range histories() {
			key := sceneKey{standing, history}
			require.Contains(t, possible, key)
			if possible[key] != "ok" {
				require.Contains(t, impossible, possible[key], "%s needs a reason", key)
			}
			for _, m := range messages() {
				cell, ok := tables[m.name][key]
				require.True(t, ok, "%s %s is missing", m.name, key)
				require.Equal(t, possible[key] != "ok", cell == ".", "%s %s: %q", m.name, key, cell)
			}
		}
	}
}

// Every standing and every state of a transaction that the ledger has must
// have a row or a column.
func TestWalkCoversTheLedgersStates(t *testing.T) {
	t.Parallel()
	standingsMet, statesMet := map[ledger.Standing]bool{}, map[ledger.TxState]bool{}
	for key, able := range table(t, scenes) {
		if able != "ok" {
			continue
		}
		s := stage(t, key)
		state := s.load(ledger.Keys{Code: s.code, Ref: s.ref})
		standingsMet[state.Charge.Standing(s.now)] = true
		if state.Tx != nil {
			statesMet[state.Tx.State] = true
		}
	}
	for _, name := range constants(t, "charge.go", "Standing") {
		require.True(t, standingsMet[ledger.Standing(name)], "no row for standing %q", name)
	}
	for _, name := range constants(t, "charge.go", "TxState") {
		require.True(t, statesMet[ledger.TxState(name)], "no column for state %q", name)
	}
}

type sceneKey struct{ standing, history string }

func (k sceneKey) String() string { return k.standing + " × " + k.history }

// table reads a table's cells.
func table(t *testing.T, text string) map[sceneKey]string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	columns := strings.Fields(lines[0])
	cells := map[sceneKey]string{}
	for _, line := range lines[1:] {
		fields := strings.Fields(line)
		require.Len(t, fields, len(columns)+1, "row %q", line)
		for i, column := range columns {
			key := sceneKey{fields[0], column}
			require.NotContains(t, cells, key, "listed twice")
			cells[key] = fields[i+1]
		}
	}
	return cells
}

// standings and histories name the rows and the columns.
func standings() []string {
	return []string{"unknown", "future", "active", "held", "released", "expired", "lapsed", "grace", "cancelled", "denied"}
}

func histories() []string {
	return []string{"none", "paid", "other", "reversed", "buried", "settled", "same", "long", "else", "recovered", "written", "taken", "refunded", "repaid"}
}
