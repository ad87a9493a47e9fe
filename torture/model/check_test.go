package model_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/torture/model"
)

// begun is a check with the scene's charge in it.
func begun(t *testing.T, hold time.Duration) *model.Check {
	t.Helper()
	c := model.NewCheck(rules, time.Second)
	require.NoError(t, c.Answered(noon, model.Answer{Code: "201", Detail: code}, func(w *model.World, said model.Answer) model.Answer {
		return w.Charge(terms(hold), said)
	}))
	return c
}

func answered(c *model.Check, now time.Time, m model.Message, said model.Answer) error {
	return c.Answered(now, said, func(w *model.World, said model.Answer) model.Answer { return w.Payment(m, said) })
}

func status(w *model.World) string { return string(w.Status(&w.Charges[0])) }

func TestCheckRefusesWhatNoWorldAllows(t *testing.T) {
	t.Parallel()
	c := begun(t, 0)
	require.EqualError(t, answered(c, noon, message(code, ref), model.Answer{Code: "88"}), "answered 88, want 00 (a receipt that no other payment has)")
	require.NoError(t, answered(c, noon, message(code, ref), model.Answer{Code: "00", Detail: receipt}))
	require.EqualError(t, answered(c, noon, message(code, ref), model.Answer{Code: "00", Detail: "another"}), "answered 00 (another), want 00 (receipt)")
	require.EqualError(t, c.Seen(noon, "the status", "pending", status), "the status shows pending, want settlement")
	require.Equal(t, 1, c.Worlds())
}

// A lost payment was booked or not; what is seen next tells which.
func TestCheckKeepsBothAfterALostAnswer(t *testing.T) {
	t.Parallel()
	for seen, next := range map[string]string{"pending": "00", "settlement": "88"} {
		t.Run(seen, func(t *testing.T) {
			t.Parallel()
			c := begun(t, 0)
			c.Lost(noon, func(w *model.World, said model.Answer) model.Answer { return w.Payment(message(code, ref), said) })
			require.Equal(t, 2, c.Worlds())
			require.NoError(t, c.Seen(noon, "the status", seen, status))
			require.Equal(t, 1, c.Worlds())
			said := model.Answer{Code: next}
			if next == "00" {
				said.Detail = receipt
			}
			require.NoError(t, answered(c, noon, message(code, otherRef), said))
		})
	}
}

// A receipt that nobody heard is learnt at the retry, and then stays.
func TestCheckLearnsALostReceipt(t *testing.T) {
	t.Parallel()
	c := begun(t, 0)
	c.Lost(noon, func(w *model.World, said model.Answer) model.Answer { return w.Payment(message(code, ref), said) })
	require.NoError(t, answered(c, noon, message(code, ref), model.Answer{Code: "00", Detail: receipt}))
	require.Error(t, answered(c, noon, message(code, ref), model.Answer{Code: "00", Detail: "another"}))
	require.NoError(t, answered(c, noon, message(code, ref), model.Answer{Code: "00", Detail: receipt}))
	world := c.World()
	require.Len(t, world.Payments, 1)
}

// The sweep may be a moment late, and never early; what was told stays told.
func TestCheckLetsTheSweepBeLate(t *testing.T) {
	t.Parallel()
	held := func() *model.Check {
		c := begun(t, time.Minute)
		require.NoError(t, answered(c, noon, message(code, ref), model.Answer{Code: "00", Detail: receipt}))
		return c
	}
	c, before, after := held(), noon.Add(50*time.Second), noon.Add(2*time.Minute)
	require.Error(t, c.Seen(before, "the status", "settlement", status), "the hold is not over")
	require.NoError(t, c.Seen(after, "the status", "pending", status))
	require.NoError(t, c.Seen(after, "the status", "settlement", status))
	require.Error(t, c.Seen(after, "the status", "pending", status), "the merchant was told")

	c = held()
	c.Swept(after)
	require.Error(t, c.Seen(after, "the status", "pending", status), "it was done for sure")

	c = held() // within a second of the end it can be either
	require.NoError(t, c.Seen(noon.Add(time.Minute-time.Second/2), "the status", "settlement", status))
}
