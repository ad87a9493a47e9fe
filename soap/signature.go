package soap

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"  // #nosec G501 -- an agreement may ask for it: the partner's choice
	"crypto/sha1" // #nosec G505 -- an agreement may ask for it: the partner's choice
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
)

// The names of the signature schemes.
const (
	// SchemeAESECB encrypts the fields with AES in ECB mode, without padding
	// beyond a fill at the left: the scheme of the document's sample.
	SchemeAESECB = "aes-ecb"
	// SchemeNone signs nothing. It is for agreements that rely on the
	// connection alone, and for tests.
	SchemeNone = "none"

	schemeHMAC = "hmac-"
)

// hashes are the digests of the schemes "sha256", "hmac-sha256" and so on.
var hashes = map[string]func() hash.Hash{
	"sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New, "sha1": sha1.New, "md5": md5.New,
}

// Schemes lists the names that a configuration may use.
func Schemes() []string {
	return []string{
		SchemeAESECB, "hmac-sha256", "hmac-sha384", "hmac-sha512", "sha256", "sha384", "sha512", "sha1", "md5", SchemeNone,
	}
}

const (
	// MaxKeys is how many keys may be valid at once: an old one and a new one.
	MaxKeys = 2
	// clockField is the HHmmss of the TimeStamp, in a field list.
	clockField = "HHmmss"
	// sampleKey decrypts the signature of the document's samples.
	sampleKey = "1234567812345678"
)

// SignatureConfig is one agreement's way of signing.
type SignatureConfig struct {
	// Scheme is one of Schemes; empty means SchemeAESECB.
	Scheme string
	// Fields are the signed values in their order: names of the document, or
	// HHmmss, the time of day in the TimeStamp. A field that an operation lacks
	// is empty there. Empty means StoreID, PaymentCode, TrackingRef, HHmmss.
	Fields []string
	// FieldsOf replaces Fields for single operations.
	FieldsOf map[Operation][]string
	// Separator stands between the fields and, in the plain hash schemes,
	// between them and the key.
	Separator string
	// Fill are the characters of which one may fill the AES text at the left to
	// a multiple of 16. Empty means "0 ".
	Fill string
	// Keys are 1 or 2 secrets, all of them valid. For SchemeAESECB a key has up
	// to 32 characters and is filled with spaces at the left to 16, 24 or 32.
	// SchemeNone takes none.
	Keys []string
}

// Scheme verifies signatures. There is no way to make one: the document has the
// partner sign and the answers go unsigned. It is safe for concurrent use.
type Scheme interface {
	// Verify tells whether the message's Signature was made with one of the
	// keys. Its hexadecimal digits may be of either case. The time it takes does
	// not depend on the keys.
	Verify(m *Message) bool
}

// IsDummy tells whether key is the one with which the document's samples are
// signed, which anyone can know.
func IsDummy(key string) bool {
	return subtle.ConstantTimeCompare([]byte(strings.TrimSpace(key)), []byte(sampleKey)) == 1
}

// NewScheme builds the scheme of an agreement. The error names the setting and
// its rule, never a key.
func NewScheme(c SignatureConfig) (Scheme, error) {
	name := c.Scheme
	if name == "" {
		name = SchemeAESECB
	}
	if !slices.Contains(Schemes(), name) {
		return nil, fmt.Errorf("signature scheme %q: must be one of %s", name, strings.Join(Schemes(), ", "))
	}
	if name == SchemeNone {
		return noScheme{}, nil
	}
	text, err := newSignedText(c)
	if err != nil {
		return nil, err
	}
	if len(c.Keys) == 0 || len(c.Keys) > MaxKeys {
		return nil, fmt.Errorf("signature keys: must be 1 to %d, not %d", MaxKeys, len(c.Keys))
	}
	if slices.Contains(c.Keys, "") {
		return nil, errors.New("signature keys: must not be empty")
	}
	if name == SchemeAESECB {
		return newAESScheme(c, text)
	}
	return newHashScheme(name, c.Keys, text), nil
}

// noScheme accepts every message.
type noScheme struct{}

func (noScheme) Verify(*Message) bool { return true }

// signedText builds the text that a signature covers.
type signedText struct {
	fields    map[Operation][]field
	separator string
}

// fieldClock stands for HHmmss in a list of fields.
const fieldClock = fieldCount

func newSignedText(c SignatureConfig) (signedText, error) {
	common := c.Fields
	if len(common) == 0 {
		common = []string{"StoreID", "PaymentCode", "TrackingRef", clockField}
	}
	text := signedText{fields: make(map[Operation][]field), separator: c.Separator}
	for _, operation := range Operations() {
		names := common
		if own := c.FieldsOf[operation]; len(own) > 0 {
			names = own
		}
		for _, name := range names {
			f, err := signable(name)
			if err != nil {
				return signedText{}, fmt.Errorf("signature fields of %s: %w", operation, err)
			}
			text.fields[operation] = append(text.fields[operation], f)
		}
	}
	for operation := range c.FieldsOf {
		if !slices.Contains(Operations(), operation) {
			return signedText{}, fmt.Errorf("signature fields: no such operation %q", operation)
		}
	}
	return text, nil
}

// signable finds a field by the exact name that a configuration uses.
func signable(name string) (field, error) {
	if name == clockField {
		return fieldClock, nil
	}
	f, ok := fieldsByName[name]
	if !ok || fieldNames[f] != name || f == fieldSignature {
		return 0, fmt.Errorf("no such field %q", name)
	}
	return f, nil
}

// of joins the signed values of a message.
func (t signedText) of(m *Message) []byte {
	text := make([]byte, 0, 128)
	for i, f := range t.fields[m.Operation] {
		if i > 0 {
			text = append(text, t.separator...)
		}
		if f == fieldClock {
			text = append(text, m.clock()...)
		} else {
			text = append(text, *m.value(f)...)
		}
	}
	return text
}

// decodeHex reads a Signature of either case within the field's limit; nil if
// it is none.
func decodeHex(signature string) []byte {
	if len(signature) > maxSignature {
		return nil
	}
	sum, err := hex.DecodeString(signature)
	if err != nil {
		return nil
	}
	return sum
}

// aesScheme is SchemeAESECB. ECB and a text without the amount make it weak: a
// signature seen once fits the same fields at the same time of any day, and
// fields next to each other may trade characters. It is what the partner uses;
// the caller adds freshness and the ledger holds the amount.
type aesScheme struct {
	text   signedText
	blocks []cipher.Block
	fill   []byte
}

func newAESScheme(c SignatureConfig, text signedText) (Scheme, error) {
	s := &aesScheme{text: text, fill: []byte(c.Fill)}
	if len(s.fill) == 0 {
		// The document's sample fills with "0", an integration seen with spaces.
		s.fill = []byte("0 ")
	}
	if !printable.covers(c.Fill) {
		return nil, errors.New("signature fill: must be printable ASCII characters")
	}
	for i, key := range c.Keys {
		block, err := newAESBlock(key)
		if err != nil {
			return nil, fmt.Errorf("signature key %d: %w", i+1, err)
		}
		s.blocks = append(s.blocks, block)
	}
	return s, nil
}

// newAESBlock fills a key with spaces at the left to the next AES key length.
func newAESBlock(key string) (cipher.Block, error) {
	for _, size := range []int{16, 24, 32} {
		if len(key) <= size {
			return aes.NewCipher([]byte(strings.Repeat(" ", size-len(key)) + key))
		}
	}
	return nil, errors.New("must be at most 32 characters long")
}

// Verify decrypts the Signature and requires that the text ends with the
// expected fields, the rest being fewer than 16 copies of one fill character.
func (s *aesScheme) Verify(m *Message) bool {
	sum := decodeHex(m.Signature)
	want := s.text.of(m)
	// Lengths are no secret: both follow from what the sender wrote.
	if len(sum) == 0 || len(sum) != roundUp(len(want)) {
		return false
	}
	plain := make([]byte, len(sum))
	matches := 0
	for _, block := range s.blocks {
		for i := 0; i < len(sum); i += aes.BlockSize {
			block.Decrypt(plain[i:], sum[i:])
		}
		for _, fill := range s.fill {
			matches |= subtle.ConstantTimeCompare(plain, leftFill(want, fill))
		}
	}
	return matches == 1
}

// roundUp returns n rounded up to whole AES blocks.
func roundUp(n int) int { return (n + aes.BlockSize - 1) / aes.BlockSize * aes.BlockSize }

// leftFill returns text filled at the left to whole AES blocks.
func leftFill(text []byte, fill byte) []byte {
	out := bytes.Repeat([]byte{fill}, roundUp(len(text)))
	copy(out[len(out)-len(text):], text)
	return out
}

// hashScheme is a digest over the fields and a secret: as HMAC key, or simply
// appended to the fields.
type hashScheme struct {
	text signedText
	keys []string
	sum  func(text []byte, key string) []byte
}

func newHashScheme(name string, keys []string, text signedText) Scheme {
	s := &hashScheme{text: text, keys: keys}
	if digest, keyed := strings.CutPrefix(name, schemeHMAC); keyed {
		s.sum = func(text []byte, key string) []byte {
			mac := hmac.New(hashes[digest], []byte(key))
			mac.Write(text)
			return mac.Sum(nil)
		}
		return s
	}
	s.sum = func(plain []byte, key string) []byte {
		h := hashes[name]()
		h.Write(plain)
		h.Write([]byte(text.separator + key))
		return h.Sum(nil)
	}
	return s
}

// Verify recomputes the digest with every key.
func (s *hashScheme) Verify(m *Message) bool {
	sum := decodeHex(m.Signature)
	text := s.text.of(m)
	matches := 0
	for _, key := range s.keys {
		matches |= subtle.ConstantTimeCompare(sum, s.sum(text, key))
	}
	return matches == 1
}
