package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"paypoint/access"
)

// warmUp is how many requests precede the clock in every run: enough for Node's and
// PHP's compilers to have done their work. Ledgers hold that many codes more.
const warmUp = 2000

// plan is what to measure.
type plan struct {
	sections    []section
	peerClients int // the one number of clients at which peers run
	rounds      int
	limit       time.Duration // of one run's load
	dir         string        // scratch folder for ledgers, on a disk
}

// section is one part of the plan; its contenders are compared with each other only.
type section struct {
	part       part
	contenders []contender
	codes      []int // open codes in the ledger
	clients    []int
	// count is the most charges of a run, and the messages of one of the part steady.
	count int
}

// part is a kind of measurement.
type part string

const (
	payments      part = "payments"      // codes paid at the till, through SOAP
	charges       part = "charges"       // codes made through the merchants' API
	notifications part = "notifications" // payments of which a merchant is told
	steady        part = "steady"        // a given rate of messages at the till
	console       part = "console"       // pages of the console
)

// heat is one cell of the plan: it is run once in every round.
type heat struct {
	part      part
	contender contender
	codes     int
	clients   int
	count     int
}

// heats lists the cells of one round in the order of their runs: contenders that are
// compared with each other run one after the other, so that whatever slows the
// machine for a while slows them all.
func (p plan) heats() []heat {
	var all []heat
	for _, s := range p.sections {
		for _, codes := range s.codes {
			for _, clients := range s.clients {
				for _, c := range s.contenders {
					if c.role == ceiling && codes != slices.Min(s.codes) || c.role == peer && clients != p.peerClients {
						continue
					}
					all = append(all, heat{part: s.part, contender: c, codes: codes, clients: clients, count: s.count})
				}
			}
		}
	}
	return all
}

// tasks are what precedes the clock and what is measured. Charges are made beside the
// open codes.
func (h heat) tasks(codes []string) (warm, measured task) {
	switch h.part {
	case charges:
		return charging{count: warmUp, key: access.SandboxServerKey},
			charging{first: warmUp, count: h.count, key: access.SandboxServerKey}
	case steady:
		return paying{codes: codes[:warmUp]}, visitsOf(codes[warmUp:], h.count)
	default:
		return paying{codes: codes[:warmUp]}, paying{codes: codes[warmUp:], ref: warmUp}
	}
}

// load is the measured task at the server at addr.
func (p plan) load(h heat, addr string, measured task) load {
	l := load{addr: addr, clients: h.clients, task: measured, limit: p.limit}
	if h.part == steady { // it ends with its messages, however slow they are
		l.limit, l.pace = 0, steadyPace
	}
	return l
}

// outcome is a heat with the figures of its runs, one for each round.
type outcome struct {
	heat
	runs []figures
}

// race runs all rounds and tells progress before each run. It stops at the first run
// with an error: figures of a server that refuses payments say nothing.
func (p plan) race(ctx context.Context, progress func(done, total int, h heat)) ([]outcome, error) {
	store := &ledgers{dir: p.dir, made: map[string][]string{}}
	heats := p.heats()
	outcomes := make([]outcome, len(heats))
	for round := range p.rounds {
		for place := range heats {
			i := place
			if round%2 == 1 { // back again, so that none always has the better place
				i = len(heats) - 1 - place
			}
			h := heats[i]
			progress(round*len(heats)+place, p.rounds*len(heats), h)
			f, err := p.run(ctx, store, h, uint64(round)) // #nosec G115 -- counts from 0
			if err != nil {
				return nil, fmt.Errorf("%s, %s, %d codes, %d clients, round %d: %w", h.part, h.contender.name, h.codes, h.clients, round+1, err)
			}
			outcomes[i].heat = h
			outcomes[i].runs = append(outcomes[i].runs, f)
		}
	}
	return outcomes, nil
}

// run lets the contender serve a fresh copy of its ledger, measures, and looks at what
// it has left behind.
func (p plan) run(ctx context.Context, store *ledgers, h heat, seed uint64) (f figures, err error) {
	dir := filepath.Join(p.dir, "run")
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	codes, err := store.copyTo(ctx, dir, h.contender.ledger, h.codes+warmUp, seed)
	if err != nil {
		return figures{}, err
	}
	if f, err = p.serve(ctx, h, dir, codes, seed); err != nil {
		return figures{}, err
	}
	if h.contender.outbox == outboxPaused {
		err = checkOutbox(ctx, dir, warmUp+f.Done)
	}
	return f, err
}

// serve starts the contender on the ledger in dir, measures, and stops it whatever happened.
func (p plan) serve(ctx context.Context, h heat, dir string, codes []string, seed uint64) (f figures, err error) {
	told, err := startReceiver()
	if err != nil {
		return figures{}, err
	}
	defer func() { err = errors.Join(err, told.close()) }()
	s, err := h.contender.start(ctx, dir)
	if err != nil {
		return figures{}, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()

	if h.contender.fill != nil {
		if codes, err = h.contender.fill(ctx, s.addr, h.codes+warmUp); err != nil {
			return figures{}, fmt.Errorf("make codes: %w", err)
		}
		shuffle(codes, seed)
	}
	// After the codes are made, so that nobody is told of those.
	if h.contender.outbox != outboxUnused {
		if err := h.contender.notify(ctx, dir, told.url()); err != nil {
			return figures{}, fmt.Errorf("set the notification URL: %w", err)
		}
	}
	return p.measure(ctx, h, s.addr, codes, told)
}

// measure warms the server at addr up and puts it under load.
func (p plan) measure(ctx context.Context, h heat, addr string, codes []string, told *receiver) (figures, error) {
	warm, measured := h.tasks(codes)
	f, err := load{addr: addr, clients: h.clients, task: warm}.run(ctx)
	if err == nil {
		err = h.contender.outbox.settle(ctx, told, f.Done)
	}
	if err != nil {
		return figures{}, fmt.Errorf("warm-up: %w", err)
	}
	if h.part == steady {
		return p.load(h, addr, measured).runBesideDisk(ctx, p.dir)
	}
	began := time.Now()
	f, err = p.load(h, addr, measured).run(ctx)
	if err != nil {
		return figures{}, err
	}
	if err := h.contender.outbox.settle(ctx, told, warm.size()+f.Done); err != nil {
		return figures{}, err
	}
	if h.contender.outbox == outboxDelivered {
		f.Notified, f.NotifiedIn = told.count()-warm.size(), told.latest().Sub(began)
	}
	return f, nil
}
