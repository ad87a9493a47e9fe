package main

import (
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/statement"
)

// Reconcile is how Indomaret's files are read, and how long they are kept.
type Reconcile struct {
	// ProfileFile is a YAML file that describes Indomaret's files; empty is the
	// shape of those that the simulated Indomaret writes.
	ProfileFile string `yaml:"profile"`
	// Profile is what ProfileFile says.
	Profile partnerfile.Profile `yaml:"-"`
	// Dir keeps Indomaret's files and what was matched; empty is reconcile in
	// DataDir.
	Dir string `yaml:"dir"`
	// PhoneRetentionDays is how long customers' phone numbers in Indomaret's
	// files are kept.
	PhoneRetentionDays int `yaml:"phone_retention_days"`
	// Holidays are no business days, as weekends are none: cases don't age then.
	Holidays []ledger.Day `yaml:"holidays"`
}

// Statements is what stands in the merchants' statements.
type Statements struct {
	// Issuer is us.
	Issuer Issuer `yaml:"issuer"`
	// Rates are the fees and taxes of merchants that have no terms of their own,
	// each from its first day on.
	Rates statement.Terms `yaml:"rates"`
}

// Issuer is who settles with merchants, as statements print it.
type Issuer struct {
	// Name is the company's; empty is Settlement.PartnerID.
	Name string `yaml:"name"`
	// TaxID is its NPWP and Address one line; both may be empty.
	TaxID   string `yaml:"tax_id"`
	Address string `yaml:"address"`
}

// Delivery is how files leave and come, and who is told. What has no address is
// not used.
type Delivery struct {
	SFTP    SFTP    `yaml:"sftp"`
	Mail    Mail    `yaml:"mail"`
	Webhook Webhook `yaml:"webhook"`
}

// SFTP is the server by which files are exchanged (delivery.Server).
type SFTP struct {
	// Address is HOST:PORT; empty exchanges no files.
	Address string `yaml:"address"`
	// User is the name to log in with.
	User string `yaml:"user"`
	// KeyFile holds a private key, PassphraseFile what it is encrypted with, if it
	// is, PasswordFile a password. Each must have mode 0600.
	KeyFile        string `yaml:"key_file"`
	PassphraseFile string `yaml:"passphrase_file"`
	PasswordFile   string `yaml:"password_file"`
	// HostKeys are the server's keys, one of which it must show: lines of
	// known_hosts or fingerprints.
	HostKeys []string `yaml:"host_keys"`
	// PutFolder takes our settlement file; empty sends none.
	PutFolder string `yaml:"put_folder"`
	// FetchFolder has Indomaret's files; empty fetches none.
	FetchFolder string `yaml:"fetch_folder"`
	// Quiet is how long a file without a checksum must have kept its size before
	// it is taken for whole.
	Quiet time.Duration `yaml:"quiet"`
}

// Mail is the server that takes our mail, and who gets it (delivery.MailServer).
type Mail struct {
	// Address is HOST:PORT; empty sends no mail.
	Address string `yaml:"address"`
	// Security is starttls or tls; there is no way to send without.
	Security string `yaml:"security"`
	// User and PasswordFile log in; both or neither.
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password_file"`
	// CAFile holds certificates to trust in place of the system's.
	CAFile string `yaml:"ca_file"`
	// From is the sender's address.
	From string `yaml:"from"`
	// To get the settlement files and what was found in Indomaret's.
	To []string `yaml:"to"`
}

// Webhook is a URL that is told of discrepancies.
type Webhook struct {
	// URL takes a signed POST; empty tells nobody.
	URL string `yaml:"url"`
	// Secret signs it: the secret itself or file:/path.
	Secret Secret `yaml:"secret"`
}

// Schedule says what is done by itself every day.
type Schedule struct {
	// Settle closes each day, and delivers its file.
	Settle SettleJob `yaml:"settle"`
	// Reconcile gets Indomaret's file of each day, and matches it.
	Reconcile ReconcileJob `yaml:"reconcile"`
	// Retry says when a step that failed is tried again, of either job.
	Retry Retry `yaml:"retry"`
}

// SettleJob is the settlement's.
type SettleJob struct {
	// Enabled turns it on.
	Enabled bool `yaml:"enabled"`
	// FirstDay is the first business day that it is done for; empty is the one on
	// which it was first turned on.
	FirstDay ledger.Day `yaml:"first_day"`
}

// ReconcileJob is that of Indomaret's files.
type ReconcileJob struct {
	// Enabled turns it on.
	Enabled bool `yaml:"enabled"`
	// FirstDay is as in SettleJob.
	FirstDay ledger.Day `yaml:"first_day"`
	// FetchAfter is how long after the cut-off Indomaret's file is first looked for.
	FetchAfter time.Duration `yaml:"fetch_after"`
	// MatchAfter is how long after the cut-off it is matched, or missed.
	MatchAfter time.Duration `yaml:"match_after"`
}

// Retry is delivery.Retry: First after the first failure, then twice as long
// each time, up to Most; after Attempts of them the day is given up.
type Retry struct {
	First    time.Duration `yaml:"first"`
	Most     time.Duration `yaml:"most"`
	Attempts int           `yaml:"attempts"`
}

// patience is how long the attempts at a step last.
func (r Retry) patience() time.Duration {
	var all time.Duration
	for pause, left := r.First, r.Attempts-1; left > 0; left-- {
		all += pause
		pause = min(2*pause, r.Most)
	}
	return all
}

// defaultDelivery uses nothing: it has no addresses.
func defaultDelivery() Delivery {
	return Delivery{SFTP: SFTP{Quiet: 10 * time.Second}, Mail: Mail{Security: string(delivery.StartTLS)}}
}

// defaultSchedule does nothing by itself. Partners' files come from 06:00 on; at
// 10:00 a missing one is late.
func defaultSchedule() Schedule {
	return Schedule{
		Reconcile: ReconcileJob{FetchAfter: 6 * time.Hour, MatchAfter: 10 * time.Hour},
		Retry:     Retry(delivery.DefaultRetry()),
	}
}
