package deploy_test

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

func TestMain(m *testing.M) { play.Main(m) }

// needs skips a test on a machine without a program.
func needs(t *testing.T, program, packages string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("needs %s: Debian package %s", program, packages)
	}
}

// output runs a tool, which must succeed, and is what it says.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

// fetch gets a page that must be there.
func fetch(t *testing.T, url string) string {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second}
	answer, err := client.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, string(text))
	return string(text)
}

// serving starts the program with all its parts on, and plays a till and a merchant
// on it: charges, inquiries, payments good and bad, a reversal, a fault.
func serving(t *testing.T) *play.Server {
	t.Helper()
	server := play.Start(t, play.Setup{Env: []string{
		"PAYPOINT_SCHEDULE_SETTLE_ENABLED=true", "PAYPOINT_SCHEDULE_RECONCILE_ENABLED=true", "PAYPOINT_JOURNAL_SHIP_DIR=" + t.TempDir(),
	}})
	trade(t, server, "first")
	return server
}

// trade plays some business. Orders are named after their round.
func trade(t *testing.T, server *play.Server, round string) {
	t.Helper()
	merchant, till := play.NewMerchant(server.URL(), play.ServerKey), play.NewTill(server.URL())
	defer merchant.Close()
	defer till.Close()
	for i := range 5 {
		order := fmt.Sprintf("%s%d", round, i)
		charged, err := merchant.Charge(t.Context(), play.Terms{Order: order, Amount: 50_000})
		require.NoError(t, err)
		message := play.Message{Code: charged.PaymentCode, Ref: order, Store: "T001", Product: "123000", MessageID: order, At: time.Now()}
		ask := func(send func() (play.Answer, error), want string) {
			answer, err := send()
			require.NoError(t, err)
			require.Equal(t, want, answer.Code())
		}
		ask(func() (play.Answer, error) { return till.Inquiry(t.Context(), message) }, "00")
		message.Amount = 1
		ask(func() (play.Answer, error) { return till.Payment(t.Context(), message) }, "13")
		message.Amount = 50_000
		ask(func() (play.Answer, error) { return till.Payment(t.Context(), message) }, "00")
		if i == 0 {
			ask(func() (play.Answer, error) { return till.Reversal(t.Context(), message) }, "00")
			ask(func() (play.Answer, error) { return till.Post(t.Context(), []byte("no XML")) }, "fault")
		}
		_, err = merchant.Status(t.Context(), order)
		require.NoError(t, err)
	}
	refused, err := merchant.Status(t.Context(), "unknown")
	require.NoError(t, err)
	require.Equal(t, "404", refused.StatusCode)
}
