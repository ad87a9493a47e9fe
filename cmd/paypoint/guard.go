package main

import (
	"errors"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"paypoint/charge"
	"paypoint/ledger"
)

// guards keep hostile and broken callers off. Each has a bound of its own, tells
// its metric of everything, and the log of the first in each interval: a flood
// fills neither memory nor disk.
type guards struct {
	log     *zap.Logger
	metrics *guardMetrics
	// allow are the addresses that may reach the partner's endpoint.
	allow *allowList
	// rates and messages hold the partner's messages to their limits.
	rates    *callerRates
	messages requestPlaces
	// keys and pages keep out who guesses.
	keys  *keyGuard
	pages *pageGuard
	// scans watches for stores that try codes.
	scans *scans
}

func newGuards(a *application) *guards {
	limits := a.config.Limits
	g := &guards{
		log: sampled(a.log), metrics: a.metrics.guards,
		rates:    newCallerRates(limits.Partner.RequestsPerSecond, limits.Partner.Burst),
		messages: requestPlaces{most: int64(limits.Partner.MaxRequests)},
		keys:     newKeyGuard(a, limits.Merchant.FailureLimits),
		pages:    &pageGuard{app: a, strikes: newStrikes(limits.Pages.FailureLimits)},
		scans:    newScans(a.config.Partner.CodeScan),
	}
	g.allow = &allowList{
		networks: a.config.Listeners.Partner.Allow, proxies: a.config.Listeners.TrustedProxies,
		refused: func(from netip.Addr) { g.refused("partner", "address", from) },
	}
	a.metrics.gauge("paypoint_code_scan_stores", "Stores that have asked for too many unknown codes within partner.code_scan.window.",
		func() float64 { return float64(g.scans.alarming(a.now())) })
	return g
}

// refused counts a request or connection that was turned away.
func (g *guards) refused(group, why string, from netip.Addr) {
	g.metrics.refused.WithLabelValues(group, why).Inc()
	g.log.Warn("caller refused: "+why, zap.String("group", group), zap.Stringer("caller", from))
}

// guessed counts a key or an id that there is not.
func (g *guards) guessed(what string) { g.metrics.guesses.WithLabelValues(what).Inc() }

// countUnknownOrder counts a merchant's request for an order or transaction that
// is not the merchant's. It says nothing of anybody else's, so no more is done
// than counting: the merchant's rate bounds it.
func (g *guards) countUnknownOrder(f charge.Failure) {
	if errors.Is(f.Err, ledger.ErrNotFound) {
		g.guessed("order")
	}
}

// lockedOut tells of an address that has guessed too often.
func (g *guards) lockedOut(what string, from netip.Addr, until time.Duration) {
	g.metrics.lockouts.WithLabelValues(what).Inc()
	g.log.Warn("caller locked out: too many wrong guesses", zap.String("what", what), zap.Stringer("caller", from), zap.Duration("for", until))
}

// guardMetrics count what the guards do.
type guardMetrics struct {
	refused, guesses, lockouts, displaced, handshakes *prometheus.CounterVec
	scans, tlsReloadFailures                          prometheus.Counter
	registry                                          *prometheus.Registry
}

// addGuards registers what the guards count.
func (m *metrics) addGuards() {
	vector := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m.guards = &guardMetrics{
		registry:   m.registry,
		refused:    vector("paypoint_refused_total", "Connections and requests turned away, by group or listener and why: address, places, rate, requests, locked_out.", "group", "why"),
		guesses:    vector("paypoint_guesses_total", "Wrong server keys, and ids of orders and pages that there are not.", "what"),
		lockouts:   vector("paypoint_lockouts_total", "Addresses that were locked out for guessing.", "what"),
		displaced:  vector("paypoint_connections_displaced_total", "Idle, silent, stalled or slow connections that made room for a new caller.", "listener"),
		handshakes: vector("paypoint_tls_handshake_failures_total", "TLS handshakes that failed.", "listener"),
		scans:      counter("paypoint_code_scans_total", "Times that a store has asked for too many unknown codes."),
		tlsReloadFailures: counter("paypoint_tls_reload_failures_total",
			"Changed certificate files that could not be taken; the earlier ones stay in use."),
	}
	g := m.guards
	m.registry.MustRegister(g.refused, g.guesses, g.lockouts, g.displaced, g.handshakes, g.scans, g.tlsReloadFailures)
	// Present from the start, so that the first of each is seen as a rise.
	for _, why := range []string{"address", "rate", "requests"} {
		g.refused.WithLabelValues("partner", why)
	}
	for _, what := range []string{"key", "page"} {
		g.guesses.WithLabelValues(what)
		g.lockouts.WithLabelValues(what)
	}
	g.guesses.WithLabelValues("order")
}

// connections shows how full a listener is.
func (g *guardMetrics) connections(listener string, of *places) {
	label := prometheus.Labels{"listener": listener}
	g.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "paypoint_http_connections", Help: "Open connections by listener.", ConstLabels: label,
		}, func() float64 { return float64(of.count()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "paypoint_http_connections_limit", Help: "How many may be open.", ConstLabels: label,
		}, func() float64 { return float64(of.most) }),
	)
}
