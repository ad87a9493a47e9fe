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
	Part      part      `json:"part"`
	Server    string    `json:"server"`
	Codes     int       `json:"codes"`
	Clients   int       `json:"clients"`
	Rate      float64   `json:"per_second"` // payments; in the part charges, charges
	Slowest   float64   `json:"slowest_run"`
	Fastest   float64   `json:"fastest_run"`
	P50       float64   `json:"p50_ms"`
	P99       float64   `json:"p99_ms"`
	Generator float64   `json:"load_us_per_request"`
	Errors    int       `json:"errors"` // 0: a run with errors ends the race
	Runs      []float64 `json:"runs"`
	Done      int       `json:"done"` // payments or charges over all runs
	// Where notifications are delivered: how many of Done came, and how fast.
	Notified       int       `json:"notified,omitempty"`
	NotifiedRate   float64   `json:"notified_per_second,omitempty"`
	NotifiedOfRuns []float64 `json:"notified_runs,omitempty"`
	// Of the part steady: the slowest p99 of the runs, and the disk's own times, medians.
	WorstP99 float64 `json:"worst_p99_ms,omitempty"`
	SyncP50  float64 `json:"fdatasync_p50_ms,omitempty"`
	SyncP99  float64 `json:"fdatasync_p99_ms,omitempty"`
}

// ratio compares two servers or two ledgers.
type ratio struct {
	Part    part    `json:"part"`
	Server  string  `json:"server"`
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
	// outboxFloor is for what the rows of the outbox may cost a payment.
	outboxFloor = 0.90
	// peerClients is where peers are compared, and the parts that have one number of clients.
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
		Part: o.part, Server: o.contender.name, Codes: o.codes, Clients: o.clients,
		Rate: median(rates), Slowest: slices.Min(rates), Fastest: slices.Max(rates), Runs: rates,
		P50:       median(valuesOf(o.runs, func(f figures) float64 { return milliseconds(f.P50) })),
		P99:       median(valuesOf(o.runs, func(f figures) float64 { return milliseconds(f.P99) })),
		Generator: median(valuesOf(o.runs, func(f figures) float64 { return 1000 * milliseconds(f.Generator) / float64(f.Done) })),
	}
	for _, f := range o.runs {
		c.Done += f.Done
		c.Notified += f.Notified
	}
	if o.contender.outbox == outboxDelivered {
		c.NotifiedOfRuns = valuesOf(o.runs, figures.notifiedRate)
		c.NotifiedRate = median(c.NotifiedOfRuns)
	}
	if o.part == steady {
		c.WorstP99 = slices.Max(valuesOf(o.runs, func(f figures) float64 { return milliseconds(f.P99) }))
		c.SyncP50 = median(valuesOf(o.runs, func(f figures) float64 { return milliseconds(f.Sync.P50) }))
		c.SyncP99 = median(valuesOf(o.runs, func(f figures) float64 { return milliseconds(f.Sync.P99) }))
	}
	return c
}

// ratiosOf compares one of paypoint's outcomes with the ceiling, with the smallest ledger,
// with the best peer, and with its variants, as far as they were run in its part.
func ratiosOf(o outcome, all []outcome) []ratio {
	var ratios []ratio
	var best *outcome
	all = slices.DeleteFunc(slices.Clone(all), func(other outcome) bool { return other.part != o.part })
	smallest := slices.MinFunc(all, func(a, b outcome) int { return a.codes - b.codes }).codes
	for _, other := range all {
		if other.clients != o.clients {
			continue
		}
		sameLedger, role := other.codes == o.codes, other.contender.role
		switch {
		case role == ceiling && sameLedger && o.part == charges:
			ratios = append(ratios, o.over(other, "of the ceiling in memory", 0, 0))
		case role == ceiling && sameLedger:
			ratios = append(ratios, o.over(other, "of the ceiling in memory", ceilingFloor, ceilingAim))
		case role == subject && other.codes < o.codes && other.codes == smallest:
			ratios = append(ratios, o.over(other, "of the rate with "+grouped(other.codes)+" codes", growthFloor, growthAim))
		case role == variant && sameLedger:
			ratios = append(ratios, other.overUnnotified(o))
		case role == peer && sameLedger && (best == nil || other.cell().Rate > best.cell().Rate):
			best = &other
		}
	}
	if best != nil {
		ratios = append(ratios, o.over(*best, "times the best peer, "+best.contender.name, peerFloor, peerAim))
	}
	return ratios
}

// overUnnotified compares a variant with paypoint whose merchant has no notification URL.
// Delivery itself is held to nothing here: on two cores it takes its time from the payments.
func (o outcome) overUnnotified(plain outcome) ratio {
	if o.contender.outbox == outboxPaused {
		return o.over(plain, "of the rate without a notification URL, with outbox rows written and delivery paused", outboxFloor, 0)
	}
	return o.over(plain, "of the rate without a notification URL, with delivery running", 0, 0)
}

// over is the median over the rounds of o's rate by the other's in the same round.
func (o outcome) over(other outcome, name string, floor, aim float64) ratio {
	values := make([]float64, len(o.runs))
	for round := range o.runs {
		values[round] = o.runs[round].rate() / other.runs[round].rate()
	}
	r := ratio{Part: o.part, Server: o.contender.name, Name: name, Codes: o.codes, Clients: o.clients, Value: median(values)}
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

// heading is what a part's table shows.
func (p part) heading() string {
	switch p {
	case charges:
		return "Charges through the merchants' API"
	case notifications:
		return "Payments through SOAP, of which the merchant is notified"
	case steady:
		return "Inquiries, payments and reversals through SOAP, 500 a second"
	default:
		return "Payments through SOAP"
	}
}

// unit is what a part counts.
func (p part) unit() string {
	switch p {
	case charges:
		return "charges/s"
	case steady:
		return "messages/s"
	default:
		return "payments/s"
	}
}

// writeText is for people: a table for each part, and its ratios below.
func (r report) writeText(to io.Writer) error {
	for i, c := range r.Results {
		if i > 0 && r.Results[i-1].Part == c.Part {
			continue
		}
		if err := r.writePart(to, c.Part); err != nil {
			return fmt.Errorf("print report: %w", err)
		}
	}
	return nil
}

func (r report) writePart(to io.Writer, p part) error {
	fmt.Fprintf(to, "%s on %d cores, medians. p50 and p99 in ms; load: µs of processor time that the load itself took, each.\n\n", p.heading(), r.CPUs)
	out := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "server\tcodes\tclients\t%s\tslowest\tfastest\tp50\tp99\terrors\tload\t\n", p.unit())
	for _, c := range r.Results {
		if c.Part == p {
			fmt.Fprintf(out, "%s\t%s\t%d\t%s\t%s\t%s\t%.2f\t%.2f\t%d\t%.0f\t\n", c.Server, grouped(c.Codes), c.Clients,
				grouped(int(c.Rate)), grouped(int(c.Slowest)), grouped(int(c.Fastest)), c.P50, c.P99, c.Errors, c.Generator)
		}
	}
	fmt.Fprintln(out, "\t\t\t\t\t\t\t\t\t\t")
	if err := out.Flush(); err != nil {
		return err
	}
	for _, q := range r.Ratios {
		if q.Part == p {
			fmt.Fprintf(to, "%s codes, %s: %.2f %s%s\n", grouped(q.Codes), clientsOf(q.Clients), q.Value, q.Name, q.verdict())
		}
	}
	for _, c := range r.Results {
		if c.Part == p && c.NotifiedOfRuns != nil {
			fmt.Fprintf(to, "%s codes, %s: %s notifications/s until the last had come, %s of %s\n",
				grouped(c.Codes), clientsOf(c.Clients), grouped(int(c.NotifiedRate)), grouped(c.Notified), grouped(c.Done))
		}
		if c.Part == p && p == steady {
			fmt.Fprintf(to, "%s codes, %s: p99 at most %.2f ms in any run (at most %s: %s); fdatasync of %d bytes on the same disk, just before and after: p50 %.2f, p99 %.2f ms\n",
				grouped(c.Codes), clientsOf(c.Clients), c.WorstP99, steadyP99, held(c.WorstP99 <= milliseconds(steadyP99)), syncedBytes, c.SyncP50, c.SyncP99)
		}
	}
	fmt.Fprintln(to)
	return nil
}

// verdict compares a ratio with what it is held to.
func (q ratio) verdict() string {
	held := fmt.Sprintf(" (floor %.2f, aim %.2f)", q.Floor, q.Aim)
	if q.Aim == 0 {
		held = fmt.Sprintf(" (floor %.2f)", q.Floor)
	}
	switch {
	case q.Floor == 0:
		return ""
	case q.Value < q.Floor:
		return held + ": BELOW THE FLOOR"
	case q.Aim == 0:
		return held + ": held"
	case q.Value < q.Aim:
		return held
	default:
		return held + ": aim reached"
	}
}

func held(is bool) string {
	if is {
		return "held"
	}
	return "NOT HELD"
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
