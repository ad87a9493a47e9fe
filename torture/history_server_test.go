package torture_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/torture/model"
	"paypoint/torture/play"
)

// historyBegin is when every history begins, by the server's clock, so that it is
// the same history at whatever hour it is played.
var historyBegin = time.Date(2030, time.March, 13, 10, 0, 0, 0, play.WIB())

const (
	// historySlack is how far a step may be from the moment that it is taken to have
	// been done at, beside the time that the slowest took; historySlow is when one has
	// taken so long that no clock could be checked any more.
	historySlack, historySlow = 2 * time.Second, 30 * time.Second
	// historyHold is the settlement hold of the merchant who has one.
	historyHold = 10 * time.Minute
	// financeToken is the sandbox's.
	financeToken = "SB-paypoint-finance-token"
)

// historyT lets play fail a history and clean up behind it: rapid's T is no
// testing.TB, and the test's own would keep thousands of folders until its end.
type historyT struct {
	testing.TB // the player's test, for its name

	rapid *rapid.T
}

func (t *historyT) Helper()                           {}
func (t *historyT) Cleanup(f func())                  { t.rapid.Cleanup(f) }
func (t *historyT) Failed() bool                      { return t.rapid.Failed() }
func (t *historyT) Error(args ...any)                 { t.rapid.Error(args...) }
func (t *historyT) Errorf(format string, args ...any) { t.rapid.Errorf(format, args...) }
func (t *historyT) Fail()                             { t.rapid.Fail() }
func (t *historyT) FailNow()                          { t.rapid.FailNow() }
func (t *historyT) Fatal(args ...any)                 { t.rapid.Fatal(args...) }
func (t *historyT) Fatalf(format string, args ...any) { t.rapid.Fatalf(format, args...) }
func (t *historyT) Log(args ...any)                   { t.rapid.Log(args...) }
func (t *historyT) Logf(format string, args ...any)   { t.rapid.Logf(format, args...) }

// TempDir is a folder for the life of the history.
func (t *historyT) TempDir() string {
	folder, err := os.MkdirTemp("", "pp")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	return folder
}

// shop is a merchant.
type shop struct {
	name, id, key string
	hold          time.Duration
	api           *play.Merchant
}

// givenCode is a code that was given out. The history and the model call it by its
// name, because the server gives out others at every play.
type givenCode struct {
	name, code, id string
	shop           *shop
	terms          model.Terms
}

// history is what happens to one server and its ledger.
type history struct {
	t      *historyT
	dir    string
	server *play.Server
	till   *play.Till
	shops  []*shop
	// operator speaks to the server's socket.
	operator *http.Client
	// ahead is how far the server's clock is ahead of ours, furthest the most so far.
	ahead, furthest time.Duration
	check           *model.Check
	roll            model.Roll
	codes           []givenCode
	// receipts are the names of receipts.
	receipts map[string]string
	// sent are the messages of tills so far.
	sent []model.Message
	// files are the settlement files of closed days, in the order of their closing.
	files []settlementFile
	steps int
}

func newHistory(t *testing.T, rt *rapid.T) *history {
	h := &history{
		t: &historyT{TB: t, rapid: rt}, check: model.NewCheck(historyRules, historySlack), receipts: map[string]string{},
		shops: []*shop{
			{name: "Shop", id: "G000000001", key: play.ServerKey},
			{name: "Held", hold: historyHold},
		},
	}
	h.dir = play.Folder(h.t)
	h.operator = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(h.dir, "operator.sock"))
	}}}
	h.ahead = time.Until(historyBegin)
	h.furthest = h.ahead
	h.start()
	var added struct {
		Merchant  struct{ ID string }
		ServerKey string `json:"server_key"`
	}
	h.operate(http.MethodPost, "merchants", map[string]any{"name": "Held", "hold": historyHold}, &added)
	h.shops[1].id, h.shops[1].key = added.Merchant.ID, added.ServerKey
	for _, s := range h.shops {
		h.operate(http.MethodPut, "merchants/"+s.id+"/urls", map[string]any{"notification_urls": []string{"http://127.0.0.1:9/"}}, nil)
	}
	h.connect()
	return h
}

// start starts the server. Its notifications are not delivered: what is to be told
// stays in the outbox, to be looked at.
func (h *history) start() {
	h.server = play.Start(h.t, play.Setup{Dir: h.dir, Ahead: h.ahead, Env: []string{"PAYPOINT_NOTIFICATIONS_PAUSED=true"}})
	h.connect()
}

func (h *history) connect() {
	h.operator.CloseIdleConnections()
	h.till = play.NewTill(h.server.URL())
	h.t.Cleanup(h.till.Close)
	for _, s := range h.shops {
		s.api = play.NewMerchant(h.server.URL(), s.key)
		h.t.Cleanup(s.api.Close)
	}
}

// now is the server's time.
func (h *history) now() time.Time { return time.Now().Add(h.ahead).Round(0) }

// say writes the history down.
func (h *history) say(format string, args ...any) {
	h.steps++
	h.t.Logf("%2d. %s  %s", h.steps, h.now().In(play.WIB()).Format("01-02 15:04"), fmt.Sprintf(format, args...))
}

// requiref fails the history.
func (h *history) requiref(ok bool, format string, args ...any) {
	if !ok {
		h.t.Fatalf(format, args...)
	}
}

// agreed fails the history when the model does not agree with the server.
func (h *history) agreed(err error) {
	if err != nil {
		h.t.Fatalf("after step %d: %v", h.steps, err)
	}
}

// took notes how long a step took that began at a time: the server may have done it
// at any moment since.
func (h *history) took(began time.Time) {
	took := h.now().Sub(began)
	h.requiref(took < historySlow, "the machine is too slow: one step took more than %s", historySlow)
	h.check.Loosen(took + historySlack)
}

// operate asks the operators' socket, as the commands do.
func (h *history) operate(method, path string, body, result any) {
	text, err := json.Marshal(body)
	require.NoError(h.t, err)
	request, err := http.NewRequestWithContext(h.t.rapid.Context(), method, "http://operator/operator/v1/"+path, bytes.NewReader(text))
	require.NoError(h.t, err)
	response, err := h.operator.Do(request)
	require.NoError(h.t, err)
	h.read(response, http.StatusOK, result)
}

// finance asks the finance API.
func (h *history) finance(method, path string, result any) (status int) {
	request, err := http.NewRequestWithContext(h.t.rapid.Context(), method, h.server.URL()+"/finance/v1/"+path, nil)
	require.NoError(h.t, err)
	request.Header.Set("Authorization", "Bearer "+financeToken)
	response, err := h.operator.Do(request)
	require.NoError(h.t, err)
	h.read(response, response.StatusCode, result)
	return response.StatusCode
}

// read reads a JSON answer that must have a status.
func (h *history) read(response *http.Response, status int, result any) {
	var text bytes.Buffer
	_, err := text.ReadFrom(response.Body)
	require.NoError(h.t, errors.Join(err, response.Body.Close()))
	require.Equal(h.t, status, response.StatusCode, text.String())
	switch result := result.(type) {
	case nil:
	case *[]byte:
		*result = text.Bytes()
	default:
		require.NoError(h.t, json.Unmarshal(text.Bytes(), result), text.String())
	}
}
