package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// progressInterval is how often the progress line is renewed.
	progressInterval = time.Second
	// notSentPause is how long a client waits after it got no connection, so that
	// a server that is down does not eat the codes.
	notSentPause = 100 * time.Millisecond
	// maxClients bounds --clients; each has a connection of its own.
	maxClients = 10_000
)

// loadCmd plays many tills at once.
type loadCmd struct {
	Codes       string        `required:"" placeholder:"FILE" help:"Codes to pay, one line each: code, and perhaps a blank and the amount in rupiah; - reads standard input. Without an amount the inquired one is paid."`
	Rate        float64       `placeholder:"N" help:"Sales per second over all clients; 0 is as many as the clients can."`
	Duration    time.Duration `placeholder:"D" help:"How long to start sales, such as 30s; 0 is until the codes are used up."`
	Clients     int           `default:"8" help:"Tills at work at the same time."`
	Reversals   int           `placeholder:"PERCENT" help:"How many of 100 paid sales are taken back at once."`
	SkipInquiry bool          `help:"Pay without looking the code up; every line of the codes then needs its amount."`
	JournalSync syncMode      `enum:"each,group" default:"group" help:"When the journal reaches the disk: each (before a message leaves) or group (every 50 ms). Either survives the death of this program."`
	Retry       retryFlags    `embed:""`
}

// Validate checks what kong cannot.
func (c *loadCmd) Validate() error {
	switch {
	case c.Rate < 0:
		return fmt.Errorf("--rate %g: must not be negative", c.Rate)
	case c.Duration < 0:
		return fmt.Errorf("--duration %s: must not be negative", c.Duration)
	case c.Clients < 1 || c.Clients > maxClients:
		return fmt.Errorf("--clients %d: must be 1 to %d", c.Clients, maxClients)
	case c.Reversals < 0 || c.Reversals > 100:
		return fmt.Errorf("--reversals %d: must be 0 to 100", c.Reversals)
	}
	return nil
}

// Run sends the load and prints what came of it.
func (c *loadCmd) Run(ctx context.Context, d *desk) error {
	codes, err := openCodes(c.Codes, d.in, c.SkipInquiry)
	if err != nil {
		return usageError{err}
	}
	t, err := d.openTill(c.JournalSync, c.Clients)
	if err != nil {
		return err
	}
	run := newLoadRun(t, c, codes)
	err = run.drive(ctx, d.progress)
	if err := d.closeTill(t, err); err != nil {
		return err
	}
	report := run.report()
	if err := d.print(report, report.text()); err != nil {
		return err
	}
	return report.failure()
}

// loadRun is one run of a load.
type loadRun struct {
	till  *till
	plan  *loadCmd
	codes []codeLine
	// next is the number of the coming sale, and so the place of its code.
	next atomic.Int64
	// paid counts approved payments, to spread the reversals over them.
	paid  atomic.Int64
	stats *loadStats
	// start is when the first sale was due; tookAll from there to the last
	// answer.
	start   time.Time
	tookAll time.Duration
}

// newLoadRun prepares a run of plan over codes with the till t.
func newLoadRun(t *till, plan *loadCmd, codes []codeLine) *loadRun {
	return &loadRun{till: t, plan: plan, codes: codes, stats: newLoadStats()}
}

// drive runs all clients until the codes are used up, the time is over, ctx ends
// or the journal fails; sales that have begun are brought to their end. It keeps
// a line of progress on the writer.
func (l *loadRun) drive(ctx context.Context, progress progressLine) error {
	l.start = time.Now()
	if l.plan.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, l.start.Add(l.plan.Duration))
		defer cancel()
	}
	var reporter sync.WaitGroup
	done := make(chan struct{})
	reporter.Go(func() { l.keepProgress(done, progress) })
	clients, ctx := errgroup.WithContext(ctx)
	for range l.plan.Clients {
		clients.Go(func() error { return l.client(ctx) })
	}
	// The first failure of the journal ends ctx for all other clients.
	err := clients.Wait()
	l.tookAll = time.Since(l.start)
	close(done)
	reporter.Wait()
	return err
}

// client is one till's work: sale after sale, each when it is due.
func (l *loadRun) client(ctx context.Context) error {
	for {
		number := l.next.Add(1) - 1
		if number >= int64(len(l.codes)) || !l.waitFor(ctx, number) {
			return nil
		}
		// Not ctx: what has begun is finished, or the partner and the journal
		// would disagree for no reason.
		out, err := l.sellOne(context.WithoutCancel(ctx), l.codes[number])
		if err != nil {
			return err
		}
		l.stats.addSale(out)
		if out.Verdict == verdictNotSent && !pause(ctx, notSentPause) {
			return nil
		}
	}
}

// waitFor waits until sale number is due and tells whether it may still begin.
// The schedule does not wait for answers: a slow server makes sales late, which
// the report says, and does not lower the rate asked for.
func (l *loadRun) waitFor(ctx context.Context, number int64) bool {
	if l.plan.Rate == 0 {
		return ctx.Err() == nil
	}
	due := l.start.Add(time.Duration(float64(number) / l.plan.Rate * float64(time.Second)))
	// A sale that is due after the end is not begun, however the timers of the
	// two race.
	if end, limited := ctx.Deadline(); limited && due.After(end) || !pause(ctx, time.Until(due)) {
		return false
	}
	l.stats.addLateness(time.Since(due))
	return true
}

// pause waits and tells whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// sellOne sells one code, and takes the sale back if it is one of the share that
// --reversals asks for.
func (l *loadRun) sellOne(ctx context.Context, code codeLine) (sold, error) {
	s := sale{
		paymentCode: code.code, amount: code.amount, trackingRef: l.till.ids.trackingRef(l.till.now()),
		skipInquiry: l.plan.SkipInquiry, autoReverse: true, retries: l.plan.Retry.retries(),
	}
	out, err := l.till.sell(ctx, s)
	if err != nil || out.Payment == nil || out.Verdict != verdictApproved {
		return out, err
	}
	if !everyPercent(l.paid.Add(1), l.plan.Reversals) {
		return out, nil
	}
	// At once, as a cashier who pressed the wrong key: the payment itself was
	// answered.
	out.Reversals, err = l.till.takeBack(ctx, out.Payment.record, l.plan.Retry.retries())
	return out, err
}

// everyPercent spreads percent of 100 evenly: it is true for that many of any 100
// numbers in a row.
func everyPercent(number int64, percent int) bool {
	return number*int64(percent)/100 > (number-1)*int64(percent)/100
}

// progressLine is where and how progress shows.
type progressLine struct {
	to io.Writer
	// live rewrites one line, as a terminal can; otherwise each is a line of its
	// own.
	live bool
}

// show puts text in place of the line before.
func (p progressLine) show(text string) {
	if p.live {
		fmt.Fprintf(p.to, "\r\x1b[K%s", text)
		return
	}
	fmt.Fprintln(p.to, text)
}

// keepProgress renews the progress line until done.
func (l *loadRun) keepProgress(done <-chan struct{}, line progressLine) {
	tick := time.NewTicker(progressInterval)
	defer tick.Stop()
	before := loadCounts{}
	for {
		select {
		case <-done:
			if line.live {
				line.show("")
			}
			return
		case <-tick.C:
			now := l.stats.counts()
			line.show(fmt.Sprintf("%4.0f s  %d of %d codes  paid %d (%.0f/s)  reversed %d  refused %d  no answer %d",
				time.Since(l.start).Seconds(), min(l.next.Load(), int64(len(l.codes))), len(l.codes),
				now.paid, float64(now.paid-before.paid)/progressInterval.Seconds(), now.reversed, now.refused, now.unanswered))
			before = now
		}
	}
}
