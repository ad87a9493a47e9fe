package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"go.uber.org/zap"

	"paypoint/ledger"
	"paypoint/notify"
	"paypoint/reconcile/delivery"
)

const (
	// webhookTimeout is how long a receiver may take; the schedule tries again.
	webhookTimeout = 15 * time.Second
	// webhookType names the event.
	webhookType = "reconciliation.discrepancies"
	// maxWebhookAnswer is how much of an answer is read, for the connection's sake.
	maxWebhookAnswer = 64 << 10
)

// webhookEvent is what the webhook is told, in the form of Standard Webhooks 1.0.
type webhookEvent struct {
	Type      string      `json:"type"`
	Timestamp time.Time   `json:"timestamp"`
	Data      webhookData `json:"data"`
}

type webhookData struct {
	Job          string         `json:"job"`
	BusinessDate ledger.Day     `json:"business_date"`
	Corrected    bool           `json:"corrected,omitempty"`
	Found        []webhookClass `json:"found"`
}

type webhookClass struct {
	Class string `json:"class"`
	// Payments is how many, 1 where it is about the file or the job; Amount is ours minus theirs, in rupiah.
	Payments int           `json:"payments"`
	Amount   ledger.Rupiah `json:"amount"`
}

// postDiscrepancies is delivery.Notify: a POST to the configured URL, signed as
// merchants' notifications are. The URL is in no error: it may hold a secret.
func (a *application) postDiscrepancies(ctx context.Context, d delivery.Discrepancies) error {
	event := webhookEvent{Type: webhookType, Timestamp: d.At.In(ledger.WIB), Data: webhookData{Job: d.Job, BusinessDate: d.Day, Corrected: d.Corrected}}
	for _, found := range d.Found {
		event.Data.Found = append(event.Data.Found, webhookClass(found))
	}
	body, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	request, err := a.webhookRequest(ctx, d.ID, d.At, body)
	if err != nil {
		return err
	}
	target := notify.MaskURL(a.config.Delivery.Webhook.URL)
	status, err := post(request)
	if err != nil {
		return fmt.Errorf("webhook %s: %w", target, err)
	}
	if status < 200 || status > 299 {
		return fmt.Errorf("webhook %s: it answered %d: want 2xx", target, status)
	}
	a.log.Info("webhook told", zap.String("target", target), zap.String("id", d.ID), zap.Int("status", status))
	return nil
}

// webhookRequest signs a body as merchants' notifications are signed.
func (a *application) webhookRequest(ctx context.Context, id string, at time.Time, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.config.Delivery.Webhook.URL, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("webhook: the URL can't be used")
	}
	request.Header = notify.SignedHeaders([][]byte{[]byte(a.config.Delivery.Webhook.Secret.Reveal())}, id, at, body)
	request.Header.Set("Content-Type", "application/json")
	return request, nil
}

// post sends a request and returns the status. A redirect is an answer like
// others: what is signed goes to one receiver alone.
func post(request *http.Request) (status int, err error) {
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(request)
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err
		}
		return 0, err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxWebhookAnswer)) // only the status counts
	return answer.StatusCode, nil
}
