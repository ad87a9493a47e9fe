package disklog

import (
	"fmt"
	"maps"
	"path"
	"slices"
)

// state is a file's content, or a folder's names.
type state struct {
	content content
	names   map[string]*node
}

// node is a file or a folder: as the process sees it, and as it is on the disk.
type node struct {
	folder    bool
	now, safe state
}

func newNode(folder bool) *node {
	n := &node{folder: folder}
	if folder {
		n.now.names, n.safe.names = map[string]*node{}, map[string]*node{}
	}
	return n
}

// change is what may not be on the disk yet.
type change struct {
	// event is the index of the event that made it.
	event int
	// file was written at an offset, or has another size where resizes says so.
	file    *node
	offset  int64
	data    []byte
	resizes bool
	size    int64
	// names are set: one, or the two of a rename.
	names []naming
}

// naming gives a name in a folder to a node, or takes it away where it is nil.
type naming struct {
	folder *node
	name   string
	node   *node
}

func (c *change) touches(n *node) bool {
	return c.file == n || slices.ContainsFunc(c.names, func(one naming) bool { return one.folder == n })
}

// opening is a file that the process has open.
type opening struct {
	node     *node
	position int64
	appends  bool
}

// disk plays a log.
type disk struct {
	root    *node
	open    map[int]*opening
	pending []*change
	// lies says of a synchronisation that it is one in name only.
	lies func(event int) bool
}

// newDisk is a disk that has an image, all of it safe.
func newDisk(before Image, lies func(event int) bool) (*disk, error) {
	d := &disk{root: newNode(true), open: map[int]*opening{}, lies: lies}
	for _, name := range before.Folders {
		if err := d.name(0, name, newNode(true)); err != nil {
			return nil, err
		}
	}
	for name, data := range before.files {
		n := newNode(false)
		n.now.content, n.safe.content = data.clone(), data.clone()
		if err := d.name(0, name, n); err != nil {
			return nil, err
		}
	}
	for _, c := range d.pending {
		c.settle()
	}
	d.pending = nil
	return d, nil
}

// play does one event.
func (d *disk) play(index int, e Event) error {
	switch e.Kind {
	case Opened:
		return d.opened(index, e)
	case Written, Sought, Resized, Synced:
		o := d.open[e.File]
		if o == nil {
			return fmt.Errorf("event %d: file %d is not open", index, e.File)
		}
		d.used(index, e, o)
		return nil
	case Linked, Renamed:
		return d.moved(index, e)
	case Removed:
		return d.name(index, e.Path, nil)
	case FolderMade:
		return d.name(index, e.Path, newNode(true))
	default:
		return nil
	}
}

func (d *disk) opened(index int, e Event) error {
	n, err := d.find(e.Path)
	if err != nil {
		return fmt.Errorf("event %d: %w", index, err)
	}
	if n == nil && !e.Flags.Create {
		return fmt.Errorf("event %d: %s was opened and is not there", index, e.Path)
	}
	if n == nil {
		n = newNode(false)
		if err := d.name(index, e.Path, n); err != nil {
			return err
		}
	}
	if e.Flags.Empty {
		d.resize(index, n, 0)
	}
	d.open[e.File] = &opening{node: n, appends: e.Flags.Append}
	return nil
}

// used does what a process does to a file that it has open.
func (d *disk) used(index int, e Event, o *opening) {
	switch e.Kind {
	case Written:
		offset := e.Offset
		if offset == AtPosition {
			if o.appends {
				o.position = o.node.now.content.size
			}
			offset = o.position
			o.position += int64(len(e.Data))
		}
		o.node.now.content.write(offset, e.Data, always)
		d.pending = append(d.pending, &change{event: index, file: o.node, offset: offset, data: e.Data})
	case Sought:
		o.position = e.Offset
	case Resized:
		d.resize(index, o.node, e.Size)
	case Synced:
		d.sync(index, o.node, e.Since)
	}
}

func always() bool { return true }

func (d *disk) resize(index int, n *node, size int64) {
	n.now.content.resize(size)
	d.pending = append(d.pending, &change{event: index, file: n, resizes: true, size: size})
}

// sync settles what was done to a node before an event.
func (d *disk) sync(index int, n *node, since int) {
	if d.lies(index) {
		return
	}
	d.pending = slices.DeleteFunc(d.pending, func(c *change) bool {
		settled := c.event < since && c.touches(n)
		if settled {
			c.settle()
		}
		return settled
	})
}

// settle puts a change on the disk.
func (c *change) settle() {
	for _, one := range c.names {
		set(one.folder.safe.names, one.name, one.node)
	}
	if c.file != nil {
		c.apply(&c.file.safe.content, always)
	}
}

// apply does a file's change to a content.
func (c *change) apply(to *content, kept func() bool) {
	if c.resizes {
		to.resize(c.size)
		return
	}
	to.write(c.offset, c.data, kept)
}

func set(names map[string]*node, name string, n *node) {
	if n == nil {
		delete(names, name)
	} else {
		names[name] = n
	}
}

// name gives a path to a node, or takes it away.
func (d *disk) name(index int, name string, n *node) error {
	folder, err := d.find(path.Dir(name))
	if err != nil || folder == nil || !folder.folder {
		return fmt.Errorf("event %d: no folder for %s: %w", index, name, err)
	}
	set(folder.now.names, path.Base(name), n)
	d.pending = append(d.pending, &change{event: index, names: []naming{{folder, path.Base(name), n}}})
	return nil
}

// moved links or renames.
func (d *disk) moved(index int, e Event) error {
	n, err := d.find(e.Path)
	if err != nil || n == nil {
		return fmt.Errorf("event %d: %s is not there: %w", index, e.Path, err)
	}
	before := len(d.pending)
	if err := d.name(index, e.To, n); err != nil || e.Kind == Linked {
		return err
	}
	if err := d.name(index, e.Path, nil); err != nil {
		return err
	}
	// A rename is one change of two names.
	d.pending[before].names = append(d.pending[before].names, d.pending[before+1].names...)
	d.pending = d.pending[:before+1]
	return nil
}

// find is the node of a path as the process sees it; nil where there is none.
func (d *disk) find(name string) (*node, error) {
	if name == "." {
		return d.root, nil
	}
	folder, err := d.find(path.Dir(name))
	if err != nil || folder == nil {
		return nil, err
	}
	if !folder.folder {
		return nil, fmt.Errorf("%s is no folder", path.Dir(name))
	}
	return folder.now.names[path.Base(name)], nil
}

// tree lists what is below a folder, by the names that are given for each.
func tree(image *Image, at string, names map[string]*node, of func(*node) state) {
	for _, name := range slices.Sorted(maps.Keys(names)) {
		n, full := names[name], path.Join(at, name)
		if n.folder {
			image.Folders = append(image.Folders, full)
			tree(image, full, of(n).names, of)
			continue
		}
		image.files[full] = of(n).content
	}
}
