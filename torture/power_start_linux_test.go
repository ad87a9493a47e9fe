package torture_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/torture/disklog"
	"paypoint/torture/play"
)

// powerStarts is how many cuts of a ledger in use the server is started on, and
// powerStep says at which of the moments of its making: every third.
const (
	powerStarts = 8
	powerStep   = 3
)

// TestPowerLossAndTheServerStarts cuts the power at moments of a new
// ledger's making, and at some later ones, and starts the server on what is
// left: it must start, answer retries as before, and sell.
func TestPowerLossAndTheServerStarts(t *testing.T) {
	t.Parallel()
	_, seed := powerSettings(t)
	r := powerRecord(t, seed)
	var cuts []int
	random := rand.New(rand.NewPCG(seed, 0))
	for cut := random.IntN(powerStep); cut < r.said[0].event; cut += powerStep {
		cuts = append(cuts, cut)
	}
	creating := len(cuts)
	for range powerStarts {
		cuts = append(cuts, r.moment(random))
	}
	folder := play.Folder(t)
	var slowest time.Duration
	for round, cut := range cuts {
		image, err := r.log.Cut(cut, rand.New(rand.NewPCG(seed, uint64(round))), disklog.Truthful)
		require.NoError(t, err)
		dir := filepath.Join(folder, fmt.Sprint(round))
		require.NoError(t, image.Write(dir))
		slowest = max(slowest, r.startOn(t, filepath.Join(dir, r.data), cut))
	}
	t.Logf("seed %d: started on %d disks of a ledger being made and %d of one in use, at most %s to the first answer",
		seed, creating, powerStarts, slowest.Round(time.Millisecond))
}

// startOn starts the server on what is left after a cut, and tells how long it
// took to the first right answer.
func (r *powerRecording) startOn(t *testing.T, dir string, cut int) time.Duration {
	t.Helper()
	began := time.Now()
	server := play.Start(t, play.Setup{Dir: dir})
	till, shop := play.NewTill(server.URL()), play.NewMerchant(server.URL(), play.ServerKey)
	defer till.Close()
	defer shop.Close()
	charged, err := shop.Charge(t.Context(), play.Terms{Order: "after", Amount: 50_000})
	require.NoError(t, err)
	require.Equal(t, "201", charged.StatusCode, "cut %d: %s", cut, charged.Body)
	took := time.Since(began)
	m := play.Message{Code: charged.PaymentCode, Ref: "AFTER", Store: "TK01", Amount: 50_000, At: time.Now()}
	paid, err := till.Payment(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, "00", paid.Code(), "cut %d", cut)
	r.retry(t, till, cut)
	require.Zero(t, server.Stop(), server.Log())
	code, _, errText := server.Run("verify")
	require.Zero(t, code, errText)
	return took
}

// powerRetried is how many of the answers before a cut are asked for again.
const powerRetried = 5

// retry sends the last payments before a cut once more: each has the receipt that
// its till was told, unless it was taken back.
func (r *powerRecording) retry(t *testing.T, till *play.Till, cut int) {
	t.Helper()
	left := powerRetried
	taken := map[string]bool{}
	for index := len(r.said) - 1; index >= 0 && left > 0; index-- {
		s := r.said[index]
		var code, ref, receipt string
		var amount int64
		if _, err := fmt.Sscanf(s.facts[0], "reversed %s %s", &code, &ref); err == nil {
			taken[ref] = true // perhaps, where it was not answered before the cut
			continue
		}
		if _, err := fmt.Sscanf(s.facts[0], "paid %s %s %s %d", &code, &ref, &receipt, &amount); err != nil || s.event >= cut {
			continue
		}
		left--
		m := play.Message{Code: code, Ref: ref, Store: "TK" + ref[:2], Amount: amount, At: time.Now()}
		again, err := till.Payment(t.Context(), m)
		require.NoError(t, err)
		if !taken[ref] || again.Code() == "00" {
			require.Equal(t, "00 "+receipt, again.Code()+" "+again.Receipt(), "cut %d: %s", cut, ref)
		}
	}
}
