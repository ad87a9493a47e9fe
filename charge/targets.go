package charge

import (
	"fmt"
	"net/http"
	"strings"

	"paypoint/access"
)

// The headers by which a merchant names who is told of one charge.
const (
	overrideHeader = "X-Override-Notification"
	appendHeader   = "X-Append-Notification"
)

// targets are the URLs that are told of one charge: instead of the merchant's
// own where only is set, else beside them.
type targets struct {
	urls []string
	only bool
}

// readAimed reads the body of a request for a charge, with whom it is to tell.
// What is wrong with either is among the body's faults; the error is a refusal.
func (h *handler) readAimed(r *http.Request) (object, targets, error) {
	body, err := readBody(r.Body)
	if err != nil {
		return object{}, targets{}, err
	}
	return body, readTargets(body, r.Header, h.AllowPrivateTargets), nil
}

// readTargets reads whom a merchant wants told of a charge, and reports what is
// wrong to the body's faults. One of the ways counts, the first that is used:
//
//	notification_urls, a member of the body    instead of the merchant's own
//	X-Override-Notification                    instead of the merchant's own
//	X-Append-Notification                      beside the merchant's own
//
// The member comes first because SDKs keep sending headers that were set for
// an earlier request. An empty list or header is the same as none.
func readTargets(body object, header http.Header, allowPrivate bool) targets {
	own := body.targets("notification_urls")
	override, beside := listed(lastValue(header, overrideHeader)), listed(lastValue(header, appendHeader))
	for _, named := range []struct {
		name string
		urls []string
	}{{body.at("notification_urls"), own}, {overrideHeader, override}, {appendHeader, beside}} {
		body.faults.addTargets(named.name, named.urls, allowPrivate)
	}
	switch {
	case len(own) > 0:
		return targets{own, true}
	case len(override) > 0:
		return targets{override, true}
	default:
		return targets{beside, false}
	}
}

// targets is a member that is an array of texts.
func (o object) targets(name string) []string {
	var urls []string
	for i, value := range o.list(name) {
		text, is := value.(string)
		if !is {
			o.reject(fmt.Sprintf("%s[%d]", name, i), "must be text")
			return nil
		}
		urls = append(urls, text)
	}
	return urls
}

// listed are the values of a text that lists them between commas.
func listed(text string) []string {
	var values []string
	for value := range strings.SplitSeq(text, ",") {
		if value = strings.TrimSpace(value); value != "" {
			values = append(values, value)
		}
	}
	return values
}

// addTargets reports what is wrong with a list of notification URLs.
func (f *faults) addTargets(name string, urls []string, allowPrivate bool) {
	if len(urls) > access.MaxNotificationURLs {
		f.add(name, fmt.Sprintf("must name at most %d URLs", access.MaxNotificationURLs))
		return
	}
	for i, url := range urls {
		if err := access.CheckNotificationURL(url, allowPrivate); err != nil {
			// The error names the rule alone.
			rule := strings.TrimSuffix(err.Error(), ": "+access.ErrNotificationURL.Error())
			f.add(fmt.Sprintf("%s[%d]", name, i), "can't be notified: "+rule)
		}
	}
}
