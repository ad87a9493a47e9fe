package frame

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"unicode"
)

// maxFileName is how long a file's name may be, in bytes; the rest is cut.
const maxFileName = 200

// Upload is a file as it comes in.
type Upload struct {
	// Name is what the person's machine calls the file, without its folder.
	Name string
	// Size is how long the whole request says that it is, a little more than the
	// file; -1 when it does not say.
	Size int64
	io.Reader
}

// readUpload reads the fields of a multipart form up to its file, which must be
// the last part: so the token is known before the file is read.
func (c *Call) readUpload(boundary string) error {
	c.Patient()
	if boundary == "" {
		return &failure{status: http.StatusBadRequest}
	}
	parts := multipart.NewReader(c.R.Body, boundary)
	values, room := url.Values{}, int64(MaxForm)
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return c.takeForm(values)
		}
		if err != nil {
			return badBody(err)
		}
		if part.FileName() != "" || part.Header.Get("Content-Type") != "" {
			c.upload = &Upload{Name: fileName(part), Size: c.R.ContentLength, Reader: part}
			return c.takeForm(values)
		}
		text, err := io.ReadAll(io.LimitReader(part, room+1))
		if err != nil {
			return badBody(err)
		}
		// The name counts too, and a part without either: they are all kept.
		name := part.FormName()
		if room -= int64(len(name) + len(text) + 1); room < 0 {
			return &failure{status: http.StatusRequestEntityTooLarge}
		}
		values.Add(name, string(text))
	}
}

// fileName is a part's, without a folder of any system.
func fileName(part *multipart.Part) string {
	name := part.FileName()
	name = filepath.Base(name[strings.LastIndexAny(name, `/\`)+1:])
	if name == "." || len(name) == 0 {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if unwritable(r) || unicode.IsControl(r) { // a name has one line
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name[:min(len(name), maxFileName)], ""))
}

// Upload is the one file of a POST whose route has Progress: its form is
// multipart/form-data with the hidden inputs first and the file last. That none
// was chosen is a fault of the field.
func (c *Call) Upload() (*Upload, error) {
	if c.upload == nil || c.upload.Name == "" {
		return nil, Invalid("file", "frame.field.file")
	}
	return c.upload, nil
}
