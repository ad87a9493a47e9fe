package soap

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// The three operations, from the body that arrives to the answer that leaves.
// Whatever the fields hold: one answer, of the operation, with a ResponseCode that
// agrees with what the ledger was asked; and the ledger is asked about nothing
// that is not signed or breaks the spec.

func FuzzInquiry(f *testing.F)  { fuzzOperation(f, Inquiry) }
func FuzzPayment(f *testing.F)  { fuzzOperation(f, Payment) }
func FuzzReversal(f *testing.F) { fuzzOperation(f, Reversal) }

func fuzzOperation(f *testing.F, operation Operation) {
	for _, name := range recordedNames(f, operation) {
		if m, err := Parse("text/xml", recorded(f, operation, name)); err == nil {
			f.Add(m.TimeStamp, m.MessageID, m.PaymentCode, m.Amount, m.TrackingRef, m.ProductCode, m.StoreID, m.ExtraParam1, m.Signature)
		}
	}
	m := ordinaryMessage(operation)
	f.Add(m.TimeStamp, m.MessageID, m.PaymentCode, m.Amount, m.TrackingRef, m.ProductCode, m.StoreID, m.ExtraParam1, "")
	scheme, codes := sampleScheme(f), sampleCodes(f)
	f.Fuzz(func(t *testing.T, stamp, id, code, amount, ref, product, store, extra, signature string) {
		m := Message{
			Operation: operation, TimeStamp: stamp, MessageID: id, PaymentCode: code, Amount: amount, TrackingRef: ref,
			ProductCode: product, StoreID: store, ExtraParam1: extra, Signature: signature,
		}
		if signature == "" {
			m.Signature = sign(t, scheme, &m)
		}
		asked := &asking{}
		server := New(Config{
			Ledger: asked, Signature: scheme, Codes: codes, Now: newClock(noon()).Now,
			NewReceipt: func() string { return "RECEIPT1" }, Record: func(x Exchange) { asked.exchange = x },
		})
		w := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodPost, "/indomaret", strings.NewReader(string(rebuild(&m))))
		request.Header.Set("Content-Type", "text/xml")
		server.ServeHTTP(w, request)
		asked.check(t, operation, scheme, w)
	})
}

func sampleCodes(t testing.TB) *Codes {
	t.Helper()
	codes, err := NewCodes(nil)
	require.NoError(t, err)
	return codes
}

// asking is a ledger that approves everything and counts what it is asked.
type asking struct {
	approved, refused int
	exchange          Exchange
}

func (a *asking) Inquire(context.Context, ledger.Inquiry) (ledger.InquiryResult, error) {
	a.approved++
	return ledger.InquiryResult{Reason: ledger.ReasonApproved, Amount: 50_000, MinAmount: 50_000}, nil
}

func (a *asking) Pay(_ context.Context, p ledger.Payment) (ledger.PaymentResult, error) {
	a.approved++
	return ledger.PaymentResult{Reason: ledger.ReasonApproved, Receipt: p.Receipt}, nil
}

func (a *asking) Reverse(context.Context, ledger.Reversal) (ledger.ReversalResult, error) {
	a.approved++
	return ledger.ReversalResult{Reason: ledger.ReasonApproved}, nil
}

func (a *asking) RefuseReversal(context.Context, ledger.MalformedReversal) error {
	a.refused++
	return nil
}

// check holds the answer against what the ledger was asked.
func (a *asking) check(t *testing.T, operation Operation, scheme Scheme, w *httptest.ResponseRecorder) {
	t.Helper()
	require.LessOrEqual(t, a.approved+a.refused, 1)
	var answer struct {
		Body struct {
			Fault *struct {
				Text string `xml:"faultstring"`
			} `xml:"Fault"`
			Answers []struct {
				XMLName xml.Name
				Code    string `xml:"ResponseCode"`
				Desc    string `xml:"ResponseDesc"`
			} `xml:",any"`
		} `xml:"Body"`
	}
	require.NoError(t, xml.Unmarshal(w.Body.Bytes(), &answer), w.Body.String())
	if answer.Body.Fault != nil {
		require.Equal(t, http.StatusInternalServerError, w.Code)
		require.Zero(t, a.approved+a.refused)
		return
	}
	require.Equal(t, http.StatusOK, w.Code)
	require.Len(t, answer.Body.Answers, 1)
	got := answer.Body.Answers[0]
	require.Equal(t, "Res"+strings.TrimPrefix(operation.element(), "Req"), got.XMLName.Local)
	require.Len(t, got.Code, 2)
	require.NotEmpty(t, got.Desc)
	require.Equal(t, a.approved == 1, got.Code == "00", "asked %d, answered %s", a.approved, got.Code)
	m := a.exchange.Message
	if a.approved == 1 {
		require.True(t, scheme.Verify(m))
		require.Empty(t, m.Defects)
	}
	if a.refused == 1 {
		require.Equal(t, Reversal, operation)
		require.True(t, scheme.Verify(m))
	}
}
