package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// aBusyDay is a journal of 22 November with 30 payments in force, 6 taken back,
// and a few that are in no file.
func aBusyDay(t *testing.T, c *counter) {
	t.Helper()
	stories := []string{"p00", "p00"} // the evening before
	for range 30 {
		stories = append(stories, "p00")
	}
	for range 6 {
		stories = append(stories, "p00 r00")
	}
	writeJournal(t, c.journal, append(stories, "p88", "p- r00", "p-")...)
}

// dayFile is a settlement file read by the test's own few lines.
type dayFile struct {
	lines   [][]string // the fields of the D lines
	trailer []string
}

func readDayFile(t *testing.T, text string) dayFile {
	t.Helper()
	var f dayFile
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		switch fields[0] {
		case "D":
			f.lines = append(f.lines, fields)
		case "T":
			f.trailer = fields
		}
	}
	require.Len(t, f.trailer, 8)
	return f
}

// key is the payment's identity, without its line number.
func key(fields []string) string { return fields[5] + "/" + fields[4] }

// differences finds by comparison what is wrong with a file, as a partner would
// that has the honest one and knows which codes it has issued. It names the
// payment of each.
func differences(honest, planted dayFile, issued map[string]bool) map[string]string {
	ours, paid := make(map[string][]string), make(map[string]bool)
	for _, line := range honest.lines {
		ours[key(line)], paid[line[5]] = line, true
	}
	found, seen := make(map[string]string), make(map[string]bool)
	for _, line := range planted.lines {
		our, known := ours[key(line)]
		switch {
		case seen[key(line)]:
			found[key(line)] = "DUPLICATE_IN_FILE"
		case known:
			if class := difference(our, line); class != "" {
				found[key(line)] = class
			}
		case paid[line[5]]:
			found[key(line)] = "DUPLICATE_PAYMENT"
		case issued[line[5]]:
			found[key(line)] = "MISSING_AT_PARTNER"
		case strings.HasPrefix(line[2], "2026-11-21 "):
			found[key(line)] = "DATE_SHIFT"
		default:
			found[key(line)] = "UNKNOWN_CODE"
		}
		seen[key(line)] = true
	}
	for our := range ours {
		if !seen[our] {
			found[our] = "MISSING_AT_INDOMARET"
		}
	}
	return found
}

// difference is what differs between two lines of one payment.
func difference(our, their []string) string {
	switch {
	case our[10] != their[10] && their[10] == "PAID":
		return "REVERSED_BUT_SETTLED"
	case our[10] != their[10]:
		return "PAID_BUT_REVERSED_THERE"
	case our[7] != their[7]:
		return "AMOUNT_MISMATCH"
	case our[8] != their[8]:
		return "FEE_MISMATCH"
	case !slices.Equal(our[2:], their[2:]):
		return "OTHER"
	default:
		return ""
	}
}

// planted reads a list of faults.
func planted(t *testing.T, path string) []plantedFault {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var list []plantedFault
	for line := range strings.Lines(string(text)) {
		var f plantedFault
		require.NoError(t, json.Unmarshal([]byte(line), &f))
		list = append(list, f)
	}
	return list
}

// expected is what a list says that the comparison finds.
func expected(list []plantedFault) map[string]string {
	found := make(map[string]string)
	for _, f := range list {
		line := f.Is
		if line == nil {
			line = f.Was
		}
		if line == nil {
			continue // of the file as a whole
		}
		class := f.Class
		if class == "DATE_SHIFT" && f.Is == nil {
			class = "MISSING_AT_INDOMARET" // until the next day's file is read
		}
		found[line.PaymentCode+"/"+line.TrackingRef] = class
	}
	return found
}

// ofEachLine asks for two faults of each class of lines.
const ofEachLine = "date_shift=2,missing_at_partner=2,missing_at_indomaret=2,amount_mismatch=2,fee_mismatch=2,reversed_but_settled=2," +
	"paid_but_reversed_there=2,duplicate_in_file=2,duplicate_payment=2,unknown_code=2"

// unpaidCodes are in the form of --unpaid.
const unpaidCodes = "990001 15000\n990002 25000\n990003 35000\n"

// plantAll writes the busy day with two faults of each class, and the list.
func plantAll(t *testing.T, c *counter, seed int, more ...string) (text, list string) {
	t.Helper()
	out, listed := filepath.Join(c.folder, "out.txt"), filepath.Join(c.folder, "planted.jsonl")
	got := c.runWith(t, unpaidCodes, append([]string{
		"settlement", "--date", "2026-11-22", "--out", out, "--seed", fmt.Sprint(seed), "--plant", ofEachLine, "--unpaid", "-", "--planted", listed,
	}, more...)...)
	require.Equal(t, exitApproved, got.code, got.err)
	written, err := os.ReadFile(out)
	require.NoError(t, err)
	return string(written), listed
}

func TestWhatIsPlantedIsFoundAndNothingElse(t *testing.T) {
	t.Parallel()
	issued := map[string]bool{"990001": true, "990002": true, "990003": true}
	for seed := range 25 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			c := setup(t)
			aBusyDay(t, c)
			honest := readDayFile(t, c.run(t, "settlement", "--date", "2026-11-22").out)
			require.Len(t, honest.lines, 36)
			text, list := plantAll(t, c, seed)
			faults := planted(t, list)
			require.Len(t, faults, 20)
			require.Equal(t, expected(faults), differences(honest, readDayFile(t, text), issued))
			for _, f := range faults {
				requireListed(t, f, readDayFile(t, text))
			}
		})
	}
}

// requireListed holds a fault's line against the file.
func requireListed(t *testing.T, f plantedFault, file dayFile) {
	t.Helper()
	if f.Is == nil {
		require.Zero(t, f.Line)
		return
	}
	line := file.lines[f.Line-1]
	require.Equal(t, []string{
		"D", fmt.Sprint(f.Line), f.Is.TimeStamp, f.Is.StoreID, f.Is.TrackingRef, f.Is.PaymentCode, f.Is.ProductCode,
		fmt.Sprint(f.Is.Amount), fmt.Sprint(f.Is.Fee), fmt.Sprint(f.Is.Amount), string(f.Is.Status), f.Is.ReceiptCode, f.Is.MessageID, f.Is.Phone,
	}, line)
	if f.Class == "DUPLICATE_IN_FILE" {
		first := slices.IndexFunc(file.lines, func(other []string) bool { return key(other) == key(line) })
		require.Less(t, first+1, f.Line, "the second is the one too many")
	}
	require.Positive(t, f.Is.Amount)
	require.GreaterOrEqual(t, f.Is.Fee, int64(0))
}

func TestTheTrailerFitsThePlantedLines(t *testing.T) {
	t.Parallel()
	c := setup(t)
	aBusyDay(t, c)
	text, _ := plantAll(t, c, 1)
	file := readDayFile(t, text)
	require.Equal(t, fmt.Sprint(sumOf(t, file, 7)), file.trailer[2])
	require.Equal(t, fmt.Sprint(sumOf(t, file, 8)), file.trailer[5])
	require.Equal(t, fmt.Sprint(sumOf(t, file, 9)), file.trailer[6])

	text, list := plantAll(t, c, 1, "--plant", "totals_mismatch=1")
	file = readDayFile(t, text)
	faults := planted(t, list)
	last := faults[len(faults)-1]
	require.Equal(t, "TOTALS_MISMATCH", last.Class)
	var lie int64
	_, err := fmt.Sscanf(last.Detail, "sum_amount is %d more", &lie)
	require.NoError(t, err)
	require.Positive(t, lie)
	require.Equal(t, fmt.Sprint(sumOf(t, file, 7)+lie), file.trailer[2])
}

// sumOf adds a column of the PAID lines.
func sumOf(t *testing.T, file dayFile, column int) (sum int64) {
	t.Helper()
	for _, line := range file.lines {
		if line[10] == "PAID" {
			n, err := parseRupiah(line[column])
			require.NoError(t, err)
			sum += n
		}
	}
	return sum
}

func TestASeedGivesTheSameFaults(t *testing.T) {
	t.Parallel()
	c := setup(t)
	aBusyDay(t, c)
	first, list := plantAll(t, c, 7)
	firstList, err := os.ReadFile(list)
	require.NoError(t, err)
	again, list := plantAll(t, c, 7)
	againList, err := os.ReadFile(list)
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Equal(t, string(firstList), string(againList))
	other, _ := plantAll(t, c, 8)
	require.NotEqual(t, first, other)
	golden(t, "settlement/planted.txt", first)
	golden(t, "settlement/planted.jsonl", string(firstList))
}

func TestAShiftedPaymentStandsInTheNextDaysFile(t *testing.T) {
	t.Parallel()
	c := setup(t)
	aBusyDay(t, c)
	list, next := filepath.Join(c.folder, "21.jsonl"), filepath.Join(c.folder, "22.jsonl")
	got := c.run(t, "settlement", "--date", "2026-11-21", "--plant", "date_shift=1", "--planted", list)
	require.Equal(t, exitApproved, got.code, got.err)
	require.Len(t, readDayFile(t, got.out).lines, 1, "two were paid that evening")
	honest := c.run(t, "settlement", "--date", "2026-11-22")
	got = c.run(t, "settlement", "--date", "2026-11-22", "--carry", list, "--planted", next)
	require.Equal(t, exitApproved, got.code, got.err)
	was, is := planted(t, list), planted(t, next)
	require.Len(t, was, 1)
	require.Len(t, is, 1)
	require.Equal(t, was[0].Was, is[0].Is)
	requireListed(t, is[0], readDayFile(t, got.out))
	found := differences(readDayFile(t, honest.out), readDayFile(t, got.out), nil)
	require.Equal(t, []string{"DATE_SHIFT"}, slices.Collect(maps.Values(found)))

	got = c.run(t, "settlement", "--date", "2026-11-23", "--carry", list)
	require.Equal(t, exitLocal, got.code)
	require.Contains(t, got.err, "line 1: a payment of 2026-11-21 was shifted to 2026-11-22, not to 2026-11-23")
	require.Empty(t, readDayFile(t, c.run(t, "settlement", "--date", "2026-11-23", "--carry", next).out).lines, "it is where it belongs")
}

func TestAFileCanBeMissingOrRepeated(t *testing.T) {
	t.Parallel()
	c := setup(t)
	aBusyDay(t, c)
	out, list := filepath.Join(c.folder, "out.txt"), filepath.Join(c.folder, "list")
	got := c.run(t, "settlement", "--date", "2026-11-22", "--out", out, "--plant", "file_missing=1", "--planted", list)
	require.Equal(t, exitApproved, got.code, got.err)
	require.NoFileExists(t, out)
	require.Equal(t, []plantedFault{{Class: "FILE_MISSING", Detail: "no file was written"}}, planted(t, list))

	got = c.run(t, "settlement", "--date", "2026-11-22", "--out", out, "--plant", "file_repeated=1", "--planted", list)
	require.Equal(t, exitApproved, got.code, got.err)
	once, err := os.ReadFile(out)
	require.NoError(t, err)
	again, err := os.ReadFile(out + ".again")
	require.NoError(t, err)
	require.Equal(t, string(once), string(again))
	require.Equal(t, "FILE_REPEATED", planted(t, list)[0].Class)
}

func TestFaultsThatCannotBePlantedWriteNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want string }{
		{"--plant missing_at_indomaret=31", "--plant missing_at_indomaret=31: only 30 can be planted: no other PAID payment of a code with one payment is left"},
		{"--plant reversed_but_settled=7", "only 6 can be planted: no other REVERSED payment"},
		{"--plant missing_at_partner=4 --unpaid -", "only 3 can be planted: no other code of --unpaid is left"},
		{"--plant missing_at_partner=1", "needs --unpaid"},
		{"--plant missing_at_partner=1 --unpaid /no/such/file", "--unpaid: read codes: "},
		{"--plant lost=1", "--plant lost: must be one of date_shift, missing_at_partner"},
		{"--plant amount_mismatch=-1", "--plant amount_mismatch=-1: must be 0 or more"},
		{"--plant totals_mismatch=2", "--plant totals_mismatch=2"},
		{"--plant file_missing=1,file_repeated=1", "--plant file_missing: not with other faults"},
		{"--plant amount_mismatch", "--plant"},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			aBusyDay(t, s)
			out := filepath.Join(s.folder, "out.txt")
			got := s.runWith(t, unpaidCodes, append([]string{"settlement", "--date", "2026-11-22", "--out", out}, strings.Fields(c.args)...)...)
			require.Equal(t, exitUsage, got.code, got.err)
			require.Contains(t, got.err, c.want)
			require.NoFileExists(t, out)
		})
	}
}

func TestBadListsOfTheDayBefore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ list, want string }{
		"no JSON":  {"{}\nx\n", "line 2: invalid character 'x'"},
		"no time":  {`{"class":"DATE_SHIFT","was":{"trx_time":"yesterday"}}`, "line 1: trx_time: "},
		"too long": {strings.Repeat(" ", maxFaultLine+1), "line 1: bufio.Scanner: token too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			aBusyDay(t, s)
			path := filepath.Join(s.folder, "list")
			require.NoError(t, os.WriteFile(path, []byte(c.list), 0o600))
			got := s.run(t, "settlement", "--date", "2026-11-22", "--carry", path)
			require.Equal(t, exitLocal, got.code)
			require.Contains(t, got.err, c.want)
			require.Empty(t, got.out)
		})
	}
	s := setup(t)
	aBusyDay(t, s)
	require.Contains(t, s.run(t, "settlement", "--date", "2026-11-22", "--carry", "/no/such/file").err, "read faults of the day before: ")
}

func TestTheHelpShowsEveryFaultAndItsExamplesWork(t *testing.T) {
	t.Parallel()
	c := setup(t)
	aBusyDay(t, c)
	help := c.run(t, "settlement", "--help").out
	for _, class := range faults() {
		require.Contains(t, help, class)
	}
	require.NoError(t, os.WriteFile(filepath.Join(c.folder, "codes.txt"), []byte(unpaidCodes), 0o600))
	examples := 0
	for line := range strings.Lines(plantHelp) {
		args, ok := strings.CutPrefix(strings.TrimSpace(line), "indomaret ")
		if !ok {
			continue
		}
		examples++
		var here []string
		for _, word := range strings.Fields(args) {
			if strings.HasSuffix(word, ".txt") || strings.HasSuffix(word, ".jsonl") {
				word = filepath.Join(c.folder, word)
			}
			here = append(here, word)
		}
		got := c.run(t, here...)
		require.Equal(t, exitApproved, got.code, "%s: %s", line, got.err)
	}
	require.Equal(t, 4, examples)
}
