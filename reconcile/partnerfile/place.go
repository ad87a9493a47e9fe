package partnerfile

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// keyedField is a field with its key in the profile.
type keyedField struct {
	key string
	*Field
}

// record is the record that a field belongs to: columns, header or trailer.
func (f keyedField) record() string {
	record, _, _ := strings.Cut(f.key, ".")
	return record
}

// fields are all that the profile maps, in its order.
func (p Profile) fields() []keyedField {
	c := p.Columns
	all := []keyedField{
		{"columns.line", c.Line}, {"columns.partner", c.Partner}, {"columns.code", c.Code}, {"columns.ref", c.Ref},
		{"columns.store", c.Store}, {"columns.at", c.At}, {"columns.date", c.Date}, {"columns.time", c.Time},
		{"columns.amount", c.Amount}, {"columns.fee", c.Fee}, {"columns.net", c.Net}, {"columns.status", c.Status},
		{"columns.phone", c.Phone},
	}
	if h := p.Header; h != nil {
		all = append(all, keyedField{"header.layout", h.Layout}, keyedField{"header.partner", h.Partner},
			keyedField{"header.date", h.Date}, keyedField{"header.sequence", h.Sequence})
	}
	if t := p.Trailer; t != nil {
		all = append(all, keyedField{"trailer.count", t.Count}, keyedField{"trailer.count_paid", t.CountPaid},
			keyedField{"trailer.count_reversed", t.CountReversed}, keyedField{"trailer.sum", t.Sum},
			keyedField{"trailer.sum_amount", t.SumAmount}, keyedField{"trailer.sum_reversed", t.SumReversed},
			keyedField{"trailer.sum_fee", t.SumFee}, keyedField{"trailer.sum_net", t.SumNet}, keyedField{"trailer.sha256", t.SHA256})
	}
	mapped := all[:0]
	for _, f := range all {
		if f.Field != nil {
			mapped = append(mapped, f)
		}
	}
	return mapped
}

// places are where the fields stand in the file at hand, by key.
type places map[string]*place

// place is a field's; its position may come from the titles.
type place struct {
	keyedField
	fixed    bool
	position int // from 1 on; 0 while the titles have not been read
}

// newPlaces makes room for what the titles will tell, so that the profile, which
// may be used by others meanwhile, is never written to.
func newPlaces(p Profile) places {
	all := places{}
	for _, f := range p.fields() {
		all[f.key] = &place{keyedField: f, fixed: p.Format == Fixed, position: f.Position}
	}
	return all
}

// title finds the columns that are mapped by name.
func (all places) title(r *row) []*LineError {
	var faults []*LineError
	for _, p := range all {
		if p.Name == "" {
			continue
		}
		found := 0
		for i, cell := range r.cells {
			if strings.EqualFold(strings.TrimSpace(cell), p.Name) {
				p.position, found = i+1, found+1
			}
		}
		if found != 1 {
			rule := fmt.Sprintf("%d columns are titled %q: want one", found, p.Name)
			faults = append(faults, &LineError{Line: r.number, Column: p.key, Text: printable(hideDigits(r.String())), Rule: rule, kind: ErrFormat})
		}
	}
	slices.SortFunc(faults, func(a, b *LineError) int { return strings.Compare(a.Column, b.Column) })
	return faults
}

// cut is the field's part of a row; false where the row ends before the field
// does, with what there is of it.
func (p *place) cut(r *row) (string, bool) {
	if !p.fixed {
		if p.position > len(r.cells) {
			return "", false
		}
		return r.cells[p.position-1], true
	}
	from, to := p.Offset-1, p.Offset-1+p.Length
	if r.runes != nil {
		end := len(r.runes)
		return string(r.runes[min(from, end):min(to, end)]), to <= end
	}
	end := len(r.text)
	return r.text[min(from, end):min(to, end)], to <= end
}

// values reads the fields of one row and collects what is wrong with them.
type values struct {
	places places
	row    *row
	faults []*LineError
}

// fault reports what is wrong with a field's value.
func (v *values) fault(key, text, rule string, kind error) {
	shown := printable(hidePhones(text))
	if key == "columns.phone" && text != "" {
		shown = mask // not even the last digits: of what is no number, nothing is known
	}
	v.faults = append(v.faults, &LineError{Line: v.row.number, Column: key, Text: shown, Rule: rule, kind: kind})
}

// text is a field's value without blanks around it; empty where the profile
// does not map it, where it may be empty and is, and where it is wrong.
func (v *values) text(key string) string {
	p := v.places[key]
	if p == nil {
		return ""
	}
	text, there := p.cut(v.row)
	text = strings.TrimSpace(text)
	switch {
	case text == "" && (p.Optional || key == "columns.phone"):
		return ""
	case !there:
		v.fault(key, text, "the line ends before this field", ErrFormat)
		return ""
	case text == "":
		v.fault(key, "", "empty", nil)
		return ""
	case !p.fixed && p.Length > 0 && utf8.RuneCountInString(text) != p.Length:
		v.fault(key, text, fmt.Sprintf("%d characters: want %d", utf8.RuneCountInString(text), p.Length), nil)
		return ""
	case p.Value != "" && text != p.Value:
		v.fault(key, text, fmt.Sprintf("want %q", p.Value), kindOf(key))
		return ""
	}
	return text
}

// kindOf is what a constant that is not there says of the file.
func kindOf(key string) error {
	if strings.HasSuffix(key, ".partner") {
		return ErrOtherPartner
	}
	return ErrFormat
}
