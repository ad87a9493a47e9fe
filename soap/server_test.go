package soap

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// script is a ledger that answers as the test says, and notes what it was
// asked. A function that is nil must not be asked for.
type script struct {
	inquire func(context.Context, ledger.Inquiry) (ledger.InquiryResult, error)
	pay     func(context.Context, ledger.Payment) (ledger.PaymentResult, error)
	reverse func(context.Context, ledger.Reversal) (ledger.ReversalResult, error)
	refuse  func(context.Context, ledger.MalformedReversal) error
}

func (s script) Inquire(ctx context.Context, q ledger.Inquiry) (ledger.InquiryResult, error) {
	return s.inquire(ctx, q)
}

func (s script) Pay(ctx context.Context, p ledger.Payment) (ledger.PaymentResult, error) {
	return s.pay(ctx, p)
}

func (s script) Reverse(ctx context.Context, r ledger.Reversal) (ledger.ReversalResult, error) {
	return s.reverse(ctx, r)
}

func (s script) RefuseReversal(ctx context.Context, r ledger.MalformedReversal) error {
	return s.refuse(ctx, r)
}

// errInner is a failure whose text no partner may read.
var errInner = errors.New("bolt: page 4711: checksum")

// failing is a ledger that fails at everything.
func failing() script {
	return script{
		inquire: func(context.Context, ledger.Inquiry) (ledger.InquiryResult, error) {
			return ledger.InquiryResult{}, errInner
		},
		pay: func(context.Context, ledger.Payment) (ledger.PaymentResult, error) {
			return ledger.PaymentResult{}, errInner
		},
		reverse: func(context.Context, ledger.Reversal) (ledger.ReversalResult, error) {
			return ledger.ReversalResult{}, errInner
		},
		refuse: func(context.Context, ledger.MalformedReversal) error { return errInner },
	}
}

// endpoint is a server on a real socket and what it has recorded.
type endpoint struct {
	*httptest.Server
	mu        sync.Mutex
	exchanges []Exchange
}

func (e *endpoint) record(x Exchange) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.exchanges = append(e.exchanges, x)
}

// last is the newest exchange. All that were answered are over.
func (e *endpoint) last(t *testing.T) Exchange {
	t.Helper()
	// An answer can arrive before its exchange is recorded; closing waits for that.
	e.Close()
	e.mu.Lock()
	defer e.mu.Unlock()
	require.NotEmpty(t, e.exchanges)
	return e.exchanges[len(e.exchanges)-1]
}

func newEndpoint(t *testing.T, l Ledger, change func(*Config)) *endpoint {
	t.Helper()
	e := &endpoint{}
	codes, err := NewCodes(nil)
	require.NoError(t, err)
	config := Config{
		Ledger: l, Signature: sampleScheme(t), Codes: codes,
		Document:       func(r *http.Request) []byte { return []byte("<definitions host='" + r.Host + "'/>") },
		InquiryMessage: "Call us", ReceiptFooter: "Thank you", AnswerTimeout: time.Minute,
		Now: newClock(noon()).Now, NewReceipt: func() string { return "RECEIPT1" }, Record: e.record,
	}
	if change != nil {
		change(&config)
	}
	e.Server = httptest.NewUnstartedServer(New(config))
	e.Config.ErrorLog = log.New(io.Discard, "", 0) // a test's ledger may panic
	e.Start()
	t.Cleanup(e.Close)
	return e
}

// exchange posts a body and returns the status and the answer; status 0 is a
// connection that was closed without one.
func (e *endpoint) exchange(t *testing.T, contentType string, body []byte) (status int, header http.Header, answer string) {
	t.Helper()
	response, err := e.Client().Post(e.URL, contentType, bytes.NewReader(body))
	if errors.Is(err, io.EOF) {
		return 0, nil, ""
	}
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, response.Header, string(text)
}

func (e *endpoint) ordinary(t *testing.T, operation Operation) (status int, answer string) {
	t.Helper()
	status, _, answer = e.exchange(t, "text/xml", recorded(t, operation, "ordinary"))
	return status, answer
}

func TestServerHandsOnWhatWasSigned(t *testing.T) {
	t.Parallel()
	var inquiry ledger.Inquiry
	var payment ledger.Payment
	var reversal ledger.Reversal
	e := newEndpoint(t, script{
		inquire: func(_ context.Context, q ledger.Inquiry) (ledger.InquiryResult, error) {
			inquiry = q
			return ledger.InquiryResult{
				Reason: ledger.ReasonApproved, Amount: 50_000, MinAmount: 20_000, Charge: ledger.Charge{Fee: 5_000, Product: "123000"},
				Details: ledger.Details{Customer: "Siti", Desc: "Top-up", Extra: [3]string{"one"}},
			}, nil
		},
		pay: func(_ context.Context, p ledger.Payment) (ledger.PaymentResult, error) {
			payment = p
			return ledger.PaymentResult{Reason: ledger.ReasonApproved, Receipt: p.Receipt}, nil
		},
		reverse: func(_ context.Context, r ledger.Reversal) (ledger.ReversalResult, error) {
			reversal = r
			return ledger.ReversalResult{Reason: ledger.ReasonApproved}, nil
		},
	}, nil)
	sent := time.Date(2026, 11, 22, 10, 15, 30, 0, ledger.WIB)

	_, answer := e.ordinary(t, Inquiry)
	require.Equal(t, ledger.Inquiry{Code: "8801234567890128", Ref: "1876500001", Store: "TK01", Product: "123000", TimeStamp: sent}, inquiry)
	require.Contains(t, answer, "<MinAmount>20000</MinAmount><Amount>50000</Amount><Fee>5000</Fee><ResponseCode>00</ResponseCode>")
	require.Contains(t, answer, "<Customer>Siti</Customer><Desc>Top-up</Desc><ProductCode>123000</ProductCode>")
	require.Contains(t, answer, "<Message>Call us</Message><TrackingRef>1876500001</TrackingRef><StoreID>TK01</StoreID><ExtraParam1>one</ExtraParam1>")

	_, answer = e.ordinary(t, Payment)
	require.Len(t, payment.Request, 64)
	payment.Request = ""
	require.Equal(t, ledger.Payment{
		Code: "8801234567890128", Ref: "1876500001", Amount: 50_000, Store: "TK01", Product: "123000",
		MessageID: "20261122101530000001", TimeStamp: sent, Receipt: "RECEIPT1",
	}, payment)
	require.Contains(t, answer, "<ReceiptCode>RECEIPT1</ReceiptCode><Message>Thank you</Message>")

	_, answer = e.ordinary(t, Reversal)
	require.Len(t, reversal.Request, 64)
	reversal.Request = ""
	require.Equal(t, ledger.Reversal{
		Code: "8801234567890128", Ref: "1876500001", Amount: 50_000, Store: "TK01", MessageID: "20261122101530000001", TimeStamp: sent,
	}, reversal)
	require.Contains(t, answer, "<ResReversal><TimeStamp>2026-11-22 12:00:00</TimeStamp>")
}

// Every reason goes out with its code, over HTTP 200, and tells of no money
// unless it is approval.
func TestServerAnswersEveryReason(t *testing.T) {
	t.Parallel()
	codes, err := NewCodes(nil)
	require.NoError(t, err)
	for _, reason := range ledger.Reasons() {
		charge := ledger.Charge{Amount: 50_000, Fee: 5_000, Product: "123000"}
		e := newEndpoint(t, script{
			inquire: func(context.Context, ledger.Inquiry) (ledger.InquiryResult, error) {
				return ledger.InquiryResult{Reason: reason, Charge: charge, Amount: 50_000}, nil
			},
			pay: func(context.Context, ledger.Payment) (ledger.PaymentResult, error) {
				return ledger.PaymentResult{Reason: reason, Charge: charge}, nil
			},
			reverse: func(context.Context, ledger.Reversal) (ledger.ReversalResult, error) {
				return ledger.ReversalResult{Reason: reason}, nil
			},
		}, nil)
		want := "<ResponseCode>" + codes.Of(reason).Code + "</ResponseCode><ResponseDesc>" + codes.Of(reason).Desc + "</ResponseDesc>"
		for _, operation := range Operations() {
			status, answer := e.ordinary(t, operation)
			require.Equal(t, http.StatusOK, status)
			require.Contains(t, answer, want)
			approved := reason == ledger.ReasonApproved
			switch operation {
			case Inquiry:
				require.Equal(t, approved, !strings.Contains(answer, "<Amount>0</Amount>"))
				require.Equal(t, approved, strings.Contains(answer, "<Message>Call us</Message>"))
			case Payment:
				require.Equal(t, approved, strings.Contains(answer, "<Message>Thank you</Message>"))
			}
		}
		require.Equal(t, string(reason), e.last(t).Reason)
	}
}

// An inquiry can always be refused; a payment or a reversal whose outcome is
// not known gets no answer.
func TestServerWhenTheLedgerFails(t *testing.T) {
	t.Parallel()
	for operation, want := range map[Operation]int{Inquiry: http.StatusOK, Payment: 0, Reversal: 0} {
		t.Run(string(operation), func(t *testing.T) {
			t.Parallel()
			e := newEndpoint(t, failing(), nil)
			status, answer := e.ordinary(t, operation)
			require.Equal(t, want, status)
			require.NotContains(t, answer, "bolt")
			x := e.last(t)
			require.ErrorIs(t, x.Err, errInner)
			require.Equal(t, want, x.Status)
			if want == 0 {
				require.Nil(t, x.Answer)
				require.Equal(t, "no answer", x.Reason)
				return
			}
			require.Contains(t, answer, "<ResponseCode>96</ResponseCode>")
		})
	}
}

// A malformed reversal is refused once its case is kept, and not before.
func TestServerMalformedReversal(t *testing.T) {
	t.Parallel()
	m := ordinaryMessage(Reversal)
	m.Amount, m.TrackingRef = "5,0", strings.Repeat("é", 30)
	m.Signature = sign(t, sampleScheme(t), &m)
	e := newEndpoint(t, failing(), nil)
	status, _, _ := e.exchange(t, "text/xml", rebuild(&m))
	require.Zero(t, status)
	require.ErrorIs(t, e.last(t).Err, errInner)

	var kept ledger.MalformedReversal
	e = newEndpoint(t, script{refuse: func(_ context.Context, r ledger.MalformedReversal) error {
		kept = r
		return nil
	}}, nil)
	status, _, answer := e.exchange(t, "text/xml", rebuild(&m))
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, answer, "<ResponseCode>30</ResponseCode>")
	require.Equal(t, ledger.TrackingRef(strings.Repeat("é", 20)), kept.Ref)
	require.Zero(t, kept.Amount)
}

// What breaks a rule or the signature never reaches the ledger: this one would
// panic, and the connection close.
func TestServerAsksNothingForWhatItRefuses(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, script{}, nil)
	for _, operation := range Operations() {
		for _, name := range []string{"signature-wrong", "signature-absent", "signature-truncated"} {
			_, _, answer := e.exchange(t, "text/xml", recorded(t, operation, name))
			require.Contains(t, answer, "<ResponseCode>63</ResponseCode>")
		}
		status, _, answer := e.exchange(t, "text/xml", recorded(t, operation, "spec-sample-as-printed"))
		require.Equal(t, http.StatusInternalServerError, status)
		require.Contains(t, answer, "<faultcode>soap:Client</faultcode>")
	}
	_, _, answer := e.exchange(t, "text/xml", recorded(t, Payment, "amount-negative"))
	require.Contains(t, answer, "<ResponseCode>30</ResponseCode>")
	status, _ := e.ordinary(t, Payment)
	require.Zero(t, status, "the ledger was asked")
	require.Equal(t, "no answer", e.last(t).Reason)
}

func TestServerAnswersInTheVersionOfTheRequest(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, script{pay: func(context.Context, ledger.Payment) (ledger.PaymentResult, error) {
		return ledger.PaymentResult{Reason: ledger.ReasonAlreadyPaid}, nil
	}}, nil)
	status, header, answer := e.exchange(t, "application/soap+xml", recorded(t, Payment, "soap-1.2"))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "application/soap+xml; charset=utf-8", header.Get("Content-Type"))
	require.Contains(t, answer, `xmlns:soap="http://www.w3.org/2003/05/soap-envelope"`)

	status, header, answer = e.exchange(t, "application/soap+xml", []byte("<Envelope><Body><ReqRefund/></Body></Envelope>"))
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "application/soap+xml; charset=utf-8", header.Get("Content-Type"))
	require.Contains(t, answer, "<soap:Value>soap:Sender</soap:Value>")

	status, header, _ = e.exchange(t, "text/xml", recorded(t, Payment, "ordinary"))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "text/xml; charset=utf-8", header.Get("Content-Type"))
}

func TestServerShowsTheContract(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, script{}, nil)
	for _, c := range []struct {
		method, query string
		want          int
	}{
		{"GET", "?wsdl", 200}, {"GET", "?WSDL", 200}, {"GET", "?wSdL=", 200}, {"GET", "?a=b&wsdl", 200}, {"HEAD", "?wsdl", 200},
		{"GET", "", 404}, {"GET", "?xsd", 404}, {"GET", "?wsdl2", 404}, {"PUT", "?wsdl", 405}, {"DELETE", "", 405}, {"OPTIONS", "", 405},
	} {
		request, err := http.NewRequest(c.method, e.URL+"/"+c.query, nil)
		require.NoError(t, err)
		response, err := e.Client().Do(request)
		require.NoError(t, err)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, c.want, response.StatusCode, c)
		switch {
		case c.want == 405:
			require.Equal(t, "GET, HEAD, POST", response.Header.Get("Allow"))
		case c.want == 200:
			require.Equal(t, "text/xml; charset=utf-8", response.Header.Get("Content-Type"))
		}
		if c.want == 200 && c.method == "GET" {
			require.Equal(t, "<definitions host='"+strings.TrimPrefix(e.URL, "http://")+"'/>", string(text))
		}
	}
	e.Close()
	require.Empty(t, e.exchanges, "the contract is no exchange")
}

// The till's hang-up must not undo what it asked for; only the timeout ends
// the wait, and then without an answer.
func TestServerWaitsOnlyForItsTimeout(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, script{pay: func(ctx context.Context, _ ledger.Payment) (ledger.PaymentResult, error) {
		<-ctx.Done()
		return ledger.PaymentResult{}, ctx.Err()
	}}, func(c *Config) { c.AnswerTimeout = 10 * time.Millisecond })
	status, _ := e.ordinary(t, Payment)
	require.Zero(t, status)
	require.ErrorIs(t, e.last(t).Err, context.DeadlineExceeded)
}

// A body that comes slowly leaves less time for the ledger.
func TestServerCountsTheTimeoutFromTheRequest(t *testing.T) {
	t.Parallel()
	const timeout = time.Hour
	begun := make(chan time.Time, 8)
	var deadline time.Time
	e := newEndpoint(t, script{pay: func(ctx context.Context, _ ledger.Payment) (ledger.PaymentResult, error) {
		deadline, _ = ctx.Deadline()
		return ledger.PaymentResult{Reason: ledger.ReasonAlreadyPaid}, nil
	}}, func(c *Config) {
		c.AnswerTimeout = timeout
		c.Now = func() time.Time {
			begun <- time.Now()
			return noon()
		}
	})
	body, rest := io.Pipe()
	whole := recorded(t, Payment, "ordinary")
	latest := make(chan time.Time, 1)
	go func() {
		_, _ = rest.Write(whole[:100])
		latest <- (<-begun).Add(timeout) // the server has the request and waits for its body
		_, _ = rest.Write(whole[100:])
		_ = rest.Close()
	}()
	response, err := e.Client().Post(e.URL, "text/xml", body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.False(t, deadline.After(<-latest))
}

func TestServerGoesOnWhenTheTillHangsUp(t *testing.T) {
	t.Parallel()
	asked, hungUp := make(chan struct{}), make(chan struct{})
	e := newEndpoint(t, script{pay: func(ctx context.Context, p ledger.Payment) (ledger.PaymentResult, error) {
		close(asked)
		<-hungUp
		return ledger.PaymentResult{Reason: ledger.ReasonApproved, Receipt: p.Receipt}, ctx.Err()
	}}, nil)
	ctx, hangUp := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(recorded(t, Payment, "ordinary")))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "text/xml")
	go func() {
		<-asked
		hangUp()
	}()
	_, err = e.Client().Do(request)
	require.ErrorIs(t, err, context.Canceled)
	close(hungUp)
	x := e.last(t)
	require.NoError(t, x.Err)
	require.Equal(t, string(ledger.ReasonApproved), x.Reason)
}

// The reversal of a payment tells how long after it came.
func TestServerMeasuresTheDelayOfReversals(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, script{reverse: func(context.Context, ledger.Reversal) (ledger.ReversalResult, error) {
		booked := ledger.Transaction{Booked: noon().Add(-45 * time.Second)}
		return ledger.ReversalResult{Reason: ledger.ReasonApproved, Reversed: booked, Warnings: []ledger.Warning{ledger.StoreDiffers}}, nil
	}}, nil)
	e.ordinary(t, Reversal)
	x := e.last(t)
	require.Equal(t, 45*time.Second, x.ReversedAfter)
	require.Equal(t, []ledger.Warning{ledger.StoreDiffers}, x.Warnings)
	require.True(t, x.Caller.IsLoopback())
}
