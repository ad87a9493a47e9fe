package boltdb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/durable"
)

// RestoreOptions say what a ledger is restored from, and where to.
type RestoreOptions struct {
	// Backup is the file of a backup; "" for none.
	Backup string
	// Journal is the folder of a shipped journal; "" for none. One of the two is
	// needed, and without a backup the folder must begin with record 1.
	Journal string
	// Path is where the ledger file will be. Nothing may be there.
	Path string
	// Progress is told how many of the journal's records have been read: while the
	// shipped ones are replayed, and from the first again while the result is
	// verified. Nil tells nobody.
	Progress Progress
	// Finish works on the whole ledger file, which lies at path, before it appears
	// under its name. What it leaves beside the file is removed. Nil does nothing.
	Finish func(path string, done Restored) error
}

// Restored is what a restored ledger was made from, before Finish.
type Restored struct {
	// Backup is what the backup says of itself; nil where there was none.
	Backup *BackupInfo
	// FromBackup and FromJournal are how many records each gave.
	FromBackup, FromJournal uint64
	// Records is how many there are, Head the hex hash of the last one, and Last
	// when it was decided; zero where there is none.
	Records uint64
	Head    string
	Last    time.Time
	// Lacking says that the shipped journal lacks its newest files, or just their
	// beginning: its last file says that another follows. It is not taken for complete.
	Lacking bool
	// Complete says that answers waited for the shipped journal to its end, and that
	// the index which the lost ledger has left beside Path knows of no more: nothing
	// that was answered while it was shipped is missing.
	Complete bool
	// Indexed is the record to which that index had followed the lost ledger, where
	// that is more than was restored or another course of it; else 0.
	Indexed uint64
	// Torn is how many bytes of a half-written end of the shipped journal were left
	// out. It is not taken for complete then.
	Torn int64
}

// ErrNothingToRestore: neither a backup nor a shipped journal was named, or the
// folder has none.
var ErrNothingToRestore = errors.New("there is nothing to restore from")

// ErrUnfinishedRestore: a restore was begun where Open is to begin an empty
// ledger, and did not end.
var ErrUnfinishedRestore = errors.New("a restore was begun here and did not end")

// restorePath is the folder in which a ledger is restored. Opening the ledger
// removes what a killed process has left of it.
func restorePath(path string) string { return path + ".restore" }

// checkRestore makes sure that no ledger is being restored to path, nor was to be:
// an empty one that is begun there answers that it knows of no payment.
func checkRestore(path string) error {
	lock, err := lockFolder(restorePath(path), ErrLocked)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, ErrLocked):
		return fmt.Errorf("open ledger %s: %w: a restore is at work", path, ErrLocked)
	case err != nil:
		return fmt.Errorf("open ledger %s: look for a restore that is at work: %w", path, err)
	}
	return errors.Join(fmt.Errorf("open ledger %s: %w: restore once more, or remove %s", path, ErrUnfinishedRestore, restorePath(path)), lock.Close())
}

// removeRestore removes what a killed restore has left beside a ledger.
func removeRestore(path string) error {
	lock, err := lockFolder(restorePath(path), ErrLocked)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrLocked) {
		return nil // one that is at work finds that the place is taken
	}
	if err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(restorePath(path)), lock.Close())
}

// Restore makes a ledger file of a backup, of a shipped journal, or of a backup
// and the records that the journal has more. The result is verified, and
// appears under its name when all of it is on the disk; killed or failed before
// that, there is none.
// Errors: those of Unpack; ErrNothingToRestore; ErrShippedLocked while a process
// ships, ErrShippedOther, ErrShippedDamaged and ErrShippedGap of the folder;
// ErrLocked while another process restores to the same path; a *Difference,
// which the verification has found; those of Finish; fs.ErrExist and the
// system's.
func Restore(o RestoreOptions) (Restored, error) {
	done, err := restore(o)
	if err != nil {
		return Restored{}, fmt.Errorf("restore ledger %s: %w", o.Path, err)
	}
	return done, nil
}

func restore(o RestoreOptions) (done Restored, err error) {
	// Looked at first too, because a restore takes a while.
	if err := checkFree(o.Path); err != nil {
		return Restored{}, err
	}
	folder := restorePath(o.Path)
	lock, err := openRestoreFolder(folder)
	if err != nil {
		return Restored{}, err
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(folder), durable.SyncFolder(filepath.Dir(o.Path)), lock.Close())
	}()
	// Another restore may have ended while this one waited for its lock.
	if err := checkFree(o.Path); err != nil {
		return Restored{}, err
	}
	made := filepath.Join(folder, filepath.Base(o.Path))
	r := restoring{o: o, path: made}
	if err := r.make(); err != nil {
		return Restored{}, err
	}
	if o.Finish != nil {
		if err := o.Finish(made, r.done); err != nil {
			return Restored{}, err
		}
	}
	if err := inheritOwner(made); err != nil {
		return Restored{}, err
	}
	// Unlike a rename, a link never replaces a ledger that was made meanwhile.
	if err := os.Link(made, o.Path); err != nil {
		return Restored{}, err
	}
	if r.outdated {
		// Until now it was the witness that something is missing.
		err = removeIfThere(indexPath(o.Path))
	}
	return r.done, err
}

// openRestoreFolder makes an empty folder for this process.
func openRestoreFolder(folder string) (*os.File, error) {
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	var lock *os.File
	err := inheritOwner(folder)
	if err == nil {
		lock, err = lockFolder(folder, ErrLocked)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errRestoreEnded
	case err != nil:
		return nil, err
	}
	if err := emptyRestoreFolder(folder, lock); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// errRestoreEnded: the folder was removed while this process waited for its lock.
var errRestoreEnded = fmt.Errorf("%w: another restore to this place has just ended", ErrLocked)

// emptyRestoreFolder removes what a killed restore has left.
func emptyRestoreFolder(folder string, lock *os.File) error {
	locked, err := lock.Stat()
	if err != nil {
		return err
	}
	if there, err := os.Stat(lock.Name()); errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(locked, there) {
		return errRestoreEnded
	}
	if err := inheritOwner(lock.Name()); err != nil {
		return err
	}
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		if entry.Name() != lockName {
			err = errors.Join(err, os.RemoveAll(filepath.Join(folder, entry.Name())))
		}
	}
	return err
}

// inheritOwner gives a new file or folder the owner of the folder that it lies in:
// root restores what the server opens as another user, and removes if the restore
// is killed. Nobody but root can give a file away, and nobody else has to.
func inheritOwner(path string) error {
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	if err := keepOwner(path, folder); !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// restoring is a ledger file that is being made at path.
type restoring struct {
	o    RestoreOptions
	path string
	done Restored
	// outdated says that the index beside the place is not of what was made.
	outdated bool
}

// make makes the ledger file, and verifies it.
func (r *restoring) make() error {
	if r.o.Backup == "" && r.o.Journal == "" {
		return ErrNothingToRestore
	}
	if r.o.Backup != "" {
		if err := r.unpack(); err != nil {
			return err
		}
	}
	if r.o.Journal != "" {
		if err := r.replay(); err != nil {
			return err
		}
	}
	report, err := Verify(r.path, filepath.Dir(r.path), r.o.Progress)
	if err != nil {
		return err
	}
	return r.describe(report)
}

// unpack begins with the backup, in today's layout.
func (r *restoring) unpack() error {
	from, err := os.Open(r.o.Backup)
	if err != nil {
		return err
	}
	info, err := unpackUpgraded(from, r.path, r.o.Progress)
	if err = errors.Join(err, from.Close()); err != nil {
		return err
	}
	r.done.Backup, r.done.FromBackup = &info, info.Records
	return nil
}

// replay goes on with what the shipped journal has more.
func (r *restoring) replay() (err error) {
	journal, err := openShippedJournal(r.o.Journal)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, journal.close()) }()
	if r.o.Backup == "" {
		meta := journal.meta
		meta.Schema = Schema
		if err := initialize(r.path, meta); err != nil {
			return err
		}
	}
	file, err := openFile(r.path, bolt.Options{
		Timeout: time.Second, NoSync: true, FreelistType: bolt.FreelistMapType, InitialMmapSize: initialMap,
	})
	if err != nil {
		return err
	}
	err = guard(func() error { return r.follow(file, journal) })
	if err == nil {
		err = file.db.Sync()
	}
	return errors.Join(err, file.db.Close())
}

// follow replays the shipped journal from where the file ends.
func (r *restoring) follow(file openedFile, journal *shippedJournal) error {
	play, err := newReplay(file.meta, file.db, r.o.Progress)
	if err != nil {
		return err
	}
	play.each = func(into *bolt.Tx, c carried) error { return c.put(into) }
	err = file.db.View(func(tx *bolt.Tx) (err error) {
		play.head, err = readHead(tx)
		return err
	})
	if err != nil {
		return err
	}
	after := play.head
	if err := journal.seek(file.meta, after); err != nil {
		return err
	}
	if err := play.follow(journal, journal.end.last.seq); err != nil {
		return err
	}
	end := journal.end
	r.done.FromJournal, r.done.Torn, r.done.Lacking = play.head.seq-after.seq, end.torn, end.followed
	r.done.Complete = end.header.Waited && end.torn == 0 && !end.followed && journal.last.seq == play.head.seq
	if journal.last.seq < after.seq {
		return file.db.View(func(tx *bolt.Tx) error { return checkShipped(tx, journal.last, after) })
	}
	if r.o.Backup == "" {
		// Due rows that the sweeper has attended to are not told from the others.
		return play.clearDue()
	}
	return nil
}

// describe says what was made.
func (r *restoring) describe(report Report) error {
	r.done.Records, r.done.Head = report.Records, report.Head
	file, err := openFile(r.path, bolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return err
	}
	err = file.db.View(func(tx *bolt.Tx) error {
		info, err := describe(tx)
		r.done.Last = info.Last
		if err == nil {
			err = r.ask(tx)
		}
		return err
	})
	return errors.Join(err, file.db.Close())
}

// ask holds what was made against the index that the lost ledger has left.
func (r *restoring) ask(tx *bolt.Tx) error {
	followed, err := readIndexHead(indexPath(r.o.Path))
	if err != nil {
		return nil // it says nothing, and is built anew
	}
	last, err := readHead(tx)
	if err != nil {
		return err
	}
	if r.outdated = checkFollowed(tx, followed, last) != nil; r.outdated {
		r.done.Indexed, r.done.Complete = followed.seq, false
	}
	return nil
}
