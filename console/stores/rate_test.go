package stores

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/locale"
)

func TestSharesAreWrittenAsPeopleReadThem(t *testing.T) {
	t.Parallel()
	for share, want := range map[share][2]string{
		{0, 0}:         {"–", "–"},
		{3, 0}:         {"–", "–"},
		{0, 20}:        {"0.0%", "0,0%"},
		{1, 8}:         {"12.5%", "12,5%"},
		{1, 3}:         {"33.3%", "33,3%"},
		{2, 3}:         {"66.7%", "66,7%"},
		{1, 2000}:      {"0.1%", "0,1%"},
		{1, 2001}:      {"0.0%", "0,0%"},
		{30, 20}:       {"150.0%", "150,0%"},
		{20, 20}:       {"100.0%", "100,0%"},
		{999_999, 1e6}: {"100.0%", "100,0%"},
	} {
		require.Equal(t, want, [2]string{share.Text(locale.English), share.Text(locale.Indonesian)}, "%v", share)
	}
}

// names are the stores in their order.
func names(all []rate) []string {
	var out []string
	for _, r := range all {
		out = append(out, r.Store)
	}
	return out
}

// figures are stores whose orders all differ.
func figures() ([]ledger.StoreSum, map[string]int) {
	return []ledger.StoreSum{
			{Store: "good", Paid: 1000, Amount: 5_000_000, Reversed: 1},
			{Store: "bad", Paid: 80, Amount: 400_000, Reversed: 2},
			{Store: "few", Paid: 3, Amount: 15_000, Reversed: 3},
			{Store: "edge", Paid: 15, Amount: 75_000},
		}, map[string]int{
			"bad": 20, "few": 16, "edge": 5, "only refused": 20, "one": 1,
		}
}

func TestStoresWorstFirst(t *testing.T) {
	t.Parallel()
	sums, refused := figures()
	for order, want := range map[string][]string{
		// Those with 19 attempts and fewer can't be compared, and come after.
		byRefused:  {"only refused", "edge", "bad", "good", "few", "one"},
		byReversed: {"bad", "good", "edge", "only refused", "few", "one"},
		byPaid:     {"good", "bad", "edge", "few", "one", "only refused"},
		byStore:    {"bad", "edge", "few", "good", "one", "only refused"},
	} {
		require.Equal(t, want, names(rates(sums, refused, "", order)), order)
	}
	require.Equal(t, []rate{{Store: "bad", Paid: 80, Reversed: 2, Amount: 400_000, Refused: 20}}, rates(sums, refused, "bad", byRefused))
	require.Empty(t, rates(sums, refused, "ba", byRefused), "a store's id is given in full")
	require.Len(t, orders(), 4)
}

// TestTheOrderIsOneOrder: at random figures, sorting is by rate, then by sample,
// then by name, and the same each time.
func TestTheOrderIsOneOrder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(6, 1))
	var sums []ledger.StoreSum
	refused := map[string]int{}
	for n := range 300 {
		name := fmt.Sprintf("T%03d", n)
		sums = append(sums, ledger.StoreSum{Store: name, Paid: random.IntN(60), Reversed: random.IntN(3)})
		refused[name] = random.IntN(9)
	}
	for _, order := range orders() {
		first := rates(sums, refused, "", order)
		random.Shuffle(len(sums), func(i, j int) { sums[i], sums[j] = sums[j], sums[i] })
		require.Equal(t, first, rates(sums, refused, "", order))
		for i := 1; i < len(first); i++ {
			a, b := first[i-1], first[i]
			switch {
			case order == byRefused && a.Enough() && b.Enough():
				require.GreaterOrEqual(t, float64(a.Refused)/float64(a.Sample()), float64(b.Refused)/float64(b.Sample()))
			case order == byRefused || order == byReversed:
				require.True(t, a.Enough() || !b.Enough())
			case order == byPaid:
				require.GreaterOrEqual(t, a.Paid, b.Paid)
			default:
				require.Less(t, a.Store, b.Store)
			}
		}
	}
}

// asked is a query that was read.
type asked map[string]string

func (a asked) Text(name string) string    { return a[name] }
func (a asked) Choice(name string) string  { return a[name] }
func (a asked) Day(name string) ledger.Day { return ledger.Day(a[name]) }
func (a asked) Before() string             { return a["before"] }
func (a asked) After() string              { return a["after"] }

const today = ledger.Day("2026-11-22")

func TestDaysOfAQuery(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		asked asked
		want  days
		fault string
	}{
		"none":            {asked{}, days{today, today}, ""},
		"from alone":      {asked{"from": "2026-11-20"}, days{"2026-11-20", "2026-11-20"}, ""},
		"to alone":        {asked{"to": "2026-11-20"}, days{"2026-11-20", "2026-11-20"}, ""},
		"31 days":         {asked{"from": "2026-10-23", "to": "2026-11-22"}, days{"2026-10-23", "2026-11-22"}, ""},
		"32 days":         {asked{"from": "2026-10-22", "to": "2026-11-22"}, days{}, "stores.filter.too_long"},
		"backwards":       {asked{"from": "2026-11-22", "to": "2026-11-21"}, days{}, "stores.filter.backwards"},
		"over a new year": {asked{"from": "2026-12-31", "to": "2027-01-01"}, days{"2026-12-31", "2027-01-01"}, ""},
	} {
		got, err := daysOf(c.asked, today)
		if c.fault != "" {
			require.ErrorContains(t, err, c.fault, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, c.want, got, name)
	}
	require.Equal(t, days{"2026-11-16", today}, lastDays(today, 7))
	require.Equal(t, days{today, today}, lastDays(today, 1))
}

func TestTheQueryOfRefusals(t *testing.T) {
	t.Parallel()
	got, err := refusalQuery(asked{
		"from": "2026-11-21", "to": "2026-11-22", "store": "TK01", "operation": "payment", "reason": "expired", "response": "54",
		"ref": "r1", "signed": yes,
	}, today)
	require.NoError(t, err)
	signed := true
	require.Equal(t, ledger.RefusalQuery{
		From: ledger.Day("2026-11-21").Midnight(), To: ledger.Day("2026-11-23").Midnight(),
		Operation: "payment", Store: "TK01", Reason: "expired", ResponseCode: "54", Ref: "r1", Signed: &signed,
	}, got)
	got, err = refusalQuery(asked{"signed": no}, today)
	require.NoError(t, err)
	require.False(t, *got.Signed)
	got, err = refusalQuery(asked{}, today)
	require.NoError(t, err)
	require.Nil(t, got.Signed)
	_, err = refusalQuery(asked{"from": "2026-11-22", "to": "2026-11-21"}, today)
	require.Error(t, err)
}

// TestPagesOfStores goes forth and back through all pages.
func TestPagesOfStores(t *testing.T) {
	t.Parallel()
	var l listing
	for n := range 2*pageRows + 7 {
		l.rates = append(l.rates, rate{Store: fmt.Sprintf("T%03d", n)})
	}
	var seen []string
	for query := (asked{}); ; {
		from, to := l.page(query)
		seen = append(seen, names(l.rates[from:to])...)
		if to == len(l.rates) {
			back, end := l.page(asked{"after": l.rates[from].Store})
			require.Equal(t, []int{from - pageRows, from}, []int{back, end})
			break
		}
		query = asked{"before": l.rates[to-1].Store}
	}
	require.Equal(t, names(l.rates), seen)
	from, to := l.page(asked{"before": "no such store"})
	require.Equal(t, []int{0, pageRows}, []int{from, to}, "a page beyond the end is the first")
	from, to = l.page(asked{"before": l.rates[len(l.rates)-1].Store})
	require.Equal(t, from, to)
}
