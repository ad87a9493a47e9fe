package notify

import (
	"net/url"
	"slices"
	"strings"

	"paypoint/ledger"
)

// targetsOf are the URLs to notify: the merchant's as they are now and the
// charge's own, each once; or the charge's alone when it says so.
func targetsOf(merchant []string, own []string, only bool) []string {
	all := own
	if !only {
		all = slices.Concat(merchant, own)
	}
	var targets []string
	for _, target := range all {
		if !slices.Contains(targets, target) {
			targets = append(targets, target)
		}
	}
	return targets
}

// ownTargets are the URLs that a charge names itself. They are personal data
// with its details: after their erasure only the merchant's are left.
func ownTargets(v ledger.View) (own []string, only bool) {
	if v.Details == nil {
		return nil, false
	}
	return v.Details.Targets, v.Details.OnlyTargets
}

// hostOf is the host and port that share the bound on attempts at once.
func hostOf(target string) string {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		return target
	}
	return strings.ToLower(u.Host)
}

// maskedURL stands for a URL that can't be read.
const maskedURL = "(masked URL)"

// MaskURL is a URL fit for logs: scheme and host. A merchant's path, query and
// user may hold a token, so that all of them are left out.
func MaskURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return maskedURL
	}
	masked := u.Scheme + "://" + u.Host
	if u.RequestURI() != "/" {
		masked += "/…"
	}
	return masked
}
