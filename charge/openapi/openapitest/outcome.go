package openapitest

import (
	"encoding/json"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// Outcome is one of the answers that an operation has.
type Outcome struct {
	// Operation is its operationId.
	Operation string
	// HTTP is the HTTP status and Code the body's status_code, empty where the
	// body has none.
	HTTP int
	Code string
}

// Documented lists the outcomes of all operations: each is an example of a
// response.
func (c *Checker) Documented() []Outcome {
	var all []Outcome
	for _, item := range c.document.Paths.Map() {
		for _, operation := range item.Operations() {
			all = append(all, outcomesOf(operation)...)
		}
	}
	return all
}

func outcomesOf(operation *openapi3.Operation) []Outcome {
	var all []Outcome
	for status, response := range operation.Responses.Map() {
		http, _ := strconv.Atoi(status)
		for _, example := range response.Value.Content.Get("application/json").Examples {
			all = append(all, Outcome{operation.OperationID, http, codeOf(example.Value.Value)})
		}
	}
	return all
}

func codeOf(body any) string {
	members, _ := body.(map[string]any)
	code, _ := members["status_code"].(string)
	return code
}

// Seen says whether an answer with this outcome was held against the document.
func (c *Checker) Seen(o Outcome) bool {
	c.seeing.Lock()
	defer c.seeing.Unlock()
	return c.seen[o]
}

func (c *Checker) saw(route *routers.Route, status int, body []byte) {
	var members any
	_ = json.Unmarshal(body, &members) // no JSON has no code
	c.seeing.Lock()
	defer c.seeing.Unlock()
	c.seen[Outcome{route.Operation.OperationID, status, codeOf(members)}] = true
}
