package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"paypoint/charge"
	"paypoint/charge/openapi"
	customerpage "paypoint/charge/page"
)

// pagesPath is the folder of the customers' pages.
const pagesPath = "/pay/"

// merchantRoutes are the merchants' API and its documentation.
func (a *application) merchantRoutes(g groups) map[string]http.Handler {
	api, documentation := g.wrap(g.merchant, a.metrics.countMerchants(a.chargeHandler())), g.wrap(g.merchant, openapi.Handler())
	return map[string]http.Handler{
		"/v1/": api, "/v2/": api,
		"GET " + openapi.DocumentPath: documentation, "GET " + openapi.PagePath: documentation,
	}
}

// chargeHandler is the merchants' API.
func (a *application) chargeHandler() http.Handler {
	return charge.New(charge.Config{
		Ledger: notedLedger{a.ledger}, Merchants: notedMerchants{a.merchants}, Notifications: a.notify,
		Terms: a.config.terms(),
		RateLimit: charge.RateLimit{
			PerSecond: float64(a.config.Limits.Merchant.RequestsPerSecond), Burst: a.config.Limits.Merchant.Burst,
			AtOnce: a.config.Limits.Merchant.AtOnce, AllAtOnce: a.config.Limits.Merchant.MaxRequests,
		},
		Lockout:             a.guards.keys,
		AllowPrivateTargets: a.config.Sandbox,
		CursorKey:           a.cursorKey,
		PageURL:             a.pageURL,
		Now:                 a.now, NewID: newID, NewSalt: rand.Text,
		Report: func(ctx context.Context, f charge.Failure) {
			noteRefusal(ctx, f)
			a.guards.countUnknownOrder(f)
			countRefusal(ctx, f)
		},
	})
}

// newID is a time-ordered UUID, so that the index of ids grows at its end.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// pageHandler is what customers see.
func (a *application) pageHandler() http.Handler {
	return customerpage.New(customerpage.Config{
		Ledger: notedLedger{a.ledger}, MerchantName: a.merchantName, Now: a.now,
		Report:  func(ctx context.Context, err error) { note(ctx, zap.Error(err)) },
		Unknown: a.guards.pages.unknown,
	})
}

// merchantName is the name by which customers know a merchant.
func (a *application) merchantName(id string) (string, bool) {
	m, known := a.merchants.Merchant(id)
	return m.Name, known
}

// pageURL is the address of a charge's page, or empty where nobody could say
// how a customer gets there.
func (a *application) pageURL(r *http.Request, id string) string {
	pages := a.config.Listeners.Pages
	switch {
	case pages.PublicURL != "":
		return strings.TrimSuffix(pages.PublicURL, "/") + pagesPath + id
	case pages.Listen != a.config.Listeners.Merchant.Listen:
		return ""
	case r.TLS != nil:
		// The sandbox's TLS listener: only the shop's process knows that name, a
		// customer's browser does not.
		return "http://" + a.plainAddress + pagesPath + id
	default:
		return requestBase(r) + pagesPath + id
	}
}
