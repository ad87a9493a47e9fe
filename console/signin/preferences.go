package signin

import (
	"errors"
	"unicode/utf8"

	"paypoint/access/login"
	"paypoint/console/frame"
	"paypoint/locale"
)

// preferencesView is the page's.
type preferencesView struct {
	login.Preferences
	Languages, Themes []frame.Option
	HasCodes          bool
}

func newPreferencesView(c *frame.Call) preferencesView {
	languages := []frame.Option{{Value: "", Text: c.T("signin.preferences.browser")}}
	for _, l := range locale.Languages() {
		languages = append(languages, frame.Option{Value: string(l), Text: l.Name()})
	}
	return preferencesView{
		Preferences: c.Preferences(), Languages: languages, HasCodes: c.Person().TOTP,
		Themes: []frame.Option{
			{Value: "", Text: c.T("signin.preferences.browser")},
			{Value: "light", Text: c.T("signin.preferences.light")},
			{Value: "dark", Text: c.T("signin.preferences.dark")},
		},
	}
}

func showPreferences(c *frame.Call) error {
	return c.Page("signin/preferences", frame.Page{Title: c.T("signin.preferences.title"), Data: newPreferencesView(c)})
}

func (a *area) setPreferences(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	chosen := login.Preferences{
		Language:    form.Choice("language", "", string(locale.English), string(locale.Indonesian)),
		Theme:       form.Choice("theme", "", "light", "dark"),
		NoShortcuts: !form.Flag("shortcuts"),
	}
	if err := form.Err(); err != nil {
		return err
	}
	if err := a.Logins.SetPreferences(c.Person().ID, chosen); err != nil {
		return err
	}
	c.KeepLanguage(locale.Language(chosen.Language))
	return c.Done("/preferences", "signin.preferences.done")
}

// chooseLanguage keeps a visitor's choice in their browser.
func chooseLanguage(c *frame.Call) error {
	chosen := locale.Language(c.R.PathValue("language"))
	if !chosen.Known() {
		return frame.NotFound("signin.preferences.no_language")
	}
	c.KeepLanguage(chosen)
	return c.Leave(next(then(c.R.URL.Query().Get("then"))))
}

func (a *area) showViews(c *frame.Call) error {
	views, err := a.Logins.Views(c.Person().ID)
	if err != nil {
		return err
	}
	return c.Page("signin/views", frame.Page{Title: c.T("signin.views.title"), Data: views})
}

func (a *area) saveView(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	view := login.View{Name: form.Text("name", login.MaxViewName), URL: form.Text("url", login.MaxViewURL)}
	if form.Err() == nil && frame.Local(view.URL) != view.URL {
		form.Fault("name", "signin.views.bad")
	}
	if err := form.Err(); err != nil {
		return err
	}
	switch err := a.Logins.SaveView(c.Person().ID, view); {
	case errors.Is(err, login.ErrTooManyViews):
		return frame.Refused("signin.views.many", "max", login.MaxViews)
	case errors.Is(err, login.ErrView):
		return frame.Invalid("name", "signin.views.bad")
	case err != nil:
		return err
	}
	return c.Done(view.URL, "signin.views.saved", "name", view.Name)
}

func (a *area) dropView(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	name := form.Value("name")
	if name == "" || utf8.RuneCountInString(name) > login.MaxViewName {
		return frame.Invalid("name", "signin.views.bad")
	}
	if err := a.Logins.DropView(c.Person().ID, name); err != nil {
		return err
	}
	return c.Done("/views", "signin.views.removed", "name", name)
}
