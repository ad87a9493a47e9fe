package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"go.uber.org/zap"

	"paypoint/ledger"
	"paypoint/store/boltdb"
)

// socketName is the operators' socket in the data directory. Who may open it
// is who may open the ledger beside it.
const socketName = "operator.sock"

// operatorPrefix tells an operator's name from a person's id.
const operatorPrefix = "operator "

// maxOperatorBody bounds the body of an operator's request.
const maxOperatorBody = 64 << 10

// operators serves the commands.
type operators struct {
	app      *application
	listener net.Listener
	server   *http.Server
}

// listenOperators opens the socket. The caller holds the ledger, so a socket
// that is there already is left over from a process that was killed.
func listenOperators(a *application) (*operators, error) {
	path := filepath.Join(a.config.DataDir, socketName)
	// The caller holds its ledger, but another server may have another one here.
	if knock, err := net.DialTimeout("unix", path, dialTimeout); err == nil {
		return nil, errors.Join(fmt.Errorf("another server runs in %s", a.config.DataDir), knock.Close())
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("operators' socket: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("operators' socket (a path of at most 107 bytes): %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("operators' socket: %w", err), listener.Close())
	}
	return newOperators(a, listener), nil
}

func newOperators(a *application, listener net.Listener) *operators {
	o := &operators{app: a, listener: listener}
	o.server = &http.Server{
		Handler: o.handler(), ReadHeaderTimeout: readHeaderTimeout, ErrorLog: zap.NewStdLog(a.log.Named("operators")),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, operatorName{}, peerName(c))
		},
	}
	return o
}

func (o *operators) serve(failed chan<- error) {
	go func() {
		if err := o.server.Serve(o.listener); !isClosed(err) {
			failed <- fmt.Errorf("serve operators' socket: %w", err)
		}
	}()
}

func (o *operators) close() { _ = o.server.Close() }

// operatorName is the context's key for who is at the other end.
type operatorName struct{}

// peerName asks the system whose process is at the other end of a connection.
func peerName(c net.Conn) string {
	socket, ok := c.(*net.UnixConn)
	if !ok {
		return userName(os.Getuid()) // a pipe, which ends in this process
	}
	name := "operator"
	raw, err := socket.SyscallConn()
	if err != nil {
		return name
	}
	_ = raw.Control(func(fd uintptr) {
		if peer, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); err == nil {
			name = userName(int(peer.Uid))
		}
	})
	return name
}

func userName(uid int) string {
	id := strconv.Itoa(uid)
	if person, err := user.LookupId(id); err == nil {
		return operatorPrefix + person.Username
	}
	return operatorPrefix + "uid " + id
}

func operatorOf(r *http.Request) string {
	name, _ := r.Context().Value(operatorName{}).(string)
	return name
}

// handler serves the operators' own requests, and the finance API under the
// operator's name.
func (o *operators) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(financePaths, o.app.financeHandler(o.caller))
	for pattern, handle := range map[string]func(*http.Request) (any, error){
		"GET /operator/v1/persons":                            o.listPersons,
		"POST /operator/v1/persons":                           o.addPerson,
		"PUT /operator/v1/persons/{id}/role":                  o.setRole,
		"PUT /operator/v1/persons/{id}/active":                o.setPersonActive(true),
		"DELETE /operator/v1/persons/{id}/active":             o.setPersonActive(false),
		"POST /operator/v1/persons/{id}/password":             o.makePassword,
		"DELETE /operator/v1/persons/{id}/totp":               o.dropTOTP,
		"DELETE /operator/v1/persons/{id}/sign-ins":           o.endSignIns,
		"POST /operator/v1/persons/{id}/tokens":               o.issueToken,
		"DELETE /operator/v1/persons/{id}/tokens/{token}":     o.revokeToken,
		"GET /operator/v1/merchants":                          o.listMerchants,
		"POST /operator/v1/merchants":                         o.addMerchant,
		"POST /operator/v1/merchants/{id}/rotate-key":         o.rotateKey,
		"PUT /operator/v1/merchants/{id}/active":              o.setActive(true),
		"DELETE /operator/v1/merchants/{id}/active":           o.setActive(false),
		"GET /operator/v1/merchants/{id}/urls":                o.showURLs,
		"PUT /operator/v1/merchants/{id}/urls":                o.setURLs,
		"POST /operator/v1/merchants/{id}/test-notifications": o.testNotifications,
		"GET /operator/v1/notifications":                      o.listNotifications,
		"GET /operator/v1/notifications/{id}":                 o.showNotification,
		"POST /operator/v1/notifications/{id}/resend":         o.resendNotification,
		"GET /operator/v1/scans":                              o.listScans,
		"PUT /operator/v1/maintenance":                        o.set(true, maintenanceSetting),
		"DELETE /operator/v1/maintenance":                     o.set(false, maintenanceSetting),
		"GET /operator/v1/sandbox-clock":                      o.showClock,
		"PUT /operator/v1/sandbox-clock":                      o.turnClock,
		"PUT /operator/v1/products/{code}/pause":              o.set(true, pauseSetting),
		"DELETE /operator/v1/products/{code}/pause":           o.set(false, pauseSetting),
	} {
		mux.HandleFunc(pattern, answerJSON(handle))
	}
	// All may be asked twice: two change nothing, and of the last one's work
	// nothing is left for the second time.
	mux.HandleFunc("GET /operator/v1/verify", o.verify)
	mux.HandleFunc("GET "+backupPath, o.backup)
	mux.HandleFunc("DELETE /operator/v1/merchants/{id}/open-charges", o.cancelOpen)
	g := group{name: "operators", hasEvent: isFinance}
	return g.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noteCaller(r.Context(), zap.String("who", operatorOf(r)))
		mux.ServeHTTP(w, r)
		o.auditOperator(w, r)
	}), nil, o.app.log, o.app.metrics)
}

// operatorError is how the socket reports a failure, in the shape of the
// finance API's.
type operatorError struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// answerJSON lets a function answer. An operator may read inner errors.
func answerJSON(handle func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxOperatorBody)
		body, err := handle(r)
		status := http.StatusOK
		if err != nil {
			note(r.Context(), zap.Error(err))
			status = http.StatusUnprocessableEntity
			var failure operatorError
			failure.Error.Code, failure.Error.Message = "failed", err.Error()
			body = failure
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		// A command that went away needs no answer.
		_ = json.NewEncoder(w).Encode(body)
	}
}

func maintenanceSetting(*http.Request) (string, error) { return ledger.SettingMaintenance, nil }

// pauseSetting checks the code, as the command did: others can speak to the
// socket too, and what is in the journal stays.
func pauseSetting(r *http.Request) (string, error) {
	product := productCode{Code: r.PathValue("code")}
	return ledger.SettingPaused(product.Code), product.Validate()
}

// set switches a setting on or off.
func (o *operators) set(on bool, key func(*http.Request) (string, error)) func(*http.Request) (any, error) {
	var value []byte
	if on {
		value = []byte("on")
	}
	return func(r *http.Request) (any, error) {
		setting, err := key(r)
		if err != nil {
			return nil, err
		}
		err = o.app.ledger.Alter(r.Context(), setting, operatorOf(r), func([]byte) ([]byte, error) { return value, nil })
		return map[string]bool{"on": on}, err
	}
}

// verifyStep is one line of a verification's answer: progress, then a report
// or a failure.
type verifyStep struct {
	Done   uint64         `json:"done,omitempty"`
	Total  uint64         `json:"total,omitempty"`
	Report *boltdb.Report `json:"report,omitempty"`
	Error  string         `json:"error,omitempty"`
	// Differs says that the ledger is not what its journal says.
	Differs bool `json:"differs,omitempty"`
}

// verify checks a copy of the ledger while the server goes on.
func (o *operators) verify(w http.ResponseWriter, r *http.Request) {
	tell := steps(w)
	report, err := o.app.verifyCopy(func(done, total uint64) { tell(verifyStep{Done: done, Total: total}) })
	if err != nil {
		note(r.Context(), zap.Error(err))
	}
	tell(lastStep(report, err))
}

// steps lets a handler answer line by line while it works. A command that went
// away does not stop the work.
func steps(w http.ResponseWriter) (tell func(step any)) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	encoder, controller := json.NewEncoder(w), http.NewResponseController(w)
	return func(step any) {
		_ = encoder.Encode(step)
		_ = controller.Flush()
	}
}

func lastStep(report boltdb.Report, err error) verifyStep {
	if err == nil {
		return verifyStep{Report: &report}
	}
	var difference *boltdb.Difference
	return verifyStep{Error: err.Error(), Differs: errors.As(err, &difference)}
}
