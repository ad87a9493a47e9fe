package assets_test

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"paypoint/assets"
)

// sample are the files of pages below /shown.
func sample() fstest.MapFS {
	return fstest.MapFS{
		"assets/shown.css": {Data: []byte("p { margin: 0 }")},
		"assets/shown.js":  {Data: []byte("void 0")},
		"assets/icon.svg":  {Data: []byte("<svg xmlns='http://www.w3.org/2000/svg'/>")},
	}
}

// setup serves a set, and its icon under a second name.
func setup(t *testing.T, files fs.FS) (assets.Set, *httptest.Server) {
	t.Helper()
	set, err := assets.Read(files, "shown", "/shown")
	require.NoError(t, err)
	mux := http.NewServeMux()
	for _, file := range set.All() {
		mux.Handle("GET "+file.Path, file)
	}
	mux.Handle("GET /favicon.ico", set.Icon)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return set, server
}

// get gets a path of a server.
func get(t *testing.T, server *httptest.Server, path string) (answer *http.Response, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	require.NoError(t, err)
	answer, err = server.Client().Do(request)
	require.NoError(t, err)
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, errors.Join(err, answer.Body.Close()))
	return answer, string(content)
}

func TestFilesAreServedForGoodUnderTheirContentsName(t *testing.T) {
	t.Parallel()
	set, server := setup(t, sample())
	for name, c := range map[string]struct {
		file               assets.File
		path, kind, source string
	}{
		// The hashes are what sha256sum says of the files.
		"style":  {set.Style, `/shown/assets/shown-ec85a1831a0e.css`, "text/css; charset=utf-8", "shown.css"},
		"script": {set.Script, `/shown/assets/shown-cb28eafc61a5.js`, "text/javascript; charset=utf-8", "shown.js"},
		"icon":   {set.Icon, `/shown/assets/icon-a87cba1d08bc.svg`, "image/svg+xml", "icon.svg"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.path, c.file.Path)
			answer, body := get(t, server, c.path)
			require.Equal(t, http.StatusOK, answer.StatusCode)
			require.Equal(t, c.kind, answer.Header.Get("Content-Type"))
			require.Equal(t, "public, max-age=31536000, immutable", answer.Header.Get("Cache-Control"))
			require.Equal(t, string(sample()["assets/"+c.source].Data), body)
		})
	}
}

// A name that is not the content's may lead to another file tomorrow.
func TestASecondNameIsKeptForADay(t *testing.T) {
	t.Parallel()
	_, server := setup(t, sample())
	answer, body := get(t, server, "/favicon.ico")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "image/svg+xml", answer.Header.Get("Content-Type"))
	require.Equal(t, "public, max-age=86400", answer.Header.Get("Cache-Control"))
	require.Equal(t, string(sample()["assets/icon.svg"].Data), body)
}

func TestAnotherContentHasAnotherName(t *testing.T) {
	t.Parallel()
	changed := sample()
	changed["assets/shown.css"] = &fstest.MapFile{Data: []byte("p { margin: 1px }")}
	before, _ := setup(t, sample())
	after, server := setup(t, changed)
	require.NotEqual(t, before.Style.Path, after.Style.Path)
	require.Equal(t, before.Script.Path, after.Script.Path)
	answer, _ := get(t, server, before.Style.Path)
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
}

func TestReadNamesTheFileThatIsMissing(t *testing.T) {
	t.Parallel()
	for name := range sample() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := sample()
			delete(files, name)
			set, err := assets.Read(files, "shown", "/shown")
			require.ErrorIs(t, err, fs.ErrNotExist)
			require.ErrorContains(t, err, name)
			require.Empty(t, set)
			require.Panics(t, func() { assets.Must(set, err) })
		})
	}
	require.NotPanics(t, func() { assets.Must(assets.Read(sample(), "shown", "/shown")) })
}
