package torture_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"paypoint/ledger"
	"paypoint/torture/play"
)

const (
	// crowdWindow is how many orders are busy at once, and crowdEach how many
	// operations each of them has.
	crowdWindow, crowdEach = 6, 60
	// crowdRefs is how many TrackingRefs an order brings along.
	crowdRefs = 3
	// crowdAmount is what orders are charged with; a few are asked for with the other
	// one, and a few payments name it.
	crowdAmount, crowdOtherAmount ledger.Rupiah = 50_000, 60_000
	crowdStore, crowdOtherStore                 = "TK01", "TK02"
)

// crowdServer is what a crowd asks. An error means that no answer came.
type crowdServer interface {
	ask(ctx context.Context, a crowdAsk) (crowdTold, error)
}

// crowdLife is one life of the real server: from its start to its kill.
type crowdLife struct {
	number int
	till   *play.Till
	// plain is a merchant without a settlement hold, held one whose hold outlasts
	// the history.
	plain, held *play.Merchant
	// busy is held for reading by every question under way; dead says that no further
	// ones are let through.
	busy sync.RWMutex
	dead bool
	// over is closed when the next life has begun.
	over chan struct{}
}

func newCrowdLife(url, heldKey string, number int) *crowdLife {
	return &crowdLife{
		number: number, till: play.NewTill(url), plain: play.NewMerchant(url, play.ServerKey), held: play.NewMerchant(url, heldKey),
		over: make(chan struct{}),
	}
}

// let does something while the server lives; false when it is known to be dead.
func (l *crowdLife) let(do func()) bool {
	l.busy.RLock()
	defer l.busy.RUnlock()
	if !l.dead {
		do()
	}
	return !l.dead
}

// bury waits until all that was under way has ended, of a server that is dead.
func (l *crowdLife) bury() {
	l.busy.Lock()
	defer l.busy.Unlock()
	l.dead = true
}

// end lets go of the connections and sends those who wait to the next life.
func (l *crowdLife) end() {
	l.till.Close()
	l.plain.Close()
	l.held.Close()
	close(l.over)
}

// ask is crowdServer's.
func (l *crowdLife) ask(ctx context.Context, a crowdAsk) (crowdTold, error) {
	switch a.kind {
	case askInquiry, askPayment, askReversal:
		return l.askTill(ctx, a)
	default:
		return l.askMerchant(ctx, a)
	}
}

func (l *crowdLife) askTill(ctx context.Context, a crowdAsk) (crowdTold, error) {
	send := map[crowdKind]func(context.Context, play.Message) (play.Answer, error){
		askInquiry: l.till.Inquiry, askPayment: l.till.Payment, askReversal: l.till.Reversal,
	}[a.kind]
	m := play.Message{Code: a.code, Ref: a.ref, Store: a.store, Amount: int64(a.amount), At: time.Now()}
	if a.kind == askInquiry {
		m.Amount = 0
	}
	answer, err := send(ctx, m)
	if err != nil {
		return crowdTold{}, err
	}
	return crowdTold{code: answer.Code(), receipt: answer.Receipt()}, nil
}

func (l *crowdLife) askMerchant(ctx context.Context, a crowdAsk) (crowdTold, error) {
	shop := l.plain
	if a.held {
		shop = l.held
	}
	var reply play.Reply
	var err error
	switch a.kind {
	case askCharge:
		reply, err = shop.Charge(ctx, play.Terms{Order: a.order, Amount: int64(a.amount)})
	case askCancel:
		reply, err = shop.Cancel(ctx, a.order)
	case askExpire:
		reply, err = shop.Expire(ctx, a.order)
	default:
		reply, err = shop.Status(ctx, a.order)
	}
	if err != nil {
		return crowdTold{}, err
	}
	return crowdTold{code: reply.StatusCode, payment: reply.PaymentCode, status: reply.TransactionStatus}, nil
}

// crowdScript makes up what a crowd asks. Orders are numbered; a window of them
// is busy, and moves on.
type crowdScript struct {
	// sharing is how many orders that follow one another share TrackingRefs: 1 keeps
	// those of each order to itself.
	sharing int
	// codes are the payment codes that orders were seen to have, the newest last.
	codes map[int][]string
}

// next makes up the n-th request, given a random source.
func (s *crowdScript) next(n int, random *rand.Rand) crowdAsk {
	order := n/crowdEach + random.IntN(crowdWindow)
	a := crowdAsk{
		group: order / s.sharing, order: fmt.Sprintf("order-%d", order), held: order%2 == 1,
		amount: crowdAmount, ref: s.ref(order, random), store: []string{crowdStore, crowdOtherStore}[random.IntN(2)],
		kind: crowdKindOf(random.IntN(100)),
	}
	if random.IntN(100) < 10 {
		a.amount = crowdOtherAmount
	}
	codes := s.codes[order]
	if len(codes) == 0 {
		a.kind = askCharge
		return a
	}
	a.code = codes[len(codes)-1]
	if random.IntN(100) < 15 {
		a.code = codes[random.IntN(len(codes))]
	}
	return a
}

// crowdKindOf is how often each is asked, in percent.
func crowdKindOf(percent int) crowdKind {
	switch {
	case percent < 38:
		return askPayment
	case percent < 54:
		return askReversal
	case percent < 70:
		return askInquiry
	case percent < 84:
		return askStatus
	case percent < 94:
		return askCharge
	case percent < 97:
		return askCancel
	default:
		return askExpire
	}
}

// ref is a TrackingRef of the order, or of one of its neighbours with whom it
// shares.
func (s *crowdScript) ref(order int, random *rand.Rand) string {
	owner := order + random.IntN(3) - 1
	if owner < 0 || owner/s.sharing != order/s.sharing {
		owner = order
	}
	return s.refOf(owner, random.IntN(crowdRefs))
}

func (*crowdScript) refOf(order, n int) string { return fmt.Sprintf("R%dN%d", order, n) }

// learn takes note of a code that an order has.
func (s *crowdScript) learn(a crowdAsk, told crowdTold) {
	if a.kind != askCharge || told.payment == "" {
		return
	}
	var order int
	_, _ = fmt.Sscanf(a.order, "order-%d", &order) // it was written by next
	codes := s.codes[order]
	if len(codes) == 0 || codes[len(codes)-1] != told.payment {
		s.codes[order] = append(codes, told.payment)
	}
}
