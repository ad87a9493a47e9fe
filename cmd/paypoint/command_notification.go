package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"paypoint/charge"
)

type notificationCommand struct {
	List   notificationListCommand   `cmd:"" help:"List what merchants were not told yet, oldest first."`
	Show   notificationShowCommand   `cmd:"" help:"Show a notification with all attempts."`
	Resend notificationResendCommand `cmd:"" help:"Send a notification once more, now."`
	Test   notificationTestCommand   `cmd:"" help:"Make a charge to be told of, and see whether its notifications arrive."`
}

// notificationsPath is where operators have the notifications.
const notificationsPath = "/operator/v1/notifications"

type notificationListCommand struct {
	Merchant string `help:"Of this merchant only." placeholder:"ID"`
	Failed   bool   `help:"Only those whose delivery is given up."`
}

// Help shows examples.
func (notificationListCommand) Help() string {
	return "Examples:\n  paypoint notification list\n  paypoint notification list --merchant G000000002 --failed"
}

// Run lists notifications.
func (c *notificationListCommand) Run(s *session) error {
	query := url.Values{"merchant": {c.Merchant}, "after": {"0"}}
	if c.Failed {
		query.Set("failed", "true")
	}
	return s.operate(func(client *operatorClient) error {
		all := []notification{} // none are [] in JSON too
		for {
			var page notificationPage
			if err := client.call(s, "GET", notificationsPath+"?"+query.Encode(), nil, &page); err != nil {
				return err
			}
			all = append(all, page.Notifications...)
			if page.After == 0 {
				return show(s, all, s.printNotifications)
			}
			query.Set("after", strconv.FormatUint(page.After, 10))
		}
	})
}

func (s *session) printNotifications(all []notification) error {
	return s.printTable("notification\tmerchant\torder\ttime\tstate\tattempts\tlast\tnext", func(w table) {
		for _, n := range all {
			last, next := "-", "-"
			if len(n.Attempts) > 0 {
				a := n.Attempts[len(n.Attempts)-1]
				last, next = outcome(a), cmp.Or(a.NextAttempt, "-")
			}
			w.printf("%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n",
				n.ID, n.Merchant, n.OrderID, n.Time, n.State, len(n.Attempts), last, next)
		}
	})
}

// outcome is what came of an attempt, in few words.
func outcome(a charge.Attempt) string {
	switch {
	case a.Delivered:
		return fmt.Sprintf("delivered (%d)", a.HTTPStatus)
	case a.HTTPStatus != 0:
		return fmt.Sprintf("%d: %s", a.HTTPStatus, a.Fault)
	default:
		return a.Fault
	}
}

type notificationShowCommand struct {
	ID string `arg:"" help:"Notification id, as list and the receiver's webhook-id show it."`
}

// Help shows an example.
func (notificationShowCommand) Help() string {
	return "Example:\n  paypoint notification show 0199f0c2-7b1e-7c43-9d7e-8a1f6f0b2c55-settlement"
}

// Run shows a notification.
func (c *notificationShowCommand) Run(s *session) error {
	return ask(s, "GET", notificationsPath+"/"+url.PathEscape(c.ID), nil, s.printNotification)
}

func (s *session) printNotification(n notification) error {
	s.printf("%s of %s, order %s, %s: %s\n", n.ID, n.Merchant, n.OrderID, n.Time, n.State)
	if len(n.Attempts) == 0 {
		return nil
	}
	return s.printTable("  time\turl\toutcome\ttook\tnext\tby hand\tanswer", func(w table) {
		for _, a := range n.Attempts {
			w.printf("  %s\t%s\t%s\t%d ms\t%s\t%t\t%s\n",
				a.Time, a.URL, outcome(a), a.TookMS, cmp.Or(a.NextAttempt, "-"), a.Manual, cmp.Or(beginning(a.Answer), "-"))
		}
	})
}

// maxShownAnswer keeps a table readable, in characters.
const maxShownAnswer = 60

// beginning is the first part of what a receiver answered.
func beginning(text string) string { return fmt.Sprintf("%.*s", maxShownAnswer, text) }

type notificationResendCommand struct {
	ID string `arg:"" help:"Notification id."`
}

// Help says what it changes.
func (notificationResendCommand) Help() string {
	return "One attempt at each URL, whatever became of it before; the schedule of retries stays.\n" +
		"Exit code 1 when a URL does not take it.\n\nExample:\n  paypoint notification resend 0199f0c2-7b1e-7c43-9d7e-8a1f6f0b2c55-settlement"
}

// errNotDelivered reports a notification that a receiver did not take.
var errNotDelivered = errors.New("not delivered")

// Run sends a notification again.
func (c *notificationResendCommand) Run(s *session) error {
	return s.operate(func(client *operatorClient) error {
		var n notification
		if err := client.call(s, "POST", notificationsPath+"/"+url.PathEscape(c.ID)+"/resend", nil, &n); err != nil {
			return err
		}
		if err := show(s, n, s.printNotification); err != nil {
			return err
		}
		for _, a := range n.Attempts {
			if !a.Delivered {
				return fmt.Errorf("%s: %w", n.ID, errNotDelivered)
			}
		}
		return nil
	})
}

type notificationTestCommand struct {
	Merchant string `arg:"" help:"Merchant id."`
}

// Help says what happens, and what the exit code tells.
func (notificationTestCommand) Help() string {
	return "Makes a small charge and cancels it, as POST /v1/notifications/test does, and waits up to 20 seconds.\n" +
		"Exit code 1 when the merchant's URLs have not taken both notifications.\n\nExample:\n  paypoint notification test G000000002"
}

// Run tests a merchant's receivers.
func (c *notificationTestCommand) Run(s *session) error {
	return s.operate(func(client *operatorClient) error {
		s.progress("waiting for the receivers")
		var tested testedNotifications
		err := client.call(s, "POST", "/operator/v1/merchants/"+url.PathEscape(c.Merchant)+"/test-notifications", nil, &tested)
		s.progress("")
		if err != nil {
			return err
		}
		if err := show(s, tested, s.printTested); err != nil {
			return err
		}
		if !tested.Delivered {
			return fmt.Errorf("test notifications of %s: %w", c.Merchant, errNotDelivered)
		}
		return nil
	})
}

func (s *session) printTested(tested testedNotifications) error {
	for _, n := range tested.Notifications {
		if err := s.printNotification(n); err != nil {
			return err
		}
	}
	return nil
}
