package match

import (
	"container/heap"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// recordReader gives records in order, and errEnd behind the last. A record may
// be used until the next is asked for.
type recordReader interface {
	next() (record, error)
}

// source is a sorted run being merged.
type source struct {
	reader recordReader
	// head is the run's next record.
	head   record
	prefix prefix
	// age is the run's place in the input: of equal records the older run's
	// comes first.
	age int
}

// advance reads the next head; false behind the last.
func (s *source) advance() (bool, error) {
	r, err := s.reader.next()
	if errors.Is(err, errEnd) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	s.head, s.prefix = r, r.prefix()
	return true, nil
}

// sources is a heap of runs, that with the least record on top.
type sources []*source

func (s sources) Len() int      { return len(s) }
func (s sources) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

func (s sources) Less(i, j int) bool {
	c := s[i].prefix.compare(s[j].prefix)
	if c == 0 {
		c = compareRecords(s[i].head, s[j].head)
	}
	return c < 0 || c == 0 && s[i].age < s[j].age
}

// Push and Pop are the heap's own; runs are only taken away.
func (s *sources) Push(x any) { *s = append(*s, x.(*source)) }

func (s *sources) Pop() any {
	last := len(*s) - 1
	top := (*s)[last]
	*s = (*s)[:last]
	return top
}

// merger gives the records of sorted runs as one sorted run.
type merger struct {
	open sources
	// given says that the head on top was given away, so that its run must move
	// on: not before the next record is asked for, which ends its use.
	given bool
}

// newMerger merges runs, given in the order of the input.
func newMerger(runs []recordReader) (*merger, error) {
	m := &merger{}
	for age, run := range runs {
		s := &source{reader: run, age: age}
		more, err := s.advance()
		if err != nil {
			return nil, err
		}
		if more {
			m.open = append(m.open, s)
		}
	}
	heap.Init(&m.open)
	return m, nil
}

func (m *merger) next() (record, error) {
	if m.given {
		m.given = false
		more, err := m.open[0].advance()
		if err != nil {
			return nil, err
		}
		if more {
			heap.Fix(&m.open, 0)
		} else {
			heap.Pop(&m.open)
		}
	}
	if len(m.open) == 0 {
		return nil, errEnd
	}
	m.given = true
	return m.open[0].head, nil
}

// runFiles are spooled runs open for reading.
type runFiles struct {
	files   []*os.File
	readers []recordReader
}

func openRuns(paths []string) (*runFiles, error) {
	f := &runFiles{}
	for _, path := range paths {
		file, err := os.Open(path) // #nosec G304 -- a run that write has made
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open spooled run: %w", err), f.close())
		}
		f.files = append(f.files, file)
		reader, err := newSpoolReader(file)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("read spooled %s: %w", filepath.Base(path), err), f.close())
		}
		f.readers = append(f.readers, namedReader{reader, filepath.Base(path)})
	}
	return f, nil
}

func (f *runFiles) close() error {
	var all error
	for _, file := range f.files {
		all = errors.Join(all, file.Close())
	}
	return all
}

// namedReader says in errors which run it is.
type namedReader struct {
	recordReader
	name string
}

func (r namedReader) next() (record, error) {
	one, err := r.recordReader.next()
	if err != nil && !errors.Is(err, errEnd) {
		err = fmt.Errorf("read spooled %s: %w", r.name, err)
	}
	return one, err
}
