package model_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/torture/model"
)

var (
	first, second = message(code, ref), message(code, otherRef)
	booked        = model.Answer{Code: "00", Detail: "receipt 1"}
	bookedToo     = model.Answer{Code: "00", Detail: "receipt 2"}
	lostAnswer    = model.Answer{}
)

func said(code string) model.Answer { return model.Answer{Code: code} }

// told is a roll on which a payment and its reversal were answered; "-" is not sent.
func told(t *testing.T, payment, reversal model.Answer) *model.Roll {
	t.Helper()
	var r model.Roll
	if payment.Code != "-" {
		require.NoError(t, r.Payment(first, payment))
	}
	if reversal.Code != "-" {
		require.NoError(t, r.Reversal(first, reversal))
	}
	return &r
}

func TestRollHoldsAnswersAgainstPromises(t *testing.T) {
	t.Parallel()
	other := first
	other.Amount--
	elsewhere := message("code 2", ref)
	for name, try := range map[string]struct {
		payment, reversal model.Answer
		next              model.Message
		answer            model.Answer
		says              string
	}{
		"a retry":                         {booked, said("-"), first, booked, ""},
		"a retry under another receipt":   {booked, said("-"), first, bookedToo, "under another receipt or amount"},
		"a retry with another amount":     {booked, said("-"), other, booked, "under another receipt or amount"},
		"the other amount refused":        {booked, said("-"), other, said("94"), ""},
		"a booked payment refused":        {booked, said("-"), first, said("88"), "is refused"},
		"a booked payment as a duplicate": {booked, said("-"), first, said("94"), "is refused"},
		"confirmed after its reversal":    {booked, said("00"), first, booked, "after it was taken back"},
		"confirmed after its burial":      {said("-"), said("14"), first, booked, "after it was taken back"},
		"refused after its reversal":      {booked, said("00"), first, said("94"), ""},
		"a code paid twice":               {booked, said("-"), second, bookedToo, "one code is paid twice"},
		"a code paid after a reversal":    {booked, said("00"), second, bookedToo, ""},
		"a receipt given twice":           {booked, said("00"), elsewhere, booked, "under the receipt of"},
		"a lost answer":                   {booked, said("-"), first, lostAnswer, ""},
		"after a reversal that was lost":  {booked, lostAnswer, first, said("94"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := told(t, try.payment, try.reversal).Payment(try.next, try.answer)
			if try.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, try.says)
		})
	}
}

func TestRollHoldsReversalsAgainstPromises(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		payment, reversal, next model.Answer
		says                    string
	}{
		"again":                     {booked, said("00"), said("00"), ""},
		"settled":                   {booked, said("-"), said("12"), ""},
		"settled after it was done": {booked, said("00"), said("12"), "refused after it was done"},
		"not found, and booked":     {booked, said("-"), said("25"), "and it is booked"},
		"busy":                      {booked, said("-"), said("96"), "never refused so"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := told(t, try.payment, try.reversal).Reversal(first, try.next)
			if try.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, try.says)
		})
	}
}

func TestRollSeesEveryLossInAJournal(t *testing.T) {
	t.Parallel()
	const lost = "lost: it was confirmed under receipt 1"
	of := func(b model.Booking) model.Booking {
		b.ID, b.Amount, b.Receipt = first.ID, first.Amount, booked.Detail
		return b
	}
	for name, try := range map[string]struct {
		payment, reversal model.Answer
		journal           []model.Booking
		says              string
	}{
		"as told":                           {booked, said("-"), []model.Booking{of(model.Booking{Paid: 1})}, ""},
		"as told, reversed":                 {booked, said("00"), []model.Booking{of(model.Booking{Paid: 1, Reversed: 1})}, ""},
		"lost and booked":                   {lostAnswer, said("-"), []model.Booking{of(model.Booking{Paid: 1})}, ""},
		"a payment that is gone":            {booked, said("-"), nil, "lost: the journal has no record"},
		"a tombstone that is gone":          {said("-"), said("00"), nil, "lost: the journal has no record"},
		"a payment that became a tombstone": {booked, said("00"), []model.Booking{of(model.Booking{Buried: 1})}, lost},
		"a payment that nobody took back":   {booked, said("-"), []model.Booking{of(model.Booking{Paid: 1, Reversed: 1})}, "nobody took it back"},
		"a reversal that is gone":           {booked, said("00"), []model.Booking{of(model.Booking{Paid: 1})}, "its reversal was confirmed"},
		"booked twice":                      {booked, said("-"), []model.Booking{of(model.Booking{Paid: 2})}, "more than once"},
		"booked after a tombstone":          {lostAnswer, said("00"), []model.Booking{of(model.Booking{Paid: 1, Buried: 1})}, "after it was taken back"},
		"a refusal that was booked":         {said("88"), said("-"), []model.Booking{of(model.Booking{Paid: 1})}, "its till was told that it was not"},
		"a reversal out of nowhere":         {lostAnswer, said("-"), []model.Booking{of(model.Booking{Buried: 1})}, "nobody asked for it"},
		"two payments of one code":          {booked, said("-"), []model.Booking{of(model.Booking{Paid: 1}), {ID: second.ID, Paid: 1}}, "told that it was not"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := told(t, try.payment, try.reversal).Journal(try.journal)
			if try.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, try.says)
		})
	}

	var r model.Roll
	require.NoError(t, r.Payment(first, lostAnswer))
	require.NoError(t, r.Payment(second, lostAnswer))
	err := r.Journal([]model.Booking{{ID: first.ID, Paid: 1}, {ID: second.ID, Paid: 1}})
	require.ErrorContains(t, err, "code is paid by R1 and R2", "whatever the tills were told")
}
