package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConfigOfJournalAndSelfCheck(t *testing.T) {
	t.Parallel()
	cfg, err := parse(production + "journal: {ship_dir: /mnt/other-disk/journal, wait: true}\nself_check: {at: \"04:15\"}\n")
	require.NoError(t, err)
	require.Equal(t, Journal{ShipDir: "/mnt/other-disk/journal", Wait: true}, cfg.Journal)
	require.Equal(t, 4*time.Hour+15*time.Minute, cfg.SelfCheck.At.SinceMidnight())

	cfg, err = parse(production)
	require.NoError(t, err)
	require.Zero(t, cfg.Journal)
	require.Equal(t, "03:30", cfg.SelfCheck.At.String())
	cfg, err = parse(production, "PAYPOINT_SELF_CHECK_AT=", "PAYPOINT_JOURNAL_SHIP_DIR=/mnt/journal")
	require.NoError(t, err)
	require.False(t, cfg.SelfCheck.At.IsSet())
	require.Equal(t, "/mnt/journal", cfg.Journal.ShipDir)
	require.False(t, sandboxHere(t).SelfCheck.At.IsSet(), "nobody sees to a sandbox at night")
}

func TestConfigNamesFaultsOfTheJournal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ lines, want string }{
		"nothing to wait for": {"journal:\n  wait: true\n", "paypoint.yaml:7: journal.wait: true: needs journal.ship_dir to wait for"},
		"a relative folder": {"journal:\n  ship_dir: journal\n",
			`paypoint.yaml:7: journal.ship_dir: "journal": want a path from the root on, such as /mnt/other-disk/journal`},
		"beside the ledger": {"journal:\n  ship_dir: /var/lib/paypoint/journal\n",
			"paypoint.yaml:7: journal.ship_dir: lies in data_dir: what is lost with the ledger restores nothing"},
		"a ledger in memory": {"store: \"memory:\"\njournal: {ship_dir: /mnt/journal}\n",
			"paypoint.yaml:7: journal.ship_dir: store memory: has no journal to ship"},
		"no truth":     {"journal:\n  wait: maybe\n", `paypoint.yaml:7: journal.wait: "maybe": want true or false`},
		"no time":      {"self_check:\n  at: 3 in the night\n", `paypoint.yaml:7: self_check.at: "3 in the night" is no time of day: want HH:mm, 00:00 to 24:00`},
		"another word": {"self_check:\n  when: 03:30\n", "paypoint.yaml:7: self_check.when: unknown key (known: at)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(production + c.lines)
			require.Equal(t, []string{c.want}, faults(t, err))
		})
	}
}
