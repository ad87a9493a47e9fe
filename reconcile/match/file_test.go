package match_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/match"
)

func TestCheckFile(t *testing.T) {
	t.Parallel()
	right := match.Control{Name: "sum_amount", Declared: 80_000, Counted: 80_000}
	wrong := match.Control{Name: "count_paid", Declared: 3, Counted: 2}
	taken := []match.TakenFile{{Day: thursday, SHA256: "aa"}, {Day: friday, SHA256: "bb"}}
	cases := map[string]struct {
		file *match.File
		want match.FileFinding
	}{
		"in order":              {&match.File{SHA256: "cc", Controls: []match.Control{right}}, match.FileFinding{Class: match.Matched}},
		"without controls":      {&match.File{SHA256: "cc"}, match.FileFinding{Class: match.Matched}},
		"not there":             {nil, match.FileFinding{Class: match.FileMissing}},
		"the same again":        {&match.File{SHA256: "bb"}, match.FileFinding{Class: match.FileRepeated, Earlier: taken[1]}},
		"yesterday's once more": {&match.File{SHA256: "aa"}, match.FileFinding{Class: match.FileRepeated, Earlier: taken[0]}},
		"a trailer that lies":   {&match.File{SHA256: "cc", Controls: []match.Control{right, wrong}}, match.FileFinding{Class: match.TotalsMismatch, Wrong: []match.Control{wrong}}},
		"the same, and it lies": {&match.File{SHA256: "bb", Controls: []match.Control{wrong}}, match.FileFinding{Class: match.FileRepeated, Earlier: taken[1]}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.want.Day = friday
			require.Equal(t, c.want, match.CheckFile(friday, c.file, taken))
		})
	}
}

func TestClassesAreListedOnce(t *testing.T) {
	t.Parallel()
	seen := map[match.Class]bool{}
	for _, class := range append(match.Classes(), match.FileClasses()...) {
		require.False(t, seen[class], class)
		seen[class] = true
		require.Equal(t, class == match.Matched || class == match.DateShift, class.Clean(), class)
	}
	require.Len(t, seen, 15)
}
