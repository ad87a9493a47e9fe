package openapitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"paypoint/charge/openapi"
)

// Responses of the document that belong to no operation.
const (
	noRoute     = "NoRoute"
	wrongMethod = "WrongMethod"
)

const (
	// inComponents begins a reference to a response of the components.
	inComponents = "#/components/responses/"
	mediaType    = "application/json"
)

// Checker holds answers against a document. It may be used by several
// goroutines at once.
type Checker struct {
	t testing.TB
	*contract
	// paths finds a request's path template; a literal segment goes before {id},
	// as OpenAPI has it too (3.1.0, section 4.8.8.2).
	paths *http.ServeMux

	seeing sync.Mutex
	seen   map[Outcome]bool
}

// New makes a checker for the merchants' API. The test fails when the document
// itself breaks the rules of OpenAPI 3.1.
func New(t testing.TB) *Checker {
	t.Helper()
	contract, err := own()
	if err != nil {
		t.Fatalf("openapi.yaml: %v", err)
	}
	c := &Checker{t: t, contract: contract, paths: http.NewServeMux(), seen: map[Outcome]bool{}}
	for template := range contract.document.Paths.Map() {
		c.paths.Handle(template, http.NotFoundHandler())
	}
	return c
}

func (c *Checker) route(template, method string, item *openapi3.PathItem, operation *openapi3.Operation) *routers.Route {
	return &routers.Route{Spec: c.document, Path: template, Method: method, PathItem: item, Operation: operation}
}

// only is an operation that has one answer, a response of the components.
func (c *Checker) only(status int, response string) *openapi3.Operation {
	return &openapi3.Operation{
		OperationID: response,
		Responses: openapi3.NewResponses(openapi3.WithStatus(status, &openapi3.ResponseRef{
			Ref: inComponents + response, Value: c.document.Components.Responses[response].Value,
		})),
	}
}

// find is a request's operation: a documented one, or the one that refuses the
// path or the method.
func (c *Checker) find(r *http.Request) *routers.Route {
	_, template := c.paths.Handler(r)
	// A path that is not clean the mux would redirect; the API has nothing there.
	if template == "" || r.URL.Path != path.Clean(r.URL.Path) {
		return c.route("", "", &openapi3.PathItem{}, c.only(http.StatusNotFound, noRoute))
	}
	item, method := c.document.Paths.Value(template), r.Method
	if method == http.MethodHead { // as GET, RFC 9110, section 9.3.2
		method = http.MethodGet
	}
	if operation := item.Operations()[method]; operation != nil {
		return c.route(template, method, item, operation)
	}
	return c.route(template, "", item, c.only(http.StatusMethodNotAllowed, wrongMethod))
}

// Answer says how an answer differs from what is documented for its request,
// or nil. The request's body is not looked at.
func (c *Checker) Answer(r *http.Request, status int, header http.Header, body []byte) error {
	if r.URL.Path == openapi.DocumentPath || r.URL.Path == openapi.PagePath {
		return nil
	}
	route := c.find(r)
	c.saw(route, status, body)
	if err := c.response(r, route, status, header, body); err != nil {
		return fmt.Errorf("%s %s, documented as %q: HTTP %d: %w", r.Method, r.URL.Path, route.Operation.OperationID, status, err)
	}
	if status == http.StatusMethodNotAllowed {
		return c.allowed(route.PathItem, header)
	}
	return nil
}

// response holds an answer against the response that its operation has for the
// HTTP status.
func (c *Checker) response(r *http.Request, route *routers.Route, status int, header http.Header, body []byte) error {
	response := route.Operation.Responses.Status(status)
	if response == nil {
		return errors.New("this status is not documented")
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
		Status:                 status, Header: header, Options: options(),
	}
	// The body is held against its compiled schema below.
	input.Options.ExcludeResponseBody = true
	if err := openapi3filter.ValidateResponse(r.Context(), input); err != nil {
		return err
	}
	if r.Method == http.MethodHead { // without a body, RFC 9110, section 9.3.2
		return nil
	}
	// An answer's media type has no parameters.
	if given := header.Get("Content-Type"); given != mediaType {
		return fmt.Errorf("the content type is %q where %q is documented", given, mediaType)
	}
	if name, shared := strings.CutPrefix(response.Ref, inComponents); shared {
		return c.body(body, "components", "responses", name)
	}
	return c.body(body, "paths", route.Path, strings.ToLower(route.Method), "responses", strconv.Itoa(status))
}

// allowed holds a 405's Allow header against the documented methods.
func (c *Checker) allowed(item *openapi3.PathItem, header http.Header) error {
	var methods []string
	for method := range item.Operations() {
		methods = append(methods, method)
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	if want, got := strings.Join(methods, ", "), header.Get("Allow"); got != want {
		return fmt.Errorf("the Allow header is %q where %q is documented", got, want)
	}
	return nil
}

// options tell a fault by its place and rule alone: the values are shown once
// beside it.
func options() *openapi3filter.Options {
	o := &openapi3filter.Options{SkipSettingDefaults: true}
	o.WithCustomSchemaErrorFunc(func(err *openapi3.SchemaError) string {
		return "/" + strings.Join(err.JSONPointer(), "/") + ": " + err.Reason
	})
	return o
}

// Notification says how a notification that the service sent differs from the
// document's webhook, or nil.
func (c *Checker) Notification(header http.Header, body []byte) error {
	item := c.document.Webhooks["notification"]
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://receiver.invalid/", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the request of a notification: %w", err)
	}
	r.Header = header
	input := &openapi3filter.RequestValidationInput{
		Request: r, Route: c.route("", http.MethodPost, item, item.Post),
		Options: options(),
	}
	if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
		return fmt.Errorf("notification: %w", err)
	}
	return nil
}
