package soap

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"time"

	"paypoint/ledger"
)

// Ledger is what the endpoint asks of the ledger (ledger.Service).
type Ledger interface {
	// Inquire tells what a code is for. An error means an internal failure.
	Inquire(context.Context, ledger.Inquiry) (ledger.InquiryResult, error)
	// Pay books a payment. An error means that the outcome is not known.
	Pay(context.Context, ledger.Payment) (ledger.PaymentResult, error)
	// Reverse takes a payment back. An error means that it was not committed.
	Reverse(context.Context, ledger.Reversal) (ledger.ReversalResult, error)
	// RefuseReversal opens a case for a reversal with a defect.
	RefuseReversal(context.Context, ledger.MalformedReversal) error
}

// Config is what an endpoint needs. All fields are required but the texts.
type Config struct {
	Ledger    Ledger
	Signature Scheme
	Codes     *Codes
	// Document is the WSDL as served to a request.
	Document func(*http.Request) []byte
	// InquiryMessage is the Message of every approved ResInquiry.
	InquiryMessage string
	// ReceiptFooter is the Message of every approved ResPayment.
	ReceiptFooter string
	// AnswerTimeout is how long a message may take, from the end of its HTTP
	// headers, for its body to arrive and for it to be decided. After it the
	// connection closes without an answer, and Indomaret reverses.
	AnswerTimeout time.Duration
	// Now is the clock.
	Now func() time.Time
	// NewReceipt gives a ReceiptCode: unique, 1-20 letters and digits
	// (spec 1.0.14, PaymentRes field 7).
	NewReceipt func() string
	// Admit is asked for every message but a reversal that is rightly signed,
	// before it is decided; leave is called when it is over. A refusal turns it
	// away in HTTP. Optional.
	Admit func(*http.Request) (leave func(), refusal *Refusal)
	// Record is told of every exchange once it is over. It must not block.
	Record func(Exchange)
}

// Server is the partner's endpoint.
type Server struct {
	config Config
	// large has a token for each large body that is being read as XML.
	large chan struct{}
}

// largeBody is the size in bytes above which bodies wait for each other. Reading
// 64 KiB takes the processor for milliseconds, and is done for anybody; a message
// at all its maximum lengths is below 3 KiB, and waits for none.
const largeBody = 8 << 10

// New makes the endpoint.
func New(c Config) *Server {
	// Half of the processors are left to messages.
	return &Server{config: c, large: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
}

// ServeHTTP answers a message (POST) or shows the contract (GET ?wsdl).
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		s.serveMessage(w, r)
	case http.MethodGet, http.MethodHead:
		s.serveDocument(w, r)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "Post a SOAP message, or get ?wsdl.", http.StatusMethodNotAllowed)
	}
}

func (s *Server) serveDocument(w http.ResponseWriter, r *http.Request) {
	for name := range r.URL.Query() {
		if strings.EqualFold(name, "wsdl") {
			w.Header().Set("Content-Type", Version11.ContentType())
			// A client that went away needs no document.
			_, _ = w.Write(s.config.Document(r))
			return
		}
	}
	http.Error(w, "Post a SOAP message, or get ?wsdl.", http.StatusNotFound)
}

// Refusal turns a message away before it is decided. It says so in HTTP: a
// ResponseCode would be taken for what the ledger says of the code.
type Refusal struct {
	// Status is the HTTP status: 429 or 503.
	Status int
	// RetryAfter is when the caller may try again; it is rounded up to seconds.
	RetryAfter time.Duration
}

const (
	// reasonNoAnswer is the reason of an exchange until it is answered.
	reasonNoAnswer = "no answer"
	// reasonRefused is that of one that was turned away.
	reasonRefused = "refused"
)

func (s *Server) serveMessage(w http.ResponseWriter, r *http.Request) {
	x := Exchange{Caller: caller(r), Reason: reasonNoAnswer}
	// A till's hang-up must not undo what it asked for, so only the timeout ends
	// the wait. It counts from the end of the headers, not of the body: the till
	// has been waiting since before both.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), s.config.AnswerTimeout)
	defer cancel()
	began := s.config.Now()
	defer func() {
		x.Took = s.config.Now().Sub(began)
		s.config.Record(x)
	}()
	s.read(r, &x)
	x.Signed = x.Message != nil && s.config.Signature.Verify(x.Message)
	leave := s.admit(r, &x)
	defer leave()
	if x.Message != nil && x.Refusal == nil {
		s.decide(ctx, &x)
	}
	s.write(w, &x)
}

// read turns the request into a message, or into the fault that answers it.
func (s *Server) read(r *http.Request, x *Exchange) {
	body, err := ReadBody(r.Body, r.Header.Get("Content-Encoding"))
	if err == nil {
		x.Message, err = s.parse(r.Header.Get("Content-Type"), body)
	}
	if err == nil {
		return
	}
	x.Body = body
	x.Err = err
}

// parse is Parse, for only so many large bodies at once.
func (s *Server) parse(contentType string, body []byte) (*Message, error) {
	if len(body) > largeBody {
		s.large <- struct{}{}
		defer func() { <-s.large }()
	}
	return Parse(contentType, body)
}

// admit asks for a message's place. A reversal needs none: the money is back at
// the customer's already, and who refuses it is only asked again.
func (s *Server) admit(r *http.Request, x *Exchange) (leave func()) {
	if s.config.Admit == nil || x.Signed && x.Message.Operation == Reversal {
		return func() {}
	}
	leave, x.Refusal = s.config.Admit(r)
	if x.Refusal != nil {
		return func() {}
	}
	return leave
}

// decide answers a message, or leaves it unanswered with x.Err.
func (s *Server) decide(ctx context.Context, x *Exchange) {
	if !x.Signed {
		s.refuse(x, ledger.ReasonBadSignature)
		return
	}
	switch x.Message.Operation {
	case Inquiry:
		s.inquire(ctx, x)
	case Payment:
		s.pay(ctx, x)
	case Reversal:
		s.reverse(ctx, x)
	}
}

// refuse answers a message without asking the ledger, or after it refused.
func (s *Server) refuse(x *Exchange, reason ledger.Reason) {
	switch x.Message.Operation {
	case Inquiry:
		s.answerInquiry(x, ledger.InquiryResult{Reason: reason})
	case Payment:
		s.answerPayment(x, ledger.PaymentResult{Reason: reason})
	case Reversal:
		s.answerReversal(x, ledger.ReversalResult{Reason: reason})
	}
}

// write sends the answer, the fault, or nothing at all.
func (s *Server) write(w http.ResponseWriter, x *Exchange) {
	var fault *Fault
	switch {
	case x.Refusal != nil:
		x.Status, x.Reason = x.Refusal.Status, reasonRefused
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(x.Refusal.RetryAfter.Seconds()))))
		http.Error(w, http.StatusText(x.Status), x.Status)
	case x.Answer != nil:
		x.Status = http.StatusOK
		send(w, x.Status, x.Message.Version.ContentType(), AppendAnswer(make([]byte, 0, answerSize), x.Message.Version, x.Answer))
	case errors.As(x.Err, &fault):
		x.Status = fault.Status()
		x.Reason = fault.Text()
		if fault.Kind == FaultTooLarge {
			// The rest of the body would be read to keep the connection.
			w.Header().Set("Connection", "close")
		}
		send(w, x.Status, fault.ContentType(), fault.Append(nil))
	default:
		// The documented way to close a connection without an answer.
		panic(http.ErrAbortHandler)
	}
}

// answerSize holds an ordinary answer without growing.
const answerSize = 2048

func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	// A caller that went away reverses; there is nobody to tell.
	_, _ = w.Write(body)
}

// caller is the address at the other end, as the middleware established it.
func caller(r *http.Request) netip.Addr {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr().Unmap()
}
