package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"paypoint/access"
	"paypoint/finance"
	"paypoint/reconcile/statement"
)

// openStaff loads the persons. The sandbox's have tokens and passwords that
// everyone knows, so a ledger with them never serves production.
func (a *application) openStaff(ctx context.Context) (err error) {
	if a.staff, err = access.OpenStaff(ctx, a.ledger, a.sealer, a.now); err != nil {
		return err
	}
	if a.config.Sandbox {
		return a.staff.EnsureSandbox(ctx)
	}
	if a.staff.HasSandbox() {
		return errors.New("the ledger is a sandbox's: its persons' finance tokens and passwords are public; start with --sandbox or on another data directory")
	}
	return nil
}

// financeHandler is the finance API behind a way to tell who calls.
func (a *application) financeHandler(authenticate func(*http.Request) (finance.Caller, bool)) http.Handler {
	reconciliation := countedReconcile{a.reconcile, a.metrics}
	return finance.New(finance.Config{
		Settlement: a.settlement, Reconciliation: reconciliation, Statements: a.reconcile, Cash: a.reconcile,
		Cases: a.ledger, Ledger: a.ledger, Staff: a.staff, Schedule: wholeSchedule{a.schedule, a.ledger},
		Profile: a.config.Reconcile.Profile, CutOff: a.config.Settlement.CutOff.SinceMidnight(), Calendar: a.config.calendar(),
		TempDir: scratchFolder(a.config.DataDir), Now: a.now, NewReceipt: newReceipt,
		Authenticate: authenticate, Recordable: a.audit.Ready, Log: a.tookPlace,
	})
}

// caller is who calls over the operators' socket: the person whose token is
// there, else the operator.
func (o *operators) caller(r *http.Request) (finance.Caller, bool) {
	if r.Header.Get("Authorization") != "" {
		return finance.BearerTokens(o.app.staff)(r)
	}
	return finance.Operator(strings.TrimPrefix(operatorOf(r), operatorPrefix)), true
}

// party is a merchant as statements print it, where it has no terms of its own.
func (a *application) party(_ context.Context, id string) (statement.Party, error) {
	m, known := a.merchants.Merchant(id)
	if !known {
		return statement.Party{}, access.ErrUnknownMerchant
	}
	return statement.Party{ID: m.ID, Name: m.Name}, nil
}

// tookPlace logs what finance staff asked for and records it in the audit log. Of
// callers whom nobody knows both get as many as the log's quota lets through.
func (a *application) tookPlace(act finance.Act) {
	if !a.logAct(act) {
		return
	}
	if entry, audited := auditFinance(act); audited {
		a.recordAudit(entry)
	}
}

// logAct logs what finance staff asked for, and says whether the log had room.
func (a *application) logAct(act finance.Act) bool {
	level := zap.InfoLevel
	if act.Status >= http.StatusInternalServerError {
		level = zap.ErrorLevel
	}
	fields := actFields(act)
	if act.Who == "" { // refused as unknown
		leftOut, fits := a.metrics.quota.take("finance "+strconv.Itoa(act.Status), a.now())
		if !fits {
			return false
		}
		if leftOut > 0 {
			fields = append(fields, zap.Int("left_out", leftOut))
		}
	}
	a.log.Log(level, "finance request", fields...)
	return true
}

// actFields leave out what the act is not about.
func actFields(act finance.Act) []zap.Field {
	fields := []zap.Field{
		zap.String("who", act.Who), zap.String("act", act.Name), zap.Int("status", act.Status),
		zap.Int64("bytes", act.Bytes), zap.Duration("took", act.Took),
	}
	texts := []struct{ name, value string }{
		{"day", string(act.Day)}, {"format", act.Format}, {"proposed", string(act.Proposed)}, {"merchant", loggable(act.Merchant)},
		{"reference", loggable(act.Reference)}, {"job", loggable(act.Job)}, {"file", loggable(act.File)},
	}
	for _, text := range texts {
		if text.value != "" {
			fields = append(fields, zap.String(text.name, text.value))
		}
	}
	numbers := []zap.Field{
		zap.Uint64("case", act.Case), zap.Uint64("statement", act.Statement), zap.Int64("amount", int64(act.Amount)),
		zap.Int("payments", act.Payments), zap.Int("cases", act.Cases),
	}
	for _, number := range numbers {
		if number.Integer != 0 {
			fields = append(fields, number)
		}
	}
	if act.Early {
		fields = append(fields, zap.Bool("early", true))
	}
	if act.Err != nil {
		fields = append(fields, zap.String("error", loggable(act.Err.Error())))
	}
	return fields
}
