package system

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"time"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/task"
	"paypoint/ledger"
)

// patience is how long a person waits for a task before they see its progress.
const patience = time.Second

// started is the task that was begun, or the same one that runs already.
func started(id string, err error) (string, error) {
	switch {
	case errors.Is(err, task.ErrFull):
		return "", frame.Refused("system.full")
	case err != nil && !errors.Is(err, task.ErrRunning):
		return "", err
	}
	return id, nil
}

// checkName is the name of the self-check among the tasks.
const checkName = "self-check"

// check begins a self-check. One at a time: it reads all of the ledger.
func (a *area) check(c *frame.Call) error {
	c.Object(audit.KindLedger, "")
	id, err := started(a.tasks.Start(c.Context(), task.State{Name: checkName, By: c.Person().ID}, func(ctx context.Context, p *task.Progress) (any, error) {
		return a.Check(ctx, func(done, total uint64) { p.Tell(int(min(done, 1<<62)), int(min(total, 1<<62))) }) // #nosec G115 -- bounded
	}))
	if err != nil {
		return err
	}
	a.tasks.Await(c.Context(), id, patience)
	return c.Done("/system/check/"+id, "system.check.begun")
}

// checkingView is how far a self-check is.
type checkingView struct {
	Running     bool
	Done, Total int
	By          string
	Check       Check
	// Failed says that it could not be made.
	Failed bool
}

// Records is how many journal records were checked.
func (v checkingView) Records() int64 {
	return int64(min(v.Check.Records, 1<<62)) // #nosec G115 -- bounded
}

// checking shows how far a self-check is; the page looks again by itself.
func (a *area) checking(c *frame.Call) error {
	state, is := a.tasks.Get(c.R.PathValue("task"))
	if !is || state.Name != checkName {
		return frame.NotFound("system.no_task")
	}
	view := checkingView{Running: state.Running(), Done: state.Done, Total: state.Total, By: state.By, Failed: state.Err != nil}
	view.Check, _ = state.Result.(Check) // none while it runs
	if view.Running {
		c.W.Header().Set("Refresh", "2")
	}
	return c.Page("system/checking", frame.Page{Title: c.T("system.check.title"), Data: view})
}

// maintenanceView is the form of what is switched off.
type maintenanceView struct {
	switches
	// Products are those that can be paused.
	Products []string
}

func (a *area) maintenancePage(c *frame.Call) error { return a.drawMaintenance(c, nil) }

func (a *area) drawMaintenance(c *frame.Call, faults frame.Faults) error {
	off, err := a.switches(c.Context())
	if err != nil {
		return err
	}
	view := maintenanceView{switches: off}
	for _, product := range a.Products {
		if !slices.Contains(off.Paused, product) {
			view.Products = append(view.Products, product)
		}
	}
	return c.Page("system/maintenance", frame.Page{Title: c.T("system.maintenance.title"), Data: view, Faults: faults})
}

// setMaintenance stops inquiries and payments, or lets them go on. Reversals and
// retries of booked payments go on either way.
func (a *area) setMaintenance(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	on, reason := form.Choice("on", "yes", "no") == "yes", form.Text("reason", frame.MaxReason)
	if form.Err() != nil {
		return a.drawMaintenance(c, form.Faults())
	}
	c.Object(audit.KindSystem, "")
	c.Reason(reason)
	act, word := audit.ActMaintenanceEnd, "system.maintenance.off_done"
	if on {
		act, word = audit.ActMaintenanceBegin, "system.maintenance.on_done"
	}
	c.Act(act)
	if err := a.set(c, ledger.SettingMaintenance, on); err != nil {
		return err
	}
	return c.Done("/system", word)
}

// productShape is what a charge's product code can be (spec 1.0.14, InquiryReq
// field 5): pausing anything else would pause nothing.
var productShape = regexp.MustCompile(`^[A-Za-z0-9]{1,10}$`)

// maxProduct is more than a product code has, so that its rule is what refuses it.
const maxProduct = 50

// setPaused pauses a product, or lets it be sold again.
func (a *area) setPaused(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	product, pause, reason := form.Text("product", maxProduct), form.Choice("pause", "yes", "no") == "yes", form.Optional("reason", frame.MaxReason)
	if product != "" && !productShape.MatchString(product) {
		form.Fault("product", "system.fault.product")
	}
	if form.Err() != nil {
		return a.drawMaintenance(c, form.Faults())
	}
	c.Object(audit.KindProduct, product)
	c.Reason(reason)
	act, word := audit.ActProductResume, "system.product.sold"
	if pause {
		act, word = audit.ActProductPause, "system.product.paused"
	}
	c.Act(act)
	if err := a.set(c, ledger.SettingPaused(product), pause); err != nil {
		return err
	}
	return c.Done("/system/maintenance", word, "product", product)
}

// set switches a setting on or off and notes what it was.
func (a *area) set(c *frame.Call, key string, on bool) error {
	var was bool
	err := a.Ledger.Alter(c.Context(), key, c.Person().ID, func(value []byte) ([]byte, error) {
		if was = value != nil; on {
			return []byte("on"), nil
		}
		return nil, nil
	})
	if err != nil {
		return err
	}
	c.Changed("on="+strconv.FormatBool(was), "on="+strconv.FormatBool(on))
	return nil
}
