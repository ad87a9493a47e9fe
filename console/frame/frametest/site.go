package frametest

import (
	"context"
	"crypto/rand"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/access/login"
	"paypoint/clocktest"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/store/memory"
)

// Merchant is the merchant of the person of role merchant.
const Merchant = "G000000001"

// Second is the id of the second approver.
const Second = "approver2"

// Start is when a site's clock stands still: a Sunday.
func Start() time.Time { return time.Date(2026, 11, 22, 14, 5, 9, 0, ledger.WIB) }

// Site is a console with areas under test.
type Site struct {
	t testing.TB
	// URL is where it is served, without a path.
	URL   string
	Frame *frame.Frame
	// Ledger holds the persons and one merchant, Merchant. Areas may use it too.
	Ledger    *ledger.Service
	Directory *access.Directory
	Staff     *access.Staff
	Logins    *login.Store
	Audit     *audit.Log
	// AuditFile is where the audit log lies.
	AuditFile string
	Clock     *clocktest.Clock

	server *httptest.Server
	lock   sync.Mutex
	errors []error
	// expected says that errors are part of the test.
	expected bool
}

// Options are what a site is made with. The zero value is fine.
type Options struct {
	// Clock is that of the areas' own parts; nil is one that stands at Start.
	Clock *clocktest.Clock
	// Store is the ledger's; nil is one in memory.
	Store ledger.Store
	// NeedTOTP is frame.Config's.
	NeedTOTP []access.Role
	// Room is frame.Config's; nil is the room of the real file system.
	Room func(folder string) (free uint64, err error)
	// Areas are made from the site's stores, for areas that need them.
	Areas func(*Site) []frame.Area
	// TLS serves it over https, with the cookies of production.
	TLS bool
}

// New serves areas. An error that a page reports to the log fails the test,
// unless Site.Errors was asked.
func New(t testing.TB, areas ...frame.Area) *Site {
	t.Helper()
	return NewWith(t, Options{Areas: func(*Site) []frame.Area { return areas }})
}

// NewWith is New with options.
func NewWith(t testing.TB, o Options) *Site {
	t.Helper()
	s := &Site{t: t, Clock: o.Clock}
	if s.Clock == nil {
		s.Clock = clocktest.At(Start())
	}
	if o.Store == nil {
		o.Store = memory.Open()
	}
	s.openStores(o.Store)
	config := frame.Config{
		Staff: s.Staff, Logins: s.Logins, Audit: s.Audit, Now: s.Clock.Now, NeedTOTP: o.NeedTOTP,
		Plain: !o.TLS, TempDir: t.TempDir(), Room: o.Room, Report: s.note,
	}
	if o.Areas != nil {
		config.Areas = o.Areas(s)
	}
	var err error
	s.Frame, err = frame.New(config)
	require.NoError(t, err)
	s.server = httptest.NewUnstartedServer(s.Frame)
	if o.TLS {
		s.server.StartTLS()
	} else {
		s.server.Start()
	}
	s.URL = s.server.URL
	t.Cleanup(s.close)
	return s
}

func (s *Site) openStores(store ledger.Store) {
	s.t.Helper()
	folder := s.t.TempDir()
	s.Ledger = ledger.NewService(store, ledger.Agreement{CutOff: 24 * time.Hour}, s.Clock.Now)
	key, err := access.CreateMasterKey(filepath.Join(folder, "master.key"))
	require.NoError(s.t, err)
	sealer, err := access.NewSealer(key)
	require.NoError(s.t, err)
	s.Directory, err = access.OpenDirectory(s.t.Context(), s.Ledger, sealer, s.Clock.Now)
	require.NoError(s.t, err)
	merchant, _, err := s.Directory.Add(s.t.Context(), "frametest", access.NewMerchant{Name: "Kopi Nusantara", Hold: access.DefaultHold})
	require.NoError(s.t, err)
	require.Equal(s.t, Merchant, merchant.ID)
	s.Staff, err = access.OpenStaff(s.t.Context(), s.Ledger, sealer, s.Clock.Now)
	require.NoError(s.t, err)
	for _, role := range access.Roles() {
		s.hire(string(role), role)
	}
	s.hire(Second, access.RoleApprover)
	s.Logins, err = login.Open(filepath.Join(folder, "console.db"), s.Clock.Now)
	require.NoError(s.t, err)
	s.AuditFile = filepath.Join(folder, "audit.db")
	s.Audit, err = audit.Open(s.AuditFile, s.Clock.Now)
	require.NoError(s.t, err)
}

// hire adds a person whose id is the role's name.
func (s *Site) hire(id string, role access.Role) {
	s.t.Helper()
	n := access.NewPerson{ID: id, Name: "Person " + id, Role: role}
	if role == access.RoleMerchant {
		n.Merchant = Merchant
	}
	_, err := s.Staff.Add(s.t.Context(), "frametest", n)
	require.NoError(s.t, err)
}

// NewCharge is an order of a merchant of the site: Rp50.000, to be paid within a day.
func (s *Site) NewCharge(merchant, order string) ledger.NewCharge {
	s.t.Helper()
	m, is := s.Directory.Merchant(merchant)
	require.True(s.t, is, "merchant %s", merchant)
	return ledger.NewCharge{
		ID: uuid.NewString(), Merchant: m.ID, Prefix: m.Prefix, Order: order, Amount: 50_000, MinAmount: 50_000,
		Expires: s.Clock.Now().Add(24 * time.Hour), Details: ledger.Details{Salt: rand.Text()},
	}
}

func (s *Site) close() {
	s.server.Close()
	require.NoError(s.t, s.Logins.Close())
	require.NoError(s.t, s.Audit.Close())
	s.lock.Lock()
	defer s.lock.Unlock()
	if !s.expected {
		require.Empty(s.t, s.errors, "pages reported errors")
	}
}

// note keeps what a page reports to the log.
func (s *Site) note(_ context.Context, err error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.errors = append(s.errors, err)
}

// Errors are what pages have reported to the log so far. A test that asks
// expects some.
func (s *Site) Errors() []error {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.expected = true
	return append([]error(nil), s.errors...)
}

// Recorded are the entries of the audit log, oldest first.
func (s *Site) Recorded() []audit.Entry {
	s.t.Helper()
	var all []audit.Entry
	for entry, err := range s.Audit.Each(s.t.Context(), audit.Query{}) {
		require.NoError(s.t, err)
		all = append([]audit.Entry{entry}, all...)
	}
	return all
}
