package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// report is what the race came to, as JSON prints it.
type report struct {
	CPUs    int     `json:"cpus"`
	Results []cell  `json:"results"`
	Ratios  []ratio `json:"ratios"`
}

// cell is one server with one ledger and one number of clients: medians over its runs.
type cell struct {
	Server    string    `json:"server"`
	Codes     int       `json:"codes"`
	Clients   int       `json:"clients"`
	Rate      float64   `json:"payments_per_second"`
	Slowest   float64   `json:"slowest_run"`
	Fastest   float64   `json:"fastest_run"`
	P50       float64   `json:"p50_ms"`
	P99       float64   `json:"p99_ms"`
	Generator float64   `json:"load_us_per_payment"`
	Errors    int       `json:"errors"` // 0: a run with errors ends the race
	Runs      []float64 `json:"runs"`
	Payments  int       `json:"payments"` // over all runs
}

// ratio compares two servers or two ledgers.
type ratio struct {
	Name    string  `json:"name"`
	Codes   int     `json:"codes"`
	Clients int     `json:"clients"`
	Value   float64 `json:"value"`           // median of the rounds' ratios
	Floor   float64 `json:"floor,omitempty"` // with Aim, at peerClients only
	Aim     float64 `json:"aim,omitempty"`
}

// What paypoint is held to at peerClients. With fewer clients the disk's own delay
// decides, which memory does not have.
const (
	ceilingFloor, ceilingAim = 0.40, 0.60
	growthFloor, growthAim   = 0.50, 0.80
	peerFloor, peerAim       = 2.5, 4.0
	// peerClients is where peers are compared.
	peerClients = 64
)

func newReport(outcomes []outcome) report {
	r := report{CPUs: runtime.NumCPU()}
	for _, o := range outcomes {
		r.Results = append(r.Results, o.cell())
		if o.contender.role == subject {
			r.Ratios = append(r.Ratios, ratiosOf(o, outcomes)...)
		}
	}
	return r
}

// cell takes the medians of the runs.
func (o outcome) cell() cell {
	rates := valuesOf(o.runs, figures.rate)
	c := cell{
		Server: o.contender.name, Codes: o.codes, Clients: o.clients,
		Rate: median(rates), Slowest: slices.Min(rates), Fastest: slices.Max(rates), Runs: rates,
		P50:       median(valuesOf(o.runs, func(f figures) float64 { return milliseconds(f.P50) })),
		P99:       median(valuesOf(o.runs, func(f figures) float64 { return milliseconds(f.P99) })),
		Generator: median(valuesOf(o.runs, func(f figures) float64 { return 1000 * milliseconds(f.Generator) / float64(f.Payments) })),
	}
	for _, f := range o.runs {
		c.Payments += f.Payments
	}
	return c
}

// ratiosOf compares one of paypoint's outcomes with the ceiling, with the smallest ledger
// and with the best peer, as far as they were run.
func ratiosOf(o outcome, all []outcome) []ratio {
	var ratios []ratio
	var best *outcome
	smallest := slices.MinFunc(all, func(a, b outcome) int { return a.codes - b.codes }).codes
	for _, other := range all {
		if other.clients != o.clients {
			continue
		}
		sameLedger, role := other.codes == o.codes, other.contender.role
		switch {
		case role == ceiling && sameLedger:
			ratios = append(ratios, o.over(other, "of the ceiling in memory", ceilingFloor, ceilingAim))
		case role == subject && other.codes < o.codes && other.codes == smallest:
			ratios = append(ratios, o.over(other, "of the rate with "+grouped(other.codes)+" codes", growthFloor, growthAim))
		case role == peer && sameLedger && (best == nil || other.cell().Rate > best.cell().Rate):
			best = &other
		}
	}
	if best != nil {
		ratios = append(ratios, o.over(*best, "times the best peer, "+best.contender.name, peerFloor, peerAim))
	}
	return ratios
}

// over is the median over the rounds of o's rate by the other's in the same round.
func (o outcome) over(other outcome, name string, floor, aim float64) ratio {
	values := make([]float64, len(o.runs))
	for round := range o.runs {
		values[round] = o.runs[round].rate() / other.runs[round].rate()
	}
	r := ratio{Name: name, Codes: o.codes, Clients: o.clients, Value: median(values)}
	if o.clients == peerClients {
		r.Floor, r.Aim = floor, aim
	}
	return r
}

func valuesOf(runs []figures, of func(figures) float64) []float64 {
	values := make([]float64, len(runs))
	for i, f := range runs {
		values[i] = of(f)
	}
	return values
}

// median of an even number of values is the mean of the middle two.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// writeJSON is for programs.
func (r report) writeJSON(to io.Writer) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return nil
}

// writeText is for people.
func (r report) writeText(to io.Writer) error {
	out := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(to, "Payments through SOAP on %d cores, medians. p50 and p99 in ms; load: µs of processor time that the load itself took, a payment.\n\n", r.CPUs)
	fmt.Fprintln(out, "server\tcodes\tclients\tpayments/s\tslowest\tfastest\tp50\tp99\terrors\tload\t")
	for _, c := range r.Results {
		fmt.Fprintf(out, "%s\t%s\t%d\t%s\t%s\t%s\t%.2f\t%.2f\t%d\t%.0f\t\n", c.Server, grouped(c.Codes), c.Clients,
			grouped(int(c.Rate)), grouped(int(c.Slowest)), grouped(int(c.Fastest)), c.P50, c.P99, c.Errors, c.Generator)
	}
	fmt.Fprintln(out, "\t\t\t\t\t\t\t\t\t\t")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	for _, q := range r.Ratios {
		fmt.Fprintf(to, "%s codes, %s: %.2f %s%s\n", grouped(q.Codes), clientsOf(q.Clients), q.Value, q.Name, q.verdict())
	}
	return nil
}

// verdict compares a ratio with what it is held to.
func (q ratio) verdict() string {
	if q.Floor == 0 {
		return ""
	}
	held := fmt.Sprintf(" (floor %.2f, aim %.2f)", q.Floor, q.Aim)
	switch {
	case q.Value < q.Floor:
		return held + ": BELOW THE FLOOR"
	case q.Value < q.Aim:
		return held
	default:
		return held + ": aim reached"
	}
}

// grouped writes a number with spaces between thousands.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}

func clientsOf(n int) string {
	if n == 1 {
		return "1 client"
	}
	return grouped(n) + " clients"
}
