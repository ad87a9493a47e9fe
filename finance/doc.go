// Package finance is the JSON API of finance staff, under /finance/v1.
//
// # Routes
//
// Each route begins with the action that the caller's role must allow; see
// access.Action, whose one table says so for each role. A + after it says that it
// needs a person: what is done there is recorded under who did it, and who proposed
// can't approve. Persons of merchants may use none of them: what is theirs is in
// the console. Parameters are optional; "page" stands for limit and cursor,
// "format" for csv, xlsx or json. A body is named before what is answered.
//
//	settlement.read       GET     settlements?from&page                        SettlementList
//	settlement.read       GET     settlements/{day}                            Settlement
//	settlement.close      POST    settlements/{day}/close?early=true           Closing
//	settlement.export     GET     settlements/{day}/file?format=txt|csv|xlsx   a file
//
//	reconciliation.read   GET     files?day                                    FileList
//	file.import           POST    files?day&name                               Indomaret's file: Import
//	file.import           POST    profile/test?day&name                        Indomaret's file: Trial
//
//	reconciliation.read   GET     reconciliations?from&page                    DayList
//	reconciliation.read   GET     reconciliations/{day}                        Day
//	reconciliation.match  POST    reconciliations/{day}/match                  reconcile.Outcome
//	reconciliation.read   GET     reconciliations/{day}/findings?class&page    FindingList
//	reconciliation.read   GET     reconciliations/{day}/findings/export?format  a file
//
//	recovery.read         GET     recovery                                     Recovery
//	recovery.work+        POST    recovery/files?day&name                      Indomaret's file: reconcile.GapFilled
//	recovery.approve+     POST    recovery/sign-off                            {why, accept_missing?}: reconcile.SignedOff
//
//	case.read             GET     cases?open=true&class&owner&code&page        CaseList
//	case.read             GET     cases/ageing                                 Ageing
//	case.read             GET     cases/export?open=true&class&owner&code&format  a file
//	case.read             GET     cases/{id}                                   CaseDetail
//	case.work+            POST    cases/{id}/notes                             {text}: Case
//	case.work+            PUT     cases/{id}/owner                             {owner}: Case
//	case.work+            POST    cases/{id}/proposal                          {act, why, amount?}: Case
//	case.work+            DELETE  cases/{id}/proposal                          {why}: Case
//	case.approve+         POST    cases/{id}/approval                          {proposal}: Case
//
//	statement.read        GET     statements?merchant&page                     StatementList
//	statement.read        GET     statements/export?merchant&format            a file
//	statement.close       POST    statements/close                             {to, merchants?}: StatementsClosed
//	statement.read        GET     statements/{merchant}/{no}                   Statement
//	statement.read        GET     statements/{merchant}/{no}/file?format=json|csv|xlsx|pdf&language=id|en  a file
//	merchant.read         GET     terms/{merchant}                             reconcile.TermsInForce
//	merchant.terms        PUT     terms/{merchant}                             reconcile.MerchantTerms: reconcile.TermsInForce
//
//	money.read            GET     transfers?page                               TransferList
//	money.read            GET     transfers/export?format                      a file
//	money.record          POST    transfers                                    {reference, on, amount, note?}: ledger.Transfer
//	money.record          POST    transfers/import                             CSV: reconcile.TransfersImported
//	money.read            GET     transfers/{reference}/suggestion             Suggestion
//	money.record          POST    transfers/{reference}/match                  {days}: ledger.Transfer
//	money.read            GET     payouts?page                                 PayoutList
//	money.read            GET     payouts/export?format                        a file
//	money.record          POST    payouts                                      {reference, on, amount, merchant?, no?, case?}: ledger.Payout
//	money.read            GET     receivables?from&page                        ReceivableList
//	money.read            GET     receivables/export?from&format               a file
//	money.read            GET     position?day                                 reconcile.Position
//	money.read            GET     trial-balance?day                            TrialBalance
//	money.read            GET     trial-balance/export?day&format              a file
//
//	schedule.read         GET     schedule                                     ScheduleList
//	schedule.run          POST    schedule/{job}/{day}/run                     delivery.Run
//
// # Values
//
// Amounts are JSON integers in rupiah, times RFC 3339 in WIB (+07:00), days
// yyyy-mm-dd. In a path, "today" stands for the business day of now under the
// agreement's cut-off, by the server's clock; answers name the day. What has no
// value is left out.
//
// A list answers at most limit rows. Where more may follow it has a next_cursor,
// which the next request gives as cursor, its other parameters unchanged; the
// page that it leads to may be empty.
//
// A body of JSON is read strictly: members that are not known, given twice or
// null are refused, so that no misspelt member passes for nothing. It has at most
// MaxBody bytes, a file at most partnerfile.MaxFile, a CSV of transfers at most
// reconcile.MaxTransferFile. Files may take any time to arrive and to be taken, as
// long as they do not stop for a minute.
//
// # Answers that take long
//
// Closing, importing and matching a large day, closing statements and running a
// job are answered when they are done. A caller who hangs up meanwhile does not
// stop them. All may be asked for again: nothing is done twice.
//
// Importing, matching, closing statements and signing a gap off show how far they are
// to a caller who asks for it with Accept: application/x-ndjson. The answer then is lines of
// JSON: {"done":20000,"total":1000000} while the work goes on, of lines, payments
// or merchants, without total where it is not known, and as the last one
// {"result":…} with what is answered otherwise, or {"error":…} as below. What is
// refused before the first line is answered under its own status, as ever. An
// answer that ends without one of the two has broken off.
//
// # Statements that can't be closed
//
// One merchant's does not keep the others from theirs: closing answers 200 with
// statements, and with failed, a list of merchant, code and message, where there
// are such. What is wrong for all, as a day that is open, is one error.
//
// # Errors
//
// Every caller is known (see Config.Authenticate). Errors are
// {"error":{"code":"day_open","message":"…","field":"day"}} under an HTTP status
// that fits; code is for programs and stays, message is for people. What is
// wrong with one line of a file is bad_file with the members line, column, text
// and rule besides.
//
//	400  broken_off          the body did not arrive whole
//	401  unauthorized        no token, or none of a person's
//	403  forbidden           the caller's role does not allow it
//	403  person_needed       an operator asks for what a person has to do
//	403  same_person         who proposed can't approve
//	404  not_found           there is no such path
//	404  day_unknown case_unknown statement_unknown transfer_unknown merchant_unknown job_unknown run_unknown
//	405  method_not_allowed  the header Allow has those that are
//	408  too_slow            the body stopped coming
//	409  day_open            the day is not over
//	409  day_ahead           the day has not begun
//	409  day_not_closed      the day has to be closed first
//	409  file_missing        the day has no file of Indomaret's
//	409  file_repeated       the file was taken for another day
//	409  damaged             what was kept of a day is damaged: match it again, or import its file again
//	409  not_matched         the day has to be matched first
//	409  recovery            the ledger was restored and the gap in it is not signed off
//	409  no_recovery         there is no gap to be filled
//	409  gap_open            something is missing still before it can be signed off
//	409  too_many_cases      so much differs that the file must be wrong
//	409  case_state          the case is resolved, or has another proposal, or none
//	409  case_gone           Indomaret's newest files do not show the case's difference: accept it
//	409  taken               the reference, or the batch, is another's
//	409  rates_in_use        closed statements were made by other rates
//	409  job_busy run_done run_early schedule_stuck
//	413  too_large           the body, the file or a sum is beyond its limit
//	422  bad_parameter bad_day bad_case bad_statement bad_body  the field says what
//	422  bad_text            a text is missing or too long
//	422  bad_amount          the amount is not within its bounds
//	422  bad_file            the file is not as it has to be
//	422  bad_terms           a statement can't be made by these terms
//	422  bad_period          the days do not fit one another
//	422  person_unknown      a case's owner has to be an active person
//	422  day_needed          the file does not say of which day it is
//	422  act_not_possible    the act can't be done on the payment as it stands
//	500  not_sealed          the day is closed, its file could not be made: close again
//	500  internal            the log says why
//	503  unavailable         ask again: nothing is done twice
//	507  no_room             the disk has too little room to make a workbook; other formats need none
package finance
