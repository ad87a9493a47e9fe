package finance

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"paypoint/reconcile"
)

const (
	// linesType asks for an answer line by line, and names one.
	linesType = "application/x-ndjson"
	// lineInterval is how long nothing new is told after a line of progress.
	lineInterval = 200 * time.Millisecond
)

// takesLines says whether the caller asks for an answer line by line (RFC 9110,
// 12.5.1: a list of media types with parameters).
func (c *call) takesLines() bool {
	for _, header := range c.r.Header.Values("Accept") {
		for wanted := range strings.SplitSeq(header, ",") {
			name, _, _ := strings.Cut(wanted, ";")
			if strings.EqualFold(strings.TrimSpace(name), linesType) {
				return true
			}
		}
	}
	return false
}

// long does what may take long, and answers with what comes of it; line by line
// where the caller asks for that.
func long[V any](c *call, do func(reconcile.Progress) (V, error)) error {
	// The server's limit for whole answers is not for these.
	c.answer.wait()
	if !c.takesLines() {
		value, err := do(func(int, int) {})
		return answered(c, value, err)
	}
	out := &lines{answer: c.answer}
	value, err := do(out.progress)
	switch {
	case err != nil && !c.answer.begun():
		// It can still have a status of its own.
		return err
	case err != nil:
		f := failureOf(err)
		out.write(map[string]failure{"error": f})
		// For the log: the status that is out says nothing of how it ended.
		c.act.Status, c.act.Err = f.status, err
	default:
		out.write(map[string]V{"result": value})
	}
	return nil
}

// lines is an answer line by line. A caller who went away, or takes nothing any
// more, does not stop the work.
type lines struct {
	answer *answer
	told   time.Time
}

// progressLine says how much is done.
type progressLine struct {
	Done  int `json:"done"`
	Total int `json:"total,omitempty"` // unknown where it is left out
}

// progress is a reconcile.Progress. It tells the first, and then now and then.
func (l *lines) progress(done, total int) {
	if now := time.Now(); now.Sub(l.told) > lineInterval {
		l.told = now
		l.write(progressLine{done, total})
	}
}

// write sends a line at once.
func (l *lines) write(line any) {
	if !l.answer.begun() {
		l.answer.Header().Set("Content-Type", linesType)
		l.answer.Header().Set("Cache-Control", "no-store")
	}
	// The connection's next answer is not to inherit this one's deadline.
	defer l.answer.wait()
	l.answer.deadline(time.Now().Add(idleLimit))
	// Nobody is left to be told of an error.
	_ = json.NewEncoder(l.answer).Encode(line)
	_ = http.NewResponseController(l.answer).Flush()
}
