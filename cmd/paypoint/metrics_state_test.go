package main

import (
	"bufio"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"paypoint/ledger"
	"paypoint/soap"
	"paypoint/store/boltdb"
)

// metricValue is the value of one line of /metrics, which names its labels in their
// order.
func metricValue(t *testing.T, text, name string) float64 {
	t.Helper()
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), name+" "); found {
			number, err := strconv.ParseFloat(value, 64)
			require.NoError(t, err, lines.Text())
			return number
		}
	}
	require.Fail(t, "no such metric", "%s in\n%s", name, text)
	return 0
}

func TestMetricsOfClocks(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 30, 3, 0, 10, 0, time.UTC)
	signed := func(sent time.Time, reason ledger.Reason) soap.Exchange {
		return soap.Exchange{
			Message: &soap.Message{Operation: soap.Payment, Sent: sent}, Answer: &soap.PaymentAnswer{ResponseCode: "30"},
			Status: 200, Reason: string(reason), Took: 10 * time.Second,
		}
	}
	for name, try := range map[string]struct {
		exchange soap.Exchange
		below    string
		count    float64
	}{
		// It took 10 s, so it arrived at 03:00:00.
		"the same":        {signed(now.Add(-10*time.Second), ledger.ReasonApproved), "0", 1},
		"partner ahead":   {signed(now.Add(30*time.Second), ledger.ReasonApproved), "60", 1},
		"partner behind":  {signed(now.Add(-15*time.Second), ledger.ReasonApproved), "-5", 1},
		"stale":           {signed(now.Add(-time.Hour), ledger.ReasonStaleTimeStamp), "-600", 1},
		"forged":          {signed(now.Add(-time.Hour), ledger.ReasonBadSignature), "+Inf", 0},
		"no TimeStamp":    {signed(time.Time{}, ledger.ReasonBadFormat), "+Inf", 0},
		"no message":      {soap.Exchange{Status: 500, Reason: "The request is not well-formed XML."}, "+Inf", 0},
		"years off by 10": {signed(now.AddDate(10, 0, 0), ledger.ReasonStaleTimeStamp), "+Inf", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMetrics()
			m.message(try.exchange, now)
			text := metricsText(t, m)
			const bucket = `paypoint_partner_clock_skew_seconds_bucket{le="`
			require.InDelta(t, try.count, metricValue(t, text, bucket+try.below+`"}`), 0)
			require.InDelta(t, try.count, metricValue(t, text, "paypoint_partner_clock_skew_seconds_count"), 0)
			lower := map[string]string{"0": "-1", "60": "30", "-5": "-10", "-600": "-3600", "+Inf": "3600"}[try.below]
			require.InDelta(t, 0, metricValue(t, text, bucket+lower+`"}`), 0, "the bucket below is empty")
		})
	}
}

// An alarm on an increase sees the first event only where there was a 0 before.
func TestMetricsBeginAtZero(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	text := s.metrics()
	for _, reason := range ledger.Reasons() {
		require.Contains(t, text, `operation="reversal",reason="`+string(reason)+`"} 0`+"\n")
	}
	for _, name := range []string{
		`paypoint_partner_messages_total{code="none",operation="payment",reason="no answer"}`,
		`paypoint_partner_messages_total{code="none",operation="none",reason="fault"}`,
		`paypoint_partner_warnings_total{warning="booked_late"}`,
		`paypoint_http_requests_total{group="merchant",status="500"}`,
		`paypoint_notification_attempts_total{reason="address"}`, `paypoint_notifications_total{result="failed"}`,
		`paypoint_partner_files_total{result="refused"}`, `paypoint_matches_total{result="failed"}`,
		`paypoint_log_entries_total{level="error"}`, `paypoint_panics_total`, `paypoint_ledger_failed`,
		`paypoint_maintenance`, `paypoint_products_paused`,
	} {
		require.InDelta(t, 0, metricValue(t, text, name), 0, name)
	}
}

func TestMetricsOfSwitchesAndDisk(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	s.operate("maintenance", "on")
	s.operate("product", "pause", "123000")
	s.operate("product", "pause", "123001")
	text := s.metrics()
	require.InDelta(t, 1, metricValue(t, text, "paypoint_maintenance"), 0)
	require.InDelta(t, 2, metricValue(t, text, "paypoint_products_paused"), 0)
	size := metricValue(t, text, "paypoint_disk_size_bytes")
	require.Greater(t, size, metricValue(t, text, "paypoint_ledger_file_bytes"))
	require.GreaterOrEqual(t, size, metricValue(t, text, "paypoint_disk_free_bytes"))
	require.Positive(t, metricValue(t, text, "paypoint_ledger_file_bytes"))
	require.InDelta(t, 4096, metricValue(t, text, "paypoint_ledger_waiting_payments_limit"), 0)
	require.InDelta(t, 1024, metricValue(t, text, "paypoint_ledger_waiting_reversals_limit"), 0)

	s.operate("maintenance", "off")
	s.operate("product", "resume", "123000")
	text = s.metrics()
	require.InDelta(t, 0, metricValue(t, text, "paypoint_maintenance"), 0)
	require.InDelta(t, 1, metricValue(t, text, "paypoint_products_paused"), 0)

	// What can't be read is no number, rather than a wrong one.
	s.store.refuseLoads(errDisk)
	require.Contains(t, s.metrics(), "\npaypoint_maintenance NaN\n")
	s.store.refuseLoads(nil)
}

// A route is a label, what callers put into a path is none.
func TestMetricsOfMerchants(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	_, order := s.charge(chargeTerms{})
	s.status(order)
	s.status("unknown")
	s.merchant(http.MethodPost, "/v2/"+order+"/cancel", nil)
	s.merchant(http.MethodPost, "/v2/"+order+"/cancel", nil)
	s.merchant(http.MethodGet, "/v2/4711/nothing", nil)
	s.merchant(http.MethodGet, "/v2//status", nil)
	s.merchant(http.MethodGet, "/v1/charges", nil)
	text := s.metrics()
	for name, want := range map[string]float64{
		`{code="200",route="/v2/charge"}`:      1,
		`{code="200",route="/v2/{id}/status"}`: 1,
		`{code="404",route="/v2/{id}/status"}`: 1, // over HTTP 200
		`{code="200",route="/v2/{id}/cancel"}`: 1,
		`{code="412",route="/v2/{id}/cancel"}`: 1,
		`{code="200",route="/v1/charges"}`:     1,
		`{code="404",route="none"}`:            2,
	} {
		require.InDelta(t, want, metricValue(t, text, "paypoint_merchant_requests_total"+name), 0, name)
	}
	require.NotContains(t, text, "4711")
}

// What is logged is counted where it is written.
func TestMetricsOfTheLog(t *testing.T) {
	t.Parallel()
	logs := &logBuffer{}
	a := newApplication(sandboxHere(t), newLogger(Config{}, logs))
	for range 3 {
		a.log.Warn("now and then")
		a.wireLogFailed(1, errDisk) // at most once a minute
	}
	a.log.Debug("not written")
	text := metricsText(t, a.metrics)
	require.InDelta(t, 3, metricValue(t, text, `paypoint_log_entries_total{level="warn"}`), 0)
	require.InDelta(t, 1, metricValue(t, text, `paypoint_log_entries_total{level="error"}`), 0)
	require.NotContains(t, text, `level="debug"`)
	require.Len(t, logs.lines("now and then"), 3)
}

func TestMetricsOfTheLedgersSize(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	before := metricValue(t, s.metrics(), "paypoint_ledger_records")
	s.charge(chargeTerms{})
	text := s.metrics()
	require.InDelta(t, before+1, metricValue(t, text, "paypoint_ledger_records"), 0)
	file := metricValue(t, text, "paypoint_ledger_file_bytes")
	require.Positive(t, file)
	require.Less(t, metricValue(t, text, "paypoint_ledger_free_bytes"), file)
}

// A failed ledger is seen as long as the process still answers.
func TestMetricsOfAFailedLedger(t *testing.T) {
	t.Parallel()
	a, err := openApplication(t.Context(), sandboxHere(t), zap.NewNop())
	require.NoError(t, err)
	engine := a.store
	t.Cleanup(func() {
		a.store = engine
		require.NoError(t, a.Close())
	})
	require.NoError(t, a.showState())
	text := metricsText(t, a.metrics)
	require.Contains(t, text, "\npaypoint_ledger_failed 0\n")
	require.Contains(t, text, fmt.Sprintf("\npaypoint_build_info{go=%q,schema=\"%d\",version=%q} 1\n", runtime.Version(), boltdb.Schema, version))
	a.store = failedStore{engine}
	require.Contains(t, metricsText(t, a.metrics), "\npaypoint_ledger_failed 1\n")
}

// failedStore says that the disk has failed.
type failedStore struct{ ledger.Store }

func (failedStore) Err() error { return errDisk }
