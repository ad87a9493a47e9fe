package soap

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func TestDefaultCodesAreComplete(t *testing.T) {
	t.Parallel()
	codes, err := NewCodes(nil)
	require.NoError(t, err)
	require.Len(t, defaultCodes, len(ledger.Reasons()))
	for _, reason := range ledger.Reasons() {
		response, ok := defaultCodes[reason]
		require.True(t, ok, "%s has no code", reason)
		require.NoError(t, response.check(reason))
		require.NotEmpty(t, response.Desc)
		require.Equal(t, response, codes.Of(reason))
	}
}

func TestOnlySuccessIs00(t *testing.T) {
	t.Parallel()
	codes, err := NewCodes(nil)
	require.NoError(t, err)
	for _, reason := range ledger.Reasons() {
		require.Equal(t, reason == ledger.ReasonApproved, codes.Of(reason).Code == CodeSuccess, reason)
	}
	require.NotEqual(t, CodeSuccess, codes.Of("of a later version").Code)
}

func TestCodesOfAnAgreement(t *testing.T) {
	t.Parallel()
	codes, err := NewCodes(map[ledger.Reason]Response{
		ledger.ReasonAlreadyPaid: {Code: "78"},
		ledger.ReasonUnknownCode: {Desc: "Kode bayar tidak ditemukan"},
		ledger.ReasonSettled:     {Code: "40", Desc: "Sudah disettle"},
		ledger.ReasonApproved:    {Desc: "Sukses"},
	})
	require.NoError(t, err)
	require.Equal(t, Response{"78", defaultCodes[ledger.ReasonAlreadyPaid].Desc}, codes.Of(ledger.ReasonAlreadyPaid))
	require.Equal(t, Response{"14", "Kode bayar tidak ditemukan"}, codes.Of(ledger.ReasonUnknownCode))
	require.Equal(t, Response{"40", "Sudah disettle"}, codes.Of(ledger.ReasonSettled))
	require.Equal(t, Response{"00", "Sukses"}, codes.Of(ledger.ReasonApproved))
	require.Equal(t, defaultCodes[ledger.ReasonExpired], codes.Of(ledger.ReasonExpired))

	untouched, err := NewCodes(nil)
	require.NoError(t, err)
	require.Equal(t, "88", untouched.Of(ledger.ReasonAlreadyPaid).Code, "the defaults are nobody's to change")
}

func TestNewCodesRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		reason ledger.Reason
		row    Response
		want   string
	}{
		{"push timeout", ledger.ReasonExpired, Response{Code: "21"}, `response code for "expired": 21 must not be used: it means Push Timeout`},
		{"reversal timeout", ledger.ReasonBusy, Response{Code: "99"}, `response code for "busy": 99 must not be used: it means Reversal Timeout`},
		{"forbidden for success too", ledger.ReasonApproved, Response{Code: "99"}, "99 must not be used"},
		{"one digit", ledger.ReasonExpired, Response{Code: "5"}, `"5" must be two digits`},
		{"three digits", ledger.ReasonExpired, Response{Code: "054"}, `"054" must be two digits`},
		{"letters", ledger.ReasonExpired, Response{Code: "5A"}, `"5A" must be two digits`},
		{"digits of another script", ledger.ReasonExpired, Response{Code: "٥"}, "must be two digits"},
		{"success for a refusal", ledger.ReasonAlreadyPaid, Response{Code: "00"}, `response code for "already_paid": 00 is for success only`},
		{"refusal for success", ledger.ReasonApproved, Response{Code: "05"}, `response code for "approved": 05: the code for success is 00`},
		{"unknown reason", "bad_weather", Response{Code: "05"}, `response code for "bad_weather": no such reason`},
		{"description too long", ledger.ReasonExpired, Response{Desc: strings.Repeat("x", 256)}, "description must be at most 255 characters of printable ASCII"},
		{"description not ASCII", ledger.ReasonExpired, Response{Desc: "é"}, "description must be"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := NewCodes(map[ledger.Reason]Response{test.reason: test.row})
			require.ErrorContains(t, err, test.want)
		})
	}
}
