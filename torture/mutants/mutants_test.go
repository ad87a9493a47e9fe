package main

import (
	"go/parser"
	"go/token"
	"testing"

	"github.com/stretchr/testify/require"
)

// The lines that a mutant changes move with the program: each must still be there,
// once, and leave a program.
func TestMutantsStillFitTheProgram(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	require.GreaterOrEqual(t, len(mutants()), 10)
	for _, m := range mutants() {
		require.False(t, names[m.name], m.name)
		names[m.name] = true
		for path, edits := range m.files {
			text, err := m.apply("../..", path, edits)
			require.NoError(t, err, m.name)
			_, err = parser.ParseFile(token.NewFileSet(), path, text, 0)
			require.NoError(t, err, m.name)
		}
	}
}

func TestOnlyNamesMutants(t *testing.T) {
	t.Parallel()
	all := mutants()
	chosen, err := selected(all, []string{all[1].name})
	require.NoError(t, err)
	require.Equal(t, all[1].name, chosen[0].name)
	_, err = selected(all, []string{"nobody"})
	require.ErrorContains(t, err, `there is no mutant "nobody"`)
}

func TestAnEditThatDoesNotFitIsSaid(t *testing.T) {
	t.Parallel()
	m := mutant{name: "x"}
	_, err := m.apply("../..", "go.mod", []edit{{old: "no such line"}})
	require.ErrorContains(t, err, "go.mod: the lines to change are there 0 times, want once")
}
