package browser_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// sheet is as wide as what A4's margins leave.
var sheet = screen{"a4", 703, 1000, 1}

// looks are how pages are looked at on a device: in both languages and themes the
// main ones, all of them in the first; and what is printed, and without colours.
func looks(device screen) []look {
	var all []look
	for _, language := range []string{"id", "en"} {
		for _, scheme := range []string{"dark", "light"} {
			all = append(all, look{screen: device, scheme: scheme, medium: "screen", language: language})
		}
	}
	return all
}

// shown is a page, or a state of one, that is looked at.
type shown struct {
	name, path string
	// person sees it; status is its answer's, 200 where it is 0.
	person string
	status int64
	// main has it looked at in each language and theme.
	main bool
}

// screens are the pages that TestScreens takes pictures of: the main ones full,
// and what else there is: empty, refused, printed, of other roles.
func screens(st *story, oneCase string) []shown {
	day := st.Day
	return []shown{
		{name: "today", path: "/today", person: finance, main: true},
		{name: "payments", path: "/payments", person: finance, main: true},
		{name: "payment", path: "/search?q=order-5", person: finance, main: true},
		{name: "settlements", path: "/settlements", person: finance, main: true},
		{name: "settlement", path: "/settlements/" + day, person: finance, main: true},
		{name: "run", path: "/reconciliation/" + day, person: finance, main: true},
		{name: "cases", path: "/cases?tab=open", person: finance, main: true},
		{name: "case", path: oneCase, person: finance, main: true},
		{name: "merchants", path: "/merchants", person: finance, main: true},
		{name: "stores", path: "/stores", person: finance, main: true},
		{name: "payments-empty", path: "/payments?store=G999T999", person: viewer},
		{name: "payments-fault", path: "/payments?from=yesteryear", person: viewer, status: 422},
		{name: "not-there", path: "/payments/00000000000000000000000000", person: viewer, status: 404},
		{name: "reversed", path: "/search?q=reversed-1", person: finance},
		{name: "open-code", path: "/search?q=open-1", person: finance},
		{name: "runs", path: "/reconciliation", person: finance},
		{name: "lines", path: "/reconciliation/" + day + "/lines?class=AMOUNT_MISMATCH", person: finance},
		{name: "upload", path: "/reconciliation/upload?day=" + day, person: finance},
		{name: "minutes", path: "/reconciliation/" + day + "/minutes", person: finance},
		{name: "propose", path: oneCase + "/propose", person: finance},
		{name: "statements", path: "/statements", person: finance},
		{name: "money", path: "/money", person: finance},
		{name: "merchant", path: "/merchants/G000000001", person: operator},
		{name: "merchant-new", path: "/merchants/new", person: operator},
		{name: "notifications", path: "/notifications?state=all", person: operator},
		{name: "refusals", path: "/stores/refusals", person: operator},
		{name: "system", path: "/system", person: operator},
		{name: "schedule", path: "/system/schedule", person: operator},
		{name: "people", path: "/people", person: admin},
		{name: "audit", path: "/audit", person: admin},
		{name: "own-today", path: "/today", person: shopkeeper},
		{name: "own-payments", path: "/payments", person: shopkeeper},
		{name: "preferences", path: "/preferences", person: viewer},
	}
}

// TestScreens takes pictures of pages and their states for people to judge (go test
// -artifacts): on a telephone, a desk's and a wide screen, the main ones in both
// languages and themes, without colours, and as they are printed. On none of them
// does a page scroll sideways.
func TestScreens(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := tellLongStory(s)
	b := s.as(t, finance)
	b.reload("/today", needsRead)
	b.visit("/cases?tab=open")
	pages := screens(st, b.attribute("tbody th a", "href")[len("/console"):])
	for _, device := range []screen{phone, desktop, wide} {
		t.Run(device.name, func(t *testing.T) {
			t.Parallel()
			on := s.tabs(t)
			for i, l := range looks(device) {
				on.shoot(pages, l, l.name(), func(p shown) bool { return p.main || i == 0 })
			}
		})
	}
	t.Run("grey", func(t *testing.T) {
		t.Parallel()
		grey := plain()
		grey.grey = true
		s.tabs(t).shoot(pages, grey, "grey", func(p shown) bool { return p.main && p.person == finance })
	})
	t.Run("print", func(t *testing.T) {
		t.Parallel()
		printed := look{screen: sheet, scheme: "dark", medium: "print", language: "id"}
		s.tabs(t).shoot(pages, printed, "print", func(p shown) bool { return p.main || p.name == "minutes" || p.name == "statements" })
	})
}

// tabs are one of each person that is looked over the shoulder of.
type tabs map[string]*tab

// tabs signs the persons in.
func (s *site) tabs(t *testing.T) tabs {
	t.Helper()
	on := tabs{}
	for _, person := range []string{finance, viewer, operator, admin, shopkeeper} {
		on[person] = s.as(t, person)
	}
	return on
}

// shoot takes a picture of each page that which chooses.
func (on tabs) shoot(pages []shown, l look, name string, which func(shown) bool) {
	for _, b := range on {
		b.t.Helper()
		b.emulate(l)
	}
	for _, p := range pages {
		if !which(p) {
			continue
		}
		b := on[p.person]
		require.EqualValues(b.t, max(p.status, 200), b.try(p.path), "%s: %s", p.path, b.text("main"))
		require.Empty(b.t, value[[]string](b, sideways), "%s (%s)", p.path, name)
		b.shoot(fmt.Sprintf("%s-%s", p.name, name))
	}
}
