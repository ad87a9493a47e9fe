package ledger_test

import (
	"context"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
)

// rest is what a case's claim has beyond the books.
func (o *office) rest(c ledger.Case) ledger.Rupiah {
	if c.Reference != "" {
		transfer, err := o.service.Transfer(context.Background(), c.Reference)
		require.NoError(o.rt, err)
		return transfer.Difference - transfer.WrittenOff
	}
	return c.Theirs + c.TheirsFee - o.load(ledger.Keys{Code: c.Code, Ref: c.Ref}).Tx.Owed()
}

// checkClaim holds a correction against its case: the books have come nearer to
// what Indomaret claims, and not beyond it.
func (o *office) checkClaim(t *rapid.T, c ledger.Case) {
	after := o.rest(c)
	switch c.Proposal.Act {
	case ledger.ActRefund, ledger.ActWriteOff:
		require.Equal(t, o.before-c.Proposal.Amount, after, "it is booked once")
		require.True(t, o.before > 0 && 0 <= after && after < o.before || o.before < 0 && o.before < after && after <= 0,
			"%s of %d: the rest was %d and is %d", c.Proposal.Act, c.Proposal.Amount, o.before, after)
	case ledger.ActRecover:
		require.Zero(t, after, "what Indomaret has is booked")
	case ledger.ActReverse:
		require.GreaterOrEqual(t, after, o.before, "taking back never adds to the debt")
	case ledger.ActAccept:
		require.Equal(t, o.before, after)
	}
}

// receivable adds up what was booked of Indomaret's debt, for each payment and
// each bank transfer, from the journal alone.
func (o *office) receivable() (payments map[identity]ledger.Rupiah, transfers map[string]ledger.Rupiah) {
	payments, transfers = map[identity]ledger.Rupiah{}, map[string]ledger.Rupiah{}
	records, err := o.store.Records(context.Background(), 0, 1_000_000)
	require.NoError(o.rt, err)
	for _, r := range records {
		var booked ledger.Rupiah
		for _, p := range r.Postings {
			if p.Account == ledger.IndomaretReceivable {
				booked += p.Amount
			}
		}
		switch e := r.Event.(type) {
		case ledger.Paid:
			payments[identity{e.Code, e.Ref}] += booked
		case ledger.Reversed:
			payments[identity{e.Code, e.Ref}] += booked
		case ledger.Adjusted:
			if e.Reference != "" {
				transfers[e.Reference] += booked
				continue
			}
			payments[identity{e.Code, e.Ref}] += booked
		}
	}
	return payments, transfers
}

// claims are the most that any case has said of Indomaret's side of a payment.
func (o *office) claims() map[identity]ledger.Rupiah {
	claims := map[identity]ledger.Rupiah{}
	for _, c := range o.cases() {
		id := identity{c.Code, c.Ref}
		claims[id] = max(claims[id], c.Theirs+c.TheirsFee)
	}
	return claims
}

// checkOwed: what the books have of a payment is what its row says, never below
// zero, and never beyond what was paid or what any case has claimed.
func (o *office) checkOwed(t *rapid.T) {
	payments, transfers := o.receivable()
	claims := o.claims()
	for id, booked := range payments {
		tx := o.load(ledger.Keys{Code: id.code, Ref: id.ref}).Tx
		require.NotNil(t, tx)
		require.Equal(t, booked, tx.Owed(), "%s", tx)
		require.GreaterOrEqual(t, booked, ledger.Rupiah(0), "%s", tx)
		require.LessOrEqual(t, tx.PaidBack, tx.Refunded, "%s: more was paid back than refunded", tx)
		require.GreaterOrEqual(t, tx.PaidBack, ledger.Rupiah(0), "%s", tx)
		paid := ledger.Rupiah(0)
		if tx.State == ledger.TxPaid {
			paid = tx.Amount
			if tx.FeeRemitted {
				paid += tx.Fee
			}
		}
		require.LessOrEqual(t, booked, max(paid, claims[id]), "%s: more was corrected than any case claims", tx)
		require.LessOrEqual(t, tx.Refunded+tx.WrittenOff, claims[id], "%s: more was corrected than any case claims", tx)
	}
	for reference, booked := range transfers {
		transfer, err := o.service.Transfer(context.Background(), reference)
		require.NoError(t, err)
		require.Equal(t, booked, transfer.WrittenOff)
	}
}
