package console_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

// A place that no page gave is refused by every list that has places: the newest
// rows would be taken for those that were asked for. Merchants and persons stand by
// their ids, among which any text has a place, and stores by rates, which change.
func TestABadPlaceIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for path, places := range map[string][]string{
		"/payments": {"before", "after"}, "/cases": {"before", "after"}, "/notifications": {"before", "after"}, "/audit": {"before", "after"},
		"/reconciliation/2026-11-22/lines": {"before", "after"}, "/money/receivables": {"after"}, "/money/transfers": {"before", "after"},
		"/money/payouts": {"before", "after"}, "/statements": {"before"}, "/stores/refusals": {"before"},
		"/merchants/" + b.theirs.ID + "/statements": {"before", "after"},
	} {
		client := b.As(access.RoleAdmin)
		require.Equal(t, http.StatusOK, client.Try(path).Status, path)
		for _, place := range places {
			answer := client.Try(path + "?" + place + "=~x")
			require.Equal(t, http.StatusUnprocessableEntity, answer.Status, "%s %s", path, place)
			require.Contains(t, answer.Doc.Find(".errors").Text(), "place in t", "%s %s", path, place)
		}
	}
}

// No list fails on a place, whatever it is.
func TestNoListFailsOnAPlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client := b.As(access.RoleAdmin)
	lists := 0
	for _, area := range b.Frame.Areas {
		for _, route := range area.Routes {
			method, path, _ := address(t, route.Pattern, b.theirs.valuesOf("2026-11-22"))
			if method != http.MethodGet || !route.Export || !access.RoleAdmin.May(route.Action) {
				continue
			}
			for _, place := range []string{"~x", "0", "-", "A", "G000000001", "18446744073709551615", "2026-11-22", "999999-99-99", "AAAA"} {
				for _, name := range []string{"before", "after"} {
					at := path + "?" + name + "=" + place
					require.Contains(t, []int{http.StatusOK, http.StatusUnprocessableEntity}, client.Try(at).Status, at)
				}
			}
			lists++
		}
	}
	require.Greater(t, lists, 10)
}
