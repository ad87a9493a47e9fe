package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// loadStats collects what the clients see. It is safe for concurrent use.
type loadStats struct {
	mu    sync.Mutex
	total loadCounts
	late  time.Duration
	ops   map[operation]*opStats
}

// loadCounts are the totals of a load so far. Sums are whole rupiah as paid, of
// sales answered 00.
type loadCounts struct {
	sales, paid, reversed, refused, unanswered int64
	paidSum, reversedSum                       int64
}

// opStats is what one operation saw.
type opStats struct {
	latencies []time.Duration // of usable answers, in the order they came
	results   map[string]int  // by ResponseCode, or by the kind of trouble
}

// newLoadStats returns statistics of nothing yet, with all operations.
func newLoadStats() *loadStats {
	s := &loadStats{ops: make(map[operation]*opStats)}
	for _, op := range operations() {
		s.ops[op] = &opStats{results: make(map[string]int)}
	}
	return s
}

// addLateness notes how long after its time a sale began.
func (s *loadStats) addLateness(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late = max(s.late, d)
}

// addSale counts a sale and all its messages.
func (s *loadStats) addSale(out sold) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total.sales++
	if out.Inquiry != nil {
		s.addResult(out.Inquiry.record)
	}
	if out.Payment != nil {
		s.addResult(out.Payment.record)
	}
	for _, r := range out.Reversals {
		s.addResult(r.record)
	}
}

// addResult counts one message; the caller holds mu.
func (s *loadStats) addResult(r record) {
	op := s.ops[r.Op]
	kind := r.ResponseCode
	switch r.verdict() {
	case verdictApproved:
		s.total.count(r)
	case verdictRefused:
		s.total.refused++
	case verdictNotSent:
		s.total.unanswered++
		kind = "not sent"
	default:
		s.total.unanswered++
		kind = "no answer"
	}
	op.results[kind]++
	// The time of a message without an answer says how long the till waited, not
	// how fast the partner is; it shows in the counts instead.
	if r.answered() {
		op.latencies = append(op.latencies, r.took())
	}
}

// count adds an approved message.
func (c *loadCounts) count(r record) {
	switch r.Op {
	case payment:
		c.paid++
		c.paidSum += r.Amount
	case reversal:
		c.reversed++
		c.reversedSum += r.Amount
	}
}

// counts returns the totals so far.
func (s *loadStats) counts() loadCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// percentile returns the least of sorted that at least p percent of them do not
// exceed (nearest rank); 0 of none.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	// In thousandths of a percent, whole numbers: 99.9 % of 1000 is 999, whatever
	// floats make of it.
	thousandths := int64(p*1000 + 0.5)
	rank := (int64(len(sorted))*thousandths + 99_999) / 100_000
	return sorted[max(rank, 1)-1]
}

// loadReport is the outcome of a load.
type loadReport struct {
	Seconds float64 `json:"seconds"`
	Clients int     `json:"clients"`
	// RateAsked is in sales per second; 0 if as many as the clients can.
	// LateMillis is the most that a sale began late.
	RateAsked     float64                `json:"rate_asked"`
	LateMillis    float64                `json:"late_ms"`
	Sales         int64                  `json:"sales"`
	Paid          int64                  `json:"paid"`
	PaidSum       int64                  `json:"paid_sum"`
	Reversed      int64                  `json:"reversed"`
	ReversedSum   int64                  `json:"reversed_sum"`
	Refused       int64                  `json:"refused"`
	Unanswered    int64                  `json:"unanswered"`
	Operations    map[operation]opReport `json:"operations"`
	JournalRecord uint64                 `json:"journal_records"`
}

// opReport is one operation's share. Latencies are of usable answers, in
// milliseconds, exact by nearest rank.
type opReport struct {
	Answered  int            `json:"answered"`
	PerSecond float64        `json:"per_second"`
	P50       float64        `json:"p50_ms"`
	P90       float64        `json:"p90_ms"`
	P99       float64        `json:"p99_ms"`
	P999      float64        `json:"p999_ms"`
	Max       float64        `json:"max_ms"`
	Results   map[string]int `json:"results"`
}

// report sums the run up, once it is over.
func (l *loadRun) report() loadReport {
	s := l.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	out := loadReport{
		Seconds: l.tookAll.Seconds(), Clients: l.plan.Clients, RateAsked: l.plan.Rate, LateMillis: millis(s.late),
		Sales: s.total.sales, Paid: s.total.paid, PaidSum: s.total.paidSum,
		Reversed: s.total.reversed, ReversedSum: s.total.reversedSum,
		Refused: s.total.refused, Unanswered: s.total.unanswered,
		Operations: make(map[operation]opReport), JournalRecord: l.till.journal.count(),
	}
	for op, stats := range s.ops {
		if len(stats.results) > 0 {
			out.Operations[op] = stats.report(l.tookAll)
		}
	}
	return out
}

// report sums one operation up; the rate is over the whole run, its pauses
// included.
func (o *opStats) report(elapsed time.Duration) opReport {
	sorted := slices.Sorted(slices.Values(o.latencies))
	return opReport{
		Answered: len(sorted), PerSecond: float64(len(sorted)) / elapsed.Seconds(), Results: o.results,
		P50: millis(percentile(sorted, 50)), P90: millis(percentile(sorted, 90)), P99: millis(percentile(sorted, 99)),
		P999: millis(percentile(sorted, 99.9)), Max: millis(percentile(sorted, 100)),
	}
}

// millis is d in milliseconds, to the microsecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// text is the report for people.
func (r loadReport) text() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d sales in %.1f s by %d clients: %d paid (%s), %d reversed (%s), %d refusals, %d without answer\n",
		r.Sales, r.Seconds, r.Clients, r.Paid, rupiah(r.PaidSum), r.Reversed, rupiah(r.ReversedSum), r.Refused, r.Unanswered)
	if r.RateAsked > 0 {
		fmt.Fprintf(&out, "asked for %g sales per second; the latest began %.1f ms after its time\n", r.RateAsked, r.LateMillis)
	}
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\noperation\tanswers\tper second\tp50\tp90\tp99\tp99.9\tmax\t")
	for _, op := range operations() {
		if o, seen := r.Operations[op]; seen {
			fmt.Fprintf(table, "%s\t%d\t%.1f\t%.1f ms\t%.1f ms\t%.1f ms\t%.1f ms\t%.1f ms\t\n",
				op, o.Answered, o.PerSecond, o.P50, o.P90, o.P99, o.P999, o.Max)
		}
	}
	_ = table.Flush() // into a strings.Builder
	out.WriteString("\nresponse codes\n")
	for _, op := range operations() {
		if o, seen := r.Operations[op]; seen {
			fmt.Fprintf(&out, "%9s  %s\n", op, o.codes())
		}
	}
	return out.String()
}

// codes lists the results by code, as "00: 12, 88: 1".
func (o opReport) codes() string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(o.Results)) {
		parts = append(parts, fmt.Sprintf("%s: %d", code, o.Results[code]))
	}
	return strings.Join(parts, ", ")
}

// failure tells, as scripts need it, how the run went: it is nil when every
// message was approved; else it says which exit code the load deserves.
func (r loadReport) failure() error {
	switch {
	case r.Unanswered > 0:
		return errNoAnswer
	case r.Refused > 0:
		return errRefused
	default:
		return nil
	}
}
