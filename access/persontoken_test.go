package access_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/store/memory"
)

// never is the expiry of a token that has none.
var never time.Time

func TestATokenIsOfItsPerson(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleFinance)
	b.hire(t, "budi", access.RoleApprover)
	expires := noon.AddDate(1, 0, 0)
	first, token := b.issue(t, "siti", expires)
	second, other := b.issue(t, "siti", never)
	_, anothers := b.issue(t, "budi", never)

	require.Regexp(t, `^ppf_[A-Z2-7]{26}$`, token)
	require.Equal(t, sha256Hex(token)[:12], first)
	siti, _ := b.staff.Person("siti")
	require.Equal(t, []access.PersonToken{
		{ID: first, Label: "laptop", Created: noon, Expires: expires},
		{ID: second, Label: "laptop", Created: noon},
	}, siti.Tokens)
	for secret, id := range map[string]string{token: "siti", other: "siti", anothers: "budi"} {
		p, ok := b.staff.Check(secret)
		require.True(t, ok)
		require.Equal(t, id, p.ID)
	}
	p, _ := b.staff.Check(token)
	require.Equal(t, siti, p)
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleApprover)
	id, token := b.issue(t, "siti", never)
	for name, try := range map[string]string{
		"nothing":           "",
		"another token":     "ppf_" + strings.Repeat("A", 26),
		"the start":         token[:len(token)-1],
		"one character on":  token + "A",
		"another case":      strings.ToLower(token),
		"without prefix":    strings.TrimPrefix(token, "ppf_"),
		"the SHA-256":       sha256Hex(token),
		"its id":            id,
		"the person":        "siti",
		"a space before":    " " + token,
		"a zero byte":       token + "\x00",
		"the sandbox's":     access.SandboxFinanceToken,
		"longer than all":   strings.Repeat("x", 256),
		"a token and spare": token + strings.Repeat(" ", 256),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, ok := b.staff.Check(try)
			require.False(t, ok)
			require.Zero(t, p)
		})
	}
}

func TestNobodyHasATokenAtFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ok := b.staff.Check("")
	require.False(t, ok)
	b.hire(t, "siti", access.RoleApprover)
	_, ok = b.staff.Check("")
	require.False(t, ok)
}

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleViewer)
	_, hour := b.issue(t, "siti", noon.Add(time.Hour))
	_, lasting := b.issue(t, "siti", never)
	for _, c := range []struct {
		after time.Duration
		good  bool
	}{{0, true}, {time.Hour - 1, true}, {time.Hour, false}, {time.Hour + 1, false}, {10000 * time.Hour, false}} {
		b.now = noon.Add(c.after)
		_, ok := b.staff.Check(hour)
		require.Equal(t, c.good, ok, c.after)
		_, ok = b.staff.Check(lasting)
		require.True(t, ok, c.after)
	}
	siti, _ := b.staff.Person("siti")
	require.Len(t, siti.Tokens, 2, "an expired one is still listed")
	b.restart(t)
	_, ok := b.staff.Check(hour)
	require.False(t, ok)
}

func TestIssueTokenRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleViewer)
	b.hire(t, "left", access.RoleViewer)
	_, err := b.staff.SetActive(t.Context(), "tester", "left", false)
	require.NoError(t, err)
	future := noon.AddDate(0, 1, 0)
	for name, try := range map[string]struct {
		person, label string
		expires       time.Time
		want          error
		names         string
	}{
		"no label":              {"siti", "", future, access.ErrToken, "label: want 1 to 100"},
		"a long label":          {"siti", strings.Repeat("é", access.MaxTokenLabel+1), future, access.ErrToken, "label: want 1 to 100"},
		"a label in two lines":  {"siti", "a\nb", future, access.ErrToken, "label: want printable"},
		"an expiry now":         {"siti", "laptop", noon, access.ErrToken, "2026-03-04T12:00:00+07:00: want a time to come"},
		"an expiry in the past": {"siti", "laptop", noon.AddDate(-1, 0, 0), access.ErrToken, "want a time to come"},
		"an expiry this second": {"siti", "laptop", noon.Add(time.Second - 1), access.ErrToken, "want a time to come"},
		"an expiry too late":    {"siti", "laptop", noon.Add(access.MaxTokenLife + time.Second), access.ErrToken, "want 2027-04-08T12:00:00+07:00 or earlier"},
		"nobody":                {"ayu", "laptop", future, access.ErrUnknownPerson, "ayu"},
		"who has left":          {"left", "laptop", future, access.ErrInactivePerson, "left"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, token, err := b.staff.IssueToken(t.Context(), "tester", try.person, try.label, try.expires)
			require.ErrorIs(t, err, try.want)
			require.ErrorContains(t, err, try.names)
			require.ErrorContains(t, err, "issue token")
			require.Empty(t, id+token)
		})
	}
	t.Cleanup(func() { require.Len(t, b.changes(t), 3) })
}

func TestTheLatestExpiry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleViewer)
	b.issue(t, "siti", noon.Add(access.MaxTokenLife))
	siti, _ := b.staff.Person("siti")
	require.Equal(t, noon.Add(access.MaxTokenLife), siti.Tokens[0].Expires)
}

func TestTimesAreKeptToTheSecondInWIB(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.now = noon.Add(time.Millisecond).UTC()
	b.hire(t, "siti", access.RoleViewer)
	b.issue(t, "siti", noon.Add(time.Second+time.Millisecond).UTC())
	siti, _ := b.staff.Person("siti")
	require.Equal(t, noon, siti.Created)
	require.Equal(t, noon, siti.Tokens[0].Created)
	require.Equal(t, noon.Add(time.Second), siti.Tokens[0].Expires)
}

func TestTokensOfAPersonHaveALimitWithoutTheExpired(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleViewer)
	b.hire(t, "budi", access.RoleViewer)
	b.issue(t, "siti", noon.Add(time.Hour))
	for range access.MaxTokens - 1 {
		b.issue(t, "siti", never)
	}
	_, token, err := b.staff.IssueToken(t.Context(), "tester", "siti", "laptop", never)
	require.ErrorIs(t, err, access.ErrTooManyTokens)
	require.ErrorContains(t, err, "siti")
	require.Empty(t, token)
	b.issue(t, "budi", never)

	b.now = noon.Add(time.Hour)
	newest, _ := b.issue(t, "siti", never)
	siti, _ := b.staff.Person("siti")
	require.Len(t, siti.Tokens, access.MaxTokens)
	require.Equal(t, newest, siti.Tokens[access.MaxTokens-1].ID)
	for _, kept := range siti.Tokens {
		require.True(t, kept.Expires.IsZero(), "the expired one has made room")
	}
	_, _, err = b.staff.IssueToken(t.Context(), "tester", "siti", "laptop", never)
	require.ErrorIs(t, err, access.ErrTooManyTokens)
}

func TestARevokedTokenEndsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleFinance)
	b.hire(t, "budi", access.RoleFinance)
	id, token := b.issue(t, "siti", never)
	otherID, other := b.issue(t, "siti", never)
	_, err := b.staff.RevokeToken(t.Context(), "tester", "budi", id)
	require.ErrorIs(t, err, access.ErrUnknownToken, "it is not his")
	for _, unknown := range []string{"", id[:11], token, sha256Hex(token)} {
		_, err := b.staff.RevokeToken(t.Context(), "tester", "siti", unknown)
		require.ErrorIs(t, err, access.ErrUnknownToken)
		require.NotContains(t, err.Error(), "ppf_")
	}

	siti, err := b.staff.RevokeToken(t.Context(), "tester", "siti", id)
	require.NoError(t, err)
	require.Len(t, siti.Tokens, 1)
	require.Equal(t, otherID, siti.Tokens[0].ID)
	for range 2 {
		_, ok := b.staff.Check(token)
		require.False(t, ok)
		_, ok = b.staff.Check(other)
		require.True(t, ok)
		b.restart(t)
	}
	_, err = b.staff.RevokeToken(t.Context(), "tester", "siti", id)
	require.ErrorIs(t, err, access.ErrUnknownToken)
	_, err = b.staff.SetActive(t.Context(), "tester", "siti", false)
	require.NoError(t, err)
	_, err = b.staff.RevokeToken(t.Context(), "tester", "siti", otherID)
	require.NoError(t, err, "of one who has left too")
}

func TestACallerWhoHangsUpStillHasTheTokenRevoked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleFinance)
	id, token := b.issue(t, "siti", never)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	_, err := b.staff.RevokeToken(gone, "tester", "siti", id)
	require.NoError(t, err)
	_, ok := b.staff.Check(token)
	require.False(t, ok)
	b.restart(t)
	_, ok = b.staff.Check(token)
	require.False(t, ok)
}

func TestTokensAreCheckedWhileTheyAreIssued(t *testing.T) {
	t.Parallel()
	service := ledger.NewService(memory.Open(), ledger.Agreement{}, clock)
	staff, err := access.OpenStaff(t.Context(), service, newSealer(t), clock)
	require.NoError(t, err)
	const persons = 20
	id := func(i int) string { return fmt.Sprint("person", i/access.MaxTokens) }
	for i := range persons {
		_, err := staff.Add(t.Context(), "tester", access.NewPerson{ID: fmt.Sprint("person", i), Name: "Name", Role: access.RoleViewer})
		require.NoError(t, err)
	}
	var (
		group   sync.WaitGroup
		tokens  [persons * access.MaxTokens]string
		holders [persons * access.MaxTokens]string
		errs    [persons * access.MaxTokens]error
	)
	for i := range tokens {
		group.Go(func() {
			_, tokens[i], errs[i] = staff.IssueToken(t.Context(), "tester", id(i), "laptop", never)
			p, _ := staff.Check(tokens[i])
			holders[i] = p.ID
		})
	}
	group.Wait()
	for i, token := range tokens {
		require.NoError(t, errs[i])
		require.Equal(t, id(i), holders[i], "good as soon as it is issued")
		p, ok := staff.Check(token)
		require.True(t, ok)
		require.Equal(t, id(i), p.ID)
		require.Len(t, p.Tokens, access.MaxTokens)
	}
}

func TestListingsOfPersonsHoldNoSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleFinance)
	_, token := b.issue(t, "siti", never)
	kept, err := b.store.Settings(t.Context(), "person/")
	require.NoError(t, err)
	require.Contains(t, string(kept["person/siti"]), sha256Hex(token))
	text, err := json.Marshal(b.staff.List())
	require.NoError(t, err)
	require.NotContains(t, string(text), "expires", "what never ends says so by silence")
	for _, printed := range []string{string(text), fmt.Sprintf("%+v", b.staff.List()), string(kept["person/siti"])} {
		require.NotContains(t, printed, token)
		require.NotContains(t, printed, strings.TrimPrefix(token, "ppf_"))
	}
	require.NotContains(t, string(text), sha256Hex(token))
}

// BenchmarkCheck looks for the last of as many tokens as there can be.
func BenchmarkCheck(b *testing.B) {
	service := ledger.NewService(memory.Open(), ledger.Agreement{}, clock)
	record := map[string]any{"v": 1, "name": "Name", "role": "viewer", "active": true, "created": noon}
	for i := range access.MaxPersons {
		record["id"] = fmt.Sprint("person", i)
		var tokens []any
		for j := range access.MaxTokens {
			tokens = append(tokens, map[string]any{"sha256": sha256Hex(fmt.Sprint(i, j)), "label": "laptop", "created": noon})
		}
		record["tokens"] = tokens
		value, err := json.Marshal(record)
		require.NoError(b, err)
		require.NoError(b, service.Alter(b.Context(), fmt.Sprint("person/person", i), "bench", func([]byte) ([]byte, error) { return value, nil }))
	}
	staff, err := access.OpenStaff(b.Context(), service, nil, clock)
	require.NoError(b, err)
	last := fmt.Sprint(access.MaxPersons-1, access.MaxTokens-1)
	ok := false
	for b.Loop() {
		_, ok = staff.Check(last)
	}
	require.True(b, ok)
}
