package finance_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
)

func TestFileIsImportedOnce(t *testing.T) {
	t.Parallel()
	o := setup(t)
	text := file("2026-11-20", of(o.pay(t, 50_000, 2_500), 2_500))
	calls := len(o.acts)
	first := o.done(t, clerk, "POST", "files?day=2026-11-20&name=day.txt", text)
	require.Equal(t, true, first["taken"])
	taken := first["file"].(map[string]any)
	require.Equal(t, map[string]any{
		"day": "2026-11-20", "version": 1.0, "name": "day.txt", "profile": "simulated-indomaret", "sequence": 1.0, "sha256": taken["sha256"],
		"lines": 1.0, "paid": 1.0, "reversed": 0.0, "amount": 50_000.0, "reversed_amount": 0.0, "fee": 2_500.0,
		"at": "2026-11-20T10:00:00+07:00", "by": clerk,
	}, taken)
	act := o.lastAct(t, calls+1)
	require.Equal(t, ledger.Day("2026-11-20"), act.Day)
	require.Equal(t, taken["sha256"], act.File)

	again := o.done(t, approver, "POST", "files", text)
	require.Equal(t, false, again["taken"], "the same bytes are no new version")
	require.Equal(t, taken, again["file"])
	refusal := o.refused(t, clerk, "POST", "files?day=2026-11-21", text, http.StatusConflict, "file_repeated")
	require.Equal(t, "it is version 1 of 2026-11-20: the file was taken for another day", refusal["message"])

	corrected := o.done(t, clerk, "POST", "files?day=2026-11-20", file("2026-11-20"))
	require.Equal(t, 2.0, corrected["file"].(map[string]any)["version"])
	list := o.done(t, viewer, "GET", "files?day=2026-11-20", "")
	require.Equal(t, []any{taken, corrected["file"]}, list["files"])
	require.Equal(t, 2.0, list["counts"])
	require.Equal(t, map[string]any{"files": []any{}}, o.done(t, viewer, "GET", "files?day=2026-11-19", ""))
}

// A wrong file is refused with the place of its fault, and nothing of it is taken.
func TestWrongFilesAreRefused(t *testing.T) {
	t.Parallel()
	good := file("2026-11-20", remitted{"8880000000000018", "T1", 50_000, 0})
	cases := map[string]struct {
		query, text string
		status      int
		code        string
		want        map[string]any
	}{
		"wrong amount": {"", strings.Replace(good, "|50000|0|", "|50.000|0|", 1), 422, "bad_file", map[string]any{
			"line": 2.0, "column": "columns.amount", "text": "50.000",
		}},
		"cut off":       {"", good[:len(good)/2], 422, "bad_file", nil},
		"lying trailer": {"", strings.Replace(good, "T|1|50000", "T|1|60000", 1), 422, "bad_file", nil},
		"other day":     {"?day=2026-11-19", good, 422, "bad_file", nil},
		"no file":       {"", "hello", 422, "bad_file", nil},
		"empty":         {"", "", 422, "bad_file", nil},
		"formulas":      {"", "=1+1\n", 422, "bad_file", nil},
		"bad day":       {"?day=today", good, 422, "bad_parameter", map[string]any{"field": "day"}},
		"endless name":  {"?name=" + strings.Repeat("x", partnerfile.MaxName+1), good, 422, "bad_parameter", map[string]any{"field": "name"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := setup(t)
			refusal := o.refused(t, clerk, "POST", "files"+c.query, c.text, c.status, c.code)
			for member, value := range c.want {
				require.Equal(t, value, refusal[member], refusal)
			}
			require.NotContains(t, refusal["message"], "/tmp", "no path of the machine is told")
			require.Empty(t, o.done(t, viewer, "GET", "files?day=2026-11-20", "")["files"])
			require.Empty(t, o.done(t, viewer, "GET", "files?day=2026-11-19", "")["files"])
		})
	}
}

func TestFilesOfADayNeedTheDay(t *testing.T) {
	t.Parallel()
	o := setup(t)
	refusal := o.refused(t, viewer, "GET", "files", "", http.StatusUnprocessableEntity, "bad_parameter")
	require.Equal(t, "day: missing: want a day as yyyy-mm-dd", refusal["message"])
}

// A file beyond the limit is refused before it is read where its length is said.
func TestFilesHaveALimit(t *testing.T) {
	t.Parallel()
	o := setup(t)
	conn := o.dial(t)
	_, err := fmt.Fprintf(conn, "POST /finance/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n",
		token, partnerfile.MaxFile+1)
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
	require.Equal(t, "too_large", object(t, response)["error"].(map[string]any)["code"])
}

// Of a file whose length is not said only so much is read.
func TestFilesOfUnknownLengthHaveALimit(t *testing.T) {
	t.Parallel()
	o := setup(t)
	request := httptest.NewRequest("POST", "/finance/v1/transfers/import", bytes.NewReader(make([]byte, reconcile.MaxTransferFile+1)))
	request.ContentLength = -1
	request.Header.Set("Authorization", "Bearer "+token)
	answer := httptest.NewRecorder()
	o.handler.ServeHTTP(answer, request)
	require.Equal(t, http.StatusRequestEntityTooLarge, answer.Code)
	require.Contains(t, answer.Body.String(), "the file has more than 4194304 bytes")
}

// dial is a connection for what net/http's client would not send.
func (o *office) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(o.url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// The server's limit for whole requests is not for files; for bodies of JSON it is.
func TestServersReadLimitIsNotForFiles(t *testing.T) {
	t.Parallel()
	o := setup(t)
	hasty := httptest.NewUnstartedServer(o.handler)
	hasty.Config.ReadHeaderTimeout, hasty.Config.IdleTimeout, hasty.Config.ReadTimeout = time.Minute, time.Minute, time.Nanosecond
	o.serve(t, hasty)
	var payments []remitted
	for i := range 2000 {
		payments = append(payments, remitted{"8880000000000018", ledger.TrackingRef(fmt.Sprintf("T%09d", i)), 50_000, 0})
	}
	require.Equal(t, true, o.done(t, clerk, "POST", "files?day=2026-11-20", file("2026-11-20", payments...))["taken"])

	request, err := http.NewRequestWithContext(t.Context(), "POST", o.url+"/finance/v1/transfers", bytes.NewReader(make([]byte, 200_000)))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := o.client.Do(request)
	if err == nil {
		_ = response.Body.Close()
		require.Equal(t, http.StatusRequestTimeout, response.StatusCode)
	}
	act := o.lastAct(t, 2)
	require.Equal(t, http.StatusRequestTimeout, act.Status)
	require.ErrorContains(t, act.Err, "too_slow")
}

// deadlines notes the limits that a handler sets for its connection.
type deadlines struct {
	*httptest.ResponseRecorder

	read, written []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error  { d.read = append(d.read, t); return nil }
func (d *deadlines) SetWriteDeadline(t time.Time) error { d.written = append(d.written, t); return nil }

// Each part of a file has a minute to arrive, and what comes after the file the
// server's own limits.
func TestFilesMayTakeTheirTimeButMustNotStop(t *testing.T) {
	t.Parallel()
	o := setup(t)
	begin := time.Now()
	request := httptest.NewRequest("POST", "/finance/v1/files", strings.NewReader(file("2026-11-20")))
	request.Header.Set("Authorization", "Bearer "+token)
	answer := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	o.handler.ServeHTTP(answer, request)
	require.Equal(t, http.StatusOK, answer.Code)
	last := len(answer.read) - 1
	require.True(t, answer.read[last].IsZero())
	for _, deadline := range answer.read[:last] {
		if !deadline.IsZero() {
			require.WithinRange(t, deadline, begin.Add(time.Minute), time.Now().Add(time.Minute))
		}
	}
	require.False(t, answer.read[0].IsZero())
	require.NotEmpty(t, answer.written)
	for _, deadline := range answer.written {
		require.True(t, deadline.IsZero(), "the answer may take as long as the import")
	}

	// A download the same: a minute for each part, and none is left over.
	request = httptest.NewRequest("GET", "/finance/v1/cases/export", nil)
	request.Header.Set("Authorization", "Bearer "+token)
	answer = &deadlines{ResponseRecorder: httptest.NewRecorder()}
	o.handler.ServeHTTP(answer, request)
	require.Equal(t, http.StatusOK, answer.Code)
	require.True(t, answer.written[0].IsZero())
	require.WithinRange(t, answer.written[1], begin.Add(time.Minute), time.Now().Add(time.Minute))
	require.True(t, answer.written[len(answer.written)-1].IsZero())
}

// A file whose sender hangs up in the middle changes nothing.
func TestFileThatBreaksOffIsNotTaken(t *testing.T) {
	t.Parallel()
	o := setup(t)
	text := file("2026-11-20", remitted{"8880000000000018", "T1", 50_000, 0})
	conn := o.dial(t)
	_, err := fmt.Fprintf(conn, "POST /finance/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s",
		token, len(text), text[:len(text)-10])
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	act := o.lastAct(t, 1)
	require.Equal(t, http.StatusBadRequest, act.Status)
	require.ErrorIs(t, act.Err, io.ErrUnexpectedEOF)
	require.Empty(t, o.done(t, viewer, "GET", "files?day=2026-11-20", "")["files"])
}

// A caller who hangs up once the file has arrived does not stop its import.
func TestCallerWhoHangsUpDoesNotStopAnImport(t *testing.T) {
	t.Parallel()
	o := setup(t)
	config := o.config
	slow := &waiting{Reconciliation: o.reconcile, asked: make(chan struct{}), gone: make(chan struct{})}
	config.Reconciliation = slow
	o.serve(t, httptest.NewUnstartedServer(finance.New(config)))
	text := file("2026-11-20", remitted{"8880000000000018", "T1", 50_000, 0})
	conn := o.dial(t)
	_, err := fmt.Fprintf(conn, "POST /finance/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s",
		token, len(text), text)
	require.NoError(t, err)
	<-slow.asked
	require.NoError(t, conn.Close())
	close(slow.gone)
	act := o.lastAct(t, 1)
	require.NoError(t, act.Err)
	require.Equal(t, ledger.Day("2026-11-20"), act.Day)
	require.Len(t, o.done(t, viewer, "GET", "files?day=2026-11-20", "")["files"], 1)
}

func TestProfileIsTriedOnAFile(t *testing.T) {
	t.Parallel()
	o := setup(t)
	good := file("2026-11-20", remitted{"8880000000000018", "T1", 50_000, 2_500}, remitted{"8880000000000026", "T2", 30_000, 0})
	trial := o.done(t, clerk, "POST", "profile/test?day=2026-11-20", good)
	require.Equal(t, true, trial["ok"])
	require.Equal(t, map[string]any{
		"line": 2.0, "code": "8880000000000018", "ref": "T1", "store": "T001", "at": "2026-11-20T10:00:00+07:00", "day": "2026-11-20",
		"amount": 50_000.0, "fee": 2_500.0, "reversed": false, "phone": "***890",
	}, trial["lines"].([]any)[0])
	summary := trial["summary"].(map[string]any)
	require.Equal(t, 80_000.0, summary["amount"])
	require.Equal(t, float64(len(good)), summary["bytes"])

	bad := strings.Replace(good, "|50000|2500|", "|50.000|2500|", 1)
	trial = o.done(t, clerk, "POST", "profile/test", bad)
	require.Equal(t, false, trial["ok"])
	fault := trial["faults"].([]any)[0].(map[string]any)
	require.Equal(t, "columns.amount", fault["column"])
	require.Equal(t, "50.000", fault["text"])
	require.NotEmpty(t, fault["rule"])

	trial = o.done(t, clerk, "POST", "profile/test?day=2026-11-19", good)
	require.Equal(t, false, trial["ok"])
	require.Equal(t, "header.date", trial["faults"].([]any)[0].(map[string]any)["column"])

	trial = o.done(t, clerk, "POST", "profile/test?day=2026-11-20", good[:len(good)-100])
	require.Equal(t, false, trial["ok"])
	require.Contains(t, trial["error"], "cut off")
	require.Empty(t, o.done(t, viewer, "GET", "files?day=2026-11-20", "")["files"], "a trial keeps nothing")
}

func TestTrialOfABrokenProfileSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	o := setup(t)
	config := o.config
	config.Profile.Columns.Code = nil
	o.serve(t, httptest.NewUnstartedServer(finance.New(config)))
	trial := o.done(t, clerk, "POST", "profile/test", file("2026-11-20"))
	require.Equal(t, false, trial["ok"])
	require.Equal(t, "columns.code", trial["profile"].([]any)[0].(map[string]any)["key"])
}

// What keeps a trial from reading is no fault of the file.
func TestTrialThatCanNotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	o := setup(t)
	request := httptest.NewRequest("POST", "/finance/v1/profile/test", io.MultiReader(strings.NewReader("H|1|INDOMARET"), failingBody{}))
	request.Header.Set("Authorization", "Bearer "+token)
	answer := httptest.NewRecorder()
	o.handler.ServeHTTP(answer, request)
	require.Equal(t, http.StatusBadRequest, answer.Code)
	require.Contains(t, answer.Body.String(), `"broken_off"`)
	require.NotContains(t, answer.Body.String(), errSocket.Error())
	require.ErrorIs(t, o.lastAct(t, 1).Err, errSocket)
}

var errSocket = errors.New("connection reset by 10.0.0.1")

// failingBody is a body that breaks off.
type failingBody struct{}

func (failingBody) Read([]byte) (int, error) { return 0, errSocket }
