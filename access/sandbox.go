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

// ErrNotSandbox reports a ledger whose first merchant is a real one.
var ErrNotSandbox = errors.New("the ledger is not a sandbox's: its first merchant is a real one")

// EnsureSandbox puts the sandbox's merchant into an empty directory, without a
// settlement hold, and leaves one that is there as it is. It refuses, with
// ErrNotSandbox, to give a key that everyone knows to a real merchant.
func (d *Directory) EnsureSandbox(ctx context.Context) (Merchant, error) {
	d.writing.Lock()
	defer d.writing.Unlock()
	now := d.index.Load()
	if r, is := now.merchants[SandboxMerchant]; is {
		if !r.Sandbox {
			return Merchant{}, fmt.Errorf("merchant %s: %w", SandboxMerchant, ErrNotSandbox)
		}
		return r.merchant(), nil
	}
	prefix, err := now.freePrefix("")
	if err != nil {
		return Merchant{}, fmt.Errorf("add sandbox merchant: %w", err)
	}
	r := d.newRecord(SandboxMerchant, NewMerchant{Name: sandboxName, Prefix: prefix}, ServerKey{text: SandboxServerKey})
	r.Sandbox = true
	return r.merchant(), d.put(ctx, "sandbox", r)
}

// HasSandbox says whether the directory holds the sandbox's merchant, whose
// key opens the door to everyone: outside the sandbox that must stop the start.
func (d *Directory) HasSandbox() bool {
	r, is := d.index.Load().merchants[SandboxMerchant]
	return is && r.Sandbox
}
