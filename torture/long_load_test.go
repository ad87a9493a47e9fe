package torture_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"paypoint/torture/play"
)

// longSale is one payment of one code as its till knows it: by what it was
// answered.
type longSale struct {
	code, ref, store, order string
	held                    bool
	amount                  int64
	// at is the TimeStamp of its payment, which its retries repeat.
	at time.Time
	// paid and reversed are the response codes of its payment and reversal; silence
	// when one was sent and had no answer; empty when none was sent.
	paid, reversed string
	receipt        string
}

const (
	// silence stands for an answer that did not come, approved is the code of one
	// that confirms money.
	silence, approved = "silence", "00"
)

func (s *longSale) open() bool {
	return s.paid == silence && s.reversed != approved || s.reversed == silence
}

// inForce says that Indomaret owes the money.
func (s *longSale) inForce() bool { return s.paid == approved && s.reversed == "" }

// longLife is one life of the server, as its callers see it.
type longLife struct {
	server *play.Server
	till   *play.Till
	shops  map[bool]*play.Merchant
	// over is closed when the next life has begun.
	over chan struct{}
}

// longTill serves customers one after the other: it is their till and their shop.
type longTill struct {
	load   *longLoad
	name   string
	random *rand.Rand
	// served counts customers, and refs TrackingRefs; sales are those of the day.
	served, refs int
	sales        []*longSale
}

// longLoad is all who ask the server, and what they were told.
type longLoad struct {
	life  atomic.Pointer[longLife]
	ahead atomic.Int64
	tills []*longTill

	mu     sync.Mutex
	counts map[string]int
	faults []string
}

// now is the time of day that the server's clock shows.
func (l *longLoad) now() time.Time { return time.Now().Add(time.Duration(l.ahead.Load())) }

// count writes down an answer.
func (l *longLoad) count(what, answer string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[what+" "+answer]++
}

func (l *longLoad) fault(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

func (l *longLoad) faulty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.faults) > 0
}

// total is how many questions there were.
func (l *longLoad) total() (all int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for count := range maps.Values(l.counts) {
		all += count
	}
	return all
}

// work serves customers until stop is closed.
func (l *longLoad) work(stop <-chan struct{}) {
	var working sync.WaitGroup
	for _, till := range l.tills {
		working.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					till.settleOpen()
					till.serve()
				}
			}
		})
	}
	working.Wait()
}

// send sends a till's message; "silence" when no answer came, and then waits for
// the next life of the server if this one was killed.
func (t *longTill) send(what string, ask func(*longLife) (play.Answer, error)) play.Answer {
	life := t.load.life.Load()
	answer, err := ask(life)
	if err != nil {
		t.load.count(what, silence)
		t.await(life)
		return play.Answer{Values: map[string]string{"ResponseCode": silence}}
	}
	t.load.count(what, answer.Code())
	return answer
}

// shop sends a merchant's request; its StatusCode is "silence" when no answer came.
func (t *longTill) shop(what string, held bool, ask func(*play.Merchant) (play.Reply, error)) play.Reply {
	life := t.load.life.Load()
	reply, err := ask(life.shops[held])
	if err != nil {
		t.load.count(what, silence)
		t.await(life)
		return play.Reply{StatusCode: silence}
	}
	t.load.count(what, reply.StatusCode)
	return reply
}

// longPatience is how long a till waits for a server to come back.
const longPatience = 30 * time.Second

// await waits for a new life; one that still lives has lost a connection only.
func (t *longTill) await(life *longLife) {
	if t.load.life.Load() != life {
		return
	}
	select {
	case <-life.over:
	case <-time.After(longPatience):
		t.load.fault("till %s: no answer from a server that was not killed", t.name)
	}
}

func (t *longTill) chance(percent int) bool { return t.random.IntN(100) < percent }

// settleOpen finishes what had no answer, as a till does before its next customer.
func (t *longTill) settleOpen() {
	for _, s := range t.sales {
		for s.open() && !t.load.faulty() {
			if s.reversed == silence || t.chance(50) {
				t.reverse(s)
			} else {
				t.pay(s)
			}
		}
	}
}

// serve charges an order, and most of the time sells it.
func (t *longTill) serve() {
	t.served++
	order, held := fmt.Sprintf("%s-%d", t.name, t.served), t.chance(50)
	terms := play.Terms{Order: order, Amount: int64(10_000 + t.random.IntN(90_000)), Life: time.Hour}
	charged := t.shop("charge", held, func(m *play.Merchant) (play.Reply, error) { return m.Charge(context.Background(), terms) })
	if charged.StatusCode == silence { // a shop asks again, and gets the same code or its first
		charged = t.shop("charge", held, func(m *play.Merchant) (play.Reply, error) { return m.Charge(context.Background(), terms) })
	}
	if charged.PaymentCode == "" {
		return
	}
	t.look(order, held)
	wanted := longSale{code: charged.PaymentCode, order: order, held: held, amount: terms.Amount, store: "TK" + t.name}
	if t.chance(40) {
		m := t.message(&longSale{code: wanted.code, ref: "Q" + t.name, store: wanted.store, at: t.load.now()})
		t.send("inquiry", func(l *longLife) (play.Answer, error) { return l.till.Inquiry(context.Background(), m) })
	}
	switch {
	case t.chance(4):
		t.shop("cancel", held, func(m *play.Merchant) (play.Reply, error) { return m.Cancel(context.Background(), order) })
		t.pay(t.newSale(wanted))
	case t.chance(3): // nobody comes to pay it: it expires
	default:
		t.sell(wanted)
	}
}

// look is a shop that asks what became of its charge, or lists them.
func (t *longTill) look(order string, held bool) {
	if t.chance(20) {
		t.shop("status", held, func(m *play.Merchant) (play.Reply, error) { return m.Status(context.Background(), order) })
	}
	if t.chance(3) {
		t.shop("list", held, func(m *play.Merchant) (play.Reply, error) {
			return m.Call(context.Background(), "GET", "/v1/charges?limit=20", nil)
		})
	}
}

// sell pays a code, and does what tills do besides.
func (t *longTill) sell(wanted longSale) {
	sale := t.newSale(wanted)
	t.pay(sale)
	if sale.paid == approved && t.chance(8) {
		t.pay(sale) // its answer was lost behind the server
	}
	if t.chance(4) {
		t.pay(t.newSale(wanted)) // the customer shows the code again
	}
	if sale.paid != approved || !t.chance(10) {
		return
	}
	t.reverse(sale)
	if sale.reversed == approved && t.chance(50) {
		t.pay(t.newSale(wanted)) // and tries once more
	}
}

func (t *longTill) newSale(like longSale) *longSale {
	t.refs++
	like.ref = fmt.Sprintf("%sR%d", t.name, t.refs)
	like.at = t.load.now()
	t.sales = append(t.sales, &like)
	return &like
}

func (t *longTill) message(s *longSale) play.Message {
	return play.Message{Code: s.code, Ref: s.ref, Store: s.store, Amount: s.amount, At: s.at}
}

func (t *longTill) pay(s *longSale) {
	answer := t.send("payment", func(l *longLife) (play.Answer, error) { return l.till.Payment(context.Background(), t.message(s)) })
	switch code := answer.Code(); {
	case code == silence:
		if s.paid == "" {
			s.paid = silence
		}
	case code == approved:
		if s.paid == approved && s.receipt != answer.Receipt() {
			t.load.fault("code %s ref %s: receipts %s and %s", s.code, s.ref, s.receipt, answer.Receipt())
		}
		s.paid, s.receipt = approved, answer.Receipt()
	case s.paid == approved || !slices.Contains([]string{"17", "54", "88"}, code):
		t.load.fault("code %s ref %s (payment %s, reversal %s): refused with %s", s.code, s.ref, s.paid, s.reversed, code)
	default:
		s.paid = code
	}
}

func (t *longTill) reverse(s *longSale) {
	answer := t.send("reversal", func(l *longLife) (play.Answer, error) { return l.till.Reversal(context.Background(), t.message(s)) })
	switch code := answer.Code(); {
	case code == approved:
		s.reversed = approved
	case code == silence:
		if s.reversed == "" {
			s.reversed = silence
		}
	default:
		t.load.fault("code %s ref %s (payment %s): its reversal was answered %s", s.code, s.ref, s.paid, code)
	}
}
