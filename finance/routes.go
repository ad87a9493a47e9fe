package finance

import (
	"net/http"

	"paypoint/access"
	"paypoint/access/audit"
)

// route is a path with a method, and who may use it.
type route struct {
	method, path string
	// act is its name in the log. What the audit log has when it is done, a change or
	// an export, is one of audit.Acts; what is merely read has a name of ours.
	act string
	// action is what the caller's role must allow; person says that it takes a
	// person, too.
	action access.Action
	person bool
	handle func(*call) error
}

// prefix begins every path.
const prefix = "/finance/v1/"

// allow is a route for whoever may do an action, sign one that a person has to
// answer for.
//
// Each names its action at its line in routes, so that no route is without one.
func allow(action access.Action, method, path, act string, handle func(*call) error) route {
	return route{method, prefix + path, act, action, false, handle}
}

func sign(action access.Action, method, path, act string, handle func(*call) error) route {
	return route{method, prefix + path, act, action, true, handle}
}

// routes are all there are, in the order of the package comment; a test holds
// the two together.
func (a *api) routes() []route {
	const get, post, put = http.MethodGet, http.MethodPost, http.MethodPut
	return []route{
		allow(access.ActSettlementRead, get, "settlements", "settlement.list", a.listSettlements),
		allow(access.ActSettlementRead, get, "settlements/{day}", "settlement.get", a.getSettlement),
		allow(access.ActSettlementClose, post, "settlements/{day}/close", audit.ActSettlementClose, a.closeSettlement),
		allow(access.ActSettlementExport, get, "settlements/{day}/file", audit.ActSettlementFile, a.settlementFile),

		allow(access.ActReconciliationRead, get, "files", "file.list", a.listFiles),
		allow(access.ActFileImport, post, "files", audit.ActFileImport, a.importFile),
		allow(access.ActFileImport, post, "profile/test", audit.ActProfileTest, a.tryProfile),

		allow(access.ActReconciliationRead, get, "reconciliations", "reconciliation.list", a.listDays),
		allow(access.ActReconciliationRead, get, "reconciliations/{day}", "reconciliation.get", a.getDay),
		allow(access.ActReconciliationMatch, post, "reconciliations/{day}/match", audit.ActReconciliationMatch, a.matchDay),
		allow(access.ActReconciliationRead, get, "reconciliations/{day}/findings", "finding.list", a.listFindings),
		allow(access.ActReconciliationRead, get, "reconciliations/{day}/findings/export", audit.ActFindingExport, a.exportFindings),

		allow(access.ActRecoveryRead, get, "recovery", "recovery.get", a.getRecovery),
		sign(access.ActRecoveryWork, post, "recovery/files", audit.ActRecoveryImport, a.fillGap),
		sign(access.ActRecoveryApprove, post, "recovery/sign-off", audit.ActRecoverySignOff, a.signOffGap),

		allow(access.ActCaseRead, get, "cases", "case.list", a.listCases),
		allow(access.ActCaseRead, get, "cases/ageing", "case.ageing", a.caseAgeing),
		allow(access.ActCaseRead, get, "cases/export", audit.ActCaseExport, a.exportCases),
		allow(access.ActCaseRead, get, "cases/{id}", "case.get", a.getCase),
		sign(access.ActCaseWork, post, "cases/{id}/notes", audit.ActCaseNote, a.noteCase),
		sign(access.ActCaseWork, put, "cases/{id}/owner", audit.ActCaseAssign, a.assignCase),
		sign(access.ActCaseWork, post, "cases/{id}/proposal", audit.ActCasePropose, a.propose),
		sign(access.ActCaseWork, http.MethodDelete, "cases/{id}/proposal", audit.ActCaseWithdraw, a.withdraw),
		sign(access.ActCaseApprove, post, "cases/{id}/approval", audit.ActCaseApprove, a.approve),

		allow(access.ActStatementRead, get, "statements", "statement.list", a.listStatements),
		allow(access.ActStatementRead, get, "statements/export", audit.ActStatementExport, a.exportStatements),
		allow(access.ActStatementClose, post, "statements/close", audit.ActStatementClose, a.closeStatements),
		allow(access.ActStatementRead, get, "statements/{merchant}/{no}", "statement.get", a.getStatement),
		allow(access.ActStatementRead, get, "statements/{merchant}/{no}/file", audit.ActStatementFile, a.statementFile),
		allow(access.ActMerchantRead, get, "terms/{merchant}", "terms.get", a.getTerms),
		allow(access.ActMerchantTerms, put, "terms/{merchant}", audit.ActTermsSet, a.setTerms),

		allow(access.ActMoneyRead, get, "transfers", "transfer.list", a.listTransfers),
		allow(access.ActMoneyRead, get, "transfers/export", audit.ActTransferExport, a.exportTransfers),
		allow(access.ActMoneyRecord, post, "transfers", audit.ActTransferRecord, a.recordTransfer),
		allow(access.ActMoneyRecord, post, "transfers/import", audit.ActTransferImport, a.importTransfers),
		allow(access.ActMoneyRead, get, "transfers/{reference}/suggestion", "transfer.suggest", a.suggestDays),
		allow(access.ActMoneyRecord, post, "transfers/{reference}/match", audit.ActTransferMatch, a.matchTransfer),
		allow(access.ActMoneyRead, get, "payouts", "payout.list", a.listPayouts),
		allow(access.ActMoneyRead, get, "payouts/export", audit.ActPayoutExport, a.exportPayouts),
		allow(access.ActMoneyRecord, post, "payouts", audit.ActPayoutRecord, a.recordPayout),
		allow(access.ActMoneyRead, get, "receivables", "receivable.list", a.listReceivables),
		allow(access.ActMoneyRead, get, "receivables/export", audit.ActReceivableExport, a.exportReceivables),
		allow(access.ActMoneyRead, get, "position", "position", a.position),
		allow(access.ActMoneyRead, get, "trial-balance", "trial_balance", a.trialBalance),
		allow(access.ActMoneyRead, get, "trial-balance/export", audit.ActTrialBalanceExport, a.exportTrialBalance),

		allow(access.ActScheduleRead, get, "schedule", "schedule.list", a.listSchedule),
		allow(access.ActScheduleRun, post, "schedule/{job}/{day}/run", audit.ActScheduleRun, a.runJob),
	}
}

// byPath gathers the routes of each path.
func byPath(routes []route) map[string][]route {
	paths := map[string][]route{}
	for _, r := range routes {
		paths[r.path] = append(paths[r.path], r)
	}
	return paths
}

// find is the route of a method. What answers GET answers HEAD too.
func find(routes []route, method string) (route, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for _, r := range routes {
		if r.method == method {
			return r, true
		}
	}
	return route{}, false
}

// methods are those that a path takes.
func methods(routes []route) []string {
	var names []string
	for _, r := range routes {
		names = append(names, r.method)
		if r.method == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	return names
}
