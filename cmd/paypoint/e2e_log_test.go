package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What operators read tells of every message and holds no secret: no payment
// code, with which anyone could pay or take back, no signature, no key.
func TestEndToEndLogsHoldNoSecret(t *testing.T) {
	t.Parallel()
	data := stageFolder(t)
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	var log bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		args := []string{"serve", "--sandbox", "--listen", "127.0.0.1:0", "--data", data}
		ended <- run(ctx, args, []string{"PAYPOINT_LOG_LEVEL=debug"}, in, &log)
		in.Close()
	}()
	s := &stage{t: t, clock: newStageClock(), data: data, key: sandboxKey, http: &http.Client{}, url: listeningOn(t, out)}
	code, _ := s.charge(chargeTerms{})
	pay := s.payment(code, tillRef, stageAmount).signed()
	require.Equal(t, saysApproved, s.send(s.inquiry(code)).String())
	require.Equal(t, saysApproved, s.send(pay).String())
	require.Equal(t, saysBadSignature, s.send(pay.with("Signature", pay.text("Signature")[2:])).String())
	require.Equal(t, saysBadFormat, s.send(pay.without("Signature").with("TrackingRef", code+"/")).String())
	require.Equal(t, saysNotXML, s.post(pay.envelope()[:400]).String())
	s.reverse(code, tillRef, stageAmount)
	require.Contains(t, s.finance(http.MethodGet, "/settlements"), "settlements")
	s.key = "SB-another-server-key"
	require.Equal(t, "401", s.merchant(http.MethodGet, "/v2/order-1/status", nil)["status_code"])
	// What a shop's developer puts into the path by mistake.
	for _, slip := range []string{code, sandboxKey, s.key} {
		s.merchant(http.MethodGet, "/v2/"+slip+"/status", nil)
		s.get("/pay/" + slip)
	}
	s.key = sandboxKey
	for _, slip := range []string{code, sandboxKey} {
		require.Equal(t, "404", s.merchant(http.MethodPost, "/v2/"+slip+"/cancel", nil)["status_code"])
	}
	s.key = "SB-another-paypoint-server-key"
	s.http.CloseIdleConnections()
	stop()
	require.Equal(t, exitDone, <-ended)

	logged := log.String()
	files, err := filepath.Glob(filepath.Join(data, "wire", "*.jsonl"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, 6, bytes.Count(text, []byte("\n")), "a line for every message")
		logged += string(text)
	}
	require.Equal(t, 6, strings.Count(logged, "partner message"))
	require.Contains(t, logged, code[:3]+"***********"+code[14:])
	for name, secret := range map[string]string{
		"payment code": code, "signature": pay.text("Signature")[:32], "partner key": sandboxPartnerKey,
		"server key": sandboxKey, "wrong server key": s.key, "finance token": sandboxFinanceToken,
	} {
		require.NotContains(t, logged, secret, name)
	}
}
