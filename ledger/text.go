package ledger

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkBy makes sure that somebody is recorded with what is done.
func checkBy(by string) error { return checkName("by", by) }

func checkName(field, name string) error {
	if n := utf8.RuneCountInString(name); n == 0 || n > MaxPerson || !utf8.ValidString(name) || strings.ContainsFunc(name, unseen) {
		return fmt.Errorf("%s: %d characters, want 1 to %d that can be printed: %w", field, n, MaxPerson, ErrText)
	}
	return nil
}

// checkHash refuses what is no SHA-256 in lower-case hexadecimal.
func checkHash(sha256 string) error {
	if len(sha256) != 2*len(Hash{}) || strings.Trim(sha256, "0123456789abcdef") != "" {
		return fmt.Errorf("sha256 %.70q: want %d hexadecimal digits: %w", sha256, 2*len(Hash{}), ErrText)
	}
	return nil
}

func checkText(field, text string) error {
	n := utf8.RuneCountInString(text)
	switch {
	case strings.TrimSpace(text) == "" || n > MaxCaseText || !utf8.ValidString(text):
		return fmt.Errorf("%s: %d characters, want 1 to %d: %w", field, n, MaxCaseText, ErrText)
	case strings.ContainsFunc(strings.ReplaceAll(text, "\n", ""), unseen):
		return fmt.Errorf("%s: it has control characters, or such as turn the direction of writing: %w", field, ErrText)
	default:
		return nil
	}
}

// unseen are characters by which a text looks like another one to who approves
// it, on a terminal or a page.
func unseen(r rune) bool { return !unicode.IsPrint(r) }
