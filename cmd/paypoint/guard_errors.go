package main

import (
	"log"
	"strings"

	"go.uber.org/zap"
)

// handshakeError is how net/http begins what it says of a failed handshake.
const handshakeError = "http: TLS handshake error"

// connectionErrors takes what net/http says of connections. Anyone who can
// connect can make it speak, so handshakes that fail are counted, and of each
// kind the log has the first in each interval.
type connectionErrors struct {
	log       *zap.Logger
	handshake func()
}

// Write is io.Writer's: one message.
func (c connectionErrors) Write(text []byte) (int, error) {
	said := strings.TrimSpace(string(text))
	if strings.HasPrefix(said, handshakeError) {
		c.handshake()
		c.log.Info("TLS handshake failed", zap.String("error", said))
		return len(text), nil
	}
	c.log.Warn("connection failed", zap.String("error", said))
	return len(text), nil
}

// errorLog is where the server of an address says what is wrong.
func (e *endpoint) errorLog(to *zap.Logger, counted *guardMetrics) *log.Logger {
	return log.New(connectionErrors{log: sampled(to), handshake: counted.handshakes.WithLabelValues(e.name()).Inc}, "", 0)
}
