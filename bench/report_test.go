package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ran is an outcome of payments whose runs took one second each and paid so many codes.
func ran(name string, role role, codes, clients int, done ...int) outcome {
	o := outcome{heat: heat{part: payments, contender: contender{name: name, role: role}, codes: codes, clients: clients}}
	for _, n := range done {
		o.runs = append(o.runs, figures{Done: n, Took: time.Second, P50: 5 * time.Millisecond, P99: 12500 * time.Microsecond,
			Generator: time.Duration(n) * 20 * time.Microsecond})
	}
	return o
}

func outcomes() []outcome {
	return []outcome{
		ran("paypoint", subject, 10_000, 64, 8000, 10_000, 12_000),
		ran("memory", ceiling, 10_000, 64, 10_000, 20_000, 30_000),
		ran("slow", peer, 10_000, 64, 1000, 1000, 1000),
		ran("quick", peer, 10_000, 64, 4000, 2000, 3000),
		ran("paypoint", subject, 1_000_000, 64, 8000, 9000, 3000),
		ran("paypoint", subject, 10_000, 1, 1000, 1000, 1000),
	}
}

func TestReportTakesMediansAndRatiosRoundByRound(t *testing.T) {
	t.Parallel()
	r := newReport(outcomes())
	require.Len(t, r.Results, 6)
	require.Equal(t, cell{Part: payments, Server: "paypoint", Codes: 10_000, Clients: 64, Rate: 10_000, Slowest: 8000, Fastest: 12_000,
		P50: 5, P99: 12.5, Generator: 20, Runs: []float64{8000, 10_000, 12_000}, Done: 30_000}, r.Results[0])
	require.Equal(t, []ratio{
		// 0.8, 0.5 and 0.4 in the three rounds.
		{Part: payments, Server: "paypoint", Name: "of the ceiling in memory", Codes: 10_000, Clients: 64, Value: 0.5, Floor: ceilingFloor, Aim: ceilingAim},
		// 2, 5 and 4.
		{Part: payments, Server: "paypoint", Name: "times the best peer, quick", Codes: 10_000, Clients: 64, Value: 4, Floor: peerFloor, Aim: peerAim},
		// 1, 0.9 and 0.25.
		{Part: payments, Server: "paypoint", Name: "of the rate with 10 000 codes", Codes: 1_000_000, Clients: 64, Value: 0.9, Floor: growthFloor, Aim: growthAim},
	}, r.Ratios)
}

func TestReportForPeople(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	require.NoError(t, newReport(outcomes()).writeText(&text))
	require.Regexp(t, `(?m)^ +paypoint +10 000 +64 +10 000 +8 000 +12 000 +5\.00 +12\.50 +0 +20 *$`, text.String())
	require.Contains(t, text.String(), "10 000 codes, 64 clients: 0.50 of the ceiling in memory (floor 0.40, aim 0.60)\n")
	require.Contains(t, text.String(), "4.00 times the best peer, quick (floor 2.50, aim 4.00): aim reached\n")
}

func TestReportSaysWhatIsBelowTheFloor(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	slow := []outcome{ran("paypoint", subject, 10, 64, 39), ran("memory", ceiling, 10, 64, 100)}
	require.NoError(t, newReport(slow).writeText(&text))
	require.Contains(t, text.String(), "10 codes, 64 clients: 0.39 of the ceiling in memory (floor 0.40, aim 0.60): BELOW THE FLOOR\n")
}

func TestReportHoldsToNothingWhereTheDiskDecides(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	alone := []outcome{ran("paypoint", subject, 10, 1, 10), ran("memory", ceiling, 10, 1, 100)}
	require.NoError(t, newReport(alone).writeText(&text))
	require.Contains(t, text.String(), "10 codes, 1 client: 0.10 of the ceiling in memory\n")
}

func TestReportForPrograms(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	r := newReport(outcomes())
	require.NoError(t, r.writeJSON(&text))
	var back report
	require.NoError(t, json.Unmarshal([]byte(text.String()), &back))
	require.Equal(t, r, back)
	require.Contains(t, text.String(), `"per_second": 10000`)
}

func TestMedian(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 2, median([]float64{9, 1, 2}), 0)
	require.InDelta(t, 1.5, median([]float64{2, 1}), 0)
}

func TestGrouped(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1 000", 12345: "12 345", 1_000_000: "1 000 000"} {
		require.Equal(t, want, grouped(n))
	}
}

// inPart puts outcomes into a part.
func inPart(p part, outcomes ...outcome) []outcome {
	for i := range outcomes {
		outcomes[i].part = p
	}
	return outcomes
}

// told are the outcomes of a section in which all payments took a second, and the last
// notification came after two.
func told() []outcome {
	paused := ran("paused", variant, 10_000, peerClients, 9500, 9800, 8000)
	paused.contender.outbox = outboxPaused
	delivering := ran("delivering", variant, 10_000, peerClients, 5000, 6000, 7000)
	delivering.contender.outbox = outboxDelivered
	for i := range delivering.runs {
		delivering.runs[i].Notified, delivering.runs[i].NotifiedIn = delivering.runs[i].Done, 2*time.Second
	}
	return inPart(notifications, ran("no-url", subject, 10_000, peerClients, 10_000, 10_000, 10_000), paused, delivering)
}

func TestReportComparesNotifyingWithTheSameServerWithoutURL(t *testing.T) {
	t.Parallel()
	r := newReport(append(outcomes(), told()...))
	require.Equal(t, []ratio{
		{Part: notifications, Server: "paused", Codes: 10_000, Clients: 64, Value: 0.95, Floor: outboxFloor,
			Name: "of the rate without a notification URL, with outbox rows written and delivery paused"},
		{Part: notifications, Server: "delivering", Codes: 10_000, Clients: 64, Value: 0.6,
			Name: "of the rate without a notification URL, with delivery running"},
	}, r.Ratios[3:])
	last := r.Results[len(r.Results)-1]
	require.Equal(t, []float64{2500, 3000, 3500}, last.NotifiedOfRuns)
	require.InDelta(t, 3000, last.NotifiedRate, 0)
	require.Equal(t, 18_000, last.Notified)
	require.Equal(t, 18_000, last.Done)

	var text strings.Builder
	require.NoError(t, r.writeText(&text))
	require.Contains(t, text.String(), "Payments through SOAP, of which the merchant is notified on ")
	require.Contains(t, text.String(), "10 000 codes, 64 clients: 0.95 of the rate without a notification URL, with outbox rows written and delivery paused (floor 0.90): held\n")
	require.Contains(t, text.String(), "10 000 codes, 64 clients: 0.60 of the rate without a notification URL, with delivery running\n")
	require.Contains(t, text.String(), "10 000 codes, 64 clients: 3 000 notifications/s until the last had come, 18 000 of 18 000\n")
}

func TestReportSaysWhenTheOutboxCostsTooMuch(t *testing.T) {
	t.Parallel()
	slow := told()
	slow[1].runs = ran("", variant, 0, 0, 8900, 8900, 8900).runs
	var text strings.Builder
	require.NoError(t, newReport(slow).writeText(&text))
	require.Contains(t, text.String(), "0.89 of the rate without a notification URL, with outbox rows written and delivery paused (floor 0.90): BELOW THE FLOOR\n")
}

func TestReportOfCharges(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	r := newReport(append(outcomes(), inPart(charges, ran("paypoint", subject, 10_000, 64, 4000), ran("memory", ceiling, 10_000, 64, 8000))...))
	require.Len(t, r.Ratios, 4)
	require.NoError(t, r.writeText(&text))
	_, after, found := strings.Cut(text.String(), "Charges through the merchants' API on ")
	require.True(t, found)
	require.Regexp(t, `(?m)^ +server +codes +clients +charges/s `, after)
	require.Regexp(t, `(?m)^ +paypoint +10 000 +64 +4 000 `, after)
	require.NotContains(t, after, "12 000")
	require.Contains(t, after, "10 000 codes, 64 clients: 0.50 of the ceiling in memory\n")
}

func TestReportHoldsTheSteadyRateAgainstItsBound(t *testing.T) {
	t.Parallel()
	slow := ran("paypoint", subject, 1_000_000, 64, 500, 500)
	slow.part = steady
	slow.runs[1].P99 = 51 * time.Millisecond
	slow.runs[0].Sync, slow.runs[1].Sync = syncTimes{P50: 200 * time.Microsecond, P99: time.Millisecond}, syncTimes{P50: 400 * time.Microsecond, P99: 3 * time.Millisecond}
	quick := ran("paypoint", subject, 10_000, 64, 500)
	quick.part = steady
	var text strings.Builder
	require.NoError(t, newReport([]outcome{slow}).writeText(&text))
	require.Contains(t, text.String(), "1 000 000 codes, 64 clients: p99 at most 51.00 ms in any run (at most 50ms: NOT HELD); "+
		"fdatasync of 512 bytes on the same disk, just before and after: p50 0.30, p99 2.00 ms\n")
	text.Reset()
	require.NoError(t, newReport([]outcome{quick}).writeText(&text))
	require.Contains(t, text.String(), "p99 at most 12.50 ms in any run (at most 50ms: held)")
	require.Contains(t, text.String(), "messages/s")
}
