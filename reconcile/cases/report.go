package cases

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"

	"paypoint/ledger"
)

// Sum is a number of cases with the money in question.
type Sum struct {
	Count int `json:"count"`
	// Amount adds up what each case is about, whichever side has more, in rupiah:
	// differences of opposite signs do not cancel out.
	Amount ledger.Rupiah `json:"amount"`
}

func (s *Sum) add(amount ledger.Rupiah) {
	s.Count++
	s.Amount += amount
}

// Row is a line of a report: the cases of a class or owner, and how old they are.
type Row struct {
	// Name is the class or the owner; the owner of cases that nobody has is empty.
	Name string `json:"name"`
	Sum
	// Ages are in the order of Buckets, one for each.
	Ages []Age `json:"ages"`
}

// Age is the part of a row in one bucket.
type Age struct {
	Bucket Bucket `json:"bucket"`
	Sum
}

func newRow(name string) *Row {
	row := &Row{Name: name}
	for _, bucket := range Buckets() {
		row.Ages = append(row.Ages, Age{Bucket: bucket})
	}
	return row
}

func (r *Row) add(bucket Bucket, amount ledger.Rupiah) {
	r.Sum.add(amount)
	r.Ages[slices.Index(Buckets(), bucket)].add(amount)
}

// Report is how old the open cases are. Its classes add up to its total, and so
// do its owners.
type Report struct {
	Total Row `json:"total"`
	// Classes and Owners have those with a case, by name.
	Classes []Row `json:"classes"`
	Owners  []Row `json:"owners"`
}

// NewReport adds up cases; resolved ones are passed over. Errors are those of
// the cases' source.
func NewReport(open iter.Seq2[ledger.Case, error], calendar Calendar, now time.Time) (Report, error) {
	total := newRow("")
	classes, owners := map[string]*Row{}, map[string]*Row{}
	for c, err := range open {
		if err != nil {
			return Report{}, err
		}
		if c.State == ledger.CaseResolved {
			continue
		}
		bucket := BucketOf(calendar.Age(c.Opened, now))
		for _, row := range []*Row{total, rowOf(classes, c.Class), rowOf(owners, c.Owner)} {
			row.add(bucket, amountOf(c))
		}
	}
	return Report{Total: *total, Classes: byName(classes), Owners: byName(owners)}, nil
}

func rowOf(rows map[string]*Row, name string) *Row {
	if rows[name] == nil {
		rows[name] = newRow(name)
	}
	return rows[name]
}

func byName(rows map[string]*Row) []Row {
	sorted := make([]Row, 0, len(rows))
	for row := range maps.Values(rows) {
		sorted = append(sorted, *row)
	}
	slices.SortFunc(sorted, func(a, b Row) int { return cmp.Compare(a.Name, b.Name) })
	return sorted
}

// amountOf is the money that a case is about, without its sign.
func amountOf(c ledger.Case) ledger.Rupiah { return max(c.Surplus(), -c.Surplus()) }
