package soap

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/beevik/etree"
	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// answered is the moment of the answers here: 10:15:31 WIB.
func answered() time.Time { return time.Date(2026, 11, 22, 3, 15, 31, 987e6, time.UTC) }

func inquiryAnswer() *InquiryAnswer {
	return &InquiryAnswer{
		TimeStamp: answered(), MessageID: "20261122101530000001", Customer: "Andi Sujono", Desc: "Detail product description",
		ProductCode: "123123", MinAmount: 25000, Amount: 50000, Fee: 5000, ResponseCode: "00", ResponseDesc: "Success",
		Expired: answered().Add(24 * time.Hour), Message: "Call 12345", TrackingRef: "1876500001", StoreID: "G001T001",
		ExtraParam: [3]string{"00063|00062|00061", "", "c"},
	}
}

func paymentAnswer() *PaymentAnswer {
	return &PaymentAnswer{
		TimeStamp: answered(), MessageID: "20261122101530000001", ResponseCode: "00", ResponseDesc: "Success",
		TrackingRef: "1876500001", StoreID: "G001T001", ReceiptCode: "R0001", Message: "Thank you",
	}
}

func reversalAnswer() *ReversalAnswer {
	return &ReversalAnswer{
		TimeStamp: answered(), MessageID: "20261122101530000001", ResponseCode: "00", ResponseDesc: "Success",
		TrackingRef: "1876500001", StoreID: "G001T001",
	}
}

// elementsOf reads an answer back: its element's name, and its fields in order.
func elementsOf(t *testing.T, a Answer) (string, [][2]string) {
	t.Helper()
	doc := etree.NewDocument()
	doc.ReadSettings.ValidateInput = true
	require.NoError(t, doc.ReadFromBytes(AppendAnswer(nil, Version11, a)))
	message := onlyChild(doc.FindElement("/Envelope/Body"))
	require.NotNil(t, message)
	require.Empty(t, message.NamespaceURI(), "the document's messages have no namespace")
	var fields [][2]string
	for e := range message.ChildElementsSeq() {
		fields = append(fields, [2]string{e.Tag, e.Text()})
	}
	return message.Tag, fields
}

// TestAnswersHoldEveryElementInOrder holds the answers to the document's
// tables: InquiryRes, and PaymentRes twice, of which the second is ReversalRes.
func TestAnswersHoldEveryElementInOrder(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		answer Answer
		want   [][2]string
	}{
		{"ResInquiry", inquiryAnswer(), [][2]string{
			{"TimeStamp", "2026-11-22 10:15:31"}, {"MessageID", "20261122101530000001"}, {"Customer", "Andi Sujono"},
			{"Desc", "Detail product description"}, {"ProductCode", "123123"}, {"MinAmount", "25000"}, {"Amount", "50000"},
			{"Fee", "5000"}, {"ResponseCode", "00"}, {"ResponseDesc", "Success"}, {"ExpiredDateTime", "2026-11-23 10:15:31"},
			{"Message", "Call 12345"}, {"TrackingRef", "1876500001"}, {"StoreID", "G001T001"},
			{"ExtraParam1", "00063|00062|00061"}, {"ExtraParam2", ""}, {"ExtraParam3", "c"},
		}},
		{"ResPayment", paymentAnswer(), [][2]string{
			{"TimeStamp", "2026-11-22 10:15:31"}, {"MessageID", "20261122101530000001"}, {"ResponseCode", "00"},
			{"ResponseDesc", "Success"}, {"TrackingRef", "1876500001"}, {"StoreID", "G001T001"}, {"ReceiptCode", "R0001"},
			{"Message", "Thank you"},
		}},
		{"ResReversal", reversalAnswer(), [][2]string{
			{"TimeStamp", "2026-11-22 10:15:31"}, {"MessageID", "20261122101530000001"}, {"ResponseCode", "00"},
			{"ResponseDesc", "Success"}, {"TrackingRef", "1876500001"}, {"StoreID", "G001T001"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			name, fields := elementsOf(t, test.answer)
			require.Equal(t, test.name, name)
			require.Equal(t, test.want, fields)
			code, desc := test.answer.Code()
			require.Equal(t, "00 Success", code+" "+desc)
		})
	}
}

func TestEmptyAnswersHoldEveryElementToo(t *testing.T) {
	t.Parallel()
	for full, empty := range map[Answer]Answer{
		inquiryAnswer(): &InquiryAnswer{}, paymentAnswer(): &PaymentAnswer{}, reversalAnswer(): &ReversalAnswer{},
	} {
		_, want := elementsOf(t, full)
		_, got := elementsOf(t, empty)
		require.Len(t, got, len(want))
		for i, field := range got {
			require.Equal(t, want[i][0], field[0])
			if strings.HasSuffix(field[0], "Amount") || field[0] == "Fee" {
				require.Equal(t, "0", field[1])
			} else {
				require.Empty(t, field[1], field[0])
			}
		}
	}
}

func TestAnswersGoOutInTheVersionOfTheRequest(t *testing.T) {
	t.Parallel()
	for version, namespace := range map[Version]string{Version11: namespace11, Version12: namespace12} {
		doc := etree.NewDocument()
		require.NoError(t, doc.ReadFromBytes(AppendAnswer(nil, version, paymentAnswer())))
		require.Equal(t, namespace, doc.Root().NamespaceURI())
		require.Equal(t, namespace, doc.FindElement("/Envelope/Body").NamespaceURI())
		require.NotNil(t, doc.FindElement("/Envelope/Body/ResPayment"))
	}
}

func TestAnswersAreAppended(t *testing.T) {
	t.Parallel()
	require.Equal(t, "kept"+string(AppendAnswer(nil, Version11, paymentAnswer())), string(AppendAnswer([]byte("kept"), Version11, paymentAnswer())))
}

// nasty is text that XML, tills or both cannot take.
const nasty = "a&b<c>\"d'\x00\x08\x1b\uFFFE\uFFFF\xff\t\r\n]]>e"

func TestNastyTextLeavesTheAnswerWellFormed(t *testing.T) {
	t.Parallel()
	a := &InquiryAnswer{
		MessageID: nasty, Customer: nasty, Desc: nasty, ProductCode: nasty, ResponseCode: nasty, ResponseDesc: nasty,
		Message: nasty, TrackingRef: nasty, StoreID: nasty, ExtraParam: [3]string{nasty, nasty, nasty},
	}
	_, fields := elementsOf(t, a)
	text := map[string]string{}
	for _, f := range fields {
		require.True(t, utf8.ValidString(f[1]))
		require.LessOrEqual(t, len(f[1]), 255)
		text[f[0]] = f[1]
	}
	require.Equal(t, `a&b<c>"d'   ]]>e`, text["MessageID"], "an echo loses only what XML cannot hold")
	require.Equal(t, `a&b<c>"d'   ???   ]]>e`, text["Desc"])
	require.Equal(t, "a&", text["ResponseCode"])
}

func TestLongTextIsCut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 5000)
	_, fields := elementsOf(t, &InquiryAnswer{MessageID: long, Customer: long, Desc: long, Message: long, TrackingRef: long})
	limits := map[string]int{"MessageID": 255, "Customer": 30, "Desc": 255, "Message": 255, "TrackingRef": 20}
	for _, f := range fields {
		if limit, ok := limits[f[0]]; ok {
			require.Equal(t, limit, utf8.RuneCountInString(f[1]), f[0])
		}
	}
}

func TestToASCII(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                          "",
		"Andi Sujono":               "Andi Sujono",
		"PT. Maju & Co <1>":         "PT. Maju & Co <1>",
		"José Ångström-Núñez":       "Jose Angstrom-Nunez",
		"Jose\u0301":                "Jose",
		"Đặng Thị Ngọc":             "Dang Thi Ngoc",
		"Strauß & Søn, Łódź, Æble":  "Strauss & Son, Lodz, AEble",
		"ﬁve ½ №1 Ａ":                "five 1?2 No1 A",
		"“Toko” – ‘Jaya’…":          `"Toko" - 'Jaya'...`,
		"佐藤":                        "??",
		"सूर्य":                     "???",
		"a\u200Bb\u200Dc":           "abc",
		"a\tb\nc\u00a0d\u2003e\x07": "a b c d e ",
		"👍 ok":                      "? ok",
		"\xff":                      "?",
	} {
		require.Equal(t, want, toASCII(text), "%+q", text)
	}
}

func TestToASCIIIsAlwaysPrintable(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if got := toASCII(string(r)); !printable.covers(got) {
			t.Fatalf("%U gives %q", r, got)
		}
	}
}

func TestAmountsAreWrittenWhole(t *testing.T) {
	t.Parallel()
	_, fields := elementsOf(t, &InquiryAnswer{Amount: ledger.MaxRupiah})
	require.Contains(t, fields, [2]string{"Amount", "999999999999"})
}

func BenchmarkAppendAnswer(b *testing.B) {
	unusual := inquiryAnswer()
	unusual.Customer = "José Núñez"
	for name, a := range map[string]Answer{
		"inquiry": inquiryAnswer(), "inquiry-accents": unusual, "payment": paymentAnswer(), "reversal": reversalAnswer(),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 0, 4096)
			for b.Loop() {
				buf = AppendAnswer(buf[:0], Version11, a)
			}
		})
	}
}
