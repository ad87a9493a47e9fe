package charge

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"paypoint/ledger"
)

const (
	// maxCustomField is the longest custom_field, in characters.
	maxCustomField = 255
	// MaxMetadata is the longest metadata, in bytes of compact JSON.
	MaxMetadata = 4 << 10
)

// readOwn reads what a merchant gives along for itself, which is told again
// with the status and with every notification: custom_field1 to 3 and metadata.
func readOwn(body object, details *ledger.Details) {
	for i := range details.Fields {
		details.Fields[i] = body.short(fmt.Sprintf("custom_field%d", i+1), maxCustomField)
	}
	details.Metadata = readMetadata(body)
}

// readMetadata is the metadata as compact JSON, its members sorted and its
// numbers as the merchant wrote them; "" when absent.
func readMetadata(body object) string {
	value := body.members["metadata"]
	if value == nil || value == "" {
		return ""
	}
	body.object("metadata")
	text := compact(value)
	if len(text) > MaxMetadata {
		body.reject("metadata", fmt.Sprintf("must be at most %d bytes of JSON without spaces", MaxMetadata))
		return ""
	}
	return text
}

// compact writes a value of a request as JSON: members sorted, numbers as they
// came.
func compact(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	// What was read from JSON always marshals.
	_ = encoder.Encode(value)
	return string(bytes.TrimSpace(text.Bytes()))
}

// fingerprint is the hex SHA-256 of what a merchant asks for. A request that
// has the fingerprint of an earlier one is that one again: blanks and the order
// of its members don't matter, every value does, also of members that are
// ignored.
func fingerprint(body object, aim targets) string {
	sum := sha256.Sum256([]byte(compact([]any{body.members, aim.urls, aim.only})))
	return hex.EncodeToString(sum[:])
}
