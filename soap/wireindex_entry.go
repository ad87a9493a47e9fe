package soap

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"paypoint/ledger"
)

// wirePlace is where a message stands: when it was answered and the offset of its
// line. The day's file is named by the time.
type wirePlace struct {
	at     time.Time
	offset int64
}

// placeSize is the length of a place's key, in bytes.
const placeSize = 16

// key orders places by time.
func (p wirePlace) key() []byte {
	// Neither is negative: the wire log's clock is that of the machine.
	b := binary.BigEndian.AppendUint64(make([]byte, 0, placeSize), uint64(p.at.UnixMicro())) // #nosec G115 -- see above
	return binary.BigEndian.AppendUint64(b, uint64(p.offset))                                // #nosec G115 -- an offset
}

// day is that of the file.
func (p wirePlace) day() ledger.Day { return ledger.CalendarDay(p.at) }

// cursor is the place as text.
func (p wirePlace) cursor() string { return base64.RawURLEncoding.EncodeToString(p.key()) }

// placeOf reads the key that a longer one ends with.
func placeOf(key []byte) wirePlace {
	key = key[len(key)-placeSize:]
	return wirePlace{
		at:     time.UnixMicro(int64(binary.BigEndian.Uint64(key))).In(ledger.WIB), // #nosec G115 -- see key
		offset: int64(binary.BigEndian.Uint64(key[8:])),                            // #nosec G115 -- see key
	}
}

// parsePlace reads a cursor. Error: ledger.ErrBadMessageCursor.
func parsePlace(cursor string) (wirePlace, error) {
	key, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(key) != placeSize || key[0] >= 0x80 || key[8] >= 0x80 {
		return wirePlace{}, fmt.Errorf("%w: %d characters", ledger.ErrBadMessageCursor, len(cursor))
	}
	return placeOf(key), nil
}

// wireSummary is what a refused message is filtered by.
type wireSummary struct {
	operation, store, reason, code, ref string
	signed                              bool
}

// unsignedMark stands in a summary in the place of nothing.
const unsignedMark = "unsigned"

func summaryOf(m ledger.Message) wireSummary {
	return wireSummary{
		operation: m.Operation, store: m.Store, reason: m.Reason, code: m.ResponseCode, ref: m.Ref, signed: m.Signed,
	}
}

// bytes are the fields, apart by NUL, which none of them holds.
func (s wireSummary) bytes() []byte {
	mark := unsignedMark
	if s.signed {
		mark = ""
	}
	return []byte(strings.Join([]string{s.operation, s.store, s.reason, s.code, s.ref, mark}, "\x00"))
}

// parseSummary reads bytes; false if they are none, as of a message that was not
// refused.
func parseSummary(b []byte) (wireSummary, bool) {
	f := strings.Split(string(b), "\x00")
	if len(f) != 6 {
		return wireSummary{}, false
	}
	return wireSummary{operation: f[0], store: f[1], reason: f[2], code: f[3], ref: f[4], signed: f[5] == ""}, true
}

// matches says whether a refused message is one that is looked for, but for its
// time and its code, by which it was found.
func (s wireSummary) matches(q ledger.RefusalQuery) bool {
	return (q.Operation == "" || q.Operation == s.operation) &&
		(q.Store == "" || q.Store == s.store) &&
		(q.Reason == "" || q.Reason == s.reason) &&
		(q.ResponseCode == "" || q.ResponseCode == s.code) &&
		(q.Ref == "" || string(q.Ref) == s.ref) &&
		(q.Signed == nil || *q.Signed == s.signed)
}

// ended appends NUL to a text that is the first part of a key.
func ended(text string) []byte { return append([]byte(text), 0) }

// hourKey is a counter's of the hours.
func hourKey(m ledger.Message) string {
	return string([]byte{byte(m.At.In(ledger.WIB).Hour())}) + m.Reason + "\x00" + m.ResponseCode
}

// parseHourKey reads a counter's key; count and day are the caller's to fill in.
func parseHourKey(key []byte, day ledger.Day) (ledger.RefusalHour, bool) {
	if len(key) < 2 {
		return ledger.RefusalHour{}, false
	}
	reason, code, ok := strings.Cut(string(key[1:]), "\x00")
	hour := day.Midnight().Add(time.Duration(key[0]) * time.Hour)
	return ledger.RefusalHour{Hour: hour, Reason: reason, ResponseCode: code}, ok
}
