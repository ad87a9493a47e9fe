package merchants

import (
	"errors"
	"strconv"
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

// AtOnce says that the key before ended with the rotation: the merchant can't call
// until the new one is installed.
func (v keyView) AtOnce() bool {
	return len(v.Merchant.Keys) == 1 && !v.Merchant.EndedKey.Ended.IsZero()
}

// key shows the key that was just made, and to everyone who comes later that it
// can't be shown again.
func (a *area) key(c *frame.Call) error {
	m, err := a.own(c)
	if err != nil {
		return err
	}
	return c.Page("merchants/key", frame.Page{Title: c.T("merchants.key.title", "name", m.Name), Data: keyView{m}})
}
