package main

import (
	"fmt"
	"strings"
)

// printRestored says in words what is in a restored ledger, what is not, and
// what to do.
func (s *session) printRestored(made restoredLedger) error {
	s.printf("%s: %s\n", made.File, made.contents())
	if made.Backup != nil {
		s.printf("the backup was taken %s\n", wibTime(made.Backup.Taken))
	}
	if made.Records > 0 {
		s.printf("the last record was decided %s; head %s\n", wibTime(made.Last), made.Head)
	}
	if made.Torn > 0 {
		s.printf("left out: %d bytes of a half-written end of the shipped journal\n", made.Torn)
	}
	s.printf("\n")
	for _, line := range made.missing() {
		s.printf("%s\n", line)
	}
	for _, name := range made.SetAside {
		s.printf("set aside, as it tells of the lost ledger: %s\n", name)
	}
	s.printf("\nDo next:\n")
	for i, step := range made.steps() {
		s.printf("  %d. %s\n", i+1, step)
	}
	return nil
}

// contents is where the records came from.
func (made *restoredLedger) contents() string {
	var parts []string
	if made.Backup != nil {
		parts = append(parts, fmt.Sprintf("%d of the backup", made.FromBackup))
	}
	if made.Backup == nil || made.FromJournal > 0 {
		parts = append(parts, fmt.Sprintf("%d of the shipped journal", made.FromJournal))
	}
	return fmt.Sprintf("%d records, %s", made.Records, strings.Join(parts, " and "))
}

// missing is what the ledger lacks, line by line.
func (made *restoredLedger) missing() []string {
	lines := made.doubts()
	r := made.Recovery
	switch {
	case made.Complete && r == nil:
		return append(lines,
			"Missing: nothing that was answered until "+made.until()+", nor later if every answer waited for this folder, as those in it did.",
			"If the server ran after that without this folder (journal.wait off, another folder, its disk away), it is missing, and only",
			"you know: then move this ledger away before it is started, and restore again with --incomplete.")
	case made.Complete:
		return append(lines,
			"Missing: nothing that was answered since the ledger was restored the last time, "+wibTime(r.Until)+".",
			"It was in recovery when it was lost, and still is: what was missing then is not signed off yet.")
	}
	since := "from the beginning"
	if r.Seq > 0 {
		since = fmt.Sprintf("after record %d, decided %s,", r.Seq, wibTime(r.Since))
	}
	return append(lines,
		fmt.Sprintf("Missing: all that was decided %s until now, %s.", since, wibTime(r.Until)),
		"Tills may have been told that payments of that time are booked, and merchants that they are paid.",
		"So the ledger is in recovery: inquiries and new payments get 90, what may have been booked gets no answer.")
}

// until is the end of what was restored.
func (made *restoredLedger) until() string {
	if made.Records == 0 {
		return "the first record"
	}
	return fmt.Sprintf("%s, when record %d was decided", wibTime(made.Last), made.Records)
}

// revokedSince is how old what the ledger knows of persons and keys may be.
func (made *restoredLedger) revokedSince() string {
	if made.Recovery.Since.IsZero() {
		return "the beginning"
	}
	return wibTime(made.Recovery.Since)
}

// doubts is who contradicts the folder, and who could not be asked.
func (made *restoredLedger) doubts() []string {
	var lines []string
	for _, says := range made.Witnesses {
		lines = append(lines, "The lost ledger had more than what was restored: "+says+".")
	}
	for _, why := range made.Unread {
		lines = append(lines, "Could not be asked how far the lost ledger had come: "+why)
	}
	if made.Lacking {
		lines = append(lines, "The shipped journal lacks its newest files: the last one that is there says that another follows.")
	}
	if made.Asked {
		lines = append(lines, "Taken for incomplete, as was asked for.")
	}
	return lines
}

// steps are what is to be done, in order.
func (made *restoredLedger) steps() []string {
	var steps []string
	if made.RootsFolder != "" {
		steps = append(steps, "give the data directory, which was made as root, to the user that serves: chown -R USER "+made.RootsFolder)
	}
	if made.NoMasterKey != "" {
		steps = append(steps, "put the copy of the master key back, the server does not start without it: "+made.NoMasterKey)
	}
	if made.FirstDay != "" {
		steps = append(steps, fmt.Sprintf("set schedule.settle.first_day and schedule.reconcile.first_day to %s, which may be open again: earlier days would be mailed again", made.FirstDay))
	}
	if made.Recovery == nil {
		return append(steps, "start the server", "paypoint verify, and paypoint backup: a new one")
	}
	return append(steps,
		"start the server",
		fmt.Sprintf("do again what was revoked since %s: persons who left, server keys that were changed, notification addresses", made.revokedSince()),
		"paypoint recovery show: what is missing, by business day",
		"paypoint recovery import FILE: Indomaret's settlement file of each of these days",
		"paypoint recovery sign-off --why TEXT, by another person: then it serves again",
		"paypoint backup: a new one",
	)
}
