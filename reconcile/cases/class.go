package cases

import (
	"slices"

	"paypoint/ledger"
)

// Text explains a class to people.
type Text struct {
	// Means says what was found.
	Means string `json:"means"`
	// Do says what to do about it.
	Do string `json:"do"`
}

// class is what is known of a class.
type class struct {
	text    Text
	fitting []ledger.Act
}

// Explain is what a class means and what to do; of a class that is not known
// only that.
func Explain(name string) Text { return classOf(name).text }

// Fitting lists the acts that can resolve a class, the likeliest first. Whether
// one is possible for a payment as it stands is for the ledger to say.
func Fitting(name string) []ledger.Act { return slices.Clone(classOf(name).fitting) }

// FittingFor lists the acts that can resolve a case: those of its class, unless what
// it was opened for is gone. Then it can only be accepted (see ledger.ErrCaseGone).
func FittingFor(c ledger.Case) []ledger.Act {
	if c.Gone {
		return []ledger.Act{ledger.ActAccept}
	}
	return Fitting(c.Class)
}

// classOf finds a class. The matcher's names are written out here, for packages
// of one layer do not import each other.
func classOf(name string) class {
	for _, known := range []func(string) (class, bool){ofOneSide, ofDifference, ofReversal, ofFile} {
		if c, ok := known(name); ok {
			return c
		}
	}
	return class{
		text: Text{
			Means: "This class is not known to the program.",
			Do:    "Read the note of the case, find out what it is about, and accept it with what was found.",
		},
		fitting: []ledger.Act{ledger.ActAccept},
	}
}

// ofOneSide are the classes of payments that one side has beyond the other.
func ofOneSide(name string) (class, bool) {
	switch name {
	case "MISSING_AT_PARTNER":
		return class{Text{
			Means: "Indomaret has a payment that we have not. Its customer has paid.",
			Do:    "Recover it if its code can still be paid: the merchant is told and is owed it. If it can't, refund it.",
		}, []ledger.Act{ledger.ActRecover, ledger.ActRefund, ledger.ActAccept}}, true
	case "MISSING_AT_INDOMARET":
		return class{Text{
			Means: "We have a payment that Indomaret's file has not, neither this day's nor the next one's.",
			Do:    "Ask Indomaret. If its till took the payment back, reverse it here. If Indomaret will not remit it though the goods are out, write it off.",
		}, []ledger.Act{ledger.ActReverse, ledger.ActWriteOff, ledger.ActAccept}}, true
	case "DUPLICATE_IN_FILE":
		return class{Text{
			Means: "A line of Indomaret's file repeats one before. The first one counts.",
			Do:    "Ask Indomaret for a corrected file and accept it then. If the customer did pay twice, refund the second payment.",
		}, []ledger.Act{ledger.ActAccept, ledger.ActRefund, ledger.ActWriteOff}}, true
	case "DUPLICATE_PAYMENT":
		return class{Text{
			Means: "Indomaret has a second payment of a code that was paid before. A code is paid once.",
			Do:    "Refund the second payment.",
		}, []ledger.Act{ledger.ActRefund, ledger.ActAccept}}, true
	case "UNKNOWN_CODE":
		return class{Text{
			Means: "Indomaret has a payment of a code that we never gave out.",
			Do:    "Ask Indomaret whose it is. Refund it if the money is remitted to us; accept it once Indomaret has taken it out.",
		}, []ledger.Act{ledger.ActRefund, ledger.ActAccept}}, true
	}
	return class{}, false
}

// ofDifference are the classes of money that is not the same on both sides.
func ofDifference(name string) (class, bool) {
	switch name {
	case "AMOUNT_MISMATCH":
		return class{Text{
			Means: "Both sides have the payment, with different amounts.",
			Do:    "Ask Indomaret what the customer paid. Refund what Indomaret has beyond us, or write the difference off.",
		}, []ledger.Act{ledger.ActRefund, ledger.ActWriteOff, ledger.ActAccept}}, true
	case "FEE_MISMATCH":
		return class{Text{
			Means: "Both sides have the payment with one amount, and different fees.",
			Do:    "Compare the agreement with Indomaret. Write the difference off, or refund what the customer paid too much.",
		}, []ledger.Act{ledger.ActWriteOff, ledger.ActRefund, ledger.ActAccept}}, true
	case ledger.ClassCorrectionDiffers:
		return class{Text{
			Means: "The payment was corrected here, and Indomaret's files have something else by now than the books with the corrections.",
			Do: "Compare the corrections in the history of its cases with Indomaret's newest file. Refund what Indomaret has beyond the books, " +
				"or take a refund back that it does not remit; write off what stays, or reverse the payment if Indomaret has not got it any more.",
		}, []ledger.Act{ledger.ActRefund, ledger.ActWriteOff, ledger.ActReverse, ledger.ActAccept}}, true
	case ledger.ClassTransferDifference:
		return class{Text{
			Means: "A bank transfer of Indomaret's is not what the batches come to that it was matched to.",
			Do: "Look first whether corrections of these days explain it: they stand in other batches. Look whether it pays other days too, " +
				"and match it to all that it pays. Write off only what nothing explains, or the same money is written off twice.",
		}, []ledger.Act{ledger.ActWriteOff, ledger.ActAccept}}, true
	}
	return class{}, false
}

// ofReversal are the classes of payments that one side took back.
func ofReversal(name string) (class, bool) {
	switch name {
	case "REVERSED_BUT_SETTLED":
		return class{Text{
			Means: "We took the payment back and Indomaret settles it.",
			Do:    "Ask Indomaret whether the customer got the money back. If not, refund it; what was taken back is never booked again.",
		}, []ledger.Act{ledger.ActRefund, ledger.ActAccept}}, true
	case "PAID_BUT_REVERSED_THERE":
		return class{Text{
			Means: "Indomaret took the payment back, and its reversal did not reach us.",
			Do:    "Reverse it: the merchant is told. If the goods are out, write it off.",
		}, []ledger.Act{ledger.ActReverse, ledger.ActWriteOff, ledger.ActAccept}}, true
	case ledger.ClassReversalRefused:
		return class{Text{
			Means: "A till asked to take a payment back and was refused; the reason is in the case.",
			Do:    "Compare Indomaret's file of that day. If Indomaret did not settle the payment, reverse it; if it did, accept.",
		}, []ledger.Act{ledger.ActReverse, ledger.ActAccept, ledger.ActWriteOff}}, true
	}
	return class{}, false
}

// ofFile are the classes of whole files, which have no payment to act on.
func ofFile(name string) (class, bool) {
	accept := []ledger.Act{ledger.ActAccept}
	switch name {
	case "TOTALS_MISMATCH":
		return class{Text{
			Means: "The totals in Indomaret's file are not those of its lines. Nothing of it was taken.",
			Do:    "Ask Indomaret for a corrected file, import it, and accept.",
		}, accept}, true
	case "FILE_MISSING":
		return class{Text{
			Means: "The day's file of Indomaret's is due and has not come.",
			Do:    "Ask Indomaret for it, import it, and accept.",
		}, accept}, true
	case "FILE_REPEATED":
		return class{Text{
			Means: "Indomaret sent a file that it had sent before.",
			Do:    "Ask Indomaret which file is the day's, import that one, and accept.",
		}, accept}, true
	}
	return class{}, false
}
