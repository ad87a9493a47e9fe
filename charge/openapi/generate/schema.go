package main

import (
	"fmt"
	"slices"
	"strings"
)

// schema is what the page shows of a JSON Schema. Patterns are left to the
// document: the description says the rule in words.
type schema struct {
	// Ref names another schema. A description beside it is our own.
	Ref string `yaml:"$ref"`
	// Type is a name or a list of them (JSON Schema Validation 2020-12, section
	// 6.1.1).
	Type        any
	Description string
	Const       any
	Enum        []any
	Default     any
	// The bounds are absent or there: zero is a bound too.
	Minimum    *int64
	Maximum    *int64
	MinLength  *int64 `yaml:"minLength"`
	MaxLength  *int64 `yaml:"maxLength"`
	MaxItems   *int64 `yaml:"maxItems"`
	Required   []string
	Properties ordered[*schema]
	Items      *schema
	// OneOf is, of an answer: the success first, then the refusals.
	OneOf []*schema `yaml:"oneOf"`
}

// resolve follows a schema's reference; a description beside it goes before the
// target's.
func (d *document) resolve(s *schema) (*schema, error) {
	if s.Ref == "" {
		return s, nil
	}
	found, err := target(s.Ref, "schemas", d.Components.Schemas)
	if err != nil {
		return nil, err
	}
	merged := *found
	if s.Description != "" {
		merged.Description = s.Description
	}
	return &merged, nil
}

// success is the schema of an answer that did what was asked: by our own
// custom the first of its alternatives.
func (d *document) success(s *schema) (*schema, error) {
	if len(s.OneOf) > 0 {
		s = s.OneOf[0]
	}
	return d.resolve(s)
}

// member is a row of a table: a member of a body, or a parameter.
type member struct {
	// Path is the name with those of the objects around it; Where is of a
	// parameter: path, query or header.
	Path, Type, Where, About string
	Required                 bool
	// Limits are the bounds of the value, in words.
	Limits []string
	// items is the schema of an array's members.
	items *schema
}

// members are an object's, those of objects in it behind them with their path.
func (d *document) members(s *schema) ([]member, error) {
	return d.membersBelow(s, "", map[string]string{})
}

// membersBelow are those of an object at a path. known are the paths at which
// schemas of the components were shown: each is shown once.
func (d *document) membersBelow(s *schema, path string, known map[string]string) ([]member, error) {
	var all []member
	for _, property := range s.Properties {
		row, err := d.member(property, path, slices.Contains(s.Required, property.name))
		if err != nil {
			return nil, err
		}
		inner, within := property.value, row.Path+"."
		if row.items != nil {
			inner, within = row.items, row.Path+"[]."
		}
		earlier, again := known[inner.Ref]
		if inner.Ref != "" && !again {
			known[inner.Ref] = row.Path
		}
		if inner, err = d.resolve(inner); err != nil {
			return nil, err
		}
		if again && len(inner.Properties) > 0 {
			row.Limits = append(row.Limits, "members as of "+earlier)
			all = append(all, row)
			continue
		}
		below, err := d.membersBelow(inner, within, known)
		if err != nil {
			return nil, err
		}
		all = append(append(all, row), below...)
	}
	return all, nil
}

// member is a single property's row.
func (d *document) member(property entry[*schema], path string, required bool) (member, error) {
	value, err := d.resolve(property.value)
	if err != nil {
		return member{}, err
	}
	row := member{
		Path: path + property.name, Type: typeOf(value), Limits: limits(value), About: value.Description,
		Required: required, items: value.Items,
	}
	if value.Items == nil {
		return row, nil
	}
	inner, err := d.resolve(value.Items)
	if err != nil {
		return member{}, err
	}
	row.Type = "array of " + typeOf(inner)
	for _, limit := range limits(inner) {
		row.Limits = append(row.Limits, "each "+limit)
	}
	return row, nil
}

// typeOf is the JSON type, or several.
func typeOf(s *schema) string {
	if several, ok := s.Type.([]any); ok {
		names := make([]string, len(several))
		for i, name := range several {
			names[i] = fmt.Sprint(name)
		}
		return strings.Join(names, " or ")
	}
	return fmt.Sprint(s.Type)
}

// limits are a value's bounds, as one reads them.
func limits(s *schema) []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if s.Const != nil {
		add("always %v", s.Const)
	}
	if len(s.Enum) > 0 {
		names := make([]string, len(s.Enum))
		for i, name := range s.Enum {
			names[i] = fmt.Sprint(name)
		}
		add("one of %s", strings.Join(names, ", "))
	}
	switch {
	case s.Minimum != nil && s.Maximum != nil:
		add("%s to %s", grouped(*s.Minimum), grouped(*s.Maximum))
	case s.Minimum != nil:
		add("at least %s", grouped(*s.Minimum))
	}
	switch {
	case s.MaxLength != nil && s.MinLength != nil:
		add("%d to %d characters", *s.MinLength, *s.MaxLength)
	case s.MaxLength != nil:
		add("at most %d characters", *s.MaxLength)
	}
	if s.MaxItems != nil {
		add("at most %d members", *s.MaxItems)
	}
	if s.Default != nil {
		add("default %v", s.Default)
	}
	return all
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	if n < 0 {
		return "-" + grouped(-n)
	}
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}
