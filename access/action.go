package access

// Action is something that a person asks for. The console's pages and the
// finance API's routes each name the one that they need.
type Action string

// The actions, by what they are about. Reading includes the list, its pages and
// what is asked of it; exports of payments and of settlements, which leave the
// house by the thousand, are actions of their own.
const (
	// ActOwn is what every person may: preferences, password, one-time codes.
	ActOwn Action = "own"

	ActPaymentsRead   Action = "payments.read"
	ActPaymentsExport Action = "payments.export"
	// ActPaymentsUnmask shows what is masked in a wire message.
	ActPaymentsUnmask Action = "payments.unmask"

	ActNotificationRead   Action = "notification.read"
	ActNotificationResend Action = "notification.resend"

	ActSettlementRead   Action = "settlement.read"
	ActSettlementClose  Action = "settlement.close"
	ActSettlementExport Action = "settlement.export"

	ActFileImport          Action = "file.import"
	ActReconciliationRead  Action = "reconciliation.read"
	ActReconciliationMatch Action = "reconciliation.match"

	ActCaseRead Action = "case.read"
	// ActCaseWork notes, assigns, proposes and withdraws.
	ActCaseWork    Action = "case.work"
	ActCaseApprove Action = "case.approve"

	ActStatementRead  Action = "statement.read"
	ActStatementClose Action = "statement.close"

	// ActMoneyRead reads transfers, payouts, receivables, the position and the
	// trial balance; ActMoneyRecord records transfers and payouts.
	ActMoneyRead   Action = "money.read"
	ActMoneyRecord Action = "money.record"

	ActMerchantRead Action = "merchant.read"
	// ActMerchantWrite adds, holds, stops and lets in, and sets any URLs.
	ActMerchantWrite     Action = "merchant.write"
	ActMerchantTerms     Action = "merchant.terms"
	ActMerchantRotateKey Action = "merchant.rotate_key"
	// ActMerchantOwnURLs sets the notification URLs of one's own merchant.
	ActMerchantOwnURLs Action = "merchant.own_urls"

	ActStoreRead Action = "store.read"

	ActUserRead  Action = "user.read"
	ActUserWrite Action = "user.write"
	// ActAuditRead reads, exports and checks the audit log.
	ActAuditRead Action = "audit.read"

	ActSystemRead  Action = "system.read"
	ActSystemCheck Action = "system.check"
	// ActSystemMaintain begins and ends maintenance, and pauses products.
	ActSystemMaintain Action = "system.maintain"
	ActScheduleRead   Action = "schedule.read"
	ActScheduleRun    Action = "schedule.run"

	ActRecoveryRead    Action = "recovery.read"
	ActRecoveryWork    Action = "recovery.work"
	ActRecoveryApprove Action = "recovery.approve"
)

// roles is a set of roles, in the order of Roles.
type roles uint8

const (
	viewer roles = 1 << iota
	finance
	approver
	operator
	merchant
	admin
)

const (
	// work is who does finance's work, readers who sees all of it, everyone all
	// who can sign in.
	work     = finance | approver
	readers  = viewer | work | operator | admin
	everyone = readers | merchant
)

// right says who may do an action.
type right struct {
	action Action
	roles  roles
}

// rights is who may do what: the one table of it.
func rights() []right {
	return []right{
		{ActOwn, everyone},
		{ActPaymentsRead, everyone},
		{ActPaymentsExport, viewer | work | merchant},
		{ActPaymentsUnmask, work},
		{ActNotificationRead, everyone},
		{ActNotificationResend, work | operator | merchant},
		{ActSettlementRead, readers},
		{ActSettlementClose, work},
		{ActSettlementExport, viewer | work},
		{ActFileImport, work},
		{ActReconciliationRead, readers},
		{ActReconciliationMatch, work},
		{ActCaseRead, readers},
		{ActCaseWork, work},
		{ActCaseApprove, approver},
		{ActStatementRead, everyone},
		{ActStatementClose, work},
		{ActMoneyRead, readers},
		{ActMoneyRecord, work},
		{ActMerchantRead, everyone},
		{ActMerchantWrite, operator | admin},
		{ActMerchantTerms, work},
		{ActMerchantRotateKey, operator | admin},
		{ActMerchantOwnURLs, merchant},
		{ActStoreRead, readers},
		{ActUserRead, admin},
		{ActUserWrite, admin},
		{ActAuditRead, admin},
		{ActSystemRead, operator | admin},
		{ActSystemCheck, operator},
		{ActSystemMaintain, operator},
		{ActScheduleRead, readers},
		{ActScheduleRun, work | operator},
		{ActRecoveryRead, readers},
		{ActRecoveryWork, work},
		{ActRecoveryApprove, approver},
	}
}

// Actions lists all there are, in the table's order.
func Actions() []Action {
	var all []Action
	for _, r := range rights() {
		all = append(all, r.action)
	}
	return all
}
