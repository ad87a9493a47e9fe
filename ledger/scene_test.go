package ledger_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// scene is a ledger in which one charge has a standing, and its code together
// with one TrackingRef a history. Real messages led there.
type scene struct {
	*world
	code    ledger.PaymentCode
	ref     ledger.TrackingRef
	handle  string
	receipt string
	// amount is what the next payment or reversal names.
	amount ledger.Rupiah
	// day is the business day of the scene's payments.
	day ledger.Day
}

const sceneRef ledger.TrackingRef = "REF-1"

// sceneRequest is the hash of the request that made the scene's charge.
const sceneRequest = "the same request"

// longAgo is longer than the window of a store's TrackingRef.
const longAgo = 91 * 24 * time.Hour

// stage leads a fresh ledger to a scene and makes sure that it is there.
func stage(t *testing.T, key sceneKey) *scene {
	t.Helper()
	s := &scene{world: setup(t), code: unknownCode, ref: sceneRef, handle: "no such order", amount: 50_000}
	if key.history == "long" {
		s.now = s.now.Add(-longAgo)
		s.useElsewhere(store)
		s.pass(longAgo)
	}
	s.day = s.today()
	switch key.history {
	case "same":
		s.useElsewhere(store)
	case "else":
		s.useElsewhere(otherStore)
	}
	if key.standing != "unknown" {
		s.giveOut(key.standing)
	}
	s.writeHistory(key)
	s.bringTo(key.standing)
	s.check(t, key)
	return s
}

// useElsewhere books the scene's TrackingRef for another code.
func (s *scene) useElsewhere(store string) {
	c := s.charge(noHold)
	r := s.pay(c.Code, s.ref, func(p *ledger.Payment) { p.Store = store })
	require.Equal(s.t, ledger.ReasonApproved, r.Reason)
}

func (s *scene) giveOut(standing string) {
	c := s.charge(func(n *ledger.NewCharge) {
		n.Details.Request = sceneRequest
		if standing == "future" {
			n.ValidFrom = s.now.Add(time.Hour)
		}
	})
	s.code, s.handle = c.Code, c.Order
}

func (s *scene) writeHistory(key sceneKey) {
	switch key.history {
	case "buried":
		s.reverse(s.code, s.ref)
	case "reversed":
		s.payAndReverse(s.ref, key.standing == "denied")
	case "paid", "other", "settled":
		s.receipt = s.pay(s.code, s.ref).Receipt
	case "recovered", "written", "taken", "refunded", "repaid":
		s.adjustHistory(key)
	}
	if key.history == "other" {
		s.amount = 49_999
	}
	if key.history == "settled" {
		s.closeDay(s.day, true)
	}
}

// adjustHistory lets finance staff correct the payment by a case.
func (s *scene) adjustHistory(key sceneKey) {
	found := ledger.NewCase{Class: "PLANTED", Day: s.day, Code: s.code, Ref: s.ref, Store: store}
	switch key.history {
	case "recovered":
		found.Theirs = 50_000
		s.receipt = recoveryReceipt
		s.resolve(found, ledger.ActRecover, 0)
	case "written":
		found.Ours, found.Theirs = 50_000, 20_000
		s.receipt = s.pay(s.code, s.ref).Receipt
		s.resolve(found, ledger.ActWriteOff, -30_000)
	case "taken":
		found.Ours = 50_000
		s.pay(s.code, s.ref)
		if key.standing == "denied" {
			s.pass(hold)
			s.sweep()
		}
		s.resolve(found, ledger.ActReverse, 0)
	case "refunded":
		found.Theirs = 50_000
		s.resolve(found, ledger.ActRefund, 50_000)
	case "repaid":
		found.Ours, found.Theirs = 50_000, 80_000
		s.receipt = s.pay(s.code, s.ref).Receipt
		s.resolve(found, ledger.ActRefund, 30_000)
	}
}

// payAndReverse takes a payment back, before or after its merchant was told.
func (s *scene) payAndReverse(ref ledger.TrackingRef, told bool) {
	s.pay(s.code, ref)
	if told {
		s.pass(hold)
		s.sweep()
	}
	require.Equal(s.t, ledger.ReasonApproved, s.reverse(s.code, ref).Reason)
}

// bringTo leads the charge to its standing, by another TrackingRef where it
// must be paid and the scene's does not pay it.
func (s *scene) bringTo(standing string) {
	switch standing {
	case "held", "released":
		s.pay(s.code, "REF-2")
	case "expired", "lapsed":
		s.pass(lifetime)
	case "grace":
		s.pass(lifetime - time.Minute)
		require.Equal(s.t, ledger.ReasonApproved, s.inquiry(s.code).Reason)
		s.pass(2 * time.Minute)
	case "cancelled":
		_, err := s.service.Cancel(context.Background(), merchant, s.handle)
		require.NoError(s.t, err)
	case "denied":
		if s.standingNow() != ledger.StandingDenied {
			s.payAndReverse("REF-2", true)
		}
	}
	switch standing {
	case "released":
		s.pass(hold)
		s.sweep()
	case "lapsed":
		s.sweep()
	}
}

func (s *scene) standingNow() ledger.Standing {
	return s.load(ledger.Keys{Code: s.code}).Charge.Standing(s.now)
}

// status is the stored state of the scene's charge; empty when there is none.
func (s *scene) status() ledger.Status {
	if c := s.load(ledger.Keys{Code: s.code}).Charge; c != nil {
		return c.Status
	}
	return ""
}

// check makes sure that the scene is what its name says.
func (s *scene) check(t *testing.T, key sceneKey) {
	t.Helper()
	state := s.load(ledger.Keys{Code: s.code, Ref: s.ref, Store: store})
	standing := map[string]ledger.Standing{"lapsed": ledger.StandingExpired}[key.standing]
	if standing == "" {
		standing = ledger.Standing(key.standing)
	}
	require.Equal(t, standing, state.Charge.Standing(s.now))
	if standing == ledger.StandingExpired {
		require.Equal(t, key.standing == "lapsed", state.Charge.Status == ledger.StatusExpired)
	}

	states := map[string]ledger.TxState{
		"paid": ledger.TxPaid, "other": ledger.TxPaid, "settled": ledger.TxPaid,
		"reversed": ledger.TxReversed, "buried": ledger.TxTombstone,
		"recovered": ledger.TxPaid, "written": ledger.TxPaid, "taken": ledger.TxTakenBack, "refunded": ledger.TxTombstone,
		"repaid": ledger.TxPaid,
	}
	require.Equal(t, states[key.history] != "", state.Tx != nil)
	if state.Tx != nil {
		require.Equal(t, states[key.history], state.Tx.State)
	}
	require.Equal(t, key.history == "settled", state.TxSettled)
	require.Equal(t, key.history == "same" || key.history == "long", state.Elsewhere != nil)
	require.Equal(t, key.history == "else", state.OtherStore)
}

// constants reads the values of a file's constants of one type, so that a new
// one can't be forgotten in a test.
func constants(t *testing.T, file, typeName string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	require.NoError(t, err)
	var values []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != typeName {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		require.NoError(t, err)
		values = append(values, value)
		return true
	})
	require.NotEmpty(t, values)
	return values
}
