package access_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/store/boltdb"
)

// noon is when the tests take place.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, ledger.WIB)

func clock() time.Time { return noon }

// bundle is a directory and a staff over a ledger file of their own.
type bundle struct {
	path      string
	store     *boltdb.Store
	service   *ledger.Service
	sealer    *access.Sealer
	directory *access.Directory
	staff     *access.Staff
	// now is the clock of directory and staff; the ledger's stands still.
	now time.Time
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{path: filepath.Join(t.TempDir(), "ledger.db"), sealer: newSealer(t), now: noon}
	b.open(t)
	t.Cleanup(func() { require.NoError(t, b.store.Close()) })
	return b
}

func (b *bundle) open(t *testing.T) {
	t.Helper()
	var err error
	b.store, err = boltdb.Open(b.path, boltdb.Options{})
	require.NoError(t, err)
	b.service = ledger.NewService(b.store, ledger.Agreement{CutOff: 24 * time.Hour}, clock)
	b.directory, err = access.OpenDirectory(t.Context(), b.service, b.sealer, func() time.Time { return b.now })
	require.NoError(t, err)
	b.staff, err = access.OpenStaff(t.Context(), b.service, b.sealer, func() time.Time { return b.now })
	require.NoError(t, err)
}

// restart closes the ledger file and opens it again.
func (b *bundle) restart(t *testing.T) {
	t.Helper()
	require.NoError(t, b.store.Close())
	b.open(t)
}

func newSealer(t *testing.T) *access.Sealer {
	t.Helper()
	key, err := access.CreateMasterKey(filepath.Join(t.TempDir(), "master.key"))
	require.NoError(t, err)
	sealer, err := access.NewSealer(key)
	require.NoError(t, err)
	return sealer
}

// add adds a merchant who must be possible.
func (b *bundle) add(t *testing.T, n access.NewMerchant) (access.Merchant, access.ServerKey) {
	t.Helper()
	m, key, err := b.directory.Add(t.Context(), "tester", n)
	require.NoError(t, err)
	return m, key
}

// hire adds a person who must be possible.
func (b *bundle) hire(t *testing.T, id string, role access.Role) access.Person {
	t.Helper()
	p, err := b.staff.Add(t.Context(), "tester", access.NewPerson{ID: id, Name: "Name of " + id, Role: role})
	require.NoError(t, err)
	return p
}

// issue gives a person a token that must be possible, and returns it with its id.
func (b *bundle) issue(t *testing.T, person string, expires time.Time) (id, token string) {
	t.Helper()
	id, token, err := b.staff.IssueToken(t.Context(), "tester", person, "laptop", expires)
	require.NoError(t, err)
	return id, token
}

// alter replaces a setting behind the program's back.
func (b *bundle) alter(t *testing.T, key string, alter func(setting map[string]any)) {
	t.Helper()
	require.NoError(t, b.service.Alter(t.Context(), key, "tester", func(value []byte) ([]byte, error) {
		var setting map[string]any
		require.NoError(t, json.Unmarshal(value, &setting))
		alter(setting)
		return json.Marshal(setting)
	}))
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// changes lists who changed which setting, from the journal.
func (b *bundle) changes(t *testing.T) []ledger.Set {
	t.Helper()
	records, err := b.store.Records(t.Context(), 0, 1000)
	require.NoError(t, err)
	var changes []ledger.Set
	for _, r := range records {
		if set, is := r.Event.(ledger.Set); is {
			changes = append(changes, set)
		}
	}
	return changes
}

// stubborn is a ledger that refuses every change while its error is set.
type stubborn struct {
	access.Settings
	refusal error
}

func (s *stubborn) Alter(ctx context.Context, key, by string, alter func([]byte) ([]byte, error)) error {
	if s.refusal != nil {
		return s.refusal
	}
	return s.Settings.Alter(ctx, key, by, alter)
}

// unreadable is a ledger whose settings cannot be read.
type unreadable struct{ ledger.Reader }

func (unreadable) Settings(context.Context, string) (map[string][]byte, error) {
	return nil, errRefused
}

var errRefused = errors.New("refused by the test")
