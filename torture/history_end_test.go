package torture_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"paypoint/ledger"
	"paypoint/torture/model"
	"paypoint/torture/play"
)

// finish closes every day, holds the files against the model, and the journal
// against what the tills were told.
func (h *history) finish() {
	h.turnBy(h.furthest - h.ahead + 72*time.Hour) // no day is ahead
	w := h.check.World()
	for _, day := range w.Days() {
		h.close(day.Day, true)
	}
	h.look(nil)
	for _, given := range h.codes {
		h.lookAt(given)
	}
	for _, f := range slices.Clone(h.files) {
		h.keepFile(f.day)
	}
	h.holdFiles()
	h.seen("the list of cases", h.cases(), casesOf)
	h.stop()
	code, out, errText := h.server.Run("verify")
	h.requiref(code == 0 && strings.Contains(out, "clean: "), "verify: %s%s", out, errText)
	h.agreed(h.roll.Journal(h.bookings(play.Journal(h.t, h.dir))))
}

// holdFiles holds the lines of all files together against the payments: each in
// one file, once. And each file names the one before it by its hash.
func (h *history) holdFiles() {
	var all []string
	before := strings.Repeat("0", hex.EncodedLen(sha256.Size))
	for _, f := range h.files {
		for line := range strings.Lines(f.text) {
			fields := strings.Split(strings.TrimSpace(line), "|")
			switch fields[0] {
			case "H":
				h.requiref(fields[8] == before, "the file of %s names %s as the hash of the one before, want %s", f.day, fields[8], before)
			case "D":
				// store, ref, code, amount, fee, status, late
				all = append(all, fmt.Sprint(f.day, fields[3:5], h.name(fields[5]), fields[7:9], fields[10], fields[13]))
			}
		}
		sum := sha256.Sum256([]byte(f.text))
		before = hex.EncodeToString(sum[:])
	}
	slices.Sort(all)
	h.seen("the settlement files", lines(all), filesOf)
}

func filesOf(w *model.World) string {
	var all []string
	for _, p := range w.Payments {
		status := map[model.Sale]string{model.Booked: "PAID", model.Reversed: "REVERSED"}[p.Sale]
		if status == "" {
			continue
		}
		late := "N"
		if p.Late {
			late = "Y"
		}
		all = append(all, fmt.Sprint(p.Day, []string{p.Store, p.Ref}, p.Code, []int64{p.Amount, p.Fee}, status, late))
	}
	slices.Sort(all)
	return lines(all)
}

// bookings are what a journal says of payments.
func (h *history) bookings(journal []ledger.Record) []model.Booking {
	var all []model.Booking
	of := func(code ledger.PaymentCode, ref ledger.TrackingRef) *model.Booking {
		id := model.ID{Code: h.name(string(code)), Ref: string(ref)}
		i := slices.IndexFunc(all, func(b model.Booking) bool { return b.ID == id })
		if i < 0 {
			i, all = len(all), append(all, model.Booking{ID: id})
		}
		return &all[i]
	}
	for _, r := range journal {
		switch e := r.Event.(type) {
		case ledger.Paid:
			b := of(e.Code, e.Ref)
			b.Paid, b.Receipt, b.Amount = b.Paid+1, h.receipts[e.Receipt], int64(e.Amount)
		case ledger.Reversed:
			of(e.Code, e.Ref).Reversed++
		case ledger.Buried:
			of(e.Code, e.Ref).Buried++
		}
	}
	return all
}
