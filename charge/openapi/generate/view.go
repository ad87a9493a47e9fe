package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// view is the page's content, in its order.
type view struct {
	Title, Version, Summary, About string
	Groups                         []group
	// Shared are the answers that many operations have.
	Shared []answer
	// Refusal are the members of an answer that refuses.
	Refusal []member
}

// group is the operations of a tag.
type group struct {
	Name, About string
	Operations  []shownOperation
}

// shownOperation is an operation, its references followed.
type shownOperation struct {
	// ID is the operationId, and its anchor in the page.
	ID, Method, Path, Summary, About string
	// Webhook is a request that we send and others answer.
	Webhook bool
	// Curl is a command that makes the request.
	Curl       string
	Parameters []member
	// Body are the members of the request's body, Requests examples of it.
	Body     []member
	Requests []sample
	// Answers are those that are the operation's own.
	Answers []answer
	// Common are the shared answers that the operation has too.
	Common []answer
}

// answer is a response.
type answer struct {
	// Name is that of a shared answer; HTTP is the status.
	Name, HTTP, About string
	// Members are those of the success.
	Members []member
	// Samples are the outcomes.
	Samples []sample
}

// sample is an example: a body as JSON, and its status_code if it has one.
type sample struct {
	Summary, Code, JSON string
}

// view follows all references and puts the document into the page's order.
func (d *document) view() (*view, error) {
	v := &view{Title: d.Info.Title, Version: d.Info.Version, Summary: d.Info.Summary, About: d.Info.Description}
	for _, t := range d.Tags {
		g := group{Name: t.Name, About: t.Description}
		for _, items := range []ordered[pathItem]{d.Paths, d.Webhooks} {
			operations, err := d.operations(items, t.Name)
			if err != nil {
				return nil, err
			}
			g.Operations = append(g.Operations, operations...)
		}
		v.Groups = append(v.Groups, g)
	}
	for _, shared := range d.Components.Responses {
		status := d.statusOf(shared.name)
		if status == "200" { // shown whole where it belongs
			continue
		}
		shown, err := d.answer(status, shared.value)
		if err != nil {
			return nil, err
		}
		shown.Name = shared.name
		v.Shared = append(v.Shared, shown)
	}
	var err error
	v.Refusal, err = d.refusal()
	return v, err
}

// refusal is what all refusals have, and what the one of a wrong request has
// beyond that.
func (d *document) refusal() ([]member, error) {
	var all []member
	for _, name := range []string{"Refusal", "Invalid"} {
		s, err := d.resolve(&schema{Ref: "#/components/schemas/" + name})
		if err != nil {
			return nil, err
		}
		members, err := d.members(s)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			if slices.ContainsFunc(all, func(known member) bool { return known.Path == m.Path }) {
				continue
			}
			if m.Required = false; name == "Invalid" {
				m.Limits = append(m.Limits, "only with 400")
			}
			all = append(all, m)
		}
	}
	return all, nil
}

// statusOf is the HTTP status under which operations have a shared answer.
func (d *document) statusOf(name string) string {
	for _, item := range d.Paths {
		for _, o := range []*operation{item.value.Get, item.value.Post} {
			if o == nil {
				continue
			}
			for _, r := range o.Responses {
				if r.value.Ref == "#/components/responses/"+name {
					return r.name
				}
			}
		}
	}
	// Those two belong to what is no operation.
	return map[string]string{"NoRoute": "404", "WrongMethod": "405"}[name]
}

// operations are those of a tag.
func (d *document) operations(items ordered[pathItem], tag string) ([]shownOperation, error) {
	var all []shownOperation
	for _, item := range items {
		for _, of := range []entry[*operation]{{"GET", item.value.Get}, {"POST", item.value.Post}} {
			if of.value == nil || len(of.value.Tags) == 0 || of.value.Tags[0] != tag {
				continue
			}
			shown, err := d.operation(of.name, item, of.value)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", of.name, item.name, err)
			}
			_, shown.Webhook = d.Webhooks.find(item.name)
			all = append(all, shown)
		}
	}
	return all, nil
}

// operation is an operation with the parameters of its path.
func (d *document) operation(method string, item entry[pathItem], o *operation) (shownOperation, error) {
	shown := shownOperation{ID: o.OperationID, Method: method, Path: item.name, Summary: o.Summary, About: o.Description}
	command := &curl{method: method, path: item.name}
	for _, given := range append(item.value.Parameters, o.Parameters...) {
		p, err := d.parameter(given)
		if err != nil {
			return shown, err
		}
		value, err := d.resolve(p.Schema)
		if err != nil {
			return shown, err
		}
		command.parameter(p)
		shown.Parameters = append(shown.Parameters, member{
			Path: p.Name, Type: typeOf(value), Where: p.In, Required: p.Required, Limits: limits(value), About: p.Description,
		})
	}
	if err := d.addBody(&shown, o.RequestBody); err != nil {
		return shown, err
	}
	if len(shown.Requests) > 0 {
		command.body = shown.Requests[0].JSON
	}
	shown.Curl = command.String()
	return shown, d.addAnswers(&shown, o.Responses)
}

// addBody shows the request's body, if there is one.
func (d *document) addBody(shown *shownOperation, given *body) error {
	if given == nil {
		return nil
	}
	request, err := d.requestBody(given)
	if err != nil {
		return err
	}
	content := request.Content["application/json"]
	value, err := d.resolve(content.Schema)
	if err != nil {
		return err
	}
	if shown.Body, err = d.members(value); err != nil {
		return err
	}
	shown.Requests, err = d.samples(content.Examples)
	return err
}

// addAnswers shows an operation's own answers whole, and names those that it
// shares with others.
func (d *document) addAnswers(shown *shownOperation, responses ordered[*body]) error {
	for _, given := range responses {
		response, err := d.response(given.value)
		if err != nil {
			return err
		}
		if name, shared := strings.CutPrefix(given.value.Ref, "#/components/responses/"); shared && given.name != "200" {
			shown.Common = append(shown.Common, answer{Name: name, HTTP: given.name})
			continue
		}
		a, err := d.answer(given.name, response)
		if err != nil {
			return err
		}
		shown.Answers = append(shown.Answers, a)
	}
	return nil
}

// answer shows a response. One to a webhook has no body.
func (d *document) answer(status string, response *body) (answer, error) {
	shown := answer{HTTP: status, About: response.Description}
	content, has := response.Content["application/json"]
	if !has {
		return shown, nil
	}
	value, err := d.success(content.Schema)
	if err != nil {
		return shown, err
	}
	// A refusal's members are shown once, for all.
	if status == "200" {
		if shown.Members, err = d.members(value); err != nil {
			return shown, err
		}
		shown.Members = told(shown.Members)
	}
	shown.Samples, err = d.samples(content.Examples)
	return shown, err
}

// told are the members of an answer: nobody is required to give them, but some
// are not always there.
func told(members []member) []member {
	for i := range members {
		if !members[i].Required {
			members[i].Limits = append(members[i].Limits, "not always there")
		}
		members[i].Required = false
	}
	return members
}

// samples are examples as JSON.
func (d *document) samples(examples ordered[*example]) ([]sample, error) {
	var all []sample
	for _, given := range examples {
		e, err := d.example(given.value)
		if err != nil {
			return nil, err
		}
		text, err := asJSON(e.Value)
		if err != nil {
			return nil, fmt.Errorf("example %s: %w", given.name, err)
		}
		var told struct {
			Code string `json:"status_code"`
		}
		if err := json.Unmarshal(text, &told); err != nil {
			return nil, fmt.Errorf("example %s: %w", given.name, err)
		}
		all = append(all, sample{Summary: e.Summary, Code: told.Code, JSON: string(text)})
	}
	return all, nil
}

// asJSON writes a value with its members in their order.
func asJSON(value any) ([]byte, error) {
	text, err := yaml.MarshalWithOptions(value, yaml.JSON())
	if err != nil {
		return nil, fmt.Errorf("write as JSON: %w", err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, bytes.TrimSpace(text), "", "  "); err != nil {
		return nil, fmt.Errorf("indent: %w", err)
	}
	return indented.Bytes(), nil
}
