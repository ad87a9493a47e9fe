package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ErrPlace: the place to go on from is not one of that list.
var ErrPlace = errors.New("no place of this list: want the one that the page before gave")

// Document is a row of which there are few, kept as JSON under a key: a case, a
// statement, a bank transfer, a payout, a file of Indomaret's.
type Document struct {
	Key   string
	Value []byte
}

// The documents' keys begin with these; each sorts as its rows are listed.
const (
	prefixCase     = "case/"
	prefixOpenCase = "case-open/"
	prefixCaseName = "case-name/"
	// prefixNewestCase is followed by a payment; its value is a case's id.
	prefixNewestCase = "case-newest/"
	prefixStatement  = "statement/"
	prefixTransfer   = "transfer/"
	prefixPayout     = "payout/"
	prefixFile       = "file/"
	prefixFileHash   = "file-hash/"
	// prefixNewestFile is followed by a day; its value is the newest version.
	prefixNewestFile = "file-newest/"
	// documentGap is the Recovery that was signed off last.
	documentGap = "gap"
	// prefixNewestStatement is followed by a merchant; its value is a number.
	prefixNewestStatement = "statement-newest/"
)

// documentPage is how many documents are read at once.
const documentPage = 200

// documentOf reads a document's value; nil when there is none.
func documentOf[D any](rows Rows, key string) (*D, error) {
	text, err := rows.Document(key)
	if err != nil {
		return nil, fmt.Errorf("document %s: %w", key, err)
	}
	return parseDocument[D](key, text)
}

// parseDocument reads a value that was loaded; nil when there is none.
func parseDocument[D any](key string, text []byte) (*D, error) {
	if text == nil {
		return nil, nil
	}
	var d D
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("document %s: %w", key, err)
	}
	return &d, nil
}

// stateDocument reads a document that the keys asked for; nil when there is none.
func stateDocument[D any](s State, key string) (*D, error) {
	return parseDocument[D](key, s.Documents[key])
}

func putDocument(rows Rows, key string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("document %s: %w", key, err)
	}
	return rows.PutDocument(key, text)
}

// parseDocuments reads a page of documents of one kind.
func parseDocuments[D any](documents []Document) ([]D, error) {
	all := make([]D, 0, len(documents))
	for _, document := range documents {
		d, err := parseDocument[D](document.Key, document.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, *d)
	}
	return all, nil
}

func loadDocuments(rows Rows, keys Keys, s *State) error {
	for _, key := range keys.Documents {
		value, err := rows.Document(key)
		if err != nil {
			return fmt.Errorf("load document %s: %w", key, err)
		}
		if value == nil {
			continue
		}
		if s.Documents == nil {
			s.Documents = map[string][]byte{}
		}
		s.Documents[key] = value
	}
	return nil
}

// loadDocument reads one document. Error: ErrNotFound.
func loadDocument[D any](ctx context.Context, reader Reader, key string) (D, error) {
	var none D
	state, err := reader.Load(ctx, Keys{Documents: []string{key}})
	if err != nil {
		return none, fmt.Errorf("document %s: %w", key, err)
	}
	d, err := stateDocument[D](state, key)
	if err == nil && d == nil {
		err = fmt.Errorf("document %s: %w", key, ErrNotFound)
	}
	if err != nil {
		return none, err
	}
	return *d, nil
}

// listDocuments reads a page of documents. next is the key of its last one if
// there may be more. Errors: ErrPlace, and the store's.
func listDocuments[D any](ctx context.Context, reader Reader, prefix, after string, limit int) (page []D, next string, err error) {
	if !strings.HasPrefix(after, prefix) && after != "" {
		return nil, "", ErrPlace
	}
	documents, err := reader.Documents(ctx, prefix, after, limit)
	if err != nil {
		return nil, "", fmt.Errorf("list documents %s after %q: %w", prefix, after, err)
	}
	if len(documents) == limit {
		next = documents[limit-1].Key
	}
	page, err = parseDocuments[D](documents)
	return page, next, err
}
