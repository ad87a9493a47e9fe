package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// warmUp is how many payments precede the clock in every run: enough for Node's and
// PHP's compilers to have done their work. Ledgers hold that many codes more.
const warmUp = 2000

// plan is what to measure.
type plan struct {
	contenders  []contender
	codes       []int // open codes in the ledger
	clients     []int
	peerClients int // the one number of clients at which peers run
	rounds      int
	limit       time.Duration // of one run's load
	dir         string        // scratch folder for ledgers, on a disk
}

// heat is one cell of the plan: it is run once in every round.
type heat struct {
	contender contender
	codes     int
	clients   int
}

// heats lists the cells of one round in the order of their runs: contenders that are
// compared with each other run one after the other, so that whatever slows the
// machine for a while slows them all.
func (p plan) heats() []heat {
	var all []heat
	for _, codes := range p.codes {
		for _, clients := range p.clients {
			for _, c := range p.contenders {
				if c.role == ceiling && codes != slices.Min(p.codes) || c.role == peer && clients != p.peerClients {
					continue
				}
				all = append(all, heat{contender: c, codes: codes, clients: clients})
			}
		}
	}
	return all
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
		for i, h := range heats {
			progress(round*len(heats)+i, p.rounds*len(heats), h)
			f, err := p.run(ctx, store, h, uint64(round))
			if err != nil {
				return nil, fmt.Errorf("%s, %d codes, %d clients, round %d: %w", h.contender.name, h.codes, h.clients, round+1, err)
			}
			outcomes[i].heat = h
			outcomes[i].runs = append(outcomes[i].runs, f)
		}
	}
	return outcomes, nil
}

// run starts the contender on a fresh copy of its ledger, warms it up, measures, and
// stops it whatever happened.
func (p plan) run(ctx context.Context, store *ledgers, h heat, seed uint64) (f figures, err error) {
	dir := filepath.Join(p.dir, "run")
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	codes, err := store.copyTo(ctx, dir, h.contender.ledger, h.codes+warmUp, seed)
	if err != nil {
		return figures{}, err
	}
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
	warm := load{addr: s.addr, clients: h.clients, codes: codes[:warmUp]}
	if _, err := warm.run(ctx); err != nil {
		return figures{}, fmt.Errorf("warm-up: %w", err)
	}
	measured := load{addr: s.addr, clients: h.clients, codes: codes[warmUp:], ref: warmUp, limit: p.limit}
	return measured.run(ctx)
}
