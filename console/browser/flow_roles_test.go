package browser_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/login"
	"paypoint/console"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/store/memory"
	"paypoint/torture/play"
)

// roleOf are the persons by their roles.
func roleOf() map[string]access.Role {
	return map[string]access.Role{
		viewer: access.RoleViewer, finance: access.RoleFinance, approver: access.RoleApprover,
		operator: access.RoleOperator, admin: access.RoleAdmin, shopkeeper: access.RoleMerchant,
	}
}

// address is one address of the console, with what it takes to have it.
type address struct {
	frame.Route
	method, path string
	// also is what else it takes.
	also access.Action
}

// may says whether a role may have it. Whose URLs a person may set depends on the
// merchant: these routes look for themselves.
func (a address) may(role access.Role) bool {
	if strings.HasPrefix(a.path, "/merchants/{id}/urls") || strings.HasPrefix(a.path, "/merchants/{id}/test") {
		return role.May(access.ActMerchantWrite) || role.May(access.ActMerchantOwnURLs)
	}
	return a.Open || role.May(a.Action) && role.May(a.also)
}

// act is what the audit log calls it when a role is refused it: an export has a name
// of its own where its page is not refused.
func (a address) act(role access.Role) string {
	switch {
	case a.Export && !role.May(a.Action):
		return string(a.Action)
	case a.Act != "":
		return a.Act
	default:
		return string(a.Action)
	}
}

// addresses are all that there are, as the areas give them; exports are addresses
// of their own.
func addresses(t *testing.T) (all []address) {
	t.Helper()
	handler, err := console.New(console.Config{Ledger: ledger.NewService(memory.Open(), ledger.Agreement{}, time.Now), Now: time.Now})
	require.NoError(t, err)
	for _, area := range handler.(*frame.Frame).Areas {
		for _, route := range area.Routes {
			method, path, _ := strings.Cut(route.Pattern, " ")
			all = append(all, address{route, method, path, route.Action})
			if !route.Export {
				continue
			}
			also := route.ExportAction
			if also == "" {
				also = route.Action
			}
			for _, format := range []string{"csv", "xlsx", "json"} {
				all = append(all, address{route, method, path + "." + format, also})
			}
		}
	}
	return all
}

// person is somebody who speaks to the console without a browser.
type person struct {
	*site
	t    *testing.T
	http *http.Client
	// token is that of the sign-in.
	token string
}

// person signs somebody in.
func (s *site) person(t *testing.T, id string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	p := &person{site: s, t: t, http: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	_, body := p.get("/sign-in")
	page, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	require.NoError(t, err)
	fields := url.Values{"person": {id}, "password": {password}, "form-token": {page.Find("main input[name=form-token]").AttrOr("value", "")}}
	status, _ := p.do(http.MethodPost, "/sign-in", "application/x-www-form-urlencoded", strings.NewReader(fields.Encode()))
	require.Equal(t, http.StatusSeeOther, status)
	base, err := url.Parse(s.base)
	require.NoError(t, err)
	for _, cookie := range jar.Cookies(base) {
		if cookie.Name == "paypoint-login" {
			p.token = cookie.Value
		}
	}
	require.NotEmpty(t, p.token)
	return p
}

// do sends a request to a path below /console.
func (p *person) do(method, path, kind string, body io.Reader) (status int, answer []byte) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.console(path), body)
	require.NoError(p.t, err)
	request.Header.Set("Origin", p.base)
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := p.http.Do(request)
	require.NoError(p.t, err)
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	require.NoError(p.t, err)
	return response.StatusCode, answer
}

func (p *person) get(path string) (status int, answer []byte) {
	p.t.Helper()
	return p.do(http.MethodGet, path, "", nil)
}

// ask asks for an address as a page of the console would, with a good token; a form
// has that and what is typed: names and values by turns.
func (p *person) ask(a address, path string, typed ...string) int {
	p.t.Helper()
	hidden := map[string]string{"form-token": login.FormToken(p.token), "form-key": login.NewKey()}
	kind, body := "", io.Reader(nil)
	switch {
	case a.Progress:
		var text bytes.Buffer
		form := multipart.NewWriter(&text)
		for name, value := range hidden {
			require.NoError(p.t, form.WriteField(name, value))
		}
		require.NoError(p.t, form.Close())
		kind, body = form.FormDataContentType(), &text
	case a.method == http.MethodPost:
		fields := url.Values{}
		for name, value := range hidden {
			fields.Set(name, value)
		}
		for n := 0; n < len(typed); n += 2 {
			fields.Set(typed[n], typed[n+1])
		}
		kind, body = "application/x-www-form-urlencoded", strings.NewReader(fields.Encode())
	}
	status, _ := p.do(a.method, path, kind, body)
	return status
}

// refusals are the acts that the audit log has as forbidden to somebody.
func (p *person) refusals(of string) (acts []string) {
	p.t.Helper()
	status, text := p.get("/audit.csv?result=refused&who=" + of)
	require.Equal(p.t, http.StatusOK, status)
	for _, row := range records(p.t, text) {
		if row["status"] == "403" {
			acts = append(acts, row["act"])
		}
	}
	return acts
}

// exists puts what there is in the place of a path's wildcards.
func (st *story) exists(t *testing.T) *strings.Replacer {
	t.Helper()
	reply, err := st.merchant.Status(t.Context(), "order-1")
	require.NoError(t, err)
	day := "/" + st.Day
	return strings.NewReplacer(
		"/payments/{id}", "/payments/"+reply.ID, "/cases/{id}", fmt.Sprintf("/cases/%d", st.cases()[0].ID),
		"/merchants/{id}", "/merchants/G000000001", "/people/{id}", "/people/"+viewer, "/{$}", "/",
		"/settlements/{day}", "/settlements"+day, "/reconciliation/{day}", "/reconciliation"+day,
		"/statements/{merchant}/{no}", "/statements/G000000001/1", "/file/{format}", "/file/csv", "{transaction}", reply.ID,
		"{seq}", "1", "{task}", "none", "{id}", "none", "{job}", "settle", "{language}", "en",
	)
}

// TestFlowRoles asks for every address as every role: who may is answered, who may
// not is refused with 403, which the audit log has once, and sees no link and no
// button that leads there.
func TestFlowRoles(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := tellStory(s)
	st.run("statement", "close", st.Day)
	st.run("user", "role", finance, "finance")
	all, exists := addresses(t), st.exists(t)
	require.Greater(t, len(all), 150)
	warden := s.person(t, admin)
	for id, role := range roleOf() {
		t.Run(string(role), func(t *testing.T) {
			p := s.person(t, id)
			forbidden := p.refused(all, role, exists)
			require.ElementsMatch(t, forbidden, warden.refusals(id), "each refusal is recorded, once")
			p.walk(all, role)
			p.allowed(all, role, exists)
			require.Len(t, warden.refusals(id), len(forbidden), "nothing else was forbidden")
		})
	}
}

// refused asks for all that a role may not have, and returns what the audit log is
// to call these.
func (p *person) refused(all []address, role access.Role, exists *strings.Replacer) (acts []string) {
	p.t.Helper()
	for _, a := range all {
		if a.may(role) {
			continue
		}
		require.Equal(p.t, http.StatusForbidden, p.ask(a, exists.Replace(a.path)), "%s %s", a.method, a.path)
		acts = append(acts, a.act(role))
	}
	return acts
}

// allowed asks for all that a role may have. Most forms lack what they need, and
// are refused for that; what ends the sign-in comes last.
func (p *person) allowed(all []address, role access.Role, exists *strings.Replacer) {
	p.t.Helper()
	last := func(a address) int { return strings.Count(a.path, "/sign-") }
	for _, a := range slices.SortedStableFunc(slices.Values(all), func(a, b address) int { return last(a) - last(b) }) {
		if !a.may(role) {
			continue
		}
		status := p.ask(a, exists.Replace(a.path))
		require.NotEqual(p.t, http.StatusForbidden, status, "%s %s", a.method, a.path)
		require.Less(p.t, status, http.StatusInternalServerError, "%s %s", a.method, a.path)
	}
}

// walk follows all links from the first page on, one of each kind, and requires that
// nothing on a page leads to what the role may not have.
func (p *person) walk(all []address, role access.Role) {
	p.t.Helper()
	mux := http.NewServeMux()
	byPattern := map[string]address{}
	for _, a := range all {
		mux.HandleFunc(a.method+" "+a.path, http.NotFound)
		byPattern[a.method+" "+a.path] = a
	}
	queue, seen := []string{"/"}, map[string]bool{}
	for len(queue) > 0 {
		page := queue[0]
		queue = queue[1:]
		for _, to := range p.targets(page) {
			request, err := http.NewRequestWithContext(p.t.Context(), to.method, to.path, http.NoBody)
			require.NoError(p.t, err)
			_, pattern := mux.Handler(request)
			require.NotEmpty(p.t, pattern, "%s leads to %s", page, to.path)
			require.True(p.t, byPattern[pattern].may(role), "%s shows %s %s to %s", page, to.method, to.path, role)
			if k := kind(to.path); to.link && !seen[k] && !isFile(to.path) {
				seen[k] = true
				queue = append(queue, to.path)
			}
		}
	}
	require.Greater(p.t, len(seen), 5)
}

// target is where a link or a form leads, below /console.
type target struct {
	method, path string
	link         bool
}

// targets are where a page's links and forms lead.
func (p *person) targets(path string) (all []target) {
	p.t.Helper()
	status, body := p.get(path)
	if status == http.StatusSeeOther {
		status, body = p.get("/help")
	}
	require.Equal(p.t, http.StatusOK, status, path)
	page, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	require.NoError(p.t, err)
	page.Find("a[href], form[action]").Each(func(_ int, e *goquery.Selection) {
		to := target{method: http.MethodGet, path: e.AttrOr("href", ""), link: true}
		if goquery.NodeName(e) == "form" {
			to = target{method: strings.ToUpper(e.AttrOr("method", "get")), path: e.AttrOr("action", "")}
		}
		var below bool
		if to.path, below = strings.CutPrefix(to.path, "/console"); below {
			all = append(all, to)
		}
	})
	return all
}

// TestFlowAnotherMerchant: what is another merchant's is not there for a shopkeeper.
func TestFlowAnotherMerchant(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.trade()
	code, out, said := s.Run("merchant", "add", "Toko Lain", "--hold", "0s", "--json")
	require.Zero(t, code, said)
	var made struct {
		Key string `json:"server_key"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &made))
	other := play.NewMerchant(s.URL(), made.Key)
	t.Cleanup(other.Close)
	reply, err := other.Charge(t.Context(), play.Terms{Order: "secret-1", Amount: 23_450})
	require.NoError(t, err)
	require.Equal(t, "201", reply.StatusCode, string(reply.Body))
	st.Codes["secret-1"] = reply.PaymentCode
	st.pay("secret-1", "G001T001")
	st.closeDay()
	st.run("statement", "close", st.Day)

	p := s.person(t, shopkeeper)
	for _, path := range []string{
		"/payments/" + reply.ID, "/merchants/G000000002", "/merchants/G000000002/statements", "/merchants/G000000002/urls",
		"/merchants/G000000002/test/" + reply.ID, "/merchants/G000000001/test/" + reply.ID,
		"/statements/G000000002/1", "/statements/G000000002/1/file/pdf", "/statements/G000000002/1/file/csv",
	} {
		status, body := p.get(path)
		require.Equal(t, http.StatusNotFound, status, path)
		require.NotContains(t, string(body), "Toko Lain", path)
	}
	for _, path := range []string{"/payments/" + reply.ID + "/resend", "/merchants/G000000002/urls", "/merchants/G000000002/test"} {
		require.Equal(t, http.StatusNotFound, p.ask(address{method: http.MethodPost}, path, "notice", "1"), path)
	}
	p.http.CheckRedirect = nil // from here on it follows
	for _, path := range []string{
		"/", "/payments", "/payments.csv", "/payments?merchant=G000000002", "/payments.json?merchant=G000000002", "/merchants", "/merchants.csv",
		"/notifications?state=all", "/notifications.csv?state=all", "/statements", "/statements.csv", "/statements?merchant=G000000002",
		"/search?q=secret-1", "/search?q=" + reply.PaymentCode, "/search?q=" + reply.ID, "/search?q=G000000002", "/search?q=23450", "/today",
	} {
		_, body := p.get(path)
		for _, secret := range []string{"Toko Lain", "/payments/" + reply.ID} {
			require.NotContains(t, string(body), secret, path)
		}
	}
}
