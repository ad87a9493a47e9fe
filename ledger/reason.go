package ledger

// Reason says why a message from the partner was answered as it was. It is
// kept with the message and never changes its meaning; the response code that
// goes over the wire is looked up from it in a table of the configuration, so
// that remapping a code does not rewrite history.
type Reason string

// The reasons, in the order in which a message can meet them.
const (
	// ReasonApproved is the only reason that confirms money: first booking, replay
	// of the same payment, reversal, and repeated reversal.
	ReasonApproved Reason = "approved"
	// ReasonBadSignature: the message was not signed with a key of the agreement.
	ReasonBadSignature Reason = "bad_signature"
	// ReasonBadFormat: a field is missing, too long or of the wrong alphabet.
	ReasonBadFormat Reason = "bad_format"
	// ReasonRefOtherAmount: the TrackingRef is booked for this code with another amount.
	ReasonRefOtherAmount Reason = "tracking_ref_other_amount"
	// ReasonRefReversed: the TrackingRef was paid for this code and taken back.
	ReasonRefReversed Reason = "tracking_ref_reversed"
	// ReasonRefBuried: a reversal of this TrackingRef came before its payment.
	ReasonRefBuried Reason = "tracking_ref_reversed_before_payment"
	// ReasonRefOtherCode: the same store has used the TrackingRef for another code.
	ReasonRefOtherCode Reason = "tracking_ref_other_code"
	// ReasonStaleTimeStamp: the TimeStamp is too far from our clock.
	ReasonStaleTimeStamp Reason = "stale_timestamp"
	// ReasonCutOff: the message came within the daily cut-off window.
	ReasonCutOff Reason = "cut_off"
	// ReasonMaintenance: an operator has stopped inquiries and payments.
	ReasonMaintenance Reason = "maintenance"
	// ReasonRecovery: the ledger was restored, and the gap in it is not signed off.
	ReasonRecovery Reason = "recovery"
	// ReasonBusy: too many messages wait; nothing was booked.
	ReasonBusy Reason = "busy"
	// ReasonNotCommitted: the ledger failed before it could commit; nothing was booked.
	ReasonNotCommitted Reason = "not_committed"
	// ReasonProductNotAllowed: the agreement does not list the ProductCode.
	ReasonProductNotAllowed Reason = "product_not_allowed"
	// ReasonUnknownCode: no charge has the payment code.
	ReasonUnknownCode Reason = "unknown_code"
	// ReasonNotYetPayable: the charge's valid_from lies ahead.
	ReasonNotYetPayable Reason = "not_yet_payable"
	// ReasonProductPaused: an operator has paused the charge's product.
	ReasonProductPaused Reason = "product_paused"
	// ReasonExpired: the charge's time is over.
	ReasonExpired Reason = "expired"
	// ReasonCancelled: the merchant withdrew the charge.
	ReasonCancelled Reason = "cancelled"
	// ReasonDenied: the charge was paid, released to the merchant, and then reversed.
	ReasonDenied Reason = "denied"
	// ReasonAlreadyPaid: another TrackingRef has paid the code.
	ReasonAlreadyPaid Reason = "already_paid"
	// ReasonWrongAmount: the amount is outside what the charge allows, or a reversal
	// names another amount than the payment.
	ReasonWrongAmount Reason = "wrong_amount"
	// ReasonSettled: the payment is in a closed batch and can't be reversed any more.
	ReasonSettled Reason = "settled"
	// ReasonOriginalNotFound: the same store has used a reversal's TrackingRef for
	// another code, so the message names no payment of ours.
	ReasonOriginalNotFound Reason = "original_not_found"
)

// Reasons lists every reason, for tables that must be complete.
func Reasons() []Reason {
	return []Reason{
		ReasonApproved, ReasonBadSignature, ReasonBadFormat, ReasonRefOtherAmount, ReasonRefReversed, ReasonRefBuried,
		ReasonRefOtherCode, ReasonStaleTimeStamp, ReasonCutOff, ReasonMaintenance, ReasonRecovery, ReasonBusy, ReasonNotCommitted,
		ReasonProductNotAllowed, ReasonUnknownCode, ReasonNotYetPayable, ReasonProductPaused, ReasonExpired,
		ReasonCancelled, ReasonDenied, ReasonAlreadyPaid, ReasonWrongAmount, ReasonSettled, ReasonOriginalNotFound,
	}
}

// Warning names an oddity that is booked all the same and reported to
// operators.
type Warning string

// The warnings.
const (
	// StoreDiffers: a retry or reversal came from another store than the payment.
	StoreDiffers Warning = "store_differs"
	// ProductDiffers: the ProductCode is allowed but is not the charge's.
	ProductDiffers Warning = "product_differs"
	// RefSeenElsewhere: another store, or the same one long ago, used the
	// TrackingRef for another code.
	RefSeenElsewhere Warning = "tracking_ref_seen_elsewhere"
	// BookedInGrace: the charge had expired, but its inquiry was answered just before.
	BookedInGrace Warning = "booked_in_grace"
	// BookedLate: the business day was closed; the payment went to a later batch.
	BookedLate Warning = "booked_late"
)
