package assets

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// Cache-Control of a file under its own name, and under any other.
const (
	forGood = "public, max-age=31536000, immutable"
	forADay = "public, max-age=86400"
)

// hashDigits is how much of a file's SHA-256 goes into its name.
const hashDigits = 12

// File is one that pages refer to. It may be used by many at once.
type File struct {
	// Path is the address at which it is to be served, with the hash in it.
	Path string
	body []byte
	kind string
}

// Set is what all pages of one kind have in common.
type Set struct{ Style, Script, Icon File }

// All are the files of the set.
func (s Set) All() []File { return []File{s.Style, s.Script, s.Icon} }

// Read reads a set from the folder "assets" of files: NAME.css, NAME.js and icon.svg.
// Their addresses begin with root and "/assets/". Errors: those of files.
func Read(files fs.FS, name, root string) (Set, error) {
	style, styleErr := read(files, name+".css", "text/css; charset=utf-8", root)
	script, scriptErr := read(files, name+".js", "text/javascript; charset=utf-8", root)
	icon, iconErr := read(files, "icon.svg", "image/svg+xml", root)
	if err := errors.Join(styleErr, scriptErr, iconErr); err != nil {
		return Set{}, fmt.Errorf("read assets of %s: %w", root, err)
	}
	return Set{Style: style, Script: script, Icon: icon}, nil
}

// Must is for files that are embedded in the program, where Read can only fail at
// the first test: it panics when err is not nil, as template.Must does.
func Must(s Set, err error) Set {
	if err != nil {
		panic(err)
	}
	return s
}

func read(files fs.FS, name, kind, root string) (File, error) {
	body, err := fs.ReadFile(files, "assets/"+name)
	sum := sha256.Sum256(body)
	extension := path.Ext(name)
	hashed := strings.TrimSuffix(name, extension) + "-" + hex.EncodeToString(sum[:])[:hashDigits] + extension
	return File{Path: root + "/assets/" + hashed, body: body, kind: kind}, err
}

// ServeHTTP serves the file. It may be kept for good under its own name, which is
// its content's; for a day under another, such as /favicon.ico.
func (f File) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Cache-Control", forGood)
	if r.URL.Path != f.Path {
		w.Header().Set("Cache-Control", forADay)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}
