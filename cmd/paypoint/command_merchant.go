package main

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"paypoint/access"
	"paypoint/ledger"
)

type merchantCommand struct {
	Add       merchantAddCommand       `cmd:"" help:"Add a merchant; its server key is shown this once."`
	List      merchantListCommand      `cmd:"" help:"List the merchants."`
	RotateKey merchantRotateKeyCommand `cmd:"" help:"Give a merchant a new server key, shown this once."`

	Notify     merchantNotifyCommand     `cmd:"" help:"Show or set the URLs that are told of a merchant's charges."`
	Terms      merchantTermsCommand      `cmd:"" help:"Show or set what a merchant's statements are made by."`
	Activate   merchantActivateCommand   `cmd:"" help:"Let a merchant charge again."`
	Deactivate merchantDeactivateCommand `cmd:"" help:"Refuse a merchant's new charges; codes already given out stay payable."`
}

type merchantAddCommand struct {
	Name   string        `arg:"" help:"Name as customers know it."`
	Prefix string        `help:"First three digits of its payment codes; the lowest free ones when left out." placeholder:"NNN"`
	Hold   time.Duration `help:"How long a payment is kept from the merchant while its till may still reverse it." default:"${default_hold}"`
}

// Help shows an example.
func (merchantAddCommand) Help() string {
	return "Example:\n  paypoint merchant add 'Toko Buku' --hold 60s"
}

// Run adds a merchant.
func (c *merchantAddCommand) Run(s *session) error {
	return ask(s, "POST", "/operator/v1/merchants", newMerchant{c.Name, c.Prefix, c.Hold}, s.printKey)
}

func (s *session) printKey(k merchantKey) error {
	s.printf("merchant %s (%s), codes begin with %s\nserver key, shown only now: %s\n",
		k.Merchant.ID, k.Merchant.Name, k.Merchant.Prefix, k.ServerKey)
	return nil
}

type merchantListCommand struct{}

// Help shows an example.
func (merchantListCommand) Help() string {
	return "Example:\n  paypoint merchant list"
}

// Run lists the merchants.
func (c *merchantListCommand) Run(s *session) error {
	return ask(s, "GET", "/operator/v1/merchants", nil, func(merchants []listedMerchant) error {
		return s.printTable("merchant\tname\tprefix\thold\tactive\tkeys\told key ends\tnotified", func(w table) {
			for _, m := range merchants {
				w.printf("%s\t%s\t%s\t%s\t%t\t%d\t%s\t%s\n",
					m.ID, m.Name, m.Prefix, m.Hold, m.Active, len(m.Keys), oldKeyEnds(m.Merchant), cmp.Or(strings.Join(m.NotificationURLs, " "), "-"))
			}
		})
	})
}

// oldKeyEnds says when a merchant's old key ends, or - when no rotation lasts.
func oldKeyEnds(m access.Merchant) string {
	switch {
	case len(m.Keys) < 2:
		return "-"
	case m.Keys[0].Ends.IsZero():
		return "first call with the new one"
	default:
		return wibMinute(m.Keys[0].Ends)
	}
}

// wibMinute is a time to the minute, with its zone.
func wibMinute(t time.Time) string { return t.In(ledger.WIB).Format("2006-01-02 15:04") + " WIB" }

type merchantRotateKeyCommand struct {
	Merchant string `arg:"" help:"Merchant id."`
	OldEnds  string `help:"When the old key ends at the latest: \"now\", or after so long, rounded up to the minute." default:"${default_old_key}" placeholder:"DURATION"`
}

// Help says how long the old key lives.
func (merchantRotateKeyCommand) Help() string {
	return fmt.Sprintf("The old key works, and signs, until the first call with the new one, and no longer than --old-ends says:\n"+
		"1m to %.0fh. A key that leaked ends now; the merchant can't call until the new one is installed.\n"+
		"Rotating again never lets the old key live longer than was said before.\n\n"+
		"Examples:\n  paypoint merchant rotate-key G000000001\n  paypoint merchant rotate-key G000000001 --old-ends 24h\n"+
		"  paypoint merchant rotate-key G000000001 --old-ends %s", access.MaxOldKey.Hours(), oldEndsNow)
}

// Run rotates a merchant's key.
func (c *merchantRotateKeyCommand) Run(s *session) error {
	return ask(s, "POST", "/operator/v1/merchants/"+url.PathEscape(c.Merchant)+"/rotate-key", rotatedKey{c.OldEnds}, func(k merchantKey) error {
		if err := s.printKey(k); err != nil {
			return err
		}
		if len(k.Merchant.Keys) > 1 {
			s.printf("the old key works until %s, or until the first call with the new one\n", oldKeyEnds(k.Merchant))
		} else {
			s.printf("the old key ended at %s\n", wibMinute(k.Merchant.EndedKey.Ended))
		}
		return nil
	})
}

type merchantActivateCommand struct {
	Merchant string `arg:"" help:"Merchant id."`
}

// Help shows an example.
func (merchantActivateCommand) Help() string {
	return "Example:\n  paypoint merchant activate G000000002"
}

// Run lets a merchant charge again.
func (c *merchantActivateCommand) Run(s *session) error {
	return s.setMerchantActive("PUT", c.Merchant, "may charge")
}

type merchantDeactivateCommand struct {
	Merchant   string `arg:"" help:"Merchant id."`
	CancelOpen bool   `help:"Also cancel the codes already given out that are not paid."`
}

// Help shows examples.
func (merchantDeactivateCommand) Help() string {
	return "Its charges are answered 410.\n\nExamples:\n  paypoint merchant deactivate G000000002\n  paypoint merchant deactivate G000000002 --cancel-open"
}

// Run refuses a merchant's new charges, and ends those that can be paid if that
// is asked for. Repeating it goes on where it was stopped.
func (c *merchantDeactivateCommand) Run(s *session) error {
	if !c.CancelOpen {
		return s.setMerchantActive("DELETE", c.Merchant, "may not charge; codes already given out stay payable")
	}
	return s.operate(func(client *operatorClient) error {
		var closed closedMerchant
		err := client.call(s, "DELETE", "/operator/v1/merchants/"+url.PathEscape(c.Merchant)+"/active", nil, &closed.Merchant)
		if err != nil {
			return err
		}
		closed.Cancelled, err = client.cancelOpen(s, c.Merchant, func(cancelled int) { s.progress("%d cancelled", cancelled) })
		s.progress("")
		if err != nil {
			return err
		}
		return show(s, closed, func(closed closedMerchant) error {
			s.printf("merchant %s (%s) may not charge; %d open charges are cancelled\n", closed.ID, closed.Name, closed.Cancelled)
			return nil
		})
	})
}

// closedMerchant is a merchant whose open charges were cancelled.
type closedMerchant struct {
	access.Merchant
	Cancelled int `json:"cancelled"`
}

func (s *session) setMerchantActive(method, id, done string) error {
	return ask(s, method, "/operator/v1/merchants/"+url.PathEscape(id)+"/active", nil, func(m access.Merchant) error {
		s.printf("merchant %s (%s) %s\n", m.ID, m.Name, done)
		return nil
	})
}

type merchantNotifyCommand struct {
	Merchant string   `arg:"" help:"Merchant id."`
	URLs     []string `arg:"" name:"url" optional:"" help:"URLs to notify, in the place of the earlier ones; \"none\" for none. Left out: show them."`
}

// noURLs is the word that stands for no URL.
const noURLs = "none"

// Help says what changes, and when.
func (merchantNotifyCommand) Help() string {
	return "The merchant is told of each change of a charge from then on; what waits goes to the new URLs.\n" +
		"It shows the URLs whole, with any secret in them; lists and logs show no more than scheme and host.\n\n" +
		"Examples:\n  paypoint merchant notify G000000002\n  paypoint merchant notify G000000002 https://shop.example.com/paid\n  paypoint merchant notify G000000002 none"
}

// Run shows or sets the URLs that are told of a merchant's charges.
func (c *merchantNotifyCommand) Run(s *session) error {
	method, wanted := "PUT", merchantURLs{Merchant: c.Merchant, URLs: c.URLs}
	switch {
	case len(c.URLs) == 0:
		method = "GET"
	case slices.Equal(c.URLs, []string{noURLs}):
		wanted.URLs = nil
	}
	return ask(s, method, "/operator/v1/merchants/"+url.PathEscape(c.Merchant)+"/urls", wanted, func(urls merchantURLs) error {
		if len(urls.URLs) == 0 {
			s.printf("merchant %s is not notified\n", urls.Merchant)
			return nil
		}
		s.printf("merchant %s is notified at:\n", urls.Merchant)
		for _, each := range urls.URLs {
			s.printf("  %s\n", each)
		}
		return nil
	})
}
