package main

import (
	"cmp"
	"context"
	"net/http"
	"runtime"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"paypoint/charge"
	"paypoint/store/boltdb"
)

// addProgram adds what /metrics shows of the program itself.
func (m *metrics) addProgram() {
	m.merchantRequests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "paypoint_merchant_requests_total", Help: "Requests of merchants by route and the status_code of a refusal, else the HTTP status; 0 was not answered.",
	}, []string{"route", "code"})
	m.logged = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "paypoint_log_entries_total", Help: "Log entries that were written, by level.",
	}, []string{"level"})
	m.panics = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "paypoint_panics_total", Help: "Requests that ended in a defect of the program, without a whole answer.",
	})
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "paypoint_build_info", Help: "Always 1; its labels say which program this is.",
		ConstLabels: prometheus.Labels{"version": version, "schema": strconv.Itoa(boltdb.Schema), "go": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.merchantRequests, m.logged, m.panics, build)
}

// counting is a logger whose entries are counted.
func (m *metrics) counting(log *zap.Logger) *zap.Logger {
	return log.WithOptions(zap.Hooks(func(entry zapcore.Entry) error {
		m.logged.WithLabelValues(entry.Level.String()).Inc()
		return nil
	}))
}

// refusalKey is the context's key of what a merchant's request was refused with.
type refusalKey struct{}

// countMerchants counts the requests that a handler of the merchants' API
// serves. The pattern that its mux has found names the route: paths themselves
// hold order ids, and would make labels without end.
func (m *metrics) countMerchants(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder, refusedWith := &statusRecorder{ResponseWriter: w}, new(string)
		r = r.WithContext(context.WithValue(r.Context(), refusalKey{}, refusedWith))
		defer func() {
			code := cmp.Or(*refusedWith, strconv.Itoa(recorder.status))
			m.merchantRequests.WithLabelValues(routeOf(r), code).Inc()
		}()
		next.ServeHTTP(recorder, r)
	})
}

// countRefusal lets countMerchants know the code of a refusal, which is not
// always the HTTP status.
func countRefusal(ctx context.Context, f charge.Failure) {
	if refusedWith, counted := ctx.Value(refusalKey{}).(*string); counted {
		*refusedWith = f.Code
	}
}

// routeOf is the route of a request that was served.
func routeOf(r *http.Request) string {
	if r.Pattern == "" || r.Pattern == "/" {
		return noLabel
	}
	return r.Pattern
}
