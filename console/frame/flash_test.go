package frame

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A colleague who sends thousands of forms takes nobody's secret away, and of their
// own sentences so many wait at most.
func TestNobodyCrowdsOutAnothersSecret(t *testing.T) {
	t.Parallel()
	waiting, now := newFlashes(), time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)
	waiting.put("mine", "/merchants/G1/key", now, "rotated", "the key")
	for n := range 5000 {
		waiting.put("another's", fmt.Sprint("/page/", n), now, "done", "")
	}
	require.LessOrEqual(t, len(waiting.waiting), 2)
	require.Equal(t, "the key", waiting.take("mine", "/merchants/G1/key", now).secret)
	require.Empty(t, waiting.take("mine", "/merchants/G1/key", now), "once")
	own := 0
	for n := range 5000 {
		if waiting.take("another's", fmt.Sprint("/page/", n), now).text != "" {
			own++
		}
	}
	require.Positive(t, own)
	require.LessOrEqual(t, own, maxFlashes)
}

func TestASentenceIsForgottenWhenNobodyComes(t *testing.T) {
	t.Parallel()
	waiting, now := newFlashes(), time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)
	waiting.put("mine", "/a", now, "done", "secret")
	waiting.put("other", "/a", now.Add(flashKept+time.Second), "done", "")
	require.Len(t, waiting.waiting, 1)
	require.Empty(t, waiting.take("mine", "/a", now.Add(flashKept+time.Second)))
}
