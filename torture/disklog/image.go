package disklog

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Image is what is in a folder.
type Image struct {
	// Folders are the paths of the folders below it, each behind the one it is in.
	Folders []string
	files   map[string]content
}

// Files are the paths of the files, in order.
func (i Image) Files() []string { return slices.Sorted(maps.Keys(i.files)) }

// File is what is in a file; false where there is none.
func (i Image) File(path string) (data []byte, found bool) {
	c, found := i.files[path]
	return c.bytes(), found
}

// Load reads a folder. Sockets in it are left out. Errors are the system's.
func Load(folder string) (Image, error) {
	image := Image{files: map[string]content{}}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		name, relErr := filepath.Rel(folder, path)
		if err = errors.Join(err, relErr); err != nil || name == "." {
			return err
		}
		if entry.IsDir() {
			image.Folders = append(image.Folders, filepath.ToSlash(name))
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		image.files[filepath.ToSlash(name)], err = loadFile(path)
		return err
	})
	if err != nil {
		return Image{}, fmt.Errorf("load %s: %w", folder, err)
	}
	return image, nil
}

// loadFile keeps no sector of zeros: a ledger file is mostly room to grow.
func loadFile(path string) (content, error) {
	data, err := os.ReadFile(path) // #nosec G304 -- in the folder of a test
	c := content{size: int64(len(data)), sectors: map[int64]*sector{}}
	for begin := 0; begin < len(data); begin += SectorSize {
		var s sector
		copy(s[:], data[begin:])
		if s != (sector{}) {
			c.sectors[int64(begin/SectorSize)] = &s
		}
	}
	return c, err
}

// Write makes a new folder with the image in it; files have mode 0600. Errors
// are the system's.
func (i Image) Write(folder string) error {
	if err := os.Mkdir(folder, 0o700); err != nil {
		return fmt.Errorf("write image: %w", err)
	}
	for _, name := range i.Folders {
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			return fmt.Errorf("write image: %w", err)
		}
	}
	for name, c := range i.files {
		if err := c.writeTo(filepath.Join(folder, name)); err != nil {
			return fmt.Errorf("write image: %w", err)
		}
	}
	return nil
}

// writeTo makes a file, with holes where nothing was written.
func (c content) writeTo(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- in the folder of a test
	if err != nil {
		return err
	}
	err = file.Truncate(c.size)
	for _, run := range c.runs() {
		_, writeErr := file.WriteAt(run.data, run.offset)
		err = errors.Join(err, writeErr)
	}
	return errors.Join(err, file.Close())
}

// run is a part of a file without a hole.
type run struct {
	offset int64
	data   []byte
}

func (c content) runs() []run {
	var runs []run
	for _, number := range c.numbers() {
		offset := number * SectorSize
		data := c.sectors[number][:min(SectorSize, c.size-offset)]
		if last := len(runs) - 1; last >= 0 && runs[last].offset+int64(len(runs[last].data)) == offset {
			runs[last].data = append(runs[last].data, data...)
			continue
		}
		runs = append(runs, run{offset, append([]byte{}, data...)})
	}
	return runs
}

// Equal says whether two images have the same folders and files, and if not,
// what is the first that differs.
func (i Image) Equal(other Image) (differs string, same bool) {
	if !slices.Equal(slices.Sorted(slices.Values(i.Folders)), slices.Sorted(slices.Values(other.Folders))) {
		return fmt.Sprintf("folders %v and %v", i.Folders, other.Folders), false
	}
	if !slices.Equal(i.Files(), other.Files()) {
		return fmt.Sprintf("files %v and %v", i.Files(), other.Files()), false
	}
	for _, name := range i.Files() {
		if !i.files[name].equal(other.files[name]) {
			return name, false
		}
	}
	return "", true
}

// equal compares sectors; one that is not there is one of zeros.
func (c content) equal(other content) bool {
	within := func(a, b content) bool {
		for number, s := range a.sectors {
			t := b.sectors[number]
			if t == nil && *s != (sector{}) || t != nil && *s != *t {
				return false
			}
		}
		return true
	}
	return c.size == other.size && within(c, other) && within(other, c)
}
