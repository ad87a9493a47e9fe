package main

import (
	"encoding/json"
	"net/http"
	"os/user"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
)

// rotated rotates a merchant's key by the command.
func (s *stage) rotated(id string, options ...string) merchantKey {
	s.t.Helper()
	var rotated merchantKey
	out := s.operate(append([]string{"merchant", "rotate-key", id, "--json"}, options...)...)
	require.NoError(s.t, json.Unmarshal([]byte(out), &rotated))
	return rotated
}

// takes says whether the merchants' interface takes a key.
func (s *stage) takes(key, order string) bool {
	s.t.Helper()
	answer, body := s.try(s.http, key, order)
	require.Contains(s.t, []int{http.StatusOK, http.StatusUnauthorized}, answer.StatusCode, body)
	return answer.StatusCode == http.StatusOK
}

// listed is a merchant's line in the list.
func (s *stage) listed(id string) string {
	s.t.Helper()
	for line := range strings.Lines(s.operate("merchant", "list")) {
		if strings.HasPrefix(line, id) {
			return line
		}
	}
	s.t.Fatalf("%s is not listed", id)
	return ""
}

func TestARotatedKeyEndsAtTheStatedMinute(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	const id = "G000000002"
	old := s.addMerchant(0)
	s.key = old
	_, order := s.charge(chargeTerms{})
	require.Regexp(t, `  true  +1 +-  +-$`, strings.TrimSpace(s.listed(id)))

	s.clock.turn(10 * time.Second) // the minute is rounded up
	rotated := s.rotated(id, "--old-ends", "90m")
	ends := s.clock.Now().Add(90*time.Minute + 50*time.Second)
	require.Zero(t, ends.Second())
	require.True(t, ends.Equal(rotated.Merchant.Keys[0].Ends), rotated.Merchant.Keys)
	require.Contains(t, s.listed(id), "  2     "+ends.Format("2006-01-02 15:04")+" WIB  ")
	var listed []listedMerchant
	require.NoError(t, json.Unmarshal([]byte(s.operate("merchant", "list", "--json")), &listed))
	require.True(t, ends.Equal(listed[1].Keys[0].Ends))

	s.clock.turn(90*time.Minute + 49*time.Second)
	require.True(t, s.takes(old, order))
	s.restart()
	require.True(t, s.takes(old, order))
	s.clock.turn(time.Second)
	require.False(t, s.takes(old, order))
	require.Regexp(t, `  true  +1 +-  +-$`, strings.TrimSpace(s.listed(id)))
	s.restart()
	require.False(t, s.takes(old, order), "before anybody used the new one")
	require.True(t, s.takes(rotated.ServerKey, order))
	require.False(t, s.takes(old, order))
}

func TestTheFirstCallEndsARotatedKeySooner(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	old := s.addMerchant(0)
	s.key = old
	_, order := s.charge(chargeTerms{})
	rotated := s.rotated("G000000002")
	require.True(t, s.clock.Now().Add(access.DefaultOldKey).Equal(rotated.Merchant.Keys[0].Ends), "nothing was said: three days")
	require.True(t, s.takes(old, order))
	require.True(t, s.takes(rotated.ServerKey, order))
	require.False(t, s.takes(old, order))
}

func TestALeakedKeyEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	old := s.addMerchant(0)
	s.key = old
	_, order := s.charge(chargeTerms{})
	require.Contains(t, s.operate("merchant", "rotate-key", "G000000002"), "\nthe old key works until "+
		s.clock.Now().Add(access.DefaultOldKey).Format("2006-01-02 15:04")+" WIB, or until the first call with the new one\n")
	out := s.operate("merchant", "rotate-key", "G000000002", "--old-ends", "now")
	require.Contains(t, out, "\nthe old key ended at "+s.clock.Now().Format("2006-01-02 15:04")+" WIB\n")
	require.False(t, s.takes(old, order))
	require.True(t, s.takes(strings.Fields(strings.SplitAfter(out, "only now: ")[1])[0], order))

	entries := recorded(t, s.app)
	last := entries[len(entries)-1]
	require.Equal(t, audit.ActMerchantRotateKey, last.Act)
	self, err := user.Current()
	require.NoError(t, err)
	require.Equal(t, operatorPrefix+self.Username, last.Who)
	require.Regexp(t, `^keys=[0-9a-f]{12} old_key_ended=2\S+\+07:00$`, last.After)
	require.Regexp(t, `^keys=[0-9a-f]{12} [0-9a-f]{12} old_key_ends=2\S+\+07:00$`, entries[len(entries)-2].After)
}

// A merchant's servers go on with an ended key until they have the new one, which
// works at once then: they are nobody who guesses.
func TestAnEndedKeyLocksItsMerchantNotOut(t *testing.T) {
	t.Parallel()
	s := guessing(t)
	old := s.addMerchant(0)
	s.key = old
	_, order := s.charge(chargeTerms{})
	rotated := s.rotated("G000000002", "--old-ends", "now")
	for range 100 {
		require.False(t, s.takes(old, order))
	}
	require.True(t, s.takes(rotated.ServerKey, order))
	require.Zero(t, s.metric(`paypoint_guesses_total{what="key"}`))

	// Elsewhere the old key was never right: who has it from there guesses.
	counted, thief := map[int]int{}, clientFrom(t, 66)
	for range 100 {
		answer, _ := s.try(thief, old, order)
		counted[answer.StatusCode]++
	}
	require.Equal(t, map[int]int{http.StatusUnauthorized: 20, http.StatusTooManyRequests: 80}, counted)
}

func TestEndsThatRotateKeyRefuses(t *testing.T) {
	t.Parallel()
	withServer(t, func(t *testing.T, command func(...string) (int, string, string)) {
		for _, end := range []string{"", "0", "0s", "59s", "-1h", "721h", "later", "72", "NOW", "2026-11-25T14:00:00Z"} {
			code, out, errText := command("merchant", "rotate-key", access.SandboxMerchant, "--old-ends="+end)
			require.Equal(t, exitFailed, code, end)
			require.Empty(t, out, end)
			require.Contains(t, errText, `rotate key of G000000001: old key's end "`+end+`": want now, or a duration of 1m to 720h`, end)
		}
		_, out, _ := command("merchant", "list", "--json")
		var listed []listedMerchant
		require.NoError(t, json.Unmarshal([]byte(out), &listed))
		require.Len(t, listed[0].Keys, 1)
		code, out, errText := command("merchant", "rotate-key", access.SandboxMerchant, "--old-ends=720h", "--json")
		require.Equal(t, exitDone, code, errText)
		var rotated merchantKey
		require.NoError(t, json.Unmarshal([]byte(out), &rotated))
		require.Len(t, rotated.Merchant.Keys, 2)
	})
}

// Others than the command can speak to the socket: what leaves the end out rotates
// nothing.
func TestARotationSaysWhenTheOldKeyEnds(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	before := s.operate("merchant", "list")
	for body, says := range map[string]string{
		"":                "rotate key: EOF",
		"{}":              `old key's end "": want now`,
		`{"old_ends": 3}`: "cannot unmarshal number",
	} {
		client, err := dialOperators(s.data)
		require.NoError(t, err)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, client.base+"/operator/v1/merchants/G000000001/rotate-key", strings.NewReader(body))
		require.NoError(t, err)
		answer, err := client.http.Do(request)
		require.NoError(t, err)
		var failure operatorError
		require.NoError(t, json.NewDecoder(answer.Body).Decode(&failure))
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
		require.Contains(t, failure.Error.Message, says)
		client.close()
	}
	require.Equal(t, before, s.operate("merchant", "list"))
}
