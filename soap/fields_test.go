package soap

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// parseWith parses an ordinary request with one field's text replaced.
func parseWith(t *testing.T, operation Operation, f field, text string) *Message {
	t.Helper()
	m := ordinaryMessage(operation)
	*m.value(f) = text
	got, err := Parse("text/xml", rebuild(&m))
	require.NoError(t, err)
	return got
}

// TestFieldTables holds the rules to the document's tables, written here a
// second time: field, whether mandatory, length, and a value that its alphabet
// excludes.
func TestFieldTables(t *testing.T) {
	t.Parallel()
	type row struct {
		field     string
		mandatory bool
		max       int
		excluded  string
	}
	tables := map[Operation][]row{
		Inquiry: {
			{"TimeStamp", true, 23, "yesterday"}, {"MessageID", true, 255, "a\tb"}, {"PaymentCode", true, 20, "12-34"},
			{"TrackingRef", true, 20, "12_34"}, {"ProductCode", false, 10, "1.2"}, {"StoreID", true, 20, "TK 01"},
			{"Signature", false, 256, "XYZ"}, {"ExtraParam1", false, 100, "né"}, {"ExtraParam2", false, 100, "né"},
			{"ExtraParam3", false, 100, "né"},
		},
		Payment: {
			{"TimeStamp", true, 23, "yesterday"}, {"MessageID", true, 255, "a\u00a0b"}, {"PaymentCode", true, 20, "12/34"},
			{"Amount", true, 15, "12,5"}, {"TrackingRef", true, 20, "é1"}, {"ProductCode", false, 10, "1;2"},
			{"StoreID", true, 20, "TK'01"}, {"Signature", false, 256, "0x12"},
		},
	}
	tables[Reversal] = tables[Payment]
	for operation, table := range tables {
		require.Len(t, rules[operation], len(table))
		for i, row := range table {
			t.Run(string(operation)+"/"+row.field, func(t *testing.T) {
				t.Parallel()
				f := fieldsByName[row.field]
				require.Equal(t, f, rules[operation][i].field, "the document's order")
				found := func(text string) []FieldError {
					m := parseWith(t, operation, f, text)
					return append(m.Defects, m.Warnings...)
				}
				absent := found("")
				require.Equal(t, row.mandatory, len(absent) == 1, absent)
				require.Equal(t, row.mandatory, len(found(" \n ")) == 1, "white space is no value")
				tooLong := found(strings.Repeat("1", row.max+1))
				require.Len(t, tooLong, 1)
				require.Contains(t, tooLong[0].Rule, "must be at most")
				require.Len(t, found(row.excluded), 1)
				require.Equal(t, row.field, found(row.excluded)[0].Field)
				require.Equal(t, operation.element()+"/"+row.field, found(row.excluded)[0].Place)
				if f != fieldTimeStamp && f != fieldAmount {
					require.Empty(t, found(strings.Repeat("1", row.max)), "the longest value")
				}
			})
		}
	}
}

func TestFieldErrorsNeverShowTheValue(t *testing.T) {
	t.Parallel()
	const value = "4111-1111-1111-1111"
	for _, operation := range Operations() {
		for f := range fieldCount {
			m := parseWith(t, operation, f, value)
			for _, defect := range append(m.Defects, m.Warnings...) {
				require.NotContains(t, defect.Error(), "4111")
			}
		}
	}
}

func TestReversalIsRefusedOnlyForWhatNamesThePayment(t *testing.T) {
	t.Parallel()
	const nothing = "§"
	for f := range fieldCount {
		if !Reversal.inTable(f) {
			continue
		}
		m := parseWith(t, Reversal, f, nothing)
		switch f {
		case fieldPaymentCode, fieldAmount, fieldTrackingRef, fieldSignature:
			require.Len(t, m.Defects, 1, fieldNames[f])
			require.Empty(t, m.Warnings, fieldNames[f])
		default:
			require.Empty(t, m.Defects, fieldNames[f])
			require.Len(t, m.Warnings, 1, fieldNames[f])
		}
	}
}

func TestTimeStamps(t *testing.T) {
	t.Parallel()
	at := func(hour, minute, second int) time.Time {
		return time.Date(2026, 11, 22, hour, minute, second, 0, ledger.WIB)
	}
	for text, want := range map[string]time.Time{
		"2026-11-22 00:00:00":      at(0, 0, 0),
		"2026-11-22 23:59:59":      at(23, 59, 59),
		"2026-11-22 10:15:30:1":    at(10, 15, 30),
		"2026-11-22 10:15:30:12":   at(10, 15, 30),
		"2026-11-22 10:15:30:999":  at(10, 15, 30),
		"2028-02-29 10:15:30":      time.Date(2028, 2, 29, 10, 15, 30, 0, ledger.WIB),
		"2027-02-29 10:15:30":      {},
		"2026-11-22 24:00:00":      {},
		"2026-11-22 10:60:30":      {},
		"2026-11-22 10:15:60":      {},
		"2026-13-22 10:15:30":      {},
		"2026-00-22 10:15:30":      {},
		"2026-11-00 10:15:30":      {},
		"2026-11-22 10:15:30.123":  {},
		"2026-11-22 10:15:30,123":  {},
		"2026-11-22 10:15:30:":     {},
		"2026-11-22 10:15:30:1234": {},
		"2026-11-22 10:15:30:a":    {},
		"2026-11-2210:15:30":       {},
		"2026-11-22  1:15:30":      {},
		"2026/11/22 10:15:30":      {},
		"22-11-2026 10:15:30":      {},
		"20261122101530":           {},
		"":                         {},
	} {
		m := parseWith(t, Payment, fieldTimeStamp, text)
		require.True(t, want.Equal(m.Sent), "%q gives %v", text, m.Sent)
		require.Equal(t, want.IsZero(), len(m.Defects) == 1, text)
	}
}

func TestClockOfASignatureComesFromTheText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-11-22 10:15:30":     "101530",
		"2026-11-22 10:15:30:123": "101530",
		"2026-11-22 24:00:00":     "240000",
		"0000-99-99 10:15:30":     "101530",
		"2026-11-22 10:15":        "",
		"2026-11-22T10-15-30":     "",
		"":                        "",
	} {
		require.Equal(t, want, (&Message{TimeStamp: text}).clock(), text)
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]ledger.Rupiah{
		"0": 0, "1": 1, "50000": 50000, "50000.0": 50000, "50000.00": 50000, "999999999999": 999999999999,
		"999999999999.00": 999999999999,
	} {
		m := parseWith(t, Payment, fieldAmount, text)
		require.Empty(t, m.Defects, text)
		require.Equal(t, want, m.Rupiah, text)
	}
	for _, text := range []string{
		"-1", "+1", "1e5", "50.000", "5,0", "NaN", "Inf", "99999999999999999999", "1000000000000", "1.5", "1.01", ".0", "1.", "0x10",
		"1_000", "1 000", "Rp50000", "٥٠",
	} {
		m := parseWith(t, Payment, fieldAmount, text)
		require.Len(t, m.Defects, 1, text)
		require.Zero(t, m.Rupiah, text)
	}
}

func TestInquiryIgnoresAnAmount(t *testing.T) {
	t.Parallel()
	body := strings.Replace(string(recorded(t, Inquiry, "ordinary")), "</ReqInquiry>", "<Amount>x</Amount></ReqInquiry>", 1)
	m, err := Parse("text/xml", []byte(body))
	require.NoError(t, err)
	require.Empty(t, m.Defects)
	require.Empty(t, m.Amount)
	require.Equal(t, 1, m.Unknown)
}

func TestInTableAgreesWithTheTables(t *testing.T) {
	t.Parallel()
	for _, operation := range Operations() {
		listed := map[field]bool{}
		for _, r := range rules[operation] {
			listed[r.field] = true
		}
		for f := range fieldCount {
			require.Equal(t, listed[f], operation.inTable(f), "%s of %s", fieldNames[f], operation)
		}
	}
}
