package main

import (
	"errors"
	"net/mail"
	"net/url"
	"path"
	"strings"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/partnerfile"
)

// Bounds of finance's settings.
const (
	maxQuiet     = delivery.DefaultTimeout - time.Second
	maxRetryWait = 24 * time.Hour
	maxAttempts  = 1_000
	// maxAfter: a day's run that began later would push the next day's ahead of it.
	maxAfter = 48 * time.Hour
	// minWebhookSecret is what nobody guesses, in bytes.
	minWebhookSecret = 24
	// firstRates: charges before it can't be, so no payment is without rates.
	firstRates ledger.Day = "2020-01-01"
)

// readProfile reads the profile that the configuration names.
func (r *configReader) readProfile() {
	const key = "reconcile.profile"
	r.cfg.Reconcile.Profile = partnerfile.Simulated()
	if r.cfg.Reconcile.ProfileFile == "" {
		return
	}
	text, err := readLimited(r.cfg.Reconcile.ProfileFile, maxConfigBytes)
	if err != nil {
		r.fault(key, "%v", err)
		return
	}
	if r.cfg.Reconcile.Profile, err = partnerfile.ParseProfile(text); err != nil {
		r.fault(key, "%s: %v", r.cfg.Reconcile.ProfileFile, err)
	}
}

func (r *configReader) checkReconcile() {
	c := r.cfg.Reconcile
	between(r, "reconcile.phone_retention_days", c.PhoneRetentionDays, 1, maxRetentionDays)
	if err := r.cfg.calendar().Check(); err != nil {
		r.fault("reconcile.holidays", "%v", err)
	}
}

func (r *configReader) checkStatements() {
	if err := r.cfg.issuer().Check(); err != nil {
		r.fault("statements.issuer", "%v", innermost(err))
	}
	rates := r.cfg.Statements.Rates
	if len(rates) == 0 || rates[0].From > firstRates {
		r.fault("statements.rates", "want rates from %s or earlier on, so that every payment has some", firstRates)
	} else if err := rates.Check(); err != nil {
		r.fault("statements.rates", "%v", err)
	}
}

func (r *configReader) checkDelivery() {
	r.checkSFTP()
	r.checkMail()
	r.checkWebhook()
}

// checkSFTP reads keys and passwords too, so that a start finds out what a
// night's run would.
func (r *configReader) checkSFTP() {
	const section = "delivery.sftp"
	s := r.cfg.Delivery.SFTP
	between(r, section+".quiet", s.Quiet, 0, maxQuiet)
	for _, each := range []struct{ key, folder string }{{"put_folder", s.PutFolder}, {"fetch_folder", s.FetchFolder}} {
		if each.folder != "" && (each.folder != path.Clean(each.folder) || strings.HasPrefix(each.folder, "..")) {
			r.fault(section+"."+each.key, "%q: want a path without . and .. in it, or . for the folder of the login", each.folder)
		}
	}
	if s.Address == "" {
		if s.PutFolder != "" || s.FetchFolder != "" {
			r.fault(section+".address", "needs a value, as there is a folder")
		}
		return
	}
	if s.FetchFolder != "" && !strings.Contains(r.cfg.Reconcile.Profile.FileName.Template, "{date:") {
		r.fault(section+".fetch_folder", "needs file_name.template with a {date:FORMAT} in the profile, to tell which file is of which day")
	}
	r.checkServer(section, r.cfg.sftpServer().Check())
}

func (r *configReader) checkMail() {
	const section = "delivery.mail"
	m := r.cfg.Delivery.Mail
	if m.Address == "" {
		return
	}
	between(r, section+".to", len(m.To), 1, delivery.MaxRecipients)
	for i, to := range m.To {
		if _, err := mail.ParseAddress(to); err != nil {
			r.fault(item(section+".to", i), "%q: want an address, such as Finance <finance@example.com>", to)
		}
	}
	r.checkServer(section, r.cfg.mailServer().Check())
}

// serverKey is the key of a server's setting.
func serverKey(field string) string {
	switch field {
	case "Address":
		return ".address"
	case "User":
		return ".user"
	case "HostKeys":
		return ".host_keys"
	case "KeyFile":
		return ".key_file"
	case "PassphraseFile":
		return ".passphrase_file"
	case "PasswordFile":
		return ".password_file"
	case "Quiet":
		return ".quiet"
	case "Security":
		return ".security"
	case "From":
		return ".from"
	case "CAFile":
		return ".ca_file"
	default:
		return ""
	}
}

// checkServer reports what a server's own check found, at the key that it is
// about.
func (r *configReader) checkServer(section string, err error) {
	var field *delivery.FieldError
	switch {
	case errors.As(err, &field):
		r.fault(section+serverKey(field.Field), "%v", err)
	case err != nil:
		r.fault(section, "%v", err)
	}
}

// checkWebhook never repeats the URL, which may hold a secret.
func (r *configReader) checkWebhook() {
	w := r.cfg.Delivery.Webhook
	if w.URL == "" {
		return
	}
	u, err := url.Parse(w.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
		r.fault("delivery.webhook.url", "want https://HOST[:PORT]/PATH without a user")
	case u.Scheme == "http" && !r.cfg.Sandbox:
		r.fault("delivery.webhook.url", "is not https: only --sandbox takes it")
	}
	if len(w.Secret) < minWebhookSecret {
		r.fault("delivery.webhook.secret", "want at least %d bytes, for receivers to know us by", minWebhookSecret)
	}
}

func (r *configReader) checkSchedule() {
	s := r.cfg.Schedule
	between(r, "schedule.reconcile.fetch_after", s.Reconcile.FetchAfter, 0, maxAfter)
	between(r, "schedule.reconcile.match_after", s.Reconcile.MatchAfter, s.Reconcile.FetchAfter, maxAfter)
	between(r, "schedule.retry.first", s.Retry.First, time.Second, maxRetryWait)
	between(r, "schedule.retry.most", s.Retry.Most, s.Retry.First, maxRetryWait)
	between(r, "schedule.retry.attempts", s.Retry.Attempts, 1, maxAttempts)
	// Else the day is given up before its file is missed, and nobody is told.
	if waits := s.Reconcile.MatchAfter - s.Reconcile.FetchAfter; s.Reconcile.Enabled && s.Retry.patience() < waits {
		r.fault("schedule.reconcile.match_after", "is %v after fetch_after: the attempts of schedule.retry end after %v", waits, s.Retry.patience())
	}
}
