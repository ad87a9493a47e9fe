package access_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func TestTokensKnowTheirCallers(t *testing.T) {
	t.Parallel()
	tokens, err := access.NewTokens([]access.Token{
		{Name: "finance", SHA256: sha256Hex("SB-paypoint-finance-token")},
		{Name: "auditor", SHA256: strings.ToUpper(sha256Hex("second"))},
	})
	require.NoError(t, err)
	for name, try := range map[string]struct {
		token, caller string
	}{
		"first":           {"SB-paypoint-finance-token", "finance"},
		"second":          {"second", "auditor"},
		"unknown":         {"third", ""},
		"empty":           {"", ""},
		"start of one":    {"SB-paypoint-finance-toke", ""},
		"its SHA-256":     {sha256Hex("second"), ""},
		"other case":      {"Second", ""},
		"space behind":    {"second ", ""},
		"longer than any": {strings.Repeat("x", 256), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			caller, ok := tokens.Check(try.token)
			require.Equal(t, try.caller, caller)
			require.Equal(t, try.caller != "", ok)
		})
	}
}

func TestTokensRefuse(t *testing.T) {
	t.Parallel()
	good := sha256Hex("token")
	for name, try := range map[string]struct {
		tokens []access.Token
		names  string
	}{
		"no name":            {[]access.Token{{Name: "", SHA256: good}}, "token 1"},
		"no SHA-256":         {[]access.Token{{Name: "a", SHA256: ""}}, "token a"},
		"a short SHA-256":    {[]access.Token{{Name: "a", SHA256: good[2:]}}, "token a"},
		"a long SHA-256":     {[]access.Token{{Name: "a", SHA256: good + "00"}}, "token a"},
		"the token itself":   {[]access.Token{{Name: "a", SHA256: "SB-paypoint-finance-token"}}, "token a"},
		"the same name":      {[]access.Token{{Name: "a", SHA256: good}, {Name: "a", SHA256: sha256Hex("b")}}, "token a"},
		"the same token":     {[]access.Token{{Name: "a", SHA256: good}, {Name: "b", SHA256: good}}, "tokens a and b"},
		"the same, in upper": {[]access.Token{{Name: "a", SHA256: good}, {Name: "b", SHA256: strings.ToUpper(good)}}, "tokens a and b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := access.NewTokens(try.tokens)
			require.ErrorIs(t, err, access.ErrToken)
			require.ErrorContains(t, err, try.names)
			require.NotContains(t, err.Error(), "finance-token")
		})
	}
	none, err := access.NewTokens(nil)
	require.NoError(t, err)
	_, ok := none.Check("")
	require.False(t, ok)
}
