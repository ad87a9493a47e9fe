package finance_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
	"paypoint/store/memory"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		method, path string
		status       int
		code, field  string
		message      string
	}{
		"open day": {"POST", "/2026-11-20/close", 409, "day_open", "day",
			"2026-11-20 is not over: it closes from 2026-11-21 02:00:00 WIB on. Asking for it early (early=true, --early) closes it now; its payments can't be reversed then"},
		"day ahead":            {"POST", "/2026-11-21/close?early=true", 409, "day_ahead", "day", "2026-11-21 has not begun"},
		"file of open day":     {"GET", "/2026-11-20/file", 409, "day_not_closed", "day", "2026-11-20 is not closed: it has no file yet"},
		"file of unknown day":  {"GET", "/2026-11-18/file", 404, "day_unknown", "day", "2026-11-18 has no payments and is not closed"},
		"unknown day":          {"GET", "/2026-11-18", 404, "day_unknown", "day", "2026-11-18 has no payments and is not closed"},
		"no day":               {"GET", "/20261120", 422, "bad_day", "day", "day: want a day as yyyy-mm-dd, or today"},
		"a day that is none":   {"GET", "/2026-02-30", 422, "bad_day", "day", "day: want a day as yyyy-mm-dd, or today"},
		"close of no day":      {"POST", "/yesterday/close", 422, "bad_day", "day", "day: want a day as yyyy-mm-dd, or today"},
		"file of no day":       {"GET", "/2026-11-20%0A/file", 422, "bad_day", "day", "day: want a day as yyyy-mm-dd, or today"},
		"bad early":            {"POST", "/2026-11-20/close?early=yes", 422, "bad_parameter", "early", "early: want true or false"},
		"misspelt early":       {"POST", "/2026-11-20/close?ealry=true", 422, "bad_parameter", "ealry", "ealry: unknown; known: early"},
		"early twice":          {"POST", "/2026-11-20/close?early=true&early=false", 422, "bad_parameter", "early", "early: given 2 times: want it once"},
		"bad format":           {"GET", "/2026-11-19/file?format=pdf", 422, "bad_parameter", "format", "format: want txt, csv or xlsx"},
		"bad from":             {"GET", "?from=20-11-2026", 422, "bad_parameter", "from", "from: want a day as yyyy-mm-dd"},
		"bad cursor":           {"GET", "?cursor=abc", 422, "bad_parameter", "cursor", "cursor: want a day as yyyy-mm-dd"},
		"no limit":             {"GET", "?limit=0", 422, "bad_parameter", "limit", "limit: want a number from 1 to 366"},
		"limit too high":       {"GET", "?limit=367", 422, "bad_parameter", "limit", "limit: want a number from 1 to 366"},
		"limit in words":       {"GET", "?limit=ten", 422, "bad_parameter", "limit", "limit: want a number from 1 to 366"},
		"parameter of none":    {"GET", "/2026-11-20?x=1", 422, "bad_parameter", "x", "x: unknown; known: none"},
		"query unreadable":     {"GET", "?from=%zz", 422, "bad_parameter", "query", "query: can't be read: want name=value pairs, percent-encoded"},
		"close by GET":         {"GET", "/2026-11-20/close", 405, "method_not_allowed", "", settlements + "/2026-11-20/close takes POST"},
		"list by DELETE":       {"DELETE", "", 405, "method_not_allowed", "", settlements + " takes GET, HEAD"},
		"file by POST":         {"POST", "/2026-11-20/file", 405, "method_not_allowed", "", settlements + "/2026-11-20/file takes GET, HEAD"},
		"unknown path":         {"GET", "/2026-11-20/lines", 404, "not_found", "", "there is no " + settlements + "/2026-11-20/lines"},
		"path outside the API": {"GET", "/../../../etc", 404, "not_found", "", "there is no /etc"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := setup(t)
			o.pay(t, 50000, 0)
			response := o.ask(t, c.method, settlements+c.path)
			require.Equal(t, c.status, response.StatusCode)
			want := map[string]any{"code": c.code, "message": c.message}
			if c.field != "" {
				want["field"] = c.field
			}
			require.Equal(t, map[string]any{"error": want}, object(t, response))
			act := o.lastAct(t, 1)
			require.Equal(t, c.status, act.Status)
			require.Equal(t, "sandbox-finance", act.Who)
			require.Error(t, act.Err)
			batch, err := o.settlement.Get(t.Context(), "2026-11-20")
			require.NoError(t, err)
			require.False(t, batch.Closed(), "a refusal closes nothing")
		})
	}
}

func TestWrongMethodNamesTheRightOne(t *testing.T) {
	t.Parallel()
	o := setup(t)
	require.Equal(t, "POST", o.ask(t, "PUT", settlements+"/2026-11-20/close").Header.Get("Allow"))
	require.Equal(t, "GET, HEAD", o.ask(t, "PUT", "/finance/v1/trial-balance").Header.Get("Allow"))
}

func TestUnknownCallersAreRefused(t *testing.T) {
	t.Parallel()
	const plain, invalid = `Bearer realm="paypoint finance"`, `Bearer realm="paypoint finance", error="invalid_token"`
	cases := map[string]struct{ authorization, challenge string }{
		"no token":      {"", plain},
		"other token":   {"Bearer SB-paypoint-finance-tokem", invalid},
		"longer token":  {"Bearer " + token + "x", invalid},
		"empty token":   {"Bearer ", invalid},
		"other scheme":  {"Basic " + token, invalid},
		"scheme alone":  {"Bearer", invalid},
		"token alone":   {token, invalid},
		"endless token": {"Bearer " + string(bytes.Repeat([]byte("x"), 10_000)), invalid},
	}
	paths := map[string]string{
		settlements: "GET", settlements + "/2026-11-20": "GET", settlements + "/2026-11-20/close?early=true": "POST",
		settlements + "/2026-11-20/file": "GET", "/finance/v1/trial-balance": "GET", "/finance/v1/none": "GET", settlements + "?token=" + token: "GET",
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := setup(t)
			o.pay(t, 50000, 0)
			for path, method := range paths {
				response := o.ask(t, method, path, "Authorization", c.authorization)
				require.Equal(t, http.StatusUnauthorized, response.StatusCode, path)
				require.Equal(t, c.challenge, response.Header.Get("WWW-Authenticate"))
				require.Equal(t, "unauthorized", object(t, response)["error"].(map[string]any)["code"])
			}
			act := o.lastAct(t, len(paths))
			require.Empty(t, act.Who)
			batch, err := o.settlement.Get(t.Context(), "2026-11-20")
			require.NoError(t, err)
			require.False(t, batch.Closed())
		})
	}
}

func TestSchemeIsTakenInAnyCase(t *testing.T) {
	t.Parallel()
	require.Equal(t, http.StatusOK, setup(t).ask(t, "GET", settlements, "Authorization", "bearer  "+token).StatusCode)
}

// failing is a ledger that fails in a way of the test's choice.
type failing struct {
	ledger.Store
	apply atomic.Pointer[error]
	lines atomic.Pointer[func([]ledger.Line) ([]ledger.Line, error)]
}

func (s *failing) Apply(ctx context.Context, keys ledger.Keys, decide func(ledger.State) (ledger.Change, error)) error {
	if err := s.apply.Load(); err != nil {
		return *err
	}
	return s.Store.Apply(ctx, keys, decide)
}

func (s *failing) Lines(ctx context.Context, day ledger.Day, after uint64, limit int) ([]ledger.Line, error) {
	lines, err := s.Store.Lines(ctx, day, after, limit)
	if alter := s.lines.Load(); alter != nil && err == nil {
		return (*alter)(lines)
	}
	return lines, err
}

var errDisk = errors.New("sector 7 of /dev/secret is gone")

func TestFailuresOfTheLedger(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		err    error
		status int
		code   string
	}{
		"busy":            {ledger.ErrBusy, 503, "unavailable"},
		"not committed":   {fmt.Errorf("%w: %w", ledger.ErrNotCommitted, errDisk), 503, "unavailable"},
		"outcome unknown": {fmt.Errorf("%w: %w", ledger.ErrOutcomeUnknown, errDisk), 503, "unavailable"},
		"other":           {errDisk, 500, "internal"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &failing{Store: memory.Open()}
			o := setupOver(t, store)
			o.at(t, "2026-11-21 02:00:00")
			store.apply.Store(&c.err)
			response := o.ask(t, "POST", settlements+"/2026-11-20/close")
			require.Equal(t, c.status, response.StatusCode)
			refusal := object(t, response)["error"].(map[string]any)
			require.Equal(t, c.code, refusal["code"])
			require.NotContains(t, refusal["message"], "secret", "what the machine says stays here")
			require.ErrorIs(t, o.lastAct(t, 1).Err, c.err)
			require.Equal(t, c.status == 503, response.Header.Get("Retry-After") != "")
		})
	}
}

func TestCloseWhoseFileFailsSaysSo(t *testing.T) {
	t.Parallel()
	store := &failing{Store: memory.Open()}
	o := setupOver(t, store)
	o.pay(t, 50000, 0)
	o.at(t, "2026-11-21 02:00:00")
	broken := func([]ledger.Line) ([]ledger.Line, error) { return nil, errDisk }
	store.lines.Store(&broken)
	status, body := o.read(t, "POST", settlements+"/2026-11-20/close")
	require.Equal(t, 500, status)
	require.Equal(t, "not_sealed", body["error"].(map[string]any)["code"])
	store.lines.Store(nil)
	status, body = o.read(t, "POST", settlements+"/2026-11-20/close")
	require.Equal(t, 200, status)
	require.Len(t, body["sha256"], 64)
}

// A short file that turns out wrong is answered as an error; of a long one the
// connection breaks. Neither passes for a file.
func TestWrongFileNeverPassesForWhole(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		payments int
		begun    bool
	}{"short": {2, false}, "long": {2000, true}}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &failing{Store: memory.Open()}
			o := setupOver(t, store)
			for range c.payments {
				o.pay(t, 50000, 0)
			}
			o.at(t, "2026-11-21 02:00:00")
			_, err := o.settlement.Close(t.Context(), "2026-11-20", false, "operator")
			require.NoError(t, err)
			other := func(l []ledger.Line) ([]ledger.Line, error) {
				if len(l) > 0 {
					l[len(l)-1].Receipt = "R1"
				}
				return l, nil
			}
			store.lines.Store(&other)
			response := o.ask(t, "GET", settlements+"/2026-11-20/file")
			if c.begun {
				_, err := io.ReadAll(response.Body)
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			} else {
				require.Equal(t, http.StatusInternalServerError, response.StatusCode)
				require.Equal(t, "internal", object(t, response)["error"].(map[string]any)["code"])
				require.Empty(t, response.Header.Get("Content-Disposition"))
			}
			act := o.lastAct(t, 1)
			require.ErrorIs(t, act.Err, settlement.ErrHash)
			require.Equal(t, "txt", act.Format)
		})
	}
}
