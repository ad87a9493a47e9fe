package finance

import (
	"net/http"

	"paypoint/access"
)

// route is a path with a method, and who may use it.
type route struct {
	method, path string
	// act is its name in the log.
	act string
	// role is the one that is needed; person says that a person is, too.
	role   access.Role
	person bool
	handle func(*call) error
}

// prefix begins every path.
const prefix = "/finance/v1/"

// view is a route that reads or exports, work one that changes something, sign
// one that a person has to answer for.
//
// Each names its need at its line in routes, so that no route is without one.
func view(method, path, act string, handle func(*call) error) route {
	return route{method, prefix + path, act, access.RoleViewer, false, handle}
}

func work(method, path, act string, handle func(*call) error) route {
	return route{method, prefix + path, act, access.RoleFinance, false, handle}
}

func sign(method, path, act string, role access.Role, handle func(*call) error) route {
	return route{method, prefix + path, act, role, true, handle}
}

// routes are all there are, in the order of the package comment; a test holds
// the two together.
func (a *api) routes() []route {
	const get, post, put = http.MethodGet, http.MethodPost, http.MethodPut
	return []route{
		view(get, "settlements", "settlement.list", a.listSettlements),
		view(get, "settlements/{day}", "settlement.get", a.getSettlement),
		work(post, "settlements/{day}/close", "settlement.close", a.closeSettlement),
		view(get, "settlements/{day}/file", "settlement.file", a.settlementFile),

		view(get, "files", "file.list", a.listFiles),
		work(post, "files", "file.import", a.importFile),
		work(post, "profile/test", "profile.test", a.tryProfile),

		view(get, "reconciliations", "reconciliation.list", a.listDays),
		view(get, "reconciliations/{day}", "reconciliation.get", a.getDay),
		work(post, "reconciliations/{day}/match", "reconciliation.match", a.matchDay),
		view(get, "reconciliations/{day}/findings", "finding.list", a.listFindings),
		view(get, "reconciliations/{day}/findings/export", "finding.export", a.exportFindings),

		view(get, "recovery", "recovery.get", a.getRecovery),
		sign(post, "recovery/files", "recovery.import", access.RoleFinance, a.fillGap),
		sign(post, "recovery/sign-off", "recovery.sign_off", access.RoleApprover, a.signOffGap),

		view(get, "cases", "case.list", a.listCases),
		view(get, "cases/ageing", "case.ageing", a.caseAgeing),
		view(get, "cases/export", "case.export", a.exportCases),
		view(get, "cases/{id}", "case.get", a.getCase),
		sign(post, "cases/{id}/notes", "case.note", access.RoleFinance, a.noteCase),
		sign(put, "cases/{id}/owner", "case.assign", access.RoleFinance, a.assignCase),
		sign(post, "cases/{id}/proposal", "case.propose", access.RoleFinance, a.propose),
		sign(http.MethodDelete, "cases/{id}/proposal", "case.withdraw", access.RoleFinance, a.withdraw),
		sign(post, "cases/{id}/approval", "case.approve", access.RoleApprover, a.approve),

		view(get, "statements", "statement.list", a.listStatements),
		view(get, "statements/export", "statement.export", a.exportStatements),
		work(post, "statements/close", "statement.close", a.closeStatements),
		view(get, "statements/{merchant}/{no}", "statement.get", a.getStatement),
		view(get, "statements/{merchant}/{no}/file", "statement.file", a.statementFile),
		view(get, "terms/{merchant}", "terms.get", a.getTerms),
		work(put, "terms/{merchant}", "terms.set", a.setTerms),

		view(get, "transfers", "transfer.list", a.listTransfers),
		view(get, "transfers/export", "transfer.export", a.exportTransfers),
		work(post, "transfers", "transfer.record", a.recordTransfer),
		work(post, "transfers/import", "transfer.import", a.importTransfers),
		view(get, "transfers/{reference}/suggestion", "transfer.suggest", a.suggestDays),
		work(post, "transfers/{reference}/match", "transfer.match", a.matchTransfer),
		view(get, "payouts", "payout.list", a.listPayouts),
		view(get, "payouts/export", "payout.export", a.exportPayouts),
		work(post, "payouts", "payout.record", a.recordPayout),
		view(get, "receivables", "receivable.list", a.listReceivables),
		view(get, "receivables/export", "receivable.export", a.exportReceivables),
		view(get, "position", "position", a.position),
		view(get, "trial-balance", "trial_balance", a.trialBalance),
		view(get, "trial-balance/export", "trial_balance.export", a.exportTrialBalance),

		view(get, "schedule", "schedule.list", a.listSchedule),
		work(post, "schedule/{job}/{day}/run", "schedule.run", a.runJob),
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
