package payments

import (
	"crypto/rand"
	"slices"
	"strings"
	"sync"
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
		name, value = paramAsked, a.asked.keep(c.Person().ID, text)
	}
	return c.Leave(frame.Filtered(pathSearch, name, value))
}

// textOf is what a search looks for.
func (a *area) textOf(c *frame.Call) (string, error) {
	query := c.R.URL.Query()
	if id := query.Get(paramAsked); id != "" {
		text, is := a.asked.get(c.Person().ID, id)
		if !is {
			return "", frame.NotFound("payments.search.forgotten")
		}
		return text, nil
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

// askings holds what stands in no address.
type askings struct {
	mu sync.Mutex
	// order is the oldest first.
	order []string
	all   map[string]asking
}

func newAskings() *askings { return &askings{all: map[string]asking{}} }

// keep remembers a text, and returns what stands for it, which nobody guesses.
func (s *askings) keep(person, text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.order) == maxAskings {
		delete(s.all, s.order[0])
		s.order = slices.Delete(s.order, 0, 1)
	}
	id := rand.Text()
	s.all[id], s.order = asking{person, text}, append(s.order, id)
	return id
}

// get is the text that stands behind an id, to the person who has asked it alone.
func (s *askings) get(person, id string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, is := s.all[id]
	return one.text, is && one.person == person
}
