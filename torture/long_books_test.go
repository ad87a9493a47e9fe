package torture_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// buildIndomaret builds the program that writes Indomaret's settlement files.
func buildIndomaret(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "indomaret")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "paypoint/cmd/indomaret").CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

// longReceiver is the shops' receiver of notifications: a real one, over HTTP.
type longReceiver struct {
	*httptest.Server
	mu sync.Mutex
	// told are the statuses that were told of an order.
	told map[string]map[string]bool
	all  int
}

func newLongReceiver(t *testing.T) *longReceiver {
	t.Helper()
	r := &longReceiver{told: map[string]map[string]bool{}}
	r.Server = httptest.NewServer(http.HandlerFunc(r.receive))
	t.Cleanup(r.Close)
	return r
}

func (r *longReceiver) receive(w http.ResponseWriter, request *http.Request) {
	var told struct {
		Order  string `json:"order_id"`
		Status string `json:"transaction_status"`
	}
	if err := json.NewDecoder(request.Body).Decode(&told); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told[told.Order] == nil {
		r.told[told.Order] = map[string]bool{}
	}
	r.told[told.Order][told.Status] = true
	r.all++
}

// untold counts the sales in force whose shop does not know yet, and names a shop
// that was told of a payment that no till knows.
func (r *longReceiver) untold(sales []*longSale) (waiting int, wrong string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	mayBe := map[string]bool{}
	for _, s := range sales {
		if s.paid == approved || s.reversed == approved {
			mayBe[s.order] = true
		}
		if s.inForce() && !r.told[s.order]["settlement"] {
			waiting++
		}
	}
	for order, told := range r.told {
		if told["settlement"] && !mayBe[order] {
			wrong = order
		}
	}
	return waiting, wrong
}

func (r *longReceiver) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = map[string]map[string]bool{}
}

// sales are all tills' of the day.
func (l *longLoad) sales() []*longSale {
	var all []*longSale
	for _, till := range l.tills {
		all = append(all, till.sales...)
	}
	return all
}

// closeDay ends a business day: everything open is settled, the shops are told,
// the day is closed, and its file compared with what the tills know and with
// Indomaret's.
func (l *longRun) closeDay() {
	l.t.Helper()
	for _, till := range l.load.tills {
		till.settleOpen()
	}
	require.Empty(l.t, l.load.faults)
	l.turn(l.day.AddDate(0, 0, 1).Add(longCloses))
	sales := l.load.sales()
	l.waitTold(sales)
	day := l.day.Format(time.DateOnly)
	l.operate("settlement", "close", day)
	l.compare(day, sales, l.operate("settlement", "export", day))
	file := l.indomaretFile(day, sales)
	l.operate("reconcile", "import", file)
	code, out, errText := l.server.Run("reconcile", "match", day)
	require.Zero(l.t, code, "%s%s", out, errText)
	l.wire += l.wireBytes(day)
	l.receiver.forget()
	for _, till := range l.load.tills {
		till.sales = nil
	}
	l.days++
}

// longTold is how long shops may have to wait for the news of a day.
const longTold = 3 * time.Minute

// waitTold waits until every shop knows of its payments: those without a hold at
// once, the others since the clock was turned.
func (l *longRun) waitTold(sales []*longSale) {
	l.t.Helper()
	require.Eventually(l.t, func() bool {
		waiting, _ := l.receiver.untold(sales)
		return waiting == 0
	}, longTold, 50*time.Millisecond, "a shop was not told of a payment")
	_, wrong := l.receiver.untold(sales)
	require.Empty(l.t, wrong, "an order's shop was told of a payment that no till made")
}

// compare holds the day's file against the tills' record, line by line. Of a payment
// that was never answered and then taken back a till can't know whether it was
// booked in between: it may stand there as taken back.
func (l *longRun) compare(day string, sales []*longSale, file string) {
	l.t.Helper()
	want, may := map[string]bool{}, map[string]bool{}
	for _, s := range sales {
		switch {
		case s.inForce():
			want[longLine(s, "PAID", s.receipt)] = true
			l.paid++
		case s.paid == approved:
			want[longLine(s, "REVERSED", s.receipt)] = true
		case s.reversed == approved:
			may[longLine(s, "REVERSED", "")] = true
		}
	}
	for line := range strings.Lines(file) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if f[0] != "D" {
			continue
		}
		l.lines++
		known := strings.Join([]string{f[4], f[5], f[7], f[10], f[11]}, "|")
		switch {
		case want[known]:
			delete(want, known)
		case f[10] == "REVERSED" && may[strings.Join([]string{f[4], f[5], f[7], f[10], ""}, "|")]:
		default:
			require.Fail(l.t, "no till knows of a line of the file", "%s: %s", day, line)
		}
	}
	require.Empty(l.t, want, "LOST: the file of %s lacks payments", day)
}

// longLine is how a sale stands in the settlement file, as far as tills know.
func longLine(s *longSale, status, receipt string) string {
	return strings.Join([]string{s.ref, s.code, strconv.FormatInt(s.amount, 10), status, receipt}, "|")
}

// longRecord is a line of the tills' record as cmd/indomaret keeps it.
type longRecord struct {
	At           time.Time `json:"at"`
	Phase        string    `json:"phase"`
	Op           string    `json:"op"`
	MessageID    string    `json:"message_id"`
	TimeStamp    string    `json:"time_stamp"`
	StoreID      string    `json:"store_id"`
	PaymentCode  string    `json:"payment_code"`
	TrackingRef  string    `json:"tracking_ref"`
	Amount       int64     `json:"amount,omitempty"`
	ResponseCode string    `json:"response_code,omitempty"`
	ReceiptCode  string    `json:"receipt_code,omitempty"`
	Trouble      string    `json:"trouble,omitempty"`
}

// indomaretFile lets Indomaret's program make its file of the day out of the tills'
// record.
func (l *longRun) indomaretFile(day string, sales []*longSale) (path string) {
	l.t.Helper()
	var record bytes.Buffer
	write := json.NewEncoder(&record)
	for _, s := range sales {
		at := s.at.In(play.WIB())
		r := longRecord{
			At: at, Phase: "outcome", Op: "payment", MessageID: at.Format("20060102150405") + s.ref, TimeStamp: at.Format(time.DateTime),
			StoreID: s.store, PaymentCode: s.code, TrackingRef: s.ref, Amount: s.amount,
		}
		require.NoError(l.t, write.Encode(r.answered(s.paid, s.receipt)))
		if s.reversed != "" {
			r.Op = "reversal"
			require.NoError(l.t, write.Encode(r.answered(s.reversed, "")))
		}
	}
	journal := filepath.Join(l.folder, "tills.jsonl")
	path = filepath.Join(l.folder, "INDOMARET-"+day+".txt")
	require.NoError(l.t, os.WriteFile(journal, record.Bytes(), 0o600))
	out, err := exec.CommandContext(l.t.Context(), l.indomaret, "settlement", "--journal", journal, "--date", day, "--out", path).CombinedOutput()
	require.NoError(l.t, err, string(out))
	return path
}

func (r longRecord) answered(code, receipt string) longRecord {
	if code == silence {
		r.Trouble = "no answer"
		return r
	}
	r.ResponseCode, r.ReceiptCode = code, receipt
	return r
}

// wireBytes is the size of a day's wire log.
func (l *longRun) wireBytes(day string) int64 {
	l.t.Helper()
	info, err := os.Stat(filepath.Join(l.dir, "wire", fmt.Sprintf("wire-%s.jsonl", day)))
	require.NoError(l.t, err)
	return info.Size()
}
