package login_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/login"
	"paypoint/clocktest"
	"paypoint/ledger"
)

// noon is when the tests begin.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, ledger.WIB)

// desk is a store with its clock, and the persons who sign in to it.
type desk struct {
	*clocktest.Clock
	path    string
	store   *login.Store
	persons map[string]access.Person
}

func setup(t *testing.T) *desk {
	t.Helper()
	d := &desk{path: filepath.Join(t.TempDir(), "console.db"), Clock: clocktest.At(noon), persons: map[string]access.Person{
		"siti": {ID: "siti", Active: true, Role: access.RoleFinance, Stamp: 3},
		"budi": {ID: "budi", Active: true, Role: access.RoleApprover, Stamp: 1},
	}}
	d.open(t)
	t.Cleanup(func() { require.NoError(t, d.store.Close()) })
	return d
}

func (d *desk) open(t *testing.T) {
	t.Helper()
	var err error
	d.store, err = login.Open(d.path, d.Now)
	require.NoError(t, err)
}

// restart closes the file and opens it again.
func (d *desk) restart(t *testing.T) {
	t.Helper()
	require.NoError(t, d.store.Close())
	d.open(t)
}

// Person is login.Staff's.
func (d *desk) Person(id string) (access.Person, bool) {
	p, is := d.persons[id]
	return p, is
}

// change alters a person.
func (d *desk) change(id string, alter func(*access.Person)) {
	p := d.persons[id]
	alter(&p)
	d.persons[id] = p
}

// begin signs a person in.
func (d *desk) begin(t *testing.T, id string) string {
	t.Helper()
	token, l, err := d.store.Begin(d.persons[id], true, "192.0.2.1")
	require.NoError(t, err)
	require.Equal(t, id, l.Person)
	return token
}

// in says whether a token is that of a sign-in.
func (d *desk) in(t *testing.T, token string) bool {
	t.Helper()
	_, p, err := d.store.Find(token, d)
	if err != nil {
		require.ErrorIs(t, err, login.ErrNoLogin)
		require.Zero(t, p)
		return false
	}
	return true
}
