package notify

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// TestDecide is the whole table: every status that a receiver can answer, none
// included, at every number of attempts.
func TestDecide(t *testing.T) {
	t.Parallel()
	minutes := []time.Duration{2, 10, 30, 90, 210}
	retries := func(status int) int {
		switch {
		case slices.Contains([]int{301, 302, 303}, status):
			return 0
		case status == 500:
			return 1
		case status == 400 || status == 404:
			return 2
		case status == 503:
			return 4
		}
		return 5
	}
	for status := range 1000 {
		for attempts := 1; attempts <= 7; attempts++ {
			want := verdict{}
			switch {
			case status >= 200 && status <= 299:
				want.delivered = true
			case attempts <= retries(status):
				want.retryAfter = minutes[attempts-1] * time.Minute
			}
			require.Equal(t, want, decide(status, attempts), "status %d, attempt %d", status, attempts)
		}
	}
}

func TestNextStaysWithinTheInterval(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, ledger.WIB)
	shift := func(by time.Duration) func(time.Duration) time.Duration {
		return func(time.Duration) time.Duration { return by }
	}
	v := verdict{retryAfter: 10 * time.Minute}
	for name, c := range map[string]struct{ shift, after time.Duration }{
		"none":             {0, 10 * time.Minute},
		"some":             {time.Minute, 11 * time.Minute},
		"the whole":        {10 * time.Minute, 20 * time.Minute},
		"beyond it is cut": {time.Hour, 20 * time.Minute},
		"never backwards":  {-time.Hour, 10 * time.Minute},
	} {
		require.Equal(t, now.Add(c.after), v.next(now, shift(c.shift)), name)
	}
	require.Zero(t, verdict{}.next(now, shift(time.Minute)), "given up")
	require.Zero(t, verdict{delivered: true}.next(now, shift(time.Minute)), "delivered")
}

func TestProgresses(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, ledger.WIB)
	failed := ledger.Attempt{Target: "a", Status: 500, Next: at}
	last := ledger.Attempt{At: at, Target: "a", Status: 500}
	early := ledger.Attempt{At: at.Add(-time.Second), Target: "a", Status: 503, Next: at}
	taken := ledger.Attempt{Target: "a", Status: 200, Delivered: true}
	other := ledger.Attempt{Target: "b", Status: 200, Delivered: true}
	manual := ledger.Attempt{Target: "a", Status: 500, Manual: true}
	manualTaken := ledger.Attempt{Target: "a", Status: 200, Delivered: true, Manual: true}
	for name, c := range map[string]struct {
		past []ledger.Attempt
		want progress
		done bool
	}{
		"nothing yet":                   {nil, progress{}, false},
		"only another target":           {[]ledger.Attempt{other}, progress{}, false},
		"waits":                         {[]ledger.Attempt{failed}, progress{attempts: 1, next: at}, false},
		"resends in vain don't count":   {[]ledger.Attempt{failed, manual, manual}, progress{attempts: 1, next: at}, false},
		"early ones don't count":        {[]ledger.Attempt{failed, early}, progress{attempts: 1, next: at, unreached: true}, false},
		"given up":                      {[]ledger.Attempt{failed, last}, progress{attempts: 2, gaveUp: true}, true},
		"delivered":                     {[]ledger.Attempt{failed, taken}, progress{attempts: 1, next: at, delivered: true}, true},
		"delivered by a resend":         {[]ledger.Attempt{failed, manualTaken}, progress{attempts: 1, next: at, delivered: true}, true},
		"given up, then sent by a hand": {[]ledger.Attempt{last, manualTaken}, progress{attempts: 1, delivered: true}, true},
		"sent by a hand, then given up": {[]ledger.Attempt{manualTaken, last}, progress{delivered: true}, true},
	} {
		all := progresses{}
		for _, a := range c.past {
			all.add(a)
		}
		got := all["a"]
		require.Equal(t, c.want, got, name)
		require.Equal(t, c.done, got.done(), name)
	}
}

func TestTargetsOf(t *testing.T) {
	t.Parallel()
	for i, c := range []struct {
		merchant, own []string
		only          bool
		want          []string
	}{
		{nil, nil, false, nil},
		{[]string{"a", "b"}, nil, false, []string{"a", "b"}},
		{[]string{"a", "b"}, []string{"c", "a"}, false, []string{"a", "b", "c"}},
		{[]string{"a", "b"}, []string{"c", "c"}, true, []string{"c"}},
		{[]string{"a"}, nil, true, nil},
	} {
		require.Equal(t, c.want, targetsOf(c.merchant, c.own, c.only), fmt.Sprint("case ", i))
	}
}

func TestMaskURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://shop.example/":                   "https://shop.example",
		"https://shop.example":                    "https://shop.example",
		"https://shop.example:8443/hooks/s3cr3t":  "https://shop.example:8443/…",
		"https://shop.example/?token=s3cr3t":      "https://shop.example/…",
		"https://user:s3cr3t@shop.example/a?b=c":  "https://shop.example/…",
		"https://shop.example/%zz?token=s3cr3t":   maskedURL,
		"shop.example/?token=s3cr3t":              maskedURL,
		"ftp://shop.example/s3cr3t":               maskedURL,
		"https://s3cr3t\x7f@shop.example/":        maskedURL,
		"":                                        maskedURL,
		"https://shop.example#fragment-of-s3cr3t": "https://shop.example",
	} {
		require.Equal(t, want, MaskURL(raw), raw)
	}
}
