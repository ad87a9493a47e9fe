package frame

import (
	"context"
	"fmt"
	"net/http"

	"paypoint/access/audit"
)

// Object says what the audit entry of the request is about. It is called before
// acting, so that a refusal names it too.
func (c *Call) Object(kind, id string) { c.entry.Object = audit.Object{Kind: kind, ID: id} }

// Act says what the audit log calls the request, where its form decides that: one
// of audit.Acts.
func (c *Call) Act(name string) { c.act = name }

// Reason puts the person's reason into the audit entry.
func (c *Call) Reason(text string) { c.entry.Reason = text }

// Changed puts what was and what is into the audit entry.
func (c *Call) Changed(before, after string) { c.entry.Before, c.entry.After = before, after }

// recordable refuses what could not be recorded now, before it is done. Who wants to
// sign out may: that takes nothing but a right away.
func (c *Call) recordable() error {
	if !c.acts() && !c.route.Audited || c.route.Act == audit.ActSignOut {
		return nil
	}
	err := c.frame.Audit.Ready()
	if err == nil {
		return nil
	}
	c.recorded = true // it can't be, and the refusal is in the program's log
	return unrecorded(err)
}

// unrecorded is answered with 503 to what the audit log would lack.
func unrecorded(cause error) error {
	return Unavailable(cause, "frame.fault.unrecorded")
}

// record records what was done or refused, once. What is done already stays done
// when it can't be recorded; the log then says so.
func (c *Call) record() {
	if c.recorded || !c.worthRecording() {
		return
	}
	if err := c.recordAs(c.status); err != nil {
		c.frame.report(c.Context(), err)
	}
}

// Counted says that a visitor's try to sign in was let through by what slows
// strangers down, so that it is recorded although nobody is known.
func (c *Call) Counted() { c.counted = true }

// worthRecording says whether it was an act, or refused to a person. Of what
// visitors send only tries that are counted are: anyone could fill the audit log
// with the rest.
func (c *Call) worthRecording() bool {
	switch {
	case c.repeat:
		return false
	case !c.signedIn() && (c.status == http.StatusForbidden || c.status == http.StatusTooManyRequests || !c.route.Open):
		return false
	case c.person.ID == "" && !c.counted:
		return false
	case c.status == http.StatusForbidden:
		return true
	default:
		return c.route.Handle != nil && c.route.Pattern != "" && (c.acts() || c.route.Audited)
	}
}

// recordAs records the request with a status.
func (c *Call) recordAs(status int) error {
	c.recorded = true
	c.entry.Who, c.entry.Role = c.person.ID, string(c.person.Role)
	c.entry.Act, c.entry.Status, c.entry.Address = c.actName(), status, c.address()
	c.entry.Result = audit.ResultOf(status)
	if err := c.frame.Audit.Record(context.WithoutCancel(c.Context()), c.entry); err != nil {
		return unrecorded(fmt.Errorf("record %s of %s: %w", c.entry.Act, c.entry.Who, err))
	}
	return nil
}

// actName is what the audit log calls the request.
func (c *Call) actName() string {
	switch {
	case c.act != "":
		return c.act
	case c.route.Act != "" && c.route.Export == c.exporting:
		return c.route.Act
	case c.exporting:
		return string(c.route.exportAction())
	default:
		return string(c.route.Action)
	}
}
