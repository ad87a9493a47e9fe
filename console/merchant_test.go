package console_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/login"
	"paypoint/console/frame/frametest"
	"paypoint/ledger"
	"paypoint/locale"
)

// valuesOf are the values of the other merchant's that fill in the paths of an
// area, by the path's first part.
func (p *party) valuesOf(day string) map[string]map[string]string {
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	return map[string]map[string]string{
		"payments":       {"id": p.paid.ID},
		"merchants":      {"id": p.ID, "transaction": p.paid.ID, "task": p.task},
		"cases":          {"id": number(p.found)},
		"people":         {"id": p.person},
		"notifications":  {"seq": number(p.notice), "task": p.task},
		"settlements":    {"day": day, "task": p.task, "format": "txt"},
		"statements":     {"merchant": p.ID, "no": number(p.statement), "format": "csv"},
		"reconciliation": {"day": day},
		"work":           {"id": p.task},
		"audit":          {"seq": "1", "id": p.task},
		"system":         {"task": p.task, "job": "settle"},
		"money":          {"id": p.task},
		"language":       {"language": "id"},
	}
}

// fields are a form that names the other merchant's objects wherever a form of the
// console names one.
func (p *party) fields() url.Values {
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	return url.Values{
		"merchant": {p.ID}, "id": {p.paid.ID}, "n": {number(p.notice)}, "notice": {number(p.notice)}, "case": {number(p.found)}, "order": {p.paid.Order}, "person": {p.person},
		"url": {"https://example.com/hook"}, "urls": {"https://example.com/hook"}, "reference": {"BCA-1"}, "why": {"x"}, "reason": {"x"}, "text": {"x"},
	}
}

// questions are queries by which lists and searches might be led to the other
// merchant's.
func (p *party) questions() []string {
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	all := []string{"", "after=0", "after=1", "before=999999999", "state=all", "from=2026-11-01", "day=2026-11-22"}
	for name, values := range map[string][]string{
		"merchant": {p.ID}, "code": {string(p.paid.Code)}, "ref": {string(p.ref)}, "receipt": {p.receipt}, "order": {p.paid.Order}, "id": {p.paid.ID},
		"notification": {number(p.notice)}, "n": {number(p.notice)}, "case": {number(p.found)}, "text": {p.Name}, "to": {"/payments/" + p.paid.ID},
		"q": {p.ID, p.Name, string(p.paid.Code), string(p.active.Code), string(p.held.Code), p.paid.Order, p.paid.ID, string(p.ref), p.receipt, number(p.found), "T001", p.person},
	} {
		for _, value := range values {
			all = append(all, url.Values{name: {value}}.Encode())
		}
	}
	slices.Sort(all)
	return all
}

// placeholder is a value in a pattern's path.
var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// address is a route's pattern as a method and a path of the other merchant's. named
// says that the path names an object.
func address(t *testing.T, pattern string, values map[string]map[string]string) (method, path string, named bool) {
	method, path, is := strings.Cut(pattern, " ")
	require.True(t, is, pattern)
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	path = placeholder.ReplaceAllStringFunc(path, func(hole string) string {
		value := values[first][strings.Trim(hole, "{}")]
		require.NotEmpty(t, value, "%s: say here what fills in %s of the other merchant's", pattern, hole)
		return value
	})
	return method, path, placeholder.MatchString(pattern) && first != "language"
}

// texts are all that an answer has for a person to read: its body, those of a
// workbook one by one, and where it leads.
func texts(t *testing.T, answer *frametest.Answer) string {
	all := answer.Location + "\n" + answer.Header.Get("Content-Disposition") + "\n"
	if !bytes.HasPrefix(answer.Body, []byte("PK\x03\x04")) {
		return all + string(answer.Body)
	}
	workbook, err := zip.NewReader(bytes.NewReader(answer.Body), int64(len(answer.Body)))
	require.NoError(t, err)
	for _, file := range workbook.File {
		part, err := file.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(part)
		require.NoError(t, err)
		all += string(text) + "\n"
	}
	return all
}

// watched is the console with what must stay as it is.
type watched struct {
	*bundle
	last uint64
	// theirs are the other's preferences, views and sign-ins.
	preferences login.Preferences
	views       []login.View
	logins      int
}

func (b *bundle) watch() *watched {
	w := &watched{bundle: b}
	for {
		records, err := b.Ledger.Reader().Records(b.t.Context(), w.last, 1000)
		require.NoError(b.t, err)
		if len(records) == 0 {
			break
		}
		w.last = records[len(records)-1].Seq
	}
	w.preferences, w.views, w.logins = w.theirLogin()
	return w
}

// theirLogin is what the login store has of the other's person.
func (w *watched) theirLogin() (login.Preferences, []login.View, int) {
	person, known := w.Staff.Person(w.bundle.theirs.person)
	require.True(w.t, known)
	preferences, err := w.Logins.Preferences(person.ID)
	require.NoError(w.t, err)
	views, err := w.Logins.Views(person.ID)
	require.NoError(w.t, err)
	logins, err := w.Logins.Of(person)
	require.NoError(w.t, err)
	return preferences, views, len(logins)
}

// check makes sure that an answer has nothing of the other merchant's but what was
// asked with, and that nothing was changed: the ledger's journal has all that
// merchants, persons and the books are, too.
func (w *watched) check(what, asked string, answer *frametest.Answer) {
	w.t.Helper()
	text := texts(w.t, answer)
	asked, err := url.QueryUnescape(asked)
	require.NoError(w.t, err)
	for _, secret := range append(w.bundle.theirs.secrets(), w.together()...) {
		if !strings.Contains(asked, secret) {
			require.False(w.t, strings.Contains(text, secret), "%s tells %q", what, secret)
		}
	}
	records, err := w.Ledger.Reader().Records(w.t.Context(), w.last, 1)
	require.NoError(w.t, err)
	require.Empty(w.t, records, "%s wrote to the journal", what)
}

// together are sums over both merchants: in a total, too, one would see the other.
func (w *watched) together() (all []string) {
	for _, sum := range []ledger.Rupiah{w.bundle.mine.amount + w.bundle.theirs.amount, 2*w.bundle.mine.amount + w.bundle.theirs.amount} {
		all = append(all, locale.Bare(sum), strconv.FormatInt(int64(sum), 10))
	}
	return all
}

// end makes sure that the other's person was left alone.
func (w *watched) end() {
	preferences, views, logins := w.theirLogin()
	require.Equal(w.t, w.preferences, preferences)
	require.Equal(w.t, w.views, views)
	require.Equal(w.t, w.logins, logins)
}

// Every route of the console, asked by a person of one merchant for the objects of
// another, answers 403 or 404, tells nothing of it, and changes nothing.
func TestNoRouteKnowsAnotherMerchantsObjects(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.watch()
	values := b.theirs.valuesOf("2026-11-22")
	routes := 0
	for _, area := range b.Frame.Areas {
		for _, route := range area.Routes {
			method, path, named := address(t, route.Pattern, values)
			what := route.Pattern + " (" + path + ")"
			// Each by a sign-in of its own: one of them signs out.
			client := b.As(access.RoleMerchant)
			var answer *frametest.Answer
			asked := path
			if method == http.MethodPost {
				fields := b.theirs.fields()
				asked += fields.Encode()
				answer = client.Post(path, fields)
			} else {
				answer = client.Try(path)
			}
			if named || !access.RoleMerchant.May(route.Action) {
				require.Contains(t, []int{http.StatusForbidden, http.StatusNotFound}, answer.Status, what)
			}
			require.Less(t, answer.Status, http.StatusInternalServerError, what)
			w.check(what, asked, answer)
			routes++
		}
	}
	require.Greater(t, routes, 100, "all areas' routes were walked")
	w.end()
}

// What fills in the paths is there: who may see all finds it, so that 404 above is
// for whose it is.
func TestTheOtherMerchantsObjectsAreThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	values := b.theirs.valuesOf("2026-11-22")
	found := 0
	for _, area := range b.Frame.Areas {
		for _, route := range area.Routes {
			method, path, named := address(t, route.Pattern, values)
			if !named || method != http.MethodGet || !access.RoleMerchant.May(route.Action) {
				continue
			}
			client := b.Person(b.theirs.person)
			require.Equal(t, http.StatusOK, client.Try(path).Status, "%s for the other merchant's own person", path)
			found++
		}
	}
	require.Greater(t, found, 5)
}

// Each list, search and export of a merchant's person has its own and nothing of
// another's, whatever is asked for.
func TestListsAndExportsHoldTheMerchantsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.watch()
	client := b.As(access.RoleMerchant)
	for _, area := range b.Frame.Areas {
		for _, route := range area.Routes {
			method, path, is := strings.Cut(route.Pattern, " ")
			require.True(t, is)
			if method != http.MethodGet || placeholder.MatchString(path) || !access.RoleMerchant.May(route.Action) {
				continue
			}
			endings := []string{""}
			if route.Export {
				endings = []string{"", ".csv", ".xlsx", ".json"}
			}
			for _, ending := range endings {
				for _, question := range b.theirs.questions() {
					at := path + ending + "?" + question
					answer := client.Try(at)
					require.Less(t, answer.Status, http.StatusInternalServerError, at)
					w.check("GET "+at, at, answer)
				}
			}
		}
	}
	w.end()
	for path, own := range map[string]string{
		"/payments?from=2026-11-01": b.mine.paid.Order, "/payments.csv?from=2026-11-01": b.mine.paid.Order, "/payments.xlsx?from=2026-11-01": b.mine.paid.Order,
		"/notifications?state=all": b.mine.paid.Order, "/notifications.csv?state=all": b.mine.paid.Order,
		"/merchants": b.mine.ID, "/merchants.csv": b.mine.ID, "/statements": "/statements/" + b.mine.ID, "/statements.csv": b.mine.ID,
		"/search?q=" + b.mine.paid.Order: b.mine.paid.ID,
	} {
		require.Contains(t, texts(t, client.Try(path)), own, path)
	}
	var newer struct{ Count int }
	require.NoError(t, json.Unmarshal(client.Try("/today/newer?after=0").Body, &newer))
	require.Equal(t, 1, newer.Count, "the merchant's own payment that it was told of")
}
