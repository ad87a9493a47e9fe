package soap

import (
	"crypto/aes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sampleSignature is the Signature of the document's three samples.
const sampleSignature = "BB49486B420A7E7ADA619380CC37F45C52FF7A1F1A498679FC5775A3F3F6D25558F5193B959154544899554016F2F383"

// sampleMessage is the message that the samples' Signature belongs to: the
// samples show another one, and 28 characters do not say where the payment code
// ends. Any split of them signs alike.
func sampleMessage() *Message {
	return &Message{
		Operation: Payment, TimeStamp: "2013-11-01 11:05:11", StoreID: "G001T001",
		PaymentCode: "000000000000101234", TrackingRef: "5678901234", Signature: sampleSignature,
	}
}

func TestSampleSignatureOfTheDocument(t *testing.T) {
	t.Parallel()
	block, err := newAESBlock(sampleKey)
	require.NoError(t, err)
	text, err := hex.DecodeString(sampleSignature)
	require.NoError(t, err)
	for i := 0; i < len(text); i += aes.BlockSize {
		block.Decrypt(text[i:], text[i:])
	}
	require.Equal(t, "000000G001T0010000000000001012345678901234110511", string(text))

	scheme := sampleScheme(t)
	require.True(t, scheme.Verify(sampleMessage()))
	require.Equal(t, sampleSignature, sign(t, scheme, sampleMessage()))
}

// sign is the partner's half of a scheme: the Signature of a message under the
// first key, and for AES with the first fill character. The digests and texts
// that it begins from are held to openssl's below.
func sign(t testing.TB, scheme Scheme, m *Message) string {
	t.Helper()
	var sum []byte
	switch s := scheme.(type) {
	case *aesScheme:
		sum = leftFill(s.text.of(m), s.fill[0])
		for i := 0; i < len(sum); i += aes.BlockSize {
			s.blocks[0].Encrypt(sum[i:], sum[i:])
		}
	case *hashScheme:
		sum = s.sum(s.text.of(m), s.keys[0])
	default:
		require.Failf(t, "nothing to sign with", "%T", scheme)
	}
	return strings.ToUpper(hex.EncodeToString(sum))
}

// configured lists a configuration for each scheme but none.
func configured(keys ...string) map[string]SignatureConfig {
	configs := make(map[string]SignatureConfig)
	for _, name := range Schemes() {
		if name != SchemeNone {
			configs[name] = SignatureConfig{Scheme: name, Keys: keys}
		}
	}
	return configs
}

func newScheme(t testing.TB, c SignatureConfig) Scheme {
	t.Helper()
	scheme, err := NewScheme(c)
	require.NoError(t, err)
	return scheme
}

func TestEverySchemeVerifiesWhatItSigns(t *testing.T) {
	t.Parallel()
	for name, config := range configured("secret one") {
		for _, operation := range Operations() {
			t.Run(name+"/"+string(operation), func(t *testing.T) {
				t.Parallel()
				scheme := newScheme(t, config)
				m := ordinaryMessage(operation)
				m.Signature = sign(t, scheme, &m)
				require.NotEmpty(t, m.Signature)
				require.True(t, scheme.Verify(&m))
				m.Signature = strings.ToLower(m.Signature)
				require.True(t, scheme.Verify(&m), "either case")
			})
		}
	}
}

// spoilt are the ways in which a signed message may be wrong.
var spoilt = map[string]func(m *Message){
	"other store":         func(m *Message) { m.StoreID = "TK02" },
	"other payment code":  func(m *Message) { m.PaymentCode = "8801234567890129" },
	"other tracking ref":  func(m *Message) { m.TrackingRef = "1876500002" },
	"other second":        func(m *Message) { m.TimeStamp = "2026-11-22 10:15:31" },
	"no time":             func(m *Message) { m.TimeStamp = "" },
	"absent":              func(m *Message) { m.Signature = "" },
	"truncated":           func(m *Message) { m.Signature = m.Signature[:len(m.Signature)-2] },
	"half a byte less":    func(m *Message) { m.Signature = m.Signature[:len(m.Signature)-1] },
	"a block less":        func(m *Message) { m.Signature = m.Signature[:len(m.Signature)-32] },
	"a block more":        func(m *Message) { m.Signature += strings.Repeat("0", 32) },
	"last digit":          func(m *Message) { m.Signature = m.Signature[:len(m.Signature)-1] + flip(m.Signature) },
	"not hex":             func(m *Message) { m.Signature = "G" + m.Signature[1:] },
	"longer than allowed": func(m *Message) { m.Signature = strings.Repeat(m.Signature, 10) },
}

// flip returns a last digit other than that of s.
func flip(s string) string {
	if strings.HasSuffix(s, "0") {
		return "1"
	}
	return "0"
}

func TestEverySchemeRefusesASpoiltMessage(t *testing.T) {
	t.Parallel()
	for name, config := range configured("secret one") {
		for way, spoil := range spoilt {
			t.Run(name+"/"+way, func(t *testing.T) {
				t.Parallel()
				scheme := newScheme(t, config)
				m := ordinaryMessage(Payment)
				m.Signature = sign(t, scheme, &m)
				spoil(&m)
				require.False(t, scheme.Verify(&m))
			})
		}
	}
}

func TestTwoKeysAreValidAtOnce(t *testing.T) {
	t.Parallel()
	for _, name := range Schemes() {
		if name == SchemeNone {
			continue
		}
		both := newScheme(t, SignatureConfig{Scheme: name, Keys: []string{"the new key", "the old key"}})
		m := ordinaryMessage(Payment)
		for key, valid := range map[string]bool{"the new key": true, "the old key": true, "a third key": false} {
			m.Signature = sign(t, newScheme(t, SignatureConfig{Scheme: name, Keys: []string{key}}), &m)
			require.Equal(t, valid, both.Verify(&m), "%s with %s", name, key)
		}
	}
}

// TestKnownDigests holds the hash schemes to values made with openssl over
// "TK01|8801234567890128|1876500001|101530" and the key "k3y".
func TestKnownDigests(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"md5":         "554c1415ac8eccd03d8165505bb7be86",
		"sha1":        "215e15024971bc640919d94de7f8fa30416fff93",
		"sha256":      "c348e4a4f18af1471143eb7924e03e72ec0d3241384a6ac0e7ad2a5f45d4d241",
		"sha384":      "7fe770a55235db8f41c8830d16bf06e049dccffd47606c31462e989da29e561890ed81603730ad54f4fbe53626dff88d",
		"sha512":      "df85db71732f342fd215acdf8946e4d081a4168a8363b73ddd0801c92da07419237ef9f222e0f850719ca5d8c8a7c83ba4950b8df0c93665ef1c14ed8384f133",
		"hmac-sha256": "b78ab9fe0b4ca89d99b0869bf78b42bbd021eb97e582a90e52f4cce88a862e5c",
		"hmac-sha384": "d2d4a0eb2f1b990a538ca5dcc4649da1cf071bf26604fcef3a85431cd51534b2eb1388b5f2afee183ea42841ebe60482",
		"hmac-sha512": "07f546b721d66696daf39c2c8990fd78feb4c0b26696e14b30c18b7baa9f2649ba0ba67f32a0e8e7d3b7b75d965c8caa69d28aae104a60a33b4380e6634a4410",
	} {
		scheme := newScheme(t, SignatureConfig{Scheme: name, Separator: "|", Keys: []string{"k3y"}})
		m := ordinaryMessage(Inquiry)
		m.Signature = want
		require.True(t, scheme.Verify(&m), name)
		require.Equal(t, strings.ToUpper(want), sign(t, scheme, &m), name)
	}
}

func TestAESKeyLengths(t *testing.T) {
	t.Parallel()
	// Made with openssl enc -aes-N-ecb -nopad over "TK0188012345678901281876500001101530"
	// filled with 12 zeros, the key filled with spaces at the left.
	for key, want := range map[string]string{
		"short":                            "840B6A548AB261B3459C515FB936A618125E21AA257326945498CE883E59C3936B8855348F806EB91F47E6A1B89F1ABD",
		"twenty characters ok":             "EEFE6285B775BF139BDA2F8C02EABD7F1D1D1A071BFDF8DB8E98364C4017692D94D2DA5B52871C5EB41A5BB7CA52089B",
		"thirty-two characters of a key !": "7663839D6BB2BF83CC6DFC3407888D26FDCF5902CB399CB216296221F18462D4EBC5074E21A5EBC0F4B81C8BC7A90DC2",
	} {
		m := ordinaryMessage(Payment)
		m.Signature = want
		require.True(t, newScheme(t, SignatureConfig{Keys: []string{key}}).Verify(&m), key)
	}
}

func TestAESFill(t *testing.T) {
	t.Parallel()
	encrypted := func(text string) string {
		block, err := newAESBlock(sampleKey)
		require.NoError(t, err)
		out := []byte(text)
		for i := 0; i < len(out); i += aes.BlockSize {
			block.Encrypt(out[i:], out[i:])
		}
		return hex.EncodeToString(out)
	}
	const fields = "TK0188012345678901281876500001101530"
	for _, test := range []struct {
		name, text string
		valid      bool
	}{
		{"zeros", strings.Repeat("0", 12) + fields, true},
		{"spaces", strings.Repeat(" ", 12) + fields, true},
		{"another character", strings.Repeat("x", 12) + fields, false},
		{"zeros and spaces", strings.Repeat("0 ", 6) + fields, false},
		{"a whole block too many", strings.Repeat("0", 28) + fields, false},
		{"at the right", fields + strings.Repeat("0", 12), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := ordinaryMessage(Payment)
			m.Signature = encrypted(test.text)
			require.Equal(t, test.valid, sampleScheme(t).Verify(&m))
		})
	}
	m := ordinaryMessage(Payment)
	m.Signature = encrypted(strings.Repeat(" ", 12) + fields)
	zeros := newScheme(t, SignatureConfig{Fill: "0", Keys: []string{sampleKey}})
	require.False(t, zeros.Verify(&m), "a fill that the agreement does not list")
}

func TestAESWithoutFill(t *testing.T) {
	t.Parallel()
	scheme := newScheme(t, SignatureConfig{Fields: []string{"PaymentCode"}, Keys: []string{sampleKey}})
	m := ordinaryMessage(Payment)
	m.Signature = sign(t, scheme, &m)
	require.Len(t, m.Signature, 32, "16 characters fill a block")
	require.True(t, scheme.Verify(&m))
	m.PaymentCode, m.Signature = "", ""
	require.False(t, scheme.Verify(&m), "nothing signed is not signed")
}

func TestLongestFieldsCanBeSigned(t *testing.T) {
	t.Parallel()
	m := ordinaryMessage(Payment)
	m.StoreID, m.PaymentCode, m.TrackingRef = strings.Repeat("S", 20), strings.Repeat("9", 20), strings.Repeat("R", 20)
	scheme := sampleScheme(t)
	m.Signature = sign(t, scheme, &m)
	require.Len(t, m.Signature, 160, "66 characters take five blocks")
	require.True(t, scheme.Verify(&m))
}

func TestFieldsOfAnOperation(t *testing.T) {
	t.Parallel()
	scheme := newScheme(t, SignatureConfig{
		Scheme: "hmac-sha256", Keys: []string{"secret"},
		FieldsOf: map[Operation][]string{Payment: {"PaymentCode", "Amount", "MessageID", "ExtraParam1"}},
	})
	m := ordinaryMessage(Payment)
	m.Signature = sign(t, scheme, &m)
	m.StoreID = "TK99"
	require.True(t, scheme.Verify(&m), "a payment does not sign its store here")
	m.Amount = "1"
	require.False(t, scheme.Verify(&m), "but its amount")

	r := ordinaryMessage(Reversal)
	r.Signature = sign(t, scheme, &r)
	r.StoreID = "TK99"
	require.False(t, scheme.Verify(&r), "a reversal keeps the common list")
}

func TestSchemeNone(t *testing.T) {
	t.Parallel()
	scheme := newScheme(t, SignatureConfig{Scheme: SchemeNone})
	require.True(t, scheme.Verify(&Message{}))
}

func TestNewSchemeNamesTheFault(t *testing.T) {
	t.Parallel()
	const key = "s3cret-not-to-be-shown"
	for _, test := range []struct {
		name   string
		config SignatureConfig
		want   string
	}{
		{"unknown scheme", SignatureConfig{Scheme: "rot13", Keys: []string{key}}, `signature scheme "rot13": must be one of aes-ecb, `},
		{"md5 as HMAC", SignatureConfig{Scheme: "hmac-md5", Keys: []string{key}}, `signature scheme "hmac-md5"`},
		{"unknown field", SignatureConfig{Fields: []string{"StoreID", "Total"}, Keys: []string{key}}, `signature fields of inquiry: no such field "Total"`},
		{"field in other case", SignatureConfig{Fields: []string{"storeid"}, Keys: []string{key}}, `no such field "storeid"`},
		{"the signature itself", SignatureConfig{Fields: []string{"Signature"}, Keys: []string{key}}, `no such field "Signature"`},
		{"unknown field of one operation", SignatureConfig{FieldsOf: map[Operation][]string{Reversal: {"X"}}, Keys: []string{key}}, `signature fields of reversal: no such field "X"`},
		{"unknown operation", SignatureConfig{FieldsOf: map[Operation][]string{"refund": {"StoreID"}}, Keys: []string{key}}, `signature fields: no such operation "refund"`},
		{"no key", SignatureConfig{}, "signature keys: must be 1 to 2, not 0"},
		{"three keys", SignatureConfig{Keys: []string{key, key, key}}, "signature keys: must be 1 to 2, not 3"},
		{"empty key", SignatureConfig{Keys: []string{key, ""}}, "signature keys: must not be empty"},
		{"key too long for AES", SignatureConfig{Keys: []string{key, strings.Repeat(key, 2)}}, "signature key 2: must be at most 32 characters long"},
		{"fill that cannot be printed", SignatureConfig{Fill: "\x00", Keys: []string{key}}, "signature fill: must be printable ASCII characters"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := NewScheme(test.config)
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), key)
		})
	}
}

func TestIsDummy(t *testing.T) {
	t.Parallel()
	require.True(t, IsDummy(sampleKey))
	require.True(t, IsDummy("  "+sampleKey), "spaces make it no secret")
	require.False(t, IsDummy(""))
	require.False(t, IsDummy("1234567812345679"))
	require.False(t, IsDummy(sampleKey+sampleKey))
}

func FuzzSignature(f *testing.F) {
	f.Add(sampleSignature, "G001T001", "000000000000101234", "5678901234", "2013-11-01 11:05:11", "secret")
	f.Add("", "", "", "", "", "k")
	f.Add("zz", "TK01", "1", "2", "24:00:00", strings.Repeat("k", 32))
	f.Fuzz(func(t *testing.T, signature, store, code, ref, stamp, key string) {
		m := Message{Operation: Payment, TimeStamp: stamp, StoreID: store, PaymentCode: code, TrackingRef: ref, Signature: signature}
		for name, config := range configured(key) {
			scheme, err := NewScheme(config)
			if err != nil {
				require.True(t, key == "" || name == SchemeAESECB && len(key) > 32, err)
				continue
			}
			own := sign(t, scheme, &m)
			// Both cases and nothing else verify: there is one signature for a text,
			// but for the two fills of AES.
			if scheme.Verify(&m) && name != SchemeAESECB {
				require.Equal(t, own, strings.ToUpper(signature))
			}
			if len(own) > maxSignature || own == "" {
				continue
			}
			signed := m
			signed.Signature = own
			require.True(t, scheme.Verify(&signed), name)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	for name, config := range configured(sampleKey, "another key 1234") {
		b.Run(name, func(b *testing.B) {
			scheme := newScheme(b, config)
			m := ordinaryMessage(Payment)
			m.Signature = sign(b, scheme, &m)
			b.ReportAllocs()
			for b.Loop() {
				if !scheme.Verify(&m) {
					b.Fatal("refused")
				}
			}
		})
	}
}
