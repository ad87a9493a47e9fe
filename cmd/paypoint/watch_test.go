package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatTakesLongIsDoneMoreRarely(t *testing.T) {
	t.Parallel()
	require.Equal(t, 30*time.Second, rest(outboxInterval, 0))
	require.Equal(t, 30*time.Second, rest(outboxInterval, 300*time.Millisecond))
	require.Equal(t, 200*time.Second, rest(outboxInterval, 2*time.Second))
}
