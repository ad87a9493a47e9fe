package main

import (
	"fmt"
	"net/http"
	"slices"

	"paypoint/finance"
)

// groups are the kinds of callers, each with its limits and its log.
type groups struct {
	app                                           *application
	partner, merchant, pages, console, operations group
}

func (a *application) groups() groups {
	limits := a.config.Limits
	bounded := func(name string, l GroupLimits) group {
		return group{
			name: name, readTimeout: l.ReadTimeout, answerTimeout: l.AnswerTimeout,
			places: &requestPlaces{most: int64(l.MaxRequests)}, guards: a.guards,
		}
	}
	g := groups{
		app:     a,
		partner: bounded("partner", limits.Partner.GroupLimits), merchant: bounded("merchant", limits.Merchant.GroupLimits), pages: bounded("pages", limits.Pages.GroupLimits),
		// A settlement file may be sent, and a large day closed, for as long as it takes.
		console: group{name: "console", readTimeout: consoleReadTimeout, hasEvent: isFinance, places: usualPlaces(), guards: a.guards},
		operations: group{
			name: "operations", readTimeout: readHeaderTimeout, answerTimeout: readHeaderTimeout, places: usualPlaces(), guards: a.guards,
		},
	}
	g.partner.hasEvent, g.partner.hasPlaces, g.partner.allow = isMessage, isMessage, a.guards.allow
	g.merchant.hasPlaces = func(*http.Request) bool { return true } // charge.RateLimit's, after the key is known
	return g
}

// usualPlaces are those of a group that the configuration does not bound.
func usualPlaces() *requestPlaces { return &requestPlaces{most: defaultRequests} }

// guardPartner puts TLS and the list of allowed addresses on the partner's
// listener. Where other groups share its address, their callers may be others:
// then each request is held against the list, but no connection.
func (a *application) guardPartner(all endpoints) error {
	if warning := a.config.openToForgers(); warning != "" {
		a.log.Warn(warning)
	}
	place := all.at(a.config.Listeners.Partner.Listen)
	if len(place.groups) == 1 {
		place.allow = a.guards.allow
	}
	place.exempt = slices.Concat(place.exempt, a.config.Listeners.Partner.Allow)
	files := a.config.Listeners.Partner.TLS
	if files.CertFile == "" {
		return nil
	}
	reloading, err := openTLS(files, a.log, a.metrics.guards.tlsReloadFailures)
	if err != nil {
		return fmt.Errorf("listeners.partner.tls: %w", err)
	}
	place.tls = reloading.config()
	a.certificates = append(a.certificates, certificate{"partner", reloading.expires})
	a.metrics.gauge("paypoint_tls_certificate_expiry_timestamp_seconds", "When the certificate of the partner's listener ends.",
		func() float64 { return float64(reloading.expires().Unix()) })
	return nil
}

// wrap puts a group around its handler.
func (g groups) wrap(of group, handler http.Handler) http.Handler {
	return of.wrap(handler, g.app.config.Listeners.TrustedProxies, g.app.log, g.app.metrics)
}

// endpoints puts each group's routes on its address.
func (a *application) endpoints() (endpoints, error) {
	partner, err := a.partnerHandler()
	if err != nil {
		return nil, err
	}
	pages, err := a.consoleHandler()
	if err != nil {
		return nil, err
	}
	g, listeners, limits := a.groups(), a.config.Listeners, a.config.Limits
	var places endpoints
	places.add(listeners.Partner.Listen, limits.Partner.MaxConnections, "partner", map[string]http.Handler{
		"/indomaret": g.wrap(g.partner, partner),
	})
	places.add(listeners.Merchant.Listen, limits.Merchant.MaxConnections, "merchant", a.merchantRoutes(g))
	places.add(listeners.Pages.Listen, limits.Pages.MaxConnections, "pages", map[string]http.Handler{
		pagesPath: g.wrap(g.pages, a.pageHandler()),
	})
	places.add(listeners.Console.Listen, defaultConnections, "console", map[string]http.Handler{
		financePaths: g.wrap(g.console, a.financeHandler(finance.BearerTokens(a.staff))),
		consolePaths: g.wrap(g.console, pages),
		"/console":   g.wrap(g.console, http.RedirectHandler(consolePaths, http.StatusSeeOther)),
	})
	places.add(listeners.Operations.Listen, defaultConnections, "operations", map[string]http.Handler{
		"GET /healthz": g.wrap(g.operations, http.HandlerFunc(a.healthy)),
		"GET /readyz":  g.wrap(g.operations, http.HandlerFunc(a.ready)),
		"GET /metrics": g.wrap(g.operations, a.metrics.handler()),
	})
	for _, place := range places {
		place.exempt = listeners.TrustedProxies
		// What no group knows has limits too: net/http would wait for its body.
		place.refuseOthers(g.wrap(group{name: "none", readTimeout: readHeaderTimeout, answerTimeout: readHeaderTimeout}, http.NotFoundHandler()))
	}
	if err := a.guardPartner(places); err != nil {
		return nil, err
	}
	return a.addSandboxTLS(places)
}

// addSandboxTLS adds the sandbox's listener with TLS, if one is asked for.
func (a *application) addSandboxTLS(places endpoints) (endpoints, error) {
	if a.config.SandboxTLS == "" {
		return places, nil
	}
	ca, made, err := openSandboxCA(a.config.DataDir, a.now)
	if err != nil {
		return nil, err
	}
	if made {
		a.log.Info("made a new sandbox CA: clients that trusted another one have to trust it")
	}
	return append(places, places.at(a.config.Listeners.Merchant.Listen).secured(a.config.SandboxTLS, ca.config())), nil
}
