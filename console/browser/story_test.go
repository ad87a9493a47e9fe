package browser_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// story is what has happened on a site: a merchant and Indomaret's tills at work,
// a closed day, and Indomaret's file of it with planted faults.
type story struct {
	site     *site
	merchant *play.Merchant
	till     *play.Till
	// program plays Indomaret; journal is its tills' record.
	program, journal string
	// Day is the day that was closed, and File Indomaret's file of it.
	Day, File string
	// Codes are the payment codes by their order ids.
	Codes map[string]string
	// refusals counts them, for references of their own.
	refusals int
}

// needsRead holds on Today when the story's case waits for a person: the server reads
// every ten seconds what does.
const needsRead = `document.querySelector(".needs a[href*='/cases']")`

// newStory begins a story in which nothing has happened yet.
func newStory(s *site) *story {
	s.t.Helper()
	folder := s.t.TempDir()
	st := &story{
		site: s, merchant: play.NewMerchant(s.URL(), play.ServerKey), till: play.NewTill(s.URL()),
		program: filepath.Join(folder, "indomaret"), journal: filepath.Join(folder, "tills.jsonl"),
		Day: s.now().In(play.WIB()).Format(time.DateOnly), Codes: map[string]string{},
	}
	s.t.Cleanup(st.merchant.Close)
	s.t.Cleanup(st.till.Close)
	// #nosec G204 -- no shell; a folder made above
	built, err := exec.CommandContext(s.t.Context(), "go", "build", "-o", st.program, "paypoint/cmd/indomaret").CombinedOutput()
	require.NoError(s.t, err, string(built))
	return st
}

// tellStory fills a site's ledger: payments at three stores, refusals, a reversal,
// open codes, a closed day, Indomaret's file with faults, matched, and its cases.
func tellStory(s *site) *story {
	s.t.Helper()
	st := newStory(s)
	st.tell()
	return st
}

// tellLongStory is tellStory after three hours of more payments: a day to be shown.
func tellLongStory(s *site) *story {
	s.t.Helper()
	st := newStory(s)
	for hour, payments := range []int{3, 6, 4} {
		for n := range payments {
			order := fmt.Sprintf("hour-%d-%d", hour, n)
			st.charge(order, int64(hour+2*n+3)*9_750)
			st.pay(order, fmt.Sprintf("G00%dT00%d", n%4+1, n%2+1))
		}
		s.Forward(time.Hour)
	}
	st.tell()
	return st
}

// tell is what happens in every story.
func (st *story) tell() {
	st.site.t.Helper()
	st.trade()
	st.closeDay()
	st.importFile("amount_mismatch=1", "missing_at_indomaret=1")
	st.charge("after-1", 25_000)
	st.pay("after-1", "G003T001")
}

// trade is a day at the tills.
func (st *story) trade() {
	st.site.t.Helper()
	for n := 1; n <= 9; n++ {
		order := fmt.Sprintf("order-%d", n)
		st.charge(order, int64(n)*12_500)
		st.pay(order, fmt.Sprintf("G00%dT001", n%3+1))
	}
	for n := 1; n <= 3; n++ {
		st.charge(fmt.Sprintf("open-%d", n), 30_000)
	}
	st.charge("reversed-1", 75_000)
	st.pay("reversed-1", "G002T001")
	st.indomaret("reverse", st.Codes["reversed-1"])
	st.refused("G001T001", st.Codes["order-1"], 12_500)
	for n := range 4 {
		st.refused("G002T001", fmt.Sprintf("880000000000000%d", n), 10_000)
	}
	unsigned := play.Message{Code: st.Codes["open-1"], Ref: "U000000001", Store: "G003T001", Amount: 30_000, At: st.site.now(), Signature: "00"}
	_, err := st.till.Payment(st.site.t.Context(), unsigned)
	require.NoError(st.site.t, err)
}

// charge asks for a payment code.
func (st *story) charge(order string, amount int64) {
	st.site.t.Helper()
	reply, err := st.merchant.Charge(st.site.t.Context(), play.Terms{Order: order, Amount: amount})
	require.NoError(st.site.t, err)
	require.Equal(st.site.t, "201", reply.StatusCode, string(reply.Body))
	st.Codes[order] = reply.PaymentCode
}

// pay pays a code at a store.
func (st *story) pay(order, store string) {
	st.site.t.Helper()
	st.indomaret("pay", st.Codes[order], "--store", store)
}

// refused sends a payment that is turned away.
func (st *story) refused(store, code string, amount int64) {
	st.site.t.Helper()
	st.refusals++
	answer, err := st.till.Payment(st.site.t.Context(), play.Message{
		Code: code, Ref: fmt.Sprintf("R%09d", st.refusals), Store: store, Amount: amount, At: st.site.now(),
	})
	require.NoError(st.site.t, err)
	require.NotEqual(st.site.t, "00", answer.Code())
}

// indomaret runs the program that plays Indomaret.
func (st *story) indomaret(args ...string) {
	st.site.t.Helper()
	args = append([]string{"--url", st.site.URL() + "/indomaret", "--journal", st.journal, "--clock-ahead", st.site.ahead.String()}, args...)
	said, err := exec.CommandContext(st.site.t.Context(), st.program, args...).CombinedOutput() // #nosec G204 -- no shell; our own program
	require.NoError(st.site.t, err, string(said))
}

// closeDay closes the day early.
func (st *story) closeDay() {
	st.site.t.Helper()
	st.run("settlement", "close", "--early")
}

// settlementFile writes Indomaret's file of the day with planted faults.
func (st *story) settlementFile(t *testing.T, plant ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "INDOMARET_"+strings.ReplaceAll(st.Day, "-", "")+".txt")
	args := []string{"settlement", "--fee-remitted", "--date", st.Day, "--out", path}
	if len(plant) > 0 {
		args = append(args, "--plant", strings.Join(plant, ","))
	}
	st.indomaret(args...)
	return path
}

// importFile takes Indomaret's file of the day and matches it.
func (st *story) importFile(plant ...string) {
	st.site.t.Helper()
	st.File = st.settlementFile(st.site.t, plant...)
	st.run("reconcile", "import", st.File)
	code, _, said := st.site.Run("reconcile", "match", st.Day)
	require.Contains(st.site.t, []int{0, 4}, code, said)
}

// run runs a command of the program, which must succeed.
func (st *story) run(args ...string) {
	st.site.t.Helper()
	code, out, said := st.site.Run(args...)
	require.Zero(st.site.t, code, "%s: %s%s", args, out, said)
}
