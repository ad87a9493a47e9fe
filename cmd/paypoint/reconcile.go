package main

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// openReconcile makes what works with Indomaret's files, statements and cash.
func (a *application) openReconcile(context.Context) error {
	a.reconcile = reconcile.New(reconcile.Config{
		Ledger: a.ledger, Settlement: a.settlement,
		Dir: a.reconcileFolder(), TempDir: scratchFolder(a.config.DataDir), Profile: a.config.Reconcile.Profile,
		Issuer: a.config.issuer(), DefaultTerms: a.config.Statements.Rates, Party: a.party,
		Now: a.now,
	})
	return nil
}

// reconcileFolder keeps Indomaret's files. What is beside a ledger in memory
// ends with it.
func (a *application) reconcileFolder() string {
	if a.config.Store == memoryURL {
		return scratchFolder(a.config.DataDir)
	}
	return a.config.Reconcile.Dir
}

// countedReconcile counts files and matches, whoever asked for them.
type countedReconcile struct {
	*reconcile.Service
	metrics *metrics
}

// Import is reconcile.Service's.
func (c countedReconcile) Import(ctx context.Context, in reconcile.FileIn, progress reconcile.Progress) (ledger.PartnerFile, bool, error) {
	file, taken, err := c.Service.Import(ctx, in, progress)
	result := "taken"
	switch {
	case err != nil:
		result = "refused"
	case !taken:
		result = "known"
	}
	c.metrics.partnerFiles.WithLabelValues(result).Inc()
	return file, taken, err
}

// Match is reconcile.Service's.
func (c countedReconcile) Match(ctx context.Context, day ledger.Day, by string, progress reconcile.Progress) (reconcile.Outcome, error) {
	outcome, err := c.Service.Match(ctx, day, by, progress)
	result := "clean"
	switch {
	case err != nil:
		result = "failed"
	case outcome.Differences > 0:
		result = "differences"
	}
	c.metrics.matches.WithLabelValues(result).Inc()
	return outcome, err
}

const (
	// casesInterval is how often open cases are counted.
	casesInterval = 30 * time.Second
	// casesPage is how many are counted at once.
	casesPage = 1000
	// phonesInterval is how often phone numbers are looked for whose time is over.
	phonesInterval = time.Hour
)

// watchCases counts the open cases until ctx ends.
func (a *application) watchCases(ctx context.Context) {
	a.repeat(ctx, casesInterval, "open cases can't be counted, trying again", a.countCases)
}

// dropPhones removes phone numbers whose time is over until ctx ends.
func (a *application) dropPhones(ctx context.Context) {
	kept := time.Duration(a.config.Reconcile.PhoneRetentionDays) * 24 * time.Hour
	a.repeat(ctx, phonesInterval, "phone numbers can't be dropped, trying again", func(ctx context.Context) error {
		files, err := a.reconcile.DropPhones(ctx, a.now().Add(-kept))
		if files > 0 {
			a.log.Info("phone numbers of old files are dropped", zap.Int("files", files))
		}
		return err
	})
}

// countCases sets the metric of open cases.
func (a *application) countCases(ctx context.Context) error {
	counts := map[string]int{}
	for after := uint64(0); ; {
		page, err := a.ledger.Cases(ctx, ledger.CaseQuery{Open: true, After: after, Limit: casesPage})
		if err != nil {
			return fmt.Errorf("count cases: %w", err)
		}
		for _, c := range page.Cases {
			counts[c.Class]++
		}
		if after = page.Next; after == 0 {
			a.metrics.showCases(counts)
			return nil
		}
	}
}

// caseClasses are the classes that a case can have: the matcher's, and those of
// the ledger's own.
func caseClasses() []string {
	classes := []string{ledger.ClassReversalRefused, ledger.ClassCorrectionDiffers, ledger.ClassTransferDifference}
	for _, class := range append(match.Classes(), match.FileClasses()...) {
		classes = append(classes, string(class))
	}
	return classes
}

// showCases sets the counts of all classes: one of which none is open any more
// shows 0.
func (m *metrics) showCases(counts map[string]int) {
	for _, class := range caseClasses() {
		if _, open := counts[class]; !open {
			m.casesOpen.WithLabelValues(class).Set(0)
		}
	}
	for class, count := range counts {
		m.casesOpen.WithLabelValues(class).Set(float64(count))
	}
}

// addReconcile adds what /metrics shows of files, matches and cases.
func (m *metrics) addReconcile() {
	m.partnerFiles = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "paypoint_partner_files_total", Help: "Indomaret's files by what became of them: taken, known already, refused.",
	}, []string{"result"})
	m.matches = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "paypoint_matches_total", Help: "Matches of a day with Indomaret's file: clean, differences, failed.",
	}, []string{"result"})
	m.casesOpen = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "paypoint_cases_open", Help: "Cases that are not resolved, by class.",
	}, []string{"class"})
	m.registry.MustRegister(m.partnerFiles, m.matches, m.casesOpen)
}
