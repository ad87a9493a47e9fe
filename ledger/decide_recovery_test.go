package ledger_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// The walk of a ledger that was restored: each message, in recovery, meets every
// history of its payment code and TrackingRef, whatever the charge's standing
// (see the walk of the ledger that is whole). later is a payment with a TimeStamp
// from after the restoration, lost one from before it.
const inRecovery = `
	         none paid   other reversed buried settled same long else recovered written taken refunded repaid
	inquiry  90   90     90    90       90     90      90   90   90   90        90      90    90       90
	later    90   replay 94a   94r      94b    replay  94c  90   90   replay    replay  94r   94b      replay
	lost     x    x      94a   94r      94b    x       94c  x    x    x         x       94r   94b      x
	reversal x    x      x     x        x      x       x    x    x    x         x       x     x        x
	broken   x    x      x     x        x      x       x    x    x    x         x       x     x        x
	sweep    -    -      -     -        -      -       -    -    -    -         -       -     -        -
	release  -    -      -     -        -      -       -    -    -    -         -       -     -        -
	charge   x    x      x     x        x      x       x    x    x    x         x       x     x        x
	again    x    x      x     x        x      x       x    x    x    x         x       x     x        x
	cancel   x    x      x     x        x      x       x    x    x    x         x       x     x        x
	expire   x    x      x     x        x      x       x    x    x    x         x       x     x        x
	status   x    x      x     x        x      x       x    x    x    x         x       x     x        x
	close    x    x      x     x        x      -       x    x    x    x         x       x     x        x`

// recoveryMessages are the rows.
func recoveryMessages() map[string]func(*scene) outcome {
	return map[string]func(*scene) outcome{
		"inquiry":  (*scene).sendInquiry,
		"later":    (*scene).sendLaterPayment,
		"lost":     func(s *scene) outcome { return s.tryPayment(s.now) },
		"reversal": (*scene).tryReversal,
		"broken":   (*scene).tryBrokenReversal,
		"sweep":    (*scene).sendSweep,
		"release":  (*scene).sendRelease,
		"charge": func(s *scene) outcome {
			_, err := s.service.Charge(context.Background(), s.newCharge())
			return outcome{err: err}
		},
		"again": func(s *scene) outcome {
			_, err := s.service.Charge(context.Background(), s.newCharge(func(n *ledger.NewCharge) {
				n.Order, n.Details.Request = s.handle, sceneRequest
			}))
			return outcome{err: err}
		},
		"cancel": (*scene).sendCancel,
		"expire": (*scene).sendExpire,
		"status": func(s *scene) outcome {
			_, err := s.service.Status(context.Background(), merchant, s.handle)
			return outcome{err: err}
		},
		"close": (*scene).sendClose,
	}
}

// tryPayment sends a payment that may stay without an answer.
func (s *scene) tryPayment(stamp time.Time) outcome {
	r, err := s.service.Pay(context.Background(), ledger.Payment{
		Code: s.code, Ref: s.ref, Amount: s.amount, Store: store, MessageID: "PAY", TimeStamp: stamp, Receipt: "R-NEW", Request: "cc",
	})
	if r.Reason == ledger.ReasonApproved {
		require.Equal(s.t, s.receipt, r.Receipt, "a replay gives the first receipt")
	}
	return outcome{reason: r.Reason, err: err, warnings: r.Warnings, replayed: r.Replayed}
}

// sendLaterPayment waits until no clock of Indomaret's can be before the
// restoration any more.
func (s *scene) sendLaterPayment() outcome {
	s.pass(standardAgreement().Tolerance)
	return s.tryPayment(s.now)
}

func (s *scene) reversal() ledger.Reversal {
	return ledger.Reversal{Code: s.code, Ref: s.ref, Amount: s.amount, Store: store, MessageID: "REV", TimeStamp: s.now, Request: "dd"}
}

func (s *scene) tryReversal() outcome {
	r, err := s.service.Reverse(context.Background(), s.reversal())
	return outcome{reason: r.Reason, err: err, warnings: r.Warnings, replayed: r.Replayed}
}

func (s *scene) tryBrokenReversal() outcome {
	return outcome{err: s.service.RefuseReversal(context.Background(), ledger.MalformedReversal{Reversal: s.reversal()})}
}

// recover puts the ledger into recovery.
func (w *world) recover() ledger.Recovery {
	r, err := w.service.BeginRecovery(context.Background(), "operator root")
	require.NoError(w.t, err)
	return r
}

func TestEveryStandingAndHistoryInRecovery(t *testing.T) {
	t.Parallel()
	known, cells, send := outcomes(), table(t, inRecovery), recoveryMessages()
	known["x"] = outcome{err: ledger.ErrRecovery}
	known["90"] = outcome{reason: ledger.ReasonRecovery}
	require.Len(t, cells, len(send)*len(histories()))
	for key, able := range table(t, scenes) {
		if able != "ok" {
			continue
		}
		for name := range send {
			want, ok := known[cells[sceneKey{name, key.history}]]
			require.True(t, ok, "%s × %s: no such outcome", name, key.history)
			t.Run(fmt.Sprintf("%s %s", name, key), func(t *testing.T) {
				t.Parallel()
				walk(t, key, want, func(s *scene) outcome {
					s.recover()
					s.written()
					return send[name](s)
				})
			})
		}
	}
}
