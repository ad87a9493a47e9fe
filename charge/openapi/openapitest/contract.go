package openapitest

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"paypoint/charge/openapi"
)

// contract is a document with the schemas of its answers. Those are compiled
// once for all tests of a process: for each answer anew, it would take longer
// than all else that a test does.
type contract struct {
	document *openapi3.T

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

// own is the API's document, read and validated once.
var own = sync.OnceValues(func() (*contract, error) { return load(openapi.Document()) })

// base is the name by which schemas refer to the document that they stand in.
const base = "openapi.json"

// load reads a document and holds it to the rules of OpenAPI 3.1, and its
// examples to its schemas.
func load(text []byte) (*contract, error) {
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	if err := document.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		return nil, fmt.Errorf("validate the document: %w", err)
	}
	converted, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, fmt.Errorf("turn the document into JSON: %w", err)
	}
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(converted))
	if err != nil {
		return nil, fmt.Errorf("read the document as JSON: %w", err)
	}
	// OpenAPI 3.1.0, section 4.8.24: schemas are JSON Schema 2020-12.
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource(base, tree); err != nil {
		return nil, fmt.Errorf("add the document to the schemas: %w", err)
	}
	return &contract{document: document, compiler: compiler, compiled: map[string]*jsonschema.Schema{}}, nil
}

// schema is the compiled one at a place of the document, named by the keys that
// lead there.
func (c *contract) schema(keys ...string) (*jsonschema.Schema, error) {
	location := base + "#"
	for _, key := range keys {
		location += "/" + url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, is := c.compiled[location]; is {
		return known, nil
	}
	schema, err := c.compiler.Compile(location)
	if err != nil {
		return nil, fmt.Errorf("compile the schema at %s: %w", location, err)
	}
	c.compiled[location] = schema
	return schema, nil
}

// body holds an answer's body, which is JSON, to the schema of a response.
func (c *contract) body(body []byte, response ...string) error {
	schema, err := c.schema(append(response, "content", mediaType, "schema")...)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("the body: %w", err)
	}
	return nil
}
