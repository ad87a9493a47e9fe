package notifytest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/notify/notifytest"
)

// tell sends a receiver something, and returns the status of its answer.
func tell(t *testing.T, r *notifytest.Receiver) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL, http.NoBody)
	require.NoError(t, err)
	answer, err := r.Client().Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return answer.StatusCode
}

func TestAReceiverCountsAndAnswersAsItIsTold(t *testing.T) {
	t.Parallel()
	r := notifytest.Receive(t, notifytest.Status(http.StatusBadGateway))
	require.Zero(t, r.Told())
	require.Equal(t, http.StatusBadGateway, tell(t, r))
	r.Answer(notifytest.Status(http.StatusNotFound))
	require.Equal(t, http.StatusNotFound, tell(t, r))
	r.Answer(nil)
	require.Equal(t, http.StatusOK, tell(t, r))
	require.Equal(t, 3, r.Told())
	require.Equal(t, http.StatusOK, tell(t, notifytest.Receive(t, nil)))
}

// Each test has a history of its own, which its file's lock proves.
func TestHistoriesAreApart(t *testing.T) {
	t.Parallel()
	require.NotSame(t, notifytest.History(t), notifytest.History(t))
}
