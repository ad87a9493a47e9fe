package frame_test

import (
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
)

// slowly is a download that begins, and is made once it may end.
func slowly(begun chan<- struct{}, end <-chan struct{}) func(*frame.Area) {
	return func(area *frame.Area) {
		area.Routes = append(area.Routes, frame.Route{
			Pattern: "GET /sample/slow", Action: access.ActPaymentsExport,
			Handle: func(c *frame.Call) error {
				return c.Download("slow.txt", "text/plain", func(w io.Writer) error {
					begun <- struct{}{}
					<-end
					_, err := io.WriteString(w, "whole")
					return err
				})
			},
		})
	}
}

// The processor and the disk answer the tills too: files are not made by the dozen.
func TestFewExportsAtOnce(t *testing.T) {
	t.Parallel()
	begun, end := make(chan struct{}, 2), make(chan struct{})
	site := frametest.New(t, sample(slowly(begun, end)))
	finish := sync.OnceFunc(func() { close(end) })
	t.Cleanup(finish) // the server waits for its requests as the test ends
	finance, approver, viewer := site.As(access.RoleFinance), site.As(access.RoleApprover), site.As(access.RoleViewer)
	answers := make(chan *frametest.Answer, 2)
	go func() { answers <- finance.Try("/sample/slow") }()
	<-begun

	again := site.As(access.RoleFinance).Try("/sample.csv")
	require.Equal(t, http.StatusTooManyRequests, again.Status, "one for each person, by whatever sign-in")
	frametest.CheckPage(t, again.Doc)
	require.Contains(t, again.Doc.Find("main").Text(), "A file for you is still being made or sent. Wait until it is there, then try again.")
	require.Empty(t, again.Header.Get("Content-Disposition"))

	go func() { answers <- approver.Try("/sample/slow") }()
	<-begun
	third := viewer.Try("/sample/slow")
	require.Equal(t, http.StatusTooManyRequests, third.Status, "two for all")
	require.Contains(t, third.Doc.Find("main").Text(), "Try again in a minute.")
	require.Equal(t, http.StatusOK, viewer.Try("/sample").Status, "pages are shown all the same")

	finish()
	for range 2 {
		answer := <-answers
		require.Equal(t, http.StatusOK, answer.Status)
		require.Equal(t, "whole", string(answer.Body))
	}
	require.Equal(t, http.StatusOK, viewer.Try("/sample/slow").Status, "who was refused has taken no turn")
	require.Equal(t, http.StatusOK, finance.Try("/sample/slow").Status)
}

// A file that can't be made keeps no turn.
func TestTurnsAreGivenBack(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample(func(area *frame.Area) {
		area.Routes = append(area.Routes, frame.Route{Pattern: "GET /sample/broken", Action: access.ActPaymentsExport, Handle: func(c *frame.Call) error {
			return c.Download("broken.txt", "text/plain", func(io.Writer) error { return errInner })
		}})
	}))
	finance := site.As(access.RoleFinance)
	for range 3 {
		require.Equal(t, http.StatusInternalServerError, finance.Try("/sample/broken").Status)
	}
	require.Len(t, site.Errors(), 3)
	require.Equal(t, http.StatusOK, finance.Try("/sample.csv").Status)
}
