package main

import (
	"fmt"
	"os"
	"time"
)

// progressLine tells a person what is being run.
type progressLine struct {
	to      *os.File
	started time.Time
	rewrite bool // one line that changes, instead of many
}

// show tells that run done+1 of total begins.
func (p progressLine) show(done, total int, h heat) {
	left := ""
	if done > 0 {
		rest := time.Since(p.started) / time.Duration(done) * time.Duration(total-done)
		left = ", about " + rest.Round(time.Second).String() + " left"
	}
	begin, end := "", "\n"
	if p.rewrite {
		begin, end = "\r\x1b[K", "" // back to the start of the line, and clear it
	}
	fmt.Fprintf(p.to, "%srun %d of %d: %s, %s, %s codes, %s%s%s", begin, done+1, total, h.part, h.contender.name, grouped(h.codes), clientsOf(h.clients), left, end)
}

// end leaves the terminal with an empty line.
func (p progressLine) end() {
	if p.rewrite {
		fmt.Fprint(p.to, "\r\x1b[K")
	}
}

// isTerminal says whether a person may be reading the file.
func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
