package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"paypoint/ledger"
	"paypoint/notify"
	"paypoint/soap"
	"paypoint/store/boltdb"
)

const (
	// wireTime is how the wire log's lines begin: as text they sort by time.
	wireTime = `{"time":"2006-01-02T15:04:05.000000Z07:00"`
	// maxWireLine bounds a line of the wire log in bytes; fields are far shorter.
	maxWireLine = 1 << 20
	// maxAnswered bounds the answers that are looked up in the ledger. One that it
	// does not know is enough.
	maxAnswered = 100_000
	// journalPage is how many journal records are read at a time.
	journalPage = 10_000
)

// witnesses are the files that the server keeps beside its ledger. They outlive a
// ledger whose file alone is lost, and know whether it went on without the folder
// that it was restored from, which looks complete all the same.
type witnesses struct {
	folder string // the data directory
	wire   string // the wire log's
	ledger ledger.Reader
	done   boltdb.Restored
}

// ask asks them. known says which know of what the restored ledger lacks, and
// unread which could not be asked: nobody knows what these would have said, and the
// disk that took the ledger has often damaged them too. Errors are the ledger's.
func (w witnesses) ask(ctx context.Context) (known, unread []string, err error) {
	for _, each := range []struct {
		name string
		ask  func() (string, error)
	}{
		{notify.HistoryFile, w.notified},
		{upkeepName, w.checked},
		{"wire log", func() (string, error) { return w.answered(ctx) }},
	} {
		says, err := each.ask()
		switch {
		case errors.Is(err, errRestored):
			return known, unread, err
		case err != nil:
			unread = append(unread, fmt.Sprintf("%s: %v", each.name, err))
		case says != "":
			known = append(known, each.name+" "+says)
		}
	}
	return known, unread, nil
}

// errRestored: the restored ledger itself can't be read.
var errRestored = errors.New("read the restored ledger")

// notified goes by the newest change that a merchant was told of.
func (w witnesses) notified() (string, error) {
	seq, err := notify.NewestNotice(filepath.Join(w.folder, notify.HistoryFile))
	if err != nil || seq <= w.done.Records {
		return "", err
	}
	return fmt.Sprintf("has told a merchant of record %d", seq), nil
}

// checked goes by the last self-check.
func (w witnesses) checked() (string, error) {
	var kept upkeepRecord
	text, err := readLimited(filepath.Join(w.folder, upkeepName), maxConfigBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err == nil {
		err = json.Unmarshal(text, &kept)
	}
	if err != nil || kept.SelfCheck == nil || kept.SelfCheck.Records <= w.done.Records {
		return "", err
	}
	return fmt.Sprintf("has checked %d records at %s", kept.SelfCheck.Records, wibTime(kept.SelfCheck.At)), nil
}

// answer is a message that was answered 00: what was booked by it is in the ledger.
type answer struct {
	operation soap.Operation
	ref       ledger.TrackingRef
}

// answered goes by the payments and reversals that were answered 00 since the last
// record. The answer to a repeated message is one to an older record, so each is
// looked for in the whole journal.
func (w witnesses) answered(ctx context.Context) (string, error) {
	answers, err := w.answersSince()
	if err != nil || len(answers) == 0 {
		return "", err
	}
	if err := w.forget(ctx, answers); err != nil {
		return "", fmt.Errorf("%w: %w", errRestored, err)
	}
	if len(answers) == 0 {
		return "", nil
	}
	first := slices.MinFunc(slices.Collect(maps.Keys(answers)), func(a, b answer) int { return answers[a].Compare(answers[b]) })
	return fmt.Sprintf("has an answer 00 of %s to a %s with TrackingRef %s, which is not in the ledger", wibTime(answers[first]), first.operation, first.ref), nil
}

// answersSince are those since the last record, with their times.
func (w witnesses) answersSince() (map[answer]time.Time, error) {
	files, err := filepath.Glob(filepath.Join(w.wire, "wire-*.jsonl"))
	if err != nil {
		return nil, err
	}
	// A file is named by its day of WIB.
	oldest := "wire-" + w.done.Last.In(ledger.WIB).Format(time.DateOnly)
	answers := map[answer]time.Time{}
	for _, file := range files {
		if filepath.Base(file) < oldest {
			continue
		}
		if err := w.addAnswers(answers, file); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// addAnswers adds those of one file of the wire log.
func (w witnesses) addAnswers(answers map[answer]time.Time, path string) error {
	file, err := os.Open(path) // #nosec G304 -- a file of our own folder
	if err != nil {
		return err
	}
	defer file.Close()
	since := []byte(w.done.Last.In(ledger.WIB).Format(wireTime))
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxWireLine)
	for lines.Scan() && len(answers) < maxAnswered {
		if bytes.Compare(lines.Bytes(), since) < 0 {
			continue
		}
		var line struct {
			Time      time.Time      `json:"time"`
			Operation soap.Operation `json:"operation"`
			Code      string         `json:"response_code"`
			Request   struct {
				// Ref is text, or a digest where it broke its rule.
				Ref any `json:"tracking_ref"`
			} `json:"request"`
		}
		// A crash may have torn a line.
		if json.Unmarshal(lines.Bytes(), &line) != nil || line.Code != soap.CodeSuccess || line.Operation == soap.Inquiry {
			continue
		}
		if ref, isText := line.Request.Ref.(string); isText {
			answers[answer{line.Operation, ledger.TrackingRef(ref)}] = line.Time
		}
	}
	return lines.Err()
}

// forget takes out of answers what the ledger has.
func (w witnesses) forget(ctx context.Context, answers map[answer]time.Time) error {
	for after := uint64(0); after < w.done.Records && len(answers) > 0; after += journalPage {
		records, err := w.ledger.Records(ctx, after, journalPage)
		if err != nil {
			return err
		}
		for _, r := range records {
			switch e := r.Event.(type) {
			case ledger.Paid:
				delete(answers, answer{soap.Payment, e.Ref})
			case ledger.Reversed:
				delete(answers, answer{soap.Reversal, e.Ref})
			case ledger.Buried:
				delete(answers, answer{soap.Reversal, e.Ref})
			case ledger.Adjusted: // booked or taken back by finance, and repeated by a till
				delete(answers, answer{soap.Payment, e.Ref})
				delete(answers, answer{soap.Reversal, e.Ref})
			}
		}
	}
	return nil
}
