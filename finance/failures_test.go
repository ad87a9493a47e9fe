package finance_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/store/memory"
)

// unreadable is a ledger that can't be read any more when it is told so.
type unreadable struct {
	ledger.Store

	broken chan struct{}
}

func (s *unreadable) err() error {
	select {
	case <-s.broken:
		return errDisk
	default:
		return nil
	}
}

func (s *unreadable) Load(ctx context.Context, keys ledger.Keys) (ledger.State, error) {
	if err := s.err(); err != nil {
		return ledger.State{}, err
	}
	return s.Store.Load(ctx, keys)
}

func (s *unreadable) Apply(ctx context.Context, keys ledger.Keys, decide func(ledger.State) (ledger.Change, error)) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.Store.Apply(ctx, keys, decide)
}

func (s *unreadable) Batches(ctx context.Context, from ledger.Day, limit int) ([]ledger.Batch, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.Store.Batches(ctx, from, limit)
}

func (s *unreadable) Documents(ctx context.Context, prefix, after string, limit int) ([]ledger.Document, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.Store.Documents(ctx, prefix, after, limit)
}

func (s *unreadable) Balances(ctx context.Context, through ledger.Day) ([]ledger.Balance, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.Store.Balances(ctx, through)
}

// bodyOf is a right one for a route that takes one; else empty.
func bodyOf(route documented) string {
	return map[string]string{
		"POST files":                 file("2026-11-19"),
		"POST recovery/files":        file("2026-11-19"),
		"POST recovery/sign-off":     `{"why":"x"}`,
		"POST cases/1/notes":         `{"text":"x"}`,
		"PUT cases/1/owner":          `{"owner":"fina"}`,
		"POST cases/1/proposal":      `{"act":"accept","why":"x"}`,
		"DELETE cases/1/proposal":    `{"why":"x"}`,
		"POST cases/1/approval":      `{"proposal":1}`,
		"POST statements/close":      `{"to":"2026-11-20"}`,
		"PUT terms/G000000001":       `{}`,
		"POST transfers":             `{"reference":"BCA-1","on":"2026-11-20","amount":1}`,
		"POST transfers/import":      "reference,on,amount,note\r\nBCA-1,2026-11-20,1,\r\n",
		"POST transfers/BCA-1/match": `{"days":["2026-11-20"]}`,
		"POST payouts":               `{"reference":"OUT-1","on":"2026-11-20","amount":1,"case":1}`,
	}[route.method+" "+route.path]
}

// When the disk fails every route says so, in words of its own and without any of
// the machine's; none answers as if all were well.
func TestEveryRouteFailsInItsOwnWords(t *testing.T) {
	t.Parallel()
	store := &unreadable{Store: memory.Open(), broken: make(chan struct{})}
	o := setupOver(t, store)
	o.pay(t, 50_000, 0)
	o.done(t, clerk, "POST", "settlements/2026-11-20/close?early=true", "")
	close(store.broken)
	calls := len(o.acts)
	for _, route := range routes(t) {
		switch route.path {
		case "profile/test", "schedule", "schedule/settle/2026-11-20/run",
			"reconciliations/2026-11-20/findings", "reconciliations/2026-11-20/findings/export":
			continue // they do not read the ledger
		}
		t.Run(route.method+" "+route.path, func(t *testing.T) {
			path := "/finance/v1/" + route.path
			if route.method+" "+route.path == "GET files" {
				path += "?day=2026-11-20"
			}
			response := o.give(t, route.method, path, bodyOf(route))
			require.Equal(t, http.StatusInternalServerError, response.StatusCode)
			refusal := object(t, response)["error"].(map[string]any)
			require.NotContains(t, refusal["message"], "secret")
			calls++
			require.ErrorIs(t, o.lastAct(t, calls).Err, errDisk)
		})
	}
}

// A parameter that a route does not know is never passed over, and neither is a
// member of a body.
func TestEveryRouteRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	o := setup(t)
	for _, route := range routes(t) {
		key := route.method + " " + route.path
		t.Run(key, func(t *testing.T) {
			path := "/finance/v1/" + route.path
			response := o.give(t, route.method, path+"?nonsense=1", bodyOf(route))
			// A case or statement that is not there, a day that was never matched, are
			// found out first.
			require.Contains(t, []int{http.StatusUnprocessableEntity, http.StatusNotFound, http.StatusConflict}, response.StatusCode)
			if response.StatusCode == http.StatusUnprocessableEntity {
				require.Equal(t, "nonsense", object(t, response)["error"].(map[string]any)["field"])
			}
			if !strings.HasPrefix(bodyOf(route), "{") {
				return
			}
			refusal := o.refused(t, approver, route.method, route.path, `{"nonsense":1}`, http.StatusUnprocessableEntity, "bad_body")
			require.Equal(t, "nonsense", refusal["field"])
			o.refused(t, approver, route.method, route.path, "", http.StatusUnprocessableEntity, "bad_body")
		})
	}
}

// HEAD answers as GET does, without the body.
func TestEveryGetAnswersHead(t *testing.T) {
	t.Parallel()
	o := sold(t)
	for _, route := range routes(t) {
		if route.method != http.MethodGet {
			continue
		}
		t.Run(route.path, func(t *testing.T) {
			get := o.ask(t, "GET", "/finance/v1/"+route.path)
			head := o.ask(t, "HEAD", "/finance/v1/"+route.path)
			require.Equal(t, get.StatusCode, head.StatusCode)
			require.Equal(t, get.Header.Get("Content-Type"), head.Header.Get("Content-Type"))
			require.Equal(t, get.Header.Get("Content-Disposition"), head.Header.Get("Content-Disposition"))
			require.Equal(t, "no-store", head.Header.Get("Cache-Control"))
		})
	}
}
