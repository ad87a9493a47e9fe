package access_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/store/memory"
)

// FuzzOpenPerson: a stored person is refused by name, or is one that could have
// been added, lets nobody in without a token, and stays the same when written
// again.
func FuzzOpenPerson(f *testing.F) {
	seeds, err := filepath.Glob("testdata/person/*.json")
	require.NoError(f, err)
	require.NotEmpty(f, seeds)
	for _, path := range seeds {
		value, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		if len(value) == 0 {
			return // an empty value removes the setting
		}
		service := ledger.NewService(memory.Open(), ledger.Agreement{}, clock)
		require.NoError(t, service.Alter(t.Context(), "person/siti", "tester", func([]byte) ([]byte, error) { return value, nil }))
		sealer := newSealer(t)
		staff, err := access.OpenStaff(t.Context(), service, sealer, clock)
		if err != nil {
			require.ErrorContains(t, err, "load person/siti: ")
			return
		}
		require.Len(t, staff.List(), 1)
		p, is := staff.Person("siti")
		require.True(t, is)
		requirePossible(t, p)
		_, in := staff.Check("")
		require.False(t, in)
		rewrite(t, service, staff, sealer, p)
	})
}

// requirePossible holds a person against the rules for one.
func requirePossible(t *testing.T, p access.Person) {
	t.Helper()
	require.Equal(t, "siti", p.ID)
	require.Contains(t, access.Roles(), p.Role)
	require.NotEmpty(t, p.Name)
	require.LessOrEqual(t, len(p.Tokens), access.MaxTokens)
	for _, token := range p.Tokens {
		require.Regexp(t, regexp.MustCompile(`^[0-9a-f]{12}$`), token.ID)
	}
}

// rewrite has a person written by a change and by its opposite, and loads what
// was written.
func rewrite(t *testing.T, service *ledger.Service, staff *access.Staff, sealer *access.Sealer, p access.Person) {
	t.Helper()
	// Others of the roles of which one must stay, so that the first can be shut out.
	for id, role := range map[string]access.Role{"budi": access.RoleApprover, "ade": access.RoleAdmin} {
		_, err := staff.Add(t.Context(), "tester", access.NewPerson{ID: id, Name: "Name", Role: role})
		require.NoError(t, err)
	}
	for _, active := range []bool{!p.Active, p.Active} {
		_, err := staff.SetActive(t.Context(), "tester", "siti", active)
		require.NoError(t, err)
	}
	again, err := access.OpenStaff(t.Context(), service, sealer, clock)
	require.NoError(t, err)
	require.Equal(t, staff.List(), again.List())
	loaded, _ := again.Person("siti")
	require.Equal(t, p.Stamp+2, loaded.Stamp, "each ended the sign-ins")
	loaded.Stamp = p.Stamp
	require.Equal(t, p, loaded)
}
