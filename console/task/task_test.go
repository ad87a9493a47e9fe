package task_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/console/task"
)

// long is beyond what any test waits for.
const long = time.Minute

// board has a clock that goes on a second with each look.
func board() *task.Board {
	at := make(chan time.Time, 1)
	at <- time.Unix(1_772_600_400, 0)
	return task.NewBoard(func() time.Time {
		now := <-at
		at <- now.Add(time.Second)
		return now
	}, nil)
}

func TestATaskOutlastsItsRequest(t *testing.T) {
	t.Parallel()
	b := board()
	request, leave := context.WithCancel(t.Context())
	told, goOn := make(chan struct{}), make(chan struct{})
	id, err := b.Start(request, "cancel G1", "rina", func(ctx context.Context, tell task.Tell) (any, error) {
		tell(3, 10)
		close(told)
		<-goOn
		return "all", ctx.Err()
	})
	require.NoError(t, err)
	<-told
	leave()
	state, is := b.Get(id)
	require.True(t, is)
	require.True(t, state.Running())
	require.Equal(t, [2]int{3, 10}, [2]int{state.Done, state.Total})
	require.Equal(t, "rina", state.By)
	close(goOn)
	b.Await(t.Context(), id, long)
	state, _ = b.Get(id)
	require.False(t, state.Running())
	require.NoError(t, state.Err, "the request that went away did not stop it")
	require.Equal(t, "all", state.Result)
	require.True(t, state.Ended.After(state.Began))
}

func TestOneOfANameAtATime(t *testing.T) {
	t.Parallel()
	b := board()
	goOn := make(chan struct{})
	wait := func(context.Context, task.Tell) (any, error) { <-goOn; return nil, nil }
	first, err := b.Start(t.Context(), "check", "a", wait)
	require.NoError(t, err)
	again, err := b.Start(t.Context(), "check", "b", wait)
	require.ErrorIs(t, err, task.ErrRunning)
	require.Equal(t, first, again, "who asks again sees the one that runs")
	for i := range task.MaxRunning - 1 {
		_, err = b.Start(t.Context(), fmt.Sprint(i), "a", wait)
		require.NoError(t, err)
	}
	_, err = b.Start(t.Context(), "one more", "a", wait)
	require.ErrorIs(t, err, task.ErrFull)
	close(goOn)
	b.Await(t.Context(), first, long)
	_, err = b.Start(t.Context(), "check", "a", wait)
	require.NoError(t, err, "after its end it may begin anew")
}

func TestAFailureIsKept(t *testing.T) {
	t.Parallel()
	b := board()
	broken := errors.New("broken")
	id, err := b.Start(t.Context(), "check", "a", func(context.Context, task.Tell) (any, error) { return nil, broken })
	require.NoError(t, err)
	b.Await(t.Context(), id, long)
	state, _ := b.Get(id)
	require.ErrorIs(t, state.Err, broken)
}

func TestOldTasksAreForgotten(t *testing.T) {
	t.Parallel()
	b := board()
	var ids []string
	for i := range task.MaxKept + 3 {
		id, err := b.Start(t.Context(), fmt.Sprint(i), "a", func(context.Context, task.Tell) (any, error) { return nil, nil })
		require.NoError(t, err)
		b.Await(t.Context(), id, long)
		ids = append(ids, id)
	}
	for i, id := range ids {
		_, is := b.Get(id)
		require.Equal(t, i >= 3, is, "task %d", i)
	}
	_, is := b.Get("no such")
	require.False(t, is)
}

func TestAwaitHasAnEnd(t *testing.T) {
	t.Parallel()
	b := board()
	goOn := make(chan struct{})
	defer close(goOn)
	id, err := b.Start(t.Context(), "slow", "a", func(context.Context, task.Tell) (any, error) { <-goOn; return nil, nil })
	require.NoError(t, err)
	b.Await(t.Context(), id, time.Millisecond)
	gone, leave := context.WithCancel(t.Context())
	leave()
	b.Await(gone, id, long)
	b.Await(t.Context(), "no such", long)
	state, _ := b.Get(id)
	require.True(t, state.Running())
}

func TestAPanicEndsItsTaskAlone(t *testing.T) {
	t.Parallel()
	told := make(chan string, 1)
	b := task.NewBoard(time.Now, func(what string, err error) { told <- what + ": " + err.Error() })
	id, err := b.Start(t.Context(), "bad", "siti", func(context.Context, task.Tell) (any, error) { panic("nothing there") })
	require.NoError(t, err)
	b.Await(t.Context(), id, time.Minute)
	state, is := b.Get(id)
	require.True(t, is)
	require.False(t, state.Running())
	require.ErrorIs(t, state.Err, task.ErrPanic)
	require.ErrorContains(t, state.Err, "nothing there")
	require.Contains(t, <-told, "bad: the task panicked: nothing there", "for the log")
}
