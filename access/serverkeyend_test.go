package access_test

import (
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
)

// inThreeDays is the end of an old key for which the tests don't wait.
func inThreeDays() access.OldKeyEnd { return access.OldKeyEndsAt(noon.Add(access.DefaultOldKey)) }

// rotation is a merchant whose key was rotated at noon.
type rotation struct {
	*bundle
	id         string
	old, fresh access.ServerKey
}

func rotate(t *testing.T, end access.OldKeyEnd) *rotation {
	t.Helper()
	b := setup(t)
	m, old := b.add(t, access.NewMerchant{Name: "Shop"})
	_, fresh, err := b.directory.RotateKey(t.Context(), "tester", m.ID, end)
	require.NoError(t, err)
	return &rotation{b, m.ID, old, fresh}
}

// works says whether the directory takes a key.
func (b *bundle) works(t *testing.T, key access.ServerKey) bool {
	t.Helper()
	_, err := b.directory.Authenticate(t.Context(), key.Reveal())
	if err != nil {
		require.ErrorIs(t, err, access.ErrUnknownKey)
	}
	return err == nil
}

// requireOld says whether the old key works, signs and is listed.
func (r *rotation) requireOld(t *testing.T, lives bool) {
	t.Helper()
	require.Equal(t, lives, r.works(t, r.old))
	keys, err := r.directory.SigningKeys(r.id)
	require.NoError(t, err)
	want := []access.ServerKey{r.fresh}
	if lives {
		want = []access.ServerKey{r.old, r.fresh}
	}
	require.Equal(t, want, keys)
	require.Equal(t, want[0].Reveal(), r.signingKey(t, r.id))
	m, _ := r.directory.Merchant(r.id)
	require.Len(t, m.Keys, len(want))
	require.True(t, m.Keys[0].Signs)
	require.Equal(t, []access.Merchant{m}, r.directory.List())
}

func TestTheOldKeyEndsAtItsMinute(t *testing.T) {
	t.Parallel()
	end := noon.Add(access.DefaultOldKey)
	for name, c := range map[string]struct {
		at    time.Time
		lives bool
	}{
		"at once":                {noon, true},
		"a minute before":        {end.Add(-time.Minute), true},
		"a nanosecond before":    {end.Add(-1), true},
		"at the minute":          {end, false},
		"a minute after":         {end.Add(time.Minute), false},
		"a year after":           {end.AddDate(1, 0, 0), false},
		"by a clock in any zone": {end.UTC(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rotate(t, access.OldKeyEndsAt(end))
			before := len(r.changes(t))
			for range 2 { // the second time after a restart
				r.now = c.at
				r.requireOld(t, c.lives)
				r.restart(t)
			}
			require.Len(t, r.changes(t), before, "who asks with the old key writes nothing")
			require.True(t, r.works(t, r.fresh))
		})
	}
}

func TestAMerchantSaysWhenItsOldKeyEnds(t *testing.T) {
	t.Parallel()
	end := noon.Add(time.Hour)
	r := rotate(t, access.OldKeyEndsAt(end.Add(-59*time.Second)))
	during, _ := r.directory.Merchant(r.id)
	require.Equal(t, []time.Time{end, {}}, []time.Time{during.Keys[0].Ends, during.Keys[1].Ends}, "rounded up to the minute")
	require.Zero(t, during.EndedKey)
	text, err := json.Marshal(during)
	require.NoError(t, err)
	require.Contains(t, string(text), `"ends":"2026-03-04T13:00:00+07:00"`)
	require.NotContains(t, string(text), "ended_key")

	r.now = end
	after, _ := r.directory.Merchant(r.id)
	require.Equal(t, access.EndedKey{Fingerprint: during.Keys[0].Fingerprint, Ended: end}, after.EndedKey)
	require.Equal(t, []access.Key{{Fingerprint: during.Keys[1].Fingerprint, Created: noon, Signs: true}}, after.Keys)
	changed, err := r.directory.SetHold(t.Context(), "tester", r.id, time.Hour)
	require.NoError(t, err)
	require.Equal(t, after.Keys, changed.Keys)

	// The first use of the new one, later, takes the old one out of the ledger.
	r.now = end.Add(time.Hour)
	require.True(t, r.works(t, r.fresh))
	require.NotContains(t, string(r.kept(t)), `"ends"`)
	used, _ := r.directory.Merchant(r.id)
	require.Equal(t, after.EndedKey, used.EndedKey, "it ended at its minute")
	r.now = noon
	require.False(t, r.works(t, r.old), "a clock that is set back revives no key")
}

// kept is the merchant as the ledger keeps it.
func (r *rotation) kept(t *testing.T) []byte {
	t.Helper()
	settings, err := r.store.Settings(t.Context(), "merchant/")
	require.NoError(t, err)
	return settings["merchant/"+r.id]
}

func TestTheFirstCallEndsTheOldKeyBeforeItsMinute(t *testing.T) {
	t.Parallel()
	r := rotate(t, inThreeDays())
	r.now = noon.Add(90 * time.Second)
	require.True(t, r.works(t, r.fresh))
	r.requireOld(t, false)
	r.restart(t)
	r.requireOld(t, false)
	m, _ := r.directory.Merchant(r.id)
	require.Equal(t, r.now, m.EndedKey.Ended)
}

func TestALeakedKeyEndsAtOnce(t *testing.T) {
	t.Parallel()
	r := rotate(t, access.OldKeyEndsNow())
	r.requireOld(t, false)
	require.NotContains(t, string(r.kept(t)), sha256Hex(r.old.Reveal()), "it is not kept")
	r.now = noon.Add(-time.Hour)
	r.requireOld(t, false)
	r.restart(t)
	r.requireOld(t, false)
	m, _ := r.directory.Merchant(r.id)
	require.Equal(t, noon, m.EndedKey.Ended)
	before := len(r.changes(t))
	require.True(t, r.works(t, r.fresh))
	require.Len(t, r.changes(t), before, "its first use ends nothing more")
}

func TestRotatingAgainNeverLengthensTheOldKeysLife(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		again access.OldKeyEnd
		ends  time.Time
	}{
		"later":  {access.OldKeyEndsAt(noon.Add(48 * time.Hour)), noon.Add(24 * time.Hour)},
		"sooner": {access.OldKeyEndsAt(noon.Add(2 * time.Hour)), noon.Add(2 * time.Hour)},
		"now":    {access.OldKeyEndsNow(), noon.Add(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rotate(t, access.OldKeyEndsAt(noon.Add(24*time.Hour)))
			lost := r.fresh
			r.now = noon.Add(time.Hour)
			_, fresh, err := r.directory.RotateKey(t.Context(), "tester", r.id, c.again)
			require.NoError(t, err)
			r.fresh = fresh
			require.False(t, r.works(t, lost))
			r.now = c.ends.Add(-1)
			if r.now.After(noon.Add(time.Hour)) {
				r.requireOld(t, true)
			}
			r.now = c.ends
			r.requireOld(t, false)
		})
	}
}

// Once the old key has ended the one that waits for its first use is the only one,
// and the next rotation's old one.
func TestRotatingAfterTheEndKeepsTheUnusedKey(t *testing.T) {
	t.Parallel()
	r := rotate(t, access.OldKeyEndsAt(noon.Add(time.Hour)))
	r.now = noon.Add(2 * time.Hour)
	m, fresh, err := r.directory.RotateKey(t.Context(), "tester", r.id, access.OldKeyEndsAt(noon.Add(4*time.Hour)))
	require.NoError(t, err)
	require.Equal(t, noon.Add(4*time.Hour), m.Keys[0].Ends)
	require.Equal(t, noon.Add(time.Hour), m.EndedKey.Ended)
	require.False(t, r.works(t, r.old))
	next := &rotation{r.bundle, r.id, r.fresh, fresh}
	next.requireOld(t, true)
	r.now = noon.Add(4 * time.Hour)
	next.requireOld(t, false)
}

func TestEndsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  access.OldKeyEnd
		says string
	}{
		"none said":      {access.OldKeyEnd{}, "say when the old key ends"},
		"no time":        {access.OldKeyEndsAt(time.Time{}), "say when the old key ends"},
		"this minute":    {access.OldKeyEndsAt(noon), "2026-03-04T12:00:00+07:00, which is past"},
		"a minute ago":   {access.OldKeyEndsAt(noon.Add(-time.Minute)), "which is past"},
		"after too long": {access.OldKeyEndsAt(noon.Add(access.MaxOldKey + 1)), "want at most 720h0m0s from now"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			m, old := b.add(t, access.NewMerchant{Name: "Shop"})
			before := b.directory.List()
			_, none, err := b.directory.RotateKey(t.Context(), "tester", m.ID, c.end)
			require.ErrorIs(t, err, access.ErrOldKeyEnd)
			require.ErrorContains(t, err, c.says)
			require.Empty(t, none.Reveal())
			require.Equal(t, before, b.directory.List())
			require.True(t, b.works(t, old))
		})
	}
	r := rotate(t, access.OldKeyEndsAt(noon.Add(access.MaxOldKey)))
	require.Equal(t, noon.Add(access.MaxOldKey).UTC(), access.OldKeyEndsAt(noon.Add(access.MaxOldKey)).At())
	r.requireOld(t, true)
}

// A record of an earlier program has no end: the old key lives until the first
// call with the new one, and the next rotation gives it one.
func TestARotationOfAnEarlierProgramHasNoEnd(t *testing.T) {
	t.Parallel()
	r := rotate(t, inThreeDays())
	require.Contains(t, string(r.kept(t)), `"v":2,`, "an earlier program must not read it, for it would end no key")
	r.alter(t, "merchant/"+r.id, func(setting map[string]any) {
		setting["v"] = 1
		delete(setting["keys"].([]any)[0].(map[string]any), "ends")
	})
	r.restart(t)
	r.now = noon.AddDate(5, 0, 0)
	r.requireOld(t, true)
	m, fresh, err := r.directory.RotateKey(t.Context(), "tester", r.id, access.OldKeyEndsAt(r.now.Add(time.Hour)))
	require.NoError(t, err)
	require.Equal(t, r.now.Add(time.Hour), m.Keys[0].Ends)
	r.fresh = fresh
	r.now = r.now.Add(time.Hour)
	r.requireOld(t, false)
	require.True(t, r.works(t, r.fresh))
	require.Contains(t, string(r.kept(t)), `"v":1,`, "an earlier program may read it again")
}

// While the minute passes, callers with the old key are answered one way or the
// other, and none after one who was refused.
func TestCallsWithTheOldKeyWhileItEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	end := noon.Add(time.Hour)
	var mu sync.Mutex
	now := noon
	directory, err := access.OpenDirectory(t.Context(), b.service, b.sealer, func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	})
	require.NoError(t, err)
	m, old, err := directory.Add(t.Context(), "tester", access.NewMerchant{Name: "Shop"})
	require.NoError(t, err)
	_, fresh, err := directory.RotateKey(t.Context(), "tester", m.ID, access.OldKeyEndsAt(end))
	require.NoError(t, err)

	var callers sync.WaitGroup
	var revived atomic.Int32
	works := func() bool {
		_, err := directory.Authenticate(t.Context(), old.Reveal())
		return err == nil
	}
	for range 8 {
		callers.Go(func() {
			for range 3600 { // each call takes a second: the hour passes
				if !works() {
					break
				}
			}
			for range 100 {
				if works() {
					revived.Add(1)
				}
			}
		})
	}
	callers.Wait()
	require.Zero(t, revived.Load())
	found, err := directory.Authenticate(t.Context(), fresh.Reveal())
	require.NoError(t, err)
	require.Equal(t, end.In(ledger.WIB), found.EndedKey.Ended)
}
