package main

import (
	"path/filepath"
	"time"
)

// Journal says where the journal's records go besides the ledger.
type Journal struct {
	// ShipDir takes each committed record: a folder on another disk, or a mount of
	// another host. Empty ships nothing.
	ShipDir string `yaml:"ship_dir"`
	// Wait lets every answer wait until its records are on that disk too.
	Wait bool `yaml:"wait"`
}

// SelfCheck is the ledger's verification that the server does by itself.
type SelfCheck struct {
	// At is the time of day, in WIB; unset does none.
	At TimeOfDay `yaml:"at"`
}

// defaultSelfCheck is at an hour at which few buy.
func defaultSelfCheck() SelfCheck {
	return SelfCheck{At: TimeOfDay{sinceMidnight: 3*time.Hour + 30*time.Minute, set: true}}
}

func (r *configReader) checkJournal() {
	const key = "journal.ship_dir"
	j := r.cfg.Journal
	switch {
	case j.ShipDir == "" && j.Wait:
		r.fault("journal.wait", "true: needs journal.ship_dir to wait for")
	case j.ShipDir == "":
	case r.cfg.Store == memoryURL:
		r.fault(key, "store %s has no journal to ship", memoryURL)
	case !filepath.IsAbs(j.ShipDir):
		r.fault(key, "%q: want a path from the root on, such as /mnt/other-disk/journal", j.ShipDir)
	case isInside(j.ShipDir, r.cfg.DataDir):
		r.fault(key, "lies in data_dir: what is lost with the ledger restores nothing")
	}
}
