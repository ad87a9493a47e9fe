package match

// State is what one side says of a payment.
type State uint8

// The states.
const (
	// Absent: the side does not have it.
	Absent State = iota
	// InForce: the side has it, and counts its money.
	InForce
	// TakenBack: the side has it as reversed.
	TakenBack
)

// stateOf is what a side's entry, or none, says.
func stateOf(e *Entry) State {
	switch {
	case e == nil:
		return Absent
	case e.Reversed:
		return TakenBack
	default:
		return InForce
	}
}

// Standing is what the ledger, and earlier reconciliations, know of a payment
// that Indomaret has and the compared batches have not.
type Standing uint8

// The standings.
const (
	// NeverSeen: the code is ours, the ledger knows nothing of this TrackingRef,
	// and no other pays the code.
	NeverSeen Standing = iota
	// NoSuchCode: the ledger never gave out the code.
	NoSuchCode
	// PaidByOther: as NeverSeen, but another TrackingRef pays the code.
	PaidByOther
	// Buried: the ledger took the payment back in another batch, or a reversal
	// came before it, so that it was never booked.
	Buried
	// Awaited: it is in force in another batch, and no line of Indomaret's has
	// been found for it yet.
	Awaited
	// Settled: it is in force, and a line of an earlier file was found for it.
	Settled
)

// Facts are all that a payment's class depends on.
type Facts struct {
	Ours, Theirs State
	// Old says that what one side has alone was carried from the day before.
	Old bool
	// Second says that another TrackingRef holds the code: the earliest of ours
	// in force, or if we have none, the earliest that only Indomaret has.
	Second bool
	// Repeated says that Indomaret's line repeats an earlier one.
	Repeated bool
	// Standing counts where Indomaret alone has the payment.
	Standing Standing
	// Differ are the differences where both sides have it.
	Differ Notes
}

// Decide gives a payment its class. First that matches:
//
//	ours      theirs                                   class
//	any       repeats a line                           DUPLICATE_IN_FILE
//
//	in force  in force, other amount                   AMOUNT_MISMATCH
//	in force  in force, other fee                      FEE_MISMATCH
//	in force  in force, second on the code             DUPLICATE_PAYMENT
//	in force  in force, other day                      DATE_SHIFT
//	in force  in force                                 MATCHED
//	in force  reversed                                 PAID_BUT_REVERSED_THERE
//	in force  absent, new                              CARRIED
//	in force  absent, old                              MISSING_AT_INDOMARET
//	reversed  in force                                 REVERSED_BUT_SETTLED
//	reversed  reversed or absent                       MATCHED
//	absent    in force or reversed                     by the standing:
//
//	standing       in force, new         old                    reversed, new            old
//	no such code   UNKNOWN_CODE          UNKNOWN_CODE           UNKNOWN_CODE             UNKNOWN_CODE
//	never seen     CARRIED               MISSING_AT_PARTNER     MATCHED                  MATCHED
//	  and second   DUPLICATE_PAYMENT     DUPLICATE_PAYMENT      MATCHED                  MATCHED
//	paid by other  DUPLICATE_PAYMENT     DUPLICATE_PAYMENT      MATCHED                  MATCHED
//	buried         REVERSED_BUT_SETTLED  REVERSED_BUT_SETTLED   MATCHED                  MATCHED
//	awaited        CARRIED               MISSING_AT_PARTNER     CARRIED                  PAID_BUT_REVERSED_THERE
//	settled        DUPLICATE_IN_FILE     DUPLICATE_IN_FILE      PAID_BUT_REVERSED_THERE  PAID_BUT_REVERSED_THERE
//
// What is reversed on one side and unheard of on the other is MATCHED, since
// both agree that no money is in force: many files leave reversed payments out.
func Decide(f Facts) Class {
	switch {
	case f.Repeated:
		return DuplicateInFile
	case f.Ours == Absent && f.Theirs == TakenBack:
		return takenBackThere(f)
	case f.Ours == Absent:
		return onlyTheirs(f)
	case f.Ours == TakenBack && f.Theirs == InForce:
		return ReversedButSettled
	case f.Ours == TakenBack:
		return Matched
	case f.Theirs == TakenBack:
		return PaidButReversedThere
	case f.Theirs == InForce:
		return bothInForce(f)
	case f.Old:
		return MissingAtIndomaret
	default:
		return Carried
	}
}

func bothInForce(f Facts) Class {
	switch {
	case f.Differ.Has(NoteAmount):
		return AmountMismatch
	case f.Differ.Has(NoteFee):
		return FeeMismatch
	case f.Second:
		return DuplicatePayment
	case f.Differ.Has(NoteDay):
		return DateShift
	default:
		return Matched
	}
}

// onlyTheirs is the table's left half: Indomaret settles what we do not have.
func onlyTheirs(f Facts) Class {
	switch {
	case f.Standing == NoSuchCode:
		return UnknownCode
	case f.Standing == Buried:
		return ReversedButSettled
	case f.Standing == Settled:
		return DuplicateInFile
	case f.Standing == PaidByOther, f.Standing == NeverSeen && f.Second:
		return DuplicatePayment
	case f.Old:
		return MissingAtPartner
	default:
		return Carried
	}
}

// takenBackThere is the table's right half: Indomaret took back what the
// compared batches do not have.
func takenBackThere(f Facts) Class {
	switch {
	case f.Standing == NoSuchCode:
		return UnknownCode
	case f.Standing == Settled, f.Standing == Awaited && f.Old:
		return PaidButReversedThere
	case f.Standing == Awaited:
		return Carried
	default:
		return Matched
	}
}
