package charge

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// keep runs a request with a key to its end.
func (s *replays) keep(t *testing.T, key string, size int, at time.Time) scope {
	t.Helper()
	of := newScope("G000000001", "POST", "/v2/charge", "{}", key)
	require.Nil(t, s.begin(of, nil, at))
	s.end(of, &replay{scope: of, at: at, body: make([]byte, size)})
	return of
}

func TestKeptAnswersAreBounded(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for name, try := range map[string]struct{ size, most int }{
		"by their number": {1, maxReplays},
		"by their bytes":  {1 << 20, maxReplayed >> 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newReplays()
			first := s.keep(t, "first", try.size, noon)
			for i := range try.most - 1 {
				s.keep(t, strconv.Itoa(i), try.size, noon)
			}
			require.Contains(t, s.of, first)
			last := s.keep(t, "last", try.size, noon)
			require.NotContains(t, s.of, first, "the oldest goes first")
			require.Contains(t, s.of, last)
			require.Len(t, s.of, try.most)
			require.Equal(t, try.most, s.answered.Len())
			require.Equal(t, try.most*try.size, s.size)

			s.begin(newScope("later"), nil, noon.Add(replayLife))
			require.Len(t, s.of, 1, "only what runs is left")
			require.Zero(t, s.size)
			require.Zero(t, s.answered.Len())
		})
	}
}

func TestScopesDontRunIntoEachOther(t *testing.T) {
	t.Parallel()
	require.NotEqual(t, newScope("a", "bc"), newScope("ab", "c"))
	require.NotEqual(t, newScope("a", ""), newScope("a"))
}
