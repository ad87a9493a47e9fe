package access_test

import (
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

func TestAddGivesOutIdsPrefixesAndKeysAscending(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, key := b.add(t, access.NewMerchant{Name: "First Shop", Hold: access.DefaultHold})
	require.Equal(t, access.Merchant{
		ID: "G000000001", Name: "First Shop", Prefix: "100", Hold: time.Minute, Active: true, Created: noon,
		Keys: []access.Key{{Fingerprint: first.Keys[0].Fingerprint, Created: noon, Signs: true}},
	}, first)
	require.Regexp(t, `^paypoint-server-[A-Za-z0-9_-]{43}$`, key.Reveal())

	chosen, other := b.add(t, access.NewMerchant{Name: "Chosen", Prefix: "101"})
	require.Equal(t, "G000000002", chosen.ID)
	require.Equal(t, "101", chosen.Prefix)
	require.NotEqual(t, key.Reveal(), other.Reveal())
	third, _ := b.add(t, access.NewMerchant{Name: "Third"})
	require.Equal(t, "102", third.Prefix)

	require.Equal(t, []access.Merchant{first, chosen, third}, b.directory.List())
}

func TestHasSecretsOnceThereIsAMerchant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	// A setting that seals nothing does not ask for a master key.
	require.NoError(t, b.service.Alter(t.Context(), "maintenance", "tester", func([]byte) ([]byte, error) {
		return []byte(`{}`), nil
	}))
	sealed, err := access.HasSecrets(t.Context(), b.store)
	require.NoError(t, err)
	require.False(t, sealed)

	b.add(t, access.NewMerchant{Name: "Shop"})
	sealed, err = access.HasSecrets(t.Context(), b.store)
	require.NoError(t, err)
	require.True(t, sealed)

	_, err = access.HasSecrets(t.Context(), unreadable{b.store})
	require.ErrorIs(t, err, errRefused)
	require.ErrorContains(t, err, "look for sealed secrets")
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add(t, access.NewMerchant{Name: "Shop", Prefix: "500"})
	for name, try := range map[string]struct {
		merchant access.NewMerchant
		want     error
		names    string
	}{
		"no name":             {access.NewMerchant{}, access.ErrMerchant, "name"},
		"a long name":         {access.NewMerchant{Name: strings.Repeat("é", access.MaxName+1)}, access.ErrMerchant, "name"},
		"a name in two lines": {access.NewMerchant{Name: "A\nB"}, access.ErrMerchant, "name"},
		"a name of a space":   {access.NewMerchant{Name: " "}, access.ErrMerchant, "name"},
		"a name of no text":   {access.NewMerchant{Name: "\xff"}, access.ErrMerchant, "name"},
		"a taken prefix":      {access.NewMerchant{Name: "B", Prefix: "500"}, access.ErrPrefixTaken, "G000000001"},
		"a low prefix":        {access.NewMerchant{Name: "B", Prefix: "099"}, access.ErrMerchant, "prefix"},
		"a long prefix":       {access.NewMerchant{Name: "B", Prefix: "1000"}, access.ErrMerchant, "prefix"},
		"a prefix of letters": {access.NewMerchant{Name: "B", Prefix: "1a1"}, access.ErrMerchant, "prefix"},
		"a negative hold":     {access.NewMerchant{Name: "B", Hold: -time.Second}, access.ErrMerchant, "hold"},
		"a long hold":         {access.NewMerchant{Name: "B", Hold: access.MaxHold + 1}, access.ErrMerchant, "hold"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, key, err := b.directory.Add(t.Context(), "tester", try.merchant)
			require.ErrorIs(t, err, try.want)
			require.ErrorContains(t, err, try.names)
			require.Empty(t, key.Reveal())
		})
	}
	t.Cleanup(func() { require.Len(t, b.directory.List(), 1) })
}

func TestAddEndsWithThePrefixes(t *testing.T) {
	t.Parallel()
	// In memory, for 900 commits to a disk take as long as the disk likes.
	service := ledger.NewService(memory.Open(), ledger.Agreement{}, clock)
	directory, err := access.OpenDirectory(t.Context(), service, newSealer(t), clock)
	require.NoError(t, err)
	const merchants = 900
	errs := make([]error, merchants)
	var group sync.WaitGroup
	for i := range merchants {
		group.Go(func() {
			_, _, errs[i] = directory.Add(t.Context(), "tester", access.NewMerchant{Name: fmt.Sprint("Shop ", i)})
		})
	}
	group.Wait()
	ids, prefixes := map[string]bool{}, map[string]bool{}
	for _, m := range directory.List() {
		ids[m.ID], prefixes[m.Prefix] = true, true
	}
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Len(t, ids, merchants)
	require.Len(t, prefixes, merchants)
	_, _, err = directory.Add(t.Context(), "tester", access.NewMerchant{Name: "One more"})
	require.ErrorIs(t, err, access.ErrPrefixesExhausted)
}

func TestDirectorySurvivesARestart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, key := b.add(t, access.NewMerchant{Name: "Toko Bahagia", Prefix: "321", Hold: time.Minute})
	_, err := b.directory.SetActive(t.Context(), "tester", m.ID, false)
	require.NoError(t, err)
	before := b.directory.List()

	b.restart(t)
	require.Equal(t, before, b.directory.List())
	found, err := b.directory.Authenticate(t.Context(), key.Reveal())
	require.NoError(t, err)
	require.Equal(t, before[0], found)
	require.False(t, found.Active)
	next, _ := b.add(t, access.NewMerchant{Name: "Next"})
	require.Equal(t, "G000000002", next.ID)
}

func TestChangesStandInTheJournalWithWhoMadeThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, _, err := b.directory.Add(t.Context(), "operator ayu", access.NewMerchant{Name: "Shop"})
	require.NoError(t, err)
	_, err = b.directory.SetActive(t.Context(), "operator budi", m.ID, true)
	require.NoError(t, err, "already so: nothing to write")
	_, err = b.directory.SetActive(t.Context(), "operator budi", m.ID, false)
	require.NoError(t, err)
	_, key, err := b.directory.RotateKey(t.Context(), "operator citra", m.ID, inThreeDays())
	require.NoError(t, err)
	_, err = b.directory.Authenticate(t.Context(), key.Reveal())
	require.NoError(t, err)

	var who []string
	for _, change := range b.changes(t) {
		require.Equal(t, "merchant/"+m.ID, change.Key)
		require.NotContains(t, string(change.Value), key.Reveal())
		who = append(who, change.By)
	}
	require.Equal(t, []string{"operator ayu", "operator budi", "operator citra", "merchant " + m.ID}, who)
}

func TestOpenDirectoryRefusesWhatItCanNotTrust(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		alter func(setting map[string]any)
		names string
	}{
		"a newer version":      {func(s map[string]any) { s["v"] = 3 }, "version 3, this program reads 1 to 2"},
		"no version":           {func(s map[string]any) { delete(s, "v") }, "version 0"},
		"another's id":         {func(s map[string]any) { s["id"] = "G000000002" }, "holds merchant G000000002"},
		"no id":                {func(s map[string]any) { s["id"] = "" }, "nine digits"},
		"no key":               {func(s map[string]any) { s["keys"] = nil }, "no server key"},
		"keys of another kind": {func(s map[string]any) { s["keys"] = "none" }, "cannot unmarshal"},
		"another key sealed": {func(s map[string]any) {
			s["keys"].([]any)[0].(map[string]any)["sha256"] = sha256Hex("other")
		}, "another key is sealed"},
		"an altered seal": {func(s map[string]any) {
			s["keys"].([]any)[0].(map[string]any)["sealed"] = "v1:AAAA"
		}, "does not open"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.add(t, access.NewMerchant{Name: "Shop"})
			b.alter(t, "merchant/G000000001", try.alter)
			_, err := access.OpenDirectory(t.Context(), b.service, b.sealer, clock)
			require.ErrorContains(t, err, "merchant/G000000001")
			require.ErrorContains(t, err, try.names)
		})
	}
}

func TestOpenDirectoryFindsAWrongMasterKeyAtTheStart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add(t, access.NewMerchant{Name: "Shop"})
	_, err := access.OpenDirectory(t.Context(), b.service, newSealer(t), clock)
	require.ErrorIs(t, err, access.ErrSealed)
	require.ErrorContains(t, err, "merchant/G000000001")
}

func TestARefusedChangeChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	settings := &stubborn{Settings: b.service}
	directory, err := access.OpenDirectory(t.Context(), settings, b.sealer, clock)
	require.NoError(t, err)
	m, key, err := directory.Add(t.Context(), "tester", access.NewMerchant{Name: "Shop"})
	require.NoError(t, err)
	_, fresh, err := directory.RotateKey(t.Context(), "tester", m.ID, inThreeDays())
	require.NoError(t, err)
	before := directory.List()

	settings.refusal = errRefused
	_, none, err := directory.Add(t.Context(), "tester", access.NewMerchant{Name: "Other"})
	require.ErrorIs(t, err, errRefused)
	require.Empty(t, none.Reveal())
	_, none, err = directory.RotateKey(t.Context(), "tester", m.ID, inThreeDays())
	require.ErrorIs(t, err, errRefused)
	require.Empty(t, none.Reveal())
	_, err = directory.SetActive(t.Context(), "tester", m.ID, false)
	require.ErrorIs(t, err, errRefused)
	_, err = directory.Authenticate(t.Context(), fresh.Reveal())
	require.ErrorIs(t, err, errRefused, "the old key must not stay valid beside a new one in use")
	require.Equal(t, before, directory.List())
	_, err = directory.Authenticate(t.Context(), key.Reveal())
	require.NoError(t, err)
}

func TestMerchantByID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, _ := b.add(t, access.NewMerchant{Name: "Shop"})
	found, is := b.directory.Merchant(m.ID)
	require.True(t, is)
	require.Equal(t, m, found)
	_, is = b.directory.Merchant("G999999999")
	require.False(t, is)
}
