package frame

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

// Who should be bound to a merchant and is to none sees nothing, never everything.
func TestScopeFailsClosed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		person   access.Person
		merchant string
		all      bool
	}{
		"a merchant's":            {access.Person{Role: access.RoleMerchant, Merchant: "G000000007"}, "G000000007", false},
		"a merchant's without it": {access.Person{Role: access.RoleMerchant}, nobody, false},
		"another role, bound":     {access.Person{Role: access.RoleAdmin, Merchant: "G000000007"}, "G000000007", false},
		"a visitor":               {access.Person{}, nobody, false},
		"the company's":           {access.Person{Role: access.RoleViewer}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			merchant, all := (&Call{person: test.person}).Scope()
			require.Equal(t, test.merchant, merchant)
			require.Equal(t, test.all, all)
		})
	}
}
