package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Each code is asked about before it is paid, and what is reversed was paid a second
// ago and is reversed once.
func TestVisitsAreInTheOrderOfATill(t *testing.T) {
	t.Parallel()
	v := visitsOf(peerCodes(10_000), 10_000)
	require.Equal(t, 10_000, v.size())
	asked, paid, reversed := map[int]int{}, map[int]int{}, map[int]int{}
	for n := range v.size() {
		switch operation, i := v.visit(n); operation {
		case inquire:
			if _, again := asked[i]; !again {
				asked[i] = n
			}
		case pay:
			require.Equal(t, n-paidAfter, asked[i])
			require.NotContains(t, paid, i)
			paid[i] = n
		case reverse:
			require.Equal(t, n-reversedAfter, paid[i])
			require.NotContains(t, reversed, i)
			reversed[i] = n
		}
	}
	require.Len(t, asked, 5000)
	require.Len(t, reversed, 450)
	require.Len(t, paid, 4750-len(reversed))
}

func TestVisitsEndWithTheCodes(t *testing.T) {
	t.Parallel()
	require.Equal(t, 20, visitsOf(peerCodes(10), 30_000).size())
}
