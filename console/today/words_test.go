package today_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/console/frame"
	"paypoint/ledger"
)

// Every reason for which a message is refused has a name.
func TestEveryReasonHasAName(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"../frame/words/en.json", "../frame/words/id.json"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var words map[string]string
		require.NoError(t, json.Unmarshal(text, &words))
		for _, reason := range ledger.MessageReasons() {
			require.NotEmpty(t, words[frame.WordReason+reason], "%s in %s", reason, file)
		}
	}
}
