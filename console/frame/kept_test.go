package frame_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/console/frame"
)

func TestKeptForgetsTheOldestFirst(t *testing.T) {
	t.Parallel()
	kept := frame.NewKept[int](2)
	ids := []string{kept.Keep(1), kept.Keep(2), kept.Keep(3)}
	_, is := kept.Get(ids[0])
	require.False(t, is)
	for i, want := range []int{2, 3} {
		value, is := kept.Get(ids[i+1])
		require.True(t, is)
		require.Equal(t, want, value)
	}
	_, is = kept.Get("")
	require.False(t, is)
}
