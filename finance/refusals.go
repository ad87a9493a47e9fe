package finance

import (
	"net/http"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/statement"
)

// refusal is how a kind of error is answered. Its message is the error's own.
type refusal struct {
	sentinel error
	status   int
	code     string
	// field is the member or parameter that it is always about; else empty.
	field string
}

// refusals are the errors that are the caller's. All others are ours: 500. Their
// codes are part of the API: programs tell by them what to do.
func refusals() []refusal {
	const forbidden, conflict, unprocessable, missing = http.StatusForbidden, http.StatusConflict,
		http.StatusUnprocessableEntity, http.StatusNotFound
	return []refusal{
		// Of the ledger: its decisions say why.
		{ledger.ErrSamePerson, forbidden, "same_person", ""},
		{ledger.ErrCaseState, conflict, "case_state", ""},
		{ledger.ErrCaseGone, conflict, "case_gone", "act"}, // an ErrAct too
		{ledger.ErrAct, unprocessable, "act_not_possible", "act"},
		{ledger.ErrText, unprocessable, "bad_text", ""},
		{ledger.ErrSum, unprocessable, "bad_amount", "amount"},
		{ledger.ErrTaken, conflict, "taken", ""},
		{ledger.ErrRecovery, conflict, "recovery", ""},
		{ledger.ErrNoRecovery, conflict, "no_recovery", ""},
		{ledger.ErrRepeated, conflict, "file_repeated", ""},
		{ledger.ErrNotClosed, conflict, "day_not_closed", ""},
		{ledger.ErrPeriod, unprocessable, "bad_period", ""},
		{ledger.ErrPlace, unprocessable, "bad_parameter", "cursor"},

		// Of a day: what must be done before can be done now.
		{reconcile.ErrNoFile, conflict, "file_missing", "day"},
		{reconcile.ErrNoDay, unprocessable, "day_needed", "day"},
		{reconcile.ErrNotMatched, conflict, "not_matched", "day"},
		{reconcile.ErrGap, conflict, "gap_open", ""},
		{reconcile.ErrTooManyCases, conflict, "too_many_cases", ""},
		{reconcile.ErrRatesInUse, conflict, "rates_in_use", "rates"},
		{reconcile.ErrNoParty, unprocessable, "bad_terms", "party"},

		// Of a file: nothing of it was taken. A LineError was answered before these.
		{partnerfile.ErrTooLarge, http.StatusRequestEntityTooLarge, "too_large", ""},
		{partnerfile.ErrFormat, unprocessable, "bad_file", ""},
		{partnerfile.ErrTruncated, unprocessable, "bad_file", ""},
		{partnerfile.ErrTrailer, unprocessable, "bad_file", ""},
		{partnerfile.ErrOtherDay, unprocessable, "bad_file", "day"},
		{partnerfile.ErrOtherPartner, unprocessable, "bad_file", ""},
		{partnerfile.ErrName, unprocessable, "bad_file", "name"},

		// Of a merchant.
		{statement.ErrTerms, unprocessable, "bad_terms", "rates"},
		{statement.ErrHead, unprocessable, "bad_terms", ""},
		{statement.ErrLimit, http.StatusRequestEntityTooLarge, "too_large", ""},
		{access.ErrUnknownMerchant, missing, "merchant_unknown", "merchant"},

		// Of the schedule. That a step failed is no refusal: the run tells it.
		{delivery.ErrNoJob, missing, "job_unknown", "job"},
		{delivery.ErrNoRun, missing, "run_unknown", "day"},
		{delivery.ErrBusy, conflict, "job_busy", "job"},
		{delivery.ErrDone, conflict, "run_done", "day"},
		{delivery.ErrEarly, conflict, "run_early", "day"},
		{delivery.ErrStuck, conflict, "schedule_stuck", "job"},
	}
}
