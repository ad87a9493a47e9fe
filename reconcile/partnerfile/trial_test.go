package partnerfile_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/partnerfile"
)

func try(t *testing.T, text []byte, p partnerfile.Profile, b partnerfile.Bounds) partnerfile.Trial {
	t.Helper()
	return partnerfile.Try(t.Context(), bytes.NewReader(text), p, partnerfile.Options{Day: day, TempFolder: t.TempDir()}, b)
}

func TestTryShowsTheFirstLines(t *testing.T) {
	t.Parallel()
	trial := try(t, recorded(t, "good/simulated_day.txt"), partnerfile.Simulated(), partnerfile.Bounds{Lines: 2})
	require.True(t, trial.OK())
	lines, summary, err := readRecorded(t, "good/simulated_day.txt")
	require.NoError(t, err)
	require.Equal(t, lines[:2], trial.Lines)
	require.Equal(t, summary, trial.Summary)
}

// A wrong line does not hide the others' faults.
func TestTryGoesOn(t *testing.T) {
	t.Parallel()
	text := recorded(t, "good/simulated_day.txt")
	text = bytes.Replace(text, []byte("|27500|2500|"), []byte("|-27500|25,00|"), 1)
	text = bytes.Replace(text, []byte("REVERSED"), []byte("GONE"), 1)
	trial := try(t, text, partnerfile.Simulated(), partnerfile.Bounds{})
	require.False(t, trial.OK())
	require.NoError(t, trial.Err)
	require.False(t, trial.More)
	var said []string
	for _, f := range trial.Faults {
		said = append(said, fmt.Sprintf("%d %s %s", f.Line, f.Column, f.Text))
	}
	require.Equal(t, []string{"2 columns.amount -27500", "2 columns.fee 25,00", "3 columns.status GONE"}, said)
	require.Len(t, trial.Lines, 1, "what was understood is shown")
	require.Equal(t, 3, trial.Summary.Lines)
}

func TestTryIsBounded(t *testing.T) {
	t.Parallel()
	text := bytes.ReplaceAll(recorded(t, "good/simulated_day.txt"), []byte("2026-11-22 "), []byte("22.11.2026 "))
	trial := try(t, text, partnerfile.Simulated(), partnerfile.Bounds{Faults: 2})
	require.Len(t, trial.Faults, 2)
	require.True(t, trial.More)
	require.False(t, trial.OK())

	all := try(t, text, partnerfile.Simulated(), partnerfile.Bounds{Faults: 3})
	require.Len(t, all.Faults, 3)
	require.False(t, all.More, "three are all there are")

	many := bytes.Repeat([]byte("D|x\n"), 5000)
	trial = try(t, append([]byte("H|1|INDOMARET|2026-11-22|1||N\n"), many...), partnerfile.Simulated(), partnerfile.Bounds{Faults: 5000})
	require.Len(t, trial.Faults, partnerfile.MaxTrial)
}

// What a trial makes of each recorded broken file: it is never content, and it
// says what Read says.
func TestTryBrokenFiles(t *testing.T) {
	t.Parallel()
	for name, want := range defects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, p := recorded(t, "broken/"+name), profileOf(t, name)
			trial := try(t, text, p, partnerfile.Bounds{})
			require.False(t, trial.OK())
			said := fmt.Sprint(trial.Err)
			for _, fault := range trial.Faults {
				said += "\n" + fault.Error()
			}
			require.Contains(t, said, want.says)
			require.NotContains(t, said, "81234567890")
		})
	}
}

func TestTryAWrongProfile(t *testing.T) {
	t.Parallel()
	trial := try(t, nil, partnerfile.Profile{}, partnerfile.Bounds{})
	require.NotEmpty(t, trial.Profile)
	require.False(t, trial.OK())
}

// Without its titles nothing can be read on; what is missing is said once.
func TestTryWithoutTitles(t *testing.T) {
	t.Parallel()
	trial := try(t, []byte("a;b;c\nd;e;f\n"), profileOf(t, "tokopedia_"), partnerfile.Bounds{})
	require.NoError(t, trial.Err)
	var columns []string
	for _, f := range trial.Faults {
		require.Equal(t, 1, f.Line)
		columns = append(columns, f.Column)
	}
	require.Equal(t, []string{"columns.amount", "columns.at", "columns.code", "columns.fee", "columns.ref"}, columns)
}
