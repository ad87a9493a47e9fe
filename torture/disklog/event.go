package disklog

// Kind is what an event does.
type Kind int

// What a process does to its files, and says. The comments name the fields that
// count.
const (
	// Opened: File is Path from now on; Flags say how.
	Opened Kind = iota + 1
	// Written: Data to File at Offset, or at AtPosition.
	Written
	// Sought: File's position is Offset.
	Sought
	// Resized: File has Size.
	Resized
	// Synced: what was done to File before the event Since is on the disk.
	Synced
	// Linked: the file Path is also To.
	Linked
	// Renamed: Path is To.
	Renamed
	// Removed: Path is gone.
	Removed
	// FolderMade: Path is a new folder.
	FolderMade
	// Sent: Data went out on the socket Socket.
	Sent
)

// Flags are how a file was opened.
type Flags struct {
	// Create makes the file where there is none, Empty empties it, Append puts
	// every write at its end.
	Create, Empty, Append bool
}

// AtPosition is the Offset of what is written where the last write ended, or at
// the file's end if it was opened so.
const AtPosition int64 = -1

// Event is one thing that a process did, in the order in which it was over. What
// is sent stands where it began: from there somebody may have heard it.
type Event struct {
	Kind Kind
	// File numbers the openings: another opening of the same file has another.
	File int
	// Path and To are below the folder, with slashes; the folder itself is ".".
	Path, To string
	Flags    Flags
	Offset   int64
	Size     int64
	Data     []byte
	// Since is the index of the first event that came after a synchronisation had
	// begun, which need not be part of it.
	Since  int
	Socket string
}

// Log is what was recorded of one process.
type Log struct {
	// Before is what was in the folder, all of it on the disk, before the first event.
	Before Image
	Events []Event
}
