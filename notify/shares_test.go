package notify

import (
	"container/heap"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// allMerchants is how many there can be.
const allMerchants = 900

// crowd is merchants with hosts of their own to which nothing gets through.
func crowd(s *shares, merchants int) []*merchant {
	all := make([]*merchant, merchants)
	for i := range all {
		all[i] = newMerchant(fmt.Sprint(i), nil, s)
	}
	return all
}

// fill lets a merchant take in notices for so many hosts until there is no room.
func fill(m *merchant, hosts int) {
	for seq := uint64(1); ; seq++ {
		full := true
		for i := range hosts {
			d := &delivery{merchant: m, notice: &notice{Notice: ledger.Notice{Seq: seq, Number: seq}}, target: fmt.Sprint("http://", i), host: fmt.Sprint(i)}
			m.admit(d)
			full = full && !d.waiting
		}
		if full {
			return
		}
	}
}

func TestMemoryOfManyDeadMerchants(t *testing.T) {
	t.Parallel()
	for _, hosts := range []int{1, 3, 12} {
		s := newShares(DefaultMaxWaiting)
		merchants := crowd(s, allMerchants)
		for _, m := range merchants {
			fill(m, hosts)
			if hosts <= floorHosts {
				require.GreaterOrEqual(t, m.waiting, floorPerHost*hosts)
			}
			require.LessOrEqual(t, m.waiting, DefaultMaxWaiting)
		}
		require.Equal(t, min(hosts, hostPart)*DefaultMaxWaiting/hostPart, merchants[0].waiting, "the first has all it can use")
		require.LessOrEqual(t, s.waiting.used, sharedWaiting+allMerchants*floorPerHost*floorHosts)
		t.Logf("%d dead hosts of each of %d merchants: %d deliveries in memory, %d of the last", hosts, allMerchants, s.waiting.used, merchants[allMerchants-1].waiting)

		// One more URL of a merchant that has all its room taken gets through.
		if hosts < floorHosts {
			last := merchants[allMerchants-1]
			require.Equal(t, floorPerHost, last.room("alive"))
			require.GreaterOrEqual(t, merchants[0].room("alive"), floorPerHost)
		}
	}
}

func TestMemoryIsGivenBack(t *testing.T) {
	t.Parallel()
	s := newShares(DefaultMaxWaiting)
	m := crowd(s, 1)[0]
	fill(m, 3)
	require.Equal(t, m.waiting, s.waiting.used)
	for key, l := range m.lanes {
		for _, d := range l.waiting {
			d.delivered = true
		}
		m.advance(key)
	}
	require.Zero(t, m.waiting)
	require.Zero(t, s.waiting.used)
	// What is still queued finds its delivery done.
	m.wake(ledger.Notice{}.At)
	require.Empty(t, m.take())
	require.Empty(t, m.hosts)
}

func TestAttemptsOfManyDeadMerchants(t *testing.T) {
	t.Parallel()
	s := newShares(DefaultMaxWaiting)
	merchants := crowd(s, allMerchants)
	for i, m := range merchants {
		fill(m, 2)
		m.wake(ledger.Notice{}.At)
		taken := map[string]int{}
		for _, d := range m.take() {
			taken[d.host]++
		}
		require.GreaterOrEqual(t, min(taken["0"], taken["1"]), 1, "one host takes a quarter of the places, so each has one")
		require.LessOrEqual(t, max(taken["0"], taken["1"]), MaxPerHost)
		if i == 0 {
			require.Equal(t, 2*MaxPerHost, m.running)
		}
	}
	require.LessOrEqual(t, s.attempts.used, sharedAttempts+allMerchants*floorAttempts)
	t.Logf("%d attempts of %d merchants at once", s.attempts.used, allMerchants)

	// The last merchant's URL that is alive has its place beside two dead ones.
	last := merchants[allMerchants-1]
	d := &delivery{merchant: last, notice: &notice{Notice: ledger.Notice{Seq: 1_000_000, Number: 1_000_000}}, target: "http://alive", host: "alive"}
	last.admit(d)
	last.wake(ledger.Notice{}.At)
	require.Equal(t, []*delivery{d}, last.take())
}

func TestShare(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ used, want int }{
		"all is free":       {0, 30},
		"enough is free":    {600, 30},
		"little is free":    {900, 12},
		"next to nothing":   {990, 4},
		"nothing":           {1000, 4},
		"the floors are on": {1500, 4},
	} {
		p := pool{size: 1000, used: c.used}
		require.Equal(t, c.want, p.share(8, 4, 30), name)
	}
}

// The pool is used up and eight hosts of a merchant are dead: by what they hold
// they leave room for a ninth.
func TestALivingHostBesideManyDeadOnes(t *testing.T) {
	t.Parallel()
	s := newShares(DefaultMaxWaiting)
	for _, m := range crowd(s, 200) {
		fill(m, 3)
	}
	m := newMerchant("m", nil, s)
	admit := func(host string, seq uint64) *delivery {
		d := &delivery{merchant: m, notice: &notice{Notice: ledger.Notice{Seq: seq, Number: seq}}, target: "http://" + host, host: host}
		m.admit(d)
		return d
	}
	for i := range floorHosts {
		admit(fmt.Sprint("dead ", i), uint64(i+1))
	}
	require.True(t, admit("alive", 100).waiting)
	require.Positive(t, m.room("alive"))
}

// Deliveries that resends end before their time do not pile up in the schedule.
func TestTheScheduleForgetsWhatIsOver(t *testing.T) {
	t.Parallel()
	m := newMerchant("m", nil, newShares(DefaultMaxWaiting))
	for seq := uint64(1); seq <= 1000; seq++ {
		d := &delivery{merchant: m, notice: &notice{Notice: ledger.Notice{Seq: seq, Number: seq}}, target: "http://shop", host: "shop"}
		m.admit(d)
		heap.Push(&m.later, d)
		d.delivered = true
		m.leave(d)
	}
	require.LessOrEqual(t, len(m.later), spareSchedule)
}
