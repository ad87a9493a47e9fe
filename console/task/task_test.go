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
	return task.NewBoard(task.Config{Now: func() time.Time {
		now := <-at
		at <- now.Add(time.Second)
		return now
	}})
}

func TestATaskOutlastsItsRequest(t *testing.T) {
	t.Parallel()
	b := board()
	request, leave := context.WithCancel(t.Context())
	told, goOn := make(chan struct{}), make(chan struct{})
	id, err := b.Start(request, task.State{Name: "cancel G1", By: "rina"}, func(ctx context.Context, p *task.Progress) (any, error) {
		p.Tell(3, 10)
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
	state = b.Await(t.Context(), id, long)
	require.False(t, state.Running())
	require.NoError(t, state.Err, "the request that went away did not stop it")
	require.Equal(t, "all", state.Result)
	require.True(t, state.Ended.After(state.Began))
}

func TestOneOfANameAtATime(t *testing.T) {
	t.Parallel()
	b := board()
	goOn := make(chan struct{})
	wait := func(context.Context, *task.Progress) (any, error) { <-goOn; return nil, nil }
	first, err := b.Start(t.Context(), task.State{Name: "check", By: "a"}, wait)
	require.NoError(t, err)
	again, err := b.Start(t.Context(), task.State{Name: "check", By: "b"}, wait)
	require.ErrorIs(t, err, task.ErrRunning)
	require.Equal(t, first, again, "who asks again sees the one that runs")
	for i := range task.MaxRunning - 1 {
		_, err = b.Start(t.Context(), task.State{Name: fmt.Sprint(i), By: "a"}, wait)
		require.NoError(t, err)
	}
	_, err = b.Start(t.Context(), task.State{Name: "one more", By: "a"}, wait)
	require.ErrorIs(t, err, task.ErrFull)
	close(goOn)
	b.Await(t.Context(), first, long)
	_, err = b.Start(t.Context(), task.State{Name: "check", By: "a"}, wait)
	require.NoError(t, err, "after its end it may begin anew")
}

func TestAFailureIsKept(t *testing.T) {
	t.Parallel()
	b := board()
	broken := errors.New("broken")
	id, err := b.Start(t.Context(), task.State{Name: "check", By: "a"}, func(context.Context, *task.Progress) (any, error) { return nil, broken })
	require.NoError(t, err)
	state := b.Await(t.Context(), id, long)
	require.ErrorIs(t, state.Err, broken)
	require.Equal(t, -1, state.Percent())
}

func TestOldTasksAreForgotten(t *testing.T) {
	t.Parallel()
	b := board()
	var ids []string
	for i := range task.MaxKept + 3 {
		id, err := b.Start(t.Context(), task.State{Name: fmt.Sprint(i), By: "a"}, func(context.Context, *task.Progress) (any, error) { return nil, nil })
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
	id, err := b.Start(t.Context(), task.State{Name: "slow", By: "a"}, func(context.Context, *task.Progress) (any, error) { <-goOn; return nil, nil })
	require.NoError(t, err)
	b.Await(t.Context(), id, time.Millisecond)
	gone, leave := context.WithCancel(t.Context())
	leave()
	b.Await(gone, id, long)
	require.Zero(t, b.Await(t.Context(), "no such", long))
	state, _ := b.Get(id)
	require.True(t, state.Running())
}

func TestAPanicEndsItsTaskAlone(t *testing.T) {
	t.Parallel()
	told := make(chan string, 1)
	b := task.NewBoard(task.Config{Now: time.Now, Failed: func(what string, err error) { told <- what + ": " + err.Error() }})
	id, err := b.Start(t.Context(), task.State{Name: "bad", By: "siti"}, func(_ context.Context, p *task.Progress) (any, error) {
		p.Know("a part")
		panic("nothing there")
	})
	require.NoError(t, err)
	state := b.Await(t.Context(), id, long)
	require.Equal(t, "a part", state.Result, "what was known of it stays")
	require.False(t, state.Running())
	require.ErrorIs(t, state.Err, task.ErrPanic)
	require.ErrorContains(t, state.Err, "nothing there")
	require.Contains(t, <-told, "bad: the task panicked: nothing there", "for the log")
}

// An import has parts, and results that are known before its end.
func TestATaskTellsItsPhaseAndWhatIsKnown(t *testing.T) {
	t.Parallel()
	b := board()
	step := make(chan struct{})
	id, err := b.Start(t.Context(), task.State{Name: "import", By: "siti", Phase: "receiving", Result: "a.txt"}, func(_ context.Context, p *task.Progress) (any, error) {
		<-step
		p.Tell(50, 200)
		step <- struct{}{}
		<-step
		p.Enter("matching", 1, 0)
		p.Know("a.txt of Saturday")
		step <- struct{}{}
		<-step
		return "version 1", nil
	})
	require.NoError(t, err)
	state := func() task.State {
		s, is := b.Get(id)
		require.True(t, is)
		return s
	}
	at := func(s task.State) []any { return []any{s.Phase, s.Done, s.Total, s.Percent(), s.Result} }
	require.Equal(t, []any{"receiving", 0, 0, -1, "a.txt"}, at(state()), "from its beginning")
	step <- struct{}{}
	<-step
	require.Equal(t, []any{"receiving", 50, 200, 25, "a.txt"}, at(state()))
	step <- struct{}{}
	<-step
	require.Equal(t, []any{"matching", 1, 0, -1, "a.txt of Saturday"}, at(state()))
	step <- struct{}{}
	require.Equal(t, []any{"matching", 1, 0, 100, "version 1"}, at(b.Await(t.Context(), id, long)))
}

func TestAStoppedTaskEnds(t *testing.T) {
	t.Parallel()
	b := board()
	wait := func(ctx context.Context, _ *task.Progress) (any, error) {
		<-ctx.Done()
		return "half", fmt.Errorf("wait: %w", ctx.Err())
	}
	first, err := b.Start(t.Context(), task.State{Name: "first"}, wait)
	require.NoError(t, err)
	second, err := b.Start(t.Context(), task.State{Name: "second"}, wait)
	require.NoError(t, err)
	ids := func() (all []string) {
		for _, s := range b.UnderWay() {
			all = append(all, s.ID)
		}
		return all
	}
	require.Equal(t, []string{second, first}, ids(), "the newest first")
	b.Stop(first)
	state := b.Await(t.Context(), first, long)
	require.ErrorIs(t, state.Err, context.Canceled)
	require.Equal(t, "half", state.Result, "what was done stays")
	require.Equal(t, []string{second}, ids(), "the other goes on")
	b.Stop(first)
	b.Stop("no such")
	b.Stop(second)
	b.Await(t.Context(), second, long)
	require.Empty(t, ids())
}

func TestABoardMayRunFewer(t *testing.T) {
	t.Parallel()
	b := task.NewBoard(task.Config{Now: time.Now, Running: 1})
	goOn := make(chan struct{})
	wait := func(context.Context, *task.Progress) (any, error) { <-goOn; return nil, nil }
	id, err := b.Start(t.Context(), task.State{Name: "a"}, wait)
	require.NoError(t, err)
	_, err = b.Start(t.Context(), task.State{Name: "b"}, wait)
	require.ErrorIs(t, err, task.ErrFull)
	close(goOn)
	b.Await(t.Context(), id, long)
	id, err = b.Start(t.Context(), task.State{Name: "b"}, wait)
	require.NoError(t, err)
	b.Await(t.Context(), id, long)
}
