package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"

	"paypoint/access"
	"paypoint/notify"
)

// newMerchant is the request for a merchant.
type newMerchant struct {
	Name   string        `json:"name"`
	Prefix string        `json:"prefix"`
	Hold   time.Duration `json:"hold"`
}

// merchantKey is a merchant with a server key that is shown this once.
type merchantKey struct {
	Merchant  access.Merchant `json:"merchant"`
	ServerKey string          `json:"server_key"`
}

// listedMerchant is a merchant with the addresses that are notified.
type listedMerchant struct {
	access.Merchant
	// NotificationURLs are masked: they can hold a secret of the merchant's.
	NotificationURLs []string `json:"notification_urls"`
}

func (o *operators) listMerchants(*http.Request) (any, error) {
	merchants := []listedMerchant{} // no merchants are [] in JSON too
	for _, m := range o.app.merchants.List() {
		listed := listedMerchant{Merchant: m, NotificationURLs: []string{}}
		for _, raw := range o.app.merchants.NotificationURLs(m.ID) {
			listed.NotificationURLs = append(listed.NotificationURLs, notify.MaskURL(raw))
		}
		merchants = append(merchants, listed)
	}
	return merchants, nil
}

func (o *operators) addMerchant(r *http.Request) (any, error) {
	var n newMerchant
	if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
		return nil, fmt.Errorf("add merchant: %w", err)
	}
	m, key, err := o.app.merchants.Add(r.Context(), operatorOf(r), access.NewMerchant{Name: n.Name, Prefix: n.Prefix, Hold: n.Hold})
	note(r.Context(), zap.String("id", m.ID))
	return merchantKey{m, key.Reveal()}, err
}

// rotatedKey is the request for a new key.
type rotatedKey struct {
	// OldEnds is when the old one ends at the latest: oldEndsNow, or after a
	// duration.
	OldEnds string `json:"old_ends"`
}

// noteKeys is the field of a request's event that has the keys after it, which the
// audit log takes.
const noteKeys = "keys"

// oldEndsNow ends the old key with the rotation.
const oldEndsNow = "now"

// end is when the old key ends, of a rotation now. A duration below a minute is
// none, so that a unit that was forgotten ends no key.
func (k rotatedKey) end(now time.Time) (access.OldKeyEnd, error) {
	if k.OldEnds == oldEndsNow {
		return access.OldKeyEndsNow(), nil
	}
	lasts, err := time.ParseDuration(k.OldEnds)
	if err != nil || lasts < time.Minute || lasts > access.MaxOldKey {
		return access.OldKeyEnd{}, fmt.Errorf("old key's end %q: want %s, or a duration of 1m to %.0fh: %w",
			k.OldEnds, oldEndsNow, access.MaxOldKey.Hours(), access.ErrOldKeyEnd)
	}
	return access.OldKeyEndsAt(now.Add(lasts)), nil
}

func (o *operators) rotateKey(r *http.Request) (any, error) {
	var wanted rotatedKey
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		return nil, fmt.Errorf("rotate key: %w", err)
	}
	end, err := wanted.end(o.app.now())
	if err != nil {
		return nil, fmt.Errorf("rotate key of %s: %w", r.PathValue("id"), err)
	}
	m, key, err := o.app.merchants.RotateKey(r.Context(), operatorOf(r), r.PathValue("id"), end)
	if err != nil {
		return nil, err
	}
	note(r.Context(), zap.String(noteKeys, m.KeysText()))
	return merchantKey{m, key.Reveal()}, nil
}

func (o *operators) setActive(active bool) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		return o.app.merchants.SetActive(r.Context(), operatorOf(r), r.PathValue("id"), active)
	}
}

// merchantURLs are the URLs that are told of a merchant's charges.
type merchantURLs struct {
	Merchant string   `json:"merchant"`
	URLs     []string `json:"notification_urls"`
}

func (o *operators) showURLs(r *http.Request) (any, error) {
	id := r.PathValue("id")
	if _, known := o.app.merchants.Merchant(id); !known {
		return nil, fmt.Errorf("notification URLs of %s: %w", id, access.ErrUnknownMerchant)
	}
	return merchantURLs{id, append([]string{}, o.app.merchants.NotificationURLs(id)...)}, nil
}

func (o *operators) setURLs(r *http.Request) (any, error) {
	var wanted merchantURLs
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		return nil, fmt.Errorf("set notification URLs: %w", err)
	}
	err := o.app.merchants.SetNotificationURLs(r.Context(), operatorOf(r), r.PathValue("id"), wanted.URLs, o.app.config.Sandbox)
	if err != nil {
		return nil, err
	}
	return o.showURLs(r)
}

// cancelStep is one line of the answer while a merchant's open charges are
// cancelled: how many so far, then that it is done or a failure.
type cancelStep struct {
	Cancelled int    `json:"cancelled"`
	Done      bool   `json:"done,omitempty"`
	Error     string `json:"error,omitempty"`
}

// cancelOpen cancels what a merchant's customers could still pay. A command
// that goes away does not stop it: who withdraws a merchant does not want half of
// its codes to stay.
func (o *operators) cancelOpen(w http.ResponseWriter, r *http.Request) {
	tell := steps(w)
	id := r.PathValue("id")
	cancelled, err := 0, access.ErrUnknownMerchant
	if _, known := o.app.merchants.Merchant(id); known {
		cancelled, err = o.app.ledger.CancelOpen(context.WithoutCancel(r.Context()), id, func(cancelled int) { tell(cancelStep{Cancelled: cancelled}) })
	}
	note(r.Context(), zap.String("merchant", id), zap.Int("cancelled", cancelled))
	if err != nil {
		note(r.Context(), zap.Error(err))
		tell(cancelStep{Cancelled: cancelled, Error: fmt.Sprintf("cancel open charges of %s: %v", id, err)})
		return
	}
	tell(cancelStep{Cancelled: cancelled, Done: true})
}
