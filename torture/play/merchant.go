package play

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// ServerKey is the server key of the sandbox's merchant, who has no hold.
const ServerKey = "SB-paypoint-server-key"

// Merchant speaks to the merchants' API of a server. It may be used at once by
// many goroutines.
type Merchant struct {
	url, key string
	http     *http.Client
}

// NewMerchant makes a merchant of a server's URL and a server key.
func NewMerchant(url, key string) *Merchant {
	return &Merchant{url: url, key: key, http: newClient()}
}

// Close lets go of the merchant's connections.
func (m *Merchant) Close() { m.http.CloseIdleConnections() }

// Terms are what a merchant asks for.
type Terms struct {
	Order string
	// Amount is in whole rupiah; with MinAmount it is open from there.
	Amount, MinAmount int64
	// Life is the code's, in whole seconds; 0 is the server's default.
	Life time.Duration
}

// Reply is what the merchants' API answers.
type Reply struct {
	// Status is the HTTP status.
	Status int `json:"-"`
	// StatusCode is the body's own: 201, 200, 412, …
	StatusCode        string `json:"status_code"`
	TransactionStatus string `json:"transaction_status"`
	ID                string `json:"transaction_id"`
	Order             string `json:"order_id"`
	PaymentCode       string `json:"payment_code"`
	GrossAmount       string `json:"gross_amount"`
	PaidAmount        string `json:"paid_amount"`
	ExpiryTime        string `json:"expiry_time"`
	// Body is all of it.
	Body []byte `json:"-"`
}

// Charge asks for a payment code. Error: ErrNoAnswer.
func (m *Merchant) Charge(ctx context.Context, terms Terms) (Reply, error) {
	cstore := map[string]any{"store": "indomaret"}
	if terms.MinAmount > 0 {
		cstore["min_amount"] = terms.MinAmount
	}
	body := map[string]any{
		"payment_type": "cstore", "cstore": cstore,
		"transaction_details": map[string]any{"order_id": terms.Order, "gross_amount": terms.Amount},
	}
	if terms.Life > 0 {
		body["custom_expiry"] = map[string]any{"expiry_duration": int(terms.Life / time.Second), "unit": "second"}
	}
	return m.Call(ctx, http.MethodPost, "/v2/charge", body)
}

// Status asks for a charge by its order id or transaction id. Error: ErrNoAnswer.
func (m *Merchant) Status(ctx context.Context, handle string) (Reply, error) {
	return m.Call(ctx, http.MethodGet, "/v2/"+url.PathEscape(handle)+"/status", nil)
}

// Cancel withdraws a charge. Error: ErrNoAnswer.
func (m *Merchant) Cancel(ctx context.Context, handle string) (Reply, error) {
	return m.Call(ctx, http.MethodPost, "/v2/"+url.PathEscape(handle)+"/cancel", nil)
}

// Expire ends a charge. Error: ErrNoAnswer.
func (m *Merchant) Expire(ctx context.Context, handle string) (Reply, error) {
	return m.Call(ctx, http.MethodPost, "/v2/"+url.PathEscape(handle)+"/expire", nil)
}

// Call sends a request with a JSON body, or none. Error: ErrNoAnswer.
func (m *Merchant) Call(ctx context.Context, method, path string, body any) (Reply, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return Reply{}, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, m.url+path, content)
	if err != nil {
		return Reply{}, err
	}
	request.GetBody = nil // see Till.Post
	request.SetBasicAuth(m.key, "")
	request.Header.Set("Content-Type", "application/json")
	response, err := m.http.Do(request)
	if err != nil {
		return Reply{}, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	defer response.Body.Close()
	reply := Reply{Status: response.StatusCode}
	if reply.Body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer)); err != nil {
		return Reply{}, fmt.Errorf("%w: it broke off: %w", ErrNoAnswer, err)
	}
	if err := json.Unmarshal(reply.Body, &reply); err != nil {
		return reply, fmt.Errorf("read answer %d: %w", reply.Status, err)
	}
	return reply, nil
}
