package cases

import (
	"slices"
	"strings"

	"paypoint/console/frame"
	"paypoint/console/said"
	"paypoint/ledger"
	"paypoint/locale"
)

// events are a case's records as people read them, newest first.
func events(records []ledger.Record, t words) []frame.Event {
	var all []frame.Event
	for _, r := range slices.Backward(records) {
		event := frame.Event{At: r.At}
		t.tell(&event, r.Event)
		all = append(all, event)
	}
	return all
}

// tell fills in what a record of a case says. An event of a newer program keeps
// its kind.
func (t words) tell(v *frame.Event, event ledger.Event) {
	switch e := event.(type) {
	case ledger.CaseOpened:
		v.Title, v.Who, v.Detail, v.Kind = t("cases.event.opened"), e.By, said.Opening(t, e.Note), "bad"
	case ledger.CaseNoted:
		v.Title, v.Who, v.Detail, v.Kind = t("cases.event.noted"), e.By, said.Text(t, e.Text), "off"
		if e.Assigned {
			v.Title = t("cases.event.released")
		}
		if e.Owner != "" {
			v.Title = t("cases.event.assigned", "owner", e.Owner)
		}
	case ledger.Proposed:
		v.Title, v.Who, v.Detail, v.Kind = t("cases.event.proposed", "act", t.act(e.Act, e.Amount)), e.By, said.Text(t, e.Why), "wait"
	case ledger.Withdrawn:
		v.Title, v.Who, v.Detail, v.Kind = t("cases.event.withdrawn"), e.By, e.Why, "bad"
	case ledger.Resolved:
		v.Title, v.Who, v.Kind = t("cases.event.approved"), e.By, "good"
	default:
		t.tellMoney(v, event)
	}
}

// tellMoney fills in what was booked of a case.
func (t words) tellMoney(v *frame.Event, event ledger.Event) {
	switch e := event.(type) {
	case ledger.Adjusted:
		v.Title, v.Who, v.Kind = t("cases.event.adjusted", "amount", locale.Signed(e.Net()), "day", e.Day), e.ApprovedBy, "good"
		v.Detail = t("cases.act."+string(e.Act)) + ". " + said.Text(t, e.Why)
	case ledger.PaidOut:
		v.Title, v.Who, v.Kind = t("cases.event.paid_out", "amount", locale.Signed(e.Amount), "reference", e.Reference), e.By, "good"
	default:
		v.Title, v.Kind = string(event.Kind()), "off"
	}
}

// act names an act with its amount, if it has one.
func (t words) act(act ledger.Act, amount ledger.Rupiah) string {
	name := t("cases.act." + string(act))
	if amount == 0 {
		return name
	}
	return name + " (" + t("cases.owes", "amount", locale.Signed(amount)) + ")"
}

// chargeEvents are the records of a charge as people read them, newest first.
func chargeEvents(records []ledger.Record, t words) []frame.Event {
	var all []frame.Event
	for _, r := range slices.Backward(records) {
		event := frame.Event{At: r.At, Kind: "off"}
		key := "cases.payment." + string(r.Event.Kind())
		switch e := r.Event.(type) {
		case ledger.Paid:
			event.Title, event.Kind = t(key, "amount", locale.Rupiah(e.Amount), "store", e.Store), "good"
			event.Detail = joined(string(e.Ref), e.Receipt)
		case ledger.Reversed:
			event.Title, event.Kind, event.Detail = t(key), "bad", string(e.Ref)
		case ledger.Adjusted:
			event.Title = t(key, "act", t.act(e.Act, e.Net()))
			event.Who, event.Detail, event.Link = e.ApprovedBy, said.Text(t, e.Why), "/cases/"+numbered(e.Case)
		case ledger.Charged, ledger.Inquired, ledger.Released, ledger.Cancelled, ledger.Expired, ledger.Buried, ledger.Notified:
			event.Title = t(key)
		default:
			event.Title = string(r.Event.Kind())
		}
		all = append(all, event)
	}
	return all
}

// joined puts what there is side by side.
func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " · ")
}
