package frame

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"time"
)

// asset is a file that pages refer to, under a name that changes with its
// content.
type asset struct {
	// Path is where it is served.
	Path string
	body []byte
	kind string
}

// assets are all of them.
type assets struct{ Style, Script, Icon asset }

func (a assets) all() []asset { return []asset{a.Style, a.Script, a.Icon} }

func readAssets() assets {
	return assets{
		Style:  readAsset("console.css", "text/css; charset=utf-8"),
		Script: readAsset("console.js", "text/javascript; charset=utf-8"),
		Icon:   readAsset("icon.svg", "image/svg+xml"),
	}
}

// hashDigits is how much of a file's SHA-256 goes into its name.
const hashDigits = 12

func readAsset(name, kind string) asset {
	// The files are part of the program: that they are there is seen at the first test.
	body, _ := files.ReadFile("assets/" + name)
	sum := sha256.Sum256(body)
	extension := path.Ext(name)
	hashed := strings.TrimSuffix(name, extension) + "-" + hex.EncodeToString(sum[:])[:hashDigits] + extension
	return asset{Path: Root + "/assets/" + hashed, body: body, kind: kind}
}

// ServeHTTP serves the file. Its name is its content's, so it may be kept for
// good; the icon's other name may not.
func (a asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	if r.URL.Path != a.Path {
		w.Header().Set("Cache-Control", "public, max-age=86400")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
}
