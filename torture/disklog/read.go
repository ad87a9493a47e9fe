package disklog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of what strace writes.
const (
	// maxData is the longest write that is recorded whole.
	maxData = 1 << 20
	// maxLine has room for one, four characters a byte, and the rest of the call.
	maxLine = 4*maxData + 1<<16
)

// What Read reports.
var (
	// ErrUnreadable: a line is not what Strace lets strace write.
	ErrUnreadable = errors.New("the trace can't be read")
	// ErrUnknown: a file of the folder was changed by a call whose effect is not
	// known here, or by a write longer than is recorded.
	ErrUnknown = errors.New("a file was changed in a way that is not recorded")
)

// recorded are the calls that a trace has: first those that are understood, then
// those that must not happen to a file of the folder.
const recorded = "openat,close,write,pwrite64,lseek,ftruncate,fsync,fdatasync,linkat,renameat,renameat2,unlinkat,mkdirat,mkdir,rename,link,unlink,rmdir," +
	"writev,pwritev,pwritev2,truncate,fallocate,copy_file_range,sendfile,splice"

// Strace is the command, to be followed by a program with its arguments, that
// writes the program's trace to a file.
func Strace(trace string) []string {
	return []string{
		"strace", "-f", "-y", "-xx", "-qq", "--seccomp-bpf", "-s", fmt.Sprint(maxData), "-o", trace,
		"-e", "signal=none", "-e", "trace=" + recorded,
	}
}

// Read reads a trace that Strace's command has written, of a process that worked
// in the folder root (an absolute path without links in it), in which before was
// at its start. Errors: ErrUnreadable, ErrUnknown, the reader's.
func Read(trace io.Reader, root string, before Image) (Log, error) {
	r := &reader{root: root, files: map[string]int{}, begun: map[string]*call{}}
	lines := bufio.NewScanner(trace)
	lines.Buffer(make([]byte, 1<<16), maxLine)
	for number := 1; lines.Scan(); number++ {
		if err := r.line(lines.Text()); err != nil {
			return Log{}, fmt.Errorf("trace line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return Log{}, fmt.Errorf("read trace: %w", err)
	}
	return Log{Before: before, Events: r.events}, nil
}

// reader turns lines into events.
type reader struct {
	root   string
	events []Event
	// files are the openings by the process's descriptors, opened counts them.
	files  map[string]int
	opened int
	// begun are the calls that have not returned, by thread.
	begun map[string]*call
}

// call is one system call.
type call struct {
	name string
	args []string
	// result is what it returned; an error's begins with "-", a killed one's with "?".
	result string
	// file is the opening that it was about when it began, or 0.
	file int
	// since is the number of events that were over when it began.
	since int
}

// The marks of a call that another thread's came in between.
const (
	unfinished = " <unfinished ...>"
	resumed    = " resumed>"
)

// line takes one line: a call as a whole, its beginning or its end.
func (r *reader) line(text string) error {
	thread, text, found := strings.Cut(text, " ")
	text = strings.TrimLeft(text, " ")
	if !found {
		return fmt.Errorf("%w: %.80q", ErrUnreadable, text)
	}
	switch {
	case strings.HasPrefix(text, "+++"), strings.HasPrefix(text, "---"):
		return nil // a thread's end, a signal
	case strings.HasPrefix(text, "<... "):
		c := r.begun[thread]
		_, rest, found := strings.Cut(text, resumed)
		if c == nil || !found {
			return fmt.Errorf("%w: %.80q", ErrUnreadable, text)
		}
		delete(r.begun, thread)
		return r.returned(c, rest)
	}
	name, rest, found := strings.Cut(text, "(")
	if !found {
		return fmt.Errorf("%w: %.80q", ErrUnreadable, text)
	}
	c := &call{name: name, since: len(r.events)}
	if args, cut := strings.CutSuffix(rest, unfinished); cut {
		r.begun[thread] = c
		return r.begins(c, args)
	}
	end := strings.LastIndex(rest, ") ")
	if end < 0 {
		return fmt.Errorf("%w: %.80q", ErrUnreadable, text)
	}
	return errors.Join(r.begins(c, rest[:end]), r.returned(c, rest[end:]))
}

// returned takes the end of a call, which may begin with the last arguments.
func (r *reader) returned(c *call, rest string) error {
	args, result, found := strings.Cut(rest, ") ")
	if !found {
		return fmt.Errorf("%w: end of %s: %.80q", ErrUnreadable, c.name, rest)
	}
	for _, arg := range strings.Split(args, ", ") {
		if arg != "" {
			c.args = append(c.args, arg)
		}
	}
	c.result = strings.TrimLeft(result, " =")
	if strings.HasPrefix(c.result, "-") || strings.HasPrefix(c.result, "?") {
		return nil // it did nothing
	}
	return r.ends(c)
}
