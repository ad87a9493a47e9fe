package payments

import (
	"strings"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
)

// facts collects the lines of a short list; what is empty has none.
type facts struct {
	teller
	list []frame.Fact
}

// add adds a line under the label of a key. One without a value is left out: a
// list of dashes hides what there is.
func (f *facts) add(word string, fact frame.Fact) {
	if fact.Value == "" && fact.At.IsZero() {
		return
	}
	fact.Label = f.word("payments.fact." + word)
	f.list = append(f.list, fact)
}

// text adds a line that is plain text.
func (f *facts) text(word, value string) { f.add(word, frame.Fact{Value: value}) }

// keyFacts are what a caller may name the payment by, and when it was made.
func (k known) keyFacts(t teller) []frame.Fact {
	f := facts{teller: t}
	f.add("code", frame.Fact{Value: string(k.View.Code), Copy: true})
	if p := k.newest(); p != nil {
		f.add("paid_at", frame.Fact{At: p.At})
		f.add("ref", frame.Fact{Value: string(p.Ref), Copy: true})
		f.add("receipt", frame.Fact{Value: p.Receipt, Copy: true})
		f.add("store", frame.Fact{Value: p.Store, Copy: true})
		f.add("reversed_at", frame.Fact{At: p.Reversed})
		if p.Recovered {
			f.text("how", t.word("payments.fact.recovered"))
		}
	}
	return f.list
}

// orderFacts are the merchant's order, with the customer's details as the
// merchant gave them.
func (k known) orderFacts(t teller, merchant string) []frame.Fact {
	f := facts{teller: t}
	f.add("merchant", frame.Fact{Value: merchant + " (" + k.View.Merchant + ")", Link: frame.MerchantPath(k.View.Merchant)})
	f.add("order", frame.Fact{Value: k.View.Order, Copy: true})
	f.add("id", frame.Fact{Value: k.View.ID, Copy: true})
	f.add("created", frame.Fact{At: k.View.Created})
	f.add("valid_from", frame.Fact{At: k.View.ValidFrom})
	f.add("expires", frame.Fact{At: k.View.Deadline})
	d := k.View.Details
	if d == nil {
		// Every charge is made with some.
		f.text("details", t.word("payments.fact.details_erased"))
	} else {
		f.text("customer", d.Customer)
		f.text("desc", d.Desc)
		f.text("extra", joined(d.Extra[:]))
		f.text("fields", joined(d.Fields[:]))
		f.text("metadata", d.Metadata)
	}
	return f.list
}

// joined are the texts that are not empty, in one line.
func joined(texts []string) string {
	var there []string
	for _, text := range texts {
		if text != "" {
			there = append(there, text)
		}
	}
	return strings.Join(there, " · ")
}

// moneyFacts are what was asked, paid and is left. What Indomaret owes is for
// staff alone.
func (k known) moneyFacts(t teller, staff bool) []frame.Fact {
	f := facts{teller: t}
	asked := locale.Rupiah(k.View.Amount)
	if k.View.MinAmount != k.View.Amount {
		asked = locale.Rupiah(k.View.MinAmount) + " – " + asked
	}
	f.text("asked", asked)
	p := k.newest()
	if p == nil {
		if k.View.Fee != 0 {
			f.text("fee", locale.Rupiah(k.View.Fee))
		}
		return f.list
	}
	f.text("amount", locale.Rupiah(p.Amount))
	f.text("fee", locale.Rupiah(p.Fee))
	f.text("net", locale.Rupiah(inForce(*p)))
	if staff && k.Booked != nil {
		f.text("owed", locale.Rupiah(k.Booked.Owed()))
	}
	return f.list
}

// inForce is what a payment brought, without the fee.
func inForce(p ledger.PaymentRow) ledger.Rupiah {
	if p.State != ledger.TxPaid {
		return 0
	}
	return p.Amount
}

// settledFacts are the batch and what came of comparing it.
func (k known) settledFacts(t teller) []frame.Fact {
	f := facts{teller: t}
	p := k.newest()
	f.text("business_day", t.in.Day(p.Day))
	if p.Late {
		f.text("late", t.word("payments.fact.late_yes"))
	}
	f.add("batch", frame.Fact{Value: batchName(k.Batch), Link: frame.SettlementPath(k.Batch.Day)})
	f.add("closed_at", frame.Fact{At: k.Batch.ClosedAt})
	f.text("transfer", k.Batch.Transfer)
	f.add("reconciliation", frame.Fact{
		Value: t.word("payments.reconciliation." + k.Reconciled), Link: k.comparedLink(),
	})
	return f.list
}

// comparedLink leads to the day's comparison, where there is one.
func (k known) comparedLink() string {
	if k.Story.Compared.IsZero() {
		return ""
	}
	return frame.ReconciliationPath(k.Story.ComparedDay)
}
