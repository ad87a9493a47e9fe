package delivery

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of a letter.
const (
	// MaxRecipients bounds the addresses of a letter.
	MaxRecipients = 50
	// MaxAttached bounds its files together, in bytes: many servers take
	// 25 MB, in which base64 leaves room for about 18. Send a link to more.
	MaxAttached = 15 << 20
	// maxSubject and maxText bound its texts, maxLinks its links.
	maxSubject = 200
	maxText    = 100_000
	maxLinks   = 50
	maxLink    = 2000
	// maxAddress is RFC 5321's bound of a path (4.5.3.1.3), without its < and >.
	maxAddress = 254
	// maxID bounds a letter's ID.
	maxID = 200
)

// ErrLetter: a letter can't be sent as it is.
var ErrLetter = errors.New("bad letter")

// Letter is a mail to be sent.
type Letter struct {
	// ID says which letter this is, such as "settlement/2026-11-20": the same ID
	// from the same sender gets the same Message-ID. It is not shown.
	ID string
	// Date is when it was first to be sent.
	Date time.Time
	// To are addresses, "ops@example.com" or "Finance <ops@example.com>". All
	// get it or none.
	To []string
	// Subject is one line of text, Text the body.
	Subject, Text string
	// Links are http and https addresses, one a line below the text.
	Links []string
	// Files are paths of files to attach under their own names.
	Files []string
}

// check finds what would make the letter another one than was meant, above all
// line ends, by which a header could be put in.
func (l Letter) check() ([]*mail.Address, error) {
	if l.ID == "" || len(l.ID) > maxID {
		return nil, fmt.Errorf("ID has %d bytes, want 1 to %d: %w", len(l.ID), maxID, ErrLetter)
	}
	if l.Date.IsZero() {
		return nil, fmt.Errorf("no date: %w", ErrLetter)
	}
	if l.Subject == "" || utf8.RuneCountInString(l.Subject) > maxSubject || unprintable(l.Subject) {
		return nil, fmt.Errorf("subject %.50q: want one line of 1 to %d printable characters: %w", l.Subject, maxSubject, ErrLetter)
	}
	if len(l.Text) > maxText || !utf8.ValidString(l.Text) || strings.ContainsRune(l.Text, 0) {
		return nil, fmt.Errorf("text of %d bytes: want UTF-8 of up to %d without NUL: %w", len(l.Text), maxText, ErrLetter)
	}
	if err := checkLinks(l.Links); err != nil {
		return nil, err
	}
	return parseAddresses(l.To)
}

func checkLinks(links []string) error {
	if len(links) > maxLinks {
		return fmt.Errorf("%d links, the limit is %d: %w", len(links), maxLinks, ErrLetter)
	}
	for i, link := range links {
		parsed, err := url.Parse(link)
		if err != nil || len(link) > maxLink || unprintable(link) || strings.Contains(link, " ") ||
			(parsed.Scheme != "https" && parsed.Scheme != "http") || parsed.Host == "" || parsed.User != nil {
			// A link may carry a token: it is named by its number alone.
			return fmt.Errorf("link %d: want an http address of up to %d bytes without a password: %w", i+1, maxLink, ErrLetter)
		}
	}
	return nil
}

func parseAddresses(texts []string) ([]*mail.Address, error) {
	if len(texts) == 0 || len(texts) > MaxRecipients {
		return nil, fmt.Errorf("%d recipients, want 1 to %d: %w", len(texts), MaxRecipients, ErrLetter)
	}
	all, seen := make([]*mail.Address, 0, len(texts)), map[string]bool{}
	for i, text := range texts {
		address, err := parseAddress(text)
		if err != nil {
			return nil, fmt.Errorf("recipient %d: %w", i+1, err)
		}
		if seen[address.Address] {
			return nil, fmt.Errorf("recipient %d: %s is named twice: %w", i+1, address.Address, ErrLetter)
		}
		seen[address.Address] = true
		all = append(all, address)
	}
	return all, nil
}

// parseAddress reads one address (RFC 5322, 3.4). The address itself must be
// plain ASCII, as servers without SMTPUTF8 (RFC 6531) take no other, and its
// domain a name.
func parseAddress(text string) (*mail.Address, error) {
	if unprintable(text) {
		return nil, fmt.Errorf("address %.50q: want printable UTF-8: %w", text, ErrLetter)
	}
	address, err := mail.ParseAddress(text)
	if err != nil {
		return nil, fmt.Errorf("address %.50q: %w: %w", text, err, ErrLetter)
	}
	// Encoded words (RFC 2047) in the name were decoded: look again.
	if unprintable(address.Name) || utf8.RuneCountInString(address.Name) > maxSubject {
		return nil, fmt.Errorf("address %.50q: its name: want up to %d printable characters: %w", text, maxSubject, ErrLetter)
	}
	at := strings.LastIndex(address.Address, "@")
	domain := address.Address[at+1:]
	if len(address.Address) > maxAddress || !strings.Contains(domain, ".") || strings.ContainsFunc(address.Address, notInAddress) {
		return nil, fmt.Errorf("address %.50q: want name@domain in ASCII, up to %d bytes: %w", text, maxAddress, ErrLetter)
	}
	return address, nil
}

// notInAddress are the characters that addresses of real mailboxes do without:
// quotes, spaces and brackets serve to smuggle more than they serve to write.
func notInAddress(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune(`"(),:;<>[\]`, r)
}

// body is the text with the links below.
func (l Letter) body() string {
	if len(l.Links) == 0 {
		return l.Text
	}
	return strings.TrimRight(l.Text, "\n") + "\n\n" + strings.Join(l.Links, "\n") + "\n"
}

// messageID is the part of the Message-ID between < and >: a hash, so that it
// shows nothing of the ID, in the sender's domain.
func (l Letter) messageID(from string) string {
	sum := sha256.Sum256([]byte(from + "\x00" + l.ID))
	return hex.EncodeToString(sum[:16]) + from[strings.LastIndex(from, "@"):]
}

// checkFiles measures what is to be attached.
func (l Letter) checkFiles() error {
	total := int64(0)
	for _, name := range l.Files {
		info, err := os.Stat(name)
		if err != nil {
			return fmt.Errorf("attach: %w", err)
		}
		if err := checkName(info.Name()); err != nil {
			return fmt.Errorf("attach: %w", err)
		}
		if total += info.Size(); !info.Mode().IsRegular() || total > MaxAttached {
			return fmt.Errorf("attach %s: want files of up to %d bytes together, the rest as links: %w", info.Name(), MaxAttached, ErrLetter)
		}
	}
	return nil
}
