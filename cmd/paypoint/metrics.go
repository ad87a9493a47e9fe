package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"paypoint/ledger"
	"paypoint/soap"
)

// metrics are what /metrics shows.
type metrics struct {
	registry       *prometheus.Registry
	messages       *prometheus.CounterVec
	messageSeconds *prometheus.HistogramVec
	warnings       *prometheus.CounterVec
	requests       *prometheus.CounterVec
	requestSeconds *prometheus.HistogramVec
	commitSeconds  prometheus.Histogram
	commitChanges  prometheus.Histogram
	reversalDelay  prometheus.Histogram
	clockSkew      prometheus.Histogram
	wireLogLost    prometheus.Gauge
	wireLogLeftOut prometheus.Counter
	swept          prometheus.Counter
	erased         prometheus.Counter

	// Of what keeps callers off.
	guards *guardMetrics

	// Of the log, and what it is spared.
	quota *logQuota

	// Of the program itself.
	merchantRequests *prometheus.CounterVec
	logged           *prometheus.CounterVec
	panics           prometheus.Counter

	// Of notifications.
	attempts                                     *prometheus.CounterVec
	attemptSeconds, noticeLag                    prometheus.Histogram
	notices                                      *prometheus.CounterVec
	noticesWaiting, noticesFailed, noticesOldest prometheus.Gauge

	// Of finance.
	partnerFiles, matches, scheduleBad *prometheus.CounterVec
	casesOpen                          *prometheus.GaugeVec
}

// latencies are the buckets of everything that should take milliseconds.
func latencies() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25}
}

// skews are the buckets of a difference between two clocks, which has a sign. A
// TimeStamp has whole seconds, so of clocks that agree it lies up to one second
// back; 600 is where messages become stale unless the agreement says otherwise.
func skews() []float64 {
	return []float64{-3600, -600, -300, -120, -60, -30, -10, -5, -2, -1, 0, 1, 2, 5, 10, 30, 60, 120, 300, 600, 3600}
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "paypoint_partner_messages_total",
			Help: "Messages from the partner by operation, reason and response code; code \"none\" was not answered.",
		}, []string{"operation", "reason", "code"}),
		messageSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "paypoint_partner_message_seconds", Help: "Time from a message to its answer.", Buckets: latencies(),
		}, []string{"operation"}),
		warnings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "paypoint_partner_warnings_total", Help: "Oddities that were served all the same.",
		}, []string{"warning"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "paypoint_http_requests_total", Help: "HTTP requests by group of routes and status; status 0 was not answered.",
		}, []string{"group", "status"}),
		requestSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "paypoint_http_request_seconds", Help: "Time of HTTP requests by group of routes.", Buckets: latencies(),
		}, []string{"group"}),
		commitSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "paypoint_ledger_commit_seconds", Help: "Time of a commit, with its wait for the disk.", Buckets: latencies(),
		}),
		commitChanges: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "paypoint_ledger_commit_changes", Help: "Changes that were committed together.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 11),
		}),
		reversalDelay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "paypoint_reversal_delay_seconds", Help: "Time from the booking of a payment to its reversal; settlement_hold should cover most.",
			Buckets: []float64{5, 15, 30, 45, 60, 90, 120, 300, 900, 3600, 14400, 86400},
		}),
		clockSkew: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "paypoint_partner_clock_skew_seconds", Help: "TimeStamp of a message with a good signature minus our clock at its arrival; above 0 the partner is ahead.",
			Buckets: skews(),
		}),
		wireLogLost: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "paypoint_wire_log_lost_entries", Help: "Wire log entries that could not be kept since the start.",
		}),
		wireLogLeftOut: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paypoint_wire_log_left_out_total", Help: "Messages without a right signature that came above what the wire log keeps of them.",
		}),
		swept: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paypoint_swept_charges_total", Help: "Charges that the clock has released or expired, or that needed nothing.",
		}),
		erased: newErased(),
	}
	m.registry.MustRegister(
		m.messages, m.messageSeconds, m.warnings, m.requests, m.requestSeconds,
		m.commitSeconds, m.commitChanges, m.reversalDelay, m.clockSkew, m.wireLogLost, m.wireLogLeftOut, m.swept, m.erased,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.quota = newLogQuota(m.registry)
	m.addGuards()
	m.addProgram()
	m.addNotices()
	m.addReconcile()
	m.addSchedule()
	return m
}

// gauge registers a number that is read when it is asked for.
func (m *metrics) gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

const (
	// scrapeTimeout ends a scrape, with 503, before Prometheus gives up (10 s).
	scrapeTimeout = 5 * time.Second
	// maxScrapes are answered at once, further ones 503: two of Prometheus, and two
	// persons who look.
	maxScrapes = 4
)

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Timeout: scrapeTimeout, MaxRequestsInFlight: maxScrapes})
}

// noLabel stands for an operation or a code that there is not.
const noLabel = "none"

// reasonFault stands for the texts of all faults, which would make a label of any
// length; reasonNoAnswer is soap's.
const (
	reasonFault    = "fault"
	reasonNoAnswer = "no answer"
)

// reasonLabel is why an exchange ended as it did, in one of few words.
func reasonLabel(x soap.Exchange) string {
	if x.Message == nil && x.Status != 0 {
		return reasonFault
	}
	return x.Reason
}

// message counts an exchange with the partner that is over now.
func (m *metrics) message(x soap.Exchange, now time.Time) {
	operation, code := noLabel, noLabel
	if x.Message != nil {
		operation = string(x.Message.Operation)
	}
	if x.Answer != nil {
		code, _ = x.Answer.Code()
	}
	m.messages.WithLabelValues(operation, reasonLabel(x), code).Inc()
	m.messageSeconds.WithLabelValues(operation).Observe(x.Took.Seconds())
	for _, w := range x.Warnings {
		m.warnings.WithLabelValues(string(w)).Inc()
	}
	if x.ReversedAfter > 0 {
		m.reversalDelay.Observe(x.ReversedAfter.Seconds())
	}
	if skew, known := skewOf(x, now); known {
		m.clockSkew.Observe(skew.Seconds())
	}
}

// skewOf compares the partner's clock with ours. Who has not signed is nobody
// whose clock matters, and a field with a defect has no time.
func skewOf(x soap.Exchange, now time.Time) (skew time.Duration, known bool) {
	if x.Message == nil || x.Message.Sent.IsZero() || x.Reason == string(ledger.ReasonBadSignature) {
		return 0, false
	}
	return x.Message.Sent.Sub(now.Add(-x.Took)), true
}

// request counts an HTTP request.
func (m *metrics) request(group string, status int, took time.Duration) {
	m.requests.WithLabelValues(group, strconv.Itoa(status)).Inc()
	m.requestSeconds.WithLabelValues(group).Observe(took.Seconds())
}

// committed counts a commit of the ledger.
func (m *metrics) committed(changes int, took time.Duration) {
	m.commitChanges.Observe(float64(changes))
	m.commitSeconds.Observe(took.Seconds())
}
