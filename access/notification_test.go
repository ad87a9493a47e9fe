package access_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
)

func TestNotificationURLsThatCanBe(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"https://shop.example/notify",
		"http://shop.example",
		"https://shop.example:8443/a/b?token=c%20d&e",
		"https://toko-saya.co.id./x",
		"https://1.1.1.1/",
		"https://[2606:4700::1111]/",
		"https://xn--fsq.example/",
		"https://shop.example/" + strings.Repeat("a", 479),
	} {
		require.NoError(t, access.CheckNotificationURL(raw, false), raw)
	}
}

func TestNotificationURLsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, raw, rule string }{
		{"empty", "", "neither http nor https"},
		{"no scheme", "shop.example/notify", "neither http nor https"},
		{"another scheme", "ftp://shop.example/", "neither http nor https"},
		{"a file", "file:///etc/passwd", "neither http nor https"},
		{"no host", "https:///notify", "without a host"},
		{"a port alone", "https://:443/", "without a host"},
		{"opaque", "https:shop.example", "without a host"},
		{"a user", "https://user@shop.example/", "has a user"},
		{"a user with a password", "https://user:secret@shop.example/", "has a user"},
		{"a fragment", "https://shop.example/#here", "has a fragment"},
		{"an empty fragment", "https://shop.example/#", "has a fragment"},
		{"a space", "https://shop.example/a b", "space or a control"},
		{"a line break", "https://shop.example/\r\nX: y", "space or a control"},
		{"not UTF-8", "https://shop.example/\xff", "space or a control"},
		{"a broken escape", "https://shop.example/%zz", "not a URL"},
		{"a broken port", "https://shop.example:port/", "not a URL"},
		{"port 0", "https://shop.example:0/", "port"},
		{"a port that is none", "https://shop.example:65536/", "port"},
		{"too long", "https://shop.example/" + strings.Repeat("a", 480), "longer than 500"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, allowPrivate := range []bool{true, false} {
				err := access.CheckNotificationURL(c.raw, allowPrivate)
				require.ErrorIs(t, err, access.ErrNotificationURL)
				require.ErrorContains(t, err, c.rule)
				require.NotContains(t, err.Error(), "secret")
			}
		})
	}
}

func TestPrivateHostsAreForTheSandbox(t *testing.T) {
	t.Parallel()
	for _, host := range []string{
		"127.0.0.1", "127.0.0.1:9000", "localhost", "LOCALHOST", "shop.localhost", "printer.local", "db.internal", "intranet",
		"10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
		"[::1]", "[::ffff:127.0.0.1]", "[fd00::1]", "[fe80::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
		"127.1", "2130706433", "0x7f.1", "1.2.3.4.5",
	} {
		require.NoError(t, access.CheckNotificationURL("http://"+host+"/", true), host)
		err := access.CheckNotificationURL("http://"+host+"/", false)
		require.ErrorIs(t, err, access.ErrNotificationURL, host)
		require.ErrorContains(t, err, "not public")
	}
}

func TestPublicAddress(t *testing.T) {
	t.Parallel()
	for address, public := range map[string]bool{
		"1.1.1.1": true, "103.28.12.1": true, "100.63.255.255": true, "100.128.0.0": true, "172.15.255.255": true,
		"172.32.0.0": true, "192.167.255.255": true, "223.255.255.255": true, "2606:4700::1111": true, "2404:6800:4003::1": true,
		"::ffff:1.1.1.1": true,

		"0.0.0.0": false, "10.0.0.1": false, "100.64.0.1": false, "127.8.8.8": false, "169.254.169.254": false,
		"172.31.255.255": false, "192.168.1.1": false, "192.0.0.8": false, "192.0.2.1": false, "198.18.0.1": false,
		"198.51.100.7": false, "203.0.113.9": false, "224.0.0.1": false, "255.255.255.255": false,
		"::ffff:0:7f00:1": false, "4000::1": false, "5f00::1": false, "1fff::1": false, "::": false, "::1": false, "::127.0.0.1": false, "::ffff:10.0.0.1": false, "64:ff9b::a00:1": false,
		"100::1": false, "2001::1": false, "2001:db8::1": false, "2002:a00:1::1": false, "fc00::1": false,
		"fd12::1": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false,
	} {
		require.Equal(t, public, access.PublicAddress(netip.MustParseAddr(address)), address)
	}
	require.False(t, access.PublicAddress(netip.Addr{}))
}

func TestNotificationURLsAreKeptInTheJournal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, _ := b.add(t, access.NewMerchant{Name: "Shop"})
	other, _ := b.add(t, access.NewMerchant{Name: "Other"})
	require.Empty(t, b.directory.NotificationURLs(m.ID))

	urls := []string{"https://shop.example/one", "https://shop.example/two?token=t"}
	require.NoError(t, b.directory.SetNotificationURLs(t.Context(), "tester", m.ID, urls, false))
	require.Equal(t, urls, b.directory.NotificationURLs(m.ID))
	require.Empty(t, b.directory.NotificationURLs(other.ID))
	changes := b.changes(t)
	require.Equal(t, ledger.SettingNotify(m.ID), changes[len(changes)-1].Key)
	require.Equal(t, "tester", changes[len(changes)-1].By)

	b.restart(t)
	require.Equal(t, urls, b.directory.NotificationURLs(m.ID))
	_, err := b.directory.SetActive(t.Context(), "tester", m.ID, false)
	require.NoError(t, err)
	require.Equal(t, urls, b.directory.NotificationURLs(m.ID), "another change leaves them alone")

	require.NoError(t, b.directory.SetNotificationURLs(t.Context(), "tester", m.ID, nil, false))
	require.Empty(t, b.directory.NotificationURLs(m.ID))
	values, err := b.store.Settings(t.Context(), ledger.SettingNotify(m.ID))
	require.NoError(t, err)
	require.Empty(t, values, "no setting, so that no notices are written")
}

func TestSetNotificationURLsRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, _ := b.add(t, access.NewMerchant{Name: "Shop"})
	kept := []string{"https://shop.example/"}
	require.NoError(t, b.directory.SetNotificationURLs(t.Context(), "tester", m.ID, kept, false))
	for _, c := range []struct {
		name string
		id   string
		urls []string
		err  error
		text string
	}{
		{"an unknown merchant", "G999999999", kept, access.ErrUnknownMerchant, "G999999999"},
		{"four", m.ID, []string{kept[0], kept[0], kept[0], kept[0]}, access.ErrNotificationURL, "at most 3"},
		{"a wrong one", m.ID, []string{kept[0], "mailto:x"}, access.ErrNotificationURL, "notification URL 2 of " + m.ID},
		{"a private one", m.ID, []string{"http://10.0.0.1/"}, access.ErrNotificationURL, "not public"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := b.directory.SetNotificationURLs(t.Context(), "tester", c.id, c.urls, false)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, c.text)
			require.Equal(t, kept, b.directory.NotificationURLs(m.ID))
		})
	}
}

func TestNotificationURLsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for value, text := range map[string]string{`{`: "unexpected end", `{"v":9}`: "version 9"} {
		b := setup(t)
		m, _ := b.add(t, access.NewMerchant{Name: "Shop"})
		key := ledger.SettingNotify(m.ID)
		require.NoError(t, b.service.Alter(t.Context(), key, "tester", func([]byte) ([]byte, error) { return []byte(value), nil }))
		_, err := access.OpenDirectory(t.Context(), b.service, b.sealer, clock)
		require.ErrorContains(t, err, text)
		require.ErrorContains(t, err, key)
	}
}

func TestSigningKeysWhileARotationLasts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, old := b.add(t, access.NewMerchant{Name: "Shop"})
	reveal := func() []string {
		keys, err := b.directory.SigningKeys(m.ID)
		require.NoError(t, err)
		var texts []string
		for _, key := range keys {
			texts = append(texts, key.Reveal())
		}
		return texts
	}
	require.Equal(t, []string{old.Reveal()}, reveal())
	_, fresh, err := b.directory.RotateKey(t.Context(), "tester", m.ID, inThreeDays())
	require.NoError(t, err)
	require.Equal(t, []string{old.Reveal(), fresh.Reveal()}, reveal(), "the one that signs comes first")
	_, err = b.directory.Authenticate(t.Context(), fresh.Reveal())
	require.NoError(t, err)
	require.Equal(t, []string{fresh.Reveal()}, reveal())
	_, err = b.directory.SigningKeys("G999999999")
	require.ErrorIs(t, err, access.ErrUnknownMerchant)
}
