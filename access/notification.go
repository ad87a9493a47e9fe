package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"paypoint/ledger"
)

const (
	// MaxNotificationURLs is how many URLs a merchant has, and how many a charge
	// can name.
	MaxNotificationURLs = 3
	// maxNotificationURL is the longest URL, in bytes.
	maxNotificationURL = 500
)

// ErrNotificationURL reports a URL that can't be notified. Its text names the
// rule, never the URL, which may hold a secret of the merchant's.
var ErrNotificationURL = errors.New("not a possible notification URL")

// CheckNotificationURL holds a URL against the rules: http or https, a host, no
// user, no fragment, at most 500 bytes. A host that is not public by its own
// text is for the sandbox alone (allowPrivate); what a name resolves to is
// checked when it is connected to. Error: ErrNotificationURL.
func CheckNotificationURL(raw string, allowPrivate bool) error {
	if len(raw) > maxNotificationURL {
		return fmt.Errorf("longer than %d bytes: %w", maxNotificationURL, ErrNotificationURL)
	}
	if !printable(raw) || strings.ContainsRune(raw, ' ') {
		return fmt.Errorf("has a space or a control character: %w", ErrNotificationURL)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return fmt.Errorf("not a URL: %w", ErrNotificationURL)
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("neither http nor https: %w", ErrNotificationURL)
	case u.Hostname() == "":
		return fmt.Errorf("without a host: %w", ErrNotificationURL)
	case !possiblePort(u.Port()):
		return fmt.Errorf("its port is not within 1 to 65535: %w", ErrNotificationURL)
	case u.User != nil:
		return fmt.Errorf("has a user: %w", ErrNotificationURL)
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return fmt.Errorf("has a fragment: %w", ErrNotificationURL)
	case !allowPrivate && !publicName(u.Hostname()):
		return fmt.Errorf("its host is not public: %w", ErrNotificationURL)
	default:
		return nil
	}
}

// possiblePort says whether a port can be connected to; none is the scheme's.
func possiblePort(port string) bool {
	number, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && number > 0
}

// publicName says whether a host can be public: an address that is, or a name
// with a dot that the outside resolves.
func publicName(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return PublicAddress(address)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return strings.Contains(host, ".") && !strings.HasSuffix(host, ".localhost") &&
		!strings.HasSuffix(host, ".local") && !strings.HasSuffix(host, ".internal") &&
		// What ends in a number is an address in some notation (RFC 3986, 3.2.2).
		strings.Trim(host[strings.LastIndex(host, ".")+1:], "0123456789") != ""
}

// notPublic are the networks that no merchant's server is in, as the IANA's
// registries of special-purpose addresses have them. Of IPv6, all that is not
// in globalUnicast is none either, as are addresses that carry one of IPv4
// (6to4, Teredo).
func notPublic() []netip.Prefix {
	var networks []netip.Prefix
	for _, network := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	} {
		networks = append(networks, netip.MustParsePrefix(network))
	}
	return networks
}

// globalUnicast is all of IPv6 that is given out to anybody (RFC 4291, 2.4).
func globalUnicast() netip.Prefix { return netip.MustParsePrefix("2000::/3") }

// PublicAddress says whether an address is one that anybody's server can have:
// none of loopback, private, link-local, shared, multicast, documentation and
// the other special-purpose networks.
func PublicAddress(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if !address.IsValid() || address.Is6() && !globalUnicast().Contains(address) {
		return false
	}
	return !slices.ContainsFunc(notPublic(), func(network netip.Prefix) bool { return network.Contains(address) })
}

// urlVersion is the version of the setting of notification URLs.
const urlVersion = 1

// urlRecord is a merchant's notification URLs as their setting keeps them.
type urlRecord struct {
	Version int      `json:"v"`
	URLs    []string `json:"urls"`
}

// SetNotificationURLs replaces the URLs that are told of a merchant's charges;
// none tells nobody. by says who asks. Errors: ErrUnknownMerchant,
// ErrNotificationURL, and the ledger's.
func (d *Directory) SetNotificationURLs(ctx context.Context, by, id string, urls []string, allowPrivate bool) error {
	if len(urls) > MaxNotificationURLs {
		return fmt.Errorf("notification URLs of %s: %d, at most %d: %w", id, len(urls), MaxNotificationURLs, ErrNotificationURL)
	}
	for i, raw := range urls {
		if err := CheckNotificationURL(raw, allowPrivate); err != nil {
			return fmt.Errorf("notification URL %d of %s: %w", i+1, id, err)
		}
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	now := d.index.Load()
	if _, is := now.merchants[id]; !is {
		return fmt.Errorf("notification URLs of %s: %w", id, ErrUnknownMerchant)
	}
	var value []byte
	if len(urls) > 0 {
		value, _ = json.Marshal(urlRecord{Version: urlVersion, URLs: urls}) // strings always marshal
	}
	if err := replace(ctx, d.settings, by, ledger.SettingNotify(id), value); err != nil {
		return fmt.Errorf("notification URLs of %s: %w", id, err)
	}
	next := maps.Clone(now.urls)
	next[id] = slices.Clone(urls)
	d.publish(now.merchants, next)
	return nil
}

// NotificationURLs are the URLs that are told of a merchant's charges.
func (d *Directory) NotificationURLs(id string) []string {
	return slices.Clone(d.index.Load().urls[id])
}

// loadURLs reads the notification URLs of all merchants.
func loadURLs(ctx context.Context, reader ledger.Reader) (map[string][]string, error) {
	prefix := ledger.SettingNotify("")
	values, err := reader.Settings(ctx, prefix)
	if err != nil {
		return nil, fmt.Errorf("load notification URLs: %w", err)
	}
	urls := make(map[string][]string, len(values))
	for key, value := range values {
		var r urlRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return nil, fmt.Errorf("load %s: %w", key, err)
		}
		if r.Version != urlVersion {
			return nil, fmt.Errorf("load %s: version %d, this program reads %d", key, r.Version, urlVersion)
		}
		urls[strings.TrimPrefix(key, prefix)] = r.URLs
	}
	return urls, nil
}
