package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/store/boltdb"
)

// Of the codes made for paypoint.
const (
	// codePrefix is the sandbox merchant's.
	codePrefix = "100"
	// codeLife outlasts any run.
	codeLife = 24 * time.Hour
	// ledgerCallers charge at once, so that they share commits.
	ledgerCallers = 1024
	// merchantCallers charge at once over HTTP.
	merchantCallers = 32
)

// paypoints are paypoint as it is and paypoint without a disk, both from the binary at path.
func paypoints(path string) []contender {
	return []contender{
		{name: "paypoint", role: subject, ledger: ledgerKind{name: "bolt", make: prepareLedger}, start: serving(path, "bolt:")},
		{name: "memory", role: ceiling, ledger: ledgerKind{name: "memory"}, start: serving(path, "memory:"), fill: chargeAll},
	}
}

// unlimited lets a merchant ask as fast as the load can.
const unlimited = "PAYPOINT_LIMITS_MERCHANT_REQUESTS_PER_SECOND=0"

// serving starts the sandbox of the binary at path; settings are variables of its configuration.
func serving(path, engine string, settings ...string) func(context.Context, string) (*server, error) {
	return func(ctx context.Context, dir string) (*server, error) {
		p := program{name: "paypoint", path: path, dir: dir, ready: listening, stop: syscall.SIGTERM, env: append(settings, unlimited),
			args: []string{"serve", "--sandbox", "--listen", "127.0.0.1:0", "--data", dir, "--store", engine}}
		part, match, err := p.start(ctx)
		if err != nil {
			return nil, err
		}
		return &server{addr: string(match[1]), parts: []*process{part}}, nil
	}
}

// prepareLedger makes a ledger file of n open codes with the charges that the sandbox
// merchant would make.
func prepareLedger(ctx context.Context, dir string, n int) (codes []string, err error) {
	store, err := boltdb.Open(filepath.Join(dir, "ledger.db"), boltdb.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	service := ledger.NewService(store, ledger.Agreement{}, time.Now)
	expires := time.Now().Add(codeLife)
	return together(ctx, n, ledgerCallers, func(ctx context.Context, i int) (string, error) {
		order := orderID(i)
		charge, err := service.Charge(ctx, ledger.NewCharge{
			ID: order, Merchant: access.SandboxMerchant, Prefix: codePrefix, Order: order,
			Amount: amount, MinAmount: amount, Expires: expires, Details: ledger.Details{Salt: order, Customer: "Andi Sujono", Desc: "Benchmark"},
		})
		return string(charge.Code), err
	})
}

func orderID(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

// chargeAll has the server at addr make n codes through the merchants' API.
func chargeAll(ctx context.Context, addr string, n int) ([]string, error) {
	client := &http.Client{Timeout: answerWait, Transport: &http.Transport{MaxIdleConnsPerHost: merchantCallers}}
	defer client.CloseIdleConnections()
	return together(ctx, n, merchantCallers, func(ctx context.Context, i int) (string, error) {
		body := fmt.Appendf(nil, `{"payment_type":"cstore","transaction_details":{"order_id":"%s","gross_amount":%d},"cstore":{"store":"indomaret"}}`, orderID(i), amount)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/v2/charge", bytes.NewReader(body))
		if err != nil {
			return "", fmt.Errorf("charge: %w", err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.SetBasicAuth(access.SandboxServerKey, "")
		return charge(client, request)
	})
}

// charge sends one request to the merchants' API and returns the code that it answers.
func charge(client *http.Client, request *http.Request) (string, error) {
	response, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("charge: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return "", fmt.Errorf("charge: read answer: %w", err)
	}
	var answer struct {
		Code string `json:"payment_code"`
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.Code == "" {
		return "", fmt.Errorf("charge: answered %s: %.800s", response.Status, text)
	}
	return answer.Code, nil
}

// together calls one for 0 to n-1 from a number of callers at once and returns what it made.
func together(ctx context.Context, n, callers int, one func(context.Context, int) (string, error)) ([]string, error) {
	codes := make([]string, n)
	group, ctx := errgroup.WithContext(ctx)
	for caller := range callers {
		group.Go(func() error {
			for i := caller; i < n && ctx.Err() == nil; i += callers {
				code, err := one(ctx, i)
				if err != nil {
					return err
				}
				codes[i] = code
			}
			return ctx.Err()
		})
	}
	return codes, group.Wait()
}
