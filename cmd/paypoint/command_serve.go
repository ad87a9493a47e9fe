package main

import (
	"io"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

type serveCommand struct {
	Listen string `help:"Put all routes on this address; port 0 takes a free one." placeholder:"ADDR"`
	Store  string `help:"Ledger's engine: bolt:, bolt:FILE or memory: (for trials, loses all)." placeholder:"URL"`

	SandboxTLS string        `name:"sandbox-tls" help:"In the sandbox, one more listener with TLS for SDKs that call a fixed host; a CA is made for it." placeholder:"ADDR"`
	ClockAhead time.Duration `help:"In the sandbox, how far its clock is ahead of the machine's." placeholder:"26h"`
	NewLedger  bool          `help:"Begin an empty ledger though there is a master key, and so was one before."`
}

// Help shows examples.
func (serveCommand) Help() string {
	return "Examples:\n  paypoint serve --sandbox\n  paypoint serve --sandbox --sandbox-tls 127.0.0.1:8443\n  paypoint serve --config /etc/paypoint/paypoint.yaml"
}

// Run serves until the process is told to stop.
func (c *serveCommand) Run(s *session) error {
	cfg, err := s.loadConfig(Overrides{Listen: c.Listen, Store: c.Store, NewLedger: c.NewLedger, SandboxTLS: c.SandboxTLS, ClockAhead: c.ClockAhead})
	if err != nil {
		return err
	}
	log := newLogger(cfg, s.err)
	debug.SetGCPercent(garbagePercent)
	debug.SetMaxStack(maxStack)
	err = serve(s, cfg, log, s.out)
	if err != nil {
		log.Error("stopped", zap.Error(err))
	}
	return err
}

// garbagePercent lets the heap grow to five times what is live between
// collections. Little is live (tens of megabytes), and on two cores collecting
// at Go's usual 100 takes a sixth of the payments.
const garbagePercent = 400

// maxStack is in bytes. Nothing of ours needs a thousandth of it; but on a damaged
// ledger bbolt can follow pages that lead back to themselves, and would take a
// gigabyte before the process ends.
const maxStack = 64 << 20

// newLogger writes one JSON object a line, or text for people in the sandbox.
func newLogger(cfg Config, out io.Writer) *zap.Logger {
	settings := zap.NewProductionEncoderConfig()
	settings.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	settings.EncodeDuration = zapcore.StringDurationEncoder
	encoder := zapcore.NewJSONEncoder(settings)
	if cfg.Sandbox {
		encoder = zapcore.NewConsoleEncoder(settings)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(out)), cfg.Log.Level))
}
