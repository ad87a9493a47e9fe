package main

import (
	"regexp"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseRupiah(t *testing.T) {
	t.Parallel()
	good := map[string]int64{"0": 0, "50000": 50000, "50000.0": 50000, "50000.00": 50000, "999999999999": 999_999_999_999}
	for text, want := range good {
		got, err := parseRupiah(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	bad := []string{
		"", "-1", "+1", "1e5", "50,000", "50.000", "50000.5", "50000.", ".00", "NaN", " 1", "1 ", "1.0.0",
		"1000000000000", "99999999999999999999",
	}
	for _, text := range bad {
		_, err := parseRupiah(text)
		require.Error(t, err, text)
	}
}

func TestIdentitiesFitTheDocumentAndNeverRepeat(t *testing.T) {
	t.Parallel()
	const each, runs = 500, 8
	var mu sync.Mutex
	refs, messages := make(map[string]bool), make(map[string]bool)
	var work sync.WaitGroup
	for range runs {
		ids := newIdentities()
		work.Go(func() {
			for range each {
				ref, id := ids.trackingRef(testNow), ids.messageID(testNow)
				mu.Lock()
				refs[ref], messages[id] = true, true
				mu.Unlock()
			}
		})
	}
	work.Wait()
	require.Len(t, refs, each*runs)
	require.Len(t, messages, each*runs)
	for ref := range refs {
		require.Regexp(t, regexp.MustCompile(`^261122[A-Z2-7]{6}[0-9]{8}$`), ref)
		require.NoError(t, checkAlphanumeric("ref", ref, maxTrackingRef, maxTrackingRef))
	}
}

func TestAmountWithoutFee(t *testing.T) {
	t.Parallel()
	require.Equal(t, int64(50000), record{Amount: 50000, Fee: 2500}.amountWithoutFee())
	require.Equal(t, int64(47500), record{Amount: 50000, Fee: 2500, FeeInAmount: true}.amountWithoutFee())
}
