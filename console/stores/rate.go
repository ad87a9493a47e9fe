package stores

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"paypoint/ledger"
	"paypoint/locale"
)

// minSample is how many attempts to pay a store must have had for its rates to be
// compared: of fewer, one refusal more or less says nothing.
const minSample = 20

// The orders of the list. Each but byStore has the worst, or most, first.
const (
	byRefused  = "refused"
	byReversed = "reversed"
	byPaid     = "paid"
	byStore    = "store"
)

// orders lists them, the usual one first.
func orders() []string { return []string{byRefused, byReversed, byPaid, byStore} }

// rate is what happened at a store's tills.
type rate struct {
	Store string
	// Paid counts the payments booked, and Reversed those taken back.
	Paid, Reversed int
	Amount         ledger.Rupiah
	// Refused counts the rightly signed messages that were refused.
	Refused int
}

// Sample is how many attempts there were: those that were paid and those that were
// refused.
func (r rate) Sample() int { return r.Paid + r.Refused }

// Enough says that the rates can be compared with other stores'.
func (r rate) Enough() bool { return r.Sample() >= minSample }

// RefusedShare is how many of the attempts were refused.
func (r rate) RefusedShare() share { return share{r.Refused, r.Sample()} }

// ReversedShare is how many of the payments were taken back.
func (r rate) ReversedShare() share { return share{r.Reversed, r.Paid} }

// share is so many of so many. A part of nothing is no share.
type share struct{ part, of int }

// compare orders shares, those of nothing as the smallest.
func (s share) compare(other share) int {
	if s.of == 0 || other.of == 0 {
		return cmp.Compare(s.of, other.of)
	}
	return cmp.Compare(s.part*other.of, other.part*s.of)
}

// none stands for a share of nothing.
const none = "–"

// Text writes the share in percent with one decimal, half a tenth rounded up.
func (s share) Text(l locale.Language) string {
	if s.of == 0 {
		return none
	}
	tenths := (s.part*2000 + s.of) / (2 * s.of)
	point := "."
	if l == locale.Indonesian {
		point = ","
	}
	return strconv.Itoa(tenths/10) + point + strconv.Itoa(tenths%10) + "%"
}

// rates are the stores' figures in an order; store, if not empty, selects one.
func rates(sums []ledger.StoreSum, refused map[string]int, store, order string) []rate {
	byName := make(map[string]rate, len(sums)+len(refused))
	for _, s := range sums {
		byName[s.Store] = rate{Store: s.Store, Paid: s.Paid, Reversed: s.Reversed, Amount: s.Amount}
	}
	for name, count := range refused {
		r := byName[name]
		r.Store, r.Refused = name, count
		byName[name] = r
	}
	all := make([]rate, 0, len(byName))
	for _, r := range byName {
		if store == "" || r.Store == store {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b rate) int { return cmp.Or(compare(a, b, order), strings.Compare(a.Store, b.Store)) })
	return all
}

// compare says which of two stores comes first. Where rates are compared, those
// with too few attempts come last, the most attempts first.
func compare(a, b rate, order string) int {
	switch {
	case order == byStore:
		return 0
	case order == byPaid:
		return cmp.Compare(b.Paid, a.Paid)
	case a.Enough() != b.Enough():
		if a.Enough() {
			return -1
		}
		return 1
	case !a.Enough():
		return cmp.Compare(b.Sample(), a.Sample())
	case order == byReversed:
		return cmp.Or(b.ReversedShare().compare(a.ReversedShare()), cmp.Compare(b.Sample(), a.Sample()))
	default:
		return cmp.Or(b.RefusedShare().compare(a.RefusedShare()), cmp.Compare(b.Sample(), a.Sample()))
	}
}
