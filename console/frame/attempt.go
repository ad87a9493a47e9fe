package frame

import (
	"net/http"

	"paypoint/ledger"
)

// AttemptWord is the key of the words for how an attempt to deliver ended. It is
// filled with "status". One that was kept without a reason, or with one that only a
// later program knows, is told by its status.
func AttemptWord(a ledger.Attempt) string {
	const words = "frame.attempt."
	switch {
	case a.Reason.Known():
		return words + string(a.Reason)
	case a.Delivered:
		return words + string(ledger.AttemptDelivered)
	case a.Status >= http.StatusContinue:
		return words + string(ledger.AttemptStatus)
	default:
		return words + "unknown"
	}
}
