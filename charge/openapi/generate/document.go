package main

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// document is what the page shows of an OpenAPI document, OpenAPI 3.1.0,
// section 4.8. That the document is sound is for its own test to see.
type document struct {
	Info struct {
		Title, Version, Summary, Description string
	}
	// Tags group the operations, in the order in which the page shows them.
	Tags []tag
	// Paths are by their templates, Webhooks by their names.
	Paths    ordered[pathItem]
	Webhooks ordered[pathItem]
	// Components are what references name.
	Components struct {
		Schemas       ordered[*schema]
		Parameters    ordered[*parameter]
		RequestBodies ordered[*body] `yaml:"requestBodies"`
		Responses     ordered[*body]
		Examples      ordered[*example]
	}
}

// tag is a group of operations, section 4.8.22.
type tag struct{ Name, Description string }

// pathItem is a path, section 4.8.9. The API has no other methods.
type pathItem struct {
	// Parameters are those of all its operations.
	Parameters []*parameter
	Get, Post  *operation
}

// operation is one method of a path, section 4.8.10.
type operation struct {
	OperationID          string `yaml:"operationId"`
	Tags                 []string
	Summary, Description string
	Parameters           []*parameter
	RequestBody          *body `yaml:"requestBody"`
	// Responses are by their HTTP statuses.
	Responses ordered[*body]
}

// parameter is a parameter or a reference to one, section 4.8.12.
type parameter struct {
	Ref                   string `yaml:"$ref"`
	Name, In, Description string
	Required              bool
	Schema                *schema
	// Example goes into the command that shows the request.
	Example string
}

// body is a request body or a response, or a reference to one, sections 4.8.13
// and 4.8.17.
type body struct {
	Ref         string `yaml:"$ref"`
	Description string
	Required    bool
	// Content is by its media type; here that is JSON alone.
	Content map[string]struct {
		Schema *schema
		// Examples of a response are its outcomes: one for each status_code.
		Examples ordered[*example]
	}
}

// example is an example or a reference to one, section 4.8.19.
type example struct {
	Ref     string `yaml:"$ref"`
	Summary string
	// Value keeps the order of its members.
	Value any
}

// ordered is a mapping whose order is kept: people wrote it to be read.
type ordered[T any] []entry[T]

type entry[T any] struct {
	name  string
	value T
}

// UnmarshalYAML reads the names in their order, and the values as what they are.
func (o *ordered[T]) UnmarshalYAML(unmarshal func(any) error) error {
	var names yaml.MapSlice
	var values map[string]T
	if err := unmarshal(&names); err != nil {
		return err
	}
	if err := unmarshal(&values); err != nil {
		return err
	}
	for _, item := range names {
		name, _ := item.Key.(string)
		*o = append(*o, entry[T]{name, values[name]})
	}
	return nil
}

// find is the value of a name.
func (o ordered[T]) find(name string) (T, bool) {
	for _, e := range o {
		if e.name == name {
			return e.value, true
		}
	}
	var none T
	return none, false
}

// parse reads a document. Members that the page does not show are passed over.
func parse(text []byte) (*document, error) {
	// Values of examples are shown in the order in which they were written.
	d := &document{}
	if err := yaml.UnmarshalWithOptions(text, d, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("parse the document: %w", err)
	}
	return d, nil
}

// target is what a reference of the document names; ref itself is of the form
// #/components/schemas/NAME.
func target[T any](ref, kind string, among ordered[T]) (T, error) {
	name, ok := strings.CutPrefix(ref, "#/components/"+kind+"/")
	found, known := among.find(name)
	if !ok || !known {
		return found, fmt.Errorf("%s names none of the components' %s", ref, kind)
	}
	return found, nil
}

// The following are what a reference names, or the thing itself where there is
// none.

func (d *document) parameter(p *parameter) (*parameter, error) {
	if p.Ref == "" {
		return p, nil
	}
	return target(p.Ref, "parameters", d.Components.Parameters)
}

func (d *document) requestBody(b *body) (*body, error) {
	if b.Ref == "" {
		return b, nil
	}
	return target(b.Ref, "requestBodies", d.Components.RequestBodies)
}

func (d *document) response(b *body) (*body, error) {
	if b.Ref == "" {
		return b, nil
	}
	return target(b.Ref, "responses", d.Components.Responses)
}

func (d *document) example(e *example) (*example, error) {
	if e.Ref == "" {
		return e, nil
	}
	return target(e.Ref, "examples", d.Components.Examples)
}
