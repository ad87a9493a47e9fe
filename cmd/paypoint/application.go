package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/access/login"
	"paypoint/console/today"
	"paypoint/durable"
	"paypoint/ledger"
	"paypoint/notify"
	"paypoint/reconcile"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/settlement"
	"paypoint/soap"
	"paypoint/store"
	"paypoint/store/boltdb"
	"paypoint/wsdl"
)

// application is the opened ledger with all that works on it.
type application struct {
	config  Config
	log     *zap.Logger
	metrics *metrics
	// now is the clock, and openStore makes the ledger's engine.
	now func() time.Time
	// clock is behind now in the sandbox, where it can be turned; else nil.
	clock     *sandboxClock
	openStore func(url string, options store.Options) (ledger.Store, error)

	store  ledger.Store
	ledger *ledger.Service
	// sealer seals the secrets in the ledger.
	sealer    *access.Sealer
	merchants *access.Directory
	// cursorKey seals the cursors of listings, which survive a restart. By
	// messageKey a wire message is found by its payment code, which it has masked.
	cursorKey, messageKey []byte
	settlement            *settlement.Service
	reconcile             *reconcile.Service
	staff                 *access.Staff
	// audit is who did what, and logins who is signed in to the console.
	audit  *audit.Log
	logins *login.Store
	// runs are the records of the schedule, which does the daily jobs.
	runs     *delivery.FileRuns
	schedule *delivery.Schedule
	wireLog  *soap.WireLog
	// wireLost and wireLeftOut are its entries that could not be kept, and those that
	// were too many.
	wireLost, wireLeftOut atomic.Uint64
	// history has every attempt to deliver a notification, and notify makes them.
	history *notify.History
	notify  *notify.Service
	// upkeep is what is known of backups and self-checks.
	upkeep *upkeep
	// delivering says that what is in the outbox is delivered by itself.
	delivering atomic.Bool
	// plainAddress is the HOST:PORT of the pages' listener, set before it serves.
	plainAddress string
	// wireLogFailures logs now and then, however much is lost.
	wireLogFailures *zap.Logger
	// guards keep hostile callers off.
	guards *guards
	// readings are what /metrics shows without waiting for a disk, and standing is
	// the one that /readyz asks too.
	readings []stateReader
	standing *reading[standing]
	// attention is what waits for a person, for the console.
	attention *reading[today.Attention]
	disks     *reading[disk]
	ships     *reading[boltdb.ShipState]
	// recordable says whether the audit log can be written, and jobsStand how the daily jobs do.
	recordable *reading[bool]
	jobsStand  *reading[jobsStanding]
	// failures logs now and then what goes on failing.
	failures *zap.Logger
	// undelivered is what the outbox was last found to hold, skewed the newest
	// difference between the partner's clock and ours.
	undelivered atomic.Pointer[undelivered]
	skewed      atomic.Pointer[skewed]
	// certificates are those of the listeners with TLS, started is when the process
	// began.
	certificates []certificate
	started      time.Time
}

// failureInterval is how often a failure that can come with every message is
// logged; its metric counts them all.
const failureInterval = time.Minute

// sampled is a logger that passes the first of equal events in each interval.
func sampled(log *zap.Logger) *zap.Logger {
	return log.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, failureInterval, 1, 0)
	}))
}

// openApplication opens the ledger of a configuration. Close ends it.
func openApplication(ctx context.Context, cfg Config, log *zap.Logger) (*application, error) {
	a := newApplication(cfg, log)
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func newApplication(cfg Config, log *zap.Logger) *application {
	a := &application{
		config: cfg, metrics: newMetrics(), now: time.Now, openStore: store.Open, started: time.Now(),
	}
	a.log = a.metrics.counting(log)
	a.wireLogFailures = sampled(a.log)
	a.failures = sampled(a.log)
	if cfg.Sandbox {
		a.clock = &sandboxClock{}
		a.clock.ahead.Store(int64(cfg.ClockAhead))
		a.now = a.clock.now
	}
	a.guards = newGuards(a)
	return a
}

func (a *application) open(ctx context.Context) error {
	if err := a.checkNewLedger(); err != nil {
		return err
	}
	err := durable.MakeFolder(a.config.DataDir, 0o700)
	if err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	a.store, err = a.openStore(a.config.Store, store.Options{Bolt: boltdb.Options{
		MaxPayments:  a.config.Queue.MaxPayments,
		MaxReversals: a.config.Queue.MaxReversals,
		CodeLength:   a.config.Charge.CodeLength,
		Committed:    a.metrics.committed,
		Upgrading:    a.logUpgrade(),
		Ship:         a.shipping(),
	}})
	if err != nil {
		return err
	}
	if err := clearScratch(a.config.DataDir); err != nil {
		return err
	}
	a.openUpkeep()
	a.ledger = ledger.NewService(a.store, a.config.agreement(), a.now)
	a.settlement = settlement.New(settlement.Config{
		Ledger: a.ledger, TempDir: scratchFolder(a.config.DataDir),
	})
	for _, open := range []func(context.Context) error{
		a.openMerchants, a.openStaff, a.openAudit, a.openLogins, a.openNotifications, a.openReconcile, a.openSchedule, a.openAttention,
	} {
		if err := open(ctx); err != nil {
			return err
		}
	}
	a.wireLog, err = soap.OpenWireLog(soap.WireLogConfig{
		Dir: a.config.WireLog.Dir, Retention: a.config.WireLog.RetentionDays, Flush: a.config.WireLog.FlushInterval,
		Key: a.messageKey, Now: a.now, Failed: a.wireLogFailed, LeftOut: a.wireLogLeftOut,
	})
	return err
}

// scratchFolder is for files that nobody misses: copies that are being
// verified, workbooks that are being written.
func scratchFolder(dataDir string) string { return filepath.Join(dataDir, "scratch") }

// clearScratch empties the scratch folder of what a killed process has left.
// The caller holds the ledger, so no other process uses it.
func clearScratch(dataDir string) error {
	folder := scratchFolder(dataDir)
	if err := errors.Join(os.RemoveAll(folder), os.Mkdir(folder, 0o700)); err != nil {
		return fmt.Errorf("clear scratch folder: %w", err)
	}
	return nil
}

// openMerchants unseals the merchants. The sandbox's merchant has a key that
// everyone knows, so its ledger never serves production.
func (a *application) openMerchants(ctx context.Context) error {
	key, err := a.masterKey(ctx)
	if err != nil {
		return err
	}
	a.cursorKey, a.messageKey = key.Derive("listing cursors"), key.Derive("wire messages")
	if a.sealer, err = access.NewSealer(key); err != nil {
		return err
	}
	if a.merchants, err = access.OpenDirectory(ctx, a.ledger, a.sealer, a.now); err != nil {
		return err
	}
	if a.config.Sandbox {
		_, err = a.merchants.EnsureSandbox(ctx)
		return err
	}
	if a.merchants.HasSandbox() {
		return errors.New("the ledger is a sandbox's: its merchant's key is public; start with --sandbox or on another data directory")
	}
	return nil
}

// checkNewLedger refuses to begin a ledger where there was one: an empty one
// would tell Indomaret that paid codes are unknown and not booked. A master
// key without its ledger mostly means a disk that is not mounted.
func (a *application) checkNewLedger() error {
	path, isBolt := strings.CutPrefix(a.config.Store, boltURL)
	if !isBolt {
		return nil
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// An empty one could ship nothing there either, and would stay behind.
	if shipped := a.config.Journal.ShipDir; shipped != "" {
		if has, _ := hasShipped(shipped); has {
			return fmt.Errorf("there is no ledger (%s), and journal.ship_dir has the journal of one: paypoint restore --journal %s; "+
				"to begin an empty ledger all the same, move that folder away", path, shipped)
		}
	}
	if _, err := os.Stat(a.config.MasterKeyFile); a.config.NewLedger || errors.Is(err, fs.ErrNotExist) {
		return nil // the first start
	}
	return fmt.Errorf("there is a master key (%s) but no ledger (%s): is its disk mounted? serve --new-ledger begins an empty one", a.config.MasterKeyFile, path)
}

// masterKey loads the master key, or makes one for a ledger that has sealed
// nothing yet.
func (a *application) masterKey(ctx context.Context) (access.MasterKey, error) {
	path := a.config.MasterKeyFile
	key, err := access.LoadMasterKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	sealed, readErr := access.HasSecrets(ctx, a.store)
	if readErr != nil {
		return key, readErr
	}
	if sealed {
		return key, fmt.Errorf("the ledger's secrets are sealed under a master key that is not there: %w", err)
	}
	a.log.Warn("made a new master key: keep a copy of it apart from the ledger's", zap.String("file", path))
	return access.CreateMasterKey(path)
}

func (a *application) wireLogFailed(lost uint64, err error) {
	a.wireLost.Store(lost)
	a.metrics.wireLogLost.Set(float64(lost))
	a.wireLogFailures.Error("wire log entries are lost", zap.Uint64("lost", lost), zap.Error(err))
}

func (a *application) wireLogLeftOut() {
	a.wireLeftOut.Add(1)
	a.metrics.wireLogLeftOut.Inc()
	a.wireLogFailures.Warn("unsigned messages are left out of the wire log: too many")
}

// logUpgrade tells, now and then, how far the upgrade of an older ledger has
// come.
func (a *application) logUpgrade() func(done, total uint64) {
	log := sampled(a.log)
	return func(done, total uint64) {
		log.Warn("upgrading the ledger", zap.Uint64("records", done), zap.Uint64("of", total))
	}
}

// Close ends what was opened: the ledger last, which waits for its queue.
func (a *application) Close() error {
	var errs []error
	if a.wireLog != nil {
		errs = append(errs, a.wireLog.Close())
	}
	errs = append(errs, a.closeNotifications(), a.closeSchedule(), a.closeLogins(), a.closeAudit())
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	return errors.Join(errs...)
}

// partnerHandler is Indomaret's endpoint.
func (a *application) partnerHandler() (http.Handler, error) {
	scheme, err := soap.NewScheme(a.config.signature())
	if err != nil {
		return nil, err
	}
	codes, err := a.config.responseCodes()
	if err != nil {
		return nil, err
	}
	return soap.New(soap.Config{
		Ledger: a.ledger, Signature: scheme, Codes: codes,
		Document: func(r *http.Request) []byte {
			return wsdl.Document(publicAddress(r, a.config.Listeners.Partner.PublicURL))
		},
		InquiryMessage: a.config.Partner.InquiryMessage,
		ReceiptFooter:  a.config.Partner.ReceiptFooter,
		AnswerTimeout:  a.config.Limits.Partner.AnswerTimeout,
		Now:            a.now,
		NewReceipt:     newReceipt,
		Admit:          a.admitMessage,
		Record:         a.record,
	}), nil
}

// receiptLength keeps 80 random bits of a receipt code, which nobody hits by
// guessing and which fits the 20 characters of the spec.
const receiptLength = 16

func newReceipt() string { return rand.Text()[:receiptLength] }

// record notes an exchange with the partner: for operators as one event, for
// disputes in the wire log, and as metrics.
func (a *application) record(x soap.Exchange) {
	if x.Refusal != nil {
		return // it is counted, and a flood must not fill the wire log
	}
	a.wireLog.Append(x)
	a.metrics.message(x, a.now())
	a.noteSkew(x)
	a.watchScans(x)
	level := zap.InfoLevel
	switch {
	case x.Status == 0 && x.Message != nil:
		level = zap.ErrorLevel // Indomaret reverses now; a body that broke off asked for nothing
	case len(x.Warnings) > 0 || x.Err != nil:
		level = zap.WarnLevel
	}
	entry := a.log.Check(level, "partner message")
	if entry == nil {
		return
	}
	fields := exchangeFields(x)
	if !x.Signed {
		leftOut, fits := a.metrics.quota.take("partner message "+reasonLabel(x), a.now())
		if !fits {
			return
		}
		if leftOut > 0 {
			fields = append(fields, zap.Int("left_out", leftOut))
		}
	}
	entry.Write(fields...)
}

func exchangeFields(x soap.Exchange) []zap.Field {
	fields := []zap.Field{
		zap.Stringer("caller", x.Caller), zap.String("reason", x.Reason), zap.Int("status", x.Status), zap.Duration("took", x.Took),
	}
	if x.Message != nil {
		fields = append(fields,
			zap.String("operation", string(x.Message.Operation)),
			zap.String("payment_code", x.Message.MaskedCode()),
			zap.String("tracking_ref", x.Message.LoggableRef()))
	}
	if x.Answer != nil {
		code, _ := x.Answer.Code()
		fields = append(fields, zap.String("code", code))
	}
	if len(x.Warnings) > 0 {
		fields = append(fields, zap.Any("warnings", x.Warnings))
	}
	if x.Err != nil {
		fields = append(fields, zap.String("error", maskedError(x)))
	}
	return fields
}

// maskedError is why a message was not answered. The ledger's errors name the
// payment code in full, which logs never do.
func maskedError(x soap.Exchange) string {
	text := x.Err.Error()
	if x.Message == nil || x.Message.PaymentCode == "" {
		return text
	}
	return strings.ReplaceAll(text, x.Message.PaymentCode, cmp.Or(x.Message.MaskedCode(), "(masked)"))
}
