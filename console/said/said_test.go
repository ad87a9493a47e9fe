package said_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/console/frame"
	"paypoint/console/said"
	"paypoint/locale"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// tongue fills the frame's words of a language, with plain values, and fails where one
// is missing.
func tongue(t *testing.T, l locale.Language) func(string, ...any) string {
	t.Helper()
	words := catalogue(t, l)
	return func(key string, pairs ...any) string {
		filled, has := words[key]
		require.True(t, has, key)
		for i := 0; i < len(pairs); i += 2 {
			filled = strings.ReplaceAll(filled, "{"+pairs[i].(string)+"}", fmt.Sprint(pairs[i+1]))
		}
		require.NotRegexp(t, regexp.MustCompile(`\{[a-z]+\}`), filled, key)
		return filled
	}
}

// Each saying, field and class has words, whose figures are all given.
func TestEachSayingHasWords(t *testing.T) {
	t.Parallel()
	for _, l := range locale.Languages() {
		text := func(note string) string { return said.Opening(tongue(t, l), note) }
		for _, says := range reconcile.Sayings() {
			require.NotEmpty(t, catalogue(t, l)[frame.WordSaid+string(says)], says)
		}
		for bit := match.NoteAmount; bit <= match.NoteState; bit <<= 1 {
			field := catalogue(t, l)[frame.WordSaid+"differ."+bit.String()]
			require.NotEmpty(t, field, bit)
			require.Contains(t, text("Ours: none; Indomaret's: none; they differ in: "+bit.String()+"."), ": "+field+".")
		}
		for _, class := range match.Classes() {
			note := "Found in Indomaret's file of 2026-11-19, matching 2026-11-20 with version 1: " + string(class) + "."
			require.NotContains(t, text(note), string(class))
		}
		require.NotEqual(t, text("what case 7 has left"), "what case 7 has left")
	}
}

// catalogue is a language's catalogue.
func catalogue(t *testing.T, l locale.Language) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../frame/words/" + string(l) + ".json")
	require.NoError(t, err)
	words := map[string]string{}
	require.NoError(t, json.Unmarshal(text, &words))
	return words
}

// What is none of the program's, or a later program's, is left as it stands.
func TestWhatPeopleWroteIsLeft(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "asked Indomaret", "Case 7 was found later of the same payment. I called.", "<script>",
		"bank transfer came a day late, ask the bank", "what case 7 has left", "Case 7 was found later of the same payment. bank transfer came late",
	} {
		require.Equal(t, text, said.Text(tongue(t, locale.Indonesian), text))
	}
	const tomorrow = "Found in Indomaret's file of 2026-11-19, matching 2026-11-20 with version 1: A_CLASS_OF_TOMORROW."
	require.Contains(t, said.Text(tongue(t, locale.Indonesian), tomorrow), "A_CLASS_OF_TOMORROW")
	require.Contains(t, said.Text(tongue(t, locale.Indonesian), "Ours: none; Indomaret's: none; they differ in: colour; a thing of tomorrow."), "colour. a thing of tomorrow.")
}
