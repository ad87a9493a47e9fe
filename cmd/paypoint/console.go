package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/console"
	"paypoint/console/merchants"
	"paypoint/notify"
)

// consolePaths is the folder of the console.
const consolePaths = "/console/"

// consoleHandler is the pages of staff.
func (a *application) consoleHandler() (http.Handler, error) {
	cfg := a.config
	var needTOTP []access.Role
	for _, role := range cfg.Console.RequireTOTP {
		needTOTP = append(needTOTP, access.Role(role))
	}
	return console.New(console.Config{
		Ledger: a.ledger, Settlement: a.settlement, Reconciliation: countedReconcile{a.reconcile, a.metrics},
		Messages: a.wireLog, Notifications: a.notify, Schedule: wholeSchedule{a.schedule, a.ledger}, Runs: a.runs,
		Merchants: a.merchants, Staff: a.staff, Logins: a.logins, Audit: a.audit,
		Watch: a, State: a.systemState, Check: a.checkNow, AuditHeads: a.auditHeads, TestNotifications: a.testOf,
		MaskURL: notify.MaskURL, NotificationID: charge.NotificationID, NewReceipt: newReceipt,
		Calendar: cfg.calendar(), CutOff: cfg.Settlement.CutOff.SinceMidnight(), Profile: cfg.Reconcile.Profile, Products: cfg.Partner.ProductCodes,
		Limits: merchants.Limits{
			RequestsPerSecond: cfg.Limits.Merchant.RequestsPerSecond, Burst: cfg.Limits.Merchant.Burst, AtOnce: cfg.Limits.Merchant.AtOnce,
			MinAmount: cfg.Charge.MinAmount, MaxAmount: cfg.Charge.MaxAmount,
		},
		Ours: cfg.Statements.Issuer.Name, Theirs: cfg.Partner.Name, SettleJob: jobSettle,
		SelfCheckEvery: cfg.selfCheckEvery(), BackupEvery: backupLate,
		AllowPrivate: cfg.Sandbox, Plain: cfg.plainConsole(), NeedTOTP: needTOTP,
		TempDir: scratchFolder(cfg.DataDir), Now: a.now,
		Address: func(r *http.Request) string { return callerAddress(r).String() },
		Report:  func(ctx context.Context, err error) { a.reportPage(ctx, err) },
	})
}

// plainConsole says that the console's cookies may go over plain http: in the
// sandbox, where public_url says so, and where the console listens on the machine
// itself alone, so that staff come through a tunnel. Elsewhere nobody can sign in
// over http, which would show the cookie to the network.
func (c Config) plainConsole() bool {
	listener := c.Listeners.Console
	host, _, _ := net.SplitHostPort(listener.Listen)
	return c.Sandbox || strings.HasPrefix(listener.PublicURL, "http://") || listener.PublicURL == "" && isLoopback(host)
}

// reportPage notes what a page did not show: with the request where there still is
// one.
func (a *application) reportPage(ctx context.Context, err error) {
	if _, has := ctx.Value(eventKey{}).(*event); has {
		note(ctx, zap.String("error", loggable(err.Error())))
		return
	}
	a.log.Error("console", zap.String("error", loggable(err.Error())))
}

// testOf makes a charge of a merchant that its URLs are told of, and returns its
// transaction id.
func (a *application) testOf(ctx context.Context, merchant string) (string, error) {
	ids, err := a.testCharge(ctx, merchant)
	if err != nil {
		return "", fmt.Errorf("test notifications of %s: %w", merchant, err)
	}
	transaction, _, _ := charge.ParseNotificationID(ids[0])
	if a.delivering.Load() {
		return transaction, nil
	}
	for _, id := range ids {
		if _, _, err := charge.Resend(ctx, a.ledger, a.notify, "", id); err != nil {
			return transaction, fmt.Errorf("test notifications of %s: %w", merchant, err)
		}
	}
	return transaction, nil
}
