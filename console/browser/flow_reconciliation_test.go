package browser_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/torture/play"
)

// faulty plants one fault of each class that a line of Indomaret's file can have.
var faulty = []string{
	"date_shift=1", "missing_at_partner=1", "missing_at_indomaret=1", "amount_mismatch=1", "fee_mismatch=1", "reversed_but_settled=1",
	"paid_but_reversed_there=1", "duplicate_in_file=1", "duplicate_payment=1", "unknown_code=1",
}

// faultyFile writes Indomaret's file of the day with all of them, and what was
// planted beside it.
func (st *story) faultyFile() (file, planted string) {
	st.site.t.Helper()
	folder := st.site.t.TempDir()
	file, planted = filepath.Join(folder, "INDOMARET_"+strings.ReplaceAll(st.Day, "-", "")+".txt"), filepath.Join(folder, "planted.jsonl")
	unpaid := filepath.Join(folder, "unpaid.txt")
	require.NoError(st.site.t, os.WriteFile(unpaid, []byte(st.Codes["open-1"]+" 30000\n"), 0o600))
	st.indomaret("settlement", "--fee-remitted", "--date", st.Day, "--out", file, "--plant", strings.Join(faulty, ","), "--unpaid", unpaid, "--planted", planted)
	return file, planted
}

// nextDay has a payment at a till on the next day, closes that day, and writes
// Indomaret's file of it, with the line that was shifted there.
func (st *story) nextDay(planted string) (day, file string) {
	st.site.t.Helper()
	st.site.Forward(24 * time.Hour)
	day = string(ledger.Day(st.Day).Next())
	st.charge("next-1", 45_000)
	st.pay("next-1", "G001T001")
	st.run("settlement", "close", day, "--early")
	file = filepath.Join(st.site.t.TempDir(), "INDOMARET_"+strings.ReplaceAll(day, "-", "")+".txt")
	st.indomaret("settlement", "--fee-remitted", "--date", day, "--out", file, "--carry", planted)
	return day, file
}

// drop gives a file to the form, and waits until all of its work is done.
func (b *tab) drop(file string) {
	b.t.Helper()
	b.visit("/reconciliation/upload")
	b.attach("#field-file", file)
	b.submit("form.upload button.primary")
	b.Until(`!document.querySelector("[data-progress]")`)
}

// classes are the rows of the bridge: by its class, how many and the difference.
func (b *tab) classes() map[string][2]string {
	b.t.Helper()
	return value[map[string][2]string](b, `Object.fromEntries([...document.querySelectorAll("table.bridge tbody tr")].map((row) =>
		[row.querySelector("th").innerText, [row.cells[1].innerText, row.cells[4].innerText]]))`)
}

// addsUp requires that the classes add up to the difference, by the figures that
// stand there.
func (b *tab) addsUp() {
	b.t.Helper()
	sum := 0
	for _, row := range b.classes() {
		sum += amount(b.t, row[1])
	}
	require.Equal(b.t, amount(b.t, b.text("p.sum span:last-of-type strong")), sum)
	require.Contains(b.t, b.text("main"), "adds up")
}

// amount reads an amount with its sign as the pages write it.
func amount(t *testing.T, text string) (n int) {
	t.Helper()
	plain := strings.NewReplacer("Rp", "", ".", "", "+", "", "−", "-", "\u00a0", "", " ", "").Replace(text)
	_, err := fmt.Sscanf(plain, "%d", &n)
	require.NoError(t, err, text)
	return n
}

// TestFlowReconcile drops Indomaret's files of two days with a fault of each class,
// and finds each of them.
func TestFlowReconcile(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.trade()
	file, planted := st.faultyFile()
	b := s.as(t, finance)
	b.emulate(plain())
	b.visit("/reconciliation")
	b.check("days without a file")
	b.follow(".actions a.primary")
	b.check("a file asked for")
	b.submit("form.upload button.primary")
	require.Equal(t, "errors", value[string](b, "document.activeElement.id"), "no file was chosen")
	b.check("no file chosen")

	b.drop(file)
	require.Contains(t, b.text("main"), "The day is not closed. The file is kept")
	b.check("file of an open day")
	st.closeDay()
	b.visit("/reconciliation/" + st.Day)
	b.check("day to be matched")
	b.submit("form[action$='/match'] button")
	b.Until(`!document.querySelector("[data-progress]")`)
	b.check("matched")
	b.visit("/reconciliation/" + st.Day)
	b.check("run")
	b.shoot("run")
	b.addsUp()
	found := b.classes()
	for _, class := range []string{
		"Amount differs", "Fee differs", "Reversed but settled", "Lost reversal", "Duplicate in the file", "Duplicate payment", "Unknown code",
	} {
		require.Equal(t, "1", found[class][0], class)
	}
	require.Equal(t, "3", found["Carried to the next day"][0], "the next day's file tells what these are")
	b.follow("table.bridge th a[href$='class=AMOUNT_MISMATCH']")
	require.Equal(t, 1, b.count("tbody tr"))
	b.check("lines of a class")

	day, next := st.nextDay(planted)
	b = s.as(t, finance)
	b.emulate(plain())
	b.drop(next)
	b.visit("/reconciliation/" + day)
	b.addsUp()
	for _, class := range []string{"Matched", "Date shift", "Missing here", "Missing at Indomaret"} {
		require.Equal(t, "1", b.classes()[class][0], class)
	}
	b.check("run of the next day")
	b.visit("/reconciliation/" + st.Day)
	b.addsUp()
	b.visit("/reconciliation")
	b.check("days with differences")
	st.drawsUpMinutes(b, day)
}

// drawsUpMinutes prints the minutes of a day and of both days, in both languages.
func (st *story) drawsUpMinutes(b *tab, day string) {
	b.t.Helper()
	b.visit("/reconciliation/" + st.Day)
	ours, theirs := b.text("p.sum span:nth-of-type(1) strong"), b.text("p.sum span:nth-of-type(2) strong")
	for language, title := range map[string]string{"en": "Minutes of reconciliation", "id": "Berita Acara Rekonsiliasi"} {
		how := plain()
		how.language = language
		for name, path := range map[string]string{
			"day": "/reconciliation/" + st.Day + "/minutes", "period": "/reconciliation/minutes?from=" + st.Day + "&to=" + day,
		} {
			b.emulate(how)
			b.visit(path)
			b.check("minutes of a " + name + " " + language)
			text := squeezed(strings.Join(b.print("minutes-"+name+"-"+language).sheets, ""))
			require.Contains(b.t, strings.ToLower(text), strings.ToLower(squeezed(title)))
			require.Contains(b.t, text, squeezed(strings.TrimPrefix(ours, "Rp")), "our side")
			require.Contains(b.t, text, squeezed(strings.TrimPrefix(theirs, "Rp")), "Indomaret's")
		}
	}
	b.emulate(plain())
}

// TestFlowBadFile: a bad file is told by line, column and reason, and nothing of
// it is taken; the same bytes are taken once; a corrected file is the next version.
func TestFlowBadFile(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.trade()
	st.closeDay()
	b := s.as(t, finance)
	b.emulate(plain())
	for name, says := range map[string][]string{
		"simulated_amount_thousands.txt":     {"2", "columns.amount", "27.500", "a fraction of a rupiah"},
		"simulated_field_too_few.txt":        {"13 fields: want 14"},
		"simulated_trailer_sum_lies.txt":     nil,
		"simulated_truncated_no_trailer.txt": nil,
		"simulated_damaged.txt.gz":           nil,
		"simulated_empty.txt":                nil,
	} {
		file, err := filepath.Abs(filepath.Join("../../testdata/partnerfile/broken", name))
		require.NoError(t, err)
		b.drop(file)
		require.Contains(t, b.text("main"), "Nothing of the file was taken.", name)
		require.Equal(t, "The file was not taken", b.text("h1"), name)
		for _, text := range says {
			require.Contains(t, b.text("table:has(#faults-caption) tbody"), text, name)
		}
		b.check(name)
		if says != nil {
			rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(b.download("a.button[href$='/faults']")), "\ufeff"))).ReadAll()
			require.NoError(t, err)
			require.Len(t, rows, b.count("table:has(#faults-caption) tbody tr")+1)
		}
	}
	_, out, _ := s.Run("reconcile", "show", st.Day, "--json")
	require.NotContains(t, out, `"version"`, "nothing was taken")

	file := st.settlementFile(t, "amount_mismatch=1")
	b.drop(file)
	require.Contains(t, b.text("main"), "1 difference needs a person. 1 new case was opened.")
	b.check("file taken")
	b.drop(file)
	require.Contains(t, b.text("main"), "These bytes are version 1 of")
	b.check("the same file again")
	b.drop(st.settlementFile(t))
	require.Contains(t, b.text("main"), "It is version 2 of")
	b.check("corrected file")
	b.shoot("corrected-file")
	b.visit("/reconciliation/" + st.Day)
	require.Equal(t, []string{"Matched", "Open cases of no payment above"}, b.texts("table.bridge tbody th"), "the first version's case is open still")
	require.Contains(t, b.text("main"), "adds up")
	b.check("run of a corrected file")
}
