package frame

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/access/login"
	"paypoint/locale"
)

// Call is one request of a signed-in person; of a visitor on an open route.
type Call struct {
	W http.ResponseWriter
	R *http.Request

	frame  *Frame
	route  Route
	tongue *tongue
	now    time.Time
	// token is that of the sign-in, person whose it is; visitor is the cookie that
	// a visitor is being given.
	token       string
	visitor     string
	login       login.Login
	person      access.Person
	preferences login.Preferences
	form        *Form
	upload      *Upload
	// led is what a form led to, secret what its page shows once.
	led    *result
	secret string
	// exporting says that a list was asked for as a file.
	exporting bool
	// status is what was answered; repeat that another submission of the form was
	// before.
	status   int
	repeat   bool
	flash    *flash
	entry    audit.Entry
	recorded bool
	// act is what the form has decided that it is: see Act.
	act string
	// counted says that a try of a visitor was let through: see Counted.
	counted bool
}

// Context ends with the request.
func (c *Call) Context() context.Context { return c.R.Context() }

// Person is who asks; nobody on an open route.
func (c *Call) Person() access.Person { return c.person }

// nobody is no merchant's id.
const nobody = "-"

// Scope is the merchant whose matters the person may see; all says that they are
// bound to none and may see every one's, merchant is "" then. It fails closed: a
// merchant's person who is bound to no merchant sees those of none, for merchant is
// then an id that nobody has.
func (c *Call) Scope() (merchant string, all bool) {
	switch {
	case c.person.Merchant != "":
		return c.person.Merchant, false
	case c.person.Role == access.RoleMerchant || c.person.Role == "":
		return nobody, false
	default:
		return "", true
	}
}

// Language is the person's.
func (c *Call) Language() locale.Language { return c.tongue.language }

// Now is when the request came.
func (c *Call) Now() time.Time { return c.now }

// Address is where the request came from.
func (c *Call) Address() string { return c.address() }

// T is the text of a key, its placeholders filled: "name", value, …. Amounts,
// days, times, durations and integers are written as the language does.
func (c *Call) T(key string, pairs ...any) string { return c.tongue.text(key, pairs...) }

// Page is what a page is made of.
type Page struct {
	// Title heads the page, in the person's language.
	Title string
	// Data is the page's own view, .Data in its template.
	Data any
	// Faults are those of a form that is shown again. The answer is then 422.
	Faults Faults
	// Query is that of a list.
	Query *Query
	// Print says that the page has a print form of its own.
	Print bool
	// Searched is what was looked for: the box holds it.
	Searched string
	// Status is the answer's; 0 is 200, or 422 with faults.
	Status int
}

// Page answers with a page, 200, or 422 when it has faults.
func (c *Call) Page(name string, p Page) error {
	switch {
	case p.Status != 0:
		return c.page(p.Status, name, p)
	case len(p.Faults) > 0:
		return c.page(http.StatusUnprocessableEntity, name, p)
	default:
		return c.page(http.StatusOK, name, p)
	}
}

func (c *Call) page(status int, name string, p Page) error {
	text, err := c.draw(name, p)
	if err != nil {
		return err
	}
	h := c.W.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(c.Language()))
	h.Set("Content-Length", strconv.Itoa(len(text)))
	c.answer(status, text)
	return nil
}

// draw makes the page, and the frame around it.
func (c *Call) draw(name string, p Page) ([]byte, error) {
	dot := c.newDot(p)
	content, err := c.tongue.render(name, dot)
	if err != nil {
		return nil, err
	}
	return c.tongue.render("frame/layout", dot.around(content))
}

// answer writes an answer. Who hung up gets no second one.
func (c *Call) answer(status int, body []byte) {
	c.status = status
	c.W.WriteHeader(status)
	_, _ = c.W.Write(body)
}

// redirect answers with another address.
func (c *Call) redirect(target string) error {
	c.W.Header().Set("Location", target)
	c.answer(http.StatusSeeOther, nil)
	return nil
}

// WantsJSON says that the console's script asks.
func (c *Call) WantsJSON() bool { return c.R.Header.Get("Accept") == "application/json" }

// JSON answers the console's script.
func (c *Call) JSON(v any) error { return c.json(http.StatusOK, v) }

func (c *Call) json(status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("answer script: %w", err)
	}
	c.W.Header().Set("Content-Type", "application/json")
	c.answer(status, append(text, '\n'))
	return nil
}

// failureView is the page of an error.
type failureView struct {
	Status   int
	Sentence string
}

// fail answers an error with a page, or the script with JSON. What is not for
// the person goes to the log.
func (c *Call) fail(err error) {
	status, sentence, faults := c.tongue.answerTo(err)
	if status >= http.StatusInternalServerError && c.Context().Err() == nil {
		c.frame.report(c.Context(), fmt.Errorf("answer %s %s: %w", c.R.Method, c.route.Pattern, err))
	}
	if c.status != 0 { // an answer is out
		return
	}
	if c.WantsJSON() {
		_ = c.json(status, map[string]string{"error": sentenceOf(sentence, faults)})
		return
	}
	title := c.T(fmt.Sprintf("frame.fault.title.%d", status))
	page := Page{Title: title, Faults: faults, Data: failureView{status, sentence}}
	if err := c.page(status, "frame/failure", page); err != nil {
		c.frame.report(c.Context(), err)
		c.answer(http.StatusInternalServerError, []byte(http.StatusText(http.StatusInternalServerError)))
	}
}

// sentenceOf is a sentence with the faults that it announces.
func sentenceOf(sentence string, faults Faults) string {
	for _, fault := range faults {
		sentence += " " + fault.Text
	}
	return sentence
}
