package access_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

func TestAPersonOfAMerchantIsOfOneThatThereIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, _ := b.add(t, access.NewMerchant{Name: "Kopi Nusantara"})
	for name, try := range map[string]struct {
		person access.NewPerson
		want   error
		names  string
	}{
		"no merchant":           {access.NewPerson{ID: "ayu", Name: "Ayu", Role: access.RoleMerchant}, access.ErrPerson, "merchant: want G"},
		"another merchant":      {access.NewPerson{ID: "ayu", Name: "Ayu", Role: access.RoleMerchant, Merchant: "G999999999"}, access.ErrUnknownMerchant, "G999999999"},
		"a prefix of one":       {access.NewPerson{ID: "ayu", Name: "Ayu", Role: access.RoleMerchant, Merchant: "G"}, access.ErrPerson, "merchant: want G"},
		"a person of finance":   {access.NewPerson{ID: "ayu", Name: "Ayu", Role: access.RoleFinance, Merchant: m.ID}, access.ErrPerson, "merchant: only"},
		"no role of a merchant": {access.NewPerson{ID: "ayu", Name: "Ayu", Merchant: m.ID}, access.ErrPerson, "role: want"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.staff.Add(t.Context(), "tester", try.person)
			require.ErrorIs(t, err, try.want)
			require.ErrorContains(t, err, try.names)
		})
	}
	p, err := b.staff.Add(t.Context(), "tester", access.NewPerson{ID: "ayu", Name: "Ayu", Role: access.RoleMerchant, Merchant: m.ID})
	require.NoError(t, err)
	require.Equal(t, m.ID, p.Merchant)
	b.restart(t)
	p, _ = b.staff.Person("ayu")
	require.Equal(t, m.ID, p.Merchant)

	_, err = b.staff.SetRole(t.Context(), "tester", "ayu", access.RoleViewer, m.ID)
	require.ErrorIs(t, err, access.ErrPerson)
	p, err = b.staff.SetRole(t.Context(), "tester", "ayu", access.RoleViewer, "")
	require.NoError(t, err)
	require.Empty(t, p.Merchant)
	_, err = b.staff.SetRole(t.Context(), "tester", "ayu", access.RoleMerchant, "G000000009")
	require.ErrorIs(t, err, access.ErrUnknownMerchant)
	p, err = b.staff.SetRole(t.Context(), "tester", "ayu", access.RoleMerchant, m.ID)
	require.NoError(t, err)
	require.Equal(t, m.ID, p.Merchant)
}

func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "ade", access.RoleAdmin)
	for name, change := range map[string]func() error{
		"demoted": func() error {
			_, err := b.staff.SetRole(t.Context(), "tester", "ade", access.RoleFinance, "")
			return err
		},
		"shut out": func() error { _, err := b.staff.SetActive(t.Context(), "tester", "ade", false); return err },
	} {
		require.ErrorIs(t, change(), access.ErrLastAdmin, name)
	}
	b.hire(t, "bayu", access.RoleAdmin)
	errs := make([]error, 2)
	var group sync.WaitGroup
	group.Go(func() { _, errs[0] = b.staff.SetActive(t.Context(), "bayu", "ade", false) })
	group.Go(func() { _, errs[1] = b.staff.SetRole(t.Context(), "ade", "bayu", access.RoleViewer, "") })
	group.Wait()
	require.NotEqual(t, errs[0] == nil, errs[1] == nil, "of two who end each other one stays")
}

// What ends a person's sign-ins changes their stamp; what does not leaves it.
func TestStamps(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleFinance)
	b.hire(t, "ade", access.RoleAdmin)
	stamp := func() uint64 { p, _ := b.staff.Person("siti"); return p.Stamp }
	for name, act := range map[string]struct {
		change func() error
		ends   bool
	}{
		"another role":      {func() error { _, err := b.staff.SetRole(t.Context(), "ade", "siti", access.RoleViewer, ""); return err }, true},
		"the same activity": {func() error { _, err := b.staff.SetActive(t.Context(), "ade", "siti", true); return err }, false},
		"all ended":         {func() error { _, err := b.staff.EndSignIns(t.Context(), "ade", "siti"); return err }, true},
		"a password":        {func() error { _, err := b.staff.SetPassword(t.Context(), "siti", phrase); return err }, true},
		"a token":           {func() error { _, _, err := b.staff.IssueToken(t.Context(), "ade", "siti", "laptop", never); return err }, false},
		"codes begun":       {func() error { _, err := b.staff.BeginTOTP(t.Context(), "siti"); return err }, false},
	} {
		before := stamp()
		require.NoError(t, act.change(), name)
		require.Equal(t, act.ends, stamp() != before, name)
	}
	_, err := b.staff.EndSignIns(t.Context(), "ade", "dewi")
	require.ErrorIs(t, err, access.ErrUnknownPerson)
}

// A setting of a program that knew no passwords is read, and written anew on the
// next change.
func TestAnOlderPersonIsRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleFinance)
	b.alter(t, "person/siti", func(s map[string]any) { s["v"] = 1; delete(s, "stamp") })
	b.restart(t)
	p, is := b.staff.Person("siti")
	require.True(t, is)
	require.False(t, p.HasPassword)
	b.enter(t, "siti", phrase)
	b.restart(t)
	_, err := b.staff.CheckPassword(t.Context(), "siti", phrase)
	require.NoError(t, err)
}

// A password whose hash asks for more than ours is not computed: it could take
// gigabytes.
func TestOpenStaffRefusesPasswordsThatItCanNotCheck(t *testing.T) {
	t.Parallel()
	for name, hash := range map[string]string{
		"empty":             "",
		"in the clear":      phrase,
		"another algorithm": "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"gigabytes":         "$argon2id$v=19$m=4194304,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"a short salt":      "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"no digest":         "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.hire(t, "siti", access.RoleFinance)
			b.enter(t, "siti", "another password")
			b.alter(t, "person/siti", func(s map[string]any) { s["password"].(map[string]any)["hash"] = hash })
			_, err := access.OpenStaff(t.Context(), b.service, b.sealer, clock)
			require.ErrorContains(t, err, "load person/siti: password: ")
			require.NotContains(t, err.Error(), phrase)
		})
	}
}
