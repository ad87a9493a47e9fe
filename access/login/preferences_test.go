package login_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access/login"
)

func TestPreferencesAreKept(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p, err := d.store.Preferences("siti")
	require.NoError(t, err)
	require.Zero(t, p)
	want := login.Preferences{Language: "id", Theme: "dark", NoShortcuts: true}
	require.NoError(t, d.store.SetPreferences("siti", want))
	d.restart(t)
	p, err = d.store.Preferences("siti")
	require.NoError(t, err)
	require.Equal(t, want, p)
	p, err = d.store.Preferences("budi")
	require.NoError(t, err)
	require.Zero(t, p)
	require.ErrorIs(t, d.store.SetPreferences("siti", login.Preferences{Theme: strings.Repeat("x", 17)}), login.ErrPreference)
}

func TestViewsAreKeptByName(t *testing.T) {
	t.Parallel()
	d := setup(t)
	late := login.View{Name: "Late ones", URL: "/payments?late=1"}
	require.NoError(t, d.store.SaveView("siti", login.View{Name: "Today", URL: "/payments"}))
	require.NoError(t, d.store.SaveView("siti", late))
	require.NoError(t, d.store.SaveView("siti", login.View{Name: "Today", URL: "/payments?state=paid"}))
	require.NoError(t, d.store.SaveView("budi", login.View{Name: "Mine", URL: "/cases"}))
	d.restart(t)
	views, err := d.store.Views("siti")
	require.NoError(t, err)
	require.Equal(t, []login.View{late, {Name: "Today", URL: "/payments?state=paid"}}, views)
	require.NoError(t, d.store.DropView("siti", "Today"))
	require.NoError(t, d.store.DropView("siti", "Mine"), "it is another's, and stays")
	views, err = d.store.Views("siti")
	require.NoError(t, err)
	require.Equal(t, []login.View{late}, views)
	views, err = d.store.Views("budi")
	require.NoError(t, err)
	require.Len(t, views, 1)
}

func TestViewsThatAreNone(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for name, v := range map[string]login.View{
		"no name":            {Name: "", URL: "/payments"},
		"a long name":        {Name: strings.Repeat("é", login.MaxViewName+1), URL: "/payments"},
		"spaces":             {Name: " x ", URL: "/payments"},
		"a zero byte":        {Name: "a\x00b", URL: "/payments"},
		"not text":           {Name: "\xff", URL: "/payments"},
		"no address":         {Name: "x"},
		"another site":       {Name: "x", URL: "https://example.com/"},
		"another host":       {Name: "x", URL: "//example.com/"},
		"another host, too":  {Name: "x", URL: `/\example.com/`},
		"a script":           {Name: "x", URL: "javascript:alert(1)"},
		"a header":           {Name: "x", URL: "/payments\r\nSet-Cookie: a=b"},
		"a very long search": {Name: "x", URL: "/" + strings.Repeat("x", login.MaxViewURL)},
	} {
		require.ErrorIs(t, d.store.SaveView("siti", v), login.ErrView, name)
	}
	for i := range login.MaxViews {
		require.NoError(t, d.store.SaveView("siti", login.View{Name: fmt.Sprint("view ", i), URL: "/payments"}))
	}
	require.ErrorIs(t, d.store.SaveView("siti", login.View{Name: "one more", URL: "/payments"}), login.ErrTooManyViews)
	require.NoError(t, d.store.SaveView("siti", login.View{Name: "view 1", URL: "/cases"}), "one that is there can be changed")
}
