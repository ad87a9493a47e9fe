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
	r := made.Recovery
	switch {
	case made.Complete && r == nil:
		return []string{"Missing: nothing that was answered while the journal was shipped. Every answer waited for it, and it was read to its end."}
	case made.Complete:
		return []string{
			"Missing: nothing that was answered since the ledger was restored the last time, " + wibTime(r.Until) + ".",
			"It was in recovery when it was lost, and still is: what was missing then is not signed off yet.",
		}
	}
	since := "from the beginning"
	if r.Seq > 0 {
		since = fmt.Sprintf("after record %d, decided %s,", r.Seq, wibTime(r.Since))
	}
	return []string{
		fmt.Sprintf("Missing: all that was decided %s until now, %s.", since, wibTime(r.Until)),
		"Tills may have been told that payments of that time are booked, and merchants that they are paid.",
		"So the ledger is in recovery: inquiries and new payments get 90, what may have been booked gets no answer.",
	}
}

// steps are what is to be done, in order.
func (made *restoredLedger) steps() []string {
	var steps []string
	if made.NoMasterKey != "" {
		steps = append(steps, "put the copy of the master key back, the server does not start without it: "+made.NoMasterKey)
	}
	if made.FirstDay != "" {
		steps = append(steps, fmt.Sprintf("set schedule.settle.first_day and schedule.reconcile.first_day to %s, which may be open again: earlier days would be mailed again", made.FirstDay))
	}
	steps = append(steps, "start the server")
	if made.Recovery == nil {
		return append(steps, "paypoint verify, and paypoint backup: a new one")
	}
	return append(steps,
		"paypoint recovery show: what is missing, by business day",
		"paypoint recovery import FILE: Indomaret's settlement file of each of these days",
		"paypoint recovery sign-off --why TEXT, by another person: then it serves again",
		"paypoint backup: a new one",
	)
}
