package main

import (
	"fmt"
	"io"
	"net/url"
	"time"

	"paypoint/access"
)

type merchantCommand struct {
	Add       merchantAddCommand       `cmd:"" help:"Add a merchant; its server key is shown this once."`
	List      merchantListCommand      `cmd:"" help:"List the merchants."`
	RotateKey merchantRotateKeyCommand `cmd:"" help:"Give a merchant a new server key, shown this once."`

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
	return s.operate(func(client *operatorClient) error {
		var added merchantKey
		if err := client.call(s, "POST", "/operator/v1/merchants", newMerchant{c.Name, c.Prefix, c.Hold}, &added); err != nil {
			return err
		}
		return s.printKey(added)
	})
}

func (s *session) printKey(k merchantKey) error {
	if s.flags.JSON {
		return s.printJSON(k)
	}
	fmt.Fprintf(s.out, "merchant %s (%s), codes begin with %s\nserver key, shown only now: %s\n",
		k.Merchant.ID, k.Merchant.Name, k.Merchant.Prefix, k.ServerKey)
	return nil
}

type merchantListCommand struct{}

// Run lists the merchants.
func (c *merchantListCommand) Run(s *session) error {
	return s.operate(func(client *operatorClient) error {
		var merchants []access.Merchant
		if err := client.call(s, "GET", "/operator/v1/merchants", nil, &merchants); err != nil {
			return err
		}
		if s.flags.JSON {
			return s.printJSON(merchants)
		}
		return s.printTable("merchant\tname\tprefix\thold\tactive\tkeys", func(w io.Writer) {
			for _, m := range merchants {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%t\t%d\n", m.ID, m.Name, m.Prefix, m.Hold, m.Active, len(m.Keys))
			}
		})
	})
}

type merchantRotateKeyCommand struct {
	Merchant string `arg:"" help:"Merchant id."`
}

// Help says how long the old key lives.
func (merchantRotateKeyCommand) Help() string {
	return "The old key works, and signs, until the first call with the new one.\n\nExample:\n  paypoint merchant rotate-key G000000001"
}

// Run rotates a merchant's key.
func (c *merchantRotateKeyCommand) Run(s *session) error {
	return s.operate(func(client *operatorClient) error {
		var rotated merchantKey
		if err := client.call(s, "POST", "/operator/v1/merchants/"+url.PathEscape(c.Merchant)+"/rotate-key", nil, &rotated); err != nil {
			return err
		}
		return s.printKey(rotated)
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
	Merchant string `arg:"" help:"Merchant id."`
}

// Help shows an example.
func (merchantDeactivateCommand) Help() string {
	return "Its charges are answered 410.\n\nExample:\n  paypoint merchant deactivate G000000002"
}

// Run refuses a merchant's new charges.
func (c *merchantDeactivateCommand) Run(s *session) error {
	return s.setMerchantActive("DELETE", c.Merchant, "may not charge; codes already given out stay payable")
}

func (s *session) setMerchantActive(method, id, done string) error {
	return s.operate(func(client *operatorClient) error {
		var m access.Merchant
		if err := client.call(s, method, "/operator/v1/merchants/"+url.PathEscape(id)+"/active", nil, &m); err != nil {
			return err
		}
		if s.flags.JSON {
			return s.printJSON(m)
		}
		fmt.Fprintf(s.out, "merchant %s (%s) %s\n", m.ID, m.Name, done)
		return nil
	})
}
