package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// needs skips the test where a program of the peer is missing.
func needs(t *testing.T, programs map[string]string) {
	t.Helper()
	for program, debianPackage := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s: Debian package %s", filepath.Base(program), debianPackage)
		}
	}
}

// peerPrograms is what each peer needs, with the Debian packages.
func peerPrograms(name string) map[string]string {
	return map[string]map[string]string{
		"node-postgres": {"node": "nodejs", "npm": "npm", postgresTool("postgres"): "postgresql"},
		"node-sqlite":   {"node": "nodejs", "npm": "npm", "sqlite3": "sqlite3"},
		"php-sqlite":    {phpFPM(): "php-fpm", nginx: "nginx-light", "sqlite3": "sqlite3"},
	}[name]
}

// needsExtensions skips where php-fpm lacks an extension of the peer.
func needsExtensions(t *testing.T) {
	t.Helper()
	loaded, err := exec.Command(phpFPM(), "-m").Output()
	require.NoError(t, err)
	for extension, debianPackage := range map[string]string{"soap": "php-soap", "pdo_sqlite": "php-sqlite3"} {
		if !strings.Contains(string(loaded), "\n"+extension+"\n") {
			t.Skipf("needs PHP's %s: Debian package %s", extension, debianPackage)
		}
	}
}

// startPeer serves a new ledger of n codes.
func startPeer(t *testing.T, c contender, n int) (*server, []string) {
	t.Helper()
	needs(t, peerPrograms(c.name))
	if c.name == "php-sqlite" {
		needsExtensions(t)
	}
	dir, err := scratchFolder("")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	store := &ledgers{dir: dir, made: map[string][]string{}}
	run := filepath.Join(dir, "run")
	codes, err := store.copyTo(t.Context(), run, c.ledger, n, 1)
	require.NoError(t, err)
	s, err := c.start(t.Context(), run)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.stop()) })
	return s, codes
}

// envelope is a bare ResPayment in a SOAP 1.1 Body.
type envelope struct {
	XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
	Body    struct {
		Answer resPayment `xml:",any"`
	} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
}

// resPayment is the answer with its elements as they came.
type resPayment struct {
	XMLName xml.Name
	Fields  []element `xml:",any"`
}

type element struct {
	XMLName xml.Name
	Text    string `xml:",chardata"`
}

// names are the answer's elements, each with its namespace if it has one.
func (r resPayment) names() []xml.Name {
	names := []xml.Name{r.XMLName}
	for _, f := range r.Fields {
		names = append(names, f.XMLName)
	}
	return names
}

func (r resPayment) get(name string) string {
	for _, f := range r.Fields {
		if f.XMLName.Local == name {
			return f.Text
		}
	}
	return "(missing)"
}

// specNames are ResPayment and its elements in the order of the spec's field table.
func specNames() []xml.Name {
	return []xml.Name{{Local: "ResPayment"}, {Local: "TimeStamp"}, {Local: "MessageID"}, {Local: "ResponseCode"}, {Local: "ResponseDesc"},
		{Local: "TrackingRef"}, {Local: "StoreID"}, {Local: "ReceiptCode"}, {Local: "Message"}}
}

// post sends the body of a request.
func post(addr string, wire []byte) (resPayment, error) {
	_, body, _ := bytes.Cut(wire, []byte("\r\n\r\n"))
	response, err := http.Post("http://"+addr+soapPath, "text/xml; charset=utf-8", bytes.NewReader(body))
	if err != nil {
		return resPayment{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return resPayment{}, err
	}
	var got envelope
	if err := xml.Unmarshal(text, &got); err != nil || response.StatusCode != http.StatusOK {
		return resPayment{}, fmt.Errorf("%s: %w: %s", response.Status, err, text)
	}
	return got.Body.Answer, nil
}

// send posts a request whose answer must have all of its elements.
func send(t *testing.T, addr, wire string) resPayment {
	t.Helper()
	answer, err := post(addr, []byte(wire))
	require.NoError(t, err)
	require.Equal(t, specNames(), answer.names())
	return answer
}

func TestPeersDoTheSamePayment(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	if _, err := exec.LookPath("npm"); err == nil {
		require.NoError(t, installNode(t.Context(), root)) // once for both Node peers
	}
	for _, c := range peers(root) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, codes := startPeer(t, c, 64)
			t.Run("answers", func(t *testing.T) { checkAnswers(t, s.addr, codes) })
			t.Run("two tills at once", func(t *testing.T) { checkTwoTills(t, s.addr, codes[1]) })
			t.Run("load", func(t *testing.T) {
				f, err := load{addr: s.addr, clients: 16, task: paying{codes: codes[2:], ref: 1000}}.run(t.Context())
				require.NoError(t, err)
				require.Equal(t, 62, f.Done)
			})
		})
	}
}

// checkAnswers goes through what a till can be told about one code.
func checkAnswers(t *testing.T, addr string, codes []string) {
	writer, err := newRequestWriter(addr, time.Now())
	require.NoError(t, err)
	request := func(code, ref string) string { return string(writer.request(pay, payment{code: code, ref: ref})) }
	first := request(codes[0], trackingRef(1))

	refused := func(name, wire, want string) {
		t.Helper()
		answer := send(t, addr, wire)
		require.Equal(t, want, answer.get("ResponseCode"), name)
		require.Empty(t, answer.get("ReceiptCode"), name)
	}
	refused("unknown code", request("0000000000000000", trackingRef(2)), "14")
	refused("wrong amount", strings.Replace(first, ">50000<", ">49999<", 1), "13")
	refused("amount in another form", strings.Replace(first, ">50000<", ">5e4<", 1), "13")
	refused("signature of another code", strings.Replace(first, codes[0], codes[1], 1), "63")
	refused("signature with a digit too many", strings.Replace(first, "</Signature>", "0</Signature>", 1), "63")

	refused("signature without its last block", first[:strings.Index(first, "</Signature>")-32]+first[strings.Index(first, "</Signature>"):], "63")

	paid := send(t, addr, first)
	require.Equal(t, "00", paid.get("ResponseCode"))
	require.NotEmpty(t, paid.get("ReceiptCode"))
	require.Equal(t, trackingRef(1), paid.get("TrackingRef"))
	require.Equal(t, payment{ref: trackingRef(1)}.storeID(), paid.get("StoreID"))
	require.Contains(t, first, paid.get("MessageID"))
	require.Regexp(t, `^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$`, paid.get("TimeStamp"))

	again := send(t, addr, first)
	require.Equal(t, "00", again.get("ResponseCode"))
	require.Equal(t, paid.get("ReceiptCode"), again.get("ReceiptCode"))
	refused("paid by another till", request(codes[0], trackingRef(3)), "88")
}

// checkTwoTills pays one code from many tills: one of them gets it.
func checkTwoTills(t *testing.T, addr, code string) {
	const tills = 16
	answers := make(chan string, tills)
	var group sync.WaitGroup
	for till := range tills {
		writer, err := newRequestWriter(addr, time.Now())
		require.NoError(t, err)
		request := writer.request(pay, payment{code: code, ref: trackingRef(100 + till)})
		group.Go(func() {
			answer, err := post(addr, request)
			if err != nil {
				answers <- err.Error()
				return
			}
			answers <- answer.get("ResponseCode")
		})
	}
	group.Wait()
	close(answers)
	count := map[string]int{}
	for answer := range answers {
		count[answer]++
	}
	require.Equal(t, map[string]int{"00": 1, "88": tills - 1}, count)
}
