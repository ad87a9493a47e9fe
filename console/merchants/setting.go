package merchants

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/task"
)

// holdView is the form for a merchant's hold.
type holdView struct {
	Merchant access.Merchant
	// Hold is in seconds, as typed.
	Hold    string
	MaxHold int64
}

func (a *area) holdPage(c *frame.Call) error {
	m, err := a.own(c)
	if err != nil {
		return err
	}
	return drawHold(c, m, strconv.FormatInt(seconds(m.Hold), 10), nil)
}

func drawHold(c *frame.Call, m access.Merchant, hold string, faults frame.Faults) error {
	return c.Page("merchants/hold", frame.Page{
		Title: c.T("merchants.hold.title", "name", m.Name), Faults: faults, Data: holdView{m, hold, seconds(access.MaxHold)},
	})
}

// setHold changes the settlement hold of charges that are made from now on.
func (a *area) setHold(c *frame.Call) error {
	m, form, err := a.acting(c)
	if err != nil {
		return err
	}
	hold := time.Duration(form.Number("hold", 0, seconds(access.MaxHold))) * time.Second
	if form.Err() != nil {
		return drawHold(c, m, form.Value("hold"), form.Faults())
	}
	after, err := a.Merchants.SetHold(c.Context(), c.Person().ID, m.ID, hold)
	if err != nil {
		return told(err)
	}
	c.Changed("hold="+m.Hold.String(), "hold="+after.Hold.String())
	return c.Done(pageOf(m, ""), "merchants.hold.done", "count", seconds(after.Hold))
}

// activeView asks whether to switch a merchant on or off.
type activeView struct {
	Merchant access.Merchant
	// Open counts the codes that can still be paid.
	Open int
}

func (a *area) activePage(c *frame.Call) error {
	m, err := a.own(c)
	if err != nil {
		return err
	}
	open, err := a.Ledger.OpenCodes(c.Context(), m.ID)
	if err != nil {
		return told(err)
	}
	title := "merchants.active.off"
	if !m.Active {
		title = "merchants.active.on"
	}
	return c.Page("merchants/active", frame.Page{Title: c.T(title, "name", m.Name), Data: activeView{m, open}})
}

// setActive switches a merchant on or off. Codes that were given out stay payable
// unless they are withdrawn with it.
func (a *area) setActive(c *frame.Call) error {
	m, form, err := a.acting(c)
	if err != nil {
		return err
	}
	wanted, withdraw := form.Choice("active", "yes", "no"), form.Flag("cancel_open")
	reason := form.Optional("reason", frame.MaxReason)
	if err := form.Err(); err != nil {
		return err
	}
	c.Act(map[string]string{"yes": audit.ActMerchantActivate, "no": audit.ActMerchantDeactivate}[wanted])
	c.Reason(reason)
	after, err := a.Merchants.SetActive(c.Context(), c.Person().ID, m.ID, wanted == "yes")
	if err != nil {
		return told(err)
	}
	c.Changed(merchantText(m), fmt.Sprintf("%s cancel_open=%t", merchantText(after), withdraw))
	switch {
	case after.Active:
		return c.Done(pageOf(m, ""), "merchants.active.on_done", "name", m.Name)
	case withdraw:
		return a.withdraw(c, m)
	default:
		return c.Done(pageOf(m, ""), "merchants.active.off_done", "name", m.Name)
	}
}

// withdrawPatience is how long a person waits before they see the progress.
const withdrawPatience = time.Second

// withdraw cancels all open codes of a merchant. It goes on when the person leaves:
// who withdraws a merchant does not want half of its codes to stay.
func (a *area) withdraw(c *frame.Call, m access.Merchant) error {
	id, err := a.tasks.Start(c.Context(), task.State{Name: m.ID, By: c.Person().ID}, func(ctx context.Context, p *task.Progress) (any, error) {
		return a.Ledger.CancelOpen(ctx, m.ID, func(cancelled int) { p.Tell(cancelled, 0) })
	})
	switch {
	case errors.Is(err, task.ErrFull):
		return frame.Refused("merchants.cancelled.full")
	case err != nil && !errors.Is(err, task.ErrRunning):
		return err
	}
	a.tasks.Await(c.Context(), id, withdrawPatience)
	return c.Done(pageOf(m, "/cancelled/"+id), "merchants.active.off_done", "name", m.Name)
}

// cancelledView is how far a withdrawal of codes is.
type cancelledView struct {
	Merchant  access.Merchant
	Running   bool
	Cancelled int
	// Problem is the key of what stopped it; "" is nothing.
	Problem string
}

// cancelled shows how far a withdrawal is; the page looks again by itself.
func (a *area) cancelled(c *frame.Call) error {
	m, err := a.own(c)
	if err != nil {
		return err
	}
	state, is := a.tasks.Get(c.R.PathValue("task"))
	if !is || state.Name != m.ID {
		return frame.NotFound("merchants.cancelled.unknown")
	}
	view := cancelledView{Merchant: m, Running: state.Running(), Cancelled: state.Done}
	if view.Running {
		c.W.Header().Set("Refresh", "2")
	}
	if state.Err != nil {
		view.Problem = "merchants.cancelled.failed"
	}
	return c.Page("merchants/cancelled", frame.Page{Title: c.T("merchants.cancelled.title", "name", m.Name), Data: view})
}

// urlsView is the form for a merchant's notification URLs.
type urlsView struct {
	Merchant access.Merchant
	// URLs are as many as there can be, empty where there is none.
	URLs []string
	// Drawn says which URLs the page was drawn from.
	Drawn string
}

// mayURLs says whether the person may set the URLs of a merchant that they see.
func mayURLs(c *frame.Call) bool {
	return c.May(access.ActMerchantWrite) || c.May(access.ActMerchantOwnURLs)
}

// urlsPage shows the URLs in full, for they are to be changed.
func (a *area) urlsPage(c *frame.Call) error {
	m, err := a.own(c)
	if err != nil {
		return err
	}
	if !mayURLs(c) {
		return frame.Forbidden()
	}
	c.Object(audit.KindMerchant, m.ID)
	urls := a.Merchants.NotificationURLs(m.ID)
	return drawURLs(c, m, urls, version(urls), nil)
}

func drawURLs(c *frame.Call, m access.Merchant, urls []string, drawn string, faults frame.Faults) error {
	all := make([]string, access.MaxNotificationURLs)
	copy(all, urls)
	return c.Page("merchants/urls", frame.Page{Title: c.T("merchants.urls.title", "name", m.Name), Faults: faults, Data: urlsView{m, all, drawn}})
}

// maxURL is how much of a URL a form takes: more than one may have, so that its
// rule is what refuses it.
const maxURL = 2000

// setURLs replaces a merchant's URLs, unless they changed since the page was drawn.
func (a *area) setURLs(c *frame.Call) error {
	m, form, err := a.acting(c)
	if err != nil {
		return err
	}
	if !mayURLs(c) {
		return frame.Forbidden()
	}
	before := a.Merchants.NotificationURLs(m.ID)
	drawn := form.Text("drawn", 100)
	var urls, typed []string
	for i := range access.MaxNotificationURLs {
		field := "url" + strconv.Itoa(i+1)
		raw := form.Optional(field, maxURL)
		if typed = append(typed, form.Value(field)); raw == "" {
			continue
		}
		if access.CheckNotificationURL(raw, a.AllowPrivate) != nil {
			form.Fault(field, "merchants.fault.url")
		}
		urls = append(urls, raw)
	}
	if form.Err() != nil {
		return drawURLs(c, m, typed, drawn, form.Faults())
	}
	if drawn != version(before) {
		return frame.Refused("merchants.urls.changed")
	}
	if err := a.Merchants.SetNotificationURLs(c.Context(), c.Person().ID, m.ID, urls, a.AllowPrivate); err != nil {
		return told(err)
	}
	c.Changed("urls="+strings.Join(a.masked(before), " "), "urls="+strings.Join(a.masked(urls), " "))
	return c.Done(pageOf(m, ""), "merchants.urls.done", "count", len(urls))
}

// masked are URLs fit to be shown to everyone who sees the merchant.
func (a *area) masked(urls []string) []string {
	var all []string
	for _, raw := range urls {
		all = append(all, a.MaskURL(raw))
	}
	return all
}
