package payments

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile/match"
)

const today ledger.Day = "2026-11-22"

// words are the area's own in a language and the frame's, without the frame.
func words(t testing.TB, l locale.Language) teller {
	t.Helper()
	all := map[string]string{}
	for _, folder := range []string{"", "../frame/"} {
		text, err := os.ReadFile(folder + "words/" + string(l) + ".json")
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &all))
	}
	return teller{in: l, word: func(key string, pairs ...any) string {
		require.Contains(t, all, key)
		said := all[key]
		for i := 0; i < len(pairs); i += 2 {
			// How an attempt ended is told with its status, whether it had one or not.
			if !strings.HasPrefix(key, "frame.attempt.") {
				require.Contains(t, said, "{"+pairs[i].(string)+"}", key)
			}
			said = strings.ReplaceAll(said, "{"+pairs[i].(string)+"}", fmt.Sprint(pairs[i+1]))
		}
		return said
	}}
}

func TestQuestionOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]question{
		"8881 2345.6789-0123": {Text: "8881 2345.6789-0123", Code: "8881234567890123"},
		" 888\u00a01 ":        {Text: "888\u00a01", Code: "8881"},
		"INV-1":               {Text: "INV-1"},
		"100000":              {Text: "100000", Code: "100000", Amount: 100_000},
		"Rp 100.000":          {Text: "Rp 100.000", Amount: 100_000},
		"100,000":             {Text: "100,000", Unclear: true},
		"kemarin":             {Text: "kemarin", Day: "2026-11-21"},
		"21/11/2026":          {Text: "21/11/2026", Day: "2026-11-21"},
		"2026-11-21":          {Text: "2026-11-21", Day: "2026-11-21", Code: "20261121"},
		"":                    {},
	} {
		require.Equal(t, want, questionOf(text, today), text)
	}
}

// However people part a code's digits, it is the same code.
func TestCodesAreReadHoweverTheyAreParted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.StringMatching(`[0-9]{12,20}`).Draw(t, "code")
		var typed strings.Builder
		for _, digit := range code {
			typed.WriteRune(digit)
			typed.WriteString(rapid.SampledFrom([]string{"", "", " ", ".", "-", "\u00a0", " - "}).Draw(t, "gap"))
		}
		require.Equal(t, ledger.PaymentCode(code), questionOf(typed.String(), today).Code)
	})
}

func TestOpens(t *testing.T) {
	t.Parallel()
	one := func(kind ledger.HitKind) []hit { return []hit{{Hit: ledger.Hit{Kind: kind}, Path: "/there"}} }
	for name, c := range map[string]struct {
		text string
		hits []hit
		want string
	}{
		"one hit":                         {"x", one(ledger.HitCharge), "/there"},
		"several hits":                    {"x", append(one(ledger.HitCharge), one(ledger.HitCharge)...), ""},
		"nothing":                         {"x", nil, ""},
		"a case by a small number":        {"12", one(ledger.HitCase), "/there"},
		"a case by what may be an amount": {"100000", one(ledger.HitCase), ""},
		"a case by its sign":              {"#100000", one(ledger.HitCase), "/there"},
		"an order that looks like a day":  {"2026-11-21", one(ledger.HitCharge), "/there"},
		"a day":                           {"2026-11-21", nil, "/payments?from=2026-11-21&to=2026-11-21"},
		"an amount":                       {"50.000", nil, "/payments?from=2026-10-23&max=50000&min=50000&to=2026-11-22"},
		"an unknown code":                 {"888123456789", nil, ""},
		"a reversal without a page":       {"x", []hit{{Hit: ledger.Hit{Kind: ledger.HitTombstone}}}, ""},
	} {
		require.Equal(t, c.want, opens(questionOf(c.text, today), c.hits, today), name)
	}
}

func TestReconciledOf(t *testing.T) {
	t.Parallel()
	open, proposed, resolved := &ledger.Case{State: ledger.CaseOpen}, &ledger.Case{State: ledger.CaseProposed}, &ledger.Case{State: ledger.CaseResolved}
	for name, c := range map[string]struct {
		of                        *ledger.Case
		closed, compared, carried bool
		want                      string
	}{
		"open batch":              {nil, false, false, false, reconciledOpen},
		"closed":                  {nil, true, false, false, reconciledWaiting},
		"compared":                {nil, true, true, false, reconciledMatched},
		"carried to the next day": {nil, true, true, true, reconciledWaiting},
		"an open case":            {open, true, true, false, reconciledDiffers},
		"a proposal":              {proposed, true, true, false, reconciledDiffers},
		"a case of an open batch": {open, false, false, false, reconciledDiffers},
		"a resolved case":         {resolved, true, true, true, reconciledResolved},
	} {
		require.Equal(t, c.want, reconciledOf(c.of, c.closed, c.compared, c.carried), name)
	}
}

func TestWhyNothingIsTakenBackHere(t *testing.T) {
	t.Parallel()
	paid := ledger.PaymentRow{State: ledger.TxPaid}
	closed := ledger.Batch{No: 7}
	of := story{Cases: []ledger.Case{{ID: 12}, {ID: 15}}}
	for name, c := range map[string]struct {
		known     known
		key, path string
	}{
		"never paid":          {known{}, "", ""},
		"reversed":            {known{Payments: []ledger.PaymentRow{{State: ledger.TxReversed}}, Batch: closed}, "", ""},
		"open batch":          {known{Payments: []ledger.PaymentRow{paid}}, "payments.why.open", ""},
		"closed, no case":     {known{Payments: []ledger.PaymentRow{paid}, Batch: closed}, "payments.why.closed", ""},
		"closed, with a case": {known{Payments: []ledger.PaymentRow{paid}, Batch: closed, Story: of}, "payments.why.closed_case", "/cases/15"},
	} {
		key, path := c.known.whyNot()
		require.Equal(t, c.key, key, name)
		require.Equal(t, c.path, path, name)
	}
}

// Every event of the journal that changes a charge has its words, in both
// languages, with nothing left to fill in.
func TestEveryEventIsTold(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 14, 5, 9, 0, ledger.WIB)
	events := []ledger.Event{
		ledger.Charged{Amount: 1000, Expires: at}, ledger.Inquired{Store: "T001", GraceUntil: at},
		ledger.Paid{Amount: 1000, Late: true, Grace: true, Day: today}, ledger.Paid{Amount: 1000, Fee: 5}, ledger.Released{},
		ledger.Reversed{Deny: true}, ledger.Reversed{Deadline: at}, ledger.Cancelled{}, ledger.Cancelled{ByOperator: true},
		ledger.Expired{}, ledger.Expired{ByMerchant: true},
	}
	for _, act := range ledger.Acts() {
		events = append(events, ledger.Adjusted{Act: act, Case: 3})
	}
	for _, l := range locale.Languages() {
		w := words(t, l)
		for i, e := range events {
			told, is := w.record(ledger.Record{Seq: uint64(i + 1), At: at, Entry: ledger.Entry{Event: e}})
			require.True(t, is, e.Kind())
			require.NotEmpty(t, told.Title)
			require.Equal(t, at, told.At)
		}
		_, is := w.record(ledger.Record{Entry: ledger.Entry{Event: ledger.Set{}}})
		require.False(t, is)
	}
}

// Every reason, class, standing and state that there is has its words.
func TestEveryNameIsTold(t *testing.T) {
	t.Parallel()
	for _, l := range locale.Languages() {
		w := words(t, l)
		for _, reason := range ledger.MessageReasons() {
			require.NotEqual(t, reason, w.reason(reason))
		}
		require.Equal(t, "from_tomorrow", w.reason("from_tomorrow"))
		for _, class := range append(match.Classes(), match.FileClasses()...) {
			require.NotEqual(t, string(class), w.class(string(class)))
		}
		require.Equal(t, "FROM_TOMORROW", w.class("FROM_TOMORROW"))
		for prefix, names := range map[string][]string{
			"payments.state.": states(), "payments.notification.": notificationStates(), "payments.reconciliation.": reconciledStates(),
			"payments.hour.": hours(), "payments.date.": dates(false), "payments.operation.": {operationInquiry, operationPayment, operationReversal, "none"},
			"payments.case.": {string(ledger.CaseOpen), string(ledger.CaseProposed), string(ledger.CaseResolved)},
			frame.WordStanding: {
				string(ledger.StandingUnknown), string(ledger.StandingFuture), string(ledger.StandingActive), string(ledger.StandingGrace), string(ledger.StandingExpired),
				string(ledger.StandingCancelled), string(ledger.StandingHeld), string(ledger.StandingReleased), string(ledger.StandingDenied),
			},
		} {
			for _, name := range names {
				require.NotEmpty(t, w.word(prefix+name))
			}
		}
	}
}

// Each reason that a delivery gives has its words; a status speaks for itself, and
// of a URL only the host is told.
func TestAttemptsInWords(t *testing.T) {
	t.Parallel()
	for _, l := range locale.Languages() {
		w, texts := words(t, l), map[string]bool{}
		for _, reason := range append(ledger.AttemptReasons(), "") {
			texts[w.answer(ledger.Attempt{Reason: reason})] = true
		}
		require.Len(t, texts, len(ledger.AttemptReasons())+1, "each has its own")
	}
	for want, a := range map[string]ledger.Attempt{
		"frame.attempt.tls_expired": {Reason: ledger.AttemptTLSExpired, Fault: "whatever it says"},
		"frame.attempt.status":      {Status: 500, Fault: "the receiver answered 500"},
		"frame.attempt.delivered":   {Status: 200, Delivered: true},
		"frame.attempt.unknown":     {Reason: "of_tomorrow"},
	} {
		require.Equal(t, want, frame.AttemptWord(a))
	}
	require.Equal(t, "https://shop.example", receiver("https://user:secret@shop.example/hook/secret?token=secret"))
	require.Empty(t, receiver("::"))
}

// A wire message shows once: with the record that it made, or for itself.
func TestMessagesShowOnce(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 14, 5, 9, 0, ledger.WIB)
	message := func(after time.Duration, operation, reason, request string) ledger.Message {
		return ledger.Message{At: at.Add(after), Operation: operation, Reason: reason, Ref: "R1", Request: request, Signed: true, ResponseCode: "00"}
	}
	s := story{
		Records: []ledger.Record{
			{Seq: 1, At: at.Add(-time.Hour), Entry: ledger.Entry{Event: ledger.Charged{}}},
			{Seq: 2, At: at, Entry: ledger.Entry{Event: ledger.Paid{Ref: "R1", Amount: 10}}},
		},
		Messages: []ledger.Message{
			message(40*time.Second, operationPayment, "approved", "repeated"),
			message(20*time.Millisecond, operationPayment, "approved", "made it"),
			message(-time.Second, operationPayment, "wrong_amount", "refused"),
			message(-time.Minute, operationInquiry, "approved", "asked"),
		},
	}
	events := s.timeline(words(t, locale.English))
	var wires []string
	for _, e := range events {
		wires = append(wires, e.Wire)
	}
	require.Equal(t, []string{"repeated", "made it", "refused", "asked", ""}, wires)
	require.Equal(t, kindGood, events[1].Kind, "the payment")
	require.Equal(t, kindBad, events[2].Kind)
}

func TestRangedKeepsOtherFilters(t *testing.T) {
	t.Parallel()
	to := ranged("/console/payments?from=2026-11-01&to=2026-11-02&store=T%26001&before=5&from_hour=10", preset{From: today, To: today})
	address, err := url.Parse(to)
	require.NoError(t, err)
	require.Equal(t, url.Values{"from": {string(today)}, "to": {string(today)}, "store": {"T&001"}}, address.Query())
}

func TestPresetsAreWithinTheLongestRange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2026, 1, 1, 12, 0, 0, 0, ledger.WIB).AddDate(0, 0, rapid.IntRange(0, 800).Draw(t, "day"))
		day := ledger.CalendarDay(at)
		for _, p := range presets(day, selection{From: day, To: day}, "/console/payments") {
			require.LessOrEqual(t, p.From, p.To)
			require.LessOrEqual(t, daysIn(p.From, p.To), maxDays, p.Word)
			require.Equal(t, p.From == day && p.To == day, p.Chosen)
		}
		require.Equal(t, maxDays, daysIn(monthBack(day), day))
	})
}
