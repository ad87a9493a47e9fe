package main

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"paypoint/ledger"
	"paypoint/reconcile/statement"
)

// envPrefix begins every environment variable of ours.
const envPrefix = "PAYPOINT_"

// setting is one key of a Config: its path and the field that holds it.
type setting struct {
	path  string
	field reflect.Value
}

// settings lists every key of cfg in the order of the struct. The file reader,
// the environment and the tests all go by this list, so no key can be known to
// one and forgotten by another.
func settings(cfg *Config) []setting {
	return collectSettings("", reflect.ValueOf(cfg).Elem())
}

func collectSettings(prefix string, section reflect.Value) []setting {
	var all []setting
	for i := range section.NumField() {
		name := section.Type().Field(i).Tag.Get("yaml")
		field := section.Field(i)
		switch {
		case name == "-":
			continue
		case section.Type().Field(i).Anonymous: // its keys are the section's own
			all = append(all, collectSettings(prefix, field)...)
			continue
		}
		if isSection(field) {
			all = append(all, collectSettings(prefix+name+".", field)...)
			continue
		}
		all = append(all, setting{path: prefix + name, field: field})
	}
	return all
}

// isSection tells a struct of keys from a struct that is one value, which
// reads itself from text.
func isSection(field reflect.Value) bool {
	_, isValue := field.Addr().Interface().(encoding.TextUnmarshaler)
	return field.Kind() == reflect.Struct && !isValue
}

// variable is the environment variable that sets the key.
func (s setting) variable() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(s.path, ".", "_"))
}

// setFromVariable sets the key from one text: a list is comma separated, a map
// is a list of name=value that is laid over what the map holds. Rates, which
// have parts, are written as in the file.
func (s setting) setFromVariable(text string) error {
	var items []string
	if text != "" {
		items = strings.Split(text, ",")
	}
	if terms, isTerms := s.field.Addr().Interface().(*statement.Terms); isTerms {
		return setTerms(terms, text)
	}
	switch s.field.Kind() {
	case reflect.Slice:
		return s.setList(items)
	case reflect.Map:
		return s.setPairs(items)
	default:
		return setScalar(s.field, text)
	}
}

func (s setting) setList(items []string) error {
	list := reflect.MakeSlice(s.field.Type(), len(items), len(items))
	var faults []error
	for i, item := range items {
		faults = append(faults, setScalar(list.Index(i), item))
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	s.field.Set(list)
	return nil
}

func (s setting) setPairs(items []string) error {
	pairs := make(map[string]string, len(items))
	for _, item := range items {
		name, value, found := strings.Cut(item, "=")
		if !found || name == "" {
			return errors.New("want name=value, comma separated")
		}
		pairs[name] = value
	}
	s.overlay(pairs)
	return nil
}

// overlay lays pairs over the map, in a copy: the default may be shared.
func (s setting) overlay(pairs map[string]string) {
	merged := make(map[string]string, len(pairs))
	for _, each := range []map[string]string{s.field.Interface().(map[string]string), pairs} {
		for name, value := range each {
			merged[name] = value
		}
	}
	s.field.Set(reflect.ValueOf(merged))
}

// setScalar reads one value from text. File and environment both end here, so
// a value is written the same way in either; YAML's own idea of numbers, which
// makes 5 of 05, has no say.
func setScalar(field reflect.Value, text string) error {
	switch target := field.Addr().Interface().(type) {
	case *string:
		*target = text
		return nil
	case *Secret:
		*target = Secret(text)
		return nil
	case *TimeOfDay:
		return target.UnmarshalText([]byte(text))
	case *ledger.Day:
		return setDay(target, text)
	}
	if text == "" {
		return errors.New("needs a value")
	}
	return setFilled(field, text)
}

// setFilled reads the kinds of value that can't be empty.
func setFilled(field reflect.Value, text string) (err error) {
	switch target := field.Addr().Interface().(type) {
	case *bool:
		*target = text == "true"
		if !*target && text != "false" {
			return fmt.Errorf("%q: want true or false", text)
		}
	case *int:
		if *target, err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("%q: want a whole number", text)
		}
	case *ledger.Rupiah:
		if *target, err = ledger.ParseRupiah(text); err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
	case *time.Duration:
		if *target, err = time.ParseDuration(text); err != nil {
			return fmt.Errorf("%q: want a duration such as 20s, 5m or 24h", text)
		}
	case encoding.TextUnmarshaler:
		return target.UnmarshalText([]byte(text))
	default:
		return fmt.Errorf("no reading for a %s", field.Type())
	}
	return nil
}

// setDay reads a day; an empty text unsets.
func setDay(target *ledger.Day, text string) (err error) {
	if *target = ""; text != "" {
		*target, err = ledger.ParseDay(text)
	}
	return err
}

// setTerms reads rates from one text.
func setTerms(target *statement.Terms, text string) error {
	var terms statement.Terms
	if err := yaml.UnmarshalWithOptions([]byte(text), &terms, yaml.Strict()); err != nil {
		problem, _ := yamlFault(err)
		return errors.New(problem)
	}
	*target = terms
	return nil
}
