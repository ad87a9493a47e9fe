package audit

import (
	"slices"

	"paypoint/access"
)

// The acts, by what they are about: one name for one act, whether it is done in the
// console, over the finance API or by a command of operators. What is merely looked
// at has the name of the right that it takes (access.Action), and so has a refused
// form whose field would have said which act it is.
const (
	ActSignIn            = "sign_in"
	ActSignInCode        = "sign_in.code"
	ActSignOut           = "sign_out"
	ActPasswordChange    = "password.change"
	ActCodesBegin        = "codes.begin"
	ActCodesConfirm      = "codes.confirm"
	ActCodesOff          = "codes.off"
	ActPreferencesChange = "preferences.change"
	ActViewSave          = "view.save"
	ActViewRemove        = "view.remove"

	ActPaymentsExport = string(access.ActPaymentsExport)
	ActPaymentsUnmask = string(access.ActPaymentsUnmask)

	ActNotificationExport = "notification.export"
	ActNotificationResend = string(access.ActNotificationResend)

	ActSettlementClose  = string(access.ActSettlementClose)
	ActSettlementCheck  = "settlement.check"
	ActSettlementExport = string(access.ActSettlementExport)
	// ActSettlementFile is a closed day's file, ActSettlementExport the list of days.
	ActSettlementFile = "settlement.file"

	ActFileImport = string(access.ActFileImport)
	ActFileStop   = "file.stop"
	// ActFileFaults is the list of a refused file's wrong lines.
	ActFileFaults           = "file.faults"
	ActProfileTest          = "profile.test"
	ActReconciliationMatch  = string(access.ActReconciliationMatch)
	ActReconciliationExport = "reconciliation.export"
	ActFindingExport        = "finding.export"
	ActMinutesExport        = "minutes.export"

	ActRecoveryImport  = "recovery.import"
	ActRecoverySignOff = "recovery.sign_off"

	ActCaseNote     = "case.note"
	ActCaseAssign   = "case.assign"
	ActCasePropose  = "case.propose"
	ActCaseWithdraw = "case.withdraw"
	ActCaseApprove  = string(access.ActCaseApprove)
	ActCaseDeny     = "case.deny"
	ActCaseExport   = "case.export"

	ActStatementClose  = string(access.ActStatementClose)
	ActStatementExport = "statement.export"
	// ActStatementFile is a statement's file, ActStatementExport the list of them.
	ActStatementFile = "statement.file"

	// ActTermsSet replaces all of a merchant's terms, the others a part of them.
	ActTermsSet         = "terms.set"
	ActTermsAddRates    = "terms.add_rates"
	ActTermsRemoveRates = "terms.remove_rates"
	ActTermsParty       = "terms.party"

	ActTransferRecord     = "transfer.record"
	ActTransferImport     = "transfer.import"
	ActTransferMatch      = "transfer.match"
	ActTransferExport     = "transfer.export"
	ActPayoutRecord       = "payout.record"
	ActPayoutExport       = "payout.export"
	ActReceivableExport   = "receivable.export"
	ActTrialBalanceExport = "trial_balance.export"

	ActMerchantAdd        = "merchant.add"
	ActMerchantRotateKey  = string(access.ActMerchantRotateKey)
	ActMerchantActivate   = "merchant.activate"
	ActMerchantDeactivate = "merchant.deactivate"
	ActMerchantHold       = "merchant.hold"
	ActMerchantURLs       = "merchant.urls"
	// ActMerchantURLsShow is the sight of URLs as they are: they can hold a secret.
	ActMerchantURLsShow         = "merchant.urls_show"
	ActMerchantTestNotification = "merchant.test_notification"
	ActMerchantCancelOpen       = "merchant.cancel_open"
	ActMerchantExport           = "merchant.export"

	ActStoreExport   = "store.export"
	ActRefusalExport = "refusal.export"

	ActUserAdd         = "user.add"
	ActUserRole        = "user.role"
	ActUserActivate    = "user.activate"
	ActUserDeactivate  = "user.deactivate"
	ActUserPassword    = "user.password"
	ActUserDropTOTP    = "user.drop_totp"
	ActUserSignOut     = "user.sign_out"
	ActUserTokenIssue  = "user.token_issue"
	ActUserTokenRevoke = "user.token_revoke" // #nosec G101 -- the name of an act
	ActUserExport      = "user.export"

	ActAuditCheck  = "audit.check"
	ActAuditExport = "audit.export"

	ActSystemCheck      = string(access.ActSystemCheck)
	ActMaintenanceBegin = "maintenance.begin"
	ActMaintenanceEnd   = "maintenance.end"
	ActProductPause     = "product.pause"
	ActProductResume    = "product.resume"
	ActScheduleRun      = string(access.ActScheduleRun)
	ActSandboxClockTurn = "sandbox_clock.turn"
	ActBackup           = "backup"
	// ActUnknown is a call of the finance API to a path that there is not.
	ActUnknown = "unknown"
)

// Group is acts that belong together, and the rights to look at what they are about.
type Group struct {
	Name string
	Acts []string
}

// Groups lists all acts, each once.
func Groups() []Group {
	return append(workGroups(), []Group{
		{"merchant", []string{
			ActMerchantAdd, ActMerchantRotateKey, ActMerchantActivate, ActMerchantDeactivate, ActMerchantHold, ActMerchantURLs, ActMerchantURLsShow,
			ActMerchantTestNotification, ActMerchantCancelOpen, ActMerchantExport, ActTermsSet, ActTermsAddRates, ActTermsRemoveRates, ActTermsParty,
			string(access.ActMerchantRead), string(access.ActMerchantWrite), string(access.ActMerchantTerms), string(access.ActMerchantOwnURLs),
		}},
		{"store", []string{ActStoreExport, ActRefusalExport, string(access.ActStoreRead)}},
		{"own", []string{
			ActSignIn, ActSignInCode, ActSignOut, ActPasswordChange, ActCodesBegin, ActCodesConfirm, ActCodesOff, ActPreferencesChange,
			ActViewSave, ActViewRemove, string(access.ActOwn),
		}},
		{"user", []string{
			ActUserAdd, ActUserRole, ActUserActivate, ActUserDeactivate, ActUserPassword, ActUserDropTOTP, ActUserSignOut, ActUserTokenIssue,
			ActUserTokenRevoke, ActUserExport, string(access.ActUserRead), string(access.ActUserWrite),
		}},
		{"audit", []string{ActAuditCheck, ActAuditExport, string(access.ActAuditRead)}},
		{"system", []string{
			ActSystemCheck, ActMaintenanceBegin, ActMaintenanceEnd, ActProductPause, ActProductResume, ActScheduleRun, ActSandboxClockTurn,
			ActBackup, ActUnknown, string(access.ActSystemRead), string(access.ActSystemMaintain), string(access.ActScheduleRead),
		}},
	}...)
}

// workGroups are those of finance's daily work.
func workGroups() []Group {
	return []Group{
		{"payments", []string{ActPaymentsExport, ActPaymentsUnmask, string(access.ActPaymentsRead)}},
		{"notification", []string{ActNotificationResend, ActNotificationExport, string(access.ActNotificationRead)}},
		{"settlement", []string{ActSettlementClose, ActSettlementCheck, ActSettlementFile, ActSettlementExport, string(access.ActSettlementRead)}},
		{"reconciliation", []string{
			ActFileImport, ActFileStop, ActFileFaults, ActProfileTest, ActReconciliationMatch, ActReconciliationExport, ActFindingExport,
			ActMinutesExport, string(access.ActReconciliationRead),
		}},
		{"recovery", []string{
			ActRecoveryImport, ActRecoverySignOff, string(access.ActRecoveryRead), string(access.ActRecoveryWork), string(access.ActRecoveryApprove),
		}},
		{"case", []string{
			ActCaseNote, ActCaseAssign, ActCasePropose, ActCaseWithdraw, ActCaseApprove, ActCaseDeny, ActCaseExport,
			string(access.ActCaseRead), string(access.ActCaseWork),
		}},
		{"statement", []string{ActStatementClose, ActStatementFile, ActStatementExport, string(access.ActStatementRead)}},
		{"money", []string{
			ActTransferRecord, ActTransferImport, ActTransferMatch, ActTransferExport, ActPayoutRecord, ActPayoutExport, ActReceivableExport,
			ActTrialBalanceExport, string(access.ActMoneyRead), string(access.ActMoneyRecord),
		}},
	}
}

// Acts lists the names of all acts, in the order of Groups.
func Acts() []string {
	var all []string
	for _, group := range Groups() {
		all = append(all, group.Acts...)
	}
	return all
}

// IsAct says whether a name is that of an act.
func IsAct(name string) bool { return slices.Contains(Acts(), name) }

// The kinds of what an act is about, and what their ID is.
const (
	// KindPayment is by the transaction id, KindNotification by its number in the
	// journal or the id that the merchant was given; KindNotifications are several,
	// by how many.
	KindPayment       = "payment"
	KindNotification  = "notification"
	KindNotifications = "notifications"
	// KindDay is a business day, yyyy-mm-dd; KindMonth is yyyy-mm.
	KindDay   = "day"
	KindMonth = "month"
	// KindFile is a file of Indomaret's, by its name; KindWork the work on one.
	KindFile = "file"
	KindWork = "work"
	// KindRecovery is the gap of a restored ledger, of which there is one.
	KindRecovery = "recovery"
	// KindCase is by its number; several have all theirs, with a space between.
	KindCase = "case"
	// KindStatement is MERCHANT/NUMBER.
	KindStatement = "statement"
	// KindTransfer and KindPayout are by the bank's reference.
	KindTransfer = "transfer"
	KindPayout   = "payout"
	KindMerchant = "merchant"
	KindUser     = "user"
	KindProduct  = "product"
	// KindJob is NAME/DAY.
	KindJob = "job"
	// KindLedger and KindSystem are the whole, without an ID.
	KindLedger = "ledger"
	KindSystem = "system"
)

// Kinds lists the kinds of objects.
func Kinds() []string {
	return []string{
		KindPayment, KindNotification, KindNotifications, KindDay, KindMonth, KindFile, KindWork, KindRecovery, KindCase, KindStatement,
		KindTransfer, KindPayout, KindMerchant, KindUser, KindProduct, KindJob, KindLedger, KindSystem,
	}
}
