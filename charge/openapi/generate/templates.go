package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

// pageTemplate is the page, style its one sheet, which goes into it.
//
//go:embed page.html
var pageTemplate string

//go:embed style.css
var style string

// parseTemplates makes the page's template. It escapes all but what markdown and
// breakable return, which escape by themselves.
func parseTemplates() (*template.Template, error) {
	functions := template.FuncMap{
		"markdown":  markdown,
		"anchor":    anchor,
		"breakable": breakable,
		// The sheet goes into the page as it is, for the page is served with its hash.
		"style": func() template.CSS { return template.CSS(style) }, // #nosec G203 -- a file of this folder, built in
	}
	t, err := template.New("page.html").Funcs(functions).Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("parse the template: %w", err)
	}
	return t, nil
}

// markdown turns a description, which is CommonMark (OpenAPI 3.1.0, section
// 4.6), into HTML. Raw HTML in it is left out.
func markdown(text string) (template.HTML, error) {
	var html bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.Table)).Convert([]byte(text), &html); err != nil {
		return "", fmt.Errorf("read a description: %w", err)
	}
	return template.HTML(html.String()), nil // #nosec G203 -- goldmark escapes, and leaves raw HTML out
}

// anchor is a name as the address of a place in the page.
func anchor(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "-")) }

// breakable lets a long path break at its dots, on a narrow screen.
func breakable(path string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(path), ".", ".<wbr>")) // #nosec G203 -- escaped right here
}
