package soap

import (
	"context"

	"paypoint/ledger"
)

// inquire answers ReqInquiry.
func (s *Server) inquire(ctx context.Context, x *Exchange) {
	m := x.Message
	if len(m.Defects) > 0 {
		s.refuse(x, ledger.ReasonBadFormat)
		return
	}
	result, err := s.config.Ledger.Inquire(ctx, ledger.Inquiry{
		Code: ledger.PaymentCode(m.PaymentCode), Ref: ledger.TrackingRef(m.TrackingRef),
		Store: m.StoreID, Product: m.ProductCode, TimeStamp: m.Sent,
	})
	if err != nil {
		// Nothing is at stake: an inquiry can always be refused.
		x.Err = err
		s.refuse(x, ledger.ReasonNotCommitted)
		return
	}
	s.answerInquiry(x, result)
}

func (s *Server) answerInquiry(x *Exchange, result ledger.InquiryResult) {
	m, response := x.Message, s.config.Codes.Of(result.Reason)
	answer := &InquiryAnswer{
		TimeStamp: s.config.Now(), MessageID: m.MessageID,
		ResponseCode: response.Code, ResponseDesc: response.Desc,
		TrackingRef: m.TrackingRef, StoreID: m.StoreID,
	}
	if result.Reason == ledger.ReasonApproved {
		answer.Customer, answer.Desc = result.Details.Customer, result.Details.Desc
		answer.ProductCode = result.Charge.Product
		answer.MinAmount, answer.Amount, answer.Fee = result.MinAmount, result.Amount, result.Charge.Fee
		answer.Expired = result.Charge.Deadline
		answer.Message = s.config.InquiryMessage
		answer.ExtraParam = result.Details.Extra
	}
	x.Answer, x.Reason, x.Warnings = answer, string(result.Reason), result.Warnings
}
