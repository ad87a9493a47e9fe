package console_test

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/console"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile/match"
	"paypoint/store/memory"
)

// TestNamesStandOnce: what was found of a payment, why a message was refused, how a
// code stands and what a merchant is told have their words in the frame alone, and
// all of them have.
func TestNamesStandOnce(t *testing.T) {
	t.Parallel()
	handler, err := console.New(console.Config{Ledger: ledger.NewService(memory.Open(), ledger.Agreement{}, time.Now), Now: time.Now})
	require.NoError(t, err)
	names := sharedNames()
	for _, language := range []locale.Language{locale.English, locale.Indonesian} {
		found := map[string]bool{}
		for _, area := range handler.(*frame.Frame).Areas {
			for key := range wordsOf(t, area, language) {
				parts := strings.SplitN(key, ".", 3)
				// The events of a case are its own: what people did to it.
				if len(parts) != 3 || area.Name == "cases" && parts[1] == "event" {
					continue
				}
				if name := parts[1] + "." + parts[2]; names[name] {
					require.Equal(t, "frame", area.Name, "%s (%s)", key, language)
					found[name] = true
				}
			}
		}
		require.Equal(t, names, found, language)
	}
}

// sharedNames are the ends of the keys of what all areas speak of.
func sharedNames() map[string]bool {
	names := map[string]bool{}
	for _, reason := range ledger.MessageReasons() {
		names["reason."+reason] = true
	}
	for _, class := range append(match.Classes(), match.FileClasses()...) {
		names["class."+string(class)] = true
	}
	for _, class := range []string{ledger.ClassReversalRefused, ledger.ClassCorrectionDiffers, ledger.ClassTransferDifference} {
		names["class."+class] = true
	}
	for _, standing := range []ledger.Standing{
		ledger.StandingUnknown, ledger.StandingFuture, ledger.StandingActive, ledger.StandingGrace, ledger.StandingExpired,
		ledger.StandingCancelled, ledger.StandingHeld, ledger.StandingReleased, ledger.StandingDenied,
	} {
		names["standing."+string(standing)] = true
	}
	for _, told := range []ledger.Standing{
		ledger.StandingActive, ledger.StandingReleased, ledger.StandingDenied, ledger.StandingCancelled, ledger.StandingExpired,
	} {
		names["event."+string(told)] = true
	}
	return names
}

func wordsOf(t testing.TB, area frame.Area, language locale.Language) map[string]string {
	t.Helper()
	text, err := fs.ReadFile(area.Files, "words/"+string(language)+".json")
	require.NoError(t, err)
	var words map[string]string
	require.NoError(t, json.Unmarshal(text, &words))
	return words
}
