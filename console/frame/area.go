package frame

import (
	"io/fs"

	"paypoint/access"
)

// Area is a part of the console.
type Area struct {
	// Name begins the names of its pages and the keys of its words: "payments".
	Name string
	// Files holds pages/*.html and words/en.json, words/id.json.
	Files fs.FS
	// Routes are its addresses, all below /console.
	Routes []Route
	// Nav is its place in the menu; nil is none.
	Nav *NavItem
}

// NavItem is an entry of the menu. It is shown to those who may open it.
type NavItem struct {
	// Path is below /console: "/payments". Word is the key of its text.
	Path, Word string
	// Key is the letter that opens it after g; 0 is none.
	Key rune
	// Action is what it takes to open it.
	Action access.Action
	// Order is its place: the lowest comes first.
	Order int
}

// Route is an address and what answers there.
type Route struct {
	// Pattern is a pattern of http.ServeMux without /console: "GET /payments/{id}".
	// A pattern of GET answers HEAD too.
	Pattern string
	// Action is what it takes. Others get 403, which is recorded.
	Action access.Action
	// Handle answers.
	Handle func(*Call) error
	// Act is what the audit log calls it, one of audit.Acts: of a list that is
	// exported the file, of whatever else the request. Empty is the action.
	Act string
	// Open is for visitors too, and for those who owe their one-time code. Always is
	// for those too who must change their password, or set up codes, first.
	Open, Always bool
	// Export says that Handle ends in Call.List: the addresses with .csv, .xlsx and
	// .json are served too. The pattern's last part must be a word then.
	Export bool
	// ExportAction is what it takes to have those files; empty is Action.
	ExportAction access.Action
	// Audited has a GET recorded as an act, like every POST is: the sight of
	// something that is not for everyone.
	Audited bool
	// Asks is a POST that changes nothing, for what is asked for and must not stand in
	// an address. It may be sent any number of times, and is not recorded.
	Asks bool
	// Progress is a POST that takes long and has one file, of any size: see
	// Call.Upload. It has no limit of time.
	Progress bool
}
