package boltdb

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"paypoint/ledger"
)

// Tests of a dying process need one: the test binary starts itself with these.
var (
	childLedger = flag.String("child-ledger", "", "book in the ledger at this path instead of testing")
	childOpens  = flag.Bool("child-opens", false, "let the child open the ledger and do no more")
	childLimit  = flag.Uint64("child-limit", 0, "let no file of the child grow beyond so many bytes")
	childShips  = flag.String("child-ships", "", "let the child ship its journal into this folder")
	childWaits  = flag.Bool("child-waits", false, "let its commits wait for that")
	childAgain  = flag.Bool("child-again", false, "let it book payments only, which may be booked already, or taken back")
	childMakes  = flag.String("child-makes", "", "let the child compact the ledger, or restore it from this backup and the folder it would ship into")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *childLedger == "" {
		m.Run()
		return
	}
	c := &child{out: os.Stdout}
	if err := c.run(*childLedger, *childLimit); err != nil {
		c.say("fault %v", err)
	}
}

// The child books these in the charges 1, 2, ... of its ledger.
const (
	childSingles = 3
	childGroup   = 4
	childCharges = childSingles + childGroup
)

// child books payments and says of each what Apply said: "ack NAME" or
// "unknown NAME"; and "end" when it is through.
type child struct {
	store *Store
	mu    sync.Mutex
	out   *os.File
}

func (c *child) say(format string, values ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = fmt.Fprintf(c.out, format+"\n", values...)
}

func (c *child) run(path string, limit uint64) error {
	// strace counts the calls of each thread by itself.
	runtime.LockOSThread()
	if limit != 0 {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return err
		}
	}
	if *childMakes != "" {
		return c.make(path)
	}
	store, err := Open(path, Options{Ship: Shipping{Dir: *childShips, Wait: *childWaits}})
	if err != nil {
		return err
	}
	c.store = store
	err = store.Apply(context.Background(), ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
		// decide runs in the committer.
		runtime.LockOSThread()
		return ledger.Change{}, nil
	})
	if err != nil {
		return err
	}
	steps := c.steps()
	if store.head.seq == 0 || *childOpens {
		// A new ledger has no charge to pay: opening it was all.
		steps = nil
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return c.stopped(err)
		}
	}
	if err := store.Close(); err != nil {
		return err
	}
	c.say("end")
	return nil
}

// make makes a ledger file out of another.
func (c *child) make(path string) (err error) {
	if *childMakes == "compact" {
		_, err = Compact(path, nil)
	} else {
		_, err = Restore(RestoreOptions{Backup: *childMakes, Journal: *childShips, Path: path})
	}
	if err == nil {
		c.say("end")
	}
	return err
}

func (c *child) steps() []func() error {
	service := ledger.NewService(c.store, testAgreement(), noon)
	var steps []func() error
	for n := range uint64(childSingles) {
		steps = append(steps, func() error { return c.outcome(payName(n+1), c.pay(service, n+1)) })
	}
	if *childAgain {
		return append(steps, func() error { return c.payTogether(service) })
	}
	return append(steps,
		func() error {
			_, err := service.Reverse(context.Background(), childReversal(c.store, 1))
			return c.outcome("reverse", err)
		},
		func() error { return c.payTogether(service) },
		func() error {
			_, err := service.Close(context.Background(), testDay(), true, "operator")
			return c.outcome("close", err)
		},
		func() error { return c.outcome("seal", service.Seal(context.Background(), testDay(), "aa")) },
		func() error {
			_, err := service.OpenCases(context.Background(), "matcher", []ledger.NewCase{{Class: "FOUND", Day: testDay(), Ref: "A"}})
			return c.outcome("case", err)
		},
		func() error {
			_, err := service.RecordTransfer(context.Background(), ledger.Transfer{Reference: "T1", On: testDay(), Amount: 50_000, By: "ani"})
			return c.outcome("transfer", err)
		},
		func() error {
			_, err := c.later(time.Hour).Sweep(context.Background())
			return c.outcome("sweep", err)
		},
		func() error {
			_, err := c.later(time.Hour+testRetention).EraseDetails(context.Background(), testRetention)
			return c.outcome("erase", err)
		},
	)
}

// later is the child's service when some time has passed.
func (c *child) later(d time.Duration) *ledger.Service {
	return ledger.NewService(c.store, testAgreement(), func() time.Time { return noon().Add(d) })
}

func (c *child) pay(service *ledger.Service, number uint64) error {
	result, err := service.Pay(context.Background(), childPayment(c.store, number))
	if err == nil && result.Reason != ledger.ReasonApproved && !*childAgain {
		return fmt.Errorf("payment %d: %s", number, result.Reason)
	}
	return err
}

// payTogether queues payments while the committer is busy, so that one commit
// takes them all.
func (c *child) payTogether(service *ledger.Service) error {
	deciding, released := make(chan struct{}), make(chan struct{})
	first := &operation{done: make(chan error, 1), decide: func(ledger.State) (ledger.Change, error) {
		close(deciding)
		<-released
		return ledger.Change{}, nil
	}}
	if err := c.store.enqueue(first); err != nil {
		return err
	}
	<-deciding
	var callers sync.WaitGroup
	outcomes := make([]error, childGroup)
	for i := range childGroup {
		number := uint64(childSingles + i + 1)
		callers.Go(func() { outcomes[i] = c.outcome(payName(number), c.pay(service, number)) })
	}
	for c.store.Waiting(ledger.LanePayment) < childGroup {
		runtime.Gosched()
	}
	close(released)
	callers.Wait()
	return errors.Join(outcomes...)
}

func (c *child) outcome(name string, err error) error {
	switch {
	case err == nil:
		c.say("ack %s", name)
	case errors.Is(err, ledger.ErrOutcomeUnknown):
		c.say("unknown %s", name)
	default:
		c.say("fault %s: %v", name, err)
	}
	return err
}

// stopped says whether the store has stopped as it must after an error.
func (c *child) stopped(err error) error {
	select {
	case <-c.store.Failed():
	default:
		return fmt.Errorf("the store goes on after %w", err)
	}
	if c.store.Err() == nil {
		return fmt.Errorf("the store has no error after %w", err)
	}
	called := false
	again := c.store.Apply(context.Background(), ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
		called = true
		return ledger.Change{}, nil
	})
	if called || !errors.Is(again, ledger.ErrOutcomeUnknown) {
		return fmt.Errorf("the store decides after %w: %w", err, again)
	}
	if _, readErr := c.store.Load(context.Background(), ledger.Keys{}); readErr == nil {
		return fmt.Errorf("the store reads after %w", err)
	}
	c.say("stopped")
	return c.store.Close()
}

func payName(number uint64) string { return fmt.Sprintf("pay%d", number) }

func childPayment(s *Store, number uint64) ledger.Payment {
	return ledger.Payment{
		Code: testCode(s, number), Ref: ledger.TrackingRef(payName(number)), Amount: 50_000, Store: "TA01",
		TimeStamp: noon(), Receipt: "R" + payName(number), Request: "aa",
	}
}

func childReversal(s *Store, number uint64) ledger.Reversal {
	return ledger.Reversal{
		Code: testCode(s, number), Ref: ledger.TrackingRef(payName(number)), Amount: 50_000, Store: "TA01", TimeStamp: noon(),
	}
}
