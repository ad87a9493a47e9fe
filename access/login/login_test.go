package login_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"paypoint/access"
	"paypoint/access/login"
)

func TestASignInIsFoundByItsToken(t *testing.T) {
	t.Parallel()
	d := setup(t)
	token := d.begin(t, "siti")
	require.Regexp(t, `^[A-Z2-7]{26}$`, token)
	other := d.begin(t, "budi")
	for range 2 {
		l, p, err := d.store.Find(token, d)
		require.NoError(t, err)
		require.Equal(t, d.persons["siti"], p)
		require.Equal(t, "192.0.2.1", l.Address)
		require.True(t, l.Whole)
		require.True(t, d.in(t, other))
		d.restart(t)
	}
	for name, wrong := range map[string]string{
		"nothing": "", "another": strings.Repeat("A", 26), "the start": token[:25], "small letters": strings.ToLower(token),
		"a space": token + " ", "the person": "siti", "long": strings.Repeat("A", 1<<16), "a zero byte": token + "\x00",
	} {
		require.False(t, d.in(t, wrong), name)
	}
}

func TestTheFileHasNoToken(t *testing.T) {
	t.Parallel()
	d := setup(t)
	token := d.begin(t, "siti")
	require.NoError(t, d.store.Close())
	file, err := os.ReadFile(d.path)
	require.NoError(t, err)
	require.NotContains(t, string(file), token)
	info, err := os.Stat(d.path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	d.open(t)
}

func TestSignInsEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *desk, string){
		"idle": func(_ *testing.T, d *desk, _ string) { d.Advance(login.MaxIdle) },
		"old, though used": func(t *testing.T, d *desk, token string) {
			for range int(login.MaxLife/(20*time.Minute)) - 1 {
				d.Advance(20 * time.Minute)
				require.True(t, d.in(t, token))
			}
			d.Advance(20 * time.Minute)
		},
		"ended":      func(t *testing.T, d *desk, token string) { require.NoError(t, d.store.End(token)) },
		"shut out":   func(_ *testing.T, d *desk, _ string) { d.change("siti", func(p *access.Person) { p.Active = false }) },
		"stamp":      func(_ *testing.T, d *desk, _ string) { d.change("siti", func(p *access.Person) { p.Stamp++ }) },
		"person out": func(_ *testing.T, d *desk, _ string) { delete(d.persons, "siti") },
		"renewed": func(t *testing.T, d *desk, token string) {
			next, _, err := d.store.Renew(token, d.persons["siti"], true)
			require.NoError(t, err)
			require.True(t, d.in(t, next))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t)
			token, other := d.begin(t, "siti"), d.begin(t, "budi")
			require.True(t, d.in(t, token))
			end(t, d, token)
			require.False(t, d.in(t, token))
			d.restart(t)
			require.False(t, d.in(t, token))
			if name != "idle" && name != "old, though used" {
				require.True(t, d.in(t, other), "others go on")
			}
		})
	}
}

// Reading a page costs no write but once a minute.
func TestARequestIsWrittenDownOnceAMinute(t *testing.T) {
	t.Parallel()
	d := setup(t)
	token := d.begin(t, "siti")
	seen := func() time.Time {
		l, _, err := d.store.Find(token, d)
		require.NoError(t, err)
		return l.Seen.In(noon.Location())
	}
	d.Advance(59 * time.Second)
	require.Equal(t, noon, seen())
	d.Advance(time.Second)
	require.Equal(t, noon.Add(time.Minute), seen())
	d.Advance(59 * time.Second)
	require.Equal(t, noon.Add(time.Minute), seen())
	d.restart(t)
	require.Equal(t, noon.Add(time.Minute), seen())
}

// Half a sign-in is short, and its token is another's once it is whole.
func TestHalfASignIn(t *testing.T) {
	t.Parallel()
	d := setup(t)
	half, _, err := d.store.Begin(d.persons["siti"], false, "192.0.2.1")
	require.NoError(t, err)
	l, _, err := d.store.Find(half, d)
	require.NoError(t, err)
	require.False(t, l.Whole)
	d.Advance(5 * time.Minute)
	_, _, err = d.store.Renew(half, d.persons["budi"], true)
	require.ErrorIs(t, err, login.ErrNoLogin, "it is siti's")
	whole, l, err := d.store.Renew(half, d.persons["siti"], true)
	require.NoError(t, err)
	require.True(t, l.Whole)
	require.NotEqual(t, half, whole)
	require.False(t, d.in(t, half))
	_, _, err = d.store.Renew(half, d.persons["siti"], true)
	require.ErrorIs(t, err, login.ErrNoLogin)
	d.Advance(20 * time.Minute)
	require.True(t, d.in(t, whole))

	half, _, err = d.store.Begin(d.persons["siti"], false, "192.0.2.1")
	require.NoError(t, err)
	d.Advance(login.MaxHalf)
	require.False(t, d.in(t, half))
	_, _, err = d.store.Renew(half, d.persons["siti"], true)
	require.ErrorIs(t, err, login.ErrNoLogin)
}

// Who changes their own password stays signed in here, and nowhere else.
func TestRenewTakesTheNewStamp(t *testing.T) {
	t.Parallel()
	d := setup(t)
	here, elsewhere := d.begin(t, "siti"), d.begin(t, "siti")
	d.change("siti", func(p *access.Person) { p.Stamp++ })
	next, _, err := d.store.Renew(here, d.persons["siti"], true)
	require.NoError(t, err)
	require.True(t, d.in(t, next))
	require.False(t, d.in(t, elsewhere))
	listed, err := d.store.Of(d.persons["siti"])
	require.NoError(t, err)
	require.Len(t, listed, 1)
}

func TestAPersonHasSoManySignIns(t *testing.T) {
	t.Parallel()
	d := setup(t)
	other := d.begin(t, "budi")
	var tokens []string
	for range login.MaxLogins + 3 {
		d.Advance(time.Second)
		tokens = append(tokens, d.begin(t, "siti"))
	}
	for i, token := range tokens {
		require.Equal(t, i >= 3, d.in(t, token), i)
	}
	require.True(t, d.in(t, other))
	listed, err := d.store.Of(d.persons["siti"])
	require.NoError(t, err)
	require.Len(t, listed, login.MaxLogins)
	require.True(t, listed[0].Created.After(listed[1].Created), "newest first")
	require.NotContains(t, fmt.Sprint(listed), tokens[5])
}

func TestFormTokens(t *testing.T) {
	t.Parallel()
	token := "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	form := login.FormToken(token)
	require.NotContains(t, form, token)
	require.True(t, login.IsFormToken(token, form))
	for _, wrong := range []string{"", form[1:], form + "0", strings.ToUpper(form), login.FormToken("another"), token} {
		require.False(t, login.IsFormToken(token, wrong), wrong)
	}
	require.False(t, login.IsFormToken("", login.FormToken("")), "no form belongs to no sign-in")
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tokens := make([]string, 30)
	var group sync.WaitGroup
	for i := range tokens {
		group.Go(func() {
			id := []string{"siti", "budi"}[i%2]
			tokens[i] = d.begin(t, id)
			require.True(t, d.in(t, tokens[i]))
			if i%3 == 0 {
				require.NoError(t, d.store.End(tokens[i]))
			}
		})
	}
	group.Wait()
	for i, token := range tokens {
		require.Equal(t, i%3 != 0, d.in(t, token))
	}
}

func TestOpenRefusesAFileOfALaterProgram(t *testing.T) {
	t.Parallel()
	d := setup(t)
	require.NoError(t, d.store.Close())
	db, err := bbolt.Open(d.path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("format")).Put([]byte("version"), []byte("2"))
	}))
	require.NoError(t, db.Close())
	_, err = login.Open(d.path, d.Now)
	require.ErrorContains(t, err, `version "2", this program reads 1`)
	require.NoError(t, os.Remove(d.path))
	d.open(t)
}
