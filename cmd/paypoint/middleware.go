package main

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"go.uber.org/zap"
)

// group is one kind of caller with its own listener and limits.
type group struct {
	// name is as in the configuration: partner, merchant, ...
	name string
	// readTimeout and answerTimeout bound a request; 0 means no limit, for
	// downloads of any size.
	readTimeout, answerTimeout time.Duration
	// logged says that the middleware writes the request's event; the partner's
	// messages are logged with what became of them instead.
	logged bool
}

// wrap puts a group's limits and log around its handler.
func (g group) wrap(next http.Handler, proxies []netip.Prefix, log *zap.Logger, metrics *metrics) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		g.setDeadlines(w, r, began)
		believeProxy(r, proxies)
		recorder := &statusRecorder{ResponseWriter: w}
		defer func() {
			failure := recover()
			if failure != nil && failure != http.ErrAbortHandler { //nolint:errorlint // the sentinel itself is thrown
				log.Error("request panicked", zap.Any("panic", failure), zap.Stack("stack"))
			}
			if failure == nil {
				recorder.begin(http.StatusOK) // what net/http sends for a handler that wrote nothing
			}
			metrics.request(g.name, recorder.status, time.Since(began))
			if g.logged {
				g.logRequest(log, r, recorder, time.Since(began))
			}
			if failure != nil {
				// What the handler had decided is not known: close without an answer.
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(recorder, r)
	})
}

// setDeadlines bounds this request alone: several groups can share a listener.
// net/http lifts the deadline for reading once a body is in. Where there is no
// body it must not be set: its passing would be taken for the caller's hang-up,
// and cancel the request.
func (g group) setDeadlines(w http.ResponseWriter, r *http.Request, began time.Time) {
	controller := http.NewResponseController(w)
	// A writer without deadlines is one of a test's, and has no network.
	if g.readTimeout > 0 && r.Body != http.NoBody {
		_ = controller.SetReadDeadline(began.Add(g.readTimeout))
	}
	if g.answerTimeout > 0 {
		_ = controller.SetWriteDeadline(began.Add(g.answerTimeout + answerSlack))
	}
}

// answerSlack is what sending may take beyond deciding.
const answerSlack = 2 * time.Second

func (g group) logRequest(log *zap.Logger, r *http.Request, recorder *statusRecorder, took time.Duration) {
	level := zap.InfoLevel
	if recorder.status >= http.StatusInternalServerError || recorder.status == 0 {
		level = zap.ErrorLevel
	}
	log.Log(level, "request",
		zap.String("group", g.name), zap.String("method", r.Method),
		// The query can hold what callers put there by mistake, so only the path.
		zap.String("path", r.URL.Path), zap.Int("status", recorder.status), zap.Int64("bytes", recorder.bytes),
		zap.Duration("took", took), zap.String("caller", r.RemoteAddr))
}

// statusRecorder remembers what was answered; status 0 is nothing at all.
type statusRecorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (s *statusRecorder) begin(status int) {
	if s.status == 0 {
		s.status = status
	}
}

// WriteHeader remembers the status.
func (s *statusRecorder) WriteHeader(status int) {
	s.begin(status)
	s.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (s *statusRecorder) Write(b []byte) (int, error) {
	s.begin(http.StatusOK)
	n, err := s.ResponseWriter.Write(b)
	s.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// believeProxy takes the caller's address and the scheme from the forwarded
// headers when a trusted proxy speaks, and drops those headers otherwise.
func believeProxy(r *http.Request, proxies []netip.Prefix) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !trusted(peer.Addr().Unmap(), proxies) {
		r.Header.Del("X-Forwarded-For")
		r.Header.Del("X-Forwarded-Proto")
		r.Header.Del("X-Forwarded-Host")
		return
	}
	if caller, ok := lastUntrusted(r.Header.Values("X-Forwarded-For"), proxies); ok {
		r.RemoteAddr = net.JoinHostPort(caller.String(), "0")
	}
}

// lastUntrusted is the address nearest to us that no proxy of ours has: what
// stands further left was written by the caller.
func lastUntrusted(headers []string, proxies []netip.Prefix) (netip.Addr, bool) {
	hops := strings.Split(strings.Join(headers, ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return netip.Addr{}, false
		}
		if !trusted(hop.Unmap(), proxies) {
			return hop.Unmap(), true
		}
	}
	return netip.Addr{}, false
}

func trusted(address netip.Addr, proxies []netip.Prefix) bool {
	for _, p := range proxies {
		if p.Contains(address) {
			return true
		}
	}
	return false
}

// publicAddress is the address under which the outside reached a request's
// path: the configured one, or what the caller or a trusted proxy says.
func publicAddress(r *http.Request, publicURL string) string {
	if publicURL != "" {
		return strings.TrimSuffix(publicURL, "/") + r.URL.Path
	}
	scheme, host := "http", r.Host
	if r.TLS != nil {
		scheme = "https"
	}
	if forwarded := r.Header.Get("X-Forwarded-Proto"); forwarded == "https" || forwarded == "http" {
		scheme = forwarded
	}
	if forwarded := r.Header.Get("X-Forwarded-Host"); forwarded != "" {
		host = forwarded
	}
	return scheme + "://" + host + r.URL.Path
}

// isClosed says whether a listener or server ended because it was told to.
func isClosed(err error) bool {
	return err == nil || errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed)
}
