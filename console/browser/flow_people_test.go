package browser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// newcomer is a person who is added, and their own password.
const (
	newcomer   = "siti"
	herOwn     = "a quiet harbour at noon"
	personPath = "/people/" + newcomer
)

// codes makes one-time codes of a secret, each of another half minute: none works
// twice.
type codes struct {
	site   *site
	secret string
}

// next is a code that was not used yet.
func (c codes) next() string {
	c.site.t.Helper()
	c.site.Forward(30 * time.Second)
	code, err := totp.GenerateCode(c.secret, c.site.now())
	require.NoError(c.site.t, err)
	return code
}

// setsUp sets up one-time codes where a role has to, and returns them.
func (b *tab) setsUp(password string) codes {
	b.t.Helper()
	require.True(b.t, b.has("form#begin"), "codes have to be set up first: %s", b.text("main"))
	require.EqualValues(b.t, 200, b.try("/payments"))
	require.True(b.t, b.has("form#begin"), "nothing else is open before")
	b.check("codes have to be set up")
	b.fill("form#begin input[name=present]", password)
	b.submit("form#begin button")
	c := codes{site: b.site, secret: strings.ReplaceAll(b.text("main code"), " ", "")}
	b.check("codes begun, in a role that needs them")
	b.fill("#confirm input[name=code]", c.next())
	b.submit("#confirm button")
	require.Contains(b.t, b.text("main"), "One-time codes are on.")
	return c
}

// does does an act with a person, with a reason.
func (b *tab) does(act, why string) {
	b.t.Helper()
	b.visit(personPath)
	b.follow("ul.acts a[href$='/" + act + "']")
	b.check(act + " asked for")
	b.fill("#field-reason", why)
	b.submit("form#act button.primary")
	require.True(b.t, b.has(".said"), b.text("main"))
	b.check(act + " done")
}

// TestFlowPeople adds a person, who signs in for the first time, is given another
// role, and is shut out; the audit log has all of it.
func TestFlowPeople(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{Env: []string{"PAYPOINT_CONSOLE_REQUIRE_TOTP=approver,admin"}})
	b := s.open(t)
	b.emulate(plain())
	b.signIn(admin, password)
	b.setsUp(password)
	temporary := b.addsPerson()

	her := s.open(t)
	her.emulate(plain())
	her.comesFirst(temporary)
	require.EqualValues(t, 403, her.try("/people"))
	her.check("forbidden to a viewer")
	her.visit("/payments")

	b.visit(personPath + "/role")
	b.choose("#field-role", "approver")
	b.fill("#field-reason", "takes over from Budi")
	b.submit("form#act button.primary")
	require.Contains(t, b.text(".said"), "was changed")
	her.visit("/payments")
	require.True(t, her.has("main input[type=password]"), "a new role ends the sign-ins")
	her.signIn(newcomer, herOwn)
	her.comesAgain(her.setsUp(herOwn))

	b.does("shut-out", "left the company")
	her.visit("/payments")
	require.True(t, her.has("main input[type=password]"), "who is shut out is out at once")
	her.fill("input[name=person]", newcomer)
	her.fill("input[type=password]", herOwn)
	her.submit("main form button[type=submit]")
	require.Contains(t, her.text("main"), "There is no such person with this password.")
	b.does("let-in", "a mistake")
	b.does("drop-totp", "lost her telephone")
	b.does("password", "forgot it")
	b.readsAudit()
}

// addsPerson adds the newcomer, and returns the password that is shown once.
func (b *tab) addsPerson() (temporary string) {
	b.t.Helper()
	b.visit("/people")
	b.check("persons")
	b.follow("main a.primary")
	b.check("person asked for")
	b.submit("form#add button.primary")
	require.Equal(b.t, "errors", value[string](b, "document.activeElement.id"))
	b.check("person without an ID")
	b.fill("#field-id", newcomer)
	b.fill("#field-name", "Siti Rahayu")
	b.choose("#field-role", "viewer")
	b.submit("form#add button.primary")
	temporary = b.text(".secret code")
	require.NotEmpty(b.t, temporary)
	b.check("temporary password")
	b.visit(personPath)
	require.False(b.t, b.has(".secret"), "it is shown once")
	require.NotContains(b.t, b.text("body"), temporary)
	require.NotContains(b.t, b.Log(), temporary, "not in the log")
	return temporary
}

// comesFirst signs in with a temporary password, which leads to its change.
func (b *tab) comesFirst(temporary string) {
	b.t.Helper()
	b.visit("/")
	b.fill("input[name=person]", newcomer)
	b.fill("input[type=password]", temporary)
	b.submit("main form button[type=submit]")
	require.True(b.t, b.has("form#password"), b.text("main"))
	b.check("password to be changed")
	b.visit("/payments")
	require.True(b.t, b.has("form#password"), "nothing else is open before")
	for n, again := range []string{"another one than that", herOwn} {
		b.fill("#field-present", temporary)
		b.fill("#field-fresh", herOwn)
		b.fill("#field-again", again)
		b.submit("form#password button.primary")
		require.Equal(b.t, n == 0, b.has("#errors"), b.text("main"))
	}
	b.visit("/payments")
	require.False(b.t, b.has("form#password"))
}

// comesAgain signs out and in with a code.
func (b *tab) comesAgain(c codes) {
	b.t.Helper()
	b.submit("header form[action$=sign-out] button")
	b.visit("/")
	b.fill("input[name=person]", newcomer)
	b.fill("input[type=password]", herOwn)
	b.submit("main form button[type=submit]")
	b.fill("#code input[name=code]", c.next())
	b.submit("#code button.primary")
	b.visit("/cases")
	require.Contains(b.t, b.text("header"), "Approver")
}

// readsAudit finds each act once in the audit log, with who, whom, where from and
// why, in its export too, and has the log checked.
func (b *tab) readsAudit() {
	b.t.Helper()
	acts := map[string]string{
		"user.add": "", "user.role": "takes over from Budi", "user.deactivate": "left the company",
		"user.activate": "a mistake", "user.drop_totp": "lost her telephone", "user.password": "forgot it",
	}
	b.visit("/audit?kind=user&object=" + newcomer + "&who=" + admin)
	b.check("acts done to a person")
	b.shoot("audit")
	rows := records(b.t, b.download("a[data-export]"))
	require.Len(b.t, rows, len(acts), "each act is recorded, once")
	require.Equal(b.t, len(acts), b.count("tbody tr"))
	for _, row := range rows {
		why, known := acts[row["act"]]
		require.True(b.t, known, row["act"])
		delete(acts, row["act"])
		require.Equal(b.t, why, row["reason"])
		require.Equal(b.t, []string{admin, "admin", newcomer, "done", "127.0.0.1"}, []string{row["person"], row["role"], row["object"], row["result"], row["address"]})
	}
	b.follow("tbody tr:first-child th a")
	b.check("one act")
	b.visit("/audit?act=audit.export")
	require.Equal(b.t, 1, b.count("tbody tr"), "the export is an act too")
	b.visit("/audit?who=" + newcomer + "&result=refused")
	require.Contains(b.t, b.text("tbody"), "Looked at users", "what she was refused")
	b.visit("/audit")
	b.submit("form#check button")
	b.Until(`!document.querySelector("[data-progress]")`)
	require.Contains(b.t, b.text("main p.lead"), "Whole", b.text("main"))
	b.check("audit log checked")
}
