package soap

import (
	"fmt"
	"maps"
	"slices"

	"paypoint/ledger"
)

// codeLength is the length of a ResponseCode (spec 1.0.14, InquiryRes field 9).
const codeLength = 2

// CodeSuccess is the ResponseCode for success (spec 1.0.14, closing note).
const CodeSuccess = "00"

// forbiddenCodes must never be sent (spec 1.0.14, closing note).
var forbiddenCodes = map[string]string{"21": "Push Timeout", "99": "Reversal Timeout"}

// Response is how a reason is told to the partner.
type Response struct {
	// Code is two digits.
	Code string
	// Desc is the code in words, 1 to 255 characters of printable ASCII.
	Desc string
}

// defaultCodes is the table for an agreement that says nothing else. The
// document fixes 00 only; the others follow what ISO 8583 and the billers of
// the country most often use.
var defaultCodes = map[ledger.Reason]Response{
	ledger.ReasonApproved:          {CodeSuccess, "Success"},
	ledger.ReasonBadSignature:      {"63", "Invalid signature"},
	ledger.ReasonBadFormat:         {"30", "Format error"},
	ledger.ReasonRefOtherAmount:    {"94", "TrackingRef already used with another amount"},
	ledger.ReasonRefReversed:       {"94", "TrackingRef already reversed"},
	ledger.ReasonRefBuried:         {"94", "TrackingRef already reversed"},
	ledger.ReasonRefOtherCode:      {"94", "TrackingRef already used for another payment code"},
	ledger.ReasonStaleTimeStamp:    {"30", "TimeStamp too far from current time"},
	ledger.ReasonCutOff:            {"90", "Cut-off in progress"},
	ledger.ReasonMaintenance:       {"90", "System under maintenance"},
	ledger.ReasonRecovery:          {"90", "System under maintenance"},
	ledger.ReasonBusy:              {"96", "System busy"},
	ledger.ReasonNotCommitted:      {"96", "System error"},
	ledger.ReasonProductNotAllowed: {"33", "Product code not allowed"},
	ledger.ReasonUnknownCode:       {"14", "Payment code not found"},
	ledger.ReasonNotYetPayable:     {"89", "Payment code not payable yet"},
	ledger.ReasonProductPaused:     {"89", "Product not available"},
	ledger.ReasonExpired:           {"54", "Payment code expired"},
	ledger.ReasonCancelled:         {"17", "Payment code cancelled"},
	ledger.ReasonDenied:            {"17", "Payment code cancelled"},
	ledger.ReasonAlreadyPaid:       {"88", "Payment code already paid"},
	ledger.ReasonWrongAmount:       {"13", "Invalid amount"},
	ledger.ReasonSettled:           {"12", "Payment already settled"},
	ledger.ReasonOriginalNotFound:  {"25", "Original payment not found"},
}

// Codes tells which ResponseCode goes out for which reason. The reason itself
// is kept in the ledger and the logs, so a change of the table never rewrites
// history.
type Codes struct {
	byReason map[ledger.Reason]Response
}

// NewCodes returns the default table with the agreement's rows laid over it; an
// empty Code or Desc in a row keeps the default's. It refuses, naming reason
// and rule, an unknown reason, a code that is not two digits, 21 and 99, and a
// code that would turn success into a refusal or a refusal into success.
func NewCodes(overrides map[ledger.Reason]Response) (*Codes, error) {
	table := maps.Clone(defaultCodes)
	for _, reason := range slices.Sorted(maps.Keys(overrides)) {
		response, known := table[reason]
		if !known {
			return nil, fmt.Errorf("response code for %q: no such reason", reason)
		}
		if code := overrides[reason].Code; code != "" {
			response.Code = code
		}
		if desc := overrides[reason].Desc; desc != "" {
			response.Desc = desc
		}
		if err := response.check(reason); err != nil {
			return nil, fmt.Errorf("response code for %q: %w", reason, err)
		}
		table[reason] = response
	}
	return &Codes{byReason: table}, nil
}

// check holds one row of the table to the document.
func (r Response) check(reason ledger.Reason) error {
	success := reason == ledger.ReasonApproved
	meaning, forbidden := forbiddenCodes[r.Code]
	switch {
	case len(r.Code) != codeLength || !hasShape(r.Code, "00"):
		return fmt.Errorf("%q must be two digits", r.Code)
	case forbidden:
		return fmt.Errorf("%s must not be used: it means %s", r.Code, meaning)
	case success && r.Code != CodeSuccess:
		return fmt.Errorf("%s: the code for success is 00", r.Code)
	case !success && r.Code == CodeSuccess:
		return fmt.Errorf("00 is for success only")
	case len(r.Desc) > maxResponseDesc || !printable.covers(r.Desc):
		return fmt.Errorf("description must be at most %d characters of printable ASCII", maxResponseDesc)
	default:
		return nil
	}
}

// Of returns the response for a reason. A reason that the table does not know,
// which no construction of it permits, is answered as an internal failure and
// never as success.
func (c *Codes) Of(reason ledger.Reason) Response {
	if r, ok := c.byReason[reason]; ok {
		return r
	}
	return c.byReason[ledger.ReasonNotCommitted]
}
