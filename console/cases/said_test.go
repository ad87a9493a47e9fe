package cases_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
)

// sides is a finding as a note has it.
const sides = "Ours: paid, Rp 70000, fee 500, store T001, journal record 12345 of 2026-11-20; Indomaret's: reversed, Rp 70100, fee 0, line 3 of 2026-11-21"

// What the program writes into a case stands there in the person's language: where it
// was found, in its history, in lists and beside proposals. The ledger and exports
// keep it as it was written.
func TestNotesOfTheProgramInThePersonsLanguage(t *testing.T) {
	t.Parallel()
	d := setup(t)
	c := found("AMOUNT_MISMATCH", d.paid(), 50_000, 71_500)
	c.Note = "Found by matching 2026-11-20 with version 2 of Indomaret's file. " + sides + "; they differ in: amount, state."
	id := d.open(c)[0]
	const newer = "Case 1234 was found later of the same payment."
	_, err := d.Ledger.NoteCase(t.Context(), id, "finance", newer)
	require.NoError(t, err)
	const restored = "The ledger was restored without it: it is as Indomaret's file of 2026-11-20 has it."
	_, err = d.Ledger.Propose(t.Context(), id, ledger.Proposal{Act: ledger.ActAccept, Why: restored, By: "finance"})
	require.NoError(t, err)

	const opened = "Ditemukan saat mencocokkan 20 Nov 2026 dengan versi 2 berkas Indomaret. " +
		"Kami: lunas, Rp70.000, biaya Rp500, gerai T001, catatan jurnal 12345 tanggal 20 Nov 2026; Indomaret: dibatalkan, Rp70.100, biaya Rp0, baris 3 tanggal 21 Nov 2026. " +
		"Yang berbeda: jumlah, lunas atau dibatalkan."
	const why = "Buku besar dipulihkan tanpa pembayaran ini: isinya menurut berkas Indomaret tanggal 20 Nov 2026."
	approver := d.As(access.RoleApprover)
	approver.Header = http.Header{"Accept-Language": {"id"}}
	read := func(path string) string {
		main := approver.Get(path).Find("main")
		main.Find("script").Remove()
		return strings.ReplaceAll(strings.Join(strings.Fields(main.Text()), " "), "\u00a0", "")
	}
	require.Equal(t, 2, strings.Count(read(pathOf(id)), opened), "where it was found, and in its history")
	require.Contains(t, read(pathOf(id)), "Kasus 1234 ditemukan kemudian")
	require.Contains(t, read(pathOf(id)), why)
	require.Contains(t, read(pathOf(id, "/approve")), why)
	require.Contains(t, read("/cases/approve?case="+ids(id)[0]), why)
	require.Contains(t, read("/cases?tab=approval"), "Kasus 1234 ditemukan kemudian")
	for _, path := range []string{pathOf(id), pathOf(id, "/approve"), "/cases?tab=approval"} {
		require.NotContains(t, read(path), "was found", path)
		require.NotContains(t, read(path), "Indomaret's", path)
	}
	require.Contains(t, string(approver.Try("/cases.csv?tab=approval").Body), newer)
	require.Equal(t, c.Note, d.caseNow(id).Note)
	approver.Header = nil
	require.Contains(t, read(pathOf(id)), "Case 1234 was found later of the same payment.")
	require.Contains(t, read(pathOf(id)), "Ours: paid, Rp70.000, fee Rp500, store T001, journal record 12345 of 20 Nov 2026;")
}

// Each thing that the program says has words, and what else stands in a note is left
// as it is.
func TestEachNoteOfTheProgramIsTranslated(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.missing()
	notes := map[string]string{
		"Found in Indomaret's file of 2026-11-19, matching 2026-11-20 with version 1: DATE_SHIFT. Ours: none; Indomaret's: none; the code was never given out.":                                "Ditemukan di berkas Indomaret tanggal 19 Nov 2026, saat mencocokkan 20 Nov 2026 dengan versi 1: Beda hari. Kami: tidak ada; Indomaret: tidak ada. Kode tidak pernah diterbitkan.",
		"By the books Indomaret owes Rp -20000 for this payment, with all corrections and fees, and its files have Rp 30.":                                                                     "berutang -Rp20.000 untuk",
		"The case's sum is not all: Indomaret's lines of this payment come to Rp 5 and fees of Rp 6, more than a case can have.":                                                               "berjumlah Rp5 dengan biaya Rp6",
		"Matching 2026-11-20 again, with version 3 of Indomaret's file, finds this 0 times instead of 2.":                                                                                      "ini ditemukan 0 kali, sebelumnya 2 kali",
		"Matching 2026-11-20 with version 2 of Indomaret's file, the difference is gone: its files have Rp 1 for this payment (Rp 2 when the case was opened), and it owes Rp 3 by the books.": "(Rp2 saat kasus dibuka), dan menurut pembukuan utangnya Rp3",
		"what case 7 has left": "what case 7 has left", "bank transfer came late": "bank transfer came late", // opening notes alone have these sentences
		"I asked. Case 7 was found later of the same payment.": "I asked. Case 7 was found later of the same payment.",
		sides + "; a thing of tomorrow.":                       "21 Nov 2026. a thing of tomorrow.",
	}
	for note := range notes {
		_, err := d.Ledger.NoteCase(t.Context(), id, "finance", note)
		require.NoError(t, err)
	}
	finance := d.As(access.RoleFinance)
	finance.Header = http.Header{"Accept-Language": {"id"}}
	page := strings.ReplaceAll(strings.Join(strings.Fields(finance.Get(pathOf(id)).Find("main").Text()), " "), "\u00a0", "")
	for note, want := range notes {
		require.Contains(t, page, want, note)
	}
}
