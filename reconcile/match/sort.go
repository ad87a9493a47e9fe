package match

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strconv"
)

const (
	// MinMemory is the least memory that Sort works with, in bytes: any entry fits.
	MinMemory = 2 << 10
	// DefaultMemory is what Sort works with when nothing is said.
	DefaultMemory = 32 << 20
	// maxRuns is how many runs are merged at once: so many files are open.
	maxRuns = 64
	// cancelStep is how many entries pass between two looks at the context.
	cancelStep = 1024
)

// ErrClosed reports a Sorted that is read after its Close.
var ErrClosed = errors.New("the sorted entries are closed")

// SortOptions are the means of a Sort.
type SortOptions struct {
	// Dir takes the spooled runs, about 70 bytes an entry; empty is the system's
	// folder for temporary files. It must exist. A process that is killed leaves
	// a folder "match-*" in it, which may be deleted when none runs.
	Dir string
	// Memory bounds the entries held in memory, in bytes: MinMemory at least; 0
	// is DefaultMemory. What fits is never spooled.
	Memory int
}

// Sorted is a stream in Compare's order.
type Sorted struct {
	// folder holds the runs; empty as long as memory was enough.
	folder string
	parent string
	runs   []string
	// files counts the files made, for their names.
	files int
	// inMemory is the last run, and the only one when there is no folder; nil
	// once closed.
	inMemory *run
	count    int
}

// Sort reads a stream to its end and sorts it. Entries that compare equal keep
// their order. The caller must Close what is returned; after an error there is
// nothing to close, and no file is left.
//
// Errors: ErrEntry, ErrOptions, those of the stream, of ctx, and of writing (a
// full disk).
func Sort(ctx context.Context, in iter.Seq2[Entry, error], o SortOptions) (*Sorted, error) {
	memory := o.Memory
	if memory == 0 {
		memory = DefaultMemory
	}
	if memory < MinMemory {
		return nil, fmt.Errorf("sort entries in %d bytes of memory: want at least %d: %w", memory, MinMemory, ErrOptions)
	}
	s := &Sorted{parent: o.Dir, inMemory: newRun(memory)}
	if err := s.read(ctx, in); err != nil {
		return nil, fmt.Errorf("sort entries: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

// read takes the whole stream, spooling what does not fit.
func (s *Sorted) read(ctx context.Context, in iter.Seq2[Entry, error]) error {
	for e, err := range in {
		if err != nil {
			return fmt.Errorf("read entry %d: %w", s.count+1, err)
		}
		if err := e.check(); err != nil {
			return fmt.Errorf("entry %d: %w", s.count+1, err)
		}
		if err := alive(ctx, s.count); err != nil {
			return err
		}
		if s.inMemory.full() {
			if err := s.spool(ctx); err != nil {
				return err
			}
		}
		s.inMemory.add(e)
		s.count++
	}
	// The last run stays in memory: the one that was read can as well be kept.
	s.inMemory.sort()
	return ctx.Err()
}

// alive looks at the context now and then: often enough for a person, seldom
// enough to cost nothing.
func alive(ctx context.Context, passed int) error {
	if passed%cancelStep != 0 {
		return nil
	}
	return ctx.Err()
}

// spool writes the run in memory to a file and empties it.
func (s *Sorted) spool(ctx context.Context) error {
	if s.folder == "" {
		folder, err := os.MkdirTemp(s.parent, "match-")
		if err != nil {
			return fmt.Errorf("make spool folder: %w", err)
		}
		s.folder = folder
	}
	if len(s.runs) == maxRuns {
		if err := s.join(ctx); err != nil {
			return err
		}
	}
	s.inMemory.sort()
	path, err := s.write(ctx, &runReader{run: s.inMemory})
	if err != nil {
		return err
	}
	s.runs = append(s.runs, path)
	s.inMemory.reset()
	return nil
}

// join merges all runs into one, which is then the oldest.
func (s *Sorted) join(ctx context.Context) error {
	old := s.runs
	files, err := openRuns(old)
	if err != nil {
		return err
	}
	path, err := s.writeMerged(ctx, files)
	if err := errors.Join(err, files.close()); err != nil {
		return err
	}
	s.runs = []string{path}
	for _, run := range old {
		if err := os.Remove(run); err != nil {
			return fmt.Errorf("remove merged run: %w", err)
		}
	}
	return nil
}

func (s *Sorted) writeMerged(ctx context.Context, files *runFiles) (path string, err error) {
	merged, err := newMerger(files.readers)
	if err != nil {
		return "", err
	}
	return s.write(ctx, merged)
}

// write makes a new file of a sorted run.
func (s *Sorted) write(ctx context.Context, records recordReader) (path string, err error) {
	s.files++
	path = filepath.Join(s.folder, "run-"+strconv.Itoa(s.files))
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- a number, in our own folder
	if err != nil {
		return "", fmt.Errorf("make run %d: %w", s.files, err)
	}
	if err := errors.Join(writeSpool(ctx, file, records), file.Close()); err != nil {
		return "", fmt.Errorf("write run %d: %w", s.files, err)
	}
	return path, nil
}

func writeSpool(ctx context.Context, file *os.File, records recordReader) error {
	w, err := newSpoolWriter(file)
	if err != nil {
		return err
	}
	for written := 0; ; written++ {
		if err := alive(ctx, written); err != nil {
			return err
		}
		r, err := records.next()
		if errors.Is(err, errEnd) {
			return w.finish()
		}
		if err != nil {
			return err
		}
		if err := w.add(r); err != nil {
			return err
		}
	}
}

// Len is the number of entries.
func (s *Sorted) Len() int { return s.count }

// All gives the entries in Compare's order. It may be read more than once, also
// by several at the same time, until Close. Errors: ErrClosed, ErrSpool, ctx's,
// and those of reading.
func (s *Sorted) All(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := s.each(ctx, func(e Entry) bool { return yield(e, nil) }); err != nil {
			yield(Entry{}, fmt.Errorf("read sorted entries: %w", err))
		}
	}
}

// each calls yield with the entries until it returns false.
func (s *Sorted) each(ctx context.Context, yield func(Entry) bool) error {
	if s.inMemory == nil {
		// Nothing at all would pass for an empty file.
		return ErrClosed
	}
	files, err := openRuns(s.runs)
	if err != nil {
		return err
	}
	// Closing what was only read has nothing to lose.
	defer func() { _ = files.close() }()
	merged, err := newMerger(append(files.readers, &runReader{run: s.inMemory}))
	if err != nil {
		return err
	}
	for given := 0; ; given++ {
		if err := alive(ctx, given); err != nil {
			return err
		}
		r, err := merged.next()
		if errors.Is(err, errEnd) {
			return nil
		}
		if err != nil {
			return err
		}
		if !yield(r.entry()) {
			return nil
		}
	}
}

// Close removes the spooled files. It may be called more than once.
func (s *Sorted) Close() error {
	s.inMemory, s.runs = nil, nil
	if s.folder == "" {
		return nil
	}
	if err := os.RemoveAll(s.folder); err != nil {
		return fmt.Errorf("remove spool folder: %w", err)
	}
	s.folder = ""
	return nil
}
