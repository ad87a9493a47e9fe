package reconciliation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
)

// patience is how long an upload waits for its file to be read before it shows the
// progress: most files are done by then.
const patience = 2 * time.Second

// idleLimit is how long a sender may pause: its place is another's then.
const idleLimit = time.Minute

// showUpload shows the form; a link to it may say the day.
func (a *area) showUpload(c *frame.Call) error {
	q, err := c.Query(frame.Param{Name: "day", Kind: frame.DayOf, Word: "reconciliation.upload.day"})
	if err != nil {
		return err
	}
	return c.Page("reconciliation/upload", frame.Page{
		Title: c.T("reconciliation.upload.title"), Data: uploadView{Day: q.Day("day"), Most: partnerfile.MaxFile, Profile: a.Profile.Name},
	})
}

type uploadView struct {
	// Day is the expected one, where it is known.
	Day ledger.Day
	// Most is the largest file in bytes.
	Most    int64
	Profile string
}

// takeUpload takes a file of Indomaret's, and matches its day.
func (a *area) takeUpload(c *frame.Call) error {
	return a.upload(c, Work{}, func(ctx context.Context, r *running, in reconcile.FileIn) error {
		file, taken, err := a.Reconciliation.Import(ctx, in, r.progress)
		if err != nil {
			return err
		}
		r.set(func(w *Work) { w.File, w.Known, w.Day = file, !taken, file.Day })
		// A file that is known changes nothing: its day is matched when it is asked for.
		if !taken {
			return nil
		}
		return a.match(ctx, r, file.Day)
	})
}

// upload receives a file and has it worked on. It answers with the work's page, at
// once where the work takes longer than patience.
func (a *area) upload(c *frame.Call, w Work, do func(context.Context, *running, reconcile.FileIn) error) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	w.Day = form.OptionalDay("day")
	if err := form.Err(); err != nil {
		return err
	}
	upload, err := c.Upload()
	if err != nil {
		return err
	}
	w.By, w.Name, w.Phase, w.Started = c.Person().ID, upload.Name, PhaseReceiving, a.Now()
	w.Size = max(0, upload.Size)
	c.Object(audit.KindFile, upload.Name)
	r, ctx, err := a.works.begin(c.Context(), w)
	if err != nil {
		return frame.Refused("reconciliation.work.busy")
	}
	body, err := a.receive(ctx, r, &counted{ctx: ctx, in: upload, running: r, control: http.NewResponseController(c.W)})
	if err != nil {
		r.end(err, a.Now())
		return a.notReceived(c, r, err)
	}
	if !c.StillMay() {
		r.end(errors.Join(context.Canceled, body.Close()), a.Now())
		return frame.Forbidden()
	}
	go a.work(ctx, r, body, do)
	r.wait(patience)
	done, _ := a.works.get(r.work.ID)
	c.Changed("", ending(done))
	return c.Done("/work/"+done.ID, "reconciliation.work.received", "name", upload.Name)
}

// ending is what became of a file, for the record of the act.
func ending(w Work) string {
	if w.File.Version != 0 {
		return fmt.Sprintf("version %d of %s, SHA-256 %s", w.File.Version, w.File.Day, w.File.SHA256)
	}
	return string(w.Phase)
}

// notReceived is the answer to a file that did not come whole.
func (a *area) notReceived(c *frame.Call, r *running, err error) error {
	switch {
	case errors.Is(err, partnerfile.ErrTooLarge):
		return frame.Invalid("file", "reconciliation.upload.too_large", "most", locale.Count(partnerfile.MaxFile))
	case errors.Is(err, context.Canceled):
		return c.Done("/work/"+r.work.ID, "reconciliation.work.stopped")
	default:
		a.Failed("receive file of Indomaret's", err)
		return frame.Refused("reconciliation.upload.broken_off")
	}
}

// receive puts the file aside as it comes. Its name is gone from the disk at once, so
// that nothing is left where the program ends.
func (a *area) receive(ctx context.Context, r *running, in *counted) (*os.File, error) {
	// Who stops it does not wait for the next bytes.
	defer context.AfterFunc(ctx, func() { in.until(time.Now()) })()

	file, err := os.CreateTemp(a.TempDir, "upload-*")
	if err != nil {
		return nil, fmt.Errorf("put the file aside: %w", err)
	}
	err = os.Remove(file.Name())
	if err == nil {
		_, err = io.Copy(file, io.LimitReader(in, partnerfile.MaxFile+1))
	}
	if now, _ := a.works.get(r.work.ID); err == nil && now.Bytes > partnerfile.MaxFile {
		err = partnerfile.ErrTooLarge
	}
	if err != nil {
		_ = file.Close() // it has no name any more
		return nil, fmt.Errorf("receive the file: %w", err)
	}
	return file, nil
}

// counted tells a work of the bytes that pass, and stops with it. The sender may take
// any time, as long as it does not pause for idleLimit.
type counted struct {
	ctx     context.Context
	in      io.Reader
	running *running
	control *http.ResponseController
}

// Read is io.Reader's.
func (c *counted) Read(p []byte) (int, error) {
	c.until(time.Now().Add(idleLimit))
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.in.Read(p)
	c.running.set(func(w *Work) { w.Bytes += int64(n) })
	// A read that was cut short by stopping says that, not how.
	if stopped := c.ctx.Err(); err != nil && stopped != nil {
		err = stopped
	}
	return n, err
}

// until is when the next bytes must have come. A server that has no deadlines needs
// none.
func (c *counted) until(t time.Time) { _ = c.control.SetReadDeadline(t) }

// work reads a file that has been received, and tells of its faults where it is
// refused.
func (a *area) work(ctx context.Context, r *running, body *os.File, do func(context.Context, *running, reconcile.FileIn) error) {
	defer func() { _ = body.Close() }() // it was only read, and has no name any more
	day := r.work.Day                   // the expected one; nobody else changes it yet
	_, err := body.Seek(0, io.SeekStart)
	if err == nil {
		r.to(PhaseReading)
		err = guarded(func() error {
			return do(ctx, r, reconcile.FileIn{Day: day, Name: r.work.Name, Body: body, By: r.work.By})
		})
	}
	var line *partnerfile.LineError
	if errors.As(err, &line) {
		a.collectFaults(ctx, r, body, day, line)
	}
	a.tell(r, err)
	r.end(err, a.Now())
}

// errPanic: the work has panicked.
var errPanic = errors.New("the work panicked")

// guarded does what reads strangers' files. That it panics is its error: outside of
// a request nothing else catches it, and it would end the process, which tills wait
// for.
func guarded(do func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanic, fault, debug.Stack())
		}
	}()
	return do()
}

// tell has the log know of what no page says in full.
func (a *area) tell(r *running, err error) {
	if err != nil && wordOf(err) == wordUnknown {
		a.Failed("work on file of Indomaret's "+r.work.ID, err)
	}
}

// collectFaults reads a refused file again, past its first fault.
func (a *area) collectFaults(ctx context.Context, r *running, body *os.File, day ledger.Day, first *partnerfile.LineError) {
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return // the first fault is told by the error itself
	}
	options := partnerfile.Options{Day: day, Name: r.work.Name, CutOff: a.CutOff, TempFolder: a.TempDir}
	trial := partnerfile.Try(ctx, body, a.Profile, options, partnerfile.Bounds{Lines: 1, Faults: partnerfile.MaxTrial})
	r.set(func(w *Work) {
		w.Faults, w.MoreFaults = trial.Faults, trial.More
		if len(w.Faults) == 0 {
			w.Faults = []*partnerfile.LineError{first}
		}
	})
}

// startMatch matches a day in the background.
func (a *area) startMatch(c *frame.Call) error {
	day, err := dayIn(c)
	if err != nil {
		return err
	}
	c.Object(audit.KindDay, string(day))
	w := Work{By: c.Person().ID, Day: day, Phase: PhaseMatching, Started: a.Now()}
	r, ctx, err := a.works.begin(c.Context(), w)
	if err != nil {
		return frame.Refused("reconciliation.work.busy")
	}
	go func() {
		err := guarded(func() error { return a.match(ctx, r, day) })
		a.tell(r, err)
		r.end(err, a.Now())
	}()
	r.wait(patience)
	done, _ := a.works.get(r.work.ID)
	switch {
	case !done.Over():
		return c.Done("/work/"+done.ID, "reconciliation.work.begun", "day", c.Language().Day(day))
	case done.Err != nil:
		return frame.Refused(wordOf(done.Err), "day", c.Language().Day(day))
	default:
		c.Changed("", fmt.Sprintf("run %d, %d differences", done.Outcome.Run, done.Outcome.Differences))
		return c.Done(dayPath(day), "reconciliation.work.matched", "day", c.Language().Day(day))
	}
}

// match matches a day as a part of a work.
func (a *area) match(ctx context.Context, r *running, day ledger.Day) error {
	r.to(PhaseMatching)
	outcome, err := a.Reconciliation.Match(ctx, day, r.work.By, r.progress)
	if err == nil || errors.Is(err, reconcile.ErrTooManyCases) {
		r.set(func(w *Work) { w.Outcome = &outcome })
	}
	return err
}
