package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"paypoint/access"

	"paypoint/ledger"
)

const (
	// DefaultTimeout is the time for one attempt: all connections, redirects and
	// the answer together.
	DefaultTimeout = 15 * time.Second
	// maxHops is how many redirects (307, 308) one attempt follows.
	maxHops = 5
	// maxAnswer is how much of an answer's body is read and kept, in bytes.
	maxAnswer = 1 << 10
	// maxAnswerHeader bounds an answer's header, in bytes.
	maxAnswerHeader = 16 << 10
	// answerWait bounds the wait for the body: what counts is the status, which
	// is there already.
	answerWait = time.Second
	// userAgent is the one that receivers know.
	userAgent = "Veritrans"
)

// sender posts messages to receivers that are not trusted.
type sender struct {
	transport http.RoundTripper
	timeout   time.Duration
	// allowPrivate says whether redirects may name private hosts.
	allowPrivate bool
}

// newSender makes a sender. Each request has a connection of its own, so that
// each name is resolved, and each address judged, anew.
func newSender(timeout time.Duration, allowPrivate bool, roots *x509.CertPool, allowed func(netip.Addr) bool, resolver *net.Resolver) *sender {
	return &sender{
		timeout: timeout, allowPrivate: allowPrivate,
		transport: &http.Transport{
			// No proxy of the environment: it would connect for us, past the guard.
			Proxy:       nil,
			DialContext: newDialer(allowed, resolver).DialContext,
			// HTTP/1.1 alone: HTTP/2 reads ahead, and would gain nothing with one
			// request to a connection.
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxAnswerHeader,
		},
	}
}

// message is what is posted to a target.
type message struct {
	target string
	header http.Header
	body   []byte
}

// result is how an exchange ended.
type result struct {
	// status is the HTTP status of the last answer, 0 when there was none.
	status int
	// answer is its beginning, printable.
	answer string
	// fault is empty when the message was taken.
	fault fault
	// ours is an error on our side that kept the message from being posted.
	ours error
}

// send posts a message, following 307 and 308 with the same body. It ends
// within the sender's timeout.
func (s *sender) send(ctx context.Context, m message) result {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	for hop := 0; ; hop++ {
		r, location := s.post(ctx, m)
		if r.status != http.StatusTemporaryRedirect && r.status != http.StatusPermanentRedirect {
			return r
		}
		if hop == maxHops {
			r.fault = fault{ledger.AttemptRedirect, fmt.Sprintf("more than %d redirects", maxHops)}
			return r
		}
		next, problem := s.follow(m.target, location)
		if problem != "" {
			r.fault = fault{ledger.AttemptRedirect, fmt.Sprintf("the receiver answered %d: %s", r.status, problem)}
			return r
		}
		m.target = next
	}
}

// post is one request with its answer. location is the answer's header field.
func (s *sender) post(ctx context.Context, m message) (r result, location string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.target, bytes.NewReader(m.body))
	if err != nil {
		return result{fault: fault{ledger.AttemptProtocol, "the URL can't be used"}}, ""
	}
	// The transport may add to it, and a redirect needs it as it was.
	request.Header = m.header.Clone()
	// The transport alone: a client would follow redirects and keep cookies.
	response, err := s.transport.RoundTrip(request)
	if err != nil && isOurs(err) {
		return result{ours: err}, ""
	}
	if err != nil {
		return result{fault: faultOf(err, s.timeout)}, ""
	}
	// Without keep-alive, closing the body closes the connection, read or not.
	defer response.Body.Close()
	if response.StatusCode < http.StatusOK {
		// 101: the body is the connection itself, which no deadline ends.
		return result{status: response.StatusCode, fault: statusFault(response.StatusCode, "")}, ""
	}
	defer time.AfterFunc(answerWait, cancel).Stop()
	location = response.Header.Get("Location")
	r = result{status: response.StatusCode, answer: readAnswer(response.Body)}
	r.fault = statusFault(r.status, location)
	return r, location
}

// statusFault is why an answer does not count; none for a 2xx.
func statusFault(status int, location string) fault {
	switch {
	case status >= http.StatusOK && status < http.StatusMultipleChoices:
		return fault{}
	case status == http.StatusMovedPermanently, status == http.StatusFound, status == http.StatusSeeOther:
		text := fmt.Sprintf("the receiver answered %d, a redirect that is not followed: set the URL to where it leads", status)
		if location != "" {
			text += ", " + printable(location)
		}
		return fault{ledger.AttemptRedirect, text}
	default:
		return fault{ledger.AttemptStatus, fmt.Sprintf("the receiver answered %d", status)}
	}
}

// follow is where a redirect leads, or why it is not followed.
func (s *sender) follow(from, location string) (next, problem string) {
	base, err := url.Parse(from)
	if err != nil {
		return "", "its URL can't be used"
	}
	target, err := base.Parse(location)
	if location == "" || err != nil {
		return "", "it redirects without saying where to"
	}
	// A fragment is never sent, so it does no harm (RFC 9110, 10.2.2).
	target.Fragment, target.RawFragment = "", ""
	if base.Scheme == "https" && target.Scheme != "https" {
		return "", "it redirects from https to " + printable(target.Scheme)
	}
	if err := access.CheckNotificationURL(target.String(), s.allowPrivate); err != nil {
		return "", "it redirects to where notifications are not sent"
	}
	return target.String(), ""
}

// readAnswer reads the beginning of an answer's body. How it breaks off does
// not matter.
func readAnswer(body io.Reader) string {
	start, _ := io.ReadAll(io.LimitReader(body, maxAnswer))
	return printable(string(start))
}

// printable is a receiver's text fit to be shown: whatever is not known to be
// printable is masked, and it is cut to maxAnswer bytes.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r == utf8.RuneError || !unicode.IsPrint(r):
			return '?'
		default:
			return r
		}
	}, text)
	for len(text) > maxAnswer {
		_, last := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-last]
	}
	return strings.TrimSpace(text)
}
