package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The command shows of a file what the finance API does, to the letter.
func TestProfileIsTriedAsByTheAPI(t *testing.T) {
	t.Parallel()
	s, good := soldStage(t, stageSetup{})
	client, err := dialOperators(s.data)
	require.NoError(t, err)
	t.Cleanup(client.close)
	for name, text := range map[string]string{"good": good, "bad": strings.Replace(good, "|50000|", "|50.000|", 1), "cut": good[:len(good)-20]} {
		t.Run(name, func(t *testing.T) {
			var answered json.RawMessage
			query := filters("name", "INDOMARET.txt")
			require.NoError(t, client.call(t.Context(), http.MethodPost, financePaths+"profile/test?"+query.Encode(), strings.NewReader(text), &answered))
			_, out, _ := s.command("reconcile", "profile", "test", save(t, "INDOMARET.txt", text), "--json")
			require.JSONEq(t, string(answered), out)
			require.Contains(t, out, "T10:00:00+07:00")
		})
	}
}
