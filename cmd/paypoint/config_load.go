package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Limits of what is read from files.
const (
	maxConfigBytes = 256 << 10
	maxSecretBytes = 4 << 10
)

// Overrides are the flags of serve; they win over variables and file.
type Overrides struct {
	// Listen puts all groups on one address (--listen).
	Listen string
	// DataDir is the data directory (--data).
	DataDir string
	// Store is the ledger's engine by URL (--store).
	Store string
	// NewLedger begins an empty ledger beside an earlier master key (--new-ledger).
	NewLedger bool
	// SandboxTLS adds a listener with TLS to the sandbox (--sandbox-tls).
	SandboxTLS string
	// ClockAhead turns the sandbox's clock (--clock-ahead).
	ClockAhead time.Duration
	// Sandbox starts from the sandbox's values instead of the defaults (--sandbox).
	Sandbox bool
}

// LoadConfig reads the YAML file at path (none when path is empty), lays the
// PAYPOINT_ variables of environ ("NAME=value", as os.Environ gives them) and
// the flags over it, and checks the whole. All that is wrong is in the one
// error, a *ConfigError, unless the file itself can't be read.
func LoadConfig(path string, environ []string, flags Overrides) (Config, error) {
	var text []byte
	if path != "" {
		var err error
		if text, err = readLimited(path, maxConfigBytes); err != nil {
			return Config{}, fmt.Errorf("read config: %w", err)
		}
	}
	return ParseConfig(path, text, environ, flags)
}

// ParseConfig is LoadConfig for a file that is already read; name is what its
// faults are reported under. Of the disk it reads the files that keys name.
func ParseConfig(name string, text []byte, environ []string, flags Overrides) (Config, error) {
	cfg := DefaultConfig()
	if flags.Sandbox {
		cfg = sandboxConfig()
	}
	reader := newConfigReader(&cfg, name)
	if reader.readFile(text) {
		reader.readEnvironment(environ)
		reader.readFlags(flags)
		reader.readSecrets()
		reader.readProfile()
		reader.check()
	}
	if len(reader.faults) > 0 {
		return Config{}, reader.failure()
	}
	cfg.complete()
	return cfg, nil
}

// complete makes every path independent of the other keys.
func (c *Config) complete() {
	if file, isBolt := strings.CutPrefix(c.Store, boltURL); isBolt {
		if file == "" {
			file = "ledger.db"
		}
		c.Store = boltURL + c.inDataDir(file)
	}
	if c.WireLog.Dir == "" {
		c.WireLog.Dir = "wire"
	}
	c.WireLog.Dir = c.inDataDir(c.WireLog.Dir)
	c.Reconcile.Dir = c.inDataDir(cmp.Or(c.Reconcile.Dir, "reconcile"))
	c.Statements.Issuer.Name = cmp.Or(c.Statements.Issuer.Name, c.Settlement.PartnerID)
	if c.MasterKeyFile == "" { // only the sandbox gets here without one
		c.MasterKeyFile = c.inDataDir("master.key")
	}
}

// inDataDir takes a relative path as relative to the data directory.
func (c *Config) inDataDir(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.DataDir, path)
}

// Under what names faults of the sandbox's flags are kept.
const (
	sandboxTLSKey = "sandbox_tls"
	clockAheadKey = "clock_ahead"
)

// readFlags lays the flags over the rest.
func (r *configReader) readFlags(flags Overrides) {
	if flags.DataDir != "" {
		r.cfg.DataDir = flags.DataDir
		r.origins["data_dir"] = origin{name: "--data"}
	}
	r.cfg.NewLedger = flags.NewLedger
	r.cfg.SandboxTLS, r.cfg.ClockAhead = flags.SandboxTLS, flags.ClockAhead
	r.origins[sandboxTLSKey] = origin{name: "--sandbox-tls"}
	r.origins[clockAheadKey] = origin{name: "--clock-ahead"}
	if flags.Store != "" {
		r.cfg.Store = flags.Store
		r.origins["store"] = origin{name: "--store"}
	}
	if flags.Listen != "" {
		r.cfg.Listeners.setAll(flags.Listen)
		for _, group := range []string{"partner", "merchant", "pages", "console", "operations"} {
			r.origins["listeners."+group+".listen"] = origin{name: "--listen"}
		}
	}
}

// readEnvironment lays the PAYPOINT_ variables over the file. A variable that
// names no key is a fault: it is a key misspelt.
func (r *configReader) readEnvironment(environ []string) {
	byVariable := make(map[string]setting, len(r.settings))
	for _, s := range r.settings {
		byVariable[s.variable()] = s
	}
	for _, entry := range environ {
		name, text, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) {
			continue
		}
		if name == tokenVariable {
			continue // it is the caller's, not the server's
		}
		s, known := byVariable[name]
		if !known {
			r.faults = append(r.faults, Fault{Source: name, Problem: "names no key of the configuration"})
			continue
		}
		r.forget(s.path)
		r.origins[s.path] = origin{name: name}
		if err := s.setFromVariable(text); err != nil {
			r.fault(s.path, "%v", err)
		}
	}
}

// forget drops what is known of the items of a key that is set anew.
func (r *configReader) forget(path string) {
	for key := range r.origins {
		if strings.HasPrefix(key, path+"[") || strings.HasPrefix(key, path+".") {
			delete(r.origins, key)
		}
	}
}

// readSecrets replaces file:/path by what stands in the file.
func (r *configReader) readSecrets() {
	keys := r.cfg.Partner.Signature.Keys
	for i := range keys {
		r.readSecret(item("partner.signature.keys", i), &keys[i])
	}
	r.readSecret("delivery.webhook.secret", &r.cfg.Delivery.Webhook.Secret)
}

func (r *configReader) readSecret(key string, secret *Secret) {
	path, inFile := strings.CutPrefix(secret.Reveal(), "file:")
	if !inFile {
		return
	}
	text, err := readLimited(path, maxSecretBytes)
	if err != nil {
		r.fault(key, "%v", err)
		return
	}
	// Editors end a file with a newline that is no part of the key. Spaces
	// stay: they may be.
	*secret = Secret(strings.TrimRight(string(text), "\r\n"))
}

// readLimited reads a file that may not be larger than limit bytes.
func readLimited(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes: at most %d are read", path, info.Size(), limit)
	}
	return os.ReadFile(path) // #nosec G304 -- the operator names the file
}
