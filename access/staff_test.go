package access_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/store/memory"
)

func TestPersonsAreAddedAndListedByID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Empty(t, b.staff.List())
	siti, err := b.staff.Add(t.Context(), "tester", access.NewPerson{ID: "siti", Name: "Siti Nurhaliza", Role: access.RoleFinance})
	require.NoError(t, err)
	require.Equal(t, access.Person{ID: "siti", Name: "Siti Nurhaliza", Role: access.RoleFinance, Active: true, Created: noon}, siti)
	budi := b.hire(t, "budi", access.RoleApprover)
	require.Equal(t, []access.Person{budi, siti}, b.staff.List())

	found, is := b.staff.Person("siti")
	require.True(t, is)
	require.Equal(t, siti, found)
	found, is = b.staff.Person("ayu")
	require.False(t, is)
	require.Zero(t, found)
}

func TestPersonIDs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, id := range []string{"ab", "a1", "9z", "siti.n-2_x", "a.", strings.Repeat("x", 32)} {
		b.hire(t, id, access.RoleViewer)
	}
	for _, id := range []string{
		"", "a", strings.Repeat("x", 33), "Siti", "siti n", " siti", "siti\n", "sïti", "siti/x", "..", ".siti", "-siti", "_siti", "a\x00b", "\xff\xff",
	} {
		_, err := b.staff.Add(t.Context(), "tester", access.NewPerson{ID: id, Name: "Name", Role: access.RoleViewer})
		require.ErrorIs(t, err, access.ErrPerson, "%q", id)
		require.ErrorContains(t, err, "id: want 2 to 32")
	}
	require.Len(t, b.staff.List(), 6)
}

func TestAddPersonRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleViewer)
	for name, try := range map[string]struct {
		person access.NewPerson
		want   error
		names  string
	}{
		"no name":             {access.NewPerson{ID: "ayu", Role: access.RoleViewer}, access.ErrPerson, "name: want 1 to 100"},
		"a long name":         {access.NewPerson{ID: "ayu", Name: strings.Repeat("é", access.MaxName+1), Role: access.RoleViewer}, access.ErrPerson, "name: want 1 to 100"},
		"a name in two lines": {access.NewPerson{ID: "ayu", Name: "A\nB", Role: access.RoleViewer}, access.ErrPerson, "name: want printable"},
		"a name of a space":   {access.NewPerson{ID: "ayu", Name: " ", Role: access.RoleViewer}, access.ErrPerson, "name: want printable"},
		"no role":             {access.NewPerson{ID: "ayu", Name: "Ayu"}, access.ErrPerson, "role: want one of [viewer finance approver operator merchant admin]"},
		"another role":        {access.NewPerson{ID: "ayu", Name: "Ayu", Role: "root"}, access.ErrPerson, "role"},
		"a taken id":          {access.NewPerson{ID: "siti", Name: "Other", Role: access.RoleApprover}, access.ErrPersonTaken, "siti"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := b.staff.Add(t.Context(), "tester", try.person)
			require.ErrorIs(t, err, try.want)
			require.ErrorContains(t, err, try.names)
			require.Zero(t, p)
		})
	}
	t.Cleanup(func() {
		require.Len(t, b.staff.List(), 1)
		require.Equal(t, "Name of siti", b.staff.List()[0].Name)
		require.Len(t, b.changes(t), 1)
	})
}

func TestPersonsHaveALimit(t *testing.T) {
	t.Parallel()
	// In memory, for a thousand commits to a disk take as long as the disk likes.
	service := ledger.NewService(memory.Open(), ledger.Agreement{}, clock)
	staff, err := access.OpenStaff(t.Context(), service, newSealer(t), clock)
	require.NoError(t, err)
	// A hundred more than there is room for, at once.
	errs := make([]error, access.MaxPersons+100)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			_, errs[i] = staff.Add(t.Context(), "tester", access.NewPerson{ID: fmt.Sprint("p", i), Name: "Name", Role: access.RoleViewer})
		})
	}
	group.Wait()
	refused := 0
	for _, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, access.ErrTooManyPersons)
			refused++
		}
	}
	require.Equal(t, 100, refused)
	require.Len(t, staff.List(), access.MaxPersons)
}

func TestSetRoleAndSetActive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleViewer)
	_, token := b.issue(t, "siti", noon.AddDate(0, 0, 1))

	p, err := b.staff.SetRole(t.Context(), "tester", "siti", access.RoleApprover, "")
	require.NoError(t, err)
	require.Equal(t, access.RoleApprover, p.Role)
	checked, ok := b.staff.Check(token)
	require.True(t, ok)
	require.Equal(t, p, checked, "the next call has the new role")

	b.hire(t, "budi", access.RoleApprover)
	p, err = b.staff.SetActive(t.Context(), "tester", "siti", false)
	require.NoError(t, err)
	require.False(t, p.Active)
	_, ok = b.staff.Check(token)
	require.False(t, ok)
	b.restart(t)
	_, ok = b.staff.Check(token)
	require.False(t, ok)

	p, err = b.staff.SetActive(t.Context(), "tester", "siti", true)
	require.NoError(t, err)
	checked, ok = b.staff.Check(token)
	require.True(t, ok, "the token is good again")
	require.Equal(t, p, checked)

	_, err = b.staff.SetRole(t.Context(), "tester", "siti", "root", "")
	require.ErrorIs(t, err, access.ErrPerson)
	found, _ := b.staff.Person("siti")
	require.Equal(t, p, found)
}

func TestNobodyElseIsChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, change := range []func() error{
		func() error {
			_, err := b.staff.SetRole(t.Context(), "tester", "ayu", access.RoleViewer, "")
			return err
		},
		func() error { _, err := b.staff.SetActive(t.Context(), "tester", "ayu", true); return err },
		func() error { _, err := b.staff.RevokeToken(t.Context(), "tester", "ayu", "0123456789ab"); return err },
		func() error {
			_, _, err := b.staff.IssueToken(t.Context(), "tester", "ayu", "laptop", noon.AddDate(1, 0, 0))
			return err
		},
	} {
		err := change()
		require.ErrorIs(t, err, access.ErrUnknownPerson)
		require.ErrorContains(t, err, "ayu")
	}
	require.Empty(t, b.changes(t))
}

func TestTheLastApproverStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	// While there is none, nothing is kept.
	b.hire(t, "siti", access.RoleFinance)
	_, err := b.staff.SetActive(t.Context(), "tester", "siti", false)
	require.NoError(t, err)

	b.hire(t, "budi", access.RoleApprover)
	b.hire(t, "citra", access.RoleApprover)
	_, err = b.staff.SetActive(t.Context(), "tester", "citra", false)
	require.NoError(t, err, "budi is left")
	tokenID, _ := b.issue(t, "budi", noon.AddDate(1, 0, 0))
	before := b.staff.List()
	for name, change := range map[string]func() error{
		"demoted": func() error {
			_, err := b.staff.SetRole(t.Context(), "tester", "budi", access.RoleFinance, "")
			return err
		},
		"deactivated": func() error { _, err := b.staff.SetActive(t.Context(), "tester", "budi", false); return err },
	} {
		err := change()
		require.ErrorIs(t, err, access.ErrLastApprover, name)
		require.ErrorContains(t, err, "budi", name)
	}
	require.Equal(t, before, b.staff.List())
	// What an inactive approver may be is nobody's last hope.
	_, err = b.staff.SetRole(t.Context(), "tester", "citra", access.RoleViewer, "")
	require.NoError(t, err)
	_, err = b.staff.RevokeToken(t.Context(), "tester", "budi", tokenID)
	require.NoError(t, err)

	b.hire(t, "dewi", access.RoleApprover)
	_, err = b.staff.SetRole(t.Context(), "tester", "budi", access.RoleFinance, "")
	require.NoError(t, err)
	_, err = b.staff.SetActive(t.Context(), "tester", "dewi", false)
	require.ErrorIs(t, err, access.ErrLastApprover)
}

func TestOfTwoApproversWhoLeaveAtOnceOneStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "budi", access.RoleApprover)
	b.hire(t, "citra", access.RoleApprover)
	errs := make([]error, 2)
	var group sync.WaitGroup
	group.Go(func() { _, errs[0] = b.staff.SetActive(t.Context(), "tester", "budi", false) })
	group.Go(func() { _, errs[1] = b.staff.SetRole(t.Context(), "tester", "citra", access.RoleViewer, "") })
	group.Wait()
	require.NotEqual(t, errs[0] == nil, errs[1] == nil)
	for _, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, access.ErrLastApprover)
		}
	}
}

func TestStaffStandsInTheJournalWithWhoChangedIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.staff.Add(t.Context(), "operator ayu", access.NewPerson{ID: "siti", Name: "Siti", Role: access.RoleViewer})
	require.NoError(t, err)
	_, err = b.staff.SetRole(t.Context(), "operator budi", "siti", access.RoleViewer, "")
	require.NoError(t, err, "already so: nothing to write")
	_, err = b.staff.SetActive(t.Context(), "operator budi", "siti", true)
	require.NoError(t, err, "already so: nothing to write")
	_, err = b.staff.SetRole(t.Context(), "operator citra", "siti", access.RoleFinance, "")
	require.NoError(t, err)
	tokenID, token, err := b.staff.IssueToken(t.Context(), "operator dewi", "siti", "laptop", noon.AddDate(1, 0, 0))
	require.NoError(t, err)
	_, err = b.staff.RevokeToken(t.Context(), "operator eka", "siti", tokenID)
	require.NoError(t, err)
	_, err = b.staff.SetActive(t.Context(), "operator fajar", "siti", false)
	require.NoError(t, err)

	var who []string
	for _, change := range b.changes(t) {
		require.Equal(t, "person/siti", change.Key)
		require.NotContains(t, string(change.Value), token)
		who = append(who, change.By)
	}
	require.Equal(t, []string{"operator ayu", "operator citra", "operator dewi", "operator eka", "operator fajar"}, who)
}

func TestStaffSurvivesARestart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleApprover)
	b.hire(t, "budi", access.RoleViewer)
	_, token := b.issue(t, "siti", noon.AddDate(1, 0, 0))
	b.issue(t, "siti", noon.AddDate(0, 1, 0))
	_, err := b.staff.SetActive(t.Context(), "tester", "budi", false)
	require.NoError(t, err)
	before := b.staff.List()

	b.restart(t)
	require.Equal(t, before, b.staff.List())
	p, ok := b.staff.Check(token)
	require.True(t, ok)
	require.Equal(t, before[1], p)
}

func TestOpenStaffRefusesWhatItCanNotTrust(t *testing.T) {
	t.Parallel()
	token := func(s map[string]any) map[string]any { return s["tokens"].([]any)[0].(map[string]any) }
	for name, try := range map[string]struct {
		alter func(setting map[string]any)
		names string
	}{
		"a newer version":        {func(s map[string]any) { s["v"] = 3 }, "version 3, this program reads 1 to 2"},
		"another's id":           {func(s map[string]any) { s["id"] = "budi" }, "holds person budi"},
		"no id":                  {func(s map[string]any) { s["id"] = "" }, "id: want"},
		"no name":                {func(s map[string]any) { s["name"] = "" }, "name: want"},
		"a later program's role": {func(s map[string]any) { s["role"] = "auditor" }, "role: want"},
		"a time that is none":    {func(s map[string]any) { s["created"] = "yesterday" }, "cannot parse"},
		"tokens of another kind": {func(s map[string]any) { s["tokens"] = "none" }, "cannot unmarshal"},
		"a token without digest": {func(s map[string]any) { delete(token(s), "sha256") }, "token 1 has no SHA-256"},
		"a token in the clear":   {func(s map[string]any) { token(s)["sha256"] = "ppf_SECRET" }, "not 64 hexadecimal digits"},
		"a short digest":         {func(s map[string]any) { token(s)["sha256"] = sha256Hex("x")[2:] }, "not 64 hexadecimal digits"},
		"a long digest":          {func(s map[string]any) { token(s)["sha256"] = sha256Hex("x") + "00" }, "not 64 hexadecimal digits"},
		"one token twice":        {func(s map[string]any) { s["tokens"] = append(s["tokens"].([]any), token(s)) }, "one of siti already"},
		"another's token":        {func(s map[string]any) { token(s)["sha256"] = sha256Hex(access.SandboxFinanceToken) }, "one of sandbox-finance already"},
		"too many tokens": {func(s map[string]any) {
			for range access.MaxTokens {
				s["tokens"] = append(s["tokens"].([]any), token(s))
			}
		}, "11 tokens: a person has at most 10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			require.NoError(t, b.staff.EnsureSandbox(t.Context()))
			b.hire(t, "siti", access.RoleFinance)
			b.issue(t, "siti", noon.AddDate(1, 0, 0))
			b.alter(t, "person/siti", try.alter)
			_, err := access.OpenStaff(t.Context(), b.service, b.sealer, clock)
			require.ErrorContains(t, err, "load person/siti")
			require.ErrorContains(t, err, try.names)
			require.NotContains(t, err.Error(), "ppf_")
		})
	}
}

// TestStoredPersons opens the recorded settings, each named for its defect.
func TestStoredPersons(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]string{
		"good": "", "good-inactive": "", "good-sandbox": "",
		"broken-version": "version 3", "broken-other-id": "holds person budi", "broken-role": "role: want",
		"broken-name-lines": "name: want printable", "broken-truncated": "unexpected end", "broken-null": "version 0",
		"broken-token-twice": "one of siti already", "broken-token-null": "no SHA-256", "broken-token-short": "not 64 hexadecimal",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			value, err := os.ReadFile(filepath.Join("testdata", "person", name+".json"))
			require.NoError(t, err)
			b := setup(t)
			require.NoError(t, b.service.Alter(t.Context(), "person/siti", "tester", func([]byte) ([]byte, error) { return value, nil }))
			_, err = access.OpenStaff(t.Context(), b.service, b.sealer, clock)
			if rule == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "load person/siti")
			require.ErrorContains(t, err, rule)
		})
	}
}

// blind is a ledger service whose settings cannot be read.
type blind struct{ access.Settings }

func (b blind) Reader() ledger.Reader { return unreadable{b.Settings.Reader()} }

func TestOpenStaffTellsThatTheLedgerCanNotBeRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := access.OpenStaff(t.Context(), blind{b.service}, b.sealer, clock)
	require.ErrorIs(t, err, errRefused)
	require.ErrorContains(t, err, "load persons")
}

func TestARefusedChangeOfStaffChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	settings := &stubborn{Settings: b.service}
	staff, err := access.OpenStaff(t.Context(), settings, b.sealer, clock)
	require.NoError(t, err)
	_, err = staff.Add(t.Context(), "tester", access.NewPerson{ID: "siti", Name: "Siti", Role: access.RoleFinance})
	require.NoError(t, err)
	tokenID, token, err := staff.IssueToken(t.Context(), "tester", "siti", "laptop", noon.AddDate(1, 0, 0))
	require.NoError(t, err)
	before := staff.List()

	settings.refusal = errRefused
	_, err = staff.Add(t.Context(), "tester", access.NewPerson{ID: "budi", Name: "Budi", Role: access.RoleFinance})
	require.ErrorIs(t, err, errRefused)
	_, err = staff.SetRole(t.Context(), "tester", "siti", access.RoleViewer, "")
	require.ErrorIs(t, err, errRefused)
	_, err = staff.SetActive(t.Context(), "tester", "siti", false)
	require.ErrorIs(t, err, errRefused)
	id, none, err := staff.IssueToken(t.Context(), "tester", "siti", "phone", noon.AddDate(1, 0, 0))
	require.ErrorIs(t, err, errRefused)
	require.Empty(t, id+none)
	_, err = staff.RevokeToken(t.Context(), "tester", "siti", tokenID)
	require.ErrorIs(t, err, errRefused)
	require.Equal(t, before, staff.List())
	_, ok := staff.Check(token)
	require.True(t, ok)
}

func TestListsAreCopies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleViewer)
	_, token := b.issue(t, "siti", noon.AddDate(1, 0, 0))
	before := b.staff.List()
	list := b.staff.List()
	list[0].Role, list[0].Tokens[0].Label = access.RoleApprover, "altered"
	p, _ := b.staff.Check(token)
	p.Tokens[0].Label = "altered"
	require.Equal(t, before, b.staff.List())
}
