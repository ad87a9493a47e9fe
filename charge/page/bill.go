package page

import (
	"strings"
	"time"
	"unicode"

	"paypoint/ledger"
	"paypoint/locale"
)

// bill is a charge in words, ready to be shown. Where a field does not apply to
// the charge's state it is empty.
type bill struct {
	// Title names the page, Badge and Text the state.
	Title, Badge, Text string
	State              state
	// Waits says that the customer waits for the state to change.
	Waits      bool
	Shop, Desc string
	Sum        sum
	// Way is how to pay; nil when that is not possible now.
	Way *way
	// Paid is the payment's proof; nil when there is none to tell of.
	Paid *proof
}

// sum is what is paid, with and without the fee.
type sum struct {
	Amount, Fee, Total string
	// Choice explains an amount that the customer may choose.
	Choice string
}

// way is how a charge can be paid.
type way struct {
	// Groups are the payment code's digits, in fours.
	Groups []string
	// Spoken is the code digit by digit, for a voice.
	Spoken  string
	Barcode barcode
	Until   moment
	Steps   []string
}

// proof is what tells that a charge was paid.
type proof struct {
	At             moment
	Receipt, Store string
}

// newBill puts a charge into words.
func newBill(view ledger.View, shop string, w words, now time.Time) (*bill, error) {
	at := stateOf(view, now)
	b := &bill{State: at, Shop: isolated(shop)}
	b.Waits = at == statePending || at == stateFuture || at == stateClosing
	if view.Details != nil {
		b.Desc = isolated(view.Details.Desc)
	}
	b.Sum = newSum(view, at, w)
	fill := strings.NewReplacer("{shop}", b.Shop, "{from}", w.moment(view.ValidFrom).Text)
	b.Title = fill.Replace(w.Title)
	said := w.States[at]
	b.Badge, b.Text = said.Badge, fill.Replace(said.Text)
	if at == statePending {
		image, err := newBarcode(view.Code)
		if err != nil {
			return nil, err
		}
		b.Way = &way{
			Groups: groups(view.Code), Spoken: spoken(view.Code), Barcode: image, Until: w.moment(view.Expires),
		}
		for _, step := range w.Steps {
			b.Way.Steps = append(b.Way.Steps, fill.Replace(step))
		}
	}
	if at == statePaid && view.Payment != nil {
		b.Paid = &proof{At: w.moment(view.Payment.Booked), Receipt: view.Payment.Receipt, Store: isolated(view.Payment.Store)}
	}
	return b, nil
}

// newSum is what the customer pays, or has paid.
func newSum(view ledger.View, at state, w words) sum {
	if view.Payment != nil {
		paid := *view.Payment
		return sum{Amount: locale.Rupiah(paid.Amount), Fee: locale.Rupiah(paid.Fee), Total: locale.Rupiah(paid.Amount + paid.Fee)}
	}
	s := sum{
		Amount: span(view.MinAmount, view.Amount), Fee: locale.Rupiah(view.Fee),
		Total: span(view.MinAmount+view.Fee, view.Amount+view.Fee),
	}
	if (at == statePending || at == stateFuture) && view.MinAmount != view.Amount {
		s.Choice = strings.NewReplacer("{min}", locale.Rupiah(view.MinAmount), "{max}", locale.Rupiah(view.Amount)).Replace(w.Choice)
	}
	return s
}

// span writes an amount, or the two between which it may be chosen.
func span(least, most ledger.Rupiah) string {
	if least == most {
		return locale.Rupiah(most)
	}
	return locale.Rupiah(least) + " – " + locale.Rupiah(most)
}

// groupDigits is how many digits of a code are read in one breath.
const groupDigits = 4

// groups are a code's digits in fours; the last group may be shorter.
func groups(code ledger.PaymentCode) []string {
	var all []string
	for rest := string(code); rest != ""; {
		n := min(groupDigits, len(rest))
		all = append(all, rest[:n])
		rest = rest[n:]
	}
	return all
}

// spoken is a code as a voice shall read it: not as a number of trillions.
func spoken(code ledger.PaymentCode) string {
	return strings.Join(strings.Split(string(code), ""), " ")
}

// The characters that keep a text's direction from reaching what stands beside
// it (Unicode Standard Annex 9, section 2.4): first strong isolate, and its end.
const isolate, isolateEnd = "\u2068", "\u2069"

// isolated is text of others without its control characters, and unable to turn
// round what stands beside it. Merchants choose names and descriptions.
func isolated(text string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
	if clean == "" {
		return ""
	}
	return isolate + clean + isolateEnd
}
