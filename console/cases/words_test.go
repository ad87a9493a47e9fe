package cases_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile/cases"
	"paypoint/reconcile/match"
)

// catalogue has the words of the area and the frame in a language.
func catalogue(t *testing.T, language string) map[string]string {
	t.Helper()
	words := map[string]string{}
	for _, file := range []string{"words/", "../frame/words/"} {
		text, err := os.ReadFile(file + language + ".json")
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &words))
	}
	return words
}

// The pages explain a class in the words that the commands have, and name every
// class, act, reason and account there is.
func TestWordsAreThoseOfTheClasses(t *testing.T) {
	t.Parallel()
	english := catalogue(t, "en")
	known := []string{ledger.ClassReversalRefused, ledger.ClassCorrectionDiffers, ledger.ClassTransferDifference}
	for _, class := range match.Classes() {
		if !class.Clean() && class != match.Carried {
			known = append(known, string(class))
		}
	}
	for _, class := range known {
		require.Equal(t, cases.Explain(class), cases.Text{Means: english["cases.means."+class], Do: english["cases.do."+class]}, class)
		require.NotEmpty(t, english[frame.WordClass+class], class)
	}
	other := cases.Explain("A_CLASS_OF_TOMORROW")
	require.Equal(t, other, cases.Text{Means: english["cases.means.other"], Do: english["cases.do.other"]})
	for _, act := range ledger.Acts() {
		require.NotEmpty(t, english["cases.act."+string(act)], act)
		require.NotEmpty(t, english["cases.rule."+string(act)], act)
	}
	for _, reason := range ledger.Reasons() {
		if reason != ledger.ReasonApproved {
			require.NotEmpty(t, english[frame.WordReason+string(reason)], reason)
		}
	}
	for _, account := range ledger.Accounts() {
		require.NotEmpty(t, english["cases.account."+string(account)], account)
	}
	for _, bucket := range cases.Buckets() {
		require.NotEmpty(t, english["cases.age."+string(bucket)], bucket)
	}
}
