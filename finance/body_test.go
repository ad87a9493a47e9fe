package finance_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/finance"
)

const goodTransfer = `{"reference":"BCA-1","on":"2026-11-20","amount":50000,"note":"first"}`

// A body that is anything but what is asked for is refused with the place and the
// rule, and books nothing.
func TestBodiesAreReadStrictly(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		body, field, message string
	}{
		"nothing":              {``, "", "the body must be one object of JSON in UTF-8"},
		"no JSON":              {`reference=BCA-1`, "", "the body must be one object of JSON in UTF-8"},
		"cut off":              {`{"reference":"BCA-1"`, "", "the body must be one object of JSON in UTF-8"},
		"two objects":          {goodTransfer + goodTransfer, "", "the body must be one object of JSON in UTF-8"},
		"something behind":     {goodTransfer + ` x`, "", "the body must be one object of JSON in UTF-8"},
		"no UTF-8":             {"{\"reference\":\"\xff\",\"on\":\"2026-11-20\",\"amount\":1}", "", "the body must be one object of JSON in UTF-8"},
		"a list":               {`[` + goodTransfer + `]`, "", "a list is not wanted here"},
		"a number":             {`1`, "", "the body must be an object"},
		"null":                 {`null`, "", "null: leave it out instead"},
		"unknown member":       {`{"reference":"BCA-1","on":"2026-11-20","amount":1,"amuont":2}`, "amuont", "amuont: unknown; known: amount, note, on, reference"},
		"other case":           {`{"reference":"BCA-1","on":"2026-11-20","Amount":1}`, "Amount", "Amount: unknown; known: amount, note, on, reference"},
		"name that folds":      {`{"reference":"BCA-1","on":"2026-11-20","amount":1,"note":"a","ſote":"b"}`, "ſote", "ſote: unknown; known: amount, note, on, reference"},
		"endless name":         {`{"` + strings.Repeat("x", 1000) + `":1}`, strings.Repeat("x", 40), strings.Repeat("x", 40) + ": unknown; known: amount, note, on, reference"},
		"given twice":          {`{"reference":"BCA-1","on":"2026-11-20","amount":1,"amount":2}`, "amount", "amount: given twice"},
		"given twice, escaped": {`{"reference":"BCA-1","on":"2026-11-20","amount":1,"\u0061mount":2}`, "amount", "amount: given twice"},
		"member missing":       {`{"reference":"BCA-1","on":"2026-11-20"}`, "amount", "amount: missing"},
		"member null":          {`{"reference":"BCA-1","on":"2026-11-20","amount":null}`, "amount", "amount: null: leave it out instead"},
		"amount as text":       {`{"reference":"BCA-1","on":"2026-11-20","amount":"1"}`, "amount", "amount: want a whole number, without a fraction or an exponent, in its range"},
		"fraction":             {`{"reference":"BCA-1","on":"2026-11-20","amount":1.5}`, "amount", "amount: want a whole number, without a fraction or an exponent, in its range"},
		"whole fraction":       {`{"reference":"BCA-1","on":"2026-11-20","amount":1.0}`, "amount", "amount: want a whole number, without a fraction or an exponent, in its range"},
		"exponent":             {`{"reference":"BCA-1","on":"2026-11-20","amount":1e3}`, "amount", "amount: want a whole number, without a fraction or an exponent, in its range"},
		"beyond all numbers":   {`{"reference":"BCA-1","on":"2026-11-20","amount":9223372036854775808}`, "amount", "amount: want a whole number, without a fraction or an exponent, in its range"},
		"text as number":       {`{"reference":1,"on":"2026-11-20","amount":1}`, "reference", "reference: want a text"},
		"text as object":       {`{"reference":{"a":1},"on":"2026-11-20","amount":1}`, "reference", "reference: an object is not wanted here"},
		"text as list":         {`{"reference":["a"],"on":"2026-11-20","amount":1}`, "reference", "reference: a list is not wanted here"},
		"no day":               {`{"reference":"BCA-1","on":"20-11-2026","amount":1}`, "on", "on: want a day as yyyy-mm-dd"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := setup(t)
			refusal := o.refused(t, clerk, "POST", "transfers", c.body, http.StatusUnprocessableEntity, "bad_body")
			require.Equal(t, c.message, refusal["message"])
			if c.field != "" {
				require.Equal(t, c.field, refusal["field"])
			}
			require.Empty(t, o.done(t, clerk, "GET", "transfers", "")["transfers"])
		})
	}
}

func TestFaultsInsideListsAreNamedByTheirPlace(t *testing.T) {
	t.Parallel()
	o := setup(t)
	cases := map[string]struct{ body, field string }{
		"unknown":    {`{"rates":[{"from":"2026-01-01","partner_fee":{"fixed":0,"share_bp":0,"free":1}}]}`, "rates[0].partner_fee.free"},
		"missing":    {`{"rates":[{"from":"2026-01-01"}]}`, "rates[0].collected_bp"},
		"null":       {`{"rates":[null]}`, "rates[0]"},
		"wrong kind": {`{"rates":["2026-01-01"]}`, "rates"},
		"deep":       {`{"rates":` + strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100) + `}`, "rates[0]"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			refusal := o.refused(t, clerk, "PUT", "terms/G000000001", c.body, http.StatusUnprocessableEntity, "bad_body")
			require.Equal(t, c.field, refusal["field"], refusal)
		})
	}
}

func TestBodiesHaveALimit(t *testing.T) {
	t.Parallel()
	o := setup(t)
	body := fmt.Sprintf(`{"reference":"BCA-1","on":"2026-11-20","amount":1,"note":"%s"}`, strings.Repeat("x", finance.MaxBody))
	o.refused(t, clerk, "POST", "transfers", body, http.StatusRequestEntityTooLarge, "too_large")
}

// Whatever a body holds, it is answered: booked when it is right, else refused as
// the caller's mistake.
func FuzzBodies(f *testing.F) {
	seeds, err := filepath.Glob("testdata/body-*.json")
	require.NoError(f, err)
	require.NotEmpty(f, seeds)
	for _, path := range seeds {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, body string) {
		o := setup(t)
		for method, path := range map[string]string{
			"POST": "transfers", "PUT": "terms/G000000001", "DELETE": "cases/1/proposal",
		} {
			// Without a socket, which would take most of the time.
			request := httptest.NewRequest(method, "/finance/v1/"+path, strings.NewReader(body))
			request.Header.Set("Authorization", "Bearer "+token)
			answer := httptest.NewRecorder()
			o.handler.ServeHTTP(answer, request)
			if answer.Code == http.StatusOK {
				require.Contains(t, body, "{", "only an object is taken")
				continue
			}
			refusal, _ := object(t, answer.Result())["error"].(map[string]any)
			require.NotEmpty(t, refusal["code"])
			require.GreaterOrEqual(t, answer.Code, 400)
			require.Less(t, answer.Code, 500, "a body is never our failure: %v", refusal)
		}
	})
}
