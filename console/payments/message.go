package payments

import "paypoint/ledger"

// The operations of messages.
const (
	operationInquiry  = "inquiry"
	operationPayment  = "payment"
	operationReversal = "reversal"
)

// refusedMessage is an attempt with its reason in words.
type refusedMessage struct {
	ledger.Message
	Why  string
	Wire string
}
