package payments_test

import (
	"testing"

	"paypoint/console/frame/frametest"
	"paypoint/console/payments"
)

func TestWords(t *testing.T) {
	t.Parallel()
	frametest.CheckWords(t, payments.New(payments.Config{}))
}
