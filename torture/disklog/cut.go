package disklog

import (
	"fmt"
	"maps"
	"math/rand/v2"
)

// Truthful is the disk whose synchronisations are what they say.
func Truthful(int) bool { return false }

// Cut plays the first events of a log, loses the power, and is what is left on
// the disk. random chooses what became of all that was under way. lies says, of
// the event of a synchronisation, that the disk took it for nothing. Error: the
// log does not fit what was in the folder before.
func (l Log) Cut(events int, random *rand.Rand, lies func(event int) bool) (Image, error) {
	d, err := l.play(events, lies)
	if err != nil {
		return Image{}, err
	}
	return d.cut(random), nil
}

// Whole is the folder as the process sees it after the first events, with no
// loss. Error: as Cut's.
func (l Log) Whole(events int) (Image, error) {
	d, err := l.play(events, Truthful)
	if err != nil {
		return Image{}, err
	}
	image := Image{files: map[string]content{}}
	tree(&image, "", d.root.now.names, func(n *node) state { return n.now })
	return image, nil
}

func (l Log) play(events int, lies func(event int) bool) (*disk, error) {
	d, err := newDisk(l.Before, lies)
	if err != nil {
		return nil, fmt.Errorf("what was there before: %w", err)
	}
	for index, e := range l.Events[:events] {
		if err := d.play(index, e); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// cut is what is safe, with a random part of what is not.
func (d *disk) cut(random *rand.Rand) Image {
	left := map[*node]state{}
	of := func(n *node) state {
		s, known := left[n]
		if !known {
			s = state{content: n.safe.content.clone(), names: maps.Clone(n.safe.names)}
			left[n] = s
		}
		return s
	}
	for _, c := range d.pending {
		fate := random.IntN(3)
		if fate == 0 {
			continue // lost
		}
		if c.file == nil {
			for _, one := range c.names {
				set(of(one.folder).names, one.name, one.node)
			}
			continue
		}
		kept := always
		if fate == 1 { // torn
			kept = func() bool { return random.IntN(2) == 0 }
		}
		s := of(c.file)
		c.apply(&s.content, kept)
		left[c.file] = s
	}
	image := Image{files: map[string]content{}}
	tree(&image, "", of(d.root).names, of)
	return image
}
