package browser_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paypoint/browsertest"
	"paypoint/torture/play"
)

// receiver is a merchant's notification URL.
type receiver struct {
	*httptest.Server
	t testing.TB

	lock sync.Mutex
	// status is what it answers; told are the order ids and states that it was told.
	status int
	told   []string
}

// newReceiver opens a notification URL, and has the sandbox's merchant told there.
func newReceiver(st *story) *receiver {
	st.site.t.Helper()
	r := &receiver{t: st.site.t, status: http.StatusOK}
	r.Server = httptest.NewServer(http.HandlerFunc(r.take))
	st.site.t.Cleanup(r.Close)
	st.run("merchant", "notify", "G000000001", r.URL)
	return r
}

// take notes a notification.
func (r *receiver) take(w http.ResponseWriter, request *http.Request) {
	var note struct {
		Order string `json:"order_id"`
		State string `json:"transaction_status"`
	}
	err := json.NewDecoder(request.Body).Decode(&note)
	r.lock.Lock()
	defer r.lock.Unlock()
	if err != nil {
		note.State = err.Error()
	}
	r.told = append(r.told, note.Order+" "+note.State)
	w.WriteHeader(r.status)
}

// answer sets what it answers from now on.
func (r *receiver) answer(status int) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.status = status
}

// heard is what it was told so far.
func (r *receiver) heard() []string {
	r.lock.Lock()
	defer r.lock.Unlock()
	return slices.Clone(r.told)
}

// wait waits until it was told so many times.
func (r *receiver) wait(times int) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return len(r.heard()) >= times }, browsertest.Patience, 20*time.Millisecond)
}

// TestFlowOnePayment reads a payment to a caller, and tells its merchant again.
func TestFlowOnePayment(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	r := newReceiver(st)
	st.charge("order-1", 87_500)
	st.pay("order-1", "G002T001")
	r.wait(2)
	require.Equal(t, []string{"order-1 pending", "order-1 settlement"}, r.heard())

	b := s.as(t, finance)
	b.emulate(plain())
	b.reload("/search?q=order-1", `document.querySelectorAll(".timeline details").length >= 2 && document.querySelectorAll("td .tag.good").length === 2`)
	require.Contains(t, b.text(".lead"), "Paid · Rp87.500")
	require.Contains(t, b.text(".lead"), "store G002T001")
	timeline := b.texts(".timeline li h3")
	require.Equal(t, "Told the merchant: Paid", timeline[0], "newest first")
	require.Equal(t, "Code made for Rp87.500", timeline[len(timeline)-1])
	require.Contains(t, timeline, "Paid Rp87.500")
	b.check("one payment")
	b.shoot("one-payment")

	paid := fmt.Sprintf(".timeline li:nth-child(%d) ", slices.Index(timeline, "Paid Rp87.500")+1)
	b.Do(b.click(paid + "summary"))
	wire := b.text(paid + "details")
	require.Contains(t, wire, "G002T001")
	require.NotContains(t, wire, st.Codes["order-1"], "codes are masked")
	b.check("wire message")
	b.copies(st.Codes["order-1"])
	b.resendTwice(r)
}

// copies copies the first key, which must be the code.
func (b *tab) copies(want string) {
	b.t.Helper()
	for _, name := range []string{"clipboard-write", "clipboard-read"} {
		_, err := chromedp.CallBrowser(b.Context(), browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted,
			BrowserContextID: chromedp.FromContext(b.Context()).BrowserContextID,
		})
		require.NoError(b.t, err)
	}
	b.Do(b.click("[aria-labelledby=payments-keys] dl > div:first-child button[data-copy]"))
	b.Until(`document.querySelector("button[data-copy]").innerText.startsWith("Copied")`)
	require.Equal(b.t, want, value[string](b, "navigator.clipboard.readText()"))
}

// resendTwice clicks a resend button twice, as people do: the merchant is told
// once more.
func (b *tab) resendTwice(r *receiver) {
	b.t.Helper()
	resend := "[aria-labelledby=payments-notices] tbody tr:nth-child(2) form button"
	require.Equal(b.t, 1, b.count(resend), b.text("main"))
	b.Do(b.DoubleClick(resend))
	b.Until(`document.querySelector(".said") && document.readyState === "complete"`)
	require.Contains(b.t, b.text(".said"), "Sent again: 1 of 1 URLs took it.")
	require.Equal(b.t, []string{"order-1 pending", "order-1 settlement", "order-1 settlement"}, r.heard(), "a double click acts once")
	require.Equal(b.t, "Told the merchant: Paid", b.texts(".timeline li h3")[0])
	b.check("resent")

	r.answer(http.StatusServiceUnavailable)
	b.submit(resend)
	require.Contains(b.t, b.text(".said"), "Sent again, but 0 of 1 URLs took it.")
	require.Contains(b.t, b.text(".said"), "503")
	b.check("resent in vain")
	b.shoot("resent-in-vain")
}
