package main

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// placedPair is a connection that has a place, and its caller's side.
func placedPair(t *testing.T, patient time.Duration) (*placed, net.Conn) {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := newPlaces(socket, 1, func() {})
	p.patience = patient
	t.Cleanup(func() { _ = p.Close() })
	caller, err := net.Dial("tcp", socket.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = caller.Close() })
	ours, err := p.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = ours.Close() })
	return ours.(*placed), caller
}

func TestAnswersEndWhenNobodyTakesThem(t *testing.T) {
	t.Parallel()
	ours, _ := placedPair(t, shortTime)
	n, err := ours.Write(make([]byte, 64<<20))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.Positive(t, n)
	require.Less(t, n, 64<<20)
}

// TestDownloadsGoOnWhileTheyAreTaken: what takes much longer than the patience in
// all comes whole.
func TestDownloadsGoOnWhileTheyAreTaken(t *testing.T) {
	t.Parallel()
	const patient = 6 * shortTime
	ours, caller := placedPair(t, patient)
	require.NoError(t, caller.(*net.TCPConn).SetReadBuffer(32<<10))
	const size = 16 << 20
	taken := make(chan int64)
	go func() {
		total, beat := int64(0), time.NewTicker(patient/10)
		defer beat.Stop()
		for range beat.C {
			n, err := io.CopyN(io.Discard, caller, size/32)
			if total += n; err != nil || total >= size {
				break
			}
		}
		taken <- total
	}()
	began := time.Now()
	n, err := ours.Write(make([]byte, size))
	require.NoError(t, err)
	require.Equal(t, size, n)
	require.GreaterOrEqual(t, <-taken, int64(size))
	require.Greater(t, time.Since(began), 2*patient)
}

func TestAnAnswersOwnDeadlineHolds(t *testing.T) {
	t.Parallel()
	ours, _ := placedPair(t, shortTime)
	now := time.Now()
	require.Equal(t, now.Add(shortTime), ours.deadline(now))
	require.NoError(t, ours.SetWriteDeadline(now.Add(shortTime/2)))
	require.True(t, now.Add(shortTime/2).Equal(ours.deadline(now)))
	require.NoError(t, ours.SetWriteDeadline(now.Add(time.Hour)))
	require.Equal(t, now.Add(shortTime), ours.deadline(now))
	require.NoError(t, ours.SetWriteDeadline(time.Time{}))
	require.Equal(t, now.Add(shortTime), ours.deadline(now))
	require.NoError(t, ours.SetWriteDeadline(now.Add(-time.Second)))
	_, err := ours.Write([]byte("x"))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

// TestPlacesKeepWhoHasJustSpoken: a request that the server has not read yet is
// not closed over.
func TestPlacesKeepWhoHasJustSpoken(t *testing.T) {
	t.Parallel()
	ours, caller := placedPair(t, shortTime)
	now := time.Now()
	ours.state, ours.since = http.StateIdle, now.Add(-time.Minute)
	require.Equal(t, ours, ours.home.dispensable("other", now))
	_, err := io.WriteString(caller, "P")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return unread(ours.Conn) }, patience, time.Millisecond)
	require.Nil(t, ours.home.dispensable("other", now))
	require.Equal(t, ours, ours.home.dispensable("other", now.Add(2*headerPatience)), "but not for long")
}

// seat is one connection of a table below.
type seat struct {
	holder string
	state  http.ConnState
	age    time.Duration
	// heard, reading and writing are how long ago; 0 is never.
	heard, reading, writing time.Duration
}

func TestWhoMakesRoom(t *testing.T) {
	t.Parallel()
	const long, short = 2 * headerPatience, headerPatience / 2
	crowd := func(of seat, size int) (all []seat) {
		for range size {
			all = append(all, of)
		}
		return all
	}
	big := func(of seat) []seat { of.holder = "big"; return crowd(of, fewPlaces+2) }
	deciding := seat{state: http.StateActive, age: long}
	dripping := seat{state: http.StateActive, age: long, reading: short, heard: short}
	for name, try := range map[string]struct {
		newcomer string
		seats    []seat
		// holder is whose connection makes room; "nobody" when none does.
		holder string
	}{
		"idle for longest":                      {"new", []seat{{"a", http.StateIdle, short, 0, 0, 0}, {"b", http.StateIdle, long, 0, 0, 0}}, "b"},
		"idle before silent":                    {"new", []seat{{"a", http.StateNew, long, 0, 0, 0}, {"b", http.StateIdle, 0, 0, 0, 0}}, "b"},
		"silent before stalled":                 {"new", []seat{{"a", http.StateActive, long, 0, long, 0}, {"b", http.StateNew, long, 0, 0, 0}}, "b"},
		"nobody who has just come":              {"new", []seat{{"a", http.StateNew, short, 0, 0, 0}}, "nobody"},
		"nobody who is being answered":          {"new", big(deciding), "nobody"},
		"the biggest holder's before all":       {"new", append(big(seat{state: http.StateIdle, age: short}), seat{"a", http.StateIdle, long, 0, 0, 0}), "big"},
		"the biggest holder's body that drips":  {"new", append(big(dripping), seat{"a", http.StateIdle, long, 0, 0, 0}), "big"},
		"no small holder's body that drips":     {"new", []seat{{"a", http.StateActive, long, short, short, 0}}, "nobody"},
		"a body that stalls":                    {"new", []seat{{"a", http.StateActive, long, 0, long, 0}}, "a"},
		"the biggest holder's unread answer":    {"new", big(seat{state: http.StateActive, age: long, writing: long}), "big"},
		"nobody's answer that has just begun":   {"new", big(seat{state: http.StateActive, age: long, writing: short}), "nobody"},
		"a small holder's idle one, of need":    {"new", append(big(deciding), seat{"a", http.StateIdle, short, 0, 0, 0}), "a"},
		"never for who holds most":              {"big", append(big(deciding), seat{"a", http.StateIdle, long, 0, 0, 0}), "nobody"},
		"who holds most, his own":               {"big", append(big(seat{state: http.StateIdle, age: short}), seat{"a", http.StateIdle, long, 0, 0, 0}), "big"},
		"a proxy's last":                        {"new", append(crowd(seat{state: http.StateIdle, age: long}, 2*fewPlaces), seat{"a", http.StateIdle, short, 0, 0, 0}), "a"},
		"a proxy's idle one, of need":           {"new", crowd(seat{state: http.StateIdle, age: long}, 2*fewPlaces), ""},
		"no proxy's body that drips":            {"new", crowd(dripping, 2*fewPlaces), "nobody"},
		"kept, a head that has just begun":      {"new", []seat{{"a", http.StateIdle, long, short, 0, 0}}, "nobody"},
		"kept, a head that stopped":             {"new", []seat{{"a", http.StateIdle, 2 * long, long, 0, 0}}, "a"},
		"kept, the biggest holder's slow heads": {"new", big(seat{state: http.StateIdle, age: long, heard: short}), "big"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, p := time.Now(), newPlaces(nil, len(try.seats), func() {})
			for _, s := range try.seats {
				s.take(t, p, now)
			}
			got := "nobody"
			if last := p.dispensable(try.newcomer, now); last != nil {
				got = last.holder
			}
			require.Equal(t, try.holder, got)
		})
	}
}

func (s seat) take(t *testing.T, p *places, now time.Time) {
	t.Helper()
	ours, _ := net.Pipe()
	place, _ := p.take(ours, s.holder, now)
	require.NotNil(t, place)
	ago := func(d time.Duration) int64 {
		if d == 0 {
			return 0
		}
		return now.Add(-d).UnixNano()
	}
	place.state, place.since = s.state, now.Add(-s.age)
	place.heard.Store(ago(s.heard))
	place.reading.Store(ago(s.reading))
	place.writing.Store(ago(s.writing))
}

func TestGreedyCallersAreTurnedAway(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := newPlaces(nil, 4*fewPlaces, func() {})
	p.exempt = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for holder, size := range map[string]int{"": 2*fewPlaces + 1, "big": fewPlaces + 1, "small": fewPlaces - 2} {
		for range size {
			seat{holder: holder, state: http.StateActive}.take(t, p, now)
		}
	}
	ours, _ := net.Pipe()
	for holder, want := range map[string]bool{"": false, "big": true, "small": false, "new": false} {
		place, greedy := p.take(ours, holder, now)
		require.Nil(t, place)
		require.Equal(t, want, greedy, holder)
	}
	require.Empty(t, p.holder(netip.MustParseAddr("10.0.0.1")), "a proxy brings many callers")
	require.Equal(t, "2001:db8::/64", p.holder(netip.MustParseAddr("2001:db8::1")))
	require.Equal(t, 4*fewPlaces, p.count())
	for each := range p.open {
		require.NoError(t, each.Close())
		require.NoError(t, each.Close(), "a place is left once")
	}
	require.Empty(t, p.held)
}
