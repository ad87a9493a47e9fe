package frame

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"paypoint/locale"
)

// encode writes the parameters in one order. One with a default stands there even
// when it is empty, so that the address means the same tomorrow.
func (q *Query) encode(change, to string) string {
	var b strings.Builder
	for _, p := range q.params {
		text := q.values[p.Name].text
		if p.Name == change {
			text = to
		}
		switch {
		case text == "" && p.Default == "":
		case p.Kind == Ticked && p.Name != change:
			for _, number := range q.values[p.Name].ticked {
				appendParam(&b, p.Name, strconv.FormatUint(number, 10))
			}
		default:
			appendParam(&b, p.Name, text)
		}
	}
	return b.String()
}

func appendParam(b *strings.Builder, name, text string) {
	if b.Len() > 0 {
		b.WriteByte('&')
	}
	b.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(text))
}

// address is one below Root with parameters.
func address(path, parameters string) string {
	if parameters == "" {
		return Root + path
	}
	return Root + path + "?" + parameters
}

// URL is the list's address with its parameters in one order.
func (q *Query) URL() string { return address(q.path, q.encode("", "")) }

// With is URL with one parameter changed, at the list's beginning; "" removes it.
func (q *Query) With(name, value string) string { return address(q.path, q.encode(name, value)) }

// Clear is the list without filters; "" when it has none but its defaults.
func (q *Query) Clear() string {
	if !slices.ContainsFunc(q.params, func(p Param) bool { return q.values[p.Name].text != p.Default }) {
		return ""
	}
	var b strings.Builder
	for _, p := range q.params {
		if p.Default != "" {
			appendParam(&b, p.Name, p.Default)
		}
	}
	return address(q.path, b.String())
}

// at is URL at a place in the list.
func (q *Query) at(param, cursor string) string {
	if cursor == "" {
		return ""
	}
	var b strings.Builder
	b.WriteString(q.encode("", ""))
	appendParam(&b, param, cursor)
	return address(q.path, b.String())
}

// Older is the pager's link to older rows, "" for none.
func (q *Query) Older() string { return q.at(beforeParam, q.older) }

// Newer is the pager's link to newer rows, "" for none.
func (q *Query) Newer() string { return q.at(afterParam, q.newer) }

// First is the link back to the beginning, "" when this is it.
func (q *Query) First() string {
	if q.before == "" && q.after == "" {
		return ""
	}
	return q.URL()
}

// Chip is a filter that is set.
type Chip struct {
	// Label and Text say what is filtered, Without is the list without it; "" where
	// there is none.
	Label, Text, Without string
}

// Chips are the filters that are set, in the parameters' order.
func (q *Query) Chips() []Chip {
	var chips []Chip
	for _, p := range q.params {
		if q.values[p.Name].text == "" {
			continue
		}
		chip := Chip{Label: q.call.T(p.Word), Text: q.said(p)}
		// Without its default a list would have it back, or be another list.
		if !p.Needed && q.values[p.Name].text != p.Default {
			chip.Without = q.With(p.Name, "")
		}
		chips = append(chips, chip)
	}
	return chips
}

// said is a parameter's value as people read it.
func (q *Query) said(p Param) string {
	v := q.values[p.Name]
	switch p.Kind {
	case Choice:
		if p.ChoiceWord == "" {
			return v.text
		}
		return q.call.T(p.ChoiceWord + v.text)
	case Flag:
		return q.call.T("frame.query.yes")
	case DayOf:
		return q.call.Language().Day(v.day)
	case Amount:
		return locale.Rupiah(v.amount)
	case Moment:
		return q.call.Language().Moment(v.moment)
	default:
		return v.text
	}
}

// Filter is what the list was asked for in words, for paper and the audit log.
func (q *Query) Filter() string {
	var parts []string
	for _, chip := range q.Chips() {
		parts = append(parts, chip.Label+": "+chip.Text)
	}
	return strings.Join(parts, " · ")
}

// Count says how many rows are shown, and of how many.
func (q *Query) Count() string {
	switch {
	case !q.counted:
		return q.call.T("frame.pager.shown", "count", q.shown)
	case q.exact:
		return q.call.T("frame.pager.of", "shown", q.shown, "count", q.total)
	default:
		return q.call.T("frame.pager.more", "shown", q.shown, "count", q.total)
	}
}

// Options are what a Choice can be, after none at all, which all is the key of.
func (q *Query) Options(name, all string) []Option {
	options := []Option{{"", q.call.T(all)}}
	for _, p := range q.params {
		if p.Name != name {
			continue
		}
		for _, choice := range p.Choices {
			text := choice
			if p.ChoiceWord != "" {
				text = q.call.T(p.ChoiceWord + choice)
			}
			options = append(options, Option{choice, text})
		}
	}
	return options
}

// ExportLink leads to a file of the list.
type ExportLink struct{ Format, URL string }

// Exports are the files that the person may have of the list.
func (q *Query) Exports() []ExportLink {
	if !q.call.route.Export || !q.call.May(q.call.route.exportAction()) {
		return nil
	}
	var links []ExportLink
	for _, format := range exportFormats() {
		links = append(links, ExportLink{
			Format: strings.ToUpper(string(format)),
			URL:    address(q.path+"."+string(format), q.encode("", "")),
		})
	}
	return links
}
