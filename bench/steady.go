package main

import "time"

// What the part steady holds paypoint to.
const (
	// steadyPace is the time from one message to the next: 500 somewhat over a second.
	steadyPace = 2 * time.Millisecond
	// steadyP99 is the most that the slowest hundredth of the messages may take.
	steadyP99 = 50 * time.Millisecond
	// paidAfter is how many messages after its inquiry a code is paid: over a second, so
	// that the one is answered before the other is sent.
	paidAfter = 501
	// reversedAfter is how many messages after a payment its reversal is sent: somewhat over a second.
	// It is no multiple of reversedOf, else it would be that of a reversal.
	reversedAfter = 502
	// reversedOf is the number of messages of which one is a reversal.
	reversedOf = 20
)

// visiting is the task of a day at the tills: an inquiry and a payment for each
// code, and a reversal for one payment in nine.
type visiting struct {
	paying
	count int // messages
}

// visitsOf is a task of so many messages, or of as many as there are codes for.
func visitsOf(codes []string, messages int) visiting {
	return visiting{paying: paying{codes: codes, ref: warmUp}, count: min(messages, 2*len(codes))}
}

func (v visiting) size() int { return v.count }

func (v visiting) on(host string, now time.Time) (requests, error) {
	writer, err := newRequestWriter(host, now)
	return visitRequests{visiting: v, writer: writer}, err
}

// visitRequests are the messages of one connection.
type visitRequests struct {
	visiting
	writer *requestWriter
}

// visit is what message n does to which code. A reversal takes back the payment
// that was sent reversedAfter messages before.
func (v visiting) visit(n int) (operation, int) {
	switch {
	case n%2 == 0:
		return inquire, n / 2
	case n < paidAfter:
		return inquire, n / 2 // again: nothing is to be paid yet
	case n%reversedOf == reversedOf-1 && n >= paidAfter+reversedAfter:
		return reverse, (n - reversedAfter - paidAfter) / 2
	default:
		return pay, (n - paidAfter) / 2
	}
}

func (r visitRequests) name(n int) string {
	operation, i := r.visit(n)
	return string(operation) + " " + r.codes[i]
}

func (r visitRequests) render(n int) []byte {
	operation, i := r.visit(n)
	return r.writer.request(operation, payment{code: r.codes[i], ref: trackingRef(r.ref + i)})
}

func (visitRequests) counts(status int, body []byte) bool { return approved(status, body) }
