package torture_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/store/memory"
	"paypoint/torture/play"
)

// crowdInside is a ledger without a server around it, which answers as the wire
// would.
type crowdInside struct {
	service *ledger.Service
	ids     atomic.Int64
}

func newCrowdInside(store ledger.Store) *crowdInside {
	agreement := ledger.Agreement{RefWindow: 24 * time.Hour, CutOff: 24 * time.Hour}
	return &crowdInside{service: ledger.NewService(store, agreement, time.Now)}
}

// ask is crowdServer's.
func (c *crowdInside) ask(ctx context.Context, a crowdAsk) (crowdTold, error) {
	id := strconv.FormatInt(c.ids.Add(1), 10)
	switch a.kind {
	case askInquiry:
		result, err := c.service.Inquire(ctx, ledger.Inquiry{Code: ledger.PaymentCode(a.code), TimeStamp: time.Now()})
		return crowdTold{code: insideCode(result.Reason)}, err
	case askPayment:
		result, err := c.service.Pay(ctx, ledger.Payment{
			Code: ledger.PaymentCode(a.code), Ref: ledger.TrackingRef(a.ref), Amount: a.amount, Store: a.store,
			TimeStamp: time.Now(), Receipt: "R" + id,
		})
		return crowdTold{code: insideCode(result.Reason), receipt: result.Receipt}, err
	case askReversal:
		result, err := c.service.Reverse(ctx, ledger.Reversal{
			Code: ledger.PaymentCode(a.code), Ref: ledger.TrackingRef(a.ref), Amount: a.amount, Store: a.store,
		})
		return crowdTold{code: insideCode(result.Reason)}, err
	default:
		return c.askMerchant(ctx, a, id)
	}
}

func (c *crowdInside) askMerchant(ctx context.Context, a crowdAsk, id string) (crowdTold, error) {
	n := ledger.NewCharge{
		ID: id, Merchant: "plain", Prefix: "100", Order: a.order, Amount: a.amount, MinAmount: a.amount,
		Expires: time.Now().Add(time.Hour), Details: ledger.Details{Salt: id, Request: a.amount.String()},
	}
	if a.held {
		n.Merchant, n.Prefix, n.Hold = "held", "101", time.Hour
	}
	var view ledger.View
	var err error
	switch a.kind {
	case askCharge:
		view.Charge, err = c.service.Charge(ctx, n)
		view.Standing = ledger.StandingActive // what a charge's answer always says
	case askCancel:
		view, err = c.service.Cancel(ctx, n.Merchant, a.order)
		view.Code = ""
	case askExpire:
		view, err = c.service.Expire(ctx, n.Merchant, a.order)
		view.Code = ""
	default:
		view, err = c.service.Status(ctx, n.Merchant, a.order)
	}
	for refusal, code := range map[error]string{ledger.ErrOrderTaken: "406", ledger.ErrFinal: "412", ledger.ErrNotFound: "404"} {
		if errors.Is(err, refusal) {
			return crowdTold{code: code}, nil
		}
	}
	told := map[ledger.Standing][2]string{
		ledger.StandingActive: {"201", "pending"}, ledger.StandingReleased: {"200", "settlement"}, ledger.StandingDenied: {"202", "deny"},
		ledger.StandingCancelled: {"200", "cancel"}, ledger.StandingExpired: {"407", "expire"},
	}[view.Standing]
	return crowdTold{code: told[0], status: told[1], payment: string(view.Code)}, err
}

// insideCode is a reason's ResponseCode as docs/partner.md has it.
func insideCode(reason ledger.Reason) string {
	return map[ledger.Reason]string{
		ledger.ReasonApproved: "00", ledger.ReasonRefOtherAmount: "94", ledger.ReasonRefReversed: "94", ledger.ReasonRefBuried: "94",
		ledger.ReasonRefOtherCode: "94", ledger.ReasonUnknownCode: "14", ledger.ReasonExpired: "54", ledger.ReasonCancelled: "17",
		ledger.ReasonDenied: "17", ledger.ReasonAlreadyPaid: "88", ledger.ReasonWrongAmount: "13", ledger.ReasonOriginalNotFound: "25",
	}[reason]
}

// hastyStore decides payments outside the lock: by the time its change is written,
// others may have written theirs.
type hastyStore struct{ ledger.Store }

// Apply is ledger.Store's, wrong.
func (s hastyStore) Apply(ctx context.Context, keys ledger.Keys, decide func(ledger.State) (ledger.Change, error)) error {
	if keys.Lane != ledger.LanePayment {
		return s.Store.Apply(ctx, keys, decide)
	}
	state, err := s.Load(ctx, keys)
	if err != nil {
		return err
	}
	change, err := decide(state)
	if err != nil {
		return err
	}
	runtime.Gosched()
	return s.Store.Apply(ctx, keys, func(ledger.State) (ledger.Change, error) { return change, nil })
}

// playInside plays a crowd against a ledger in this process.
func playInside(t *testing.T, store ledger.Store, seed uint64, sharing, operations int) *crowd {
	t.Helper()
	c := &crowd{t: t, seed: seed, began: time.Now(), script: crowdScript{sharing: sharing, codes: map[int][]string{}}}
	server := newCrowdInside(store)
	var working sync.WaitGroup
	for client := range crowdFew {
		random := rand.New(rand.NewPCG(seed, uint64(client)))
		working.Go(func() {
			for n := c.asked.Add(1); int(n) <= operations; n = c.asked.Add(1) {
				c.ask(client, server, c.nextAsk(int(n), 1, random))
			}
		})
	}
	working.Wait()
	return c
}

// The model itself, and the way in which histories are made and judged, are held
// against the ledger's own rules: no answer of a crowd may surprise the one or the other.
func TestCrowdModelKnowsTheRules(t *testing.T) {
	t.Parallel()
	for name, sharing := range map[string]int{"by code": 1, "in groups": 4, "whole": crowdWhole} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := tortureSeed(t)
			c := playInside(t, memory.Open(), seed, sharing, crowdOperations)
			require.Empty(t, c.faults, "seed %d", seed)
			result, _ := checkCrowd(c.history)
			require.Equal(t, porcupine.Ok, result, "seed %d", seed)
			requireVaried(t, c.history)
		})
	}
}

// requireVaried holds that a history had a part of everything: a check of nothing
// but refusals would prove nothing.
func requireVaried(t *testing.T, history []porcupine.Operation) {
	t.Helper()
	seen := map[string]int{}
	for _, o := range history {
		seen[string(o.Input.(crowdAsk).kind)+" "+o.Output.(crowdTold).code]++
	}
	for _, often := range []string{
		"charge 201", "charge 406", "inquiry 00", "inquiry 17", "inquiry 54", "inquiry 88", "payment 00", "payment 13", "payment 17", "payment 54",
		"payment 88", "payment 94", "reversal 00", "reversal 13", "cancel 200", "cancel 412", "expire 407", "expire 412",
		"status 200", "status 201", "status 202", "status 407",
	} {
		require.Positive(t, seen[often], "%s: %v", often, seen)
	}
}

// The bug that everybody writes once must be found by every way of sharing, and
// soon.
func TestCrowdSeesACheckOutsideTheLock(t *testing.T) {
	t.Parallel()
	for name, sharing := range map[string]int{"by code": 1, "in groups": 4, "whole": crowdWhole} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := tortureSeed(t)
			for operations := 250; operations <= crowdOperations; operations *= 2 {
				c := playInside(t, hastyStore{memory.Open()}, seed, sharing, operations)
				if result, _ := checkCrowd(c.history); result == porcupine.Illegal {
					t.Logf("seed %d: could be known after %d operations", seed, foundAfter(c.history))
					return
				}
			}
			require.Fail(t, "not found", "seed %d", seed)
		})
	}
}

// Without a server a question has no answer; what it was about stays open.
func TestCrowdKeepsWhatHadNoAnswerOpen(t *testing.T) {
	t.Parallel()
	silent := crowdSilence{}
	c := &crowd{t: t, began: time.Now(), script: crowdScript{sharing: 1, codes: map[int][]string{}}}
	require.False(t, c.ask(0, silent, crowdAsk{kind: askPayment, code: "1", ref: "R", amount: 1}))
	require.False(t, c.ask(1, silent, crowdAsk{kind: askStatus, order: "o"}))
	require.Empty(t, c.faults)
	require.Len(t, c.history, 1, "looking changes nothing, answered or not")
	require.Len(t, c.open, 1)
	require.EqualValues(t, unanswered, c.history[0].Return)
}

// crowdSilence never answers.
type crowdSilence struct{}

func (crowdSilence) ask(context.Context, crowdAsk) (crowdTold, error) {
	return crowdTold{}, play.ErrNoAnswer
}
