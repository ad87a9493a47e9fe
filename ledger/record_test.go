package ledger_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// samples are one record of each kind, every field filled.
func samples() []ledger.Record {
	at := time.Date(2026, 3, 10, 10, 0, 0, 125_000_000, ledger.WIB)
	next := 0
	sample := func(event ledger.Event, postings ...ledger.Posting) ledger.Record {
		next++
		return ledger.Record{Seq: uint64(next), At: at.Add(time.Duration(next) * time.Second), Entry: ledger.Entry{Event: event, Postings: postings}}
	}
	return []ledger.Record{
		sample(ledger.Charged{
			Number: 1, Code: "8120536862485464", ID: "9f4d1c62-58a3-4c1b-9e0a-2f6f0c7d1a11", Merchant: merchant, Order: "INV/2026/03-0001",
			Amount: 50_000, MinAmount: 10_000, Fee: 2_500, Product: "PULSA", Hold: hold,
			ValidFrom: at.Add(time.Minute), Expires: at.Add(lifetime), Details: strings.Repeat("ab", 32),
		}),
		sample(ledger.Inquired{Number: 1, Ref: "1876500000", Store: store, GraceUntil: at.Add(lifetime + time.Minute)}),
		sample(ledger.Paid{
			Number: 1, Code: "8120536862485464", Ref: "1876500001", Store: store, Product: "PULSA", MessageID: "MSG <1> & \"2\"",
			TimeStamp: at.Add(-5 * time.Second), Amount: 50_000, Fee: 2_500, FeeRemitted: true, Receipt: "R00000001",
			Day: "2026-03-10", Late: true, Grace: true, ReleaseAt: at.Add(hold), Request: strings.Repeat("cd", 32),
		},
			ledger.Posting{Account: ledger.IndomaretReceivable, Amount: 52_500},
			ledger.Posting{Account: ledger.MerchantPayable(merchant), Amount: -50_000},
			ledger.Posting{Account: ledger.Fees, Amount: -2_500},
		),
		sample(ledger.Released{Number: 1, Ref: "1876500001"}),
		sample(ledger.Reversed{
			Number: 1, Code: "8120536862485464", Ref: "1876500001", Store: store, MessageID: "MSG-3", TimeStamp: at,
			Day: "2026-03-10", Deny: true, Deadline: at.Add(lifetime), Request: strings.Repeat("ef", 32),
		},
			ledger.Posting{Account: ledger.IndomaretReceivable, Amount: -52_500},
			ledger.Posting{Account: ledger.MerchantPayable(merchant), Amount: 50_000},
			ledger.Posting{Account: ledger.Fees, Amount: 2_500},
		),
		sample(ledger.Buried{
			Code: "8120536862485464", Ref: "1876500002", Store: store, Amount: 50_000, MessageID: "MSG-4", TimeStamp: at,
			Request: strings.Repeat("01", 32),
		}),
		sample(ledger.Cancelled{Number: 2}),
		sample(ledger.Expired{Number: 3, ByMerchant: true}),
		sample(ledger.Closed{Day: "2026-03-10", No: 1, Early: true}),
		sample(ledger.Sealed{Day: "2026-03-10", SHA256: strings.Repeat("23", 32), PreviousSHA256: strings.Repeat("45", 32)}),
		sample(ledger.CaseOpened{
			Code: "8120536862485464", Ref: "1876500001", Store: store, Amount: 1, Reason: ledger.ReasonWrongAmount,
			Request: strings.Repeat("67", 32),
		}),
		sample(ledger.Set{Key: ledger.SettingMaintenance, Value: []byte("on"), By: "operator"}),
		sample(ledger.Notified{Delivered: []uint64{4, 7}, Failed: []uint64{8}, Dropped: []uint64{9}}),
		sample(ledger.CaseOpened{
			Class: "AMOUNT", Day: "2026-03-10", Code: "8120536862485464", Ref: "1876500001", Store: store,
			Amount: 1, Reason: ledger.ReasonWrongAmount, Ours: 50_000, Theirs: 30_000, OursFee: 2_500, TheirsFee: 2_000,
			Note: "line 7 <of the file>", Reference: "TRF 1/03", By: "siti", Unnamed: true, Request: strings.Repeat("67", 32),
		}),
		sample(ledger.CaseNoted{Case: 14, Text: "asked the store", Assigned: true, Owner: "budi", By: "siti"}),
		sample(ledger.Proposed{Case: 14, Act: ledger.ActWriteOff, Amount: -20_000, Why: "the store's slip", By: "siti"}),
		sample(ledger.Withdrawn{Case: 14, Why: "another way", By: "budi"}),
		sample(ledger.Adjusted{
			Case: 14, Act: ledger.ActRecover, Number: 1, Code: "8120536862485464", Ref: "1876500003", Store: store, Reference: "TRF 1/03",
			Amount: 50_000, Fee: 2_500, Payable: 50_000, WrittenOff: -1_000, Receipt: "R00000002", CustomerFee: 2_500, FeeRemitted: true, FeeIncluded: true,
			Of: "2026-03-10", Day: "2026-03-11", Bury: true, Deny: true, Deadline: at.Add(lifetime),
			Why: "it is in the file", By: "siti", ApprovedBy: "budi",
		},
			ledger.Posting{Account: ledger.IndomaretReceivable, Amount: 52_500},
			ledger.Posting{Account: ledger.MerchantPayable(merchant), Amount: -50_000},
			ledger.Posting{Account: ledger.Fees, Amount: -2_500},
		),
		sample(ledger.Resolved{Case: 14, Proposal: 16, By: "budi"}),
		sample(ledger.StatementClosed{Statement: ledger.Statement{
			Merchant: merchant, No: 2, From: "2026-03-01", To: "2026-03-10", Through: 20,
			SHA256: strings.Repeat("89", 32), PreviousSHA256: strings.Repeat("ab", 32), Head: json.RawMessage(`{"v":1}`),
			Sales: 100_000, PartnerFee: 2_000, OwnFee: 1_000, VAT: 110, Withheld: 20, Collected: 500, NetPayable: 96_410, PaidOut: 1,
			At: at, By: "siti",
		}, Day: "2026-03-11"},
			ledger.Posting{Account: ledger.MerchantPayable(merchant), Amount: 3_590},
			ledger.Posting{Account: ledger.IndomaretFees, Amount: -2_000},
			ledger.Posting{Account: ledger.OwnFees, Amount: -1_000},
			ledger.Posting{Account: ledger.VAT, Amount: -110},
			ledger.Posting{Account: ledger.Withholding, Amount: -480},
		),
		sample(ledger.Transferred{Reference: "TRF 1/03", On: "2026-03-12", Amount: 52_500, Note: "of the 10th", By: "siti", Day: "2026-03-12"},
			ledger.Posting{Account: ledger.Bank, Amount: 52_500},
			ledger.Posting{Account: ledger.IndomaretReceivable, Amount: -52_500},
		),
		sample(ledger.TransferMatched{Reference: "TRF 1/03", Days: []ledger.Day{"2026-03-10", "2026-03-11"}, Difference: -1, By: "siti"}),
		sample(ledger.PaidOut{Payout: ledger.Payout{
			Reference: "OUT-1", Merchant: merchant, No: 2, Case: 14, Amount: 96_410, On: "2026-03-12", At: at, By: "siti",
		}, Day: "2026-03-12"},
			ledger.Posting{Account: ledger.MerchantPayable(merchant), Amount: 96_410},
			ledger.Posting{Account: ledger.Bank, Amount: -96_410},
		),
		sample(ledger.FileTaken{PartnerFile: ledger.PartnerFile{
			Day: "2026-03-10", Version: 2, Name: "IDM_20260310.txt", SHA256: strings.Repeat("cd", 32), Profile: "indomaret",
			Lines: 3, Paid: 2, Reversed: 1, Amount: 100_000, ReversedAmount: 50_000, Fee: 5_000, At: at, By: "siti",
		}}),
		sample(ledger.RecoveryBegun{Seq: 24, Since: at.Add(24 * time.Second), Until: at.Add(time.Hour), By: "operator", NumbersFrom: 1_000_000_004}),
		sample(ledger.RecoveryEnded{By: "budi", Why: "Indomaret's files are in", Accepted: []ledger.Day{"2026-03-11"}}),
		sample(ledger.CaseNoted{Case: 14, Text: "it is gone", Gone: true, By: "siti"}),
		sample(ledger.DetailsErased{Through: 1_000_000_004}),
	}
}

// sampleName is the name of a sample's text: its kind, but for a case of the
// matcher's, which came later than those of refused reversals, and for a note that a
// case is gone, which came later than other notes.
func sampleName(r ledger.Record) string {
	if opened, ok := r.Event.(ledger.CaseOpened); ok && opened.Class != "" {
		return "case_found"
	}
	if noted, ok := r.Event.(ledger.CaseNoted); ok && noted.Gone {
		return "case_gone"
	}
	return string(r.Event.Kind())
}

// golden is a record's text as it must be read for ever.
func golden(t require.TestingT, name string) []byte {
	text, err := os.ReadFile(filepath.Join("testdata", "journal", name+".json"))
	require.NoError(t, err)
	return bytes.TrimSuffix(text, []byte("\n"))
}

func TestEveryKindHasASample(t *testing.T) {
	t.Parallel()
	var names []string
	for _, r := range samples() {
		names = append(names, sampleName(r))
		require.FileExists(t, filepath.Join("testdata", "journal", sampleName(r)+".json"))
	}
	require.ElementsMatch(t, append(constants(t, "event.go", "Kind"), "case_found", "case_gone"), names)
}

// A journal that was written today is read for ever, and hashed as it is.
func TestJournalTextNeverDrifts(t *testing.T) {
	t.Parallel()
	for _, want := range samples() {
		t.Run(sampleName(want), func(t *testing.T) {
			t.Parallel()
			text, err := ledger.MarshalRecord(want)
			require.NoError(t, err)
			require.Equal(t, string(golden(t, sampleName(want))), string(text))
		})
	}
}

func TestRecordReadsBackAsWritten(t *testing.T) {
	t.Parallel()
	for _, want := range samples() {
		t.Run(sampleName(want), func(t *testing.T) {
			t.Parallel()
			got, err := ledger.UnmarshalRecord(golden(t, sampleName(want)))
			require.NoError(t, err)
			require.IsType(t, want.Event, got.Event)
			require.True(t, want.At.Equal(got.At))
			require.Equal(t, inWIB(t, want), inWIB(t, got))
		})
	}
}

// inWIB is a record as plain values, for times that are equal but were made in
// different ways.
func inWIB(t *testing.T, r ledger.Record) map[string]any {
	t.Helper()
	text, err := json.Marshal(r)
	require.NoError(t, err)
	values := map[string]any{}
	require.NoError(t, json.Unmarshal(text, &values))
	return values
}

// The kind is told without reading the rest, whatever the words in it.
func TestKindOf(t *testing.T) {
	t.Parallel()
	for _, r := range append(samples(), ledger.Record{Entry: ledger.Entry{Event: ledger.Set{Key: `"kind":"paid"`, By: `,"kind":"paid"`}}}) {
		text, err := ledger.MarshalRecord(r)
		require.NoError(t, err)
		require.Equal(t, r.Event.Kind(), ledger.KindOf(text))
	}
	require.Empty(t, ledger.KindOf([]byte("{}")))
	require.Empty(t, ledger.KindOf(nil))
}

// No field of a sample may be empty: what is left out when empty would not be tested.
func TestSamplesAreFull(t *testing.T) {
	t.Parallel()
	for _, r := range samples() {
		for field, value := range inWIB(t, r)["Event"].(map[string]any) {
			require.NotContains(t, []any{"", nil, false, 0.0}, value, "%s.%s", r.Event.Kind(), field)
		}
	}
}

// brokenRecords are the texts that must be refused, with what the error says.
func brokenRecords() map[string]string {
	return map[string]string{
		"unknown_kind":      `journal record 7: unknown kind of event "refunded"`,
		"newer_version":     `journal record 7: version 2, this program reads 1`,
		"no_version":        `version 0`,
		"no_event":          `released event`,
		"event_no_object":   `released event`,
		"amount_fraction":   `paid event`,
		"amount_too_large":  `paid event`,
		"time_no_time":      `read journal record`,
		"truncated":         `read journal record`,
		"trailing_data":     `read journal record`,
		"negative_sequence": `read journal record`,
	}
}

func TestBrokenRecordsAreRefused(t *testing.T) {
	t.Parallel()
	for name, want := range brokenRecords() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ledger.UnmarshalRecord(golden(t, filepath.Join("broken", name)))
			require.ErrorContains(t, err, want)
		})
	}
	listed, err := os.ReadDir(filepath.Join("testdata", "journal", "broken"))
	require.NoError(t, err)
	require.Len(t, listed, len(brokenRecords()), "every recorded text is tested")
}

func TestUnbalancedRecordIsRefused(t *testing.T) {
	t.Parallel()
	for _, r := range samples() {
		r.Postings = append(slices.Clone(r.Postings), ledger.Posting{Account: ledger.Suspense, Amount: 1})
		_, err := ledger.MarshalRecord(r)
		require.ErrorIs(t, err, ledger.ErrUnbalanced)
		require.ErrorContains(t, err, string(r.Event.Kind()))
	}
}

// The links of the first texts, computed apart from this program:
// SHA-256 of 32 zero bytes and the text, then of that hash and the next text.
func TestChain(t *testing.T) {
	t.Parallel()
	var link ledger.Hash
	for i, want := range []string{
		"6f0e196f532712aba22ba898a8a7d09611d3dfb262be3e3df96e64866ffed8dc",
		"ef85186283ec368ae08e112f3639cf69aeb6a1a7d287a17fff08ac3604ab07ba",
	} {
		link = ledger.Chain(link, golden(t, []string{"charged", "paid"}[i]))
		require.Equal(t, want, hex.EncodeToString(link[:]))
	}
}

// A link depends on the text and on all that came before.
func TestChainNoticesEveryChange(t *testing.T) {
	t.Parallel()
	text := golden(t, "paid")
	honest := ledger.Chain(ledger.Hash{}, text)
	require.NotEqual(t, honest, ledger.Chain(ledger.Hash{1}, text))
	for at := range text {
		changed := bytes.Clone(text)
		changed[at] ^= 1
		require.NotEqual(t, honest, ledger.Chain(ledger.Hash{}, changed))
	}
}

// Whatever is read can be written, and then never changes again.
func FuzzUnmarshalRecord(f *testing.F) {
	for _, r := range samples() {
		f.Add(golden(f, sampleName(r)))
	}
	for name := range brokenRecords() {
		f.Add(golden(f, filepath.Join("broken", name)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		first, err := ledger.UnmarshalRecord(text)
		if err != nil || ledger.Sum(first.Postings) != 0 {
			return
		}
		written, err := ledger.MarshalRecord(first)
		require.NoError(t, err)
		second, err := ledger.UnmarshalRecord(written)
		require.NoError(t, err)
		again, err := ledger.MarshalRecord(second)
		require.NoError(t, err)
		require.Equal(t, string(written), string(again))
	})
}
