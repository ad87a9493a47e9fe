package access

import (
	"context"
	"errors"
	"fmt"
)

// The sandbox's merchant. Its key is no secret: it stands in the documentation.
const (
	SandboxMerchant  = "G000000001"
	SandboxServerKey = "SB-paypoint-server-key"
	sandboxName      = "Sandbox Shop"
)

// The sandbox's persons: two approvers, so that one can propose and the other
// approve, and one of each other role. The approvers' tokens and the password of
// all are no secrets either, and never expire.
const (
	SandboxFinance       = "sandbox-finance"
	SandboxFinanceToken  = "SB-paypoint-finance-token" // #nosec G101 -- no secret: the documentation has it
	SandboxApprover      = "sandbox-approver"
	SandboxApproverToken = "SB-paypoint-approver-token" // #nosec G101 -- no secret: the documentation has it
	SandboxViewer        = "sandbox-viewer"
	SandboxOperator      = "sandbox-operator"
	SandboxAdmin         = "sandbox-admin"
	SandboxShopkeeper    = "sandbox-merchant"
	SandboxPassword      = "SB-paypoint-password" // #nosec G101 -- no secret: the documentation has it
)

// sandboxHash is the hash of SandboxPassword, made once: at the start of a
// sandbox nobody waits for six.
const sandboxHash = "$argon2id$v=19$m=19456,t=2,p=1$cGF5cG9pbnQgc2FuZGJveA$ughJmTnMXfeV5MyMRJB0M6Brv53DiZQLsJ/UHo+naPg" // #nosec G101 -- of no secret

const (
	// sandboxBy is who puts in what the sandbox has, as the journal calls it.
	sandboxBy = "sandbox"
	// sandboxLabel is the label of its persons' tokens.
	sandboxLabel = "known to everyone"
)

// ErrNotSandbox reports a ledger with a real merchant or real persons in the
// sandbox's place.
var ErrNotSandbox = errors.New("the ledger is not a sandbox's")

// EnsureSandbox puts the sandbox's merchant into an empty directory, without a
// settlement hold, and leaves one that is there as it is. It refuses, with
// ErrNotSandbox, to give a key that everyone knows to a real merchant.
func (d *Directory) EnsureSandbox(ctx context.Context) (Merchant, error) {
	d.writing.Lock()
	defer d.writing.Unlock()
	now := d.index.Load()
	if r, is := now.merchants[SandboxMerchant]; is {
		if !r.Sandbox {
			return Merchant{}, fmt.Errorf("merchant %s is a real one: %w", SandboxMerchant, ErrNotSandbox)
		}
		return d.told(r), nil
	}
	prefix, err := now.freePrefix("")
	if err != nil {
		return Merchant{}, fmt.Errorf("add sandbox merchant: %w", err)
	}
	r := d.newRecord(SandboxMerchant, NewMerchant{Name: sandboxName, Prefix: prefix}, ServerKey{text: SandboxServerKey})
	r.Sandbox = true
	return r.merchant(), d.put(ctx, sandboxBy, r)
}

// HasSandbox says whether the directory holds the sandbox's merchant, whose
// key opens the door to everyone: outside the sandbox that must stop the start.
func (d *Directory) HasSandbox() bool {
	r, is := d.index.Load().merchants[SandboxMerchant]
	return is && r.Sandbox
}

// EnsureSandbox puts the sandbox's persons where there is nobody, and leaves
// those who are there as they are. It refuses, with ErrNotSandbox, to let
// everyone in beside real persons.
func (s *Staff) EnsureSandbox(ctx context.Context) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if people := s.List(); len(people) > 0 && !s.HasSandbox() {
		return fmt.Errorf("person %s is a real one: %w", people[0].ID, ErrNotSandbox)
	}
	for _, r := range s.sandboxPersons() {
		// Some may be missing, when the first start was cut short, or when an older
		// program made the sandbox; that knew no passwords.
		if kept, is := s.index.Load().persons[r.ID]; is && (kept.Password != nil || !kept.Sandbox) {
			continue
		} else if is {
			kept.Password = r.Password
			r = kept
		}
		if _, err := s.put(ctx, sandboxBy, r); err != nil {
			return fmt.Errorf("add sandbox persons: %w", err)
		}
	}
	return nil
}

// sandboxPersons are the sandbox's persons as they are first put in.
func (s *Staff) sandboxPersons() []personRecord {
	var records []personRecord
	for _, p := range []struct {
		id, name, token string
		role            Role
		merchant        string
	}{
		{SandboxFinance, "Sandbox Finance", SandboxFinanceToken, RoleApprover, ""},
		{SandboxApprover, "Sandbox Approver", SandboxApproverToken, RoleApprover, ""},
		{SandboxViewer, "Sandbox Viewer", "", RoleViewer, ""},
		{SandboxOperator, "Sandbox Operator", "", RoleOperator, ""},
		{SandboxAdmin, "Sandbox Admin", "", RoleAdmin, ""},
		{SandboxShopkeeper, "Sandbox Merchant", "", RoleMerchant, SandboxMerchant},
	} {
		r := s.newRecord(NewPerson{ID: p.id, Name: p.name, Role: p.role, Merchant: p.merchant})
		r.Sandbox = true
		r.Password = &passwordRecord{Hash: sandboxHash, Set: r.Created}
		if p.token != "" {
			r.Tokens = []tokenRecord{{SHA256: digestOf(p.token), Label: sandboxLabel, Created: r.Created}}
		}
		records = append(records, r)
	}
	return records
}

// HasSandbox says whether a person of the sandbox is there, whose token opens
// the door to everyone: outside the sandbox that must stop the start.
func (s *Staff) HasSandbox() bool {
	for _, r := range s.index.Load().persons {
		if r.Sandbox {
			return true
		}
	}
	return false
}
