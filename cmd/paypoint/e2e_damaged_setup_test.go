package main

import (
	"bytes"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/access"
)

const heldByAnother = "held by another process"

// fileDamages are what can happen to a file of bbolt's while no server has it open.
func fileDamages() map[string]func(t *testing.T, path string) {
	return map[string]func(t *testing.T, path string){
		"zero length":     truncate(0),
		"garbage":         overwrite("Dear customer,\n"),
		"cut":             truncate(int64(2 * os.Getpagesize())),
		"meta pages torn": tearMeta,
		"a directory": func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Mkdir(path, 0o700))
		},
		heldByAnother: func(t *testing.T, path string) {
			t.Helper()
			// bbolt locks by flock(2), which two openings within one process contend for too.
			db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
		},
	}
}

// tearMeta overwrites the middle of both meta pages, as a disk does that loses power.
func tearMeta(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	for page := range 2 {
		_, err := file.WriteAt([]byte("torn torn torn torn"), int64(page*os.Getpagesize()+40))
		require.NoError(t, err)
	}
	require.NoError(t, file.Close())
}

// evidence is a damaged file as it is; nothing where it can't be read.
func evidence(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return text
}

// harmed stops the program, harms a file of its data directory and starts it again.
// It returns the file as it was then.
func (s *stage) harmed(path string, harm func(*testing.T, string)) (left []byte) {
	s.t.Helper()
	s.stop()
	require.NoError(s.t, <-s.ended)
	harm(s.t, path)
	left = evidence(path)
	s.start(s.app.config)
	return left
}

// putAside does what the runbook says: the file, which is still as it was left, is kept
// elsewhere, and the program started without it.
func (s *stage) putAside(path string, left []byte) {
	s.t.Helper()
	s.stop()
	require.NoError(s.t, <-s.ended)
	require.True(s.t, bytes.Equal(left, evidence(path)), "the damaged file was changed")
	require.NoError(s.t, os.Rename(path, path+".evidence"))
	s.start(s.app.config)
}

// trades has a till look a new charge up, pay it, and take it back: as if nothing were.
func (s *stage) trades(ref string) {
	s.t.Helper()
	code, order := s.charge(chargeTerms{})
	require.Equal(s.t, stageAmount.String(), s.send(s.inquiry(code)).values["Amount"])
	s.pay(code, ref, stageAmount)
	require.Equal(s.t, "settlement", s.status(order)["transaction_status"])
	s.reverse(code, ref, stageAmount)
	for _, path := range []string{"/healthz", "/readyz"} {
		answer, err := s.http.Get(s.url + path)
		require.NoError(s.t, err)
		require.NoError(s.t, answer.Body.Close())
		require.Equal(s.t, http.StatusOK, answer.StatusCode, path)
	}
}

// desk is a person's browser on the console of a stage.
type desk struct {
	s        *stage
	http     *http.Client
	language string
}

// seat opens a browser that asks for a language.
func (s *stage) seat(language string) *desk {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	return &desk{s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, language}
}

// signedIn is the browser of a person of the sandbox who is signed in.
func (s *stage) signedIn(person, language string) *desk {
	s.t.Helper()
	d := s.seat(language)
	status, page := d.signIn(person)
	require.Equal(s.t, http.StatusSeeOther, status, page.Find("main").Text())
	return d
}

func (d *desk) signIn(person string) (int, *goquery.Document) {
	d.s.t.Helper()
	return d.submit("/sign-in", "main form", url.Values{"person": {person}, "password": {access.SandboxPassword}})
}

func (d *desk) get(path string) (int, *goquery.Document) {
	d.s.t.Helper()
	request, err := http.NewRequest(http.MethodGet, d.s.url+"/console"+path, nil)
	require.NoError(d.s.t, err)
	return d.do(request)
}

// submit fills in the one form of a page that a selector finds, and sends it.
func (d *desk) submit(path, selector string, fields url.Values) (int, *goquery.Document) {
	d.s.t.Helper()
	_, page := d.get(path)
	form := page.Find(selector)
	require.Equal(d.s.t, 1, form.Length(), page.Find("main").Text())
	form.Find("input[type=hidden]").Each(func(_ int, input *goquery.Selection) {
		fields.Add(input.AttrOr("name", ""), input.AttrOr("value", ""))
	})
	request, err := http.NewRequest(http.MethodPost, d.s.url+form.AttrOr("action", ""), strings.NewReader(fields.Encode()))
	require.NoError(d.s.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", d.s.url)
	return d.do(request)
}

func (d *desk) do(request *http.Request) (int, *goquery.Document) {
	d.s.t.Helper()
	request.Header.Set("Accept-Language", d.language)
	answer, err := d.http.Do(request)
	require.NoError(d.s.t, err)
	defer answer.Body.Close()
	page, err := goquery.NewDocumentFromReader(answer.Body)
	require.NoError(d.s.t, err)
	return answer.StatusCode, page
}

// says holds that an answer has a status, and a sentence on its page.
func (d *desk) says(wantStatus int, sentence string, status int, page *goquery.Document) {
	d.s.t.Helper()
	require.Equal(d.s.t, wantStatus, status, page.Find("main").Text())
	require.Contains(d.s.t, page.Find("main").Text(), sentence)
}

// row is how something stands, by the tag in its line of the page System.
func (d *desk) row(name string) string {
	d.s.t.Helper()
	status, page := d.get("/system")
	require.Equal(d.s.t, http.StatusOK, status)
	rows := page.Find("tr[data-row]").FilterFunction(func(_ int, row *goquery.Selection) bool {
		return strings.TrimSpace(row.Find("th").Text()) == name
	})
	require.Equal(d.s.t, 1, rows.Length(), name)
	return strings.TrimSpace(rows.Find(".tag").Text())
}
