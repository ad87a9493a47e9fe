package soap

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// wireKey is the key of the tests' logs.
var wireKey = []byte("0123456789abcdef0123456789abcdef")

// said is one exchange to be logged.
type said struct {
	at               time.Time
	operation        Operation
	code, ref, store string
	reason           ledger.Reason
	unsigned         bool
}

// exchange makes what the server would record.
func (s said) exchange(t *testing.T) Exchange {
	t.Helper()
	x := exchange(t, s.operation, "ordinary")
	x.Message.PaymentCode, x.Message.TrackingRef, x.Message.StoreID = s.code, s.ref, s.store
	x.Reason, x.Signed = string(s.reason), !s.unsigned
	response := defaultCodes[s.reason]
	x.Answer = &PaymentAnswer{ResponseCode: response.Code, ResponseDesc: response.Desc}
	return x
}

// keep writes exchanges into the folder of a log, as a process that then ends.
func keep(t *testing.T, dir string, all ...said) {
	t.Helper()
	clock := newClock(noon())
	log, err := OpenWireLog(WireLogConfig{Dir: dir, Now: clock.Now, Key: wireKey, Flush: time.Hour})
	require.NoError(t, err)
	for _, s := range all {
		clock.set(s.at)
		log.Append(s.exchange(t))
	}
	require.NoError(t, log.Close())
}

// search opens the log of a folder and waits until all of it is indexed.
func search(t *testing.T, dir string, change ...func(*WireLogConfig)) *WireLog {
	t.Helper()
	config := WireLogConfig{Dir: dir, Now: newClock(noon()).Now, Key: wireKey, Flush: time.Hour}
	for _, c := range change {
		c(&config)
	}
	log, err := OpenWireLog(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, log.Close()) })
	<-log.index.caughtUp
	return log
}

// paidAt is an approved payment.
func paidAt(at time.Time, n int) said {
	return said{at: at, operation: Payment, code: codeNumber(n), ref: refNumber(n), store: "TK01", reason: ledger.ReasonApproved}
}

func codeNumber(n int) string { return fmt.Sprintf("880%013d", n) }
func refNumber(n int) string  { return fmt.Sprintf("ref%07d", n) }

// refsOf are the TrackingRefs of messages, by which the tests tell them apart.
func refsOf(messages []ledger.Message) []string {
	var refs []string
	for _, m := range messages {
		refs = append(refs, m.Ref)
	}
	return refs
}

func TestMessagesOfACodeAndOfARef(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := said{noon(), Inquiry, codeNumber(1), "r1", "TK01", ledger.ReasonApproved, false}
	paid := said{noon().Add(time.Minute), Payment, codeNumber(1), "r1", "TK01", ledger.ReasonApproved, false}
	reversed := said{noon().AddDate(0, 0, 1), Reversal, codeNumber(1), "r1", "TK01", ledger.ReasonSettled, false}
	other := said{noon().AddDate(0, 0, 2), Payment, codeNumber(2), "r1", "TK02", ledger.ReasonExpired, false}
	longer := said{noon().AddDate(0, 0, 2), Payment, codeNumber(3), "r11", "TK02", ledger.ReasonExpired, false}
	keep(t, dir, first, paid, reversed, other, longer)
	log := search(t, dir)

	found, err := log.OfCode(t.Context(), ledger.PaymentCode(codeNumber(1)), 10)
	require.NoError(t, err)
	require.Len(t, found, 3)
	require.Equal(t, []string{"reversal", "payment", "inquiry"}, []string{found[0].Operation, found[1].Operation, found[2].Operation})
	newest := found[0]
	require.True(t, newest.Refused())
	require.True(t, newest.At.Equal(reversed.at))
	newest.At, newest.Request, newest.Answer, newest.Cursor = time.Time{}, "", "", ""
	require.Equal(t, ledger.Message{
		Operation: "reversal", Code: "880***********01", Ref: "r1", Store: "TK01", Amount: "50000", ResponseCode: "12",
		Reason: "settled", Status: 200, Took: 1234 * time.Microsecond, Signed: true, Caller: "203.0.113.7",
	}, newest)
	found, err = log.OfCode(t.Context(), ledger.PaymentCode(codeNumber(1)), 2)
	require.NoError(t, err)
	require.Len(t, found, 2, "the newest two")
	require.Equal(t, "reversal", found[0].Operation)

	found, err = log.OfRef(t.Context(), "r1", 10)
	require.NoError(t, err)
	require.Len(t, found, 4)
	require.Equal(t, "TK02", found[0].Store)
	found, err = log.OfCode(t.Context(), "880", 10)
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestAMessageByItsCursor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keep(t, dir, paidAt(noon(), 1), paidAt(noon().Add(time.Second), 2))
	log := search(t, dir)
	found, err := log.OfRef(t.Context(), ledger.TrackingRef(refNumber(2)), 1)
	require.NoError(t, err)
	again, err := log.Message(t.Context(), found[0].Cursor)
	require.NoError(t, err)
	require.Equal(t, found[0], again)
	var request map[string]any
	require.NoError(t, json.Unmarshal([]byte(again.Request), &request))
	require.Equal(t, "880***********02", request["payment_code"])
	require.NotContains(t, again.Request, "hmac")
	require.JSONEq(t, `{"response_code": "00", "response_desc": "Success"}`, again.Answer)

	place, err := parsePlace(found[0].Cursor)
	require.NoError(t, err)
	for name, cursor := range map[string]string{
		"empty":          "",
		"not base64":     "!!!!!!!!!!!!!!!!!!!!!!",
		"short":          "AAAA",
		"negative":       "_____________________w",
		"another offset": wirePlace{place.at, place.offset - 1}.cursor(),
		"in the line":    wirePlace{place.at, place.offset + 40}.cursor(),
		"past the end":   wirePlace{place.at, 1 << 40}.cursor(),
		"another time":   wirePlace{place.at.Add(time.Microsecond), place.offset}.cursor(),
		"no such day":    wirePlace{place.at.AddDate(0, 0, 7), 0}.cursor(),
	} {
		_, err := log.Message(t.Context(), cursor)
		require.ErrorIs(t, err, ledger.ErrBadMessageCursor, name)
		_, _, err = log.Refused(t.Context(), ledger.RefusalQuery{Before: cursor + "=", Limit: 1})
		require.ErrorIs(t, err, ledger.ErrBadMessageCursor, name)
	}
}

// someRefusals are messages of five days, in order; about half were refused.
func someRefusals(random *rand.Rand, count int) []said {
	var all []said
	reasons := []ledger.Reason{ledger.ReasonApproved, ledger.ReasonApproved, ledger.ReasonExpired, ledger.ReasonAlreadyPaid, ledger.ReasonBadSignature}
	for n := range count {
		s := said{
			at:        noon().Add(time.Duration(n) * 5 * 24 * time.Hour / time.Duration(count)),
			operation: Operations()[random.IntN(3)],
			code:      codeNumber(random.IntN(count / 4)),
			ref:       refNumber(n % (count - 3)),
			store:     fmt.Sprintf("TK%02d", random.IntN(4)),
			reason:    reasons[random.IntN(len(reasons))],
		}
		s.unsigned = s.reason == ledger.ReasonBadSignature
		all = append(all, s)
	}
	return all
}

// plainly is what a query selects, by going through all.
func plainly(all []said, q ledger.RefusalQuery) []string {
	var refs []string
	for _, s := range slices.Backward(all) {
		switch {
		case s.reason == ledger.ReasonApproved,
			q.Operation != "" && q.Operation != string(s.operation),
			q.Store != "" && q.Store != s.store,
			q.Reason != "" && q.Reason != string(s.reason),
			q.ResponseCode != "" && q.ResponseCode != defaultCodes[s.reason].Code,
			q.Signed != nil && *q.Signed == s.unsigned,
			q.Code != "" && string(q.Code) != s.code,
			q.Ref != "" && string(q.Ref) != s.ref,
			!q.From.IsZero() && s.at.Before(q.From),
			!q.To.IsZero() && !s.at.Before(q.To):
		default:
			refs = append(refs, s.ref)
		}
	}
	return refs
}

// TestRefusedAgreesWithAPlainSearch asks at random, and holds all pages against
// what a search of everything finds.
func TestRefusedAgreesWithAPlainSearch(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(6, 22))
	dir, all := t.TempDir(), someRefusals(random, 400)
	keep(t, dir, all...)
	log := search(t, dir)
	pick := func() said { return all[random.IntN(len(all))] }
	found := 0
	for range 300 {
		q := ledger.RefusalQuery{Limit: 1 + random.IntN(40)}
		for field, set := range []func(){
			func() { q.Operation = string(pick().operation) },
			func() { q.Store = pick().store },
			func() { q.Reason = string(pick().reason) },
			func() { q.ResponseCode = defaultCodes[pick().reason].Code },
			func() { q.Code = ledger.PaymentCode(pick().code) },
			func() { q.Ref = ledger.TrackingRef(pick().ref) },
			func() { q.From = pick().at },
			func() { q.To = pick().at },
			func() { signed := random.IntN(2) == 0; q.Signed = &signed },
		} {
			if random.IntN(9) < 2 && field >= 0 {
				set()
			}
		}
		var refs []string
		for next := "first"; next != ""; {
			page, after, err := log.Refused(t.Context(), q)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page), q.Limit)
			require.True(t, after == "" || len(page) == q.Limit)
			refs = append(refs, refsOf(page)...)
			next, q.Before = after, after
		}
		q.Before = ""
		require.Equal(t, plainly(all, q), refs, "%+v", q)
		found += len(refs)
	}
	require.Greater(t, found, 1000, "the queries find something")
}

func TestSumsOfRefusedMessages(t *testing.T) {
	t.Parallel()
	dir, all := t.TempDir(), someRefusals(rand.New(rand.NewPCG(1, 2)), 300)
	keep(t, dir, all...)
	log := search(t, dir)
	from, to := noon().Truncate(time.Hour), noon().AddDate(0, 0, 3).Truncate(time.Hour)
	want, stores := map[ledger.RefusalHour]int{}, map[string]int{}
	for _, s := range all {
		if s.reason == ledger.ReasonApproved {
			continue
		}
		if !s.at.Before(from) && s.at.Before(to) {
			want[ledger.RefusalHour{Hour: s.at.Truncate(time.Hour), Reason: string(s.reason), ResponseCode: defaultCodes[s.reason].Code}]++
		}
		if day := ledger.CalendarDay(s.at); !s.unsigned && day >= "2026-11-23" && day <= "2026-11-24" {
			stores[s.store]++
		}
	}
	hours, err := log.RefusedHours(t.Context(), from, to)
	require.NoError(t, err)
	got := map[ledger.RefusalHour]int{}
	for i, hour := range hours {
		require.True(t, i == 0 || !hour.Hour.Before(hours[i-1].Hour), "in order")
		count := hour.Count
		hour.Count = 0
		got[hour] = count
	}
	require.Equal(t, want, got)
	byStore, err := log.RefusedStores(t.Context(), "2026-11-23", "2026-11-24")
	require.NoError(t, err)
	require.Equal(t, stores, byStore)

	_, err = log.RefusedHours(t.Context(), from, from.AddDate(0, 0, 32))
	require.ErrorContains(t, err, "longer than 31 days")
	_, err = log.RefusedStores(t.Context(), "2026-10-01", "2026-11-01")
	require.ErrorContains(t, err, "longer than 31 days")
	_, err = log.RefusedStores(t.Context(), "2026-10-02", "2026-11-01")
	require.NoError(t, err, "31 days")
}

// What nobody understands is found, too, and said in words that a page has.
func TestFaultsAndSilenceAreRefusals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log, err := OpenWireLog(WireLogConfig{Dir: dir, Now: newClock(noon()).Now, Key: wireKey})
	require.NoError(t, err)
	log.Append(exchange(t, Payment, "truncated"))
	silent := exchange(t, Payment, "ordinary")
	silent.Answer, silent.Status, silent.Reason = nil, 0, reasonNoAnswer
	log.Append(silent)
	require.NoError(t, log.Close())
	log = search(t, dir)
	page, next, err := log.Refused(t.Context(), ledger.RefusalQuery{Limit: 5})
	require.NoError(t, err)
	require.Empty(t, next)
	require.Len(t, page, 2)
	require.Equal(t, []string{ledger.MessageUnanswered, ledger.MessageFaulty}, []string{page[0].Reason, page[1].Reason})
	require.Equal(t, "The request is not well-formed XML.", page[1].Fault)
	require.Equal(t, []bool{true, false}, []bool{page[0].Signed, page[1].Signed})
	for _, m := range page {
		require.Contains(t, ledger.MessageReasons(), m.Reason)
	}
}

// TestAFloodOfUnsignedMessagesHidesNothing: anybody can send them, in any store's
// name, and they count for no store.
func TestAFloodOfUnsignedMessagesHidesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := []said{{noon(), Payment, codeNumber(1), "mine", "TK01", ledger.ReasonExpired, false}}
	for n := range 900 {
		all = append(all, said{noon().Add(time.Duration(n) * time.Second), Payment, codeNumber(1), refNumber(n), "TK01", ledger.ReasonBadSignature, true})
	}
	keep(t, dir, all...)
	log := search(t, dir)
	stores, err := log.RefusedStores(t.Context(), "2026-11-22", "2026-11-22")
	require.NoError(t, err)
	require.Equal(t, map[string]int{"TK01": 1}, stores)
	signed := true
	page, next, err := log.Refused(t.Context(), ledger.RefusalQuery{Store: "TK01", Signed: &signed, Limit: 50})
	require.NoError(t, err)
	require.Equal(t, []string{"mine"}, refsOf(page))
	require.Empty(t, next)
	found, err := log.OfCode(t.Context(), ledger.PaymentCode(codeNumber(1)), 5000)
	require.NoError(t, err)
	require.Len(t, found, ledger.MaxMessages, "no page is longer")
}

// TestASearchIsBounded: a filter that nearly nothing passes ends after so many
// entries, and goes on from there.
func TestASearchIsBounded(t *testing.T) {
	t.Parallel()
	r := refusals{query: ledger.RefusalQuery{Store: "TK09"}, limit: 10}
	other := wireSummary{store: "TK01"}.bytes()
	taken := 0
	for r.take(wirePlace{noon().Add(-time.Duration(taken) * time.Second), int64(taken)}, other) {
		taken++
	}
	require.Equal(t, ledger.MaxRefusalsScanned-1, taken)
	require.Empty(t, r.places)
	place, err := parsePlace(r.next)
	require.NoError(t, err)
	require.Equal(t, int64(taken), place.offset, "the last that was looked at")
}

// TestNothingSecretComesOut reads every recorded request back through each search.
func TestNothingSecretComesOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log, err := OpenWireLog(WireLogConfig{Dir: dir, Now: newClock(noon()).Now, Key: wireKey})
	require.NoError(t, err)
	ordinary, err := Parse("text/xml", recorded(t, Payment, "ordinary"))
	require.NoError(t, err)
	for _, operation := range Operations() {
		for _, name := range recordedNames(t, operation) {
			x := exchange(t, operation, name)
			if x.Message != nil {
				x.Message.ExtraParam1 = "081234567890"
				x.Reason = string(ledger.ReasonExpired)
			}
			log.Append(x)
		}
	}
	require.NoError(t, log.Close())
	log = search(t, dir)
	page, _, err := log.Refused(t.Context(), ledger.RefusalQuery{Limit: ledger.MaxMessages})
	require.NoError(t, err)
	ofCode, err := log.OfCode(t.Context(), ledger.PaymentCode(ordinary.PaymentCode), ledger.MaxMessages)
	require.NoError(t, err)
	require.Greater(t, len(page), 50)
	require.Greater(t, len(ofCode), 50)
	shown, err := json.Marshal(append(page, ofCode...))
	require.NoError(t, err)
	index, err := os.ReadFile(filepath.Join(dir, indexFile))
	require.NoError(t, err)
	for _, secret := range []string{
		ordinary.PaymentCode, ordinary.PaymentCode[:8], "081234567890", "C00004", "hmac",
		ordinary.Signature, strings.ToLower(ordinary.Signature), ordinary.Signature[:32], sampleSignature[:32],
	} {
		require.NotContains(t, string(shown), secret)
		require.NotContains(t, string(index), secret)
	}
}

// TestSearchesWithoutAnIndex: without a key there is none.
func TestSearchesWithoutAnIndex(t *testing.T) {
	t.Parallel()
	log, dir := openLog(t, nil)
	_, err := log.OfCode(t.Context(), "1", 1)
	require.ErrorIs(t, err, ledger.ErrMessagesNotReady)
	_, err = log.OfRef(t.Context(), "1", 1)
	require.ErrorIs(t, err, ledger.ErrMessagesNotReady)
	_, _, err = log.Refused(t.Context(), ledger.RefusalQuery{Limit: 1})
	require.ErrorIs(t, err, ledger.ErrMessagesNotReady)
	_, err = log.RefusedHours(t.Context(), noon(), noon())
	require.ErrorIs(t, err, ledger.ErrMessagesNotReady)
	_, err = log.RefusedStores(t.Context(), "2026-11-22", "2026-11-22")
	require.ErrorIs(t, err, ledger.ErrMessagesNotReady)
	require.Empty(t, namesIn(t, dir))
}

func TestASearchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keep(t, dir, paidAt(noon(), 1))
	log := search(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := log.OfRef(ctx, ledger.TrackingRef(refNumber(1)), 1)
	require.ErrorIs(t, err, context.Canceled)
	_, err = log.Message(ctx, "")
	require.ErrorIs(t, err, context.Canceled)
	_, err = log.RefusedStores(ctx, "2026-11-22", "2026-11-22")
	require.ErrorIs(t, err, context.Canceled)
}

// TestMessagesAreFoundSoon: what is appended is found after the writer's interval
// and the index's own. Both pass on the clock of synctest, so that it sleeps for
// nothing.
func TestMessagesAreFoundSoon(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := paidAt(noon(), 1)
	synctest.Test(t, func(t *testing.T) {
		log, err := OpenWireLog(WireLogConfig{Dir: dir, Flush: time.Second, Now: newClock(noon()).Now, Key: wireKey})
		require.NoError(t, err)
		for n := range 3 {
			log.Append(s.exchange(t))
			time.Sleep(2*time.Second + time.Millisecond)
			synctest.Wait()
			found, err := log.OfRef(t.Context(), ledger.TrackingRef(s.ref), 10)
			require.NoError(t, err)
			require.Len(t, found, n+1)
		}
		require.NoError(t, log.Close())
		_, err = log.OfRef(t.Context(), ledger.TrackingRef(s.ref), 10)
		require.ErrorIs(t, err, ledger.ErrMessagesNotReady, "it is closed")
	})
}
