package frame

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"paypoint/ledger"
	"paypoint/locale"
)

// ErrWords: an area's words are not whole.
var ErrWords = errors.New("words are not whole")

// catalogue has the texts of one language by their keys.
type catalogue map[string]string

// placeholder is what is filled in: {count}.
var placeholder = regexp.MustCompile(`\{([a-zA-Z]+)\}`)

// oneSuffix ends the key of a text for a count of exactly one. Indonesian has no
// plural forms, and has the text twice.
const oneSuffix = ".one"

// readWords reads the words of all areas. Both languages have the same keys with
// the same placeholders, so that a text is missing in neither.
func readWords(areas []Area) (map[locale.Language]catalogue, error) {
	all := map[locale.Language]catalogue{}
	for _, l := range locale.Languages() {
		all[l] = catalogue{}
		for _, area := range areas {
			if err := all[l].read(area, l); err != nil {
				return nil, fmt.Errorf("read words of %s in %s: %w", area.Name, l, err)
			}
		}
	}
	return all, compare(all[locale.English], all[locale.Indonesian])
}

func (c catalogue) read(area Area, l locale.Language) error {
	text, err := fs.ReadFile(area.Files, "words/"+string(l)+".json")
	if err != nil {
		return err
	}
	var words map[string]string
	if err := json.Unmarshal(text, &words); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(words)) {
		switch _, taken := c[key]; {
		case taken:
			return fmt.Errorf("%s: another area has it: %w", key, ErrWords)
		case !strings.HasPrefix(key, area.Name+"."):
			return fmt.Errorf("%s: it does not begin with %s.: %w", key, area.Name, ErrWords)
		case strings.TrimSpace(words[key]) == "":
			return fmt.Errorf("%s: it is empty: %w", key, ErrWords)
		}
		c[key] = words[key]
	}
	return nil
}

// compare names the first difference between two languages.
func compare(english, indonesian catalogue) error {
	for _, key := range slices.Sorted(maps.Keys(english)) {
		other, has := indonesian[key]
		if !has {
			return fmt.Errorf("%s: Indonesian has no such text: %w", key, ErrWords)
		}
		if want, have := placeholders(english[key]), placeholders(other); !slices.Equal(want, have) {
			return fmt.Errorf("%s: English fills in %v, Indonesian %v: %w", key, want, have, ErrWords)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(indonesian)) {
		if _, has := english[key]; !has {
			return fmt.Errorf("%s: English has no such text: %w", key, ErrWords)
		}
	}
	return nil
}

// placeholders are the names that a text fills in, sorted, each once.
func placeholders(text string) []string {
	var names []string
	for _, match := range placeholder.FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// text is the text of a key with its placeholders filled, and what is wrong with
// the asking.
func (c catalogue) text(l locale.Language, key string, pairs []any) (string, error) {
	given, err := named(pairs)
	if err != nil {
		return key, fmt.Errorf("text %s: %w", key, err)
	}
	text, has := c[key]
	if one, is := c[key+oneSuffix]; is && isOne(given["count"]) {
		text, has = one, true
	}
	if !has {
		return key, fmt.Errorf("text %s: no such key: %w", key, ErrWords)
	}
	filled := placeholder.ReplaceAllStringFunc(text, func(hole string) string {
		name := strings.Trim(hole, "{}")
		value, has := given[name]
		if !has {
			err = fmt.Errorf("text %s: %s is not given: %w", key, name, ErrWords)
			return hole
		}
		return shown(l, value)
	})
	return filled, err
}

// named makes a map of "name", value, ….
func named(pairs []any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("a name without a value: %w", ErrWords)
	}
	given := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, is := pairs[i].(string)
		if !is {
			return nil, fmt.Errorf("name %d is no text: %w", i/2+1, ErrWords)
		}
		given[name] = pairs[i+1]
	}
	return given, nil
}

func isOne(v any) bool { return v == 1 || v == int64(1) || v == uint64(1) }

// shown writes a value as the language does.
func shown(l locale.Language, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case ledger.Rupiah:
		return locale.Rupiah(v)
	case ledger.Day:
		return l.Day(v)
	case time.Time:
		return l.Moment(v)
	case time.Duration:
		return l.Age(v)
	case int:
		return locale.Count(int64(v))
	case int64:
		return locale.Count(v)
	default:
		return fmt.Sprint(v)
	}
}
