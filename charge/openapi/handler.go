package openapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"time"
)

// document and page are what the program serves; neither is changed.
//
//go:embed openapi.yaml
var document []byte

//go:embed docs.html
var page []byte

// Paths at which Handler serves.
const (
	DocumentPath = "/openapi.yaml"
	PagePath     = "/docs"
)

// Document is the OpenAPI 3.1 document, as YAML. The bytes are the caller's.
func Document() []byte { return slices.Clone(document) }

// Handler serves the document and the page, to anyone: neither tells a secret.
// Both have an ETag, so that a reader who has them is told so.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+DocumentPath, static(document, http.Header{
		// RFC 9512, section 2.1.
		"Content-Type": {"application/yaml"},
	}))
	mux.Handle("GET "+PagePath, static(page, http.Header{
		"Content-Type":            {"text/html; charset=utf-8"},
		"Content-Security-Policy": {pagePolicy(page)},
		"Referrer-Policy":         {"no-referrer"},
	}))
	return mux
}

// static serves bytes that never change while the program runs.
func static(content []byte, header http.Header) http.Handler {
	sum := sha256.Sum256(content)
	header.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Content-Type-Options", "nosniff")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	})
}

// pagePolicy allows the page its own style sheet, by its hash, and nothing
// else: no script, no request to anyone.
func pagePolicy(page []byte) string {
	_, after, _ := bytes.Cut(page, []byte("<style>"))
	style, _, _ := bytes.Cut(after, []byte("</style>"))
	sum := sha256.Sum256(style)
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
