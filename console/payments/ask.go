package payments

import (
	"strings"
	"unicode"

	"paypoint/console/frame"
	"paypoint/ledger"
)

// Parameters of a search: what is looked for, or what stands for it.
const (
	paramText  = "q"
	paramAsked = "asked"
)

// maxAskings is how many questions that stand in no address are remembered; the
// oldest are forgotten first.
const maxAskings = 1000

// ask answers the search box. What may be a payment code goes into no address, for
// browsers and proxies keep those: something that stands for it does.
func (a *area) ask(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	text := form.Value(paramText)
	if err := checkLength(text); err != nil {
		return err
	}
	name, value := paramText, strings.TrimSpace(text)
	if mayShowCode(text) {
		name, value = paramAsked, a.asked.Keep(asking{c.Person().ID, text})
	}
	return c.Leave(frame.Filtered(pathSearch, name, value))
}

// textOf is what a search looks for.
func (a *area) textOf(c *frame.Call) (string, error) {
	query := c.R.URL.Query()
	if id := query.Get(paramAsked); id != "" {
		one, is := a.asked.Get(id)
		if !is || one.person != c.Person().ID { // another's is nobody else's
			return "", frame.NotFound("payments.search.forgotten")
		}
		return one.text, nil
	}
	text := query.Get(paramText)
	return text, checkLength(text)
}

func checkLength(text string) error {
	if len(text) > maxQuestion {
		return frame.Invalid(paramText, "payments.search.too_long", "max", maxQuestion)
	}
	return nil
}

// mayShowCode says whether a text has as many digits as the shortest payment code,
// however they are parted. Who has a longer order id loses nothing by it but an
// address to share.
func mayShowCode(text string) bool {
	digits := 0
	for _, r := range text {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	return digits >= ledger.MinCodeLength
}

// asking is what a person has looked for.
type asking struct{ person, text string }
