package access_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

// phrase is a password that is good.
const phrase = "seribu angsa di danau"

// enter gives a person a password of their own.
func (b *bundle) enter(t *testing.T, id, password string) access.Person {
	t.Helper()
	p, err := b.staff.SetPassword(t.Context(), id, password)
	require.NoError(t, err)
	return p
}

func TestAPersonSignsInWithTheirPassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.hire(t, "siti", access.RoleFinance)
	require.False(t, p.HasPassword)
	set := b.enter(t, "siti", phrase)
	require.True(t, set.HasPassword)
	require.False(t, set.MustChange)
	require.NotEqual(t, p.Stamp, set.Stamp, "the sign-ins there were have ended")
	signedIn, err := b.staff.CheckPassword(t.Context(), "siti", phrase)
	require.NoError(t, err)
	require.Equal(t, set, signedIn)
	b.restart(t)
	signedIn, err = b.staff.CheckPassword(t.Context(), "siti", phrase)
	require.NoError(t, err)
	require.Equal(t, set, signedIn)
}

// Whatever is wrong, there is one refusal for it.
func TestCheckPasswordRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleFinance)
	b.enter(t, "siti", phrase)
	b.hire(t, "budi", access.RoleFinance) // has none
	b.hire(t, "ayu", access.RoleFinance)
	b.enter(t, "ayu", phrase)
	_, err := b.staff.SetActive(t.Context(), "tester", "ayu", false)
	require.NoError(t, err)
	for name, try := range map[string]struct{ id, password string }{
		"another password":         {"siti", phrase + "!"},
		"another case":             {"siti", strings.ToUpper(phrase)},
		"the start":                {"siti", phrase[:len(phrase)-1]},
		"a space on":               {"siti", phrase + " "},
		"nothing":                  {"siti", ""},
		"nobody":                   {"dewi", phrase},
		"no id":                    {"", phrase},
		"no password yet":          {"budi", ""},
		"shut out":                 {"ayu", phrase},
		"another case of the id":   {"Siti", phrase},
		"a prefix of a setting":    {"../person/siti", phrase},
		"longer than any password": {"siti", phrase + strings.Repeat("x", 1<<20)},
		"not text":                 {"siti", "\xff\xfe\xfd\xff\xfe\xfd\xff\xfe\xfd\xff\xfe\xfd"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := b.staff.CheckPassword(t.Context(), try.id, try.password)
			require.Equal(t, access.ErrCredentials, err, "nothing tells them apart")
			require.Zero(t, p)
		})
	}
}

// Times tell nobody which ids there are: who is unknown, shut out or without a
// password is hashed for like anybody else. The shortest of several counts, which
// a busy machine does not stretch.
func TestUnknownIDsTakeAsLong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleFinance)
	b.enter(t, "siti", phrase)
	b.hire(t, "budi", access.RoleFinance)
	shortest := func(id string) time.Duration {
		best := time.Hour
		for range 7 {
			began := time.Now()
			_, err := b.staff.CheckPassword(t.Context(), id, "a wrong password")
			best = min(best, time.Since(began))
			require.ErrorIs(t, err, access.ErrCredentials)
		}
		return best
	}
	known := shortest("siti")
	for _, id := range []string{"nobody", "budi", ""} {
		// Without the hash it would take a thousandth.
		require.Greater(t, shortest(id), known/20, id)
	}
}

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.staff.Add(t.Context(), "tester", access.NewPerson{ID: "siti.rahayu-2", Name: "Siti Nur Rahayu", Role: access.RoleFinance})
	require.NoError(t, err)
	good := map[string]string{
		"twelve characters":      "q8 kM!x0 zzT",
		"of 128 characters":      strings.Repeat("angsa ", 21) + "x!",
		"counted in characters":  "ségaré ñandú",
		"with spaces at the end": "  angsa di danau  ",
		"of another script":      "密码密码安全的鹅在湖里游泳",
	}
	for name, password := range good {
		t.Run(name, func(t *testing.T) {
			b.enter(t, "siti.rahayu-2", password)
			_, err := b.staff.CheckPassword(t.Context(), "siti.rahayu-2", password)
			require.NoError(t, err)
		})
	}
	b.enter(t, "siti.rahayu-2", phrase)
	for name, try := range map[string]struct {
		password string
		fault    access.PasswordFault
	}{
		"empty":             {"", access.PasswordShort},
		"eleven characters": {"q8 kM!x0 zz", access.PasswordShort},
		"eleven é":          {strings.Repeat("é", 11), access.PasswordShort},
		"129 characters":    {strings.Repeat("angsa ", 21) + "xyz", access.PasswordLong},
		"a line":            {"angsa di\ndanau", access.PasswordUnprintable},
		"a zero byte":       {"angsa di\x00danau", access.PasswordUnprintable},
		"not text":          {"angsa di\xffdanau", access.PasswordUnprintable},
		"the id":            {"siti.rahayu-2", access.PasswordOwn},
		"the ID":            {" SITI.RAHAYU-2", access.PasswordOwn},
		"the name":          {"siti nur rahayu", access.PasswordOwn},
		"one again":         {"zzzzzzzzzzzz", access.PasswordCommon},
		"some again":        {"angsaangsaangsa", access.PasswordCommon},
		"a common one":      {"password1234", access.PasswordCommon},
		"a Common one":      {"PassWord1234", access.PasswordCommon},
		"one of here":       {"bismillah123", access.PasswordCommon},
		"the sandbox's":     {access.SandboxPassword, access.PasswordCommon},
		"the one there is":  {phrase, access.PasswordSame},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.staff.SetPassword(t.Context(), "siti.rahayu-2", try.password)
			require.ErrorIs(t, err, access.ErrPassword)
			var broken *access.PasswordError
			require.ErrorAs(t, err, &broken)
			require.Equal(t, try.fault, broken.Fault)
			require.NotEmpty(t, broken.Error())
			if try.password != "" {
				require.NotContains(t, err.Error(), try.password)
			}
		})
	}
	_, err = b.staff.CheckPassword(t.Context(), "siti.rahayu-2", phrase)
	require.NoError(t, err, "the one there was is left")
}

func TestATemporaryPasswordLastsADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleFinance)
	before := b.enter(t, "siti", phrase)
	password, err := b.staff.TemporaryPassword(t.Context(), "operator ayu", "siti")
	require.NoError(t, err)
	require.Regexp(t, `^([a-z2-7]{5}-){3}[a-z2-7]{5}$`, password)
	_, err = b.staff.CheckPassword(t.Context(), "siti", phrase)
	require.ErrorIs(t, err, access.ErrCredentials, "the one before is over")
	p, err := b.staff.CheckPassword(t.Context(), "siti", password)
	require.NoError(t, err)
	require.True(t, p.MustChange)
	require.Equal(t, noon.Add(access.TemporaryLife), p.PasswordEnds)
	require.NotEqual(t, before.Stamp, p.Stamp)

	_, err = b.staff.SetPassword(t.Context(), "siti", password)
	require.ErrorIs(t, err, access.ErrPassword, "it must be another one")
	b.now = noon.Add(access.TemporaryLife - time.Second)
	_, err = b.staff.CheckPassword(t.Context(), "siti", password)
	require.NoError(t, err)
	b.now = noon.Add(access.TemporaryLife)
	_, err = b.staff.CheckPassword(t.Context(), "siti", password)
	require.Equal(t, access.ErrPasswordEnded, err)
	_, err = b.staff.CheckPassword(t.Context(), "siti", "another password")
	require.Equal(t, access.ErrCredentials, err, "who does not know it is not told that it is over")

	require.False(t, b.enter(t, "siti", phrase).MustChange)
	b.now = b.now.AddDate(10, 0, 0)
	_, err = b.staff.CheckPassword(t.Context(), "siti", phrase)
	require.NoError(t, err, "one that was chosen does not end")
}

func TestPasswordsAreOfActivePersonsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleFinance)
	_, err := b.staff.SetActive(t.Context(), "tester", "siti", false)
	require.NoError(t, err)
	_, err = b.staff.SetPassword(t.Context(), "siti", phrase)
	require.ErrorIs(t, err, access.ErrInactivePerson)
	for id, want := range map[string]error{"siti": access.ErrInactivePerson, "dewi": access.ErrUnknownPerson} {
		password, err := b.staff.TemporaryPassword(t.Context(), "tester", id)
		require.ErrorIs(t, err, want)
		require.Empty(t, password)
	}
}

// Neither the ledger's file nor any listing has a password in the clear, and no
// listing has its digest.
func TestPasswordsAndSecretsAreNowhereInTheClear(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleFinance)
	temporary, err := b.staff.TemporaryPassword(t.Context(), "tester", "siti")
	require.NoError(t, err)
	b.enter(t, "siti", phrase)
	setup, err := b.staff.BeginTOTP(t.Context(), "siti")
	require.NoError(t, err)
	_, err = b.staff.ConfirmTOTP(t.Context(), "siti", code(t, setup, b.now))
	require.NoError(t, err)
	var kept strings.Builder
	for _, change := range b.changes(t) {
		kept.Write(change.Value)
	}
	for _, secret := range []string{temporary, phrase, setup.Secret()} {
		require.NotContains(t, kept.String(), secret)
	}
	require.Contains(t, kept.String(), "$argon2id$v=19$m=19456,t=2,p=1$")
	listed := toJSON(t, b.staff.List())
	require.NotContains(t, listed, "argon2id")
	require.NotContains(t, listed, "v1:")
	require.NotContains(t, toJSON(t, setup), setup.Secret())
}

// Many who sign in and change passwords at once find each other's work whole: the
// first change is made, and those that began before it ended are refused.
func TestPasswordsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleFinance)
	b.enter(t, "siti", phrase)
	passwords := []string{"angsa pertama 1", "angsa kedua 2222", "angsa ketiga 333"}
	var group sync.WaitGroup
	var made atomic.Int32
	for _, password := range passwords {
		group.Go(func() {
			_, err := b.staff.SetPassword(t.Context(), "siti", password)
			if err == nil {
				made.Add(1)
				return
			}
			require.ErrorIs(t, err, access.ErrPersonChanged)
		})
		group.Go(func() {
			_, err := b.staff.CheckPassword(t.Context(), "siti", "a wrong password")
			require.ErrorIs(t, err, access.ErrCredentials)
		})
	}
	group.Wait()
	good := slices.DeleteFunc(passwords, func(password string) bool {
		_, err := b.staff.CheckPassword(t.Context(), "siti", password)
		return err != nil
	})
	require.Len(t, good, 1)
	p, _ := b.staff.Person("siti")
	require.Positive(t, made.Load())
	require.EqualValues(t, 1+made.Load(), p.Stamp, "each has ended the sign-ins")
}

// A flood of sign-ins is refused beyond those that wait, and who goes away waits
// no longer.
func TestPasswordsAreCheckedTwoAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gone, leave := context.WithCancel(t.Context())
	leave()
	var mutex sync.Mutex
	refused := map[error]int{}
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			_, err := b.staff.CheckPassword(t.Context(), "nobody", "a wrong password")
			mutex.Lock()
			defer mutex.Unlock()
			if err != access.ErrCredentials {
				require.ErrorIs(t, err, access.ErrTooBusy)
				err = access.ErrTooBusy
			}
			refused[err]++
		})
	}
	group.Wait()
	require.Equal(t, 100, refused[access.ErrCredentials]+refused[access.ErrTooBusy])
	require.GreaterOrEqual(t, refused[access.ErrCredentials], 66)
	require.Eventually(t, func() bool {
		_, err := b.staff.CheckPassword(gone, "nobody", "a wrong password")
		return err != nil
	}, time.Minute, time.Millisecond)
	_, err := b.staff.CheckPassword(t.Context(), "nobody", "a wrong password")
	require.ErrorIs(t, err, access.ErrCredentials, "all places are free again")
}
