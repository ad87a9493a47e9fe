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
	// places bound the requests under way at once, but for those of hasPlaces,
	// which are counted further in; nil bounds none.
	places    *requestPlaces
	hasPlaces func(*http.Request) bool
	// allow is who may ask at all; nil is everyone. guards are told of refusals.
	allow  *allowList
	guards *guards
	// hasEvent says of which requests the handler writes the event itself, with
	// what became of them; nil is of none, and the middleware writes them all.
	hasEvent func(*http.Request) bool
}

// isMessage says that a request to the partner's endpoint is taken for one of
// its messages, which are logged by application.record.
func isMessage(r *http.Request) bool { return r.Method == http.MethodPost }

// isFinance says that a request goes to the finance API, which is logged by
// application.logAct.
func isFinance(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, financePaths) }

// wrap puts a group's limits and log around its handler.
func (g group) wrap(next http.Handler, proxies []netip.Prefix, log *zap.Logger, metrics *metrics) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		g.setDeadlines(w, r, began)
		believeProxy(r, proxies)
		recorder := &statusRecorder{ResponseWriter: w, body: awaitBody(r), by: g.answerBy(began)}
		leave, status := g.admit(r)
		if status != 0 {
			metrics.request(g.name, status, time.Since(began))
			turnAway(recorder, status, retryOf(status))
			return
		}
		defer leave()
		closeAfterChunks(w, r)
		var line *event
		if g.hasEvent == nil || !g.hasEvent(r) {
			r, line = withEvent(r)
		}
		defer func() {
			failure := recover()
			if failure == nil {
				recorder.begin(http.StatusOK) // what net/http sends for a handler that wrote nothing
			} else if failure != http.ErrAbortHandler { //nolint:errorlint // the sentinel itself is thrown
				if line == nil {
					line = &event{} // the handler's own does not say why it broke
				}
				metrics.panics.Inc()
				line.panicked = []zap.Field{zap.Any("panic", failure), zap.Stack("stack")}
			}
			took := time.Since(began)
			metrics.request(g.name, recorder.status, took)
			if line != nil {
				line.write(log, metrics.quota, g.name, r, recorder, took)
			}
			if failure != nil {
				// What the handler had decided is not known: close without an answer.
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(recorder, r)
	})
}

// admit lets a request in until leave, or says with which status it is turned
// away. It has no event in the log then: guards tell of them now and then.
func (g group) admit(r *http.Request) (leave func(), status int) {
	if g.allow != nil && !g.allow.admitsRequest(r) {
		return nil, http.StatusForbidden
	}
	if g.places == nil || g.hasPlaces != nil && g.hasPlaces(r) {
		return func() {}, 0
	}
	if !g.places.enter() {
		g.guards.refused(g.name, "requests", callerAddress(r))
		return nil, http.StatusServiceUnavailable
	}
	return g.places.leave, 0
}

// closeAfterChunks ends the connection behind a request in chunks. One that also
// states a length hides its end from a proxy that goes by that; whatever follows
// would be answered to somebody else there (RFC 9112, section 6.1, which has the
// connection closed). net/http has dropped the length by now, so all are closed;
// and in HTTP/1.0, where it has dropped the chunks too, every connection.
func closeAfterChunks(w http.ResponseWriter, r *http.Request) {
	if len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1) {
		w.Header().Set("Connection", "close")
	}
}

// retryOf is after how long who was turned away may try again; 0 is never.
func retryOf(status int) time.Duration {
	if status == http.StatusServiceUnavailable {
		return busyRetry
	}
	return 0
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
	// Also where there is none: the last request's is not this one's.
	_ = controller.SetWriteDeadline(g.answerBy(began))
}

// answerBy is until when an answer must be out; zero is as long as it is taken
// (writePatience).
func (g group) answerBy(began time.Time) time.Time {
	if g.answerTimeout == 0 {
		return time.Time{}
	}
	return began.Add(g.answerTimeout + answerSlack)
}

// answerSlack is what sending may take beyond deciding.
const answerSlack = 2 * time.Second

// statusRecorder remembers what was answered; status 0 is nothing at all. The
// finance API has one like it of its own: it must know whether an answer has
// begun wherever it is served, and a package can't import a program.
type statusRecorder struct {
	http.ResponseWriter
	// body is the request's, nil where there is none; by is until when the answer
	// must be out, zero where that depends on how it is taken.
	body   *awaitedBody
	by     time.Time
	status int
	bytes  int64
}

func (s *statusRecorder) begin(status int) {
	if s.status == 0 {
		s.status = status
		s.hurry()
	}
}

// hurry gives who is refused little time, and waits for no body that nobody
// reads: net/http would read it first, to keep the connection.
func (s *statusRecorder) hurry() {
	// A writer without deadlines is one of a test's.
	controller, now := http.NewResponseController(s.ResponseWriter), time.Now()
	if s.body.left() {
		_ = controller.SetReadDeadline(now.Add(refusedReadTimeout))
	}
	if s.status < http.StatusBadRequest {
		return
	}
	if s.body.left() {
		s.Header().Set("Connection", "close")
	}
	if soon := now.Add(refusedWriteTimeout); s.by.IsZero() || soon.Before(s.by) {
		_ = controller.SetWriteDeadline(soon)
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
	return requestBase(r) + r.URL.Path
}

// requestBase is the scheme and host that the caller or a trusted proxy says.
func requestBase(r *http.Request) string {
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
	return scheme + "://" + host
}

// isClosed says whether a listener or server ended because it was told to.
func isClosed(err error) bool {
	return err == nil || errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed)
}
