package play_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/torture/play"
)

func TestMain(m *testing.M) { play.Main(m) }

func TestATillAndAMerchantPlayTheStory(t *testing.T) {
	t.Parallel()
	server := play.Start(t, play.Setup{Ahead: time.Hour})
	shop, till := play.NewMerchant(server.URL(), play.ServerKey), play.NewTill(server.URL())
	charged, err := shop.Charge(t.Context(), play.Terms{Order: "o-1", Amount: 50_000, MinAmount: 20_000, Life: time.Hour})
	require.NoError(t, err)
	require.Equal(t, "201", charged.StatusCode, string(charged.Body))

	m := play.Message{Code: charged.PaymentCode, Ref: "1000000001", Store: "TK01", At: time.Now().Add(time.Hour)}
	answer, err := till.Inquiry(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, "00", answer.Code(), answer.Values)
	m.Amount = 30_000
	paid, err := till.Payment(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, "00", paid.Code(), paid.Values)
	require.NotEmpty(t, paid.Receipt())

	server.Kill()
	journal := play.Journal(t, server.Dir())
	require.Equal(t, paid.Receipt(), receipts(journal)[0])

	server = play.Start(t, play.Setup{Dir: server.Dir(), Ahead: time.Hour})
	till, shop = play.NewTill(server.URL()), play.NewMerchant(server.URL(), play.ServerKey)
	again, err := till.Payment(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, paid.Receipt(), again.Receipt())
	reversed, err := till.Reversal(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, "00", reversed.Code(), reversed.Values)
	status, err := shop.Status(t.Context(), "o-1")
	require.NoError(t, err)
	require.Equal(t, "deny", status.TransactionStatus, string(status.Body))
	require.Zero(t, server.Stop(), server.Log())
	code, out, errText := server.Run("verify")
	require.Zero(t, code, errText)
	require.Contains(t, out, "clean: ")
}

func receipts(journal []ledger.Record) []string {
	var all []string
	for _, r := range journal {
		if paid, ok := r.Event.(ledger.Paid); ok {
			all = append(all, paid.Receipt)
		}
	}
	return all
}

func TestTheClockIsTurned(t *testing.T) {
	t.Parallel()
	server := play.Start(t, play.Setup{})
	shop := play.NewMerchant(server.URL(), play.ServerKey)
	_, err := shop.Charge(t.Context(), play.Terms{Order: "o-1", Amount: 50_000, Life: time.Hour})
	require.NoError(t, err)
	server.Forward(2 * time.Hour)
	status, err := shop.Status(t.Context(), "o-1")
	require.NoError(t, err)
	require.Equal(t, "expire", status.TransactionStatus)
	require.Zero(t, server.Stop(), server.Log())
}

func TestWhatIsNotAnsweredIsSaid(t *testing.T) {
	t.Parallel()
	server := play.Start(t, play.Setup{})
	till := play.NewTill(server.URL())
	server.Kill()
	_, err := till.Payment(t.Context(), play.Message{Code: "1000000000000009", Ref: "1", Store: "TK01", Amount: 1, At: time.Now()})
	require.ErrorIs(t, err, play.ErrNoAnswer)
}
