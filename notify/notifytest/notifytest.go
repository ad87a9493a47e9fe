package notifytest

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/notify"
)

// History is a new one in a file, closed when the test ends. What it can't write
// fails the test.
func History(t testing.TB) *notify.History {
	t.Helper()
	history, err := notify.OpenHistory(filepath.Join(t.TempDir(), notify.HistoryFile), func(err error) { t.Error(err) })
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, history.Close()) })
	return history
}

// Receiver is a merchant's notification URL. It counts what it is told, and answers
// as the test says.
type Receiver struct {
	*httptest.Server

	mu     sync.Mutex
	count  int
	answer http.HandlerFunc
}

// Receive serves a receiver until the test ends. It answers 200 where answer is nil.
func Receive(t testing.TB, answer http.HandlerFunc) *Receiver {
	t.Helper()
	r := &Receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(r.take))
	t.Cleanup(r.Close)
	return r
}

func (r *Receiver) take(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	r.count++
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		answer(w, q)
	}
}

// Answer sets how it answers from now on; nil is 200.
func (r *Receiver) Answer(answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// Told is how often it was told something.
func (r *Receiver) Told() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// Status answers with an HTTP status and nothing else.
func Status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}
