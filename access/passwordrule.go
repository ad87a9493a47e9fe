package access

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// commonPasswords are passwords of at least MinPassword characters that guessers
// try first, one a line, in small letters.
//
//go:embed common-passwords.txt
var commonPasswords string

// checkPassword holds a password against the rules. Errors: *PasswordError.
func checkPassword(password, id, name string) error {
	fault := func(f PasswordFault) error { return &PasswordError{f} }
	length := utf8.RuneCountInString(password)
	folded := strings.ToLower(strings.TrimSpace(password))
	switch {
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unprintable):
		return fault(PasswordUnprintable)
	case length < MinPassword:
		return fault(PasswordShort)
	case length > MaxPassword:
		return fault(PasswordLong)
	case folded == id || folded == strings.ToLower(name):
		return fault(PasswordOwn)
	case repeats(folded) || slices.Contains(strings.Split(commonPasswords, "\n"), folded):
		return fault(PasswordCommon)
	default:
		return nil
	}
}

// unprintable says whether a character can't be typed into a field: any space
// of Unicode can.
func unprintable(r rune) bool { return !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) }

// repeats says whether a password is a few characters again and again.
func repeats(password string) bool {
	runes := []rune(password)
	for period := 1; period <= len(runes)/2; period++ {
		if slices.Equal(runes[period:], runes[:len(runes)-period]) {
			return true
		}
	}
	return false
}
