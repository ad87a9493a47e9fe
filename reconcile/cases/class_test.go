package cases_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/cases"
)

const code, ref = "8880000000000018", ledger.TrackingRef("T000000001")

// A case's payment, as the ledger has it where the class is found.
func unpaid() ledger.State {
	return ledger.State{Charge: &ledger.Charge{
		Number: 1, Code: code, Merchant: "G1", Amount: 50_000, MinAmount: 50_000,
		Status: ledger.StatusPending, Deadline: time.Unix(2000, 0),
	}}
}

func paid() ledger.State {
	state := unpaid()
	state.Charge.Status, state.Charge.PaidBy = ledger.StatusReleased, ref
	state.Tx = &ledger.Transaction{Code: code, Ref: ref, State: ledger.TxPaid, Amount: 50_000}
	return state
}

// short is a bank transfer that is 10,000 too little.
func short() ledger.State {
	return ledger.State{Documents: map[string][]byte{"transfer/BCA-1": []byte(`{"reference":"BCA-1","amount":90000,"difference":-10000}`)}}
}

// refunded is a payment that was refunded besides.
func refunded() ledger.State {
	state := paid()
	state.Tx.Refunded = 50_000
	return state
}

func reversed() ledger.State {
	state := unpaid()
	state.Tx = &ledger.Transaction{Code: code, Ref: ref, State: ledger.TxReversed, Amount: 50_000}
	return state
}

// Each act that is advised for a class can be done on the payment for which the
// class is found, with the whole difference.
func TestFittingActsArePossible(t *testing.T) {
	t.Parallel()
	payment := ledger.Case{Code: code, Ref: ref}
	tests := map[string]struct {
		state        ledger.State
		ours, theirs ledger.Rupiah
		of           ledger.Case
	}{
		"MISSING_AT_PARTNER":             {unpaid(), 0, 50_000, payment},
		"MISSING_AT_INDOMARET":           {paid(), 50_000, 0, payment},
		"AMOUNT_MISMATCH":                {paid(), 50_000, 60_000, payment},
		"FEE_MISMATCH":                   {paid(), 50_000, 52_500, payment},
		"REVERSED_BUT_SETTLED":           {reversed(), 0, 50_000, payment},
		"PAID_BUT_REVERSED_THERE":        {paid(), 50_000, 0, payment},
		"DUPLICATE_IN_FILE":              {paid(), 50_000, 100_000, payment},
		"DUPLICATE_PAYMENT":              {unpaid(), 0, 50_000, payment},
		"UNKNOWN_CODE":                   {ledger.State{}, 0, 50_000, payment},
		"TOTALS_MISMATCH":                {ledger.State{}, 0, 0, ledger.Case{}},
		"FILE_MISSING":                   {ledger.State{}, 0, 0, ledger.Case{}},
		"FILE_REPEATED":                  {ledger.State{}, 0, 0, ledger.Case{}},
		ledger.ClassReversalRefused:      {paid(), 50_000, 0, payment},
		ledger.ClassCorrectionDiffers:    {refunded(), 100_000, 50_000, payment},
		ledger.ClassTransferDifference:   {short(), 100_000, 90_000, ledger.Case{Reference: "BCA-1"}},
		"A_CLASS_OF_TOMORROW'S PROGRAMS": {ledger.State{}, 0, 0, ledger.Case{}},
	}
	for class, scene := range tests {
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			fitting := cases.Fitting(class)
			require.Contains(t, fitting, ledger.ActAccept, "what was found may always be explained")
			for _, act := range fitting {
				c := scene.of
				c.Class, c.Ours, c.Theirs, c.Proposal = class, scene.ours, scene.theirs, &ledger.Proposal{Act: act, Why: "why"}
				if act == ledger.ActRefund || act == ledger.ActWriteOff {
					c.Proposal.Amount = c.Surplus()
				}
				change, err := ledger.DecideAdjustment(scene.state, c, ledger.Approval{}, ledger.Agreement{}, time.Unix(1000, 0))
				require.NoError(t, err, act)
				require.Equal(t, act == ledger.ActAccept, change.Empty(), act)
			}
		})
	}
}

func TestEveryKnownClassIsExplained(t *testing.T) {
	t.Parallel()
	unknown := cases.Explain("A_CLASS_OF_TOMORROW")
	require.Contains(t, unknown.Means, "not known")
	seen := map[string]bool{unknown.Means: true}
	for _, class := range []string{
		"MISSING_AT_PARTNER", "MISSING_AT_INDOMARET", "AMOUNT_MISMATCH", "FEE_MISMATCH", "REVERSED_BUT_SETTLED",
		"PAID_BUT_REVERSED_THERE", "DUPLICATE_IN_FILE", "DUPLICATE_PAYMENT", "UNKNOWN_CODE",
		"TOTALS_MISMATCH", "FILE_MISSING", "FILE_REPEATED", ledger.ClassReversalRefused,
		ledger.ClassCorrectionDiffers, ledger.ClassTransferDifference,
	} {
		text := cases.Explain(class)
		require.False(t, seen[text.Means], class)
		require.NotEmpty(t, text.Do, class)
		seen[text.Means] = true
	}
}

func TestAdviceCanNotBeChangedByItsReaders(t *testing.T) {
	t.Parallel()
	cases.Fitting("UNKNOWN_CODE")[0] = ledger.ActRecover
	require.Equal(t, ledger.ActRefund, cases.Fitting("UNKNOWN_CODE")[0])
}
