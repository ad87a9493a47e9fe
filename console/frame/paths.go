package frame

import (
	"net/url"
	"strconv"

	"paypoint/ledger"
)

// The pages that other areas lead to, below Root. An area writes its own addresses
// itself; another's it takes from here, so that a page that moves takes its links
// along.
const (
	PathSearch        = "/search"
	PathPayments      = "/payments"
	PathCases         = "/cases"
	PathMerchants     = "/merchants"
	PathPeople        = "/people"
	PathSettlements   = "/settlements"
	PathReconciling   = "/reconciliation"
	PathRecovery      = "/reconciliation/recovery"
	PathNotifications = "/notifications"
	PathRefusals      = "/stores/refusals"
	PathSystem        = "/system"
)

// PaymentPath is the page of a charge with its payments, by its transaction id: a
// payment code or an order id never stands in an address.
func PaymentPath(id string) string { return pageOf(PathPayments, id) }

// CasePath is a case's page.
func CasePath(id uint64) string { return pageOf(PathCases, strconv.FormatUint(id, 10)) }

// MerchantPath is a merchant's page.
func MerchantPath(id string) string { return pageOf(PathMerchants, id) }

// PersonPath is the page of a person who may sign in.
func PersonPath(id string) string { return pageOf(PathPeople, id) }

// SettlementPath is the page of a business day's batch.
func SettlementPath(day ledger.Day) string { return pageOf(PathSettlements, string(day)) }

// ReconciliationPath is the page of what comparing a business day came to.
func ReconciliationPath(day ledger.Day) string { return pageOf(PathReconciling, string(day)) }

// NotificationPath is a notification's page, by the number of its notice.
func NotificationPath(seq uint64) string {
	return pageOf(PathNotifications, strconv.FormatUint(seq, 10))
}

// Filtered is a list with parameters that are set, as pairs of name and value; an
// empty value is left out. The list's own page checks them.
func Filtered(path string, pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// pageOf is a page of a list by the id of what it shows, whatever signs that has.
func pageOf(path, id string) string { return path + "/" + url.PathEscape(id) }
