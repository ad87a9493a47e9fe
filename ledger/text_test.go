package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// oddTexts look like others to who reads them on a terminal or a page.
var oddTexts = map[string]string{
	"escape":             "fine\x1b[31m",
	"null":               "fine\x00",
	"carriage return":    "reject\rapprove",
	"backspace":          "1000\b",
	"tab":                "a\tb",
	"delete":             "a\x7f",
	"C1 control":         "a\u009b31m",
	"right to left":      "\u202eevil",
	"isolate":            "a\u2066b",
	"left-to-right mark": "a\u200eb",
	"zero width":         "si\u200bti",
	"byte order mark":    "\ufeffsiti",
	"line separator":     "a\u2028b",
	"soft hyphen":        "a\u00adb",
	"private use":        "a\ue000b",
	"broken UTF-8":       "caf\xe9",
}

// writing is every text that people write into a ledger. In lines says whether
// it may have several.
type writing struct {
	write func(w *world, c ledger.Case, text string) error
	lines bool
}

func writings(t *testing.T) map[string]writing {
	return map[string]writing{
		"note": {func(w *world, c ledger.Case, text string) error {
			_, err := w.service.NoteCase(t.Context(), c.ID, proposer, text)
			return err
		}, true},
		"why": {func(w *world, c ledger.Case, text string) error {
			_, err := w.service.Propose(t.Context(), c.ID, ledger.Proposal{Act: ledger.ActAccept, Why: text, By: proposer})
			return err
		}, true},
		"why of a rejection": {func(w *world, c ledger.Case, text string) error {
			_, err := w.propose(c.ID, ledger.ActAccept, 0)
			require.NoError(t, err)
			w.written()
			_, err = w.service.Withdraw(t.Context(), c.ID, approver, text)
			return err
		}, true},
		"owner": {func(w *world, c ledger.Case, text string) error {
			_, err := w.service.AssignCase(t.Context(), c.ID, proposer, text)
			return err
		}, false},
		"by": {func(w *world, c ledger.Case, text string) error {
			_, err := w.service.NoteCase(t.Context(), c.ID, text, "seen")
			return err
		}, false},
		"approver": {func(w *world, c ledger.Case, text string) error {
			c, err := w.propose(c.ID, ledger.ActAccept, 0)
			require.NoError(t, err)
			w.written()
			_, err = w.service.Approve(t.Context(), c.ID, ledger.Approval{Seq: c.Proposal.Seq, By: text})
			return err
		}, false},
		"class": {func(w *world, _ ledger.Case, text string) error {
			_, err := w.service.OpenCases(t.Context(), "matcher", []ledger.NewCase{{Class: text, Theirs: 1}})
			return err
		}, false},
		"note of what was found": {func(w *world, _ ledger.Case, text string) error {
			_, err := w.service.OpenCases(t.Context(), "matcher", []ledger.NewCase{{Class: "NEW", Theirs: 1, Note: text}})
			return err
		}, true},
		"note of a transfer": {func(w *world, _ ledger.Case, text string) error {
			transfer := transferOf("TRF-1", 1)
			transfer.Note = text
			_, err := w.service.RecordTransfer(t.Context(), transfer)
			return err
		}, true},
		"who recorded a transfer": {func(w *world, _ ledger.Case, text string) error {
			transfer := transferOf("TRF-1", 1)
			transfer.By = text
			_, err := w.service.RecordTransfer(t.Context(), transfer)
			return err
		}, false},
		"reference of a transfer": {func(w *world, _ ledger.Case, text string) error {
			_, err := w.service.RecordTransfer(t.Context(), transferOf(text, 1))
			return err
		}, false},
	}
}

// Nobody writes what an approver sees as something else.
func TestOddCharacters(t *testing.T) {
	t.Parallel()
	for name, writing := range writings(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for odd, text := range oddTexts {
				w := setup(t)
				c := w.openCase(ledger.NewCase{Class: planted})
				w.written()
				require.ErrorIs(t, writing.write(w, c, text), ledger.ErrText, odd)
				require.Empty(t, w.written(), odd)
			}
		})
	}
}

// A text in any language may have lines; a name is one line.
func TestTextsWithLines(t *testing.T) {
	t.Parallel()
	for name, writing := range writings(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			c := w.openCase(ledger.NewCase{Class: planted})
			w.written()
			err := writing.write(w, c, "siti\nbudi")
			if writing.lines {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ledger.ErrText)
			require.Empty(t, w.written())
		})
	}
	w := setup(t)
	c := w.openCase(ledger.NewCase{Class: planted})
	for _, text := range []string{"toko \"Maju\" – café, 店, Ωμ, ทดสอบ", "a\u0301", "=1+1", "1 < 2 & 'x'"} {
		_, err := w.service.NoteCase(t.Context(), c.ID, proposer, text)
		require.NoError(t, err, text)
	}
}
