package payments

import (
	"net/url"
	"strings"
	"time"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
)

// attempts tells each attempt to notify the merchant.
func (t teller) attempts(notices []ledger.Notification) []frame.Event {
	var events []frame.Event
	for _, n := range notices {
		for _, a := range n.Attempts {
			events = append(events, frame.Event{
				At: a.At, Kind: either(a.Delivered, kindGood, kindBad), Who: receiver(a.Target),
				Title:  t.word(either(a.Delivered, "payments.life.notified", "payments.life.not_notified"), "event", t.word(frame.WordEvent+string(n.Standing))),
				Detail: t.answer(a),
			})
		}
	}
	return events
}

// answer is what came of one attempt, and how long it took.
func (t teller) answer(a ledger.Attempt) string {
	answer := t.word(frame.AttemptWord(a), "status", a.Status)
	parts := []string{t.word("payments.attempt.answer", "answer", answer, "ms", milliseconds(a.Took))}
	if a.Manual {
		parts = append(parts, t.word("payments.attempt.manual"))
	}
	if !a.Next.IsZero() {
		parts = append(parts, t.word("payments.attempt.next", "at", t.in.Second(a.Next)))
	}
	return strings.Join(parts, " ")
}

// milliseconds is how long something took, in whole ones.
func milliseconds(d time.Duration) string { return locale.Count(d.Milliseconds()) }

// receiver is who was told: scheme and host, for the rest of a URL may hold a
// token of the merchant's.
func receiver(target string) string {
	address, err := url.Parse(target)
	if err != nil || address.Host == "" {
		return ""
	}
	return address.Scheme + "://" + address.Host
}
