package reconciliation

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/task"
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
	return a.upload(c, Facts{}, func(ctx context.Context, j *job, in reconcile.FileIn) error {
		file, taken, err := a.Reconciliation.Import(ctx, in, j.Tell)
		if err != nil {
			return err
		}
		j.learn(func(f *Facts) { f.File, f.Known, f.Day = file, !taken, file.Day })
		// A file that is known changes nothing: its day is matched when it is asked for.
		if !taken {
			return nil
		}
		return a.match(ctx, j, file.Day)
	})
}

// importing is what a file is read for.
type importing func(context.Context, *job, reconcile.FileIn) error

// upload receives a file and has it worked on. It answers with the work's page, at
// once where the work takes longer than patience.
func (a *area) upload(c *frame.Call, facts Facts, do importing) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	facts.Day = form.OptionalDay("day")
	if err := form.Err(); err != nil {
		return err
	}
	upload, err := c.Upload()
	if err != nil {
		return err
	}
	facts.FileName = upload.Name
	c.Object(audit.KindFile, upload.Name)
	received := make(chan error, 1)
	// Two may send files of one name at once: each import is one of its own.
	id, err := a.begin(c.Context(), "file of Indomaret's "+rand.Text(), c.Person().ID, PhaseReceiving, facts, func(ctx context.Context, j *job) error {
		body, err := a.receive(ctx, c, j, upload, received)
		if err != nil {
			return err
		}
		return a.work(ctx, j, body, do)
	})
	if err != nil {
		return frame.Refused("reconciliation.work.busy")
	}
	// The body is read as long as this request is not answered.
	err = <-received
	done := workOf(a.works.Await(context.WithoutCancel(c.Context()), id, patience))
	if err != nil {
		return notReceived(c, id, err)
	}
	c.Changed("", ending(done))
	return c.Done("/work/"+id, "reconciliation.work.received", "name", upload.Name)
}

// ending is what became of a file, for the record of the act.
func ending(w Work) string {
	if w.File.Version != 0 {
		return fmt.Sprintf("version %d of %s, SHA-256 %s", w.File.Version, w.File.Day, w.File.SHA256)
	}
	return string(w.Phase())
}

// errShutOut stops a work whose sender may not send files any more.
var errShutOut = fmt.Errorf("who sent the file may no more: %w", context.Canceled)

// notReceived is the answer to a file that did not come whole.
func notReceived(c *frame.Call, id string, err error) error {
	switch {
	case errors.Is(err, partnerfile.ErrTooLarge):
		return frame.Invalid("file", "reconciliation.upload.too_large", "most", locale.Count(partnerfile.MaxFile))
	case errors.Is(err, errShutOut):
		return frame.Forbidden()
	case errors.Is(err, context.Canceled):
		return c.Done("/work/"+id, "reconciliation.work.stopped")
	default:
		return frame.Refused("reconciliation.upload.broken_off")
	}
}

// receive puts the file of a request aside as it comes, and tells received when it
// needs the request no more. Where that panics it is told nil: the task knows more.
func (a *area) receive(ctx context.Context, c *frame.Call, j *job, upload *frame.Upload, received chan<- error) (file *os.File, err error) {
	defer func() { received <- err }()

	in := &counted{ctx: ctx, in: upload, job: j, size: int(max(0, upload.Size)), control: http.NewResponseController(c.W)}
	// Who stops it does not wait for the next bytes. Once the request is answered its
	// connection is the next one's.
	cut := make(chan struct{})
	leave := context.AfterFunc(ctx, func() {
		defer close(cut)
		in.until(time.Now())
	})
	defer func() {
		if !leave() {
			<-cut
		}
	}()
	if file, err = a.putAside(in); err != nil {
		return nil, err
	}
	j.learn(func(f *Facts) { f.Bytes = int64(in.count) })
	if !c.StillMay() {
		return nil, errors.Join(errShutOut, file.Close())
	}
	return file, nil
}

// putAside copies a file to the disk. Its name is gone from there at once, so that
// nothing is left where the program ends.
func (a *area) putAside(in *counted) (*os.File, error) {
	file, err := os.CreateTemp(a.TempDir, "upload-*")
	if err != nil {
		return nil, fmt.Errorf("put the file aside: %w", err)
	}
	err = os.Remove(file.Name())
	if err == nil {
		_, err = io.Copy(file, io.LimitReader(in, partnerfile.MaxFile+1))
	}
	if err == nil && int64(in.count) > partnerfile.MaxFile {
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
	ctx context.Context
	in  io.Reader
	job *job
	// count are the bytes by now, of size, which is 0 where it is not known.
	count, size int
	control     *http.ResponseController
}

// Read is io.Reader's.
func (c *counted) Read(p []byte) (int, error) {
	c.until(time.Now().Add(idleLimit))
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.in.Read(p)
	c.count += n
	c.job.Tell(c.count, c.size)
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
func (a *area) work(ctx context.Context, j *job, body *os.File, do importing) error {
	defer func() { _ = body.Close() }() // it was only read, and has no name any more
	in := reconcile.FileIn{Day: j.facts.Day, Name: j.facts.FileName, Body: body, By: j.by}
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the file from its beginning: %w", err)
	}
	j.Enter(string(PhaseReading), 0, 0)
	err := do(ctx, j, in)
	var line *partnerfile.LineError
	if errors.As(err, &line) {
		a.collectFaults(ctx, j, body, in, line)
	}
	return err
}

// tell has the log know of what no page says in full.
func (a *area) tell(what string, err error) {
	if wordOf(err) == wordUnknown {
		a.Failed(what, err)
	}
}

// collectFaults reads a refused file again, past its first fault.
func (a *area) collectFaults(ctx context.Context, j *job, body *os.File, in reconcile.FileIn, first *partnerfile.LineError) {
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return // the first fault is told by the error itself
	}
	options := partnerfile.Options{Day: in.Day, Name: in.Name, CutOff: a.CutOff, TempFolder: a.TempDir}
	trial := partnerfile.Try(ctx, body, a.Profile, options, partnerfile.Bounds{Lines: 1, Faults: partnerfile.MaxTrial})
	j.learn(func(f *Facts) {
		f.Faults, f.MoreFaults = trial.Faults, trial.More
		if len(f.Faults) == 0 {
			f.Faults = []*partnerfile.LineError{first}
		}
	})
}

// startMatch matches a day in the background. Who asks for one that is being matched
// is answered by that one.
func (a *area) startMatch(c *frame.Call) error {
	day, err := dayIn(c)
	if err != nil {
		return err
	}
	c.Object(audit.KindDay, string(day))
	id, err := a.begin(c.Context(), "match "+string(day), c.Person().ID, PhaseMatching, Facts{Day: day}, func(ctx context.Context, j *job) error {
		return a.match(ctx, j, day)
	})
	if err != nil && !errors.Is(err, task.ErrRunning) {
		return frame.Refused("reconciliation.work.busy")
	}
	done := workOf(a.works.Await(context.WithoutCancel(c.Context()), id, patience))
	switch {
	case !done.Over():
		return c.Done("/work/"+id, "reconciliation.work.begun", "day", c.Language().Day(day))
	case done.Err != nil:
		return frame.Refused(wordOf(done.Err), "day", c.Language().Day(day))
	default:
		c.Changed("", fmt.Sprintf("run %d, %d differences", done.Outcome.Run, done.Outcome.Differences))
		return c.Done(dayPath(day), "reconciliation.work.matched", "day", c.Language().Day(day))
	}
}

// match matches a day as a part of a work.
func (a *area) match(ctx context.Context, j *job, day ledger.Day) error {
	j.Enter(string(PhaseMatching), 0, 0)
	outcome, err := a.Reconciliation.Match(ctx, day, j.by, j.Tell)
	if err == nil || errors.Is(err, reconcile.ErrTooManyCases) {
		j.learn(func(f *Facts) { f.Outcome = &outcome })
	}
	return err
}
