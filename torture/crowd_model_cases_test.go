package torture_test

import (
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"
)

// step is an operation of a small history: from and to are its times, to is
// unanswered of one without an answer.
func step(from, to int64, a crowdAsk, told crowdTold) porcupine.Operation {
	if a.life == 0 {
		a.life = 1
	}
	return porcupine.Operation{ClientId: int(from), Input: a, Call: from, Return: to, Output: told}
}

// Small histories whose judgement is known.
func TestCrowdJudgesSmallHistories(t *testing.T) {
	t.Parallel()
	charge := crowdAsk{kind: askCharge, order: "o", amount: crowdAmount}
	charged := crowdTold{code: "201", payment: "1", status: "pending"}
	pay := crowdAsk{kind: askPayment, code: "1", ref: "A", store: crowdStore, amount: crowdAmount}
	other := pay
	other.ref = "B"
	reverse := pay
	reverse.kind = askReversal
	later := func(a crowdAsk) crowdAsk { a.life = 2; return a }
	inquiry := crowdAsk{kind: askInquiry, code: "1"}
	approved := func(receipt string) crowdTold { return crowdTold{code: "00", receipt: receipt} }
	code := func(code string) crowdTold { return crowdTold{code: code} }
	begin := step(1, 2, charge, charged)

	for name, try := range map[string]struct {
		history []porcupine.Operation
		want    porcupine.CheckResult
	}{
		"paid once":                             {[]porcupine.Operation{begin, step(3, 4, pay, approved("R")), step(5, 6, other, code("88"))}, porcupine.Ok},
		"paid twice":                            {[]porcupine.Operation{begin, step(3, 4, pay, approved("R")), step(5, 6, other, approved("S"))}, porcupine.Illegal},
		"two at once, one of them paid":         {[]porcupine.Operation{begin, step(3, 8, pay, code("88")), step(4, 7, other, approved("S"))}, porcupine.Ok},
		"two at once, neither paid":             {[]porcupine.Operation{begin, step(3, 8, pay, code("88")), step(4, 7, other, code("88"))}, porcupine.Illegal},
		"a retry under another receipt":         {[]porcupine.Operation{begin, step(3, 4, pay, approved("R")), step(5, 6, pay, approved("S"))}, porcupine.Illegal},
		"reversal wins over a later payment":    {[]porcupine.Operation{begin, step(3, 4, reverse, code("00")), step(5, 6, pay, code("94"))}, porcupine.Ok},
		"booked after its reversal":             {[]porcupine.Operation{begin, step(3, 4, reverse, code("00")), step(5, 6, pay, approved("R"))}, porcupine.Illegal},
		"unanswered, and not done":              {[]porcupine.Operation{begin, step(3, unanswered, pay, crowdTold{}), step(5, 6, inquiry, code("00"))}, porcupine.Ok},
		"unanswered, and done":                  {[]porcupine.Operation{begin, step(3, unanswered, pay, crowdTold{}), step(5, 6, inquiry, code("88"))}, porcupine.Ok},
		"unanswered, and done later":            {[]porcupine.Operation{begin, step(3, unanswered, pay, crowdTold{}), step(5, 6, inquiry, code("00")), step(7, 8, inquiry, code("88"))}, porcupine.Ok},
		"unanswered, and done and undone":       {[]porcupine.Operation{begin, step(3, unanswered, pay, crowdTold{}), step(5, 6, inquiry, code("88")), step(7, 8, inquiry, code("00"))}, porcupine.Illegal},
		"unanswered, and done by a dead server": {[]porcupine.Operation{begin, step(3, unanswered, pay, crowdTold{}), step(5, 6, later(inquiry), code("00")), step(7, 8, later(inquiry), code("88"))}, porcupine.Illegal},
		"lost with the server":                  {[]porcupine.Operation{begin, step(3, 4, pay, approved("R")), step(5, 6, later(inquiry), code("00"))}, porcupine.Illegal},
		"a code given out without an answer":    {[]porcupine.Operation{step(1, unanswered, charge, crowdTold{}), step(3, 4, later(charge), charged), step(5, 6, later(charge), charged)}, porcupine.Ok},
		"two codes for one order":               {[]porcupine.Operation{begin, step(3, 4, charge, crowdTold{code: "201", payment: "2", status: "pending"})}, porcupine.Illegal},
		"one code for two orders":               {[]porcupine.Operation{begin, step(3, 4, crowdAsk{kind: askCharge, order: "p", amount: crowdAmount}, charged)}, porcupine.Illegal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, _ := checkCrowd(try.history)
			require.Equal(t, try.want, result)
		})
	}
}
