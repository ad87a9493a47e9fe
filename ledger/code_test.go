package ledger_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
)

// testCodes are codes under a fixed key.
func testCodes(t require.TestingT, length int) *ledger.Codes {
	codes, err := ledger.NewCodes(bytes.Repeat([]byte{7}, ledger.CodeKeySize), length)
	require.NoError(t, err)
	return codes
}

// numbersOf is how many codes there are of a length.
func numbersOf(length int) uint64 {
	n := uint64(1)
	for range length - ledger.PrefixDigits - 1 {
		n *= 10
	}
	return n
}

func TestCodeLeadsBackToItsNumber(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.IntRange(ledger.MinCodeLength, ledger.MaxCodeLength).Draw(t, "length")
		number := rapid.Uint64Range(0, numbersOf(length)-1).Draw(t, "number")
		prefix := rapid.StringMatching(`[0-9]{3}`).Draw(t, "prefix")
		codes := testCodes(t, length)
		code, err := codes.Code(prefix, number)
		require.NoError(t, err)
		require.Regexp(t, fmt.Sprintf(`^%s[0-9]{%d}$`, prefix, length-3), string(code))
		back, ok := codes.Number(code)
		require.True(t, ok)
		require.Equal(t, number, back)
	})
}

// Neighbouring numbers give codes that have nothing in common to guess by, and
// never the same one.
func TestCodesOfNeighbours(t *testing.T) {
	t.Parallel()
	codes := testCodes(t, ledger.DefaultCodeLength)
	seen := map[ledger.PaymentCode]bool{}
	starts := map[ledger.PaymentCode]bool{}
	const many = 20_000
	for number := range uint64(many) {
		code, err := codes.Code(prefix, number)
		require.NoError(t, err)
		seen[code] = true
		starts[code[:7]] = true
	}
	require.Len(t, seen, many)
	// 20.000 draws leave a share of 1/e² of the 10.000 beginnings out.
	require.InDelta(t, 8_647, len(starts), 200)
}

func TestLeadingZerosOfACodeCount(t *testing.T) {
	t.Parallel()
	codes := testCodes(t, ledger.MinCodeLength)
	code, err := codes.Code("000", 1)
	require.NoError(t, err)
	require.Len(t, string(code), ledger.MinCodeLength)
	number, ok := codes.Number(code)
	require.True(t, ok)
	require.Equal(t, uint64(1), number)
	_, ok = codes.Number(ledger.PaymentCode(strings.TrimLeft(string(code), "0")))
	require.False(t, ok)
}

// The digit at the end catches what cashiers mistype.
func TestLuhnCatchesOneWrongDigit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		codes, code := drawCode(t)
		at := rapid.IntRange(0, len(code)-1).Draw(t, "at")
		typed := []byte(code)
		typed[at] = '0' + (typed[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "off by")))%10
		_, ok := codes.Number(ledger.PaymentCode(typed))
		require.False(t, ok)
	})
}

func TestLuhnCatchesSwappedNeighbours(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		codes, code := drawCode(t)
		at := rapid.IntRange(0, len(code)-2).Draw(t, "at")
		pair := string(code[at : at+2])
		if pair[0] == pair[1] {
			t.Skip("swapping equal digits changes nothing")
		}
		typed := []byte(code)
		typed[at], typed[at+1] = typed[at+1], typed[at]
		_, ok := codes.Number(ledger.PaymentCode(typed))
		// Luhn's known blind spot.
		require.Equal(t, pair == "09" || pair == "90", ok)
	})
}

func drawCode(t *rapid.T) (*ledger.Codes, ledger.PaymentCode) {
	length := rapid.IntRange(ledger.MinCodeLength, ledger.MaxCodeLength).Draw(t, "length")
	codes := testCodes(t, length)
	code, err := codes.Code(prefix, rapid.Uint64Range(0, numbersOf(length)-1).Draw(t, "number"))
	require.NoError(t, err)
	return codes, code
}

// A code under another merchant's prefix, with its check digit right, stands
// for another number: a scan of one merchant's codes tells nothing of another's.
func TestAnotherPrefixLeadsElsewhere(t *testing.T) {
	t.Parallel()
	codes := testCodes(t, ledger.DefaultCodeLength)
	for number := range uint64(100) {
		code, err := codes.Code("812", number)
		require.NoError(t, err)
		// 812 and 100 add the same to Luhn's sum: (8·2-9)+1+2·2 = 12, 1·2 = 2.
		other, ok := codes.Number("100" + code[3:])
		require.True(t, ok)
		require.NotEqual(t, number, other)
	}
}

// The ledger takes such a code for unknown.
func TestCodeOfAnotherPrefixIsUnknown(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	for _, typed := range []ledger.PaymentCode{
		"813" + c.Code[3:], c.Code[:15], c.Code + "0", " " + c.Code[1:], "", "ABCDEFGHIJKLMNOP",
	} {
		require.Equal(t, ledger.ReasonUnknownCode, w.inquiry(typed).Reason, "%q", typed)
		require.Equal(t, ledger.ReasonUnknownCode, w.pay(typed, "R1").Reason, "%q", typed)
	}
}

// A code of the right shape may stand for the number of a charge that was given
// out under another prefix; it is not that charge's code.
func TestCodeOfTheSameNumberIsUnknown(t *testing.T) {
	t.Parallel()
	w := setup(t)
	foreign := w.load(ledger.Keys{Prefix: "813"})
	c := w.charge()
	require.Equal(t, foreign.FreshNumber, c.Number)
	require.NotEqual(t, foreign.FreshCode, c.Code)
	require.Equal(t, ledger.ReasonUnknownCode, w.inquiry(foreign.FreshCode).Reason)
	require.Equal(t, ledger.ReasonUnknownCode, w.pay(foreign.FreshCode, "R1").Reason)
	require.Equal(t, ledger.ReasonUnknownCode, w.reverse(foreign.FreshCode, "R2").Reason)
	require.Equal(t, ledger.StandingActive, w.standing(c))
}

func TestCodesRefuse(t *testing.T) {
	t.Parallel()
	key := make([]byte, ledger.CodeKeySize)
	for _, length := range []int{0, ledger.MinCodeLength - 1, ledger.MaxCodeLength + 1} {
		_, err := ledger.NewCodes(key, length)
		require.ErrorContains(t, err, "want 12 to 20")
	}
	for _, size := range []int{0, 16, ledger.CodeKeySize - 1, ledger.CodeKeySize + 1} {
		_, err := ledger.NewCodes(make([]byte, size), ledger.DefaultCodeLength)
		require.ErrorContains(t, err, "want 32")
	}
	codes := testCodes(t, ledger.DefaultCodeLength)
	code, err := codes.Code("812", 1)
	require.NoError(t, err)
	require.Len(t, string(code), ledger.DefaultCodeLength)
	for _, prefix := range []string{"", "81", "8123", "81A", "８１２"} {
		_, err := codes.Code(prefix, 1)
		require.ErrorContains(t, err, "want 3 digits", "%q", prefix)
	}
}

func TestCodesExhausted(t *testing.T) {
	t.Parallel()
	for _, length := range []int{ledger.MinCodeLength, ledger.MaxCodeLength} {
		codes := testCodes(t, length)
		_, err := codes.Code(prefix, numbersOf(length)-1)
		require.NoError(t, err)
		_, err = codes.Code(prefix, numbersOf(length))
		require.ErrorIs(t, err, ledger.ErrCodesExhausted)
	}
}

// The codes of a ledger must never change: they are printed.
func TestCodesStayTheSame(t *testing.T) {
	t.Parallel()
	for length, want := range map[int]ledger.PaymentCode{
		12: "812701820506", 16: "8120536862485464", 20: "81202153010844768604",
	} {
		code, err := testCodes(t, length).Code(prefix, 1)
		require.NoError(t, err)
		require.Equal(t, want, code)
	}
}

func FuzzCodesNumber(f *testing.F) {
	codes := testCodes(f, ledger.DefaultCodeLength)
	for number := range uint64(5) {
		code, err := codes.Code(prefix, number)
		require.NoError(f, err)
		f.Add(string(code))
		f.Add(string(code[1:]))
	}
	for _, text := range []string{"", "0", "0000000000000000", "9999999999999999", "81234567890123A6", "８１２３４５", "-812345678901234"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		number, ok := codes.Number(ledger.PaymentCode(text))
		if !ok {
			return
		}
		code, err := codes.Code(ledger.PaymentCode(text).Prefix(), number)
		require.NoError(t, err, "what is a code stands for a number that can be given out")
		require.Equal(t, ledger.PaymentCode(text), code)
	})
}
