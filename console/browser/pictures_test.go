package browser_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paypoint/browsertest"
	"paypoint/torture/play"
)

// picturesVariable names the folder for the documentation's pictures; without it
// they are kept with the test's artifacts.
const picturesVariable = "CONSOLE_PICTURES"

// maxPicture is how large a picture may be, in bytes: they stand in the repository.
const maxPicture = 150 << 10

// pictureWidth is that of a usual window.
const pictureWidth = 1280

// TestPictures takes the documentation's pictures from the running console.
func TestPictures(t *testing.T) {
	t.Parallel()
	folder := os.Getenv(picturesVariable)
	if folder == "" {
		folder = t.ArtifactDir()
	} else {
		// A test runs in its package's folder; the variable is of the repository's.
		folder = filepath.Join("../..", folder)
		require.NoError(t, os.MkdirAll(folder, 0o755))
	}
	s := open(t, play.Setup{})
	st := tellLongStory(s)
	b := s.as(t, finance)
	b.reload("/today", needsRead)
	b.visit("/cases?tab=open")
	oneCase := b.attribute("tbody th a", "href")[len("/console"):]
	for _, p := range []struct {
		name, path string
		// height is as much of the page as the picture shows.
		height int64
		medium string
	}{
		{"today", "/today", 860, "screen"},
		{"payments", "/payments", 880, "screen"},
		{"payment", "/search?q=order-5", 840, "screen"},
		{"settlements", "/settlements", 920, "screen"},
		{"settlement", "/settlements/" + st.Day, 940, "screen"},
		{"run", "/reconciliation/" + st.Day, 600, "screen"},
		{"minutes", "/reconciliation/" + st.Day + "/minutes", 1180, "print"},
		{"cases", "/cases?tab=open", 720, "screen"},
		{"case", oneCase, 860, "screen"},
		{"stores", "/stores", 720, "screen"},
	} {
		l := plain()
		l.screen, l.medium = screen{"picture", pictureWidth, p.height, 1}, p.medium
		if p.medium == "print" {
			l.screen.width = sheet.width
		}
		b.emulate(l)
		b.visit(p.path)
		b.picture(filepath.Join(folder, p.name+".png"))
	}
}

// picture keeps what the screen shows.
func (b *tab) picture(path string) {
	b.t.Helper()
	picture := browsertest.Run(b.Tab, chromedp.CaptureScreenshot())
	require.Less(b.t, len(picture), maxPicture, "%s is too large for the repository", path)
	require.NoError(b.t, os.WriteFile(path, picture, 0o644)) // #nosec G306 -- documentation
}
