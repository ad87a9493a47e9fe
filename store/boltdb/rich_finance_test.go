package boltdb

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// finance makes what finance staff make; its charges are 8 and 9.
func (r *rich) finance(ctx context.Context) {
	page, err := r.service.Cases(ctx, ledger.CaseQuery{Limit: 1})
	require.NoError(r.t, err)
	_, err = r.service.NoteCase(ctx, page.Cases[0].ID, "ani", "asked the store")
	require.NoError(r.t, err)
	taken, recovered := r.charge("eight", 0), r.charge("nine", time.Hour)
	r.pay(taken, "D", "TA01")
	r.resolve(ctx, ledger.NewCase{Code: taken.Code, Ref: "D", Ours: 50_000}, ledger.ActReverse, 0)
	r.resolve(ctx, ledger.NewCase{Code: recovered.Code, Ref: "E", Theirs: 50_000}, ledger.ActRecover, 0)
	r.resolve(ctx, ledger.NewCase{Code: "99", Ref: "G", Theirs: 700}, ledger.ActRefund, 700)
	r.resolve(ctx, ledger.NewCase{Code: recovered.Code, Ref: "E", Ours: 50_000, Theirs: 49_990}, ledger.ActWriteOff, -10)

	day := testDay()
	require.NoError(r.t, r.service.CloseStatement(ctx, ledger.Statement{
		Merchant: "G1", No: 1, From: day, To: day, SHA256: hashLike(0), Head: json.RawMessage(`{"name": "TOKO"}`),
		Sales: 50_000, OwnFee: 1_000, VAT: 110, NetPayable: 48_890, By: "ani",
	}))
	_, err = r.service.RecordTransfer(ctx, ledger.Transfer{Reference: "T1", On: day, Amount: 52_000, By: "ani"})
	require.NoError(r.t, err)
	_, err = r.service.MatchTransfer(ctx, "T1", []ledger.Day{day}, "ani")
	require.NoError(r.t, err)
	for i, p := range []ledger.Payout{{Merchant: "G1", No: 1, Amount: 10}, {Case: r.refunded(ctx), Amount: 700}} {
		p.Reference, p.On, p.By = fmt.Sprintf("P%d", i), day, "ani"
		_, err := r.service.RecordPayout(ctx, p)
		require.NoError(r.t, err)
	}
	for sum := range 2 {
		_, taken, err := r.service.TakeFile(ctx, ledger.PartnerFile{Day: day, Name: "a.csv", SHA256: hashLike(sum), Lines: 1, By: "ani"})
		require.NoError(r.t, err)
		require.True(r.t, taken)
	}
}

// hashLike has the shape of a SHA-256.
func hashLike(n int) string { return fmt.Sprintf("%064x", n) }

// resolve finds a difference and has it resolved.
func (r *rich) resolve(ctx context.Context, n ledger.NewCase, act ledger.Act, amount ledger.Rupiah) {
	n.Class, n.Day, n.Store = "FOUND", testDay(), "TA01"
	opened, err := r.service.OpenCases(ctx, "matcher", []ledger.NewCase{n})
	require.NoError(r.t, err)
	require.Equal(r.t, 1, opened)
	id := r.store.head.seq
	c, err := r.service.Propose(ctx, id, ledger.Proposal{Act: act, Amount: amount, Why: "checked", By: "ani"})
	require.NoError(r.t, err)
	_, err = r.service.Approve(ctx, id, ledger.Approval{Seq: c.Proposal.Seq, By: "budi", Receipt: "RE"})
	require.NoError(r.t, err)
}

// refunded is the case that a refund has resolved.
func (r *rich) refunded(ctx context.Context) uint64 {
	page, err := r.service.Cases(ctx, ledger.CaseQuery{Code: "99", Limit: 1})
	require.NoError(r.t, err)
	return page.Cases[0].ID
}
