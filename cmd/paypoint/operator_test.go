package main

import (
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
)

// withServer runs a test of commands twice: while a server holds the ledger,
// and alone.
func withServer(t *testing.T, test func(t *testing.T, command func(args ...string) (int, string, string))) {
	t.Helper()
	for _, running := range []bool{true, false} {
		t.Run(map[bool]string{true: "running", false: "alone"}[running], func(t *testing.T) {
			t.Parallel()
			cfg := sandboxHere(t)
			if running {
				l := serveHere(t, cfg, 1, nil)
				t.Cleanup(func() { require.NoError(t, l.end()) })
			} else {
				makeLedger(t, cfg)
			}
			test(t, func(args ...string) (int, string, string) {
				return runCommand(append(args, "--sandbox", "--data", cfg.DataDir)...)
			})
		})
	}
}

func TestMerchantCommands(t *testing.T) {
	t.Parallel()
	withServer(t, func(t *testing.T, command func(...string) (int, string, string)) {
		code, out, errText := command("merchant", "add", "Toko Buku", "--prefix", "321", "--hold", "90s")
		require.Equal(t, exitDone, code, errText)
		require.Regexp(t, `^merchant G000000002 \(Toko Buku\), codes begin with 321\nserver key, shown only now: paypoint-server-\S{43}\n$`, out)

		code, out, errText = command("merchant", "list")
		require.Equal(t, exitDone, code, errText)
		require.Regexp(t, `(?m)^G000000002  Toko Buku     321     1m30s  true    1     -             -$`, out)
		require.NotContains(t, out, "paypoint-server-")

		code, out, errText = command("merchant", "rotate-key", "G000000002", "--json")
		require.Equal(t, exitDone, code, errText)
		var rotated merchantKey
		require.NoError(t, json.Unmarshal([]byte(out), &rotated))
		require.Len(t, rotated.Merchant.Keys, 2)

		code, out, errText = command("merchant", "list", "--json")
		require.Equal(t, exitDone, code, errText)
		var merchants []listedMerchant
		require.NoError(t, json.Unmarshal([]byte(out), &merchants))
		require.Equal(t, []string{"G000000001", "G000000002"}, []string{merchants[0].ID, merchants[1].ID})
		require.Equal(t, listedMerchant{rotated.Merchant, []string{}}, merchants[1])

		for args, says := range map[string]string{
			"merchant rotate-key G000000009":                        "G000000009",
			"merchant add B --prefix 321":                           "prefix",
			"merchant add B --prefix 32":                            "prefix",
			"merchant add B --hold=-1s":                             "hold",
			"merchant add " + strings.Repeat("x", access.MaxName+1): "name",
		} {
			code, out, errText = command(strings.Fields(args)...)
			require.Equal(t, exitFailed, code, args)
			require.Empty(t, out)
			require.Contains(t, errText, says)
		}
	})
}

func TestRotatedKeyReplacesTheOldOneAtItsFirstCall(t *testing.T) {
	t.Parallel()
	l := serveHere(t, sandboxHere(t), 1, nil)
	var added, rotated merchantKey
	tortureCommand(t, l.app.config.DataDir, &added, "merchant", "add", "Shop")
	require.Equal(t, access.DefaultHold, added.Merchant.Hold, "none was named")
	tortureCommand(t, l.app.config.DataDir, &rotated, "merchant", "rotate-key", added.Merchant.ID)
	require.NotEqual(t, added.ServerKey, rotated.ServerKey)

	c := newClient(t, l.urls[0])
	charge := func(key, order string) error {
		c.key = key
		_, err := c.charge(order, stageAmount)
		return err
	}
	require.NoError(t, charge(added.ServerKey, "order-1"))
	require.NoError(t, charge(added.ServerKey, "order-2"))
	require.NoError(t, charge(rotated.ServerKey, "order-3"))
	require.EqualError(t, charge(added.ServerKey, "order-4"), "charge order-4: refused with 401")
	require.NoError(t, charge(rotated.ServerKey, "order-5"))
	require.NoError(t, l.end())
}

func TestDeactivatedMerchantMayNotCharge(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	require.Contains(t, s.operate("merchant", "deactivate", access.SandboxMerchant), "may not charge")
	refused := s.merchant(http.MethodPost, "/v2/charge", map[string]any{
		"payment_type": "cstore", "cstore": map[string]any{"store": "indomaret"},
		"transaction_details": map[string]any{"order_id": "refused", "gross_amount": stageAmount},
	})
	require.Equal(t, "410", refused["status_code"], refused)
	s.pay(code, tillRef, stageAmount)

	var merchant access.Merchant
	require.NoError(t, json.Unmarshal([]byte(s.operate("merchant", "activate", access.SandboxMerchant, "--json")), &merchant))
	require.True(t, merchant.Active)
	s.charge(chargeTerms{})
	exit, _, errText := s.command("merchant", "activate", "G000000009")
	require.Equal(t, exitFailed, exit)
	require.Contains(t, errText, "G000000009")
}

func TestProductPauseRefusesItsCharges(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{cstore: map[string]any{"product_code": "123000"}})
	other, _ := s.charge(chargeTerms{cstore: map[string]any{"product_code": "123001"}})
	booked, _ := s.charge(chargeTerms{cstore: map[string]any{"product_code": "123000"}})
	receipt := s.pay(booked, "BOOKED", stageAmount)

	require.Equal(t, "product 123000 is paused\n", s.operate("product", "pause", "123000"))
	require.Equal(t, "89", s.send(s.inquiry(code)).code())
	require.Equal(t, "89", s.send(s.payment(code, tillRef, stageAmount)).code())
	require.Equal(t, receipt, s.pay(booked, "BOOKED", stageAmount), "what is booked stays answered")
	s.pay(other, otherRef, stageAmount)

	require.Equal(t, "product 123000 is payable\n", s.operate("product", "resume", "123000"))
	s.pay(code, tillRef, stageAmount)
	require.JSONEq(t, `{"on": true}`, s.operate("product", "pause", "123000", "--json"))
	require.JSONEq(t, `{"on": false}`, s.operate("product", "resume", "123000", "--json"))
}

func TestMaintenanceRefusesWhatIsNew(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	booked, _ := s.charge(chargeTerms{})
	receipt := s.pay(booked, "BOOKED", stageAmount)

	require.Equal(t, "maintenance is on: inquiries and new payments get 90\n", s.operate("maintenance", "on"))
	require.Equal(t, "90", s.send(s.inquiry(code)).code())
	require.Equal(t, "90", s.send(s.payment(code, tillRef, stageAmount)).code())
	require.Equal(t, receipt, s.pay(booked, "BOOKED", stageAmount))
	s.reverse(booked, "BOOKED", stageAmount)

	require.Equal(t, "maintenance is off\n", s.operate("maintenance", "off"))
	s.pay(code, tillRef, stageAmount)
	require.JSONEq(t, `{"on": true}`, s.operate("maintenance", "on", "--json"))
	require.JSONEq(t, `{"on": false}`, s.operate("maintenance", "off", "--json"))
}

func TestSocketIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	path := filepath.Join(cfg.DataDir, socketName)
	stale, err := net.Listen("unix", path)
	require.NoError(t, err)
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, stale.Close())

	l := serveHere(t, cfg, 1, nil)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.ModeSocket|0o600, info.Mode())
	code, out, errText := runCommand("merchant", "list", "--data", cfg.DataDir)
	require.Equal(t, exitDone, code, errText)
	require.Contains(t, out, "G000000001")
	require.NoError(t, l.end())
	require.NoFileExists(t, path)
}

func TestOperatorIsNamedInTheJournal(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	s.operate("maintenance", "on")
	require.Regexp(t, `^operator \S+$`, lastEvent[ledger.Set](s).By)
}

func TestOperatorSocketRefusesWhatItCanNotRead(t *testing.T) {
	t.Parallel()
	l := serveHere(t, sandboxHere(t), 1, nil)
	client, err := dialOperators(l.app.config.DataDir)
	require.NoError(t, err)
	for name, body := range map[string]any{
		"not a merchant": []string{"name"},
		"too long":       newMerchant{Name: strings.Repeat("x", maxOperatorBody)},
	} {
		err := client.call(t.Context(), http.MethodPost, "/operator/v1/merchants", body, nil)
		require.ErrorContains(t, err, "add merchant: ", name)
	}
	err = client.call(t.Context(), http.MethodGet, "/operator/v1/nothing", nil, nil)
	require.EqualError(t, err, "the server answered 404 Not Found")
	require.NoError(t, l.end())
}
