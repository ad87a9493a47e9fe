package partnerfile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/partnerfile"
)

// folder holds the recorded profiles and files.
const folder = "../../testdata/partnerfile"

// day is the business day of the recorded files.
const day = ledger.Day("2026-11-22")

// recorded reads a recorded file.
func recorded(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	require.NoError(t, err)
	return text
}

// profileOf is the recorded profile that a file's name begins with.
func profileOf(t testing.TB, file string) partnerfile.Profile {
	t.Helper()
	names := map[string]string{
		"simulated": "simulated-indomaret", "tokopedia": "tokopedia-like", "dana": "dana-like", "fixed": "fixed-width", "workbook": "workbook",
	}
	prefix, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), "_")
	p, err := partnerfile.ParseProfile(recorded(t, "profiles/"+names[prefix]+".yaml"))
	require.NoError(t, err)
	return p
}

// read reads a whole text.
func read(t testing.TB, text []byte, p partnerfile.Profile, o partnerfile.Options) ([]partnerfile.Line, partnerfile.Summary, error) {
	t.Helper()
	o.TempFolder = t.TempDir()
	var lines []partnerfile.Line
	summary, err := partnerfile.Read(t.Context(), bytes.NewReader(text), p, o, func(l partnerfile.Line) error {
		lines = append(lines, l)
		return nil
	})
	left, readErr := os.ReadDir(o.TempFolder)
	require.NoError(t, readErr)
	require.Empty(t, left, "temporary files are gone")
	return lines, summary, err
}

// readRecorded reads a recorded file of day with its profile.
func readRecorded(t testing.TB, file string) ([]partnerfile.Line, partnerfile.Summary, error) {
	t.Helper()
	return read(t, recorded(t, file), profileOf(t, file), partnerfile.Options{Day: day})
}

// wib is a time of the recorded day.
func wib(t testing.TB, clock string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation(ledger.WireTime, string(day)+" "+clock, ledger.WIB)
	require.NoError(t, err)
	return at
}

// shown is a line with its phone number in the open, for comparing.
type shown struct {
	partnerfile.Line

	Number string
}

func reveal(lines []partnerfile.Line) []shown {
	var all []shown
	for _, l := range lines {
		number := l.Phone.Reveal()
		l.Phone = partnerfile.Phone{}
		all = append(all, shown{Line: l, Number: number})
	}
	return all
}
