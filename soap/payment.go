package soap

import (
	"context"
	"encoding/hex"

	"paypoint/ledger"
)

// pay answers ReqPayment. Without a certain outcome there is no answer: every
// refusal tells Indomaret that nothing was booked, and it would not reverse.
func (s *Server) pay(ctx context.Context, x *Exchange) {
	m := x.Message
	if len(m.Defects) > 0 {
		s.refuse(x, ledger.ReasonBadFormat)
		return
	}
	result, err := s.config.Ledger.Pay(ctx, ledger.Payment{
		Code: ledger.PaymentCode(m.PaymentCode), Ref: ledger.TrackingRef(m.TrackingRef), Amount: m.Rupiah,
		Store: m.StoreID, Product: m.ProductCode, MessageID: m.MessageID, TimeStamp: m.Sent,
		Receipt: s.config.NewReceipt(), Request: hex.EncodeToString(m.Hash[:]),
	})
	if err != nil {
		x.Err = err
		return
	}
	s.answerPayment(x, result)
}

func (s *Server) answerPayment(x *Exchange, result ledger.PaymentResult) {
	m, response := x.Message, s.config.Codes.Of(result.Reason)
	answer := &PaymentAnswer{
		TimeStamp: s.config.Now(), MessageID: m.MessageID,
		ResponseCode: response.Code, ResponseDesc: response.Desc,
		TrackingRef: m.TrackingRef, StoreID: m.StoreID,
		ReceiptCode: result.Receipt,
	}
	if result.Reason == ledger.ReasonApproved {
		answer.Message = s.config.ReceiptFooter
	}
	x.Answer, x.Reason, x.Warnings = answer, string(result.Reason), result.Warnings
}
