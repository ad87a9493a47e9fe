package browser_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// asks is what a till is answered that asks for a code.
func (st *story) asks(code string) string {
	st.site.t.Helper()
	answer, err := st.till.Inquiry(st.site.t.Context(), play.Message{Code: code, Ref: "Q000000001", Store: "G001T001", At: st.site.now()})
	require.NoError(st.site.t, err)
	return answer.Code()
}

// TestFlowMaintenance stops tills and lets them go on.
func TestFlowMaintenance(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{Env: []string{"PAYPOINT_PARTNER_PRODUCT_CODES=PULSA", "PAYPOINT_CHARGE_DEFAULT_PRODUCT_CODE=PULSA"}})
	st := newStory(s)
	st.charge("open", 30_000)
	require.Equal(t, "00", st.asks(st.Codes["open"]))
	b := s.as(t, operator)
	b.emulate(plain())
	b.visit("/system/maintenance")
	b.check("maintenance off")
	begin := "form[action$='/system/maintenance'] button"
	b.submit(begin)
	require.True(t, b.has("#errors"), "a reason is needed")
	b.check("without a reason")
	b.fill("#field-reason", "the disk is being changed")
	b.submit(begin)
	require.Contains(t, b.text(".said"), "Maintenance has begun")
	require.Equal(t, "90", st.asks(st.Codes["open"]))
	b.visit("/system")
	require.Contains(t, b.text("tbody"), "Inquiries and payments are answered 90.")
	b.check("maintenance on")
	b.visit("/system/maintenance")
	b.fill("#field-reason", "it is changed")
	b.submit(begin)
	require.Contains(t, b.text(".said"), "Maintenance has ended")
	require.Equal(t, "00", st.asks(st.Codes["open"]))

	b.visit("/system/maintenance")
	product := "form:has([name=pause][value=yes]):has([type=hidden][name=product]) button"
	b.submit(product)
	require.Contains(t, b.text(".said"), "PULSA is paused")
	require.Equal(t, "89", st.asks(st.Codes["open"]))
	b.check("product paused")
	b.shoot("product-paused")
	b.visit("/system/maintenance")
	b.submit("form:has([name=pause][value=no]) button")
	require.Equal(t, "00", st.asks(st.Codes["open"]))
	b.fill("#field-product", "not a product!")
	b.submit("form:has(#field-product) button")
	require.True(t, b.has("#errors"))
	b.check("no product")
}

// TestFlowSelfCheck checks the ledger while tills go on.
func TestFlowSelfCheck(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	newStory(s).payMany(5)
	b := s.as(t, operator)
	b.emulate(plain())
	b.visit("/system")
	require.Contains(t, b.text("tbody"), "None was made yet.")
	b.check("never checked")
	b.submit("form[action$='/system/check'] button")
	require.Contains(t, b.path(), "/system/check/")
	b.reload(b.path(), `document.querySelector("main p[role=status] .tag")`)
	require.Contains(t, b.text("main p[role=status]"), "The ledger is what its journal says:")
	b.check("checked")
	head := b.text("dd code")
	require.Len(t, head, 64)
	b.visit("/system")
	require.Contains(t, b.text("tbody"), "journal records checked")
	b.check("system")
	b.shoot("system")
	require.EqualValues(t, 404, b.try("/system/check/nothing"))
	b.check("unknown check")
	v := s.as(t, viewer)
	require.EqualValues(t, 403, v.try("/system"))
}
