package soap

import (
	"context"
	"encoding/hex"

	"paypoint/ledger"
)

// reverse answers ReqReversal. What can't be committed gets no answer, so that
// Indomaret sends it again.
func (s *Server) reverse(ctx context.Context, x *Exchange) {
	m := x.Message
	reversal := ledger.Reversal{
		Code: ledger.PaymentCode(m.PaymentCode), Ref: ledger.TrackingRef(m.TrackingRef), Amount: m.Rupiah,
		Store: m.StoreID, MessageID: m.MessageID, TimeStamp: m.Sent,
		Request: hex.EncodeToString(m.Hash[:]),
	}
	if len(m.Defects) > 0 {
		s.refuseReversal(ctx, x, reversal)
		return
	}
	// The store and the message's id do not decide, so they may be anything.
	reversal.Store, reversal.MessageID = cut(m.StoreID, maxStoreID), cut(m.MessageID, maxMessageID)
	result, err := s.config.Ledger.Reverse(ctx, reversal)
	if err != nil {
		x.Err = err
		return
	}
	if booked := result.Reversed.Booked; !booked.IsZero() {
		x.ReversedAfter = s.config.Now().Sub(booked)
	}
	s.answerReversal(x, result)
}

// refuseReversal answers a signed reversal with a defect: Indomaret will take
// the payment for good while the customer has the money back, so a person must
// look at it.
func (s *Server) refuseReversal(ctx context.Context, x *Exchange, r ledger.Reversal) {
	code, ref := cut(string(r.Code), maxPaymentCode), cut(string(r.Ref), maxTrackingRef)
	unnamed := code == "" || ref == "" || code != string(r.Code) || ref != string(r.Ref)
	r.Code, r.Ref = ledger.PaymentCode(code), ledger.TrackingRef(ref)
	r.Store, r.MessageID = cut(r.Store, maxStoreID), cut(r.MessageID, maxMessageID)
	if err := s.config.Ledger.RefuseReversal(ctx, ledger.MalformedReversal{Reversal: r, Unnamed: unnamed}); err != nil {
		x.Err = err
		return
	}
	s.answerReversal(x, ledger.ReversalResult{Reason: ledger.ReasonBadFormat})
}

func (s *Server) answerReversal(x *Exchange, result ledger.ReversalResult) {
	m, response := x.Message, s.config.Codes.Of(result.Reason)
	x.Answer = &ReversalAnswer{
		TimeStamp: s.config.Now(), MessageID: m.MessageID,
		ResponseCode: response.Code, ResponseDesc: response.Desc,
		TrackingRef: m.TrackingRef, StoreID: m.StoreID,
	}
	x.Reason, x.Warnings = string(result.Reason), result.Warnings
}

// cut is the first limit characters of a text.
func cut(s string, limit int) string {
	for i := range s {
		if limit == 0 {
			return s[:i]
		}
		limit--
	}
	return s
}
