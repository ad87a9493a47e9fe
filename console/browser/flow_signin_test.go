package browser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

func TestFlowSignIn(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	b := s.open(t)
	b.emulate(plain())
	b.visit("/stores?order=paid")
	require.True(t, b.has("input[type=password]"), "a visitor signs in first")
	b.check("sign in")
	b.shoot("sign-in")
	b.fill("input[name=person]", finance)
	b.fill("input[type=password]", password)
	b.submit("main button[type=submit]")
	require.Equal(t, "/stores?order=paid", b.path(), "and is led to where they wanted to go")

	b.submit("header form[action$=sign-out] button")
	require.EqualValues(t, 200, b.try("/stores"))
	require.True(t, b.has("input[type=password]"), "is signed out")

	b.fill("input[name=person]", finance)
	b.fill("input[type=password]", "not the password")
	b.submit("main button[type=submit]")
	require.Contains(t, b.text("main"), "There is no such person with this password.")
	require.Equal(t, "errors", value[string](b, "document.activeElement.id"), "the focus is on what is wrong")
	require.Empty(t, value[string](b, "document.querySelector('input[type=password]').value"))
	b.check("wrong password")
}

// TestFlowSignInWithoutScript: nothing of it needs one.
func TestFlowSignInWithoutScript(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	b := s.open(t)
	b.Do(command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	b.signIn(viewer, password)
	b.visit("/stores")
	require.NotEmpty(t, b.text("main h1"))
}

func TestFlowOneTimeCodes(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	b := s.as(t, finance)
	b.emulate(plain())
	b.visit("/codes")
	b.check("codes")
	b.submit("#begin button")
	require.Contains(t, b.text("#fault-present"), "Fill this in.", "a browser that was left signed in is not enough")
	require.Equal(t, "errors", value[string](b, "document.activeElement.id"), "the focus is on what is wrong")
	b.check("codes begun without the password")
	b.fill("#begin input[name=present]", password)
	b.submit("#begin button")
	secret := strings.ReplaceAll(b.text("main code"), " ", "")
	require.NotEmpty(t, secret)
	b.check("codes begun")
	confirm := func() string {
		code, err := totp.GenerateCode(secret, s.now())
		require.NoError(t, err)
		return code
	}
	b.fill("#confirm input[name=code]", confirm())
	b.submit("#confirm button")
	require.Contains(t, b.text("main"), "One-time codes are on.")
	b.submit("header form[action$=sign-out] button")

	// A code works once: the next one is of the next minute.
	s.Forward(time.Minute)
	b.visit("/")
	b.fill("input[name=person]", finance)
	b.fill("input[type=password]", password)
	b.submit("main button[type=submit]")
	require.True(t, b.has("#code"), b.text("main"))
	b.check("code asked for")
	b.shoot("one-time-code")
	require.True(t, value[bool](b, "fetch('/console/stores', {redirect: 'manual'}).then((r) => r.type === 'opaqueredirect')"), "half a sign-in is none")
	b.fill("#code input[name=code]", confirm())
	b.submit("#code button")
	require.False(t, b.has("#code"), b.text("main"))
	b.visit("/stores")
}

func TestFlowPreferences(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	b := s.as(t, viewer)
	b.emulate(plain())
	b.visit("/preferences")
	b.check("preferences")
	b.press("/")
	require.Equal(t, "find", value[string](b, "document.activeElement.id"), "a key leads to the search")
	b.choose("select[name=language]", "id")
	b.choose("select[name=theme]", "dark")
	b.Do(b.click("input[name=shortcuts]"))
	b.submit("#preferences button")
	require.Equal(t, "id", b.attribute("html", "lang"))
	require.Equal(t, "dark", b.attribute("html", "data-theme"))
	require.NotEmpty(t, b.text(".said"))
	b.check("preferences in Indonesian")
	b.shoot("preferences-id-dark")
	b.Do(b.click("h1"))
	b.press("/")
	require.NotEqual(t, "find", value[string](b, "document.activeElement.id"), "keys are off (WCAG 2.1.4)")
}
