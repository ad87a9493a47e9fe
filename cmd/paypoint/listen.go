package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

// Limits of every listener; a group's own are set for each of its requests.
const (
	readHeaderTimeout = 5 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
	// consoleReadTimeout is the time that a finance request has to arrive whole.
	consoleReadTimeout = 10 * time.Second
	// defaultConnections and defaultRequests bound the groups that the
	// configuration does not.
	defaultConnections = 1024
	defaultRequests    = 256
)

// financePaths is the folder of the finance API.
const financePaths = "/finance/v1/"

// endpoint is one address with the groups that share it.
type endpoint struct {
	address     string
	connections int
	groups      []string
	// trees are the handlers of whole folders, which end with a slash.
	trees map[string]http.Handler
	// mux has the single paths, and others takes what no group knows.
	mux    *http.ServeMux
	others http.Handler
	// tls is set where the address speaks TLS, allow where connections are held
	// against a list.
	tls   *tls.Config
	allow *allowList
	// exempt are the callers whose places are not counted by address.
	exempt   []netip.Prefix
	places   *places
	listener net.Listener
	server   *http.Server
}

// endpoints are all addresses of the server.
type endpoints []*endpoint

// add puts a group's routes on its address.
func (e *endpoints) add(address string, connections int, name string, routes map[string]http.Handler) {
	place := e.at(address)
	place.groups = append(place.groups, name)
	place.connections = max(place.connections, connections)
	for pattern, handler := range routes {
		if strings.HasSuffix(pattern, "/") {
			place.trees[pattern] = handler
		} else {
			place.mux.Handle(pattern, handler)
		}
	}
}

// secured is another address for the same routes, with TLS. It is asked for
// when the routes are complete.
func (e *endpoint) secured(address string, config *tls.Config) *endpoint {
	return &endpoint{
		address: address, connections: e.connections, groups: e.groups, tls: config,
		trees: e.trees, mux: e.mux, others: e.others, exempt: e.exempt,
	}
}

// refuseOthers gives the address a handler for what no group knows.
func (e *endpoint) refuseOthers(handler http.Handler) {
	e.others = handler
	e.mux.Handle("/", handler)
}

// ServeHTTP finds the handler of a path. A folder gets its paths as they came:
// the mux would answer "/v2//status", which an SDK makes of an empty order id,
// with an HTML redirect that no SDK reads. Nor is a till redirected, which would
// post no message where it is sent.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for folder, handler := range e.trees {
		if strings.HasPrefix(r.URL.Path, folder) {
			handler.ServeHTTP(w, r)
			return
		}
	}
	if r.URL.Path != path.Clean(r.URL.Path) {
		e.others.ServeHTTP(w, r)
		return
	}
	e.mux.ServeHTTP(w, r)
}

func (e *endpoints) at(address string) *endpoint {
	for _, place := range *e {
		if place.address == address {
			return place
		}
	}
	place := &endpoint{address: address, trees: map[string]http.Handler{}, mux: http.NewServeMux()}
	*e = append(*e, place)
	return place
}

// listen opens every address. After an error none is open.
func (e endpoints) listen(log *zap.Logger, counted *metrics) error {
	for _, place := range e {
		listener, err := (&net.ListenConfig{KeepAliveConfig: keepAlive}).Listen(context.Background(), "tcp", place.address)
		if err != nil {
			e.close()
			return fmt.Errorf("listen on %s for %v: %w", place.address, place.groups, err)
		}
		place.guard(listener, sampled(log), counted.guards)
		log.Info("listening", zap.Stringer("address", listener.Addr()), zap.Strings("groups", place.groups))
		place.server = &http.Server{
			Handler: place, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
			Protocols: onlyHTTP1(), ConnState: place.places.follow, ConnContext: withPlace, ErrorLog: place.errorLog(log, counted.guards),
		}
	}
	return nil
}

// guard puts the list, the places and TLS around a socket, in this order: who is
// not on the list takes no place, and who has no place costs no handshake.
func (e *endpoint) guard(socket net.Listener, log *zap.Logger, counted *guardMetrics) {
	if e.allow != nil {
		socket = allowListener{socket, e.allow}
	}
	e.places = newPlaces(socket, e.connections, counted.displaced.WithLabelValues(e.name()).Inc)
	e.places.exempt = e.exempt
	e.places.refused = func(from netip.Addr) {
		counted.refused.WithLabelValues(e.name(), "places").Inc()
		log.Warn("caller refused: places", zap.String("listener", e.name()), zap.Stringer("caller", from))
	}
	counted.connections(e.name(), e.places)
	e.listener = e.places
	if e.tls != nil {
		e.listener = tls.NewListener(e.places, e.tls)
	}
}

// name is what metrics call the address.
func (e *endpoint) name() string {
	name := strings.Join(e.groups, "+")
	if e.tls != nil {
		name += "+tls"
	}
	return name
}

// onlyHTTP1 speaks no HTTP/2, in the clear or with TLS: there a connection has
// any number of requests at once, and the limits count connections. SOAP clients
// and SDKs speak HTTP/1.1; a proxy in front may offer more to browsers.
func onlyHTTP1() *http.Protocols {
	var only http.Protocols
	only.SetHTTP1(true)
	return &only
}

// announce says where the server listens, in the form that programs read.
func (e endpoints) announce(out io.Writer) {
	for _, place := range e {
		scheme := "http"
		if place.tls != nil {
			scheme = "https"
		}
		fmt.Fprintf(out, "listening on %s://%s\n", scheme, place.listener.Addr())
	}
}

// serve answers requests until shutdown. The first failure is sent.
func (e endpoints) serve(failed chan<- error) {
	for _, place := range e {
		go func() {
			if err := place.server.Serve(place.listener); !isClosed(err) {
				failed <- fmt.Errorf("serve %s: %w", place.address, err)
			}
		}()
	}
}

// of is the HOST:PORT that a group listens on; empty when none serves it.
func (e endpoints) of(group string) string {
	for _, place := range e {
		if slices.Contains(place.groups, group) {
			return place.listener.Addr().String()
		}
	}
	return ""
}

func (e endpoints) servers() []*http.Server {
	var servers []*http.Server
	for _, place := range e {
		servers = append(servers, place.server)
	}
	return servers
}

// shutdown takes no new requests and waits for those under way.
func shutdown(ctx context.Context, servers []*http.Server) error {
	done := make(chan error, len(servers))
	for _, server := range servers {
		go func() { done <- server.Shutdown(ctx) }()
	}
	var errs []error
	for range servers {
		errs = append(errs, <-done)
	}
	return errors.Join(errs...)
}

// close drops everything at once.
func (e endpoints) close() {
	for _, place := range e {
		if place.server != nil {
			_ = place.server.Close()
		}
		if place.listener != nil {
			_ = place.listener.Close()
		}
	}
}
