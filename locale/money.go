package locale

import (
	"strconv"

	"paypoint/ledger"
)

// Rupiah writes an amount with its currency, in every language alike:
// "Rp1.234.567", "-Rp1.234.567".
func Rupiah(a ledger.Rupiah) string {
	if a < 0 {
		return "-Rp" + grouped(magnitude(int64(a)))
	}
	return "Rp" + grouped(magnitude(int64(a)))
}

// Signed writes a difference, which says its direction: "+Rp1.000", "-Rp1.000".
// None has no sign: "Rp0".
func Signed(a ledger.Rupiah) string {
	if a > 0 {
		return "+" + Rupiah(a)
	}
	return Rupiah(a)
}

// Bare writes an amount for a cell whose column names the currency: "1.234.567".
func Bare(a ledger.Rupiah) string { return Count(int64(a)) }

// Count writes how many there are of something: "10.000". It is never shortened.
func Count(n int64) string {
	if n < 0 {
		return "-" + grouped(magnitude(n))
	}
	return grouped(magnitude(n))
}

// magnitude is the number without its sign. The smallest number has no positive
// twin among int64, so it is negated as an unsigned one.
func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n) // #nosec G115 -- the overflow is what is wanted
	}
	return uint64(n)
}

// grouped parts thousands with dots.
func grouped(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "." + digits[i:]
	}
	return digits
}
