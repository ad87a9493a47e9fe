package access_test

import (
	"encoding/json"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"paypoint/access"
)

func toJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

// code is what an app shows at a time.
func code(t *testing.T, setup access.TOTPSetup, at time.Time) string {
	t.Helper()
	text, err := totp.GenerateCode(setup.Secret(), at)
	require.NoError(t, err)
	return text
}

// arm sets up a person's one-time codes.
func (b *bundle) arm(t *testing.T, id string) access.TOTPSetup {
	t.Helper()
	setup, err := b.staff.BeginTOTP(t.Context(), id)
	require.NoError(t, err)
	p, err := b.staff.ConfirmTOTP(t.Context(), id, code(t, setup, b.now))
	require.NoError(t, err)
	require.True(t, p.TOTP)
	return setup
}

func TestOneTimeCodesAreSetUpByOneOfThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleApprover)
	_, err := b.staff.ConfirmTOTP(t.Context(), "siti", "123456")
	require.ErrorIs(t, err, access.ErrNoTOTP)
	setup, err := b.staff.BeginTOTP(t.Context(), "siti")
	require.NoError(t, err)
	p, _ := b.staff.Person("siti")
	require.False(t, p.TOTP, "it does not count before it is confirmed")
	require.ErrorIs(t, b.staff.CheckTOTP(t.Context(), "siti", code(t, setup, b.now)), access.ErrNoTOTP)

	address, err := url.Parse(setup.URI())
	require.NoError(t, err)
	require.Equal(t, "otpauth://totp", address.Scheme+"://"+address.Host)
	require.Equal(t, "/paypoint:siti", address.Path)
	require.Equal(t, setup.Secret(), address.Query().Get("secret"))
	require.Len(t, setup.Secret(), 32, "160 bits in base32")

	for _, wrong := range []string{"", "000000", "12345", code(t, setup, b.now.Add(5*time.Minute)), code(t, setup, b.now) + "0"} {
		_, err = b.staff.ConfirmTOTP(t.Context(), "siti", wrong)
		require.ErrorIs(t, err, access.ErrCode, wrong)
	}
	p, err = b.staff.ConfirmTOTP(t.Context(), "siti", code(t, setup, b.now))
	require.NoError(t, err)
	require.True(t, p.TOTP)
}

func TestACodeWorksOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleApprover)
	setup := b.arm(t, "siti")
	check := func(at time.Time) error { return b.staff.CheckTOTP(t.Context(), "siti", code(t, setup, at)) }
	require.ErrorIs(t, check(b.now), access.ErrCode, "it was used to set them up")
	b.now = noon.Add(10 * time.Minute)
	require.NoError(t, check(b.now))
	require.ErrorIs(t, check(b.now), access.ErrCode)
	require.ErrorIs(t, check(b.now.Add(-30*time.Second)), access.ErrCode, "one before the last used one is over")
	b.restart(t)
	require.ErrorIs(t, check(b.now), access.ErrCode)
	require.NoError(t, check(b.now.Add(30*time.Second)), "a clock may be a step ahead")
	b.now = b.now.Add(2 * time.Minute)
	require.NoError(t, check(b.now.Add(-30*time.Second)), "or a step behind")
	for _, off := range []time.Duration{-2 * time.Minute, -time.Minute, time.Minute, time.Hour} {
		b.now = b.now.Add(10 * time.Minute)
		require.ErrorIs(t, check(b.now.Add(off)), access.ErrCode, off)
	}
}

// Of many who send one code at once, one comes in.
func TestACodeWorksOnceForManyAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleApprover)
	setup := b.arm(t, "siti")
	b.now = noon.Add(time.Hour)
	text := code(t, setup, b.now)
	errs := make([]error, 20)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() { errs[i] = b.staff.CheckTOTP(t.Context(), "siti", text) })
	}
	group.Wait()
	in := 0
	for _, err := range errs {
		if err == nil {
			in++
			continue
		}
		require.ErrorIs(t, err, access.ErrCode)
	}
	require.Equal(t, 1, in)
}

func TestCodesAreOfTheirPersonOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleApprover)
	b.hire(t, "budi", access.RoleApprover)
	sitis := b.arm(t, "siti")
	b.arm(t, "budi")
	b.now = noon.Add(time.Hour)
	require.ErrorIs(t, b.staff.CheckTOTP(t.Context(), "budi", code(t, sitis, b.now)), access.ErrCode)
	require.ErrorIs(t, b.staff.CheckTOTP(t.Context(), "dewi", code(t, sitis, b.now)), access.ErrUnknownPerson)
	_, err := b.staff.SetActive(t.Context(), "tester", "siti", false)
	require.NoError(t, err)
	require.ErrorIs(t, b.staff.CheckTOTP(t.Context(), "siti", code(t, sitis, b.now)), access.ErrNoTOTP)
	_, err = b.staff.BeginTOTP(t.Context(), "siti")
	require.ErrorIs(t, err, access.ErrInactivePerson)
}

// Until new codes are confirmed the old ones count; then they are over.
func TestNewCodesReplaceTheOld(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleApprover)
	old := b.arm(t, "siti")
	b.now = noon.Add(time.Hour)
	next, err := b.staff.BeginTOTP(t.Context(), "siti")
	require.NoError(t, err)
	require.NoError(t, b.staff.CheckTOTP(t.Context(), "siti", code(t, old, b.now)))
	_, err = b.staff.ConfirmTOTP(t.Context(), "siti", code(t, next, b.now))
	require.NoError(t, err)
	b.now = noon.Add(2 * time.Hour)
	require.ErrorIs(t, b.staff.CheckTOTP(t.Context(), "siti", code(t, old, b.now)), access.ErrCode)
	require.NoError(t, b.staff.CheckTOTP(t.Context(), "siti", code(t, next, b.now)))
}

func TestDropTOTP(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleApprover)
	_, err := b.staff.DropTOTP(t.Context(), "tester", "siti")
	require.ErrorIs(t, err, access.ErrNoTOTP)
	setup := b.arm(t, "siti")
	before, _ := b.staff.Person("siti")
	p, err := b.staff.DropTOTP(t.Context(), "operator ayu", "siti")
	require.NoError(t, err)
	require.False(t, p.TOTP)
	require.NotEqual(t, before.Stamp, p.Stamp, "their sign-ins have ended")
	b.now = noon.Add(time.Hour)
	require.ErrorIs(t, b.staff.CheckTOTP(t.Context(), "siti", code(t, setup, b.now)), access.ErrNoTOTP)
	_, err = b.staff.DropTOTP(t.Context(), "tester", "dewi")
	require.ErrorIs(t, err, access.ErrUnknownPerson)
}

func TestRolesThatNeedCodes(t *testing.T) {
	t.Parallel()
	needed := []access.Role{access.RoleApprover, access.RoleAdmin}
	require.True(t, access.Person{Role: access.RoleApprover}.MustSetUpTOTP(needed))
	require.False(t, access.Person{Role: access.RoleApprover, TOTP: true}.MustSetUpTOTP(needed))
	require.False(t, access.Person{Role: access.RoleFinance}.MustSetUpTOTP(needed))
	require.False(t, access.Person{Role: access.RoleApprover}.MustSetUpTOTP(nil))
}

// A wrong master key is found at the start, not when somebody signs in.
func TestOpenStaffRefusesASealerThatDoesNotOpenItsSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "siti", access.RoleApprover)
	has, err := access.HasSecrets(t.Context(), b.service.Reader())
	require.NoError(t, err)
	require.False(t, has)
	b.arm(t, "siti")
	has, err = access.HasSecrets(t.Context(), b.service.Reader())
	require.NoError(t, err)
	require.True(t, has, "a new master key would open nothing")
	_, err = access.OpenStaff(t.Context(), b.service, newSealer(t), clock)
	require.ErrorIs(t, err, access.ErrSealed)
	require.ErrorContains(t, err, "load person/siti: one-time codes")
}
