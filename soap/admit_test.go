package soap

import (
	"bytes"
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func TestMessagesAreAdmittedUnlessTheyTakeBack(t *testing.T) {
	t.Parallel()
	var admitted, left int
	var refusal *Refusal
	e := newEndpoint(t, script{
		inquire: func(context.Context, ledger.Inquiry) (ledger.InquiryResult, error) {
			return ledger.InquiryResult{Reason: ledger.ReasonUnknownCode}, nil
		},
		pay: func(context.Context, ledger.Payment) (ledger.PaymentResult, error) {
			return ledger.PaymentResult{Reason: ledger.ReasonUnknownCode}, nil
		},
		reverse: func(context.Context, ledger.Reversal) (ledger.ReversalResult, error) {
			return ledger.ReversalResult{Reason: ledger.ReasonApproved}, nil
		},
	}, func(c *Config) {
		c.Admit = func(*http.Request) (func(), *Refusal) {
			if refusal != nil {
				return nil, refusal
			}
			admitted++
			return func() { left++ }, nil
		}
	})
	reversal := recorded(t, Reversal, "ordinary")
	unsigned := bytes.Replace(reversal, []byte("<Signature>"), []byte("<Signature>00"), 1)
	require.NotEqual(t, reversal, unsigned)
	counted := [][]byte{recorded(t, Inquiry, "ordinary"), recorded(t, Payment, "ordinary"), unsigned, []byte("<garbage/>")}
	for _, body := range counted {
		e.exchange(t, "text/xml", body)
	}
	status, answer := e.ordinary(t, Reversal)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, answer, "<ResponseCode>00</ResponseCode>")
	require.Equal(t, 4, admitted, "a reversal that is signed needs no place")

	refusal = &Refusal{Status: http.StatusTooManyRequests, RetryAfter: 1100 * time.Millisecond}
	for _, body := range counted {
		status, header, answer := e.exchange(t, "text/xml", body)
		require.Equal(t, http.StatusTooManyRequests, status)
		require.Equal(t, "2", header.Get("Retry-After"))
		require.Equal(t, "Too Many Requests\n", answer, "and no ResponseCode")
	}
	status, answer = e.ordinary(t, Reversal)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, answer, "<ResponseCode>00</ResponseCode>")

	require.Nil(t, e.last(t).Refusal) // which waits for all of them
	require.Equal(t, 4, left)
	for _, x := range e.exchanges[5:9] {
		require.Equal(t, refusal, x.Refusal)
		require.Equal(t, reasonRefused, x.Reason)
		require.Equal(t, http.StatusTooManyRequests, x.Status)
		require.Nil(t, x.Answer)
	}
}
