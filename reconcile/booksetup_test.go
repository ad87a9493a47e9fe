package reconcile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/statement"
	"paypoint/store/boltdb"
)

// The merchants of the books; nobody knows any other.
const (
	baker   = "G000000001"
	cobbler = "G000000002"
	dyer    = "G000000003"
)

// customerFee is what customers pay on top.
const customerFee ledger.Rupiah = 1500

var errUnknownMerchant = errors.New("no such merchant")

// tester is a test, rapid's too.
type tester interface {
	require.TestingT
	Helper()
	Context() context.Context
	Cleanup(func())
}

// books are a ledger on disk, with all that is done to settle it.
type books struct {
	tester
	store   *faulty
	ledger  *ledger.Service
	finance *reconcile.Service
	config  reconcile.Config
	now     time.Time
	serial  int
}

// bookTerms are those of the configuration: a fixed price and a share, and every
// tax.
func bookTerms() statement.Terms {
	return statement.Terms{{
		From: "2026-01-01", Partner: statement.Tariff{Fixed: 2500}, Own: statement.Tariff{Fixed: 500, Share: 75},
		VAT: 1100, Withheld: 200, Collected: 50,
	}}
}

// openBooks opens an empty ledger at ten on friday.
func openBooks(t tester, edits ...func(*ledger.Agreement)) *books {
	t.Helper()
	// A rapid test has many ledgers, each gone with its round.
	dir, err := os.MkdirTemp("", "books")
	require.NoError(t, err)
	store, err := boltdb.Open(filepath.Join(dir, "ledger.db"), boltdb.Options{})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, store.Close())
		require.NoError(t, os.RemoveAll(dir))
	})
	return booksOver(t, store, dir, edits...)
}

// booksOver are those over a store that is open.
func booksOver(t tester, store ledger.Store, dir string, edits ...func(*ledger.Agreement)) *books {
	t.Helper()
	b := &books{tester: t, store: &faulty{Store: store}, now: moment(t, friday, "10:00:00")}
	agreement := ledger.Agreement{PartnerID: "PAYPOINT", CutOff: 24 * time.Hour, CloseDelay: 2 * time.Hour, FeeRemitted: true}
	for _, edit := range edits {
		edit(&agreement)
	}
	b.ledger = ledger.NewService(b.store, agreement, func() time.Time { return b.now })
	b.config = reconcile.Config{
		Ledger: b.ledger, TempDir: dir, Issuer: statement.Party{Name: "Paypoint"}, DefaultTerms: bookTerms(),
		Party: func(_ context.Context, merchant string) (statement.Party, error) {
			name, known := map[string]string{baker: "Roti", cobbler: "Sepatu", dyer: "Batik"}[merchant]
			if !known {
				return statement.Party{}, errUnknownMerchant
			}
			return statement.Party{Name: name}, nil
		},
		Now: func() time.Time { return b.now },
	}
	b.finance = reconcile.New(b.config)
	return b
}

// moment is a time of a day in WIB.
func moment(t require.TestingT, day ledger.Day, clock string) time.Time {
	at, err := time.ParseInLocation(ledger.WireTime, string(day)+" "+clock, ledger.WIB)
	require.NoError(t, err)
	return at
}

// reconfigure makes the service anew, as a restart does.
func (b *books) reconfigure(edit func(*reconcile.Config)) {
	edit(&b.config)
	b.finance = reconcile.New(b.config)
}

// sale is a payment of a merchant's.
type sale struct {
	ledger.Payment
	merchant string
}

// charge gives out a code.
func (b *books) charge(merchant string, amount ledger.Rupiah) sale {
	b.Helper()
	b.serial++
	charge, err := b.ledger.Charge(b.Context(), ledger.NewCharge{
		ID: fmt.Sprintf("charge-%d", b.serial), Merchant: merchant, Prefix: "88" + merchant[9:], Order: fmt.Sprintf("order-%d", b.serial),
		Amount: amount, MinAmount: 1000, Fee: customerFee, Expires: b.now.Add(90 * 24 * time.Hour),
	})
	require.NoError(b, err)
	return sale{ledger.Payment{
		Code: charge.Code, Ref: ledger.TrackingRef(fmt.Sprintf("T%09d", b.serial)), Amount: amount, Store: "T001",
		MessageID: fmt.Sprintf("M%09d", b.serial), TimeStamp: b.now, Receipt: fmt.Sprintf("R%09d", b.serial),
	}, merchant}
}

// sell books a payment that was stamped on a day, today unless it is named.
func (b *books) sell(merchant string, amount ledger.Rupiah, stamped ...ledger.Day) sale {
	b.Helper()
	s := b.charge(merchant, amount)
	for _, day := range stamped {
		s.TimeStamp = moment(b, day, "23:59:00")
	}
	result, err := b.ledger.Pay(b.Context(), s.Payment)
	require.NoError(b, err)
	require.Equal(b, ledger.ReasonApproved, result.Reason)
	return s
}

// takeBack reverses a payment at the till.
func (b *books) takeBack(s sale) ledger.Reason {
	b.Helper()
	result, err := b.ledger.Reverse(b.Context(), ledger.Reversal{
		Code: s.Code, Ref: s.Ref, Amount: s.Amount, Store: s.Store, TimeStamp: b.now, MessageID: s.MessageID,
	})
	require.NoError(b, err)
	return result.Reason
}

// close closes days, each two hours after its end.
func (b *books) close(days ...ledger.Day) {
	b.Helper()
	for _, day := range days {
		if closes := day.End(26 * time.Hour); b.now.Before(closes) {
			b.now = closes
		}
		_, err := b.ledger.Close(b.Context(), day, false, "operator")
		require.NoError(b, err)
	}
}

// adjust opens a case and does an act about it; the error is the act's.
func (b *books) adjust(c ledger.NewCase, act ledger.Act, amount ledger.Rupiah) (ledger.Case, error) {
	b.Helper()
	// A case is known by its class too, so each is a new one.
	b.serial++
	c.Class = fmt.Sprintf("%s_%d", c.Class, b.serial)
	opened, err := b.ledger.OpenCases(b.Context(), "matcher", []ledger.NewCase{c})
	require.NoError(b, err)
	require.Equal(b, 1, opened)
	id := b.lastCase()
	proposed, err := b.ledger.Propose(b.Context(), id, ledger.Proposal{Act: act, Amount: amount, Why: "seen in\nthe file", By: "ani"})
	if err != nil {
		return ledger.Case{}, err
	}
	return b.ledger.Approve(b.Context(), id, ledger.Approval{Seq: proposed.Proposal.Seq, By: "budi", Receipt: fmt.Sprintf("R%09d", b.serial)})
}

// lastCase is the case that was opened last.
func (b *books) lastCase() uint64 {
	last, after := uint64(0), uint64(0)
	for {
		page, err := b.ledger.Cases(b.Context(), ledger.CaseQuery{After: after, Limit: 100})
		require.NoError(b, err)
		for _, c := range page.Cases {
			last = c.ID
		}
		if after = page.Next; after == 0 {
			return last
		}
	}
}

// missingHere is a case of a payment that Indomaret has and we have not.
func (b *books) missingHere(s sale, day ledger.Day) ledger.NewCase {
	c := ledger.NewCase{Class: "MISSING_OURS", Day: day, Code: s.Code, Ref: s.Ref, Store: s.Store, Theirs: s.Amount}
	if b.ledger.Agreement().FeeRemitted {
		c.TheirsFee = customerFee
	}
	return c
}

// missingThere is one of a payment that we have and Indomaret has not.
func missingThere(s sale, day ledger.Day) ledger.NewCase {
	return ledger.NewCase{Class: "MISSING_THEIRS", Day: day, Code: s.Code, Ref: s.Ref, Store: s.Store, Ours: s.Amount}
}

// state closes statements and returns those that were new.
func (b *books) state(to ledger.Day, merchants ...string) []ledger.Statement {
	b.Helper()
	closed, err := b.finance.CloseStatements(b.Context(), to, merchants, "ani", nil)
	require.NoError(b, err)
	return closed
}

// export is a statement's file.
func (b *books) export(s ledger.Statement, f statement.Format) []byte {
	b.Helper()
	var file bytes.Buffer
	require.NoError(b, b.finance.ExportStatement(b.Context(), s.Merchant, s.No, f, statement.Indonesian, &file, nil))
	return file.Bytes()
}

// listed is a statement's JSON file as far as the tests look into it.
type listed struct {
	Statement struct {
		No         uint64
		From, To   ledger.Day
		Terms      statement.Terms
		Merchant   statement.Party
		PrevSHA256 string `json:"prev_sha256"`
	}
	Items []struct {
		Status                      statement.Status
		Late                        bool
		BusinessDate                ledger.Day         `json:"business_date"`
		Corrects                    ledger.Day         `json:"corrects_date"`
		Order                       string             `json:"order_id"`
		Code                        ledger.PaymentCode `json:"payment_code"`
		Ref                         ledger.TrackingRef `json:"tracking_ref"`
		Gross, Reversal, Adjustment ledger.Rupiah
		PartnerFee                  ledger.Rupiah `json:"partner_fee"`
		OwnFee                      ledger.Rupiah `json:"own_fee"`
		CustomerFee                 ledger.Rupiah `json:"customer_fee"`
		Note                        string
	}
	Totals statement.Totals
}

// read reads a statement's JSON file.
func (b *books) read(s ledger.Statement) listed {
	b.Helper()
	var l listed
	require.NoError(b, json.Unmarshal(b.export(s, statement.JSON), &l))
	return l
}

// balance is an account's at the end of a day; of now where it is empty.
func (b *books) balance(account ledger.Account, through ledger.Day) ledger.Rupiah {
	b.Helper()
	balances, err := b.ledger.TrialBalance(b.Context(), through)
	require.NoError(b, err)
	var sum, of ledger.Rupiah
	for _, balance := range balances {
		sum += balance.Amount
		if balance.Account == account {
			of = balance.Amount
		}
	}
	require.Zero(b, sum, "the trial balance of %q", through)
	return of
}
