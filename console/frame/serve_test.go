package frame_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
)

func TestVisitorsAreAskedToSignIn(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	for path, want := range map[string]string{
		"/sample?name=a%26b": "/sign-in?then=%2Fsample%3Fname%3Da%2526b",
		"/nowhere":           "/sign-in?then=%2Fnowhere",
		"/sample.csv":        "/sign-in?then=%2Fsample.csv",
	} {
		answer := site.Visitor().Try(path)
		require.Equal(t, http.StatusSeeOther, answer.Status)
		require.Equal(t, want, answer.Location)
	}
	visitor := site.Visitor()
	require.Equal(t, "/sign-in", post(visitor, fields(visitor), http.Header{"Origin": {site.URL}}).Location)
	require.Empty(t, site.Recorded())
}

// Each role is let in, or refused and recorded, as the one table says.
func TestRoles(t *testing.T) {
	t.Parallel()
	area := sample()
	area.Nav = nil
	for i, action := range access.Actions() {
		area.Routes = append(area.Routes, frame.Route{
			Pattern: "GET /sample/action/" + string(action), Action: action,
			Handle: func(c *frame.Call) error {
				return c.Page("sample/form", frame.Page{Title: string(action), Data: i})
			},
		})
	}
	site := frametest.New(t, area)
	refused := 0
	for _, role := range access.Roles() {
		client := site.As(role)
		for _, action := range access.Actions() {
			answer := client.Try("/sample/action/" + string(action))
			if role.May(action) {
				require.Equal(t, http.StatusOK, answer.Status, "%s %s", role, action)
				continue
			}
			refused++
			require.Equal(t, http.StatusForbidden, answer.Status, "%s %s", role, action)
			frametest.CheckPage(t, answer.Doc)
			entries := site.Recorded()
			require.Len(t, entries, refused)
			last := entries[refused-1]
			require.Equal(t, [4]string{string(role), string(role), string(action), string(audit.Refused)}, [4]string{last.Who, last.Role, last.Act, string(last.Result)})
		}
	}
}

func TestErrorsArePages(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	client := site.As(access.RoleFinance)
	for how, want := range map[string]struct {
		status int
		text   string
	}{
		"missing":   {http.StatusNotFound, "None"},
		"forbidden": {http.StatusForbidden, "Your role does not allow this."},
		"invalid":   {http.StatusUnprocessableEntity, "None"},
		"inner":     {http.StatusInternalServerError, "Something went wrong on our side."},
	} {
		answer := client.Try("/sample/fail/" + how)
		require.Equal(t, want.status, answer.Status)
		frametest.CheckPage(t, answer.Doc)
		require.Contains(t, answer.Doc.Find("main").Text(), want.text)
		require.NotContains(t, string(answer.Body), errInner.Error(), "inner text is for the log")
	}
	errors := site.Errors()
	require.Len(t, errors, 1)
	require.ErrorIs(t, errors[0], errInner)
	require.Equal(t, http.StatusNotFound, client.Try("/nowhere").Status)
	require.Equal(t, http.StatusNotFound, client.Post("/sample", nil).Status)
	require.Equal(t, http.StatusMethodNotAllowed, client.Do(http.MethodDelete, "/sample", nil, nil).Status)
}

func TestActsAreRecordedOnce(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	client := site.As(access.RoleFinance)
	client.Post("/sample/form", map[string][]string{"name": {"a"}})
	client.Post("/sample/form", map[string][]string{"name": {"refused"}})
	client.Try("/sample.csv?min=1")
	client.Try("/sample/file")
	client.Get("/sample/seen")
	client.Get("/sample")
	type line struct {
		act, object, filter string
		result              audit.Result
		status, rows        int
	}
	var lines []line
	for _, e := range site.Recorded() {
		require.Equal(t, "finance", e.Who)
		require.Equal(t, "127.0.0.1", e.Address)
		require.Equal(t, frametest.Start(), e.At.In(frametest.Start().Location()))
		lines = append(lines, line{e.Act, e.Object.ID, e.Filter, e.Result, e.Status, e.Rows})
	}
	require.Equal(t, []line{
		{"sample.act", "a", "", audit.Done, http.StatusSeeOther, 0},
		{"sample.act", "refused", "", audit.Refused, http.StatusConflict, 0},
		{"payments.export", "", "Amount: Rp1 · Day: 22 Nov 2026", audit.Done, http.StatusOK, 2},
		{"settlement.export", "", "", audit.Done, http.StatusOK, 0},
		{"payments.unmask", "1", "", audit.Done, http.StatusOK, 0},
	}, lines)
	first := site.Recorded()[0]
	require.Equal(t, [3]string{"because", "0", "1"}, [3]string{first.Reason, first.Before, first.After})
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	client := site.As(access.RoleFinance)
	for _, path := range []string{"/sample", "/sample.csv", "/sample/file"} {
		answer := client.Do(http.MethodHead, path, nil, nil)
		require.Equal(t, http.StatusOK, answer.Status, path)
		require.Empty(t, answer.Body)
	}
	require.Empty(t, site.Recorded(), "nothing left the house")
}

func TestUploads(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	client := site.As(access.RoleFinance)
	hidden := fields(client)
	body := func(name, token string) io.Reader {
		parts := []string{
			"Content-Disposition: form-data; name=\"form-token\"\r\n\r\n" + token,
			"Content-Disposition: form-data; name=\"form-key\"\r\n\r\n" + hidden.Get("form-key"),
			"Content-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\nContent-Type: text/plain\r\n\r\n" + strings.Repeat("x", 1<<20),
		}
		return strings.NewReader("--edge\r\n" + strings.Join(parts, "\r\n--edge\r\n") + "\r\n--edge--\r\n")
	}
	header := http.Header{"Origin": {site.URL}, "Content-Type": {"multipart/form-data; boundary=edge"}}
	require.Equal(t, http.StatusForbidden, client.Do(http.MethodPost, "/sample/upload", body("a.txt", "x"), header).Status)
	require.Equal(t, http.StatusUnprocessableEntity, client.Do(http.MethodPost, "/sample/upload", body("", hidden.Get("form-token")), header).Status)
	answer := client.Do(http.MethodPost, "/sample/upload", body(`../..\\etc/<b>day</b>.txt`, hidden.Get("form-token")), header)
	require.Equal(t, "Done with b>.txt: 1048576 bytes.", client.Follow(answer).Find(".said").Text())
	// The script is told where to go, and why not.
	header.Set("Accept", "application/json")
	hidden.Set("form-key", fields(client).Get("form-key"))
	answer = client.Do(http.MethodPost, "/sample/upload", body("a.txt", hidden.Get("form-token")), header)
	require.JSONEq(t, `{"location": "/console/sample/form"}`, string(answer.Body))
	answer = client.Do(http.MethodPost, "/sample/upload", body("a.txt", "x"), header)
	require.Equal(t, http.StatusForbidden, answer.Status)
	require.Contains(t, string(answer.Body), `{"error":"This form did not come from a page of yours`)
}

func TestTheMenuIsWhatThePersonMay(t *testing.T) {
	t.Parallel()
	admin := sample(func(a *frame.Area) {
		a.Nav = &frame.NavItem{Path: "/sample/form", Word: "sample.nav", Action: access.ActCaseWork}
	})
	site := frametest.New(t, admin)
	require.Zero(t, site.As(access.RoleViewer).Get("/sample").Find("nav a[href='/console/sample/form']").Length())
	page := site.As(access.RoleFinance).Get("/sample/form")
	require.Equal(t, "page", page.Find("nav a[href='/console/sample/form']").AttrOr("aria-current", ""))
	require.Equal(t, "/sample/form", site.As(access.RoleFinance).Try("/").Location)
	require.Equal(t, "/help", site.As(access.RoleViewer).Try("/").Location)
	site.As(access.RoleViewer).Get("/help")
}

// What comes before a file is bounded, its names too: a form of nothing but names
// would else grow until the memory is full.
func TestFieldsBeforeAFileAreBounded(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	client := site.As(access.RoleFinance)
	header := http.Header{"Origin": {site.URL}, "Content-Type": {"multipart/form-data; boundary=edge"}}
	for name, part := range map[string]string{
		"long names": "--edge\r\nContent-Disposition: form-data; name=\"" + strings.Repeat("n", 10_000) + "\"\r\n\r\n\r\n",
		"no names":   "--edge\r\nContent-Disposition: form-data\r\n\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read := &countingReader{Reader: strings.NewReader(strings.Repeat(part, 20_000_000/len(part)))}
			answer := client.Do(http.MethodPost, "/sample/upload", read, header)
			require.Equal(t, http.StatusRequestEntityTooLarge, answer.Status)
			require.Less(t, read.count.Load(), int64(16<<20))
		})
	}
}

// countingReader counts what is read of it.
type countingReader struct {
	io.Reader
	count atomic.Int64
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.count.Add(int64(n))
	return n, err
}
