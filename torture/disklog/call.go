package disklog

import (
	"encoding/hex"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// begins takes a call's arguments. What it is about is known from now on: its
// descriptor may be another file's when it returns.
func (r *reader) begins(c *call, args string) error {
	c.args = strings.Split(args, ", ")
	descriptor, what := r.descriptor(c.args[0])
	c.file = r.files[descriptor]
	switch c.name {
	case "close":
		delete(r.files, descriptor)
	case "write":
		if strings.HasPrefix(what, "socket:") {
			data, err := quoted(c.args[1])
			r.events = append(r.events, Event{Kind: Sent, Socket: what, Data: data})
			return err
		}
	}
	return nil
}

// ends makes the event of a call that did what it was asked.
func (r *reader) ends(c *call) error {
	switch c.name {
	case "close":
		return nil
	case "openat":
		return r.open(c)
	case "write", "pwrite64":
		return r.write(c)
	case "lseek":
		return r.about(c, Event{Kind: Sought}, &c.result)
	case "ftruncate":
		return r.about(c, Event{Kind: Resized}, &c.args[1])
	case "fsync", "fdatasync":
		return r.about(c, Event{Kind: Synced, Since: c.since}, nil)
	case "linkat", "renameat", "renameat2":
		return r.move(c, c.args[0], c.args[1], c.args[2], c.args[3])
	case "link", "rename":
		return r.move(c, "", c.args[0], "", c.args[1])
	case "unlinkat":
		return r.name(Event{Kind: Removed}, c.args[0], c.args[1])
	case "unlink", "rmdir":
		return r.name(Event{Kind: Removed}, "", c.args[0])
	case "mkdirat":
		return r.name(Event{Kind: FolderMade}, c.args[0], c.args[1])
	case "mkdir":
		return r.name(Event{Kind: FolderMade}, "", c.args[0])
	default:
		return r.refuse(c)
	}
}

// open numbers a file of the folder that was opened.
func (r *reader) open(c *call) error {
	descriptor, _ := r.descriptor(c.result)
	delete(r.files, descriptor)
	flags := c.args[2]
	e := Event{Kind: Opened, File: r.opened + 1, Flags: Flags{
		Create: strings.Contains(flags, "O_CREAT"), Empty: strings.Contains(flags, "O_TRUNC"), Append: strings.Contains(flags, "O_APPEND"),
	}}
	before := len(r.events)
	if err := r.name(e, c.args[0], c.args[1]); err != nil || len(r.events) == before {
		return err
	}
	r.opened++
	r.files[descriptor] = r.opened
	return nil
}

func (r *reader) write(c *call) error {
	if c.file == 0 {
		return r.elsewhere(c)
	}
	data, err := quoted(c.args[1])
	if err != nil {
		return err
	}
	written, err := number(c.result)
	if err != nil || written > int64(len(data)) {
		return fmt.Errorf("%w: %s of %d bytes returned %s", ErrUnreadable, c.name, len(data), c.result)
	}
	e := Event{Kind: Written, File: c.file, Offset: AtPosition, Data: data[:written]}
	if c.name == "pwrite64" {
		e.Offset, err = number(c.args[3])
	}
	r.events = append(r.events, e)
	return err
}

// elsewhere takes a call about a descriptor that was not opened in the folder: it
// must not be one of its files all the same, inherited or duplicated.
func (r *reader) elsewhere(c *call) error {
	_, what := r.descriptor(c.args[0])
	if what == r.root || strings.HasPrefix(what, r.root+"/") {
		return fmt.Errorf("%w: %s by a descriptor that was not seen to be opened", ErrUnknown, what)
	}
	return nil
}

// about makes the event of a call about an open file, which may have a number.
func (r *reader) about(c *call, e Event, text *string) (err error) {
	if c.file == 0 {
		return r.elsewhere(c)
	}
	e.File = c.file
	if text != nil {
		e.Offset, err = number(*text)
		e.Size = e.Offset
	}
	r.events = append(r.events, e)
	return err
}

// name makes the event of a call about a name, if it is in the folder.
func (r *reader) name(e Event, folder, name string) error {
	below, inside, err := r.below(folder, name)
	if err != nil || !inside {
		return err
	}
	e.Path = below
	r.events = append(r.events, e)
	return nil
}

// move makes the event of a link or a rename.
func (r *reader) move(c *call, fromFolder, from, toFolder, to string) error {
	e := Event{Kind: Renamed}
	if strings.HasPrefix(c.name, "link") {
		e.Kind = Linked
	}
	path, fromInside, err := r.below(fromFolder, from)
	if err != nil {
		return err
	}
	target, toInside, err := r.below(toFolder, to)
	if err != nil || !fromInside && !toInside {
		return err
	}
	if !fromInside || !toInside {
		return fmt.Errorf("%w: %s out of the folder or into it: %s, %s", ErrUnknown, c.name, path, target)
	}
	e.Path, e.To = path, target
	r.events = append(r.events, e)
	return nil
}

// refuse takes a call that is not understood, unless it is about other files.
func (r *reader) refuse(c *call) error {
	target := c.args[0]
	switch c.name {
	case "truncate":
		below, inside, err := r.below("", target)
		if inside {
			return fmt.Errorf("%w: truncate %s", ErrUnknown, below)
		}
		return err
	case "copy_file_range", "splice": // from the first into the third
		target = c.args[2]
	}
	descriptor, what := r.descriptor(target)
	if r.files[descriptor] == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s of %s", ErrUnknown, c.name, what)
}

// below is the path, in the folder, of a name that a call has: of an absolute one,
// or of one in the folder that a descriptor stands for.
func (r *reader) below(folder, name string) (below string, inside bool, err error) {
	text, err := quoted(name)
	if err != nil {
		return "", false, err
	}
	full := string(text)
	if !path.IsAbs(full) {
		_, what := r.descriptor(folder)
		full = path.Join(what, full)
	}
	full = path.Clean(full)
	if full == r.root {
		return ".", true, nil
	}
	below, inside = strings.CutPrefix(full, r.root+"/")
	return below, inside, nil
}

// descriptor takes "3<path>" apart; the path is in hex where strace puts it so.
func (r *reader) descriptor(arg string) (descriptor, what string) {
	descriptor, what, _ = strings.Cut(arg, "<")
	what, _, _ = strings.Cut(what, ">")
	if text, err := unhex(what); err == nil {
		what = string(text)
	}
	return descriptor, what
}

// quoted reads a string, all of whose bytes are in hex. One that strace has cut
// off ends with dots.
func quoted(arg string) ([]byte, error) {
	if strings.HasSuffix(arg, "...") {
		return nil, fmt.Errorf("%w: more than %d bytes at once", ErrUnknown, maxData)
	}
	text, found := strings.CutPrefix(arg, `"`)
	text, closed := strings.CutSuffix(text, `"`)
	if !found || !closed {
		return nil, fmt.Errorf("%w: no string: %.80q", ErrUnreadable, arg)
	}
	return unhex(text)
}

func unhex(text string) ([]byte, error) {
	data, err := hex.DecodeString(strings.ReplaceAll(text, `\x`, ""))
	if err != nil {
		return nil, fmt.Errorf("%w: %w: %.80q", ErrUnreadable, err, text)
	}
	return data, nil
}

// number reads the number that an argument or a result begins with.
func number(text string) (int64, error) {
	text, _, _ = strings.Cut(text, " ")
	text, _, _ = strings.Cut(text, "<")
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return value, nil
}
