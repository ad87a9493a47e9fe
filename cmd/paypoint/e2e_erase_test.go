package main

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// personal are texts of a charge that no other data has.
func personal() []string {
	return []string{"Siti Nurhalimah", "sitifield", "sitimeta", "Siti Shoes"}
}

// TestEndToEndStoryOfErasedData follows a customer's data from its charge until no
// file has it any more.
func TestEndToEndStoryOfErasedData(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, order := s.charge(chargeTerms{members: map[string]any{
		"customer_details": map[string]any{"first_name": "Siti", "last_name": "Nurhalimah"},
		"item_details":     []any{map[string]any{"id": "1", "price": stageAmount, "quantity": 1, "name": "Siti Shoes"}},
		"custom_field1":    "sitifield",
		"metadata":         map[string]any{"sitimeta": true},
	}})
	told := s.send(s.inquiry(code))
	require.Equal(t, "Siti Nurhalimah", told.values["Customer"])
	s.pay(code, tillRef, stageAmount)
	s.sweep()
	paid := s.status(order)
	require.Equal(t, "sitifield", paid["custom_field1"])
	require.Equal(t, map[string]any{"sitimeta": true}, paid["metadata"])
	later, _ := s.charge(chargeTerms{seconds: 180 * 86_400, members: map[string]any{"custom_field1": "of another"}})
	require.NotEmpty(t, filesWith(t, s.data, "Siti Nurhalimah"), "the test can find it")

	s.clock.turn(180*24*time.Hour - time.Second)
	require.Equal(t, paid, s.status(order))
	s.clock.turn(time.Second)
	erased := s.whenErased(order)
	for _, member := range []string{"custom_field1", "metadata"} {
		require.Contains(t, paid, member)
		delete(paid, member)
	}
	require.Equal(t, paid, erased, "nothing else is gone")
	require.Contains(t, s.metrics(), "\npaypoint_details_erased_total 1\n")
	require.Equal(t, "88", s.send(s.inquiry(code)).code())
	require.Equal(t, "54", s.send(s.inquiry(later)).code())

	s.stop()
	require.NoError(t, <-s.ended)
	s.operate("compact")
	for _, text := range personal() {
		require.Empty(t, filesWith(t, s.data, text))
	}
	s.start(s.app.config)
	require.Equal(t, erased, s.status(order))
}

// whenErased is what the merchant is told of an order once it has no field of its own.
func (s *stage) whenErased(order string) (status map[string]any) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		status = s.status(order)
		_, there := status["custom_field1"]
		return !there
	}, time.Minute, 50*time.Millisecond)
	return status
}

// filesWith are the files of a folder, at any depth, that have a text.
func filesWith(t *testing.T, folder, text string) []string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			found = append(found, path)
		}
		return err
	}))
	return found
}

// TestErasedChargesAreShown: what asks for details copes with there being none.
func TestErasedChargesAreShown(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	_, order := s.charge(chargeTerms{members: map[string]any{"custom_field1": "mine"}})
	id := s.status(order)["transaction_id"].(string)
	s.merchant(http.MethodPost, "/v2/"+order+"/cancel", nil)
	s.clock.turn(180 * 24 * time.Hour)
	erased := s.whenErased(order)
	require.Equal(t, "cancel", erased["transaction_status"])
	for _, path := range []string{"/v2/" + id + "/status", "/v1/charges?order_id=" + order, "/v1/charges/" + id + "/events"} {
		request, err := http.NewRequest(http.MethodGet, s.url+path, nil)
		require.NoError(t, err)
		request.SetBasicAuth(s.key, "")
		answer := string(s.fetch(request))
		require.Contains(t, answer, id, path)
		require.NotContains(t, answer, "mine", path)
	}
	page, err := http.NewRequest(http.MethodGet, s.url+"/pay/"+id, nil)
	require.NoError(t, err)
	require.Contains(t, string(s.fetch(page)), "50.000")
	again := s.chargeAgain(order)
	require.Equal(t, "201", again["status_code"], "the order id is free, and the old charge is no retry")
	require.NotEqual(t, id, again["transaction_id"])
}
