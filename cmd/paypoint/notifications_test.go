package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestALargeOutboxIsCountedMoreRarely(t *testing.T) {
	t.Parallel()
	require.Equal(t, 30*time.Second, outboxPause(0))
	require.Equal(t, 30*time.Second, outboxPause(300*time.Millisecond))
	require.Equal(t, 200*time.Second, outboxPause(2*time.Second))
}
