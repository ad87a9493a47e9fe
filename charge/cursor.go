package charge

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"paypoint/ledger"
)

// maxCursor is the longest cursor that is looked at, in bytes.
const maxCursor = 200

// The listings that have cursors. A cursor of one is none of the other.
const (
	chargeCursor       = "charges"
	notificationCursor = "notifications"
)

// errCursor reports a cursor that was not given out to this merchant for this
// listing.
var errCursor = errors.New("not a cursor of this listing")

// cursors seals places in listings. A place has the ledger's own numbers, from
// which a merchant could tell how many charges all merchants make.
type cursors struct{ aead cipher.AEAD }

// newCursors derives its key from a secret; without one it makes its own.
func newCursors(secret []byte) cursors {
	if len(secret) == 0 {
		secret = make([]byte, sha256.Size)
		_, _ = rand.Read(secret) // never fails (Go 1.24)
	}
	// With these sizes neither of the three can fail.
	key, _ := hkdf.Key(sha256.New, secret, nil, "paypoint listing cursor", sha256.Size)
	block, _ := aes.NewCipher(key)
	aead, _ := cipher.NewGCMWithRandomNonce(block)
	return cursors{aead}
}

// seal makes a cursor of numbers.
func (c cursors) seal(listing, merchant string, numbers ...uint64) string {
	var plain []byte
	for _, number := range numbers {
		plain = binary.BigEndian.AppendUint64(plain, number)
	}
	return base64.RawURLEncoding.EncodeToString(c.aead.Seal(nil, nil, plain, bound(listing, merchant)))
}

// open reads a cursor of so many numbers. Error: errCursor.
func (c cursors) open(cursor, listing, merchant string, count int) ([]uint64, error) {
	if len(cursor) > maxCursor {
		return nil, errCursor
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, errCursor
	}
	plain, err := c.aead.Open(nil, nil, sealed, bound(listing, merchant))
	if err != nil || len(plain) != 8*count {
		return nil, errCursor
	}
	numbers := make([]uint64, count)
	for i := range numbers {
		numbers[i] = binary.BigEndian.Uint64(plain[8*i:])
	}
	return numbers, nil
}

// bound is what a cursor is bound to beside its key.
func bound(listing, merchant string) []byte { return []byte(listing + " " + merchant) }

// sealPlace makes a cursor of a place among a merchant's charges.
func (c cursors) sealPlace(merchant string, place ledger.Place) string {
	created := uint64(place.Created.UnixMilli()) // #nosec G115 -- all bits are kept, for openPlace
	return c.seal(chargeCursor, merchant, created, place.Number)
}

// openPlace reads it. The journal has whole milliseconds, so nothing is lost.
func (c cursors) openPlace(cursor, merchant string) (ledger.Place, error) {
	numbers, err := c.open(cursor, chargeCursor, merchant, 2)
	if err != nil {
		return ledger.Place{}, err
	}
	created := time.UnixMilli(int64(numbers[0])) // #nosec G115 -- what sealPlace put in
	return ledger.Place{Created: created.In(ledger.WIB), Number: numbers[1]}, nil
}
