package disklog

import (
	"maps"
	"slices"
)

// SectorSize is what a disk writes as a whole or not at all, in bytes.
const SectorSize = 512

// sector is never changed once it is part of a content.
type sector [SectorSize]byte

// content is what is in a file. Sectors that are not there are zeros.
type content struct {
	size    int64
	sectors map[int64]*sector
}

func (c content) clone() content {
	return content{c.size, maps.Clone(c.sectors)}
}

// write puts data at an offset, of each sector only if kept says so. A file
// grows as far as something was kept.
func (c *content) write(offset int64, data []byte, kept func() bool) {
	if c.sectors == nil {
		c.sectors = map[int64]*sector{}
	}
	for len(data) > 0 {
		number, within := offset/SectorSize, offset%SectorSize
		length := min(int64(len(data)), SectorSize-within)
		if kept() {
			changed := sector{}
			if before := c.sectors[number]; before != nil {
				changed = *before
			}
			copy(changed[within:], data[:length])
			c.sectors[number] = &changed
			c.size = max(c.size, offset+length)
		}
		offset, data = offset+length, data[length:]
	}
}

// resize cuts the content off, or lets it grow by zeros.
func (c *content) resize(size int64) {
	for number, s := range c.sectors {
		begin := number * SectorSize
		switch {
		case begin >= size:
			delete(c.sectors, number)
		case begin+SectorSize > size:
			changed := *s
			clear(changed[size-begin:])
			c.sectors[number] = &changed
		}
	}
	c.size = size
}

// bytes is the whole content.
func (c content) bytes() []byte {
	data := make([]byte, c.size)
	for number, s := range c.sectors {
		copy(data[number*SectorSize:], s[:])
	}
	return data
}

// numbers are those of the sectors that are there, in order.
func (c content) numbers() []int64 { return slices.Sorted(maps.Keys(c.sectors)) }
