package browser_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/browsertest"
	"paypoint/torture/play"
)

// The sandbox's persons, and the password of all of them, as the documentation has
// them.
const (
	viewer     = "sandbox-viewer"
	finance    = "sandbox-finance"
	approver   = "sandbox-approver"
	operator   = "sandbox-operator"
	admin      = "sandbox-admin"
	shopkeeper = "sandbox-merchant"

	password = "SB-paypoint-password"
)

// checks are where the programs that look at pages come from.
const checks = "../../testdata/pages/node_modules"

// site is a running server with a browser to look at it.
type site struct {
	*play.Server
	t *testing.T
	// ahead is how far the server's clock is ahead of the machine's.
	ahead time.Duration
	// base is the address of the server, without a path.
	base    string
	browser context.Context
	// rules is the script of axe-core.
	rules string
	// sources is the folder of the pages that vnu checks when the test ends.
	sources string
}

// open starts a server and a browser. It skips the test where a program is missing.
// The server's clock is turned to the next noon, unless setup turns it otherwise.
func open(t *testing.T, setup play.Setup) *site {
	t.Helper()
	s := &site{t: t, rules: axeScript(t), sources: t.TempDir()}
	jar := vnu(t)
	s.browser = browsertest.Start(t)
	if setup.Ahead == 0 {
		setup.Ahead = untilNoon(time.Now())
	}
	s.ahead = setup.Ahead
	s.Server = play.Start(t, setup)
	s.base = s.URL()
	t.Cleanup(func() { checkSources(t, jar, s.sources) })
	return s
}

// console is the address of a page below /console.
func (s *site) console(path string) string { return s.base + "/console" + path }

// untilNoon is how far it is to the next noon in WIB: the minutes that a test takes
// are of one day then, at whatever hour it runs.
func untilNoon(now time.Time) time.Duration {
	now = now.In(play.WIB())
	noon := time.Date(now.Year(), now.Month(), now.Day(), 12, 0, 0, 0, now.Location())
	if noon.Before(now) {
		noon = noon.AddDate(0, 0, 1)
	}
	return noon.Sub(now)
}

// now is the time on the server's clock.
func (s *site) now() time.Time { return time.Now().Add(s.ahead) }

// Forward turns the server's clock on.
func (s *site) Forward(by time.Duration) {
	s.t.Helper()
	s.ahead += by
	s.Server.Forward(s.ahead)
}

// axeScript reads the script of axe-core, or skips the test.
func axeScript(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile(filepath.Join(checks, "axe-core/axe.min.js"))
	if err != nil {
		t.Skip("needs axe-core: Debian packages nodejs npm, then npm ci in testdata/pages")
	}
	return string(script)
}

// vnu finds the HTML checker, or skips the test.
func vnu(t *testing.T) (jar string) {
	t.Helper()
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("needs java: Debian package default-jdk-headless")
	}
	jar = filepath.Join(checks, "vnu-jar/build/dist/vnu.jar")
	if _, err := os.Stat(jar); err != nil {
		t.Skip("needs vnu-jar: Debian packages nodejs npm, then npm ci in testdata/pages")
	}
	return jar
}

// checkSources has vnu check all pages that a test has collected.
func checkSources(t *testing.T, jar, folder string) {
	t.Helper()
	pages, err := os.ReadDir(folder)
	require.NoError(t, err)
	if len(pages) == 0 {
		return
	}
	// The stack is for the checker's schema. Few pages are checked at a time: it is not
	// worth to compile much.
	// #nosec G204 -- no shell; a jar and a folder of ours
	said, err := exec.CommandContext(context.Background(), "java", "-Xss16m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", jar, "--errors-only", "--stdout", "--format", "gnu", folder).CombinedOutput()
	require.NoError(t, err, "vnu: %s", said)
	t.Logf("vnu: %d pages are clean", len(pages))
}
