package disklog_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	. "paypoint/torture/disklog"
)

// fates is how often each thing is left of many cuts at the end of a log; "-" is
// a file that is not there.
func fates(t *testing.T, log Log, file string, lies func(int) bool) map[string]int {
	t.Helper()
	seen := map[string]int{}
	for seed := range uint64(200) {
		image, err := log.Cut(len(log.Events), rand.New(rand.NewPCG(seed, 0)), lies)
		require.NoError(t, err)
		data, found := image.File(file)
		if !found {
			seen["-"]++
			continue
		}
		seen[string(data)]++
	}
	return seen
}

// made is a file that was made, written and synchronised, and so was its folder.
func made() []Event {
	return []Event{
		{Kind: Opened, File: 1, Path: "a", Flags: Flags{Create: true}},
		{Kind: Written, File: 1, Offset: AtPosition, Data: []byte("old")},
		{Kind: Synced, File: 1, Since: 2},
		{Kind: Opened, File: 2, Path: "."},
		{Kind: Synced, File: 2, Since: 4},
	}
}

func TestWhatIsSynchronisedStays(t *testing.T) {
	t.Parallel()
	require.Equal(t, map[string]int{"old": 200}, fates(t, Log{Events: made()}, "a", Truthful))
}

func TestANameIsLostWithoutItsFolder(t *testing.T) {
	t.Parallel()
	seen := fates(t, Log{Events: made()[:3]}, "a", Truthful)
	require.Positive(t, seen["-"])
	require.Positive(t, seen["old"])
	require.Len(t, seen, 2)
}

func TestADiskThatLiesLosesWhatWasSynchronised(t *testing.T) {
	t.Parallel()
	seen := fates(t, Log{Events: made()}, "a", func(event int) bool { return event == 2 })
	require.Positive(t, seen[""], "the name is there, its content is not: %v", seen)
	require.Positive(t, seen["old"])
}

func TestAWriteIsThereOrNotOrTorn(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte("n"), 3*SectorSize)
	seen := fates(t, Log{Events: append(made(), Event{Kind: Written, File: 1, Offset: 0, Data: long})}, "a", Truthful)
	require.Positive(t, seen["old"], "lost")
	require.Positive(t, seen[string(long)], "whole")
	torn := "old" + string(make([]byte, SectorSize-3)) + string(long[:SectorSize])
	require.Positive(t, seen[torn], "only the second sector")
	require.LessOrEqual(t, len(seen), 8, "sectors are never torn")
}

func TestAWriteThatBeganBeforeASyncIsPartOfIt(t *testing.T) {
	t.Parallel()
	during := append(made(),
		Event{Kind: Written, File: 1, Offset: 0, Data: []byte("in ")},
		Event{Kind: Written, File: 1, Offset: 3, Data: []byte("not in")},
		Event{Kind: Synced, File: 1, Since: 6},
	)
	seen := fates(t, Log{Events: during}, "a", Truthful)
	require.Positive(t, seen["in "])
	require.Positive(t, seen["in not in"])
	require.Len(t, seen, 2)
}

func TestARenameIsWholeOrNot(t *testing.T) {
	t.Parallel()
	log := Log{Events: append(made(), Event{Kind: Renamed, Path: "a", To: "b"})}
	for seed := range uint64(50) {
		image, err := log.Cut(len(log.Events), rand.New(rand.NewPCG(seed, 0)), Truthful)
		require.NoError(t, err)
		require.Len(t, image.Files(), 1)
	}
	require.Positive(t, fates(t, log, "a", Truthful)["old"])
	require.Positive(t, fates(t, log, "b", Truthful)["old"])
}

func TestALinkAndARemoval(t *testing.T) {
	t.Parallel()
	log := Log{Events: append(made(),
		Event{Kind: Linked, Path: "a", To: "b"}, Event{Kind: Removed, Path: "a"}, Event{Kind: Synced, File: 2, Since: 7})}
	require.Equal(t, map[string]int{"old": 200}, fates(t, log, "b", Truthful))
	require.Equal(t, map[string]int{"-": 200}, fates(t, log, "a", Truthful))
}

func TestAResizeIsThereOrNot(t *testing.T) {
	t.Parallel()
	log := Log{Events: append(made(), Event{Kind: Resized, File: 1, Size: 1})}
	seen := fates(t, log, "a", Truthful)
	require.Positive(t, seen["o"])
	require.Positive(t, seen["old"])
	log.Events = append(log.Events, Event{Kind: Synced, File: 1, Since: 6})
	require.Equal(t, map[string]int{"o": 200}, fates(t, log, "a", Truthful))
}

func TestALogThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]Event{
		"not there":    {Kind: Opened, File: 1, Path: "a"},
		"not open":     {Kind: Written, File: 7, Data: []byte("x")},
		"no folder":    {Kind: FolderMade, Path: "a/b"},
		"moved is not": {Kind: Renamed, Path: "a", To: "b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Log{Events: []Event{event}}.Whole(1)
			require.Error(t, err)
		})
	}
}
