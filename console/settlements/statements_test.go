package settlements_test

import (
	"bytes"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame/frametest"
)

func TestStatementsAreClosedForAllMerchantsAndDownloadedInBothLanguages(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.close(t, friday, saturday)
	clerk := o.clerk()
	page := clerk.Get("/statements/close")
	require.Equal(t, "2026-11-21", page.Find("#to").AttrOr("value", ""))
	answer := clerk.PostFrom(page, "main form", nil)
	list := clerk.Follow(answer)
	require.Contains(t, list.Text(), "2 statements are closed up to 21 Nov 2026")
	require.Equal(t, 2, list.Find("tbody tr").Length())
	clerk.PostFrom(page, "main form", nil)
	require.Equal(t, 1, acts(o, "statement.close"))

	one := clerk.Get("/statements/" + frametest.Merchant + "/1")
	links := one.Find("ul.downloads a")
	require.Equal(t, 8, links.Length())
	for _, format := range []string{"json", "csv", "xlsx", "pdf"} {
		path := "/statements/" + frametest.Merchant + "/1/file/" + format
		english, indonesian := clerk.Try(path+"?language=en"), clerk.Try(path+"?language=id")
		require.Equal(t, http.StatusOK, english.Status)
		require.NotEmpty(t, english.Body)
		same := bytes.Equal(english.Body, indonesian.Body)
		require.Equal(t, format == "json" || format == "csv", same, "%s has labels", format)
	}
	require.Equal(t, http.StatusUnprocessableEntity, clerk.Try("/statements/"+frametest.Merchant+"/1/file/pdf?language=xx").Status)
	require.Equal(t, http.StatusNotFound, clerk.Try("/statements/"+frametest.Merchant+"/1/file/doc").Status)
}

func TestADayThatIsOpenClosesNoStatement(t *testing.T) {
	t.Parallel()
	o := sold(t)
	clerk := o.clerk()
	page := clerk.Get("/statements/close")
	require.Equal(t, http.StatusConflict, clerk.PostFrom(page, "main form", nil).Status)
	require.Equal(t, http.StatusUnprocessableEntity, clerk.PostFrom(page, "main form", url.Values{"to": {"yesterday-ish"}}).Status)
	require.Contains(t, text(clerk.Get("/statements")), "No statement was closed")
}

// A merchant's person has its own statements, and no sign that there are others.
func TestAMerchantSeesItsOwnStatementsOnly(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.close(t, friday, saturday)
	_, err := o.finance.CloseStatements(t.Context(), saturday, nil, "operator", nil)
	require.NoError(t, err)
	merchant := o.As(access.RoleMerchant)
	list := merchant.Get("/statements")
	require.Equal(t, 1, list.Find("tbody tr").Length())
	require.NotContains(t, list.Text(), other)
	merchant.Get("/statements/" + frametest.Merchant + "/1")
	for _, path := range []string{"/statements/" + other + "/1", "/statements/" + other + "/1/file/pdf", "/statements?merchant=" + other, "/statements.csv?merchant=" + other} {
		require.Equal(t, http.StatusNotFound, merchant.Try(path).Status, path)
	}
	export := merchant.Try("/statements.csv")
	require.Equal(t, http.StatusOK, export.Status)
	require.NotContains(t, string(export.Body), other)
	require.Contains(t, string(o.clerk().Try("/statements.csv").Body), other)
}
