package delivery

import (
	"time"

	"paypoint/ledger"
)

// Act is what a schedule does next with a job.
type Act string

// The acts.
const (
	// Wait: nothing before At.
	Wait Act = "wait"
	// Begin: make the record of Day.
	Begin Act = "begin"
	// Try: do Step of Day.
	Try Act = "try"
	// Finish: all steps of Day are done.
	Finish Act = "finish"
	// GiveUp: the attempts at Step of Day are used up.
	GiveUp Act = "give up"
	// Stuck: more days are due than it would catch up with by itself.
	Stuck Act = "stuck"
)

// Decision is what Due decides.
type Decision struct {
	Act  Act
	Day  ledger.Day
	Step string
	// At is when it became or becomes due.
	At time.Time
}

// clockSlack is how far a clock may be set back, as it is to keep right, without
// a retry being taken for one of a wrong clock.
const clockSlack = time.Minute

// Due decides what is to be done with a job now. open is its earliest open run
// and last its newest one, nil where there is none.
//
//	open run     its steps   attempts  time                      decision
//	none         -           -         next day's not come       Wait
//	none         -           -         next day's come           Begin
//	none         -           -         over MaxBehind days come  Stuck
//	there        all done    -         any                       Finish
//	there        left        used up   any                       GiveUp
//	there        left        left      step's or retry's to come Wait
//	there        left        left      both come                 Try
//
// The next day is the one after the newest run's, or the job's First. So days
// are neither skipped nor done out of order, whatever the clock does: set back,
// it makes the job wait for its day, but for no retry longer than Retry.Most.
func Due(job Job, open, last *Run, now time.Time) Decision {
	if open == nil {
		return dueDay(job, last, now)
	}
	step, left := job.left(*open)
	if !left {
		return Decision{Act: Finish, Day: open.Day, At: now}
	}
	at := step.from(open.Day, job.CutOff)
	// A retry further off than any pause is by a clock that was ahead then.
	wrong := open.NextAt.After(now.Add(job.Retry.Most + clockSlack))
	if open.NextAt.After(at) && !wrong {
		at = open.NextAt
	}
	next := Decision{Act: Try, Day: open.Day, Step: step.Name, At: at}
	switch {
	case open.Attempts >= job.Retry.Attempts:
		next.Act, next.At = GiveUp, now
	case now.Before(at):
		next.Act = Wait
	}
	return next
}

func dueDay(job Job, last *Run, now time.Time) Decision {
	day := nextDay(job, last)
	next := Decision{Act: Begin, Day: day, Step: job.Steps[0].Name, At: job.begins(day)}
	switch {
	case now.Before(next.At):
		next.Act = Wait
	case behind(job, last, now) > MaxBehind:
		next.Act = Stuck
	}
	return next
}

func nextDay(job Job, last *Run) ledger.Day {
	if last == nil {
		return job.First
	}
	return last.Day.Next()
}

// behind counts the days that are due and have not begun, up to one more than
// MaxBehind.
func behind(job Job, last *Run, now time.Time) int {
	count := 0
	for day := nextDay(job, last); count <= MaxBehind && !now.Before(job.begins(day)); day = day.Next() {
		count++
	}
	return count
}
