package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"paypoint/store/boltdb"
)

// operatorClient speaks to a server of operators, or to the finance API of a
// server elsewhere.
type operatorClient struct {
	http *http.Client
	// base is what paths are put behind.
	base string
	// token names the person who asks for finance's work; empty is the operator.
	token Secret
}

// socketBase stands where a URL has its host.
const socketBase = "http://operator"

// dialTimeout is how long a server may take to answer the door.
const dialTimeout = 5 * time.Second

// dialer opens a connection to a server of operators.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func newOperatorClient(dial dialer) *operatorClient {
	return &operatorClient{http: &http.Client{Transport: &http.Transport{DialContext: dial}}, base: socketBase}
}

// dialOperators finds the server of a data directory. An error means that none
// runs.
func dialOperators(folder string) (*operatorClient, error) {
	path := filepath.Join(folder, socketName)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "unix", path)
	}
	knock, err := dial(context.Background(), "", "")
	if err != nil {
		return nil, err
	}
	_ = knock.Close()
	return newOperatorClient(dial), nil
}

// close drops the connections that are kept for more requests.
func (c *operatorClient) close() { c.http.CloseIdleConnections() }

// errServerGone reports a server that ended before it answered what can as well
// be asked again.
var errServerGone = errors.New("the server is gone")

// unanswered puts the failure of a request into words. What was never sent, or
// changes nothing that was not so already (RFC 9110, 9.2.2), may be sent again;
// of all else nobody knows whether it was done.
func unanswered(method string, err error) error {
	var network *net.OpError
	if method != http.MethodPost || errors.As(err, &network) && network.Op == "dial" {
		return fmt.Errorf("%w: %w", errServerGone, err)
	}
	return fmt.Errorf("the server went away before it answered: look whether it is done before you try again: %w", err)
}

// call sends a request and reads its JSON answer into result.
func (c *operatorClient) call(ctx context.Context, method, path string, body, result any) error {
	answer, err := c.send(ctx, method, path, "", body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return readAnswer(answer.Body, result)
}

// readAnswer reads a JSON answer.
func readAnswer(answer io.Reader, result any) error {
	if err := json.NewDecoder(answer).Decode(result); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	return nil
}

// download copies an answer's body to w.
func (c *operatorClient) download(ctx context.Context, path string, w io.Writer) error {
	answer, err := c.send(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(w, answer.Body); err != nil {
		return fmt.Errorf("the file broke off: %w", err)
	}
	return nil
}

// send sends a request, for an answer of a media type where that matters. An
// answer that is not 200 becomes an error.
func (c *operatorClient) send(ctx context.Context, method, path, accept string, body any) (*http.Response, error) {
	request, err := c.request(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	if accept != "" {
		request.Header.Set("Accept", accept)
	}
	answer, err := c.http.Do(request)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, fmt.Errorf("ask the server: %w", ctx.Err())
	case err != nil:
		return nil, unanswered(method, err)
	}
	if answer.StatusCode == http.StatusOK {
		return answer, nil
	}
	defer answer.Body.Close()
	var failure operatorError
	if err := json.NewDecoder(answer.Body).Decode(&failure); err != nil || failure.Error.Message == "" {
		return nil, fmt.Errorf("the server answered %s", answer.Status)
	}
	return nil, failure.told()
}

// told is a failure as a command reports it.
func (f operatorError) told() error {
	if f.Error.Code == "person_needed" {
		f.Error.Message += " (--token-file FILE, or " + tokenVariable + ")"
	}
	return errors.New(f.Error.Message)
}

// request makes a request. A body that is a reader is sent as it is, another one
// as JSON. The token goes to the finance API alone.
func (c *operatorClient) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	isFinance := strings.HasPrefix(path, financePaths)
	if c.base != socketBase && !isFinance {
		return nil, fmt.Errorf("%w: this command is for the machine that the server runs on: leave --url out", errUsage)
	}
	var content io.Reader
	switch body := body.(type) {
	case nil:
	case io.Reader:
		content = body
	default:
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return nil, err
	}
	if isFinance && c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	}
	return request, nil
}

// verify lets the server check a copy of its ledger.
func (c *operatorClient) verify(ctx context.Context, progress boltdb.Progress) (boltdb.Report, error) {
	var report boltdb.Report
	err := stream(ctx, c, http.MethodGet, "/operator/v1/verify", nil, func(step verifyStep) (bool, error) {
		switch {
		case step.Report != nil:
			report = *step.Report
			return true, nil
		case step.Differs:
			return true, fmt.Errorf("%w: %s", errDiffers, step.Error)
		case step.Error != "":
			return true, errors.New(step.Error)
		}
		progress(step.Done, step.Total)
		return false, nil
	})
	return report, err
}

// cancelOpen lets the server cancel a merchant's open charges, and returns how
// many it has cancelled.
func (c *operatorClient) cancelOpen(ctx context.Context, merchant string, progress func(cancelled int)) (int, error) {
	cancelled := 0
	path := "/operator/v1/merchants/" + url.PathEscape(merchant) + "/open-charges"
	err := stream(ctx, c, http.MethodDelete, path, nil, func(step cancelStep) (bool, error) {
		cancelled = step.Cancelled
		progress(cancelled)
		if step.Error != "" {
			return true, errors.New(step.Error)
		}
		return step.Done, nil
	})
	return cancelled, err
}

// linesType is the media type of an answer that comes line by line.
const linesType = "application/x-ndjson"

// workStep is one line of such an answer of the finance API: progress, then a
// result or an error.
type workStep struct {
	operatorError
	Done   int             `json:"done"`
	Total  int             `json:"total"`
	Result json.RawMessage `json:"result"`
}

// work asks the finance API for what may take long, and reads its answer into
// result. Progress is told where the server tells it; total is 0 where it is not
// known.
func (c *operatorClient) work(ctx context.Context, path string, body any, progress func(done, total int), result any) error {
	answer, err := c.send(ctx, http.MethodPost, path, linesType, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.Header.Get("Content-Type") != linesType {
		return readAnswer(answer.Body, result) // it tells none of this
	}
	return readSteps(answer, func(step workStep) (bool, error) {
		switch {
		case step.Error.Message != "":
			return true, step.told()
		case step.Result != nil:
			return true, readAnswer(bytes.NewReader(step.Result), result)
		}
		progress(step.Done, step.Total)
		return false, nil
	})
}

// stream sends a request whose answer comes line by line, until each says that
// it is the last one.
func stream[T any](ctx context.Context, c *operatorClient, method, path string, body any, each func(T) (last bool, err error)) error {
	answer, err := c.send(ctx, method, path, linesType, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return readSteps(answer, each)
}

// readSteps reads such an answer.
func readSteps[T any](answer *http.Response, each func(T) (last bool, err error)) error {
	for lines := json.NewDecoder(answer.Body); ; {
		var step T
		if err := lines.Decode(&step); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("the server broke off its answer")
		} else if err != nil {
			return fmt.Errorf("read the server's answer: %w", err)
		}
		if last, err := each(step); last || err != nil {
			return err
		}
	}
}
