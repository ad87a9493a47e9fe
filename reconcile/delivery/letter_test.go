package delivery

import (
	"bytes"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func goodLetter() Letter {
	return Letter{ID: "settlement/2026-11-20", Date: time.Unix(1_790_000_000, 0), To: []string{"ops@example.com"}, Subject: "Settlement"}
}

func TestLetterCheck(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*Letter)
		want   string
	}{
		"no ID":                       {func(l *Letter) { l.ID = "" }, "ID has 0 bytes"},
		"a long ID":                   {func(l *Letter) { l.ID = strings.Repeat("i", 201) }, "ID has 201 bytes"},
		"no date":                     {func(l *Letter) { l.Date = time.Time{} }, "no date"},
		"no subject":                  {func(l *Letter) { l.Subject = "" }, "subject"},
		"a header in the subject":     {func(l *Letter) { l.Subject = "Hello\r\nBcc: thief@example.com" }, "subject"},
		"a line feed in the subject":  {func(l *Letter) { l.Subject = "Hello\n" }, "subject"},
		"a line separator":            {func(l *Letter) { l.Subject = "Hello\u2028" }, "subject"},
		"a subject that is no UTF-8":  {func(l *Letter) { l.Subject = "\xff" }, "subject"},
		"a long subject":              {func(l *Letter) { l.Subject = strings.Repeat("ü", 201) }, "subject"},
		"NUL in the text":             {func(l *Letter) { l.Text = "a\x00" }, "text of 2 bytes"},
		"a long text":                 {func(l *Letter) { l.Text = strings.Repeat("a", 100_001) }, "text of 100001 bytes"},
		"no recipient":                {func(l *Letter) { l.To = nil }, "0 recipients"},
		"too many recipients":         {func(l *Letter) { l.To = make([]string, 51) }, "51 recipients"},
		"one twice":                   {func(l *Letter) { l.To = []string{"a@example.com", "A <a@example.com>"} }, "named twice"},
		"two in one":                  {func(l *Letter) { l.To = []string{"a@example.com, b@example.com"} }, "recipient 1"},
		"a group":                     {func(l *Letter) { l.To = []string{"all: a@example.com, b@example.com;"} }, "recipient 1"},
		"a header after the address":  {func(l *Letter) { l.To = []string{"a@example.com\r\nBcc: b@example.com"} }, "recipient 1"},
		"a header in the name":        {func(l *Letter) { l.To = []string{"\"A\r\nBcc: b@example.com\" <a@example.com>"} }, "recipient 1"},
		"a header in an encoded name": {func(l *Letter) { l.To = []string{"=?utf-8?q?A=0D=0ABcc:_b?= <a@example.com>"} }, "recipient 1"},
		"a command in a quoted name":  {func(l *Letter) { l.To = []string{`"a> RCPT TO:<b"@example.com`} }, "name@domain"},
		"no domain":                   {func(l *Letter) { l.To = []string{"root"} }, "recipient 1"},
		"a domain without a dot":      {func(l *Letter) { l.To = []string{"root@localhost"} }, "name@domain"},
		"an address as the domain":    {func(l *Letter) { l.To = []string{"root@[127.0.0.1]"} }, "name@domain"},
		"a domain that is not ASCII":  {func(l *Letter) { l.To = []string{"a@exämple.com"} }, "name@domain"},
		"a long address":              {func(l *Letter) { l.To = []string{strings.Repeat("a", 250) + "@example.com"} }, "name@domain"},
		"a link without a host":       {func(l *Letter) { l.Links = []string{"https:///x"} }, "link 1"},
		"a link to run":               {func(l *Letter) { l.Links = []string{"javascript:alert(1)"} }, "link 1"},
		"a link with a password":      {func(l *Letter) { l.Links = []string{"https://u:secret@example.com/"} }, "link 1"},
		"a link with a line end":      {func(l *Letter) { l.Links = []string{"https://example.com/\nhttps://b.example"} }, "link 1"},
		"a link with a space":         {func(l *Letter) { l.Links = []string{"https://example.com/a b"} }, "link 1"},
		"a long link":                 {func(l *Letter) { l.Links = []string{"https://example.com/" + strings.Repeat("a", 2000)} }, "link 1"},
		"too many links":              {func(l *Letter) { l.Links = make([]string, 51) }, "51 links"},
	}
	for title, c := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			l := goodLetter()
			c.change(&l)
			_, err := l.check()
			require.ErrorIs(t, err, ErrLetter)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "secret")
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestMessageIDFollowsFromSenderAndID(t *testing.T) {
	t.Parallel()
	l := goodLetter()
	id := l.messageID("a@example.com")
	l.Subject, l.Date, l.To = "Other", time.Now(), []string{"b@example.com"}
	require.Equal(t, id, l.messageID("a@example.com"))
	require.NotEqual(t, id, l.messageID("b@example.com"))
	l.ID += "x"
	require.NotEqual(t, id, l.messageID("a@example.com"))
}

// Whatever is in a letter, its message has the headers that were meant, each
// once and with its value, and no other.
func FuzzLetter(f *testing.F) {
	f.Add("Settlement", "ops@example.com", "Dear all", "https://example.com/")
	f.Add("Hello\r\nBcc: thief@example.com", "A <a@example.com>", ".\r\n.\r\n", "http://x/%0d%0a")
	f.Add("=?utf-8?q?=0D=0ABcc:_b@example.com?=", "=?utf-8?q?A=0D=0ABcc:_b?= <a@example.com>", "\n\nTo: b", "https://b")
	f.Add("ü\u2028", `"a> RCPT TO:<b"@example.com`, strings.Repeat("x", 2000), "")
	f.Fuzz(func(t *testing.T, subject, to, text, link string) {
		l := goodLetter()
		l.Subject, l.To, l.Text, l.Links = subject, []string{to}, text, []string{link}
		if link == "" {
			l.Links = nil
		}
		addresses, err := l.check()
		if err != nil {
			return
		}
		message, err := write(l, &mail.Address{Address: "settlement@example.com"}, addresses)
		require.NoError(t, err)
		var raw bytes.Buffer
		_, err = message.WriteTo(&raw)
		require.NoError(t, err)
		requireHeaders(t, raw.Bytes(), l, addresses[0])
	})
}

func requireHeaders(t *testing.T, raw []byte, l Letter, to *mail.Address) {
	t.Helper()
	read, err := mail.ReadMessage(bytes.NewReader(raw))
	require.NoError(t, err)
	names := []string{}
	for name, values := range read.Header {
		names = append(names, name)
		require.Len(t, values, 1, name)
	}
	slices.Sort(names)
	require.Equal(t, []string{
		"Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To",
	}, names)
	got, err := read.Header.AddressList("To")
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, to.Address, got[0].Address)
	if subject, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject")); err == nil && !strings.Contains(l.Subject, "=?") {
		require.Equal(t, strings.TrimSpace(l.Subject), strings.TrimSpace(subject))
	}
	for line := range bytes.Lines(raw) {
		require.LessOrEqual(t, len(line), 1000, "RFC 5322, 2.1.1")
	}
}
