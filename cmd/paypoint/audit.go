package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"paypoint/access/audit"
	"paypoint/finance"
	"paypoint/ledger"
)

// roleOfOperators is the role under which the audit log has operators of the
// machine.
const roleOfOperators = audit.RoleOfMachine

// recordAudit puts an entry into the audit log. What it is about is done by then,
// so that a disk that fails is for the log of the program to tell.
func (a *application) recordAudit(e audit.Entry) {
	if a.audit == nil {
		return // a program that has not opened its ledger has no acts
	}
	if err := a.audit.Record(context.Background(), e); err != nil {
		a.log.Error("the audit log lacks an act", zap.String("who", e.Who), zap.String("act", e.Act),
			zap.String("result", string(e.Result)), zap.Error(err))
	}
}

// auditFinance is the entry of a call to the finance API: of what changes
// something, of each export and of each refusal. Mere reading has none, and what is
// refused to callers that nobody knows has none either: anyone could fill the audit
// log with it.
func auditFinance(act finance.Act) (audit.Entry, bool) {
	if act.Who == "" {
		return audit.Entry{}, false
	}
	result, name := audit.ResultOf(act.Status), act.Name
	if !act.Changes && !act.Exports() {
		if result == audit.Done {
			return audit.Entry{}, false
		}
		// As the console calls it: what is looked at by the right that it takes.
		name = cmp.Or(string(act.Action), act.Name)
	}
	e := audit.Entry{
		Who: act.Who, Role: string(act.Role), Act: name, Object: objectOf(act), Result: result, Status: act.Status,
		Address: hostOf(act.Caller), Reason: act.Code, After: outcomeOf(act),
	}
	if act.Exports() {
		e.Filter = loggable(act.Query)
	}
	return e, true
}

// objectOf is what a call was about, the closest of what it names. What callers
// wrote never shows a payment code, nor a token put there by mistake.
func objectOf(act finance.Act) audit.Object {
	switch {
	case act.Case != 0:
		return audit.Object{Kind: audit.KindCase, ID: fmt.Sprint(act.Case)}
	case act.Statement != 0:
		return audit.Object{Kind: audit.KindStatement, ID: loggable(act.Merchant) + "/" + fmt.Sprint(act.Statement)}
	case act.Merchant != "":
		return audit.Object{Kind: audit.KindMerchant, ID: loggable(act.Merchant)}
	case act.Reference != "":
		kind := audit.KindTransfer
		if act.Name == audit.ActPayoutRecord {
			kind = audit.KindPayout
		}
		return audit.Object{Kind: kind, ID: loggable(act.Reference)}
	case act.Job != "":
		return audit.Object{Kind: audit.KindJob, ID: loggable(act.Job) + "/" + string(act.Day)}
	case act.Day != "":
		return audit.Object{Kind: audit.KindDay, ID: string(act.Day)}
	case act.Name == audit.ActRecoverySignOff:
		return audit.Object{Kind: audit.KindRecovery}
	default:
		return audit.Object{}
	}
}

// outcomeOf is what a call has come to, as far as its log knows.
func outcomeOf(act finance.Act) string {
	var parts []string
	add := func(name string, value any, there bool) {
		if there {
			parts = append(parts, fmt.Sprintf("%s=%v", name, value))
		}
	}
	add("proposed", act.Proposed, act.Proposed != ledger.Act(""))
	add("amount", int64(act.Amount), act.Amount != 0)
	add("file", act.File, act.File != "")
	add("early", act.Early, act.Early)
	add("payments", act.Payments, act.Payments != 0)
	add("cases", act.Cases, act.Cases != 0)
	return strings.Join(parts, " ")
}

// hostOf is an address without its port.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// operatorAct is how the audit log calls a request of the operators' socket, and
// what kind of thing it is about.
type operatorAct struct{ name, kind string }

// operatorActs are the requests that change something or take something away, by
// their pattern. The finance API records its own.
func operatorActs() map[string]operatorAct {
	return map[string]operatorAct{
		"POST /operator/v1/persons":                           {audit.ActUserAdd, audit.KindUser},
		"PUT /operator/v1/persons/{id}/role":                  {audit.ActUserRole, audit.KindUser},
		"PUT /operator/v1/persons/{id}/active":                {audit.ActUserActivate, audit.KindUser},
		"DELETE /operator/v1/persons/{id}/active":             {audit.ActUserDeactivate, audit.KindUser},
		"POST /operator/v1/persons/{id}/password":             {audit.ActUserPassword, audit.KindUser},
		"DELETE /operator/v1/persons/{id}/totp":               {audit.ActUserDropTOTP, audit.KindUser},
		"DELETE /operator/v1/persons/{id}/sign-ins":           {audit.ActUserSignOut, audit.KindUser},
		"POST /operator/v1/persons/{id}/tokens":               {audit.ActUserTokenIssue, audit.KindUser},
		"DELETE /operator/v1/persons/{id}/tokens/{token}":     {audit.ActUserTokenRevoke, audit.KindUser},
		"POST /operator/v1/merchants":                         {audit.ActMerchantAdd, audit.KindMerchant},
		"POST /operator/v1/merchants/{id}/rotate-key":         {audit.ActMerchantRotateKey, audit.KindMerchant},
		"PUT /operator/v1/merchants/{id}/active":              {audit.ActMerchantActivate, audit.KindMerchant},
		"DELETE /operator/v1/merchants/{id}/active":           {audit.ActMerchantDeactivate, audit.KindMerchant},
		"GET /operator/v1/merchants/{id}/urls":                {audit.ActMerchantURLsShow, audit.KindMerchant},
		"PUT /operator/v1/merchants/{id}/urls":                {audit.ActMerchantURLs, audit.KindMerchant},
		"POST /operator/v1/merchants/{id}/test-notifications": {audit.ActMerchantTestNotification, audit.KindMerchant},
		"DELETE /operator/v1/merchants/{id}/open-charges":     {audit.ActMerchantCancelOpen, audit.KindMerchant},
		"POST /operator/v1/notifications/{id}/resend":         {audit.ActNotificationResend, audit.KindNotification},
		"PUT /operator/v1/maintenance":                        {audit.ActMaintenanceBegin, audit.KindSystem},
		"DELETE /operator/v1/maintenance":                     {audit.ActMaintenanceEnd, audit.KindSystem},
		"PUT /operator/v1/sandbox-clock":                      {audit.ActSandboxClockTurn, audit.KindSystem},
		"PUT /operator/v1/products/{code}/pause":              {audit.ActProductPause, audit.KindProduct},
		"DELETE /operator/v1/products/{code}/pause":           {audit.ActProductResume, audit.KindProduct},
		"GET /operator/v1/verify":                             {audit.ActSystemCheck, audit.KindLedger},
		"GET " + backupPath:                                   {audit.ActBackup, audit.KindLedger},
	}
}

// auditOperator records a request of the operators' socket once it is answered.
func (o *operators) auditOperator(w http.ResponseWriter, r *http.Request) {
	status := http.StatusOK // what net/http sends for a handler that set none
	if recorder, ok := w.(*statusRecorder); ok && recorder.status != 0 {
		status = recorder.status
	}
	if entry, audited := operatorEntry(r, status); audited {
		o.app.recordAudit(entry)
	}
}

// operatorEntry is the entry of a request that was handled: its event has what the
// handler noted.
func operatorEntry(r *http.Request, status int) (audit.Entry, bool) {
	act, known := operatorActs()[r.Pattern]
	if !known {
		return audit.Entry{}, false
	}
	e := audit.Entry{
		Who: operatorOf(r), Role: roleOfOperators, Act: act.name, Result: audit.ResultOf(status), Status: status,
		Object: audit.Object{Kind: act.kind, ID: loggable(r.PathValue("id") + r.PathValue("code"))},
	}
	line, _ := r.Context().Value(eventKey{}).(*event)
	if line == nil {
		return e, true
	}
	for _, field := range line.fields {
		switch {
		case field.Key == "id" && e.Object.ID == "": // of what was added
			e.Object.ID = field.String
		case field.Key == noteKeys:
			e.After = noteKeys + "=" + field.String
		case field.Type == zapcore.ErrorType && e.Result == audit.Done: // of an answer line by line
			e.Result = audit.Failed
		}
	}
	return e, true
}
