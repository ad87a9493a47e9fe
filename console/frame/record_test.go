package frame_test

import (
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
)

// counting adds a form that counts how often it acts, and one that signs out.
func counting(acted *atomic.Int64) func(*frame.Area) {
	return func(area *frame.Area) {
		area.Routes = append(area.Routes,
			frame.Route{Pattern: "POST /sample/count", Action: access.ActCaseWork, Act: audit.ActCaseNote, Handle: func(c *frame.Call) error {
				acted.Add(1)
				return c.Done("/sample", "sample.done", "name", "it")
			}},
			frame.Route{Pattern: "POST /sample/out", Action: access.ActOwn, Open: true, Always: true, Act: audit.ActSignOut, Handle: func(c *frame.Call) error {
				if err := c.SignOut(); err != nil {
					return err
				}
				return c.Done(frame.SignInPath, "sample.done", "name", "it")
			}})
	}
}

// What the audit log would lack is refused before it is done; what is read, and
// signing out, goes on.
func TestNothingIsDoneThatTheLogWouldLack(t *testing.T) {
	t.Parallel()
	var acted atomic.Int64
	site := frametest.New(t, sample(counting(&acted)))
	client := site.As(access.RoleFinance)
	require.Equal(t, http.StatusSeeOther, client.Post("/sample/count", nil).Status)
	require.EqualValues(t, 1, acted.Load())

	require.NoError(t, os.Truncate(site.AuditFile, 0))
	require.ErrorIs(t, site.Audit.Record(t.Context(), audit.Entry{Act: audit.ActCaseNote, Result: audit.Done}), audit.ErrDamaged)
	refused := func(answer *frametest.Answer) {
		t.Helper()
		require.Equal(t, http.StatusServiceUnavailable, answer.Status)
		frametest.CheckPage(t, answer.Doc)
		require.Contains(t, answer.Doc.Find("main").Text(), "The audit log can't be written now")
	}
	refused(client.Post("/sample/count", nil))
	refused(client.Try("/sample/seen"))
	refused(client.Try("/sample.csv"))
	refused(client.Try("/sample/file"))
	require.EqualValues(t, 1, acted.Load())
	client.Get("/sample")
	require.Equal(t, "/sign-in", client.Post("/sample/out", nil).Location)
	require.Equal(t, "/sign-in?then=%2Fsample", client.Try("/sample").Location)
	for _, err := range site.Errors() {
		require.ErrorIs(t, err, audit.ErrDamaged)
	}
}

// A page that shows the audit log itself says why it can't, in the person's language.
func TestALogThatCannotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample(func(area *frame.Area) {
		area.Routes = append(area.Routes, frame.Route{Pattern: "GET /sample/log", Action: access.ActCaseRead, Handle: func(*frame.Call) error {
			return fmt.Errorf("read /var/lib/paypoint/audit.db: %w", audit.ErrDamaged)
		}})
	}))
	client := site.As(access.RoleFinance)
	for language, want := range map[string]string{
		"en": "The audit log can't be read now. Tell the operators: its file may be damaged.",
		"id": "Log audit saat ini tidak dapat dibaca. Beri tahu operator: berkasnya mungkin rusak.",
	} {
		answer := client.Do(http.MethodGet, "/sample/log", nil, http.Header{"Accept-Language": {language}})
		require.Equal(t, http.StatusServiceUnavailable, answer.Status)
		frametest.CheckPage(t, answer.Doc)
		require.Contains(t, answer.Doc.Find("main").Text(), want)
		require.NotContains(t, answer.Doc.Text(), "/var/lib")
	}
	require.Len(t, site.Errors(), 2)
}

// A form whose field says which act it is has its name from there; one that is refused
// before, the name of the right.
func TestAFormSaysWhatItIs(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample(func(area *frame.Area) {
		area.Routes = append(area.Routes, frame.Route{Pattern: "POST /sample/switch", Action: access.ActCaseWork, Handle: func(c *frame.Call) error {
			c.Act(audit.ActMaintenanceEnd)
			return c.Done("/sample", "sample.done", "name", "it")
		}})
	}))
	site.As(access.RoleFinance).Post("/sample/switch", nil)
	site.As(access.RoleViewer).Post("/sample/switch", nil)
	var acts []string
	for _, e := range site.Recorded() {
		acts = append(acts, e.Act)
	}
	require.Equal(t, []string{audit.ActMaintenanceEnd, string(access.ActCaseWork)}, acts)
}

// Of a list that is exported the file has the route's name, and its page that of the
// right.
func TestAnExportHasANameOfItsOwn(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample(func(area *frame.Area) {
		area.Routes[0].Act = audit.ActNotificationExport
		area.Routes[0].Action, area.Routes[0].ExportAction = access.ActSystemRead, access.ActSystemCheck
	}))
	site.As(access.RoleOperator).Try("/sample.csv")
	site.As(access.RoleAdmin).Try("/sample.csv") // may see it, but not take it away
	site.As(access.RoleFinance).Try("/sample")
	var acts [][2]string
	for _, e := range site.Recorded() {
		acts = append(acts, [2]string{e.Act, string(e.Result)})
	}
	require.Equal(t, [][2]string{
		{audit.ActNotificationExport, "done"}, {audit.ActNotificationExport, "refused"}, {string(access.ActSystemRead), "refused"},
	}, acts)
}
