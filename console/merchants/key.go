package merchants

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
)

// newView is the form for a merchant, with what was typed.
type newView struct {
	Name, Prefix string
	Hold         string
	MaxHold      int64
}

// seconds is a duration in whole seconds, as forms have holds.
func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// newPage asks for a merchant.
func (a *area) newPage(c *frame.Call) error {
	return c.Page("merchants/new", frame.Page{
		Title: c.T("merchants.new.title"), Data: newView{Hold: strconv.FormatInt(seconds(access.DefaultHold), 10), MaxHold: seconds(access.MaxHold)},
	})
}

// add takes in a merchant. Its first key is shown on the next page, once.
func (a *area) add(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	wanted := access.NewMerchant{
		Name: form.Text("name", access.MaxName), Prefix: form.Optional("prefix", 3),
		Hold: time.Duration(form.Number("hold", 0, seconds(access.MaxHold))) * time.Second,
	}
	if number, err := strconv.Atoi(wanted.Prefix); wanted.Prefix != "" && (err != nil || number < 100) {
		form.Fault("prefix", "merchants.fault.prefix")
	}
	if form.Err() == nil {
		m, key, err := a.Merchants.Add(c.Context(), c.Person().ID, wanted)
		if err == nil {
			c.Object(audit.KindMerchant, m.ID)
			c.Changed("", merchantText(m))
			return c.DoneSecret(pageOf(m, "/key"), key.Reveal(), "merchants.new.done", "name", m.Name, "id", m.ID)
		}
		if err := refusedNew(form, err); err != nil {
			return err
		}
	}
	return c.Page("merchants/new", frame.Page{
		Title: c.T("merchants.new.title"), Faults: form.Faults(),
		Data: newView{form.Value("name"), form.Value("prefix"), form.Value("hold"), seconds(access.MaxHold)},
	})
}

// refusedNew notes with its field what the directory refuses; what is not the
// person's to mend is returned.
func refusedNew(form *frame.Form, err error) error {
	switch {
	case errors.Is(err, access.ErrPrefixTaken):
		form.Fault("prefix", "merchants.fault.prefix_taken")
	case errors.Is(err, access.ErrPrefixesExhausted):
		return frame.Refused("merchants.fault.exhausted")
	case errors.Is(err, access.ErrMerchant): // prefix and hold were looked at
		form.Fault("name", "merchants.fault.name")
	default:
		return told(err)
	}
	return nil
}

// merchantText is a merchant as the audit log has it.
func merchantText(m access.Merchant) string {
	return "name=" + strconv.Quote(m.Name) + " prefix=" + m.Prefix + " hold=" + m.Hold.String() + " active=" + strconv.FormatBool(m.Active)
}

// keyView is the page that shows a new key, once.
type keyView struct{ Merchant access.Merchant }

// key shows the key that was just made, and to everyone who comes later that it
// can't be shown again.
func (a *area) key(c *frame.Call) error {
	m, err := a.own(c)
	if err != nil {
		return err
	}
	return c.Page("merchants/key", frame.Page{Title: c.T("merchants.key.title", "name", m.Name), Data: keyView{m}})
}

// rotateView asks whether to replace the key.
type rotateView struct {
	Merchant access.Merchant
	// Drawn are the keys that the page was drawn from.
	Drawn string
}

// fingerprints name a merchant's keys, the one that signs first.
func fingerprints(m access.Merchant) string {
	var all []string
	for _, key := range m.Keys {
		all = append(all, key.Fingerprint)
	}
	return strings.Join(all, " ")
}

// rotatePage says what rotating does, and asks for it.
func (a *area) rotatePage(c *frame.Call) error {
	m, err := a.own(c)
	if err != nil {
		return err
	}
	return c.Page("merchants/rotate", frame.Page{Title: c.T("merchants.rotate.title", "name", m.Name), Data: rotateView{m, fingerprints(m)}})
}

// rotate makes a new key, unless the keys changed since the page was drawn: who
// comes back to an old page must not end a key that was given out meanwhile.
func (a *area) rotate(c *frame.Call) error {
	m, form, err := a.acting(c)
	if err != nil {
		return err
	}
	drawn, reason := form.Text("drawn", 100), form.Text("reason", frame.MaxReason)
	if err := form.Err(); err != nil {
		return c.Page("merchants/rotate", frame.Page{
			Title: c.T("merchants.rotate.title", "name", m.Name), Faults: form.Faults(), Data: rotateView{m, fingerprints(m)},
		})
	}
	if drawn != fingerprints(m) {
		return frame.Refused("merchants.rotate.changed")
	}
	c.Reason(reason)
	after, key, err := a.Merchants.RotateKey(c.Context(), c.Person().ID, m.ID)
	if err != nil {
		return told(err)
	}
	c.Changed("keys="+fingerprints(m), "keys="+fingerprints(after))
	return c.DoneSecret(pageOf(m, "/key"), key.Reveal(), "merchants.rotate.done", "name", m.Name)
}
