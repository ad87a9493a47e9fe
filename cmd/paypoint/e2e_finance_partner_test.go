package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// partner is the program that plays Indomaret: its tills pay at a stage, and it
// writes the days' files from their own journal.
type partner struct {
	s               *stage
	program, folder string
	// tills is the address that the tills call: it takes them to the stage.
	tills string
}

func newPartner(s *stage) *partner {
	s.t.Helper()
	p := &partner{s: s, program: filepath.Join(s.t.TempDir(), "indomaret"), folder: s.t.TempDir()}
	built, err := exec.CommandContext(s.t.Context(), "go", "build", "-o", p.program, "paypoint/cmd/indomaret").CombinedOutput()
	require.NoError(s.t, err, string(built))
	p.tills = p.dated()
	return p
}

// daysInXML finds the dates of a message, daysInJournal those of the journal.
var (
	daysInXML     = regexp.MustCompile(`>\d{4}-\d\d-\d\d `)
	daysInJournal = regexp.MustCompile(`"time_stamp":"\d{4}-\d\d-\d\d `)
)

// dated is the stage as tills see it who live on its day: the program has the
// machine's clock, the stage its own. A message's signature covers the time of
// day only (spec 1.0.14, Signature), so it stays good.
func (p *partner) dated() (tills string) {
	target, err := url.Parse(p.s.url)
	require.NoError(p.s.t, err)
	server := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		text, err := io.ReadAll(r.In.Body)
		if err != nil {
			return // the stage then hears less than it was promised
		}
		r.Out.Body = io.NopCloser(bytes.NewReader(daysInXML.ReplaceAll(text, []byte(">"+p.today()+" "))))
	}})
	p.s.t.Cleanup(server.Close)
	return server.URL + "/indomaret"
}

// today is the stage's day.
func (p *partner) today() string {
	return string(ledger.BusinessDay(p.s.clock.Now(), midnight.SinceMidnight()))
}

// journal is the tills' record of a day.
func (p *partner) journal(day ledger.Day) string {
	return filepath.Join(p.folder, string(day)+".jsonl")
}

// run runs the program with the journal of a day.
func (p *partner) run(day ledger.Day, args ...string) {
	p.s.t.Helper()
	args = append([]string{"--url", p.tills, "--journal", p.journal(day)}, args...)
	said, err := exec.CommandContext(p.s.t.Context(), p.program, args...).CombinedOutput()
	require.NoError(p.s.t, err, string(said))
}

// sell pays codes at many tills on the stage's day, and takes the last few back.
func (p *partner) sell(codes []string, takenBack int) {
	p.s.t.Helper()
	day := ledger.Day(p.today())
	p.run(day, "load", "--codes", save(p.s.t, "codes", strings.Join(codes, "\n")+"\n"))
	for _, code := range codes[len(codes)-takenBack:] {
		p.run(day, "reverse", code)
	}
	text, err := os.ReadFile(p.journal(day))
	require.NoError(p.s.t, err)
	text = daysInJournal.ReplaceAll(text, []byte(`"time_stamp":"`+string(day)+" "))
	require.NoError(p.s.t, os.WriteFile(p.journal(day), text, 0o600))
}

// settle writes a day's file with the faults that flags ask for, and returns its
// path.
func (p *partner) settle(day ledger.Day, flags ...string) string {
	p.s.t.Helper()
	path := filepath.Join(p.folder, "INDOMARET_"+strings.ReplaceAll(string(day), "-", "")+".txt")
	p.run(day, append([]string{"settlement", "--fee-remitted", "--date", string(day), "--out", path, "--planted", path + ".planted"}, flags...)...)
	return path
}

// planted is a fault as the program lists it.
type planted struct {
	Class match.Class
	Was   *plantedPayment
	Is    *plantedPayment
}

type plantedPayment struct {
	Ref  ledger.TrackingRef `json:"tracking_ref"`
	Code ledger.PaymentCode `json:"payment_code"`
}

// payment is the one by which the fault is found.
func (f planted) payment() plantedPayment {
	if f.Is != nil {
		return *f.Is
	}
	return *f.Was
}

func (p *partner) planted(path string) []planted {
	p.s.t.Helper()
	text, err := os.ReadFile(path + ".planted")
	require.NoError(p.s.t, err)
	var all []planted
	for line := range strings.Lines(string(text)) {
		all = append(all, decode[planted](p.s.t, line))
	}
	return all
}

// expectedFindings are what planted faults must lead to, on their day and on the
// next: what may be a shift of days is carried first.
func expectedFindings(faults []planted) (onDay, onNext []string) {
	for _, f := range faults {
		switch is := f.payment(); {
		case f.Class == match.DateShift && f.Was == nil: // what the day before has shifted here
		case slices.Contains([]match.Class{match.DateShift, match.MissingAtPartner, match.MissingAtIndomaret}, f.Class):
			onDay = append(onDay, found(match.Carried, is.Code, is.Ref))
			onNext = append(onNext, found(f.Class, is.Code, is.Ref))
		default:
			onDay = append(onDay, found(f.Class, is.Code, is.Ref))
		}
	}
	return onDay, onNext
}

func found(class match.Class, code ledger.PaymentCode, ref ledger.TrackingRef) string {
	return fmt.Sprintf("%s %s/%s", class, code, ref)
}

// findings are what the program found of a day.
func (s *stage) findings(day ledger.Day) []string {
	s.t.Helper()
	var all []string
	for _, f := range decode[[]reconcile.Finding](s.t, s.operate("reconcile", "findings", string(day), "--json")) {
		entry := f.Theirs
		if entry == nil {
			entry = f.Ours
		}
		all = append(all, found(f.Class, entry.Code, entry.Ref))
	}
	return all
}

// unpaidCodes is a file of codes that nobody pays, each with its amount.
func unpaidCodes(t *testing.T, codes []string) string {
	t.Helper()
	return save(t, "unpaid", strings.Join(codes, fmt.Sprintf(" %d\n", stageAmount))+fmt.Sprintf(" %d\n", stageAmount))
}

// jsonOf is a command's answer.
func jsonOf[T any](s *stage, args ...string) (value T) {
	s.t.Helper()
	require.NoError(s.t, json.Unmarshal([]byte(s.operate(append(args, "--json")...)), &value))
	return value
}
