package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
)

// maxToken is the longest bearer token that is looked at, in bytes.
const maxToken = 255

// ErrToken reports a token of the configuration that can't be used.
var ErrToken = errors.New("not a usable token")

// Token is who may call with a bearer token.
type Token struct {
	// Name is the caller, as the journal and the logs call it.
	Name string
	// SHA256 is the token's, in 64 hexadecimal digits.
	SHA256 string
}

// Tokens knows callers by their bearer tokens. It may be used by many at once.
type Tokens struct {
	callers []caller
}

type caller struct {
	name   string
	digest [sha256.Size]byte
}

// NewTokens takes the tokens of the configuration. It refuses, with ErrToken,
// a token without a name or a SHA-256, and two with the same of either.
func NewTokens(tokens []Token) (*Tokens, error) {
	t := &Tokens{}
	names, digests := map[string]bool{}, map[[sha256.Size]byte]string{}
	for i, token := range tokens {
		bytes, err := hex.DecodeString(token.SHA256)
		digest := [sha256.Size]byte{}
		copy(digest[:], bytes)
		switch twin, taken := digests[digest]; {
		case token.Name == "":
			return nil, fmt.Errorf("token %d has no name: %w", i+1, ErrToken)
		case names[token.Name]:
			return nil, fmt.Errorf("token %s is given twice: %w", token.Name, ErrToken)
		case err != nil || len(bytes) != sha256.Size:
			return nil, fmt.Errorf("token %s: its SHA-256 is not 64 hexadecimal digits: %w", token.Name, ErrToken)
		case taken:
			return nil, fmt.Errorf("tokens %s and %s are the same: %w", twin, token.Name, ErrToken)
		}
		names[token.Name], digests[digest] = true, token.Name
		t.callers = append(t.callers, caller{token.Name, digest})
	}
	return t, nil
}

// Check says whose token it is. It takes the same time whichever token it is,
// and whether it is one.
func (t *Tokens) Check(token string) (name string, ok bool) {
	if len(token) > maxToken {
		return "", false
	}
	digest := sha256.Sum256([]byte(token))
	for _, c := range t.callers {
		if subtle.ConstantTimeCompare(digest[:], c.digest[:]) == 1 {
			name, ok = c.name, true
		}
	}
	return name, ok
}
